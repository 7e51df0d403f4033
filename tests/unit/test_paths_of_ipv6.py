"""The way of packets of IPv6 through a plane: by who announces the subnet, with no translation."""

import pytest

from nova_lite.network.planes import paths
from nova_lite.network.planes.contract import PortState
from nova_lite.network.planes.routing import Routing
from nova_lite.network.planes.state import Port
from nova_lite.objects.desired_router import (
    DesiredFloatingIp,
    DesiredRoute,
    DesiredRouter,
    DesiredRouterAddress,
    DesiredRouterPort,
)
from nova_lite.objects.desired_state import DesiredNetwork, DesiredSubnet

INNER, OTHER, OUTER = "fd00:1::/64", "fd00:2::/64", "2001:db8::/64"


def port(port_id, network_id, *addresses):
    return Port(port_id=port_id, server_id="s", network_id=network_id, bridge="b", tap=f"tap{port_id}", mac="m",
                mtu=1500, hostname="h", addresses=tuple(addresses))


def address(ip, cidr=INNER, gateway="fe80::1", ra_mode="slaac"):
    return {"ip": ip, "cidr": cidr, "gateway": gateway, "ra_mode": ra_mode, "address_mode": ra_mode}


def leg(network_id, *pairs):
    return DesiredRouterPort.make(port_id=network_id, network_id=network_id, mac="m", mtu=1500, addresses=[
        DesiredRouterAddress.make(ip=ip, cidr=cidr, subnet_id="s", gateway=ip) for ip, cidr in pairs])


@pytest.fixture
def routing():
    router = DesiredRouter.make(
        id="r", revision=1, project_id="p", admin_state_up=True, snat=True,
        gateway=leg("outer", ("192.0.2.9", "192.0.2.0/24"), ("2001:db8::9", OUTER)),
        interfaces=[leg("inner", ("10.0.0.1", "10.0.0.0/24")), leg("inner", ("fd00:1::", INNER)),
                    leg("other", ("fd00:2::", OTHER))],
        routes=[DesiredRoute.make(destination="fd00:9::/48", nexthop="fd00:2::8")])
    floating = DesiredFloatingIp.make(id="f", revision=1, router_id="r", network_id="outer", ip="192.0.2.20", mac="m",
                                      fixed_ip="10.0.0.4", port_id="one", forwardings=[])
    return Routing({"r": router}, {"r": {"f": floating}})


def way(routing, to, *own, nat=True):
    ports = [port("one", "inner", *own), port("two", "inner", address("fd00:1::7")),
             port("far", "other", address("fd00:2::7", OTHER))]
    states = {each.port_id: PortState("s", each.network_id, (1, 1), True, "") for each in ports}
    return [tuple(each) for each in paths.way(ports, states, "one", to, nat, routing)][2:]


@pytest.mark.parametrize(("to", "hops"), [
    ("fd00:1::7", [("port", "two")]), ("fd00:1::99", [("nowhere", "fd00:1::99 is no port's here")]),
    ("fd00:2::7", [("gateway", "fe80::1"), ("router", "r"), ("port", "far")]),
    ("fd00:9::1", [("gateway", "fe80::1"), ("router", "r"), ("next_hop", "fd00:2::8")]),
    ("2001:db8:5::1", [("gateway", "fe80::1"), ("router", "r"), ("outside", "2001:db8:5::1")])])
def test_a_router_that_announces_the_subnet_is_the_next_hop(routing, to, hops):
    four = {"ip": "10.0.0.4", "cidr": "10.0.0.0/24", "gateway": "10.0.0.1"}
    assert way(routing, to, four, address("fd00:1::4")) == hops
    assert way(routing, "192.0.2.99", four, address("fd00:1::4"))[2] == ("floating_ip", "192.0.2.20")


def test_a_change_of_a_network_says_who_announces_its_subnets(routing):
    mine = port("one", "inner", address("fd00:1::4", gateway="fd00:1::1", ra_mode=None) | {"subnet_id": "s"})
    network = DesiredNetwork.make(id="inner", revision=1, mtu=1500, routers=["r"], subnets=[DesiredSubnet.make(
        id="s", cidr=INNER, gateway="fd00:1::1", dns=[], dhcp=True, host_access=False, ra_mode="dhcpv6-stateless",
        address_mode="dhcpv6-stateless")])
    changed, = mine.within(network).addresses
    assert (changed["ra_mode"], changed["address_mode"]) == ("dhcpv6-stateless",) * 2
    assert [way(routing, "fd00:9::1", each)[-1][0] for each in (mine.addresses[0], changed)] == ["nowhere", "next_hop"]


def test_a_gateway_that_no_router_has_leads_to_none(routing):
    mine = address("fd00:1::4", gateway="fd00:1::1", ra_mode=None)
    assert way(routing, "fd00:2::7", mine) == [
        ("gateway", "fd00:1::1"), ("nowhere", "no router passes IPv6 on from here")]
    mine["gateway"] = "fd00:1::"
    assert way(routing, "fd00:2::7", mine)[1] == ("router", "r")


def test_a_gateway_of_an_external_network_leads_outside(routing):
    mine = address("fd00:1::4", gateway="fd00:1::1", ra_mode=None)
    routing.routers["r"].gateway = leg("inner", ("fd00:1::9", INNER))
    assert way(routing, "fd00:7::7", mine) == [("gateway", "fd00:1::1"), ("outside", "fd00:7::7")]


def test_a_port_sends_with_addresses_that_it_has(routing):
    assert way(routing, "198.51.100.7", address("fd00:1::4")) == [("nowhere", "the port has no IPv4 address")]
    routing.routers["r"].gateway = leg("outer", ("192.0.2.9", "192.0.2.0/24"))
    assert way(routing, "2001:db8:5::1", address("fd00:1::4"))[-1] == (
        "nowhere", "the gateway of router r has no IPv6 address")
