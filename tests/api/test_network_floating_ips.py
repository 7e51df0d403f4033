"""Floating IPs: taken, moved and given back, and what servers show of them."""

import pytest

from nova_lite import db
from nova_lite.db import interfaces
from nova_lite.network.api import API
from nova_lite.objects.desired_router import of_router
from tests.api.test_network_api import NOWHERE, refused
from tests.api.test_network_external import public  # noqa: F401
from tests.network_service import context, service  # noqa: F401


@pytest.fixture
def routed(service, public):  # noqa: F811
    """A project's network that a router connects with the external one: (network, subnet, router)."""
    network, subnet = service.net()
    router = service.make("router", external_gateway_info={"network_id": public[0]["id"]})
    assert service.call("PUT", f"/routers/{router['id']}/add_router_interface", {
        "subnet_id": subnet["id"]}).status_int == 200
    return network, subnet, router


def take(service, public, user="alice", **said):  # noqa: F811
    return service.make("floatingip", user, floating_network_id=public[0]["id"], **said)


def update(service, floating, user="alice", **said):  # noqa: F811
    return service.call("PUT", f"/floatingips/{floating['id']}", {"floatingip": said}, user)


def create(service, public, user="alice", **said):  # noqa: F811
    return service.call("POST", "/floatingips", {"floatingip": {"floating_network_id": public[0]["id"], **said}}, user)


def test_a_floating_ip_is_an_address_of_an_external_network(service, public):  # noqa: F811
    made = take(service, public, description="d", tags=["t"])
    assert made == service.find(f"/floatingips/{made['id']}") == {
        "id": made["id"], "project_id": "pa", "tenant_id": "pa", "description": "d", "tags": ["t"], "status": "DOWN",
        "floating_network_id": public[0]["id"], "floating_ip_address": made["floating_ip_address"], "router_id": None,
        "port_id": None, "fixed_ip_address": None, "port_details": None, "port_forwardings": [], "revision_number": 1,
        "created_at": made["created_at"], "updated_at": made["updated_at"], "dns_name": "",
        "dns_domain": "", "qos_policy_id": None, "qos_network_policy_id": None}
    port, = service.find(f"/ports?device_id={made['id']}", "admin")
    assert (port["device_owner"], port["project_id"], port["status"], port["fixed_ips"]) == (
        "network:floatingip", "", "N/A", [{"subnet_id": public[1]["id"], "ip_address": made["floating_ip_address"]}])
    refused(service.call("DELETE", f"/ports/{port['id']}", user="admin"), 409, "ServicePortInUse",
            "has device owner network:floatingip")
    assert service.find("/ports") == [] == service.find("/floatingips", "bob")
    refused(service.call("GET", f"/floatingips/{made['id']}", user="bob"), 404, "FloatingIPNotFound")
    assert service.call("DELETE", f"/floatingips/{made['id']}").status_int == 204
    assert service.find("/ports", "admin") == []


def test_pools_name_the_external_subnets(service, public):  # noqa: F811
    service.net()
    network, subnet = public
    assert service.find("/floatingip_pools", "bob") == [
        {"subnet_id": subnet["id"], "subnet_name": subnet["name"], "network_id": network["id"],
         "cidr": "172.24.4.0/24", "project_id": "pb", "tenant_id": "pb"}]
    assert service.call("GET", "/floatingip-pools").json == service.call("GET", "/floatingip_pools").json
    assert service.find("/floatingip_pools?fields=cidr") == [{"cidr": "172.24.4.0/24"}]


