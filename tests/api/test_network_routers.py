"""Routers: gateways, interfaces, routes, and what refuses to change while they need it."""

import pytest

from nova_lite import db
from nova_lite.db import desired_state
from nova_lite.objects.desired_router import of_router
from tests.api.test_network_api import NOWHERE, refused
from tests.api.test_network_external import public  # noqa: F401
from tests.network_service import service  # noqa: F401


@pytest.fixture
def act(service):  # noqa: F811
    """``act(router, action, user, **said)``: the answer to PUT /routers/{id}/{action}."""
    def send(router, action, user="alice", /, **said):
        return service.call("PUT", f"/routers/{router['id']}/{action}", said, user)
    return send


def update(service, router, user="alice", **said):  # noqa: F811
    return service.call("PUT", f"/routers/{router['id']}", {"router": said}, user)


def gateway(network, **said):
    return {"external_gateway_info": {"network_id": network["id"], **said}}


def ports(service, router, user="admin"):  # noqa: F811
    return service.find(f"/ports?device_id={router['id']}", user)


def test_a_router_shows_what_neutron_shows(service):  # noqa: F811
    router = service.make("router", name="r", description="d", tags=["t"])
    assert router == service.find(f"/routers/{router['id']}") == {
        "id": router["id"], "name": "r", "description": "d", "project_id": "pa", "tenant_id": "pa", "tags": ["t"],
        "admin_state_up": True, "status": "ACTIVE", "external_gateway_info": None, "routes": [], "flavor_id": None,
        "availability_zone_hints": [], "availability_zones": [], "revision_number": 1,
        "created_at": router["created_at"], "updated_at": router["created_at"]}
    assert service.find(f"/routers/{router['id']}", "admin") == {**router, "distributed": False, "ha": False}
    refused(service.call("GET", f"/routers/{router['id']}", user="bob"), 404, "RouterNotFound", "could not be found")
    assert service.find("/routers", "bob") == []
    changed = update(service, router, name="other", admin_state_up=False).json["router"]
    assert (changed["name"], changed["admin_state_up"], changed["revision_number"]) == ("other", False, 2)
    assert [each["id"] for each in service.find("/routers?admin_state_up=False")] == [router["id"]]
    assert service.find("/routers?admin_state_up=True") == []
    assert service.call("DELETE", f"/routers/{router['id']}").status_int == 204
    refused(service.call("DELETE", f"/routers/{router['id']}"), 404, "RouterNotFound")


def test_readers_change_no_routers_and_quotas_bound_them(service, conf):  # noqa: F811
    refused(service.call("POST", "/routers", {"router": {}}, "carl"), 403, "PolicyNotAuthorized", "create_router")
    conf.set_override("quota_router", 1, "network")
    router = service.make("router")
    refused(service.call("POST", "/routers", {"router": {}}), 409, "OverQuota", "['router']")
    details = service.find("/quotas/pa/details")
    assert (details["router"]["used"], details["router_route"]) == (1, {"limit": 30, "used": 0, "reserved": 0})
    refused(update(service, router, "carl", name="x"), 403, "PolicyNotAuthorized", "update_router")


def test_what_operators_alone_say_of_a_router(service, public):  # noqa: F811
    network, subnet = public
    for said, rule in (({"distributed": False}, "distributed"), ({"ha": False}, "ha"),
                       (gateway(network, enable_snat=True), "external_gateway_info:enable_snat"),
                       (gateway(network, external_fixed_ips=[{"subnet_id": subnet["id"]}]),
                        "external_gateway_info:external_fixed_ips")):
        refused(service.call("POST", "/routers", {"router": said}), 403, "PolicyNotAuthorized", f"create_router:{rule}")
        service.make("router", "admin", **said)
        router = service.make("router")
        refused(update(service, router, **said), 403, "PolicyNotAuthorized", f"update_router:{rule}")
        assert update(service, router, "admin", **said).status_int == 200
    assert service.call("POST", "/routers", {"router": {"ha": True}}, "admin").status_int == 400


