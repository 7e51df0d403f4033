"""External networks: whose they are, who sees them, and what may not be done with them."""

import pytest

from nova_lite.network import exceptions
from tests.api.test_network_api import refused
from tests.network_service import USERS, context, service  # noqa: F401

ERIN = USERS["erin"][0]
FINN = USERS["finn"][0]


@pytest.fixture
def public(service):  # noqa: F811
    """An operator's external network with one subnet: (network, subnet)."""
    network = service.make("network", "admin", name="public", **{"router:external": True})
    return network, service.make("subnet", "admin", network_id=network["id"], cidr="172.24.4.0/24", ip_version=4)


def test_every_project_sees_an_external_network_and_its_subnets(service, public):  # noqa: F811
    network, subnet = public
    assert network["router:external"] is True and network["shared"] is False
    own, _ = service.net()
    assert [each["id"] for each in service.find("/networks?router:external=True")] == [network["id"]]
    assert [each["id"] for each in service.find("/networks?router:external=false")] == [own["id"]]
    shown = service.find(f"/networks/{network['id']}", "finn")
    assert (shown["router:external"], shown["shared"], shown["subnets"]) == (True, False, [subnet["id"]])
    assert service.find(f"/subnets/{subnet['id']}", "finn")["router:external"] is True
    assert [each["id"] for each in service.find("/subnets?router:external=1", "finn")] == [subnet["id"]]
    assert service.find(f"/networks/{network['id']}/tags", "finn") == []
    assert [each["id"] for each in service.find("/networks?sort_key=router:external", "admin")] == [
        own["id"], network["id"]]


def test_only_operators_make_networks_external(service, public):  # noqa: F811
    own, _ = service.net()
    path = f"/networks/{own['id']}"
    refused(service.call("POST", "/networks", {"network": {"router:external": True}}), 403, "PolicyNotAuthorized",
            "create_network:router:external")
    refused(service.call("PUT", path, {"network": {"router:external": True}}), 403, "PolicyNotAuthorized",
            "update_network:router:external")
    refused(service.call("PUT", path, {"network": {"router:external": False}}), 403, "PolicyNotAuthorized",
            "update_network:router:external")
    changed = service.call("PUT", path, {"network": {"router:external": "True"}}, "admin").json["network"]
    assert (changed["router:external"], changed["revision_number"]) == (True, own["revision_number"] + 2)
    changed = service.call("PUT", path, {"network": {"router:external": False}}, "admin").json["network"]
    assert changed["router:external"] is False
    refused(service.call("GET", path, user="finn"), 404, "NetworkNotFound")


def test_projects_make_no_ports_and_subnets_on_an_external_network(service, public):  # noqa: F811
    network, _ = public
    for kind, body in (("port", {"network_id": network["id"]}),
                       ("subnet", {"network_id": network["id"], "cidr": "10.9.0.0/24", "ip_version": 4})):
        refused(service.call("POST", f"/{kind}s", {kind: body}), 403, "PolicyNotAuthorized", f"create_{kind}")
    refused(service.call("PUT", f"/networks/{network['id']}", {"network": {"name": "mine"}}), 403,
            "PolicyNotAuthorized")


def test_servers_get_no_nics_on_an_external_network_unless_an_operator_asks(service, public):  # noqa: F811
    network, subnet = public
    assert service.facade.validate(context(), None, 1) == [], "nobody gets one unasked"
    wanted = [{"uuid": network["id"]}]
    with pytest.raises(exceptions.ExternalNetworkAttachForbidden, match=network["id"]):
        service.facade.validate(context(), wanted, 1)
    assert service.facade.validate(context("admin"), wanted, 1)[0]["network"] == network["id"]
    own, _ = service.net()
    assert service.facade.validate(context(), None, 1)[0]["network"] == own["id"]
    server_id, _ = service.boot([{"uuid": own["id"]}])
    with pytest.raises(exceptions.ExternalNetworkAttachForbidden):
        service.facade.attachments.attach(context(), service.row(server_id), {
            "network": network["id"], "port": None, "fixed_ip": None, "tag": None})
    shared = service.make("network", "admin", name="both", shared=True, **{"router:external": True})
    service.make("subnet", "admin", network_id=shared["id"], cidr="10.77.0.0/24", ip_version=4)
    assert service.facade.validate(context(), [{"uuid": shared["id"]}], 1)[0]["network"] == shared["id"]


