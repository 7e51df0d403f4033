"""Templates of the rules that new security groups have (default-security-group-rules)."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401

PATH = "/default-security-group-rules"
NOWHERE = "00000000-0000-0000-0000-000000000000"


def said(rules):
    names = ("direction", "ethertype", "protocol", "port_range_min", "remote_ip_prefix", "remote_group_id",
             "remote_address_group_id")
    return sorted(tuple(str(each[name]) for name in names) for each in rules)


def template(service, **values):  # noqa: F811
    return service.make("default_security_group_rule", "admin", **{"direction": "ingress", **values})


def first(service, project="alice"):  # noqa: F811
    """The rules of the project's default group."""
    [group] = [each for each in service.find("/security-groups", project) if each["name"] == "default"]
    return group["id"], said(group["security_group_rules"])


EGRESS = [("egress", each, *["None"] * 5) for each in ("IPv4", "IPv6")]


def test_everyone_sees_the_first_templates(service):  # noqa: F811
    found = service.find(PATH)
    assert said(found) == said([{"direction": direction, "ethertype": each, "protocol": None, "port_range_min": None,
                                 "remote_ip_prefix": None, "remote_group_id": remote, "remote_address_group_id": None}
                                for direction, remote in (("egress", None), ("ingress", "PARENT"))
                                for each in ("IPv4", "IPv6")])
    assert {(each["direction"], each["used_in_default_sg"], each["used_in_non_default_sg"]) for each in found} == {
        ("egress", True, True), ("ingress", True, False)}
    assert service.find(f"{PATH}/{found[0]['id']}") == found[0]
    assert set(found[0]) == {"id", "description", "direction", "ethertype", "protocol", "port_range_min",
                             "port_range_max", "remote_ip_prefix", "remote_group_id", "remote_address_group_id",
                             "used_in_default_sg", "used_in_non_default_sg"}


def test_new_groups_have_the_rules_of_the_templates_and_others_keep_theirs(service):  # noqa: F811
    before = service.make("security_group", name="before")
    offices = service.make("address_group", "admin", name="offices", addresses=["192.0.2.0/24"])
    template(service, protocol="tcp", port_range_min=22, port_range_max=22, remote_ip_prefix="10.0.0.9/8",
             used_in_default_sg=True, used_in_non_default_sg=False)
    template(service, protocol="ICMP", remote_address_group_id=offices["id"], description="probes")
    for each in service.find(f"{PATH}?direction=egress&ethertype=IPv6"):
        assert service.call("DELETE", f"{PATH}/{each['id']}", user="admin").status_int == 204
    made = service.make("security_group", name="after")
    assert said(made["security_group_rules"]) == sorted([
        EGRESS[0], ("ingress", "IPv4", "icmp", "None", "None", "None", offices["id"])])
    assert {each["description"] for each in made["security_group_rules"]} == {""}
    own, rules = first(service, "erin")
    assert rules == sorted([EGRESS[0], ("ingress", "IPv4", "tcp", "22", "10.0.0.9/8", "None", "None"),
                            *[("ingress", each, "None", "None", "None", own, "None") for each in ("IPv4", "IPv6")]])
    assert said(service.find(f"/security-groups/{before['id']}")["security_group_rules"]) == EGRESS
    refused(service.call("DELETE", f"/address-groups/{offices['id']}", user="admin"), 409, "AddressGroupInUse")


@pytest.mark.parametrize(("values", "status", "error"), [
    ({"direction": "both"}, 400, "HTTPBadRequest"),
    ({"port_range_min": 5}, 400, "SecurityGroupProtocolRequiredWithPorts"),
    ({"remote_ip_prefix": "fd00::/8"}, 400, "SecurityGroupRuleParameterConflict"),
    ({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": "PARENT"}, 400, "SecurityGroupMultipleRemoteEntites"),
    ({"remote_address_group_id": NOWHERE}, 404, "AddressGroupNotFound"),
    ({"used_in_default_sg": "sometimes"}, 400, "HTTPBadRequest"),
    ({"direction": "egress"}, 409, "DefaultSecurityGroupRuleExists"),
    ({"direction": "egress", "remote_ip_prefix": "0.0.0.0/0"}, 409, "DefaultSecurityGroupRuleExists")])
def test_a_template_that_makes_no_sense_is_refused(service, values, status, error):  # noqa: F811
    before = service.find(PATH)
    body = {"default_security_group_rule": {"direction": "ingress", **values}}
    refused(service.call("POST", PATH, body, "admin"), status, error)
    assert service.find(PATH) == before


def test_templates_for_different_groups_may_say_the_same(service):  # noqa: F811
    template(service, protocol="tcp", used_in_default_sg=True, used_in_non_default_sg=False)
    template(service, protocol="tcp", used_in_default_sg=False, used_in_non_default_sg=True)
    refused(service.call("POST", PATH, {"default_security_group_rule": {
        "direction": "ingress", "protocol": "6", "used_in_default_sg": True}}, "admin"), 409,
        "DefaultSecurityGroupRuleExists")


def test_only_admins_change_templates(service):  # noqa: F811
    body = {"default_security_group_rule": {"direction": "ingress", "protocol": "tcp"}}
    refused(service.call("POST", PATH, body), 403, "PolicyNotAuthorized", "create_default_security_group_rule")
    one = service.find(PATH)[0]["id"]
    refused(service.call("DELETE", f"{PATH}/{one}"), 403, "PolicyNotAuthorized")
    refused(service.call("GET", f"{PATH}/{NOWHERE}"), 404, "DefaultSecurityGroupRuleNotFound", NOWHERE)


def test_rules_of_new_groups_count_against_the_quota(service):  # noqa: F811
    service.find("/security-groups")                       # the default group has four
    project = service.find("/networks") and None or service.make("network")["project_id"]
    service.call("PUT", f"/quotas/{project}", {"quota": {"security_group_rule": 5, "force": True}}, "admin")
    refused(service.call("POST", "/security-groups", {"security_group": {"name": "s"}}), 409, "OverQuota",
            "security_group_rule")
    service.call("PUT", f"/quotas/{project}", {"quota": {"security_group_rule": 6, "force": True}}, "admin")
    assert service.make("security_group", name="s")["name"] == "s"


def test_a_default_group_without_templates_has_no_rules(service):  # noqa: F811
    for each in service.find(PATH, user="admin"):
        assert service.call("DELETE", f"{PATH}/{each['id']}", user="admin").status_int == 204
    [group] = service.find("/security-groups")
    assert (group["name"], group["security_group_rules"]) == ("default", [])