def test_where_floating_ips_come_from(service, public, conf):  # noqa: F811
    own, _ = service.net()
    refused(service.call("POST", "/floatingips", {"floatingip": {"floating_network_id": own["id"]}}), 400, "BadRequest",
            f"Bad floatingip request: Network {own['id']} is not a valid external network.")
    refused(service.call("POST", "/floatingips", {"floatingip": {"floating_network_id": NOWHERE}}), 404,
            "NetworkNotFound")
    refused(service.call("POST", "/floatingips", {"floatingip": {"floating_network_id": "x"}}), 400, "HTTPBadRequest")
    bare = service.make("network", "admin", **{"router:external": True})
    refused(service.call("POST", "/floatingips", {"floatingip": {"floating_network_id": bare["id"]}}), 400,
            "BadRequest", "does not contain any IPv4 subnet")
    assert take(service, public, subnet_id=public[1]["id"])["floating_ip_address"].startswith("172.24.4.")
    refused(create(service, public, floating_ip_address="172.24.4.9"), 403, "PolicyNotAuthorized",
            "create_floatingip:floating_ip_address")
    chosen = take(service, public, "admin", floating_ip_address="172.24.4.9", project_id="pa")
    assert (chosen["floating_ip_address"], chosen["project_id"]) == ("172.24.4.9", "pa")
    refused(create(service, public, "admin", floating_ip_address="172.24.4.9"), 409, "IpAddressAlreadyAllocated")
    refused(create(service, public, "admin", floating_ip_address="10.9.9.9"), 400, "InvalidIpForNetwork")
    refused(create(service, public, "carl"), 403, "PolicyNotAuthorized", "create_floatingip")
    conf.set_override("quota_floatingip", 2, "network")
    refused(create(service, public), 409, "OverQuota", "['floatingip']")
    assert service.find("/quotas/pa/details")["floatingip"] == {"limit": 2, "used": 2, "reserved": 0}


def test_a_floating_ip_stands_for_a_port_that_a_router_reaches(service, public, routed):  # noqa: F811
    network, subnet, router = routed
    port = service.make("port", network_id=network["id"], name="web")
    fixed = port["fixed_ips"][0]["ip_address"]
    made = take(service, public, port_id=port["id"])
    assert (made["port_id"], made["fixed_ip_address"], made["router_id"], made["status"], made["revision_number"]) == (
        port["id"], fixed, router["id"], "ACTIVE", 1)
    assert made["port_details"] == {
        "name": "web", "network_id": network["id"], "mac_address": port["mac_address"], "admin_state_up": True,
        "status": "DOWN", "device_id": "", "device_owner": ""}
    for query in (f"port_id={port['id']}", f"router_id={router['id']}", f"fixed_ip_address={fixed}", "status=ACTIVE",
                  f"floating_ip_address={made['floating_ip_address']}"):
        assert [each["id"] for each in service.find(f"/floatingips?{query}")] == [made["id"]], query
    second = take(service, public)
    refused(update(service, second, port_id=port["id"]), 409, "FloatingIPPortAlreadyAssociated",
            f"as that fixed IP already has a floating IP on external network {public[0]['id']}.")
    refused(create(service, public, port_id=port["id"]), 409, "FloatingIPPortAlreadyAssociated")
    assert len(service.find("/floatingips")) == 2
    kept = update(service, made, description="x").json["floatingip"]
    assert (kept["port_id"], kept["description"]) == (port["id"], "x")
    other = service.make("port", network_id=network["id"])
    moved = update(service, made, port_id=other["id"]).json["floatingip"]
    assert (moved["port_id"], moved["router_id"]) == (other["id"], router["id"])
    for said in ({"port_id": None}, {}):
        gone = update(service, made, **said).json["floatingip"]
        assert (gone["port_id"], gone["fixed_ip_address"], gone["router_id"], gone["status"]) == (
            None, None, None, "DOWN")
        update(service, made, port_id=other["id"])


