"""Routers on IPv6 subnets: interfaces with several of them, gateways, routes, and no floating IPs."""

import ipaddress

import pytest

from nova_lite.objects.desired_router import of_router
from tests.api.test_network_api import refused
from tests.api.test_network_external import public  # noqa: F401
from tests.api.test_network_ipv6_subnets import modes, subnet
from tests.api.test_network_routers import act, gateway, ports, update  # noqa: F401
from tests.network_service import service  # noqa: F401

ADD, REMOVE = "add_router_interface", "remove_router_interface"


@pytest.fixture
def inner(service):  # noqa: F811
    """(network, IPv4 subnet, two IPv6 subnets)"""
    network, four = service.net()
    return network, four, [subnet(service, network, f"fd00:{number}::/64", **modes("slaac")) for number in (1, 2)]


def ips(port):
    return {each["subnet_id"]: each["ip_address"] for each in port["fixed_ips"]}


def test_one_port_of_a_router_has_all_ipv6_subnets_of_a_network(service, inner, act):  # noqa: F811
    network, four, (one, two) = inner
    router = service.make("router")
    added = [act(router, ADD, subnet_id=each["id"]) for each in (four, one, two)]
    assert [each.status_int for each in added] == [200] * 3
    first, second, third = (each.json for each in added)
    assert first["port_id"] != second["port_id"] == third["port_id"]
    assert (third["subnet_id"], third["subnet_ids"], third["network_id"]) == (two["id"], [two["id"]], network["id"])
    assert {each["id"]: ips(each) for each in ports(service, router)} == {
        first["port_id"]: {four["id"]: "10.1.0.1"}, second["port_id"]: {one["id"]: "fd00:1::", two["id"]: "fd00:2::"}}
    shown = service.find(f"/routers/{router['id']}")
    assert shown["revision_number"] == router["revision_number"] + 3
    refused(act(router, ADD, subnet_id=two["id"]), 400, "BadRequest", "Router already has a port on subnet")
    [desired] = service.facade.desired_state.changes("host1", {of_router(router["id"]): 0}, {})
    legs = {each.port_id: {one.ip: one.cidr for one in each.addresses} for each in desired.routers[0].interfaces}
    assert legs[second["port_id"]] == {"fd00:1::": "fd00:1::/64", "fd00:2::": "fd00:2::/64"}


def test_a_subnet_leaves_a_port_that_has_others(service, inner, act):  # noqa: F811
    network, four, (one, two) = inner
    router = service.make("router")
    port_id = [act(router, ADD, subnet_id=each["id"]).json["port_id"] for each in (one, two)][0]
    gone = act(router, REMOVE, subnet_id=one["id"]).json
    assert (gone["port_id"], gone["subnet_id"], gone["subnet_ids"]) == (port_id, one["id"], [one["id"]])
    assert ips(service.find(f"/ports/{port_id}")) == {two["id"]: "fd00:2::"}
    refused(act(router, REMOVE, subnet_id=one["id"]), 404, "RouterInterfaceNotFoundForSubnet", one["id"])
    assert act(router, ADD, subnet_id=one["id"]).status_int == 200
    both = act(router, REMOVE, port_id=port_id).json
    assert set(both["subnet_ids"]) == {one["id"], two["id"]} and ports(service, router) == []
    assert act(router, ADD, subnet_id=two["id"]).status_int == 200
    assert act(router, REMOVE, subnet_id=two["id"]).status_int == 200 and ports(service, router) == []


def test_a_port_with_several_subnets_becomes_an_interface(service, inner, act):  # noqa: F811
    network, four, (one, two) = inner
    router = service.make("router")
    port = service.make("port", network_id=network["id"])
    assert set(ips(port)) == {four["id"], one["id"], two["id"]}
    added = act(router, ADD, port_id=port["id"]).json
    assert set(added["subnet_ids"]) == set(ips(port))
    beside = subnet(service, network, "fd00:3::/64")
    port = service.make("port", network_id=network["id"], fixed_ips=[{"subnet_id": beside["id"]}])
    refused(act(router, ADD, port_id=port["id"]), 400, "BadRequest", (
        f"Router already contains IPv6 port {added['port_id']} belonging to network id {network['id']}. Only one IPv6 "
        f"port from the same network subnet can be connected to a router"))
    other = service.make("router")
    more = service.make("subnet", network_id=network["id"], cidr="10.2.0.0/24", ip_version=4)
    port = service.make("port", network_id=network["id"], fixed_ips=[{"subnet_id": four["id"]},
                                                                     {"subnet_id": more["id"]}])
    refused(act(other, ADD, port_id=port["id"]), 400, "BadRequest", "Cannot have multiple IPv4 subnets on router port")