# ---- gateways

def test_a_gateway_is_a_port_that_nobody_s_project_has(service, public):  # noqa: F811
    network, subnet = public
    router = service.make("router", **gateway(network))
    info = router["external_gateway_info"]
    assert (info["network_id"], info["enable_snat"]) == (network["id"], True)
    address, = info["external_fixed_ips"]
    port, = ports(service, router)
    assert (port["fixed_ips"], port["device_owner"], port["project_id"]) == (
        [address], "network:router_gateway", "")
    assert (port["status"], port["security_groups"], port["name"]) == ("ACTIVE", [], "")
    assert ports(service, router, "alice") == [] and address["subnet_id"] == subnet["id"]
    refused(service.call("DELETE", f"/ports/{port['id']}", user="admin"), 409, "ServicePortInUse",
            f"Port {port['id']} cannot be deleted directly via the port API: has device owner network:router_gateway.")
    kept = update(service, router, **gateway(network)).json["router"]
    assert kept["external_gateway_info"] == info
    cleared = update(service, router, external_gateway_info={}).json["router"]
    assert cleared["external_gateway_info"] is None and ports(service, router) == []
    again = update(service, router, **gateway(network)).json["router"]
    assert again["external_gateway_info"]["network_id"] == network["id"]
    assert update(service, router, external_gateway_info=None).json["router"]["external_gateway_info"] is None


def test_an_operator_chooses_snat_and_addresses_of_a_gateway(service, public):  # noqa: F811
    network, subnet = public
    wanted = {"subnet_id": subnet["id"], "ip_address": "172.24.4.9"}
    router = service.make("router", "admin", **gateway(network, enable_snat=False, external_fixed_ips=[wanted]))
    assert router["external_gateway_info"] == {"network_id": network["id"], "enable_snat": False,
                                               "external_fixed_ips": [wanted]}
    port, = ports(service, router)
    moved = {**wanted, "ip_address": "172.24.4.10"}
    changed = update(service, router, "admin", **gateway(network, external_fixed_ips=[moved])).json["router"]
    assert changed["external_gateway_info"] == {"network_id": network["id"], "enable_snat": True,
                                                "external_fixed_ips": [moved]}
    assert [each["id"] for each in ports(service, router)] == [port["id"]], "the port stays"
    for ip, status, kind in (("172.24.4.1", 400, "BadRequest"), ("10.9.9.9", 400, "InvalidIpForSubnet")):
        refused(update(service, router, "admin", **gateway(network, external_fixed_ips=[{**wanted, "ip_address": ip}])),
                status, kind)
    other = service.make("router", "admin")
    refused(update(service, other, "admin", **gateway(network, external_fixed_ips=[moved])), 409,
            "IpAddressAlreadyAllocated")
    assert service.find(f"/routers/{other['id']}", "admin")["external_gateway_info"] is None


def test_a_gateway_leads_to_an_external_network(service, public):  # noqa: F811
    own, _ = service.net()
    refused(service.call("POST", "/routers", {"router": gateway(own)}), 400, "BadRequest",
            f"Bad router request: Network {own['id']} is not an external network.")
    refused(service.call("POST", "/routers", {"router": gateway({"id": NOWHERE})}), 404, "NetworkNotFound")
    foreign, _ = service.net(user="bob")
    refused(service.call("POST", "/routers", {"router": gateway(foreign)}), 404, "NetworkNotFound")
    refused(service.call("POST", "/routers", {"router": {"external_gateway_info": {"enable_snat": True}}}, "admin"),
            400, "HTTPBadRequest", "network_id")
    assert service.find("/routers", "admin") == []


