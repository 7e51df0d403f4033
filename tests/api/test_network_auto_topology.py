"""Auto-allocated topologies: a network for who wants any, behind a router to the default external network."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import USERS, context, service  # noqa: F401

MINE = "/auto-allocated-topology/None"


@pytest.fixture
def outer(service):  # noqa: F811
    """The default external network, with a default subnet pool for what is behind it."""
    made = service.make("network", "admin", name="public", is_default=True, **{"router:external": True})
    service.make("subnet", "admin", network_id=made["id"], cidr="172.24.4.0/24", ip_version=4)
    service.make("subnetpool", "admin", name="pool", prefixes=["10.64.0.0/16"], default_prefixlen=26, is_default=True,
                 shared=True)
    return made


def counted(service):  # noqa: F811
    """How many networks, subnets and routers alice has."""
    return tuple(len([each for each in service.find(f"/{kind}") if each["project_id"] == "pa"])
                 for kind in ("networks", "subnets", "routers"))


def test_a_project_gets_one_network_and_gets_it_again(service, outer):  # noqa: F811
    made = service.find(MINE)
    assert set(made) == {"id", "project_id", "tenant_id"} and made["project_id"] == "pa"
    assert service.find(MINE) == made == service.find("/auto-allocated-topology/pa")
    assert counted(service) == (1, 1, 1)
    network = service.find(f"/networks/{made['id']}")
    assert (network["name"], network["admin_state_up"]) == ("auto_allocated_network", True)
    subnet = service.find(f"/subnets/{network['subnets'][0]}")
    assert (subnet["name"], subnet["cidr"]) == ("auto_allocated_subnet_v4", "10.64.0.0/26")
    router, = service.find("/routers")
    assert router["name"] == "auto_allocated_router" and router["external_gateway_info"]["network_id"] == outer["id"]
    assert service.find(f"/ports?device_id={router['id']}&network_id={network['id']}")[0]["fixed_ips"] == [
        {"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
    assert service.find(MINE, "bob")["id"] != made["id"]


def test_both_ip_versions_get_a_subnet(service, outer):  # noqa: F811
    service.make("subnetpool", "admin", name="six", prefixes=["fd00:64::/48"], default_prefixlen=64, is_default=True,
                 shared=True)
    service.find(MINE)
    assert sorted(each["ip_version"] for each in service.find("/subnets") if each["project_id"] == "pa") == [4, 6]


def test_a_dry_run_makes_nothing(service, outer):  # noqa: F811
    assert service.find(f"{MINE}?fields=dry-run") == {"id": "dry-run=pass", "project_id": "pa", "tenant_id": "pa"}
    assert counted(service) == (0, 0, 0)
    refused(service.call("GET", f"{MINE}?fields=id"), 400, "BadRequest",
            "Bad auto_allocate request: Unrecognized field")


def test_it_is_deleted_as_a_whole_or_not_at_all(service, outer):  # noqa: F811
    made = service.find(MINE)
    port = service.make("port", network_id=made["id"])
    refused(service.call("DELETE", MINE), 409, "NetworkInUse", port["id"])
    assert counted(service) == (1, 1, 1) and service.find(MINE) == made
    service.call("DELETE", f"/ports/{port['id']}")
    assert service.call("DELETE", MINE).status_int == 204 == service.call("DELETE", MINE).status_int
    assert counted(service) == (0, 0, 0)
    assert service.find(MINE)["id"] != made["id"]


def test_what_it_needs_an_administrator_has_to_make(service):  # noqa: F811
    for path in (MINE, f"{MINE}?fields=dry-run"):
        refused(service.call("GET", path), 409, "AutoAllocationFailure",
                "Deployment error: No default router:external network.")
    outer = service.make("network", "admin", name="public", **{"router:external": True})
    assert outer["is_default"] is False
    service.call("PUT", f"/networks/{outer['id']}", {"network": {"is_default": True}}, "admin")
    refused(service.call("GET", MINE), 409, "AutoAllocationFailure", "No default subnetpools defined.")
    service.make("subnetpool", "admin", name="pool", prefixes=["10.64.0.0/16"], is_default=True)
    assert service.find(f"{MINE}?fields=dry-run")["id"] == "dry-run=pass"
    # Where the pool does not say otherwise, its subnets are /8, as Neutron's are: more than it has.
    refused(service.call("GET", MINE), 409, "AutoAllocationFailure",
            "Deployment error: Unable to provide project private network.")
    assert counted(service) == (0, 0, 0)


def test_others_topologies_are_for_administrators(service, outer):  # noqa: F811
    refused(service.call("GET", "/auto-allocated-topology/pb"), 403, "NotAuthorized")
    refused(service.call("DELETE", "/auto-allocated-topology/pb"), 403, "NotAuthorized")
    refused(service.call("DELETE", MINE, user="carl"), 403, "PolicyNotAuthorized")
    made = service.find("/auto-allocated-topology/pb", "admin")
    assert made == service.find(MINE, "bob")


def test_a_quota_keeps_it_from_being_made_by_half(service, outer):  # noqa: F811
    service.call("PUT", "/quotas/pa", {"quota": {"router": 0}}, "admin")
    refused(service.call("GET", MINE), 409, "OverQuota", "router")
    assert counted(service) == (0, 0, 0)


def test_one_external_network_is_the_default_one(service, outer):  # noqa: F811
    assert outer["is_default"] is True
    other = service.make("network", "admin", name="other", **{"router:external": True})
    wanted = {"network": {"is_default": True}}
    refused(service.call("PUT", f"/networks/{other['id']}", wanted, "admin"), 409, "DefaultExternalNetworkExists",
            f"A default external network already exists: {outer['id']}.")
    refused(service.call("POST", "/networks", {"network": {"is_default": True, "router:external": True}}, "admin"), 409,
            "DefaultExternalNetworkExists", outer["id"])
    assert [each["id"] for each in service.find("/networks?is_default=true", "admin")] == [outer["id"]]
    service.call("PUT", f"/networks/{outer['id']}", {"network": {"description": "d"}}, "admin")
    assert service.find(f"/networks/{outer['id']}", "admin")["is_default"] is True
    service.call("PUT", f"/networks/{outer['id']}", {"network": {"router:external": False}}, "admin")
    assert "is_default" not in service.find(f"/networks/{outer['id']}", "admin")
    assert service.call("PUT", f"/networks/{other['id']}", wanted, "admin").json["network"]["is_default"] is True
    everyones, = service.find(f"/rbac-policies?object_id={other['id']}", "admin")
    refused(service.call("DELETE", f"/rbac-policies/{everyones['id']}", user="admin"), 409, "RbacPolicyInUse",
            "Default external networks must be shared to everyone.")


def test_only_administrators_say_which_and_of_inner_networks_it_says_nothing(service, outer):  # noqa: F811
    refused(service.call("POST", "/networks", {"network": {"is_default": True}}), 403, "PolicyNotAuthorized",
            "create_network:is_default")
    inner = service.make("network", "admin", is_default=True)
    assert "is_default" not in inner
    assert [each["id"] for each in service.find("/networks?is_default=true", "admin")] == [outer["id"]]


def test_a_server_that_wants_any_network_gets_that_one(service, outer):  # noqa: F811
    requested = service.facade.validate(context(), "auto", 1)
    assert requested == [{"auto": True}]
    server_id = service.server(requested)
    nic, = service.allocate(server_id)
    assert nic.network_id == service.find(MINE)["id"] and nic.addresses[0].ip.startswith("10.64.0.")
    assert counted(service) == (1, 1, 1)
    again, = service.allocate(service.server(service.facade.validate(context(), "auto", 1)))
    assert again.network_id == nic.network_id


def test_without_a_default_external_network_a_server_gets_one_of_its_own_range(service):  # noqa: F811
    nic, = service.allocate(service.server(service.facade.validate(context(), "auto", 1)))
    assert service.find(f"/networks/{nic.network_id}")["name"] == "auto_allocated_network"
    assert counted(service)[2] == 0 and USERS["alice"][0] == "pa"