def test_an_interface_gets_no_automatic_addresses_and_keeps_its_subnets(service, inner, act):  # noqa: F811
    network, four, (one, two) = inner
    router = service.make("router")
    port_id = act(router, ADD, subnet_id=one["id"]).json["port_id"]
    subnet(service, network, "fd00:4::/64", **modes("slaac"))
    assert ips(service.find(f"/ports/{port_id}")) == {one["id"]: "fd00:1::"}
    guest = service.make("port", network_id=network["id"])
    refused(service.call("DELETE", f"/subnets/{one['id']}"), 409, "SubnetInUse", one["id"])
    assert one["id"] in ips(service.find(f"/ports/{guest['id']}")), "nothing of it is done"
    wanted = {"fixed_ips": [{"subnet_id": one["id"]}]}
    other = service.call("PUT", f"/ports/{port_id}", {"port": wanted}).json["port"]
    assert ips(other) == {one["id"]: "fd00:1::"}


@pytest.mark.parametrize(("said", "kind", "text"), [
    ({"gateway_ip": None}, "BadRequest", "must have a gateway IP"),
    ({"gateway_ip": "fe80::1"}, "InvalidIpForSubnet", "fe80::1"),
    ({"ipv6_address_mode": "slaac"}, "BadRequest", "to receive RAs from an external router cannot be added")])
def test_what_has_another_router_gets_no_interface(service, act, said, kind, text):  # noqa: F811
    router, network = service.make("router"), service.make("network")
    made = subnet(service, network, "fd00:7::/64", **said)
    refused(act(router, ADD, subnet_id=made["id"]), 400, kind, text)
    assert ports(service, router) == []


def test_an_announced_mode_alone_goes_with_a_router(service, act):  # noqa: F811
    router, network = service.make("router"), service.make("network")
    made = subnet(service, network, "fd00:7::/64", ipv6_ra_mode="slaac")
    assert act(router, ADD, subnet_id=made["id"]).status_int == 200
    outer = subnet(service, network, "fd00:8::/64", ipv6_address_mode="dhcpv6-stateful")
    port = service.make("port", network_id=network["id"], fixed_ips=[{"subnet_id": outer["id"]}])
    refused(act(service.make("router"), ADD, port_id=port["id"]), 400, "BadRequest", "from an external router")


def test_an_address_that_a_port_has_is_no_interface_s(service, act):  # noqa: F811
    router, network = service.make("router"), service.make("network")
    made = subnet(service, network, "fd00:7::/64", gateway_ip="fd00:7::f816:3eff:fe00:1", **modes("slaac"))
    service.make("port", network_id=network["id"], mac_address="fa:16:3e:00:00:01")
    refused(act(router, ADD, subnet_id=made["id"]), 409, "IpAddressAlreadyAllocated", "fd00:7::f816:3eff:fe00:1")
    service.make("port", network_id=network["id"], mac_address="fa:16:3e:00:00:02")


def test_a_mac_that_makes_an_interface_s_address_is_no_port_s(service, act):  # noqa: F811
    router, network = service.make("router"), service.make("network")
    made = subnet(service, network, "fd00:7::/64", gateway_ip="fd00:7::f816:3eff:fe00:1", **modes("slaac"))
    assert act(router, ADD, subnet_id=made["id"]).status_int == 200
    body = {"port": {"network_id": network["id"], "mac_address": "fa:16:3e:00:00:01"}}
    refused(service.call("POST", "/ports", body), 409, "IpAddressAlreadyAllocated", "fd00:7::f816:3eff:fe00:1")
    assert len(service.find("/ports")) == 1


def test_overlapping_ranges_of_two_networks_do_not_meet_at_a_router(service, inner, act):  # noqa: F811
    router, network = service.make("router"), service.make("network")
    assert act(router, ADD, subnet_id=inner[2][0]["id"]).status_int == 200
    made = subnet(service, network, "fd00:1::/48")
    refused(act(router, ADD, subnet_id=made["id"]), 400, "BadRequest", "overlaps with cidr fd00:1::/64")


# ---- gateways, routes and floating IPs