def test_a_gateway_without_address_gets_the_first_subnet_s(service):  # noqa: F811
    network = service.make("network", "admin", **{"router:external": True})
    router = service.make("router", **gateway(network))
    assert router["external_gateway_info"]["external_fixed_ips"] == []
    subnet = service.make("subnet", "admin", network_id=network["id"], cidr="172.24.5.0/24", ip_version=4)
    shown = service.find(f"/routers/{router['id']}")
    assert [each["subnet_id"] for each in shown["external_gateway_info"]["external_fixed_ips"]] == [subnet["id"]]
    assert shown["revision_number"] == router["revision_number"] + 1


# ---- interfaces

def test_an_interface_has_the_subnet_s_gateway_address(service, act):  # noqa: F811
    network, subnet = service.net()
    router = service.make("router")
    made = act(router, "add_router_interface", subnet_id=subnet["id"]).json
    port, = ports(service, router, "alice")
    assert made == {"id": router["id"], "project_id": "pa", "tenant_id": "pa", "port_id": port["id"],
                    "network_id": network["id"], "subnet_id": subnet["id"], "subnet_ids": [subnet["id"]]}
    assert (port["fixed_ips"], port["device_owner"], port["status"], port["security_groups"]) == (
        [{"subnet_id": subnet["id"], "ip_address": "10.1.0.1"}], "network:router_interface", "ACTIVE", [])
    assert service.find(f"/routers/{router['id']}")["revision_number"] == 2
    for path, kind, words in (
            (f"/ports/{port['id']}", "ServicePortInUse", "has device owner network:router_interface"),
            (f"/routers/{router['id']}", "RouterInUse", f"has ports still attached: {port['id']}"),
            (f"/subnets/{subnet['id']}", "SubnetInUse", subnet["id"]),
            (f"/networks/{network['id']}", "NetworkInUse", port["id"])):
        refused(service.call("DELETE", path), 409, kind, words)
    refused(service.call("PUT", f"/subnets/{subnet['id']}", {"subnet": {"gateway_ip": "10.1.0.254"}}), 409,
            "GatewayIpInUse", "10.1.0.1 already in use by port")
    assert act(router, "remove_router_interface", subnet_id=subnet["id"]).json == made
    assert ports(service, router) == []
    assert service.call("DELETE", f"/routers/{router['id']}").status_int == 204


def test_an_interface_by_port_has_the_port_s_address(service, act):  # noqa: F811
    network, subnet = service.net()
    port = service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.77"}], name="mine")
    router = service.make("router")
    made = act(router, "add_router_interface", port_id=port["id"])
    assert made.json["subnet_ids"] == [subnet["id"]] and made.json["port_id"] == port["id"]
    shown = service.find(f"/ports/{port['id']}")
    assert (shown["device_id"], shown["device_owner"], shown["name"]) == (
        router["id"], "network:router_interface", "mine")
    other = service.make("router")
    refused(act(other, "add_router_interface", port_id=port["id"]), 409, "PortInUse",
            f"Port already has an attached device {router['id']}.")
    refused(act(router, "remove_router_interface", port_id=port["id"], subnet_id=NOWHERE), 400,
            "SubnetMismatchForPort")
    refused(act(other, "remove_router_interface", port_id=port["id"]), 404, "RouterInterfaceNotFound")
    assert act(router, "remove_router_interface", port_id=port["id"]).status_int == 200
    refused(service.call("GET", f"/ports/{port['id']}"), 404, "PortNotFound")


