"""Where a host's gateways are, what its routers translate, and which connections that ends."""

import ipaddress

import pytest

from nova_lite.network.planes.linux.layout import Forwarding, Layout
from nova_lite.network.planes.linux.translations import Connection, is_current
from nova_lite.network.planes.routing import Routing
from nova_lite.network.planes.state import Port, Segment
from nova_lite.objects.desired_router import (
    DesiredFloatingIp,
    DesiredPortForwarding,
    DesiredRoute,
    DesiredRouter,
    DesiredRouterAddress,
    DesiredRouterPort,
)

TRANSIT = ipaddress.ip_network("169.254.64.0/18")


def port(number, network, gateway="10.0.0.1", cidr="10.0.0.0/24", access=False):
    ip = str(ipaddress.ip_network(cidr)[number])
    return Port(port_id=f"p{number}", server_id="s", network_id=network, bridge="b", tap=f"t{number}", mac="m",
                mtu=1500, hostname="h", addresses=({"ip": ip, "cidr": cidr, "gateway": gateway, "dns": [], "dhcp": True,
                                          "subnet_id": cidr, "host_access": access},))


def end(name, network, ip, cidr, gateway=None, mtu=1450):
    return DesiredRouterPort.make(port_id=name, network_id=network, mac="m", mtu=mtu, addresses=[
        DesiredRouterAddress.make(ip=ip, cidr=cidr, subnet_id=cidr, gateway=gateway)])


def routing(*interfaces, snat=True, floating=()):
    body = DesiredRouter.make(
        id="R1", revision=1, project_id="p", admin_state_up=True, snat=snat, interfaces=list(interfaces),
        gateway=end("gw", "public", "172.24.4.10", "172.24.4.0/24", "172.24.4.1"),
        routes=[DesiredRoute.make(destination="10.9.0.0/16", nexthop="10.0.0.7")])
    return Routing({"R1": body}, {"R1": {each.id: each for each in floating}})


def floating(ip, fixed=None, *forwardings):
    return DesiredFloatingIp.make(id=ip, revision=1, router_id="R1", network_id="public", ip=ip, mac="m",
                                  fixed_ip=fixed, port_id=fixed, forwardings=[DesiredPortForwarding.make(
                                      id="f", protocol="tcp", external_first=first, external_last=last, ip=to,
                                      port_id="p", internal_first=to_first, internal_last=to_last)
                                      for first, last, to, to_first, to_last in forwardings])


def laid_out(ports, known):
    segments = {}
    for each in ports:
        segments.setdefault(each.network_id, []).append(each)
    return Layout([Segment(key, tuple(some)) for key, some in segments.items()], known, {})


def test_a_gateway_s_address_is_where_its_router_is_and_others_are_at_home():
    both = [port(4, "n"), port(5, "n", "10.1.0.1", "10.1.0.0/24")]
    layout = laid_out(both, routing(end("leg", "n", "10.0.0.1", "10.0.0.0/24")))
    assert set(layout.segments) == {"n", "public"} and layout.segments["n"].mtu == 1450
    assert layout.own("n").gateways == ("10.1.0.1/24",) and [each.port_id for each in layout.own("n").ports] == ["p5"]
    (router, leg, segment), = layout.seats("n")
    assert (router.id, leg.addresses, segment.gateways) == ("R1", ("10.0.0.1/24",), ("10.0.0.1/24",))
    assert [each.port_id for each in segment.ports] == ["p4"]
    assert layout.own("public").gateways == ("172.24.4.1/24",) and layout.seats("public") == []
    assert layout.own("public").access([]) == ("172.24.4.0/24",), "floating IPs are there for the host as well"


def test_a_router_at_another_address_is_no_gateway_and_one_without_ports_here_is_not_there():
    layout = laid_out([port(4, "n")], routing(end("leg", "n", "10.0.0.9", "10.0.0.0/24")))
    assert layout.own("n").gateways == ("10.0.0.1/24",) and layout.seats("n") == [] and set(layout.routers) == {"R1"}
    assert laid_out([port(4, "m")], routing(end("leg", "n", "10.0.0.1", "10.0.0.0/24"))).routers == {}


def test_the_host_reaches_by_a_router_what_it_reached_without():
    layout = laid_out([port(4, "n", access=True)], routing(end("leg", "n", "10.0.0.1", "10.0.0.0/24")))
    assert layout.access("R1", ["10.0.0.0/8"]) == ("10.0.0.0/24",) and layout.access("R1", []) == ()


ONE, TWO, WORLD = "10.0.0.4", "10.0.0.5", "192.0.2.1"
FIRST, SECOND, GATEWAY = "172.24.4.20", "172.24.4.21", "172.24.4.10"


@pytest.mark.parametrize(("connection", "snat", "stays"), [
    (Connection(WORLD, FIRST, 22, WORLD, ONE, 22, "tcp"), True, True),
    (Connection(WORLD, FIRST, 22, WORLD, TWO, 22, "tcp"), True, False),
    (Connection(WORLD, SECOND, 22, WORLD, ONE, 22, "tcp"), True, False),
    (Connection(ONE, WORLD, 22, FIRST, WORLD, 22, "tcp"), True, True),
    (Connection(TWO, WORLD, 22, FIRST, WORLD, 22, "tcp"), True, False),
    (Connection(TWO, WORLD, 22, GATEWAY, WORLD, 22, "tcp"), True, True),
    (Connection(TWO, WORLD, 22, GATEWAY, WORLD, 22, "tcp"), False, False),
    (Connection(TWO, WORLD, 22, "172.24.4.11", WORLD, 22, "tcp"), True, False),
    (Connection(TWO, FIRST, 22, GATEWAY, ONE, 22, "tcp"), False, True),
    (Connection(ONE, TWO, 22, ONE, TWO, 22, "tcp"), True, True),
    (Connection("169.254.64.2", ONE, 22, "10.0.0.1", ONE, 22, "tcp"), True, True),
    (Connection(WORLD, SECOND, 8001, WORLD, TWO, 80, "tcp"), True, True),
    (Connection(WORLD, SECOND, 8001, WORLD, TWO, 80, "udp"), True, False),
    (Connection(WORLD, SECOND, 8003, WORLD, TWO, 80, "tcp"), True, False)])
def test_a_connection_stays_while_it_would_be_translated_the_same_way(connection, snat, stays):
    known = routing(end("leg", "n", "10.0.0.1", "10.0.0.0/24"), snat=snat, floating=[
        floating(FIRST, ONE), floating(SECOND, None, (8000, 8002, TWO, 80, 80))])
    router, = laid_out([port(4, "n")], known).routers.values()
    assert router.floating == (FIRST, SECOND)
    assert router.forwardings == (Forwarding(SECOND, "tcp", 8000, 8002, TWO, 80, 80),)
    assert is_current(connection, router, TRANSIT) is stays