def test_a_gateway_has_an_address_of_each_version(service, public):  # noqa: F811
    network, four = public
    old = service.make("router", **gateway(network))
    six = subnet(service, network, "2001:db8:1::/64", "admin")

    def outer(router):
        return ips({"fixed_ips": service.find(f"/routers/{router['id']}")["external_gateway_info"][
            "external_fixed_ips"]})
    new = service.make("router", **gateway(network))
    for router in (old, new):
        assert set(outer(router)) == {four["id"], six["id"]}
        assert ipaddress.ip_address(outer(router)[six["id"]]) in ipaddress.ip_network("2001:db8:1::/64")
    assert service.find(f"/routers/{old['id']}")["revision_number"] == old["revision_number"] + 1
    before = outer(old)
    subnet(service, network, "2001:db8:2::/64", "admin")
    assert outer(old) == before, "one of each version is enough"
    automatic = subnet(service, network, "2001:db8:3::/64", "admin", **modes("slaac"))
    port, = ports(service, old)
    assert outer(old) == before | {automatic["id"]: ips(port)[automatic["id"]]}
    assert ":f816:" in ips(port)[automatic["id"]] or "ff:fe" in ips(port)[automatic["id"]]
    six_only = update(service, new, "admin", **gateway(network, external_fixed_ips=[
        {"ip_address": "2001:DB8:1::0077"}])).json["router"]
    assert ips({"fixed_ips": six_only["external_gateway_info"]["external_fixed_ips"]}) == {
        six["id"]: "2001:db8:1::77", automatic["id"]: outer(new)[automatic["id"]]}
    refused(update(service, new, "admin", **gateway(network, external_fixed_ips=[
        {"ip_address": "2001:db8:1::0"}])), 400, "BadRequest", "is the same as the gateway IP")


def test_routes_of_routers_and_their_next_hops(service, inner, act):  # noqa: F811
    router = service.make("router")
    assert act(router, ADD, subnet_id=inner[2][0]["id"]).status_int == 200
    route = {"destination": "FD00:99::/48", "nexthop": "FD00:1::0009"}
    shown = update(service, router, routes=[route]).json["router"]["routes"]
    assert shown == [{"destination": "fd00:99::/48", "nexthop": "fd00:1::9"}]
    refused(update(service, router, routes=[route, shown[0]]), 400, "HTTPBadRequest", "Duplicate hostroute")
    refused(update(service, router, routes=[route | {"nexthop": "fd00:5::9"}]), 400, "InvalidRoutes",
            "the nexthop is not connected with router")
    refused(update(service, router, routes=[route | {"nexthop": "fd00:1::"}]), 400, "InvalidRoutes",
            "the nexthop is used by router")
    refused(act(router, REMOVE, subnet_id=inner[2][0]["id"]), 409, "RouterInterfaceInUseByRoute", "required by")
    added = act(router, "add_extraroutes", router={"routes": [route, {"destination": "fd00:98::/64",
                                                                     "nexthop": "fd00:1::8"}]}).json["router"]
    assert len(added["routes"]) == 2
    assert act(router, "remove_extraroutes", router={"routes": [route]}).json["router"]["routes"] == added["routes"][1:]


def test_floating_ips_are_of_ipv4(service, public, inner, act):  # noqa: F811
    network, four = public
    six = subnet(service, network, "2001:db8:1::/64", "admin")
    router = service.make("router", **gateway(network))
    for each in (inner[1], inner[2][0]):
        assert act(router, ADD, subnet_id=each["id"]).status_int == 200
    floating = service.make("floatingip", floating_network_id=network["id"])
    assert floating["floating_ip_address"].startswith("172.24.4.")
    port = service.make("port", network_id=inner[0]["id"])
    put = f"/floatingips/{floating['id']}"
    inner_six = ips(port)[inner[2][0]["id"]]
    refused(service.call("PUT", put, {"floatingip": {"port_id": port["id"], "fixed_ip_address": inner_six}}), 400,
            "BadRequest", f"Cannot process floating IP association with {inner_six}, since that is not an IPv4 address")
    done = service.call("PUT", put, {"floatingip": {"port_id": port["id"]}}).json["floatingip"]
    assert done["fixed_ip_address"] == ips(port)[inner[1]["id"]], "the only one of IPv4"
    alone = service.make("port", network_id=inner[0]["id"], fixed_ips=[])
    body = {"floatingip": {"floating_network_id": network["id"], "port_id": alone["id"]}}
    refused(service.call("POST", "/floatingips", body), 400, "BadRequest", "that has no fixed IPv4 addresses")
    body = {"floatingip": {"floating_network_id": network["id"], "subnet_id": six["id"]}}
    refused(service.call("POST", "/floatingips", body), 400, "ExternalIpAddressExhausted",
            f"Unable to find any IP address on external network {network['id']}.")
    body = {"port_forwarding": {"internal_port_id": alone["id"], "protocol": "tcp", "external_port": 2222,
                                "internal_port": 22}}
    other = service.make("floatingip", floating_network_id=network["id"])
    refused(service.call("POST", f"/floatingips/{other['id']}/port_forwardings", body), 400, "BadRequest",
            "must allocate an IPv4 address at least.")
    only_six = service.make("network", "admin", **{"router:external": True})
    subnet(service, only_six, "2001:db8:9::/64", "admin")
    refused(service.call("POST", "/floatingips", {"floatingip": {"floating_network_id": only_six["id"]}}), 400,
            "BadRequest", f"Network {only_six['id']} does not contain any IPv4 subnet")
    assert {each["id"] for each in service.find("/floatingips")} == {floating["id"], other["id"]}