def test_which_ports_a_floating_ip_cannot_stand_for(service, public, routed):  # noqa: F811
    network, subnet, router = routed
    made = take(service, public)
    refused(update(service, made, port_id=NOWHERE), 404, "PortNotFound")
    refused(update(service, made, port_id="x"), 400, "HTTPBadRequest", "port_id")
    refused(update(service, made, fixed_ip_address="10.1.0.1"), 400, "BadRequest",
            "fixed_ip_address cannot be specified without a port_id")
    bare = service.make("port", network_id=network["id"], fixed_ips=[])
    refused(update(service, made, port_id=bare["id"]), 400, "BadRequest", "no fixed IPv4 addresses")
    two = service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.20"},
                                                                   {"ip_address": "10.1.0.21"}])
    refused(update(service, made, port_id=two["id"]), 400, "BadRequest", "has multiple fixed IPv4 addresses.  Must")
    refused(update(service, made, port_id=two["id"], fixed_ip_address="10.1.0.22"), 400, "BadRequest",
            f"Port {two['id']} does not have fixed ip 10.1.0.22")
    chosen = update(service, made, port_id=two["id"], fixed_ip_address="10.1.0.21").json["floatingip"]
    assert chosen["fixed_ip_address"] == "10.1.0.21"
    assert take(service, public, port_id=two["id"], fixed_ip_address="10.1.0.20")["fixed_ip_address"] == "10.1.0.20"
    lonely, far = service.net("10.2.0.0/24")
    port = service.make("port", network_id=lonely["id"])
    refused(update(service, made, port_id=port["id"]), 404, "ExternalGatewayForFloatingIPNotFound",
            f"External network {public[0]['id']} is not reachable from subnet {far['id']}.")
    shared = service.make("network", "admin", name="s", shared=True)
    service.make("subnet", "admin", network_id=shared["id"], cidr="10.3.0.0/24", ip_version=4)
    foreign = service.make("port", "bob", network_id=shared["id"])
    refused(update(service, made, port_id=foreign["id"]), 404, "PortNotFound")
    owned, _ = service.net("10.4.0.0/24")
    service.make("rbac_policy", object_type="network", object_id=owned["id"], action="access_as_shared",
                 target_tenant="e" * 32)
    guest = service.make("port", "erin", network_id=owned["id"])
    refused(update(service, made, port_id=guest["id"]), 400, "BadRequest", "owned by a different project")


def test_what_a_floating_ip_needs_stays(service, public, routed):  # noqa: F811
    network, subnet, router = routed
    port = service.make("port", network_id=network["id"])
    made = take(service, public, port_id=port["id"])
    path = f"/routers/{router['id']}"
    refused(service.call("PUT", f"{path}/remove_router_interface", {"subnet_id": subnet["id"]}), 409,
            "RouterInterfaceInUseByFloatingIP", "as it is required by one or more floating IPs.")
    refused(service.call("PUT", path, {"router": {"external_gateway_info": None}}), 409,
            "RouterExternalGatewayInUseByFloatingIp", "required by one or more floating IPs")
    refused(service.call("PUT", f"/ports/{port['id']}", {"port": {"fixed_ips": [{"ip_address": "10.1.0.200"}]}}), 400,
            "BadRequest", "has been associated to a floating ip")
    refused(service.call("DELETE", f"/networks/{public[0]['id']}", user="admin"), 409, "NetworkInUse")
    assert service.call("DELETE", f"/ports/{port['id']}").status_int == 204
    left = service.find(f"/floatingips/{made['id']}")
    assert (left["port_id"], left["status"], left["revision_number"]) == (None, "DOWN", 2)
    assert service.call("PUT", path, {"router": {"external_gateway_info": None}}).status_int == 200
    assert service.call("DELETE", f"/networks/{public[0]['id']}", user="admin").status_int == 204
    refused(service.call("GET", f"/floatingips/{made['id']}"), 404, "FloatingIPNotFound")


def test_unused_floating_ips_go_where_their_network_is_external_no_more(service, public):  # noqa: F811
    take(service, public)
    path = f"/networks/{public[0]['id']}"
    assert service.call("PUT", path, {"network": {"router:external": False}}, "admin").status_int == 200
    assert service.find("/floatingips") == service.find("/ports", "admin") == []


def test_only_operators_take_ports_from_others_floating_ips(service, public, routed):  # noqa: F811
    port = service.make("port", network_id=routed[0]["id"])
    take(service, public, "admin", port_id=port["id"])
    refused(service.call("DELETE", f"/ports/{port['id']}"), 409, "FipAssociated")
    assert service.call("DELETE", f"/ports/{port['id']}", user="admin").status_int == 204


