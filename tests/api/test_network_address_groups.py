"""Address groups: their addresses, the rules that name them, and who may use them."""

import pytest

from nova_lite.network.embedded.resources import address_groups
from tests.api.test_network_api import refused
from tests.network_service import USERS, service  # noqa: F401

ERIN = USERS["erin"][0]
NOWHERE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def group(service):  # noqa: F811
    return service.make("address_group", name="offices", description="d", addresses=["10.1.2.0/24", "10.1.1.7/24"])


def change(service, group, action, *addresses, user="alice"):  # noqa: F811
    return service.call("PUT", f"/address-groups/{group['id']}/{action}", {"addresses": list(addresses)}, user)


def test_a_group_shows_each_address_once_and_without_host_bits(service):  # noqa: F811
    made = service.make("address_group", name="a", addresses=["10.1.2.3/24", "10.1.2.0/24", "FD00:0::1/64"])
    assert made == service.find(f"/address-groups/{made['id']}")
    assert made["addresses"] == ["10.1.2.0/24", "fd00::/64"]
    assert set(made) == {"id", "name", "description", "project_id", "tenant_id", "addresses"}
    assert service.make("address_group")["addresses"] == []
    assert service.make("address_group", addresses=None)["addresses"] == []


def test_addresses_are_added_and_removed(service, group):  # noqa: F811
    answer = change(service, group, "add_addresses", "10.1.3.0/24", "10.1.3.9/24")
    assert (answer.status_int, answer.json["address_group"]["addresses"]) == (
        200, ["10.1.1.0/24", "10.1.2.0/24", "10.1.3.0/24"])
    assert change(service, group, "add_addresses", "10.4.0.1", "fd00::1").json["address_group"]["addresses"] == [
        "10.1.1.0/24", "10.1.2.0/24", "10.1.3.0/24", "10.4.0.1/32", "fd00::1/128"]
    refused(change(service, group, "remove_addresses", "10.4.0.2"), 404, "AddressesNotFound", "10.4.0.2/32")
    assert change(service, group, "remove_addresses", "10.4.0.1", "fd00::1").status_int == 200
    answer = change(service, group, "remove_addresses", "10.1.1.0/24", "10.1.3.0/24")
    assert answer.json["address_group"] == service.find(f"/address-groups/{group['id']}")
    assert answer.json["address_group"]["addresses"] == ["10.1.2.0/24"]


def test_a_change_of_addresses_that_does_not_fit_changes_nothing(service, group):  # noqa: F811
    refused(change(service, group, "add_addresses", "10.9.0.0/16", "10.1.2.0/24"), 400, "AddressesAlreadyExist",
            "['10.1.2.0/24']")
    refused(change(service, group, "remove_addresses", "10.1.2.0/24", "10.9.0.0/16"), 404, "AddressesNotFound",
            "['10.9.0.0/16']")
    for wrong in ("10.1.1.1.1", "x", "10.0.0.0/33", "fe80::1%eth0/64", "10.1.1.0/255.255.255.0.0"):
        refused(change(service, group, "add_addresses", wrong), 400, "HTTPBadRequest", "is not a valid IP subnet")
    assert service.find(f"/address-groups/{group['id']}") == group


def test_a_group_has_a_bounded_number_of_addresses(service, group, monkeypatch):  # noqa: F811
    monkeypatch.setattr(address_groups, "MOST_ADDRESSES", 3)
    refused(change(service, group, "add_addresses", "10.3.0.0/24", "10.4.0.0/24"), 400, "TooManyAddresses",
            "at most 3 addresses, and would have 4")
    assert change(service, group, "add_addresses", "10.3.0.0/24").status_int == 200


def test_name_and_description_change_and_addresses_only_by_their_actions(service, group):  # noqa: F811
    at = f"/address-groups/{group['id']}"
    assert service.call("PUT", at, {"address_group": {"name": "n", "description": ""}}).json["address_group"] == (
        group | {"name": "n", "description": ""})
    refused(service.call("PUT", at, {"address_group": {"addresses": []}}), 400, "HTTPBadRequest", "addresses")


def test_a_group_that_a_rule_names_stays(service, group):  # noqa: F811
    security = service.make("security_group", name="s")
    rule = {"security_group_id": security["id"], "direction": "ingress", "protocol": "tcp",
            "remote_address_group_id": group["id"]}
    made = service.make("security_group_rule", **rule)
    assert (made["remote_address_group_id"], made["remote_group_id"]) == (group["id"], None)
    refused(service.call("POST", "/security-group-rules", {"security_group_rule": rule}), 409,
            "SecurityGroupRuleExists", made["id"])
    assert [each["id"] for each in service.find(f"/security-group-rules?remote_address_group_id={group['id']}")] == [
        made["id"]]
    refused(service.call("DELETE", f"/address-groups/{group['id']}"), 409, "AddressGroupInUse", group["id"])
    assert service.call("DELETE", f"/security-group-rules/{made['id']}").status_int == 204
    assert service.call("DELETE", f"/address-groups/{group['id']}").status_int == 204
    refused(service.call("GET", f"/address-groups/{group['id']}"), 404, "AddressGroupNotFound", group["id"])


@pytest.mark.parametrize("more", [{"remote_ip_prefix": "10.0.0.0/8"}, {"remote_group_id": "own"}])
def test_a_rule_names_one_remote_at_most(service, group, more):  # noqa: F811
    security = service.make("security_group", name="s")
    more = {name: security["id"] if value == "own" else value for name, value in more.items()}
    rule = {"security_group_id": security["id"], "direction": "ingress", "remote_address_group_id": group["id"]}
    refused(service.call("POST", "/security-group-rules", {"security_group_rule": rule | more}), 400,
            "SecurityGroupMultipleRemoteEntites")


def test_only_groups_that_a_project_sees_are_named_by_its_rules(service, group):  # noqa: F811
    security = service.make("security_group", "erin", name="s")
    rule = {"security_group_id": security["id"], "direction": "ingress", "remote_address_group_id": group["id"]}

    def ask():
        return service.call("POST", "/security-group-rules", {"security_group_rule": rule}, "erin")
    for named in (group["id"], NOWHERE):
        rule["remote_address_group_id"] = named
        refused(ask(), 404, "AddressGroupNotFound", named)
    rule["remote_address_group_id"] = group["id"]
    refused(service.call("GET", f"/address-groups/{group['id']}", user="erin"), 404, "AddressGroupNotFound")
    policy = service.make("rbac_policy", object_type="address_group", object_id=group["id"],
                          action="access_as_shared", target_tenant=ERIN)
    assert service.find(f"/address-groups/{group['id']}", "erin") == group
    refused(change(service, group, "add_addresses", "10.8.0.0/16", user="erin"), 403, "PolicyNotAuthorized")
    for method, body in (("PUT", {"address_group": {"name": "x"}}), ("DELETE", None)):
        refused(service.call(method, f"/address-groups/{group['id']}", body, "erin"), 404, "HTTPNotFound")
    assert ask().status_int == 201
    refused(service.call("DELETE", f"/rbac-policies/{policy['id']}"), 409, "RbacPolicyInUse")
    assert service.call("DELETE", f"/security-groups/{security['id']}", user="erin").status_int == 204
    assert service.call("DELETE", f"/rbac-policies/{policy['id']}").status_int == 204
    assert service.find("/address-groups", "erin") == []