def test_what_cannot_be_an_interface(service, act, public):  # noqa: F811
    network, subnet = service.net()
    router = service.make("router")
    refused(act(router, "add_router_interface"), 400, "BadRequest", "Either subnet_id or port_id must be specified")
    refused(act(router, "add_router_interface", subnet_id=subnet["id"], port_id=NOWHERE), 400, "BadRequest",
            "Cannot specify both subnet-id and port-id")
    refused(act(router, "add_router_interface", subnet_id=NOWHERE), 404, "SubnetNotFound")
    refused(act(router, "add_router_interface", port_id=NOWHERE), 404, "PortNotFound")
    refused(act(router, "add_router_interface", port_id="x"), 400, "BadRequest", "'x' is not a valid UUID")
    _, closed = service.net("10.2.0.0/24", gateway_ip=None)
    refused(act(router, "add_router_interface", subnet_id=closed["id"]), 400, "BadRequest", "must have a gateway IP")
    bare = service.make("port", network_id=network["id"], fixed_ips=[])
    refused(act(router, "add_router_interface", port_id=bare["id"]), 400, "BadRequest", "at least one fixed IP")
    _, foreign = service.net("10.3.0.0/24", "bob")
    refused(act(router, "add_router_interface", subnet_id=foreign["id"]), 404, "SubnetNotFound")
    refused(act(router, "add_router_interface", subnet_id=public[1]["id"]), 400, "BadRequest",
            "is not owned by project making the request")
    second = service.make("subnet", network_id=network["id"], cidr="10.4.0.0/24", ip_version=4)
    both = service.make("port", network_id=network["id"], fixed_ips=[
        {"subnet_id": subnet["id"]}, {"subnet_id": second["id"]}])
    refused(act(router, "add_router_interface", port_id=both["id"]), 400, "BadRequest", "multiple IPv4 subnets")
    server_port = service.boot([{"uuid": network["id"]}])[1][0].port_id
    refused(act(router, "add_router_interface", port_id=server_port), 409, "PortInUse")
    refused(act(router, "add_router_interface", "carl", subnet_id=subnet["id"]), 403, "PolicyNotAuthorized",
            "add_router_interface")
    refused(act(router, "add_router_interface", "bob", subnet_id=subnet["id"]), 404, "RouterNotFound")
    refused(act(router, "remove_router_interface", subnet_id=subnet["id"]), 404, "RouterInterfaceNotFoundForSubnet")
    assert ports(service, router) == [] and service.find(f"/routers/{router['id']}")["revision_number"] == 1


def test_the_subnets_of_a_router_do_not_overlap(service, act, public):  # noqa: F811
    network, _ = public
    _, subnet = service.net()
    router = service.make("router", **gateway(network))
    assert act(router, "add_router_interface", subnet_id=subnet["id"]).status_int == 200
    refused(act(router, "add_router_interface", subnet_id=subnet["id"]), 400, "BadRequest",
            f"Router already has a port on subnet {subnet['id']}")
    _, wide = service.net("10.0.0.0/8")
    refused(act(router, "add_router_interface", subnet_id=wide["id"]), 400, "BadRequest",
            f"Cidr 10.0.0.0/8 of subnet {wide['id']} overlaps with cidr 10.1.0.0/24 of subnet {subnet['id']}")
    _, outside = service.net("172.24.4.128/25")
    refused(act(router, "add_router_interface", subnet_id=outside["id"]), 400, "BadRequest", "overlaps with cidr")
    plain = service.make("router")
    assert act(plain, "add_router_interface", subnet_id=outside["id"]).status_int == 200
    refused(update(service, plain, **gateway(network)), 400, "BadRequest", "overlaps with cidr")
    assert service.find(f"/routers/{plain['id']}")["external_gateway_info"] is None


def test_a_subnet_shared_with_one_project_is_connected_by_it(service, act):  # noqa: F811
    network, subnet = service.net()
    router = service.make("router", "erin")
    service.make("rbac_policy", object_type="network", object_id=network["id"], action="access_as_shared",
                 target_tenant="e" * 32)
    assert act(router, "add_router_interface", "erin", subnet_id=subnet["id"]).json["project_id"] == "e" * 32
    shared = service.make("network", "admin", name="all", shared=True, project_id="pa")
    wide = service.make("subnet", "admin", network_id=shared["id"], cidr="10.5.0.0/24", ip_version=4, project_id="pa")
    refused(act(router, "add_router_interface", "erin", subnet_id=wide["id"]), 400, "BadRequest", "is not owned by")
    chosen = service.make("port", "admin", network_id=shared["id"], project_id="e" * 32,
                          fixed_ips=[{"ip_address": "10.5.0.9"}])
    service.call("PUT", f"/subnets/{wide['id']}", {"subnet": {"allocation_pools": [
        {"start": "10.5.0.100", "end": "10.5.0.200"}]}})
    refused(act(router, "add_router_interface", "erin", port_id=chosen["id"]), 400, "BadRequest",
            "out of the allocation pool")
    refused(act(router, "remove_router_interface", "finn", subnet_id=subnet["id"]), 404, "RouterNotFound")


