"""Gateways that have no address of their subnet, tried with packets.  Needs root, and programs as test_network_host.py
does."""

import json
import uuid

import pytest

from tests.live.namespaces import nic, server
from tests.live.routers import PUBLIC, Router, attached
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures
from tests.live.test_routers import WORLD, well
from tests.live.test_routers import site as world_of  # noqa: F401 - a fixture

OUTSIDE, NET = "192.0.2.1", "10.199.0.0/24"


def ways(guest):
    """A guest's routes: {range or address: next hop, or None}"""
    return {each["dst"]: each.get("gateway") for each in json.loads(guest.run("ip", "-j", "route", "show").stdout)}


def test_guests_reach_everything_by_a_gateway_outside_of_their_range(make, mode, world_of):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host(mode, host_access_ranges=["10.199.0.0/16"])
    world = world_of(host)
    world.serve(80)
    one, two = attached(make, host, *(nic(network, ip, gateway=OUTSIDE, access=True)
                                      for ip in ("10.199.0.17", "10.199.0.18")))
    two.serve(80)
    assert ways(one) == {"default": OUTSIDE, "169.254.169.254": OUTSIDE, OUTSIDE: None, NET: None}
    assert one.pings(OUTSIDE) and one.reaches("10.199.0.18", 80) == {"ping", "tcp", "udp"}
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    metadata = json.loads(one.fetch("http://169.254.169.254/"))
    assert (metadata["network"], metadata["address"]) == (network, "10.199.0.17")
    assert "10.199.0.18" in one.run("busybox", "nslookup", "vm18.novalocal", OUTSIDE).stdout
    assert host.reaches("10.199.0.18", 80) == {"ping", "tcp", "udp"}, "the way in"
    lease = one.run("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "4", "-T", "1", "-r", "10.199.0.17",
                    "-s", "/bin/true", check=False)
    assert "10.199.0.17 obtained from 192.0.2.1" in lease.stderr + lease.stdout, "it is asked again where it is"


def test_a_gateway_moves_out_of_its_range_and_back(make, world_of):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    world = world_of(host)
    world.serve(80)
    one, = attached(make, host, nic(network, "10.199.0.17"))

    def moved(revision, gateway):
        host.ask("network", network={"id": network, "revision": revision, "mtu": 1450, "subnets": [
            {"cidr": NET, "gateway": gateway, "dns": [], "dhcp": True, "host_access": False}]})
        one.run("ip", "addr", "flush", "dev", "eth0")
        assert one.dhcp()["router"] == gateway
        assert one.pings(gateway) and one.reaches(WORLD, 80) and one.fetch("http://169.254.169.254/")
        inside = host.inside(network)
        routes = json.loads(inside.run("ip", "-j", "route", "show", NET).stdout)
        addresses = json.loads(inside.run("ip", "-j", "addr", "show", "dev", "lan").stdout)[0]["addr_info"]
        return [each.get("prefsrc") for each in routes], [(each["local"], each["prefixlen"]) for each in addresses]
    assert moved(2, OUTSIDE) == ([OUTSIDE], [(OUTSIDE, 32)])
    assert moved(3, "198.51.100.9") == (["198.51.100.9"], [("198.51.100.9", 32)])
    host.kill()
    host.start().ask("restore")
    assert one.dhcp()["router"] == "198.51.100.9" and one.pings("198.51.100.9")
    assert moved(4, "10.199.0.1") == (["10.199.0.1"], [("10.199.0.1", 24)])


def test_two_subnets_with_gateways_within_and_without(make, world_of):  # noqa: F811
    """Also where the gateway of one is that of the other."""
    network = str(uuid.uuid4())
    host = make.host()
    world = world_of(host)
    world.serve(80)
    nics = [nic(network, "10.199.0.17"), nic(network, "10.198.0.17", cidr="10.198.0.0/24", gateway="10.199.0.1"),
            nic(network, "10.197.0.17", cidr="10.197.0.0/24", gateway=OUTSIDE)]
    for guest in attached(make, host, *nics):
        assert guest.pings(guest.nic["addresses"][0]["gateway"])
        assert guest.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
        metadata = json.loads(guest.fetch("http://169.254.169.254/"))
        assert metadata["address"] == guest.nic["addresses"][0]["ip"]


@pytest.mark.parametrize("gateway", [OUTSIDE, "172.24.4.1"])
def test_a_router_leaves_by_a_gateway_outside_of_the_external_range(make, world_of, gateway):  # noqa: F811
    inner, public = str(uuid.uuid4()), str(uuid.uuid4())
    host = make.host()
    world = world_of(host)
    world.serve(80)
    one, = attached(make, host, nic(inner, "10.199.0.17"))
    one.serve(4000)
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    router.body["gateway"]["addresses"][0]["gateway"] = gateway
    well(router.apply())
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"} and one.pings(gateway)
    assert host.reaches("172.24.4.20", 4000) == {"ping", "tcp", "udp"}
    assert one.reaches("172.24.4.20", 4000) == {"ping", "tcp", "udp"}
    host.ask("heal")
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    other = "172.24.4.1" if gateway == OUTSIDE else OUTSIDE
    router.body["gateway"]["addresses"][0]["gateway"] = other
    well(router.apply())
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"} and host.reaches("172.24.4.20", 4000)
    assert PUBLIC in host.run("ip", "route", "show").stdout


def test_nothing_is_left_of_such_a_network(make):  # noqa: F811
    host = make.host()
    mine = server(nic(str(uuid.uuid4()), "10.199.0.17", gateway=OUTSIDE))
    host.ask("plug", server=mine)
    host.ask("heal")
    host.ask("unplug", server=mine)
    assert (host.namespaces(), host.bridges(), host.links(), host.dnsmasqs()) == ([], [], [], [])