def test_a_policy_makes_a_network_external_for_one_project(service):  # noqa: F811
    own, subnet = service.net()
    said = {"object_type": "network", "object_id": own["id"], "action": "access_as_external", "target_tenant": ERIN}
    policy = service.make("rbac_policy", **said)
    path = f"/networks/{own['id']}"
    assert policy["action"] == "access_as_external" and service.find(path)["router:external"] is True
    assert service.find(path, "erin")["shared"] is False
    assert [each["id"] for each in service.find("/subnets", "erin")] == [subnet["id"]]
    refused(service.call("GET", path, user="finn"), 404, "NetworkNotFound")
    refused(service.call("POST", "/rbac-policies", {"rbac_policy": said}), 409, "DuplicateRbacPolicy")
    refused(service.call("POST", "/rbac-policies", {"rbac_policy": {**said, "target_tenant": "*"}}), 403,
            "PolicyNotAuthorized")
    assert service.call("DELETE", f"/rbac-policies/{policy['id']}").status_int == 204
    assert service.find(path)["router:external"] is False, "the last one is gone"


def test_a_network_stays_external_for_those_who_have_gateways_to_it(service, public):  # noqa: F811
    network, _ = public
    everyone, = service.find("/rbac-policies", "admin")
    said = {"object_type": "network", "object_id": network["id"], "action": "access_as_external"}
    one = service.make("rbac_policy", "admin", target_tenant=ERIN, **said)
    router = service.make("router", "erin", external_gateway_info={"network_id": network["id"]})
    path = f"/networks/{network['id']}"
    refused(service.call("PUT", path, {"network": {"router:external": False}}, "admin"), 409, "ExternalNetworkInUse")
    refused(service.call("DELETE", path, user="admin"), 409, "NetworkInUse")
    assert service.call("DELETE", f"/rbac-policies/{everyone['id']}", user="admin").status_int == 204
    refused(service.call("DELETE", f"/rbac-policies/{one['id']}", user="admin"), 409, "RbacPolicyInUse",
            "routers attached to this network")
    refused(service.call("PUT", f"/rbac-policies/{one['id']}", {"rbac_policy": {"target_tenant": "f" * 32}}, "admin"),
            409, "RbacPolicyInUse")
    refused(service.call("GET", path, user="finn"), 404, "NetworkNotFound")
    assert service.call("DELETE", f"/routers/{router['id']}", user="erin").status_int == 204
    assert service.call("DELETE", f"/rbac-policies/{one['id']}", user="admin").status_int == 204
    assert service.find(path, "admin")["router:external"] is False


def test_a_network_may_become_external_for_its_one_user_alone(service, public):  # noqa: F811
    network, _ = public
    service.make("router", "erin", external_gateway_info={"network_id": network["id"]})
    policy, = service.find("/rbac-policies?action=access_as_external", "admin")
    path, revision = f"/rbac-policies/{policy['id']}", service.find(f"/networks/{network['id']}")["revision_number"]
    refused(service.call("PUT", path, {"rbac_policy": {"target_tenant": FINN}}, "admin"), 409, "RbacPolicyInUse",
            "There are routers attached")
    assert service.call("PUT", path, {"rbac_policy": {"target_tenant": ERIN}}, "admin").status_int == 200
    assert service.find("/networks", "finn") == []
    assert service.find(f"/networks/{network['id']}", "erin")["revision_number"] == revision + 1


def test_external_is_a_policy_for_every_project(service, public):  # noqa: F811
    network, _ = public
    made, = service.find("/rbac-policies", "admin")
    assert (made["action"], made["target_tenant"], made["object_id"]) == ("access_as_external", "*", network["id"])
    group = service.make("security_group", name="g")
    refused(service.call("POST", "/rbac-policies", {"rbac_policy": {
        "object_type": "security_group", "object_id": group["id"], "action": "access_as_external",
        "target_tenant": ERIN}}), 400, "InvalidActionForType", "Valid actions: ('access_as_shared',)")
    assert service.call("DELETE", f"/networks/{network['id']}", user="admin").status_int == 204
    assert service.find("/rbac-policies", "admin") == []
