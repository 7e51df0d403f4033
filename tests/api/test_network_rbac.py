"""RBAC policies: networks and security groups that single projects share."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import USERS, service  # noqa: F401

ERIN, FINN = USERS["erin"][0], USERS["finn"][0]


@pytest.fixture
def policy(service):  # noqa: F811
    """``policy(object_type, object_id, target, user)``: a new policy."""
    def make(kind, object_id, target=ERIN, user="alice"):
        return service.make("rbac_policy", user, object_type=kind, object_id=object_id, action="access_as_shared",
                            target_tenant=target)
    return make


def body(network_id, **said):
    return {"rbac_policy": {"object_type": "network", "object_id": network_id, "action": "access_as_shared",
                            "target_tenant": ERIN, **said}}


def seen(service, path, user):  # noqa: F811
    """{id: shared} of what a list shows."""
    return {each["id"]: each["shared"] for each in service.find(path, user)}


def test_a_policy_shares_a_network_and_its_subnets_with_one_project(service, policy):  # noqa: F811
    network, subnet = service.net()
    made = policy("network", network["id"])
    assert made == {"id": made["id"], "object_type": "network", "object_id": network["id"], "project_id": "pa",
                    "tenant_id": "pa", "action": "access_as_shared", "target_tenant": ERIN}
    assert seen(service, "/networks", "erin") == {network["id"]: True}
    assert seen(service, "/networks", "alice") == {network["id"]: False}
    assert seen(service, "/networks", "finn") == {}
    assert [each["id"] for each in service.find("/subnets?shared=True", "erin")] == [subnet["id"]]
    assert service.find("/networks?shared=False", "erin") == service.find("/networks?shared=True") == []
    port = service.make("port", "erin", network_id=network["id"])
    refused(service.call("DELETE", f"/networks/{network['id']}", user="erin"), 403, "PolicyNotAuthorized")
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"]}}, "finn"), 404, "NetworkNotFound")
    _, (nic,) = service.boot([{"uuid": network["id"]}], user="erin")
    assert {port["id"], nic.port_id} <= {each["id"] for each in service.find("/ports", "erin")}


def test_shared_and_a_policy_for_every_project_are_the_same(service, policy):  # noqa: F811
    network = service.make("network", "admin", name="all", shared=True, project_id="pa")
    made, = service.find("/rbac-policies")
    assert (made["target_tenant"], made["object_id"], made["project_id"]) == ("*", network["id"], "pa")
    assert service.call("DELETE", f"/rbac-policies/{made['id']}").status_int == 204
    assert service.find(f"/networks/{network['id']}")["shared"] is False
    before = service.find(f"/networks/{network['id']}")["revision_number"]
    policy("network", network["id"], "*", "admin")
    assert seen(service, "/networks", "finn") == {network["id"]: True}
    path = f"/networks/{network['id']}"
    assert service.call("PUT", path, {"network": {"shared": False}}, "admin").json["network"]["shared"] is False
    assert service.find("/rbac-policies", "admin") == []
    assert service.find(path)["revision_number"] == before + 2, "once for the policy, once for the change"


def test_an_administrator_sees_what_is_shared_with_the_own_project(service, policy):  # noqa: F811
    first, second = (service.make("network", "admin", project_id=ERIN)["id"] for _ in range(2))
    with_admin = dict(USERS, admin=(FINN, USERS["admin"][1]))
    policy("network", first, FINN, "erin")
    assert seen(service, "/networks", "admin") == {first: False, second: False}
    USERS.update(with_admin)
    try:
        assert seen(service, "/networks", "admin") == {first: True, second: False}
        assert [each["id"] for each in service.find("/networks?shared=True", "admin")] == [first]
        renamed = service.call("PUT", f"/networks/{first}", {"network": {"name": "x"}}, "admin").json["network"]
        assert renamed["shared"] is True
    finally:
        USERS["admin"] = ("padmin", USERS["admin"][1])


@pytest.mark.parametrize(("said", "status", "error", "words"), [
    ({"object_type": "router"}, 400, "InvalidInput", "'router' is not a valid RBAC object type"),
    ({"action": "own"}, 400, "InvalidActionForType", "Invalid action 'own' for object type 'network'"),
    ({"target_tenant": "pb"}, 400, "InvalidInput", "expected a UUID or '*'"),
    ({"target_tenant": "*"}, 403, "PolicyNotAuthorized", "create_rbac_policy:target_tenant"),
    ({"project_id": "pb"}, 400, "HTTPBadRequest", "project_id"),
    ({"object_id": "00000000-0000-0000-0000-000000000000"}, 400, "InvalidInput", "could not be found")])
def test_a_policy_that_makes_no_sense_is_refused(service, said, status, error, words):  # noqa: F811
    network, _ = service.net()
    refused(service.call("POST", "/rbac-policies", body(network["id"], **said)), status, error, words)
    assert service.find("/rbac-policies") == []


def test_only_the_owner_of_a_resource_and_administrators_share_it(service, policy):  # noqa: F811
    network, _ = service.net()
    mine = policy("network", network["id"])
    refused(service.call("POST", "/rbac-policies", body(network["id"], target_tenant=FINN), "erin"), 400,
            "InvalidInput", "do not own")
    refused(service.call("POST", "/rbac-policies", body(network["id"], target_tenant=FINN), "carl"), 403,
            "PolicyNotAuthorized")
    refused(service.call("POST", "/rbac-policies", body(network["id"])), 409, "DuplicateRbacPolicy")
    assert policy("network", network["id"], FINN, "admin")["project_id"] == "padmin"
    assert service.find("/rbac-policies") == [mine] and service.find("/rbac-policies", "erin") == []
    assert len(service.find("/rbac-policies", "admin")) == 2
    refused(service.call("GET", f"/rbac-policies/{mine['id']}", user="erin"), 404, "RbacPolicyNotFound")


def test_a_policy_stays_while_its_project_uses_the_network(service, policy):  # noqa: F811
    network, _ = service.net()
    made = policy("network", network["id"])
    path, change = f"/rbac-policies/{made['id']}", {"rbac_policy": {"target_tenant": FINN}}
    port = service.make("port", "erin", network_id=network["id"])
    for method, sent in (("DELETE", None), ("PUT", change)):
        refused(service.call(method, path, sent), 409, "RbacPolicyInUse", network["id"])
    to_all = policy("network", network["id"], "*", "admin")
    assert service.call("PUT", path, change).json["rbac_policy"]["target_tenant"] == FINN
    refused(service.call("DELETE", f"/rbac-policies/{to_all['id']}", user="admin"), 409, "RbacPolicyInUse")
    assert service.call("DELETE", f"/ports/{port['id']}", user="erin").status_int == 204
    assert service.call("DELETE", f"/rbac-policies/{to_all['id']}", user="admin").status_int == 204
    again = policy("network", network["id"])
    refused(service.call("PUT", f"/rbac-policies/{again['id']}", change), 409, "DuplicateRbacPolicy")
    port = service.make("port", "erin", network_id=network["id"])
    refused(service.call("PUT", f"/rbac-policies/{again['id']}", {"rbac_policy": {"target_tenant": "*"}}), 403,
            "PolicyNotAuthorized", "update_rbac_policy:target_tenant")
    assert service.call("PUT", f"/rbac-policies/{again['id']}", {"rbac_policy": {}}).json["rbac_policy"] == again
    for_all = service.call("PUT", f"/rbac-policies/{again['id']}", {"rbac_policy": {"target_tenant": "*"}}, "admin")
    assert for_all.json["rbac_policy"] == again | {"target_tenant": "*"}


def test_a_network_is_not_taken_from_a_server_that_is_being_built(service, policy):  # noqa: F811
    network, _ = service.net()
    made = policy("network", network["id"])
    building = service.server([{"network": network["id"], "port": None, "fixed_ip": None, "tag": None}], project=ERIN)
    refused(service.call("DELETE", f"/rbac-policies/{made['id']}"), 409, "RbacPolicyInUse")
    service.end(building)
    assert service.call("DELETE", f"/rbac-policies/{made['id']}").status_int == 204


def test_a_security_group_is_shared_with_a_project(service, policy):  # noqa: F811
    network, _ = service.net(user="erin")
    group = service.make("security_group", name="common")
    assert group["shared"] is False
    made = policy("security_group", group["id"])
    assert service.find("/security-groups?shared=True", "erin")[0]["security_group_rules"]
    assert service.find("/security-groups?shared=True") == []
    refused(service.call("PUT", f"/security-groups/{group['id']}", {"security_group": {"name": "x"}}, "erin"), 403,
            "PolicyNotAuthorized")
    rule = {"security_group_id": group["id"], "direction": "ingress"}
    refused(service.call("POST", "/security-group-rules", {"security_group_rule": rule}, "erin"), 403,
            "PolicyNotAuthorized")
    port = service.make("port", "erin", network_id=network["id"], security_groups=[group["id"]])
    assert port["security_groups"] == [group["id"]]
    refused(service.call("DELETE", f"/rbac-policies/{made['id']}"), 409, "RbacPolicyInUse", group["id"])
    assert service.call("DELETE", f"/ports/{port['id']}", user="erin").status_int == 204
    assert service.call("DELETE", f"/rbac-policies/{made['id']}").status_int == 204
    assert service.find("/security-groups?shared=True", "erin") == []


def test_policies_are_deleted_with_their_resource(service, policy):  # noqa: F811
    network, _ = service.net()
    group = service.make("security_group", name="common")
    policy("network", network["id"])
    kept = policy("security_group", group["id"])
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 204
    assert service.find("/rbac-policies") == [kept]
    assert service.call("DELETE", f"/security-groups/{group['id']}").status_int == 204
    assert service.find("/rbac-policies") == []


def test_policies_are_listed_by_filter_order_and_page(service, policy):  # noqa: F811
    network, _ = service.net()
    group = service.make("security_group", name="common")
    made = [policy("network", network["id"]), policy("network", network["id"], FINN),
            policy("security_group", group["id"])]
    find = lambda query: [each["id"] for each in service.find(f"/rbac-policies?{query}")]  # noqa: E731
    assert find("object_type=security_group") == [made[2]["id"]]
    assert find(f"target_tenant={FINN}") == [made[1]["id"]]
    assert find("sort_key=target_tenant&sort_dir=desc&limit=1") == [made[1]["id"]]
    assert find(f"object_id={network['id']}&fields=id&sort_key=target_tenant") == [made[0]["id"], made[1]["id"]]
    refused(service.call("GET", "/rbac-policies?tags=a"), 400, "HTTPBadRequest")


def test_policies_count_against_their_quota(service, policy, conf):  # noqa: F811
    network, _ = service.net()
    conf.set_override("quota_rbac_policy", 1, "network")
    policy("network", network["id"])
    refused(service.call("POST", "/rbac-policies", body(network["id"], target_tenant=FINN)), 409, "OverQuota",
            "['rbac_policy']")


@pytest.mark.parametrize(("kind", "body"), [
    ("network", {}), ("address_scope", {"ip_version": 4}), ("subnetpool", {"prefixes": ["10.0.0.0/8"], "name": "p"})])
def test_only_who_may_share_says_whether_a_resource_is_shared(service, kind, body):  # noqa: F811
    """A new one may be said not to be; of one that is there, Neutron asks the rule whatever is said."""
    path = f"/{kind.replace('_', '-')}s"
    made = service.call("POST", path, {kind: body | {"shared": False}}).json[kind]
    refused(service.call("POST", path, {kind: body | {"shared": True}}), 403, "PolicyNotAuthorized", f"create_{kind}")
    if kind == "subnetpool":                    # of which it does not change
        return
    refused(service.call("PUT", f"{path}/{made['id']}", {kind: {"shared": False}}), 403, "PolicyNotAuthorized",
            f"update_{kind}:shared")
    assert service.call("PUT", f"{path}/{made['id']}", {kind: {"shared": False}}, "admin").status_int == 200