# ---- servers

def shown(service, server_id):  # noqa: F811
    """[(address, type)] in the row, and the auditor's questions about it."""
    network = service.facade.describe([server_id]).get(server_id)
    with db.reader() as session:
        if network:
            assert not interfaces.differ(session, {server_id: network})
            assert not interfaces.shown_otherwise(session, {server_id: network})
    return [(each["addr"], each["type"]) for each in service.row(server_id).addresses]


def test_a_server_shows_its_floating_ips(service, public, routed):  # noqa: F811
    server_id, (nic,) = service.boot([{"uuid": routed[0]["id"]}])
    fixed = nic.addresses[0].ip
    made = take(service, public, port_id=nic.port_id)
    assert shown(service, server_id) == [(fixed, "fixed"), (made["floating_ip_address"], "floating")]
    second, (other,) = service.boot([{"uuid": routed[0]["id"]}])
    update(service, made, port_id=other.port_id)
    assert shown(service, server_id) == [(fixed, "fixed")]
    assert shown(service, second)[1:] == [(made["floating_ip_address"], "floating")]
    assert len(API().describe([second])[second].nics[0].addresses) == 1, "hosts get no floating IPs"
    assert service.call("DELETE", f"/floatingips/{made['id']}").status_int == 204
    assert shown(service, second) == [(other.addresses[0].ip, "fixed")]


def test_a_server_that_goes_lets_go_of_its_floating_ips(service, public, routed):  # noqa: F811
    server_id, (nic,) = service.boot([{"uuid": routed[0]["id"]}])
    made = take(service, public, port_id=nic.port_id)
    service.facade.release(server_id)
    left = service.find(f"/floatingips/{made['id']}")
    assert (left["port_id"], left["router_id"], left["status"]) == (None, None, "DOWN")
    port = service.make("port", network_id=routed[0]["id"])
    server_id, _ = service.boot([{"port": port["id"]}])
    update(service, made, port_id=port["id"])
    service.facade.release(server_id)
    assert service.find(f"/floatingips/{made['id']}")["port_id"] == port["id"], "the port stays, and what stands for it"


def test_an_address_that_a_server_loses_takes_its_floating_ip_along(service, public, routed):  # noqa: F811
    server_id, (nic,) = service.boot([{"uuid": routed[0]["id"]}])
    _, more = service.facade.attachments.add_address(context(), server_id, routed[0]["id"])
    made = take(service, public, port_id=nic.port_id, fixed_ip_address=more)
    service.facade.attachments.remove_address(server_id, nic.port_id, more)
    assert service.find(f"/floatingips/{made['id']}")["port_id"] is None
    assert shown(service, server_id) == [(nic.addresses[0].ip, "fixed")]


# ---- desired state

def test_floating_ips_are_in_their_router_s_scope(service, public, routed):  # noqa: F811
    network, _, router = routed
    scope = of_router(router["id"])

    def changes(since=0):
        return service.facade.desired_state.changes("host1", {scope: since}, {})[0]

    port = service.make("port", network_id=network["id"])
    before = changes().revision
    made = take(service, public, port_id=port["id"])
    change = changes(before)
    body, = change.floating_ips
    keeper, = service.find(f"/ports?device_id={made['id']}", "admin")
    assert (body.id, body.ip, body.fixed_ip, body.port_id, body.router_id, body.network_id, body.mac) == (
        made["id"], made["floating_ip_address"], made["fixed_ip_address"], port["id"], router["id"], public[0]["id"],
        keeper["mac_address"])
    assert (change.routers, change.gone) == ([], []), "the router itself is as before"
    update(service, made, description="nothing of this is a plane's")
    assert changes(change.revision).revision == change.revision
    service.call("DELETE", f"/ports/{port['id']}")
    last = changes(change.revision)
    assert (last.floating_ips, last.gone) == ([], [made["id"]])
    assert changes().whole and changes().floating_ips == []