def test_another_port_with_the_gateway_s_address_is_in_the_way(service, act):  # noqa: F811
    network, subnet = service.net(gateway_ip=None)
    service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.1"}])
    assert service.call("PUT", f"/subnets/{subnet['id']}", {"subnet": {
        "allocation_pools": [{"start": "10.1.0.2", "end": "10.1.0.9"}], "gateway_ip": "10.1.0.1"}}).status_int == 200
    router = service.make("router")
    refused(act(router, "add_router_interface", subnet_id=subnet["id"]), 409, "IpAddressAlreadyAllocated")


def test_a_router_s_port_keeps_its_device(service, act):  # noqa: F811
    network, subnet = service.net()
    router = service.make("router")
    port_id = act(router, "add_router_interface", subnet_id=subnet["id"]).json["port_id"]
    path = f"/ports/{port_id}"
    for said in ({"device_id": ""}, {"device_owner": "compute:nova"}, {"device_id": "another"}):
        refused(service.call("PUT", path, {"port": said}), 409, "PortInUse")
    assert service.call("PUT", path, {"port": {"name": "lan", "device_id": router["id"]}}).status_int == 200
    before = service.find(path)
    moved = service.call("PUT", path, {"port": {"fixed_ips": [{"ip_address": "10.1.0.50"}]}}).json["port"]
    assert [each["ip_address"] for each in moved["fixed_ips"]] == ["10.1.0.50"] != before["fixed_ips"]
    foreign, _ = service.net("10.8.0.0/24", "bob")
    claimed = {"network_id": foreign["id"], "device_owner": "network:router_interface", "device_id": router["id"]}
    refused(service.call("POST", "/ports", {"port": claimed}, "bob"), 409, "DeviceIDNotOwnedByTenant")


# ---- routes

def test_routes_lead_to_neighbours(service, act, conf):  # noqa: F811
    _, subnet = service.net()
    router = service.make("router")
    act(router, "add_router_interface", subnet_id=subnet["id"])
    one = {"destination": "10.9.0.0/16", "nexthop": "10.1.0.5"}
    two = {"destination": "10.10.0.0/16", "nexthop": "10.1.0.6"}
    changed = update(service, router, routes=[one]).json["router"]
    assert changed["routes"] == [one]
    for said, words in (({**one, "nexthop": "10.2.0.5"}, "the nexthop is not connected with router"),
                        ({**one, "nexthop": "10.1.0.1"}, "the nexthop is used by router")):
        refused(update(service, router, routes=[said]), 400, "InvalidRoutes", words)
    for said, words in (({**one, "destination": "10.9.0.1/16"}, "'10.9.0.1/16' is not a valid CIDR"),
                        ({**one, "destination": "127.0.0.0/8"}, "is not a routable CIDR"),
                        ({**one, "destination": "10.9.0.0"}, "is not a valid CIDR")):
        refused(update(service, router, routes=[said]), 400, "HTTPBadRequest", words)
    refused(update(service, router, routes=[one, one]), 400, "HTTPBadRequest", "Duplicate hostroute")
    for action in ("add_extraroutes", "add_extraroutes"):
        assert act(router, action, router={"routes": [two]}).json["router"]["routes"] == [one, two]
    assert act(router, "remove_extraroutes", router={"routes": [one, {**one, "nexthop": "10.1.0.9"}]}).json[
        "router"]["routes"] == [two]
    refused(act(router, "remove_router_interface", subnet_id=subnet["id"]), 409, "RouterInterfaceInUseByRoute")
    conf.set_override("quota_router_route", 1, "network")
    refused(act(router, "add_extraroutes", router={"routes": [one]}), 409, "OverQuota", "['router_route']")
    refused(act(router, "add_extraroutes", "carl", router={"routes": [one]}), 403, "PolicyNotAuthorized")
    assert update(service, router, routes=None).json["router"]["routes"] == []
    assert act(router, "remove_router_interface", subnet_id=subnet["id"]).status_int == 200


def test_a_gateway_that_a_route_leads_by_stays(service, public):  # noqa: F811
    network, _ = public
    router = service.make("router", **gateway(network))
    route = {"destination": "10.9.0.0/16", "nexthop": "172.24.4.77"}
    assert update(service, router, routes=[route]).status_int == 200
    refused(update(service, router, external_gateway_info=None), 400, "InvalidRoutes", "not connected")
    assert update(service, router, **gateway(network)).status_int == 200


# ---- revisions and desired state

def test_if_match_guards_routers(service, act):  # noqa: F811
    router = service.make("router")
    _, subnet = service.net()
    for path, said in ((f"/routers/{router['id']}", {"router": {"name": "x"}}),
                       (f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}),
                       (f"/routers/{router['id']}/add_extraroutes", {"router": {"routes": []}})):
        refused(service.call("PUT", path, said, If_Match="revision_number=7"), 412, "RevisionNumberConstraintFailed")
    assert service.call("PUT", f"/routers/{router['id']}", {"router": {"name": "x"}},
                        If_Match="revision_number=1").status_int == 200


def desired(service, router, since=0):  # noqa: F811
    scope = of_router(router["id"])
    change, = service.facade.desired_state.changes("host1", {scope: since}, {})
    assert change.scope == scope
    return change


def test_a_router_s_scope_has_what_a_plane_makes(service, act, public):  # noqa: F811
    network, outer = public
    inner, subnet = service.net(user="alice")
    router = service.make("router", "admin", project_id="pa", **gateway(network, enable_snat=False))
    act(router, "add_router_interface", subnet_id=subnet["id"])
    update(service, router, routes=[{"destination": "10.9.0.0/16", "nexthop": "10.1.0.5"}])
    change = desired(service, router)
    assert (change.revision, change.whole, change.gone) == (3, True, [])
    body, = change.routers
    assert (body.id, body.project_id, body.admin_state_up, body.snat, body.revision) == (
        router["id"], "pa", True, False, 3)
    address, = body.gateway.addresses
    assert (body.gateway.network_id, address.cidr, address.gateway) == (network["id"], "172.24.4.0/24", "172.24.4.1")
    interface, = body.interfaces
    assert (interface.network_id, interface.mtu, [(each.ip, each.cidr) for each in interface.addresses]) == (
        inner["id"], inner["mtu"], [("10.1.0.1", "10.1.0.0/24")])
    assert [(each.destination, each.nexthop) for each in body.routes] == [("10.9.0.0/16", "10.1.0.5")]
    assert desired(service, router, 3).routers == []
    service.call("PUT", f"/networks/{inner['id']}", {"network": {"mtu": 1300}})
    assert desired(service, router, 3).routers[0].interfaces[0].mtu == 1300
    service.make("port", network_id=inner["id"])
    assert desired(service, router).revision == 4, "a port of its network is nothing to a router"
    update(service, router, routes=[])
    act(router, "remove_router_interface", subnet_id=subnet["id"])
    service.call("DELETE", f"/routers/{router['id']}")
    last = desired(service, router, 4)
    assert (last.routers, last.gone, last.revision) == ([], [router["id"]], 7)


def test_who_follows_a_router_learns_of_its_changes(service):  # noqa: F811
    router = service.make("router")
    scope = of_router(router["id"])
    with db.writer() as session:
        desired_state.report(session, "host7", {scope: (1, None)})
    update(service, router, admin_state_up=False)
    with db.reader() as session:
        assert desired_state.stale(session, "host7") == [scope]
        assert desired_state.followers(session, scope) == ["host7"]
