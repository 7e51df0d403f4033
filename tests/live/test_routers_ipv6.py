"""Routers of a host that pass IPv6, tried with packets.  Needs root, and programs as test_network_host.py does."""

import itertools
import json

import pytest

from nova_lite.common import ipv6
from tests.clouds import until
from tests.live import frames
from tests.live.namespaces import Namespace, server
from tests.live.routers import Router, port
from tests.live.talking import serving6, talking
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures
from tests.live.test_network_ipv6 import METADATA, RANGE, dual, has_own, of6, plugged, usable_link_local, use
from tests.live.test_routers import STRIDE, killed, made, new, well

FAR, OUTER, OUTER_GATEWAY = "fd00:2::/64", "fd00:9::/64", "fd00:9::"       # as Neutron chooses it
WORLD = "fd00:77::7"


def other(network, last, mode=ipv6.SLAAC, cidr=FAR, **more):  # noqa: F811
    """A NIC of an IPv6 subnet alone."""
    made = dual(network, last, mode, cidr, **more)
    del made["addresses"][0]
    return made


class SixRouter(Router):
    """A Router with IPv6 interfaces, and a gateway of it where it has one."""

    def __init__(self, host, public=None, ip="fd00:9::10", gateway=OUTER_GATEWAY, four="172.24.4.10"):
        super().__init__(host, public, four)
        if public:
            self.body["gateway"]["addresses"].append({"ip": ip, "cidr": OUTER, "gateway": gateway})

    def join6(self, network, cidr=RANGE, ip=None):
        ip = ip or cidr.partition("/")[0]
        self.body["interfaces"].append(port(network, ip, cidr, cidr.partition("/")[0]))
        return self


def joined(guest, router, network):
    """Until a guest's way out is this router; returns the router's link-local address there."""
    leg, = [each for each in router.body["interfaces"] if each["network_id"] == network and ":" in each["addresses"][0][
        "ip"]]
    local = str(ipv6.link_local(leg["mac"]))
    until("the router announces itself", lambda: guest.routes6().get("default") == local, 20)
    return local


@pytest.fixture
def world(make):  # noqa: F811
    """``world(host)`` is a machine behind a host that passes IPv6 on, which knows the way to guests."""
    worlds = []

    def built(host):
        found = Namespace("nlw")
        worlds.append(found)
        host.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        host.link(found, "172.26.0.1/24", "172.26.0.2/24", "uplink")
        for each, ip in ((host, "fd00:26::1/64"), (found, "fd00:26::2/64")):
            each.run("ip", "-6", "addr", "add", ip, "dev", "uplink", "nodad")
        found.run("ip", "-6", "addr", "add", f"{WORLD}/128", "dev", "lo")
        found.run("ip", "-6", "route", "add", "fd00::/29", "via", "fd00:26::1")
        host.run("ip", "-6", "route", "add", f"{WORLD}/128", "via", "fd00:26::2")
        return found
    yield built
    for each in worlds:
        each.remove()


def test_guests_of_two_networks_meet_by_a_router_and_keep_dhcp_names_and_metadata(make, mode):  # noqa: F811
    one, two = new(), new()
    host = make.host(mode)
    first, second = plugged(make, host, dual(one, 17, ipv6.SLAAC), other(two, 18, ipv6.STATEFUL))
    has_own(first)
    usable_link_local(second)
    use(second, second.dhcp6()["address"])
    second.serve(4000)
    assert first.reaches(of6(second)[0], 4000) == set()
    router = SixRouter(host).join6(one).join6(two, FAR)
    well(router.apply())
    for guest, network in ((first, one), (second, two)):
        local = joined(guest, router, network)
        assert local in guest.solicit()
        until("metadata is where the router is", lambda guest=guest: guest.fetch(METADATA), 10)
        metadata = json.loads(guest.fetch(METADATA))
        assert (metadata["network"], metadata["address"]) == (network, guest.nic["addresses"][0]["ip"])
    assert first.reaches(of6(second)[0], 4000) == {"ping", "tcp", "udp"}
    assert first.asks("tcp", of6(second)[0], 4000) == of6(first)[0], "without translation"
    assert second.dhcp6()["address"] == "fd00:2::18"
    assert "fd00:2::18" in second.run("busybox", "nslookup", "-type=aaaa", "vm18.novalocal", "fd00:2::").stdout
    assert first.dhcp()["ip"] == "10.199.0.17", "IPv4 stays where it was"
    host.ask("heal")
    assert first.reaches(of6(second)[0], 4000) == {"ping", "tcp", "udp"}
    well(router.delete())
    assert first.reaches(of6(second)[0], 4000) == set()
    until("metadata is at home again", lambda: first.fetch(METADATA), 15)
    assert host.ask("strays")[0] == []


def test_what_is_behind_routers_is_reached_from_outside_and_goes_out(make, mode, world):  # noqa: F811
    inner, public = new(), new()
    host = make.host(mode)
    beyond = world(host)
    beyond.serve(80)
    one, = plugged(make, host, dual(inner, 17, ipv6.SLAAC))
    has_own(one)
    one.serve(4000)
    router = SixRouter(host, public).join6(inner)
    well(router.apply())
    joined(one, router, inner)
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    assert one.asks("tcp", WORLD, 80) == of6(one)[0], "without translation"
    assert beyond.reaches(of6(one)[0], 4000) == {"ping", "tcp", "udp"}
    assert host.reaches(of6(one)[0], 4000) == {"ping", "tcp", "udp"}
    assert one.pings(OUTER_GATEWAY)
    host.kill()
    host.start().ask("restore")
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    router.body["admin_state_up"] = False
    well(router.apply())
    assert one.reaches(WORLD, 80) == set() and beyond.reaches(of6(one)[0], 4000) == set()
    router.body |= {"admin_state_up": True, "gateway": None}
    well(router.apply())
    assert one.reaches(WORLD, 80) == set() and beyond.reaches(of6(one)[0], 4000) == set()
    assert host.ask("strays")[0] == []


def test_the_host_passes_nothing_on_that_does_not_anyway(make, world):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    beyond = world(host)
    beyond.serve(80)
    host.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=0")
    one, = plugged(make, host, dual(inner, 17, ipv6.SLAAC))
    has_own(one)
    router = SixRouter(host, public).join6(inner)
    well(router.apply())
    joined(one, router, inner)
    assert one.reaches(WORLD, 80) == set() and one.pings(OUTER_GATEWAY)
    host.ask("heal")
    assert host.run("sysctl", "-n", "net.ipv6.conf.all.forwarding").stdout.strip() == "0"


def test_guests_reach_nothing_of_the_host_or_its_networks(make, world):  # noqa: F811
    inner, public = new(), new()
    host = make.host(protected_ranges=["fd00:78::/64"], reachable_ranges=["fd00:26::2/128"])
    beyond = world(host)
    for ip in ("fd00:26::3", "fd00:78::1"):
        beyond.run("ip", "-6", "addr", "add", f"{ip}/128", "dev", "lo")
    host.run("ip", "-6", "route", "add", "fd00:78::/64", "via", "fd00:26::2")
    host.run("ip", "-6", "addr", "add", "fd00:76::1/64", "dev", "lo")
    for each in (host, beyond):
        each.serve(22, 53, 5672)
    one, = plugged(make, host, dual(inner, 17, ipv6.SLAAC))
    has_own(one)
    router = SixRouter(host, public).join6(inner)
    well(router.apply())
    local = joined(one, router, inner)
    ours = [each for name in (router.id, public) for each in host.link6(name)]
    for each in (router.id, public):
        host.inside(each).serve(22, 5672)
    assert beyond.reaches("fd00:26::1", 22) == {"ping", "tcp", "udp"}, "the control"
    assert one.reaches("fd00:26::2", 22) == {"ping", "tcp", "udp"}
    addresses = ["fd00:26::1", "fd00:76::1", "fd00:26::3", "fd00:78::1", *ours, f"{local}%eth0", "fd00:1::",
                 OUTER_GATEWAY, "fd00:9::10", "fe80::a9fe:a9fe%eth0"]
    answers = {key for key in one.scan(addresses, (22, 53, 5672)) if key[0] != "ping"}
    assert answers == set()
    pinged = {address for kind, address, _ in one.scan(addresses, (22,)) if kind == "ping"}
    assert pinged <= {"fd00:1::", f"{local}%eth0", OUTER_GATEWAY, "fd00:9::10", "fe80::a9fe:a9fe%eth0"}


def test_ranges_of_two_tenants_that_overlap_are_known_to_nobody(make):  # noqa: F811
    mine, theirs, far, public = new(), new(), new(), new()
    host = make.host()
    one, two, three = plugged(make, host, dual(mine, 17, ipv6.SLAAC), dual(theirs, 18, ipv6.SLAAC),
                              other(far, 19, ipv6.SLAAC))
    for each in (one, two, three):
        has_own(each)
        each.serve(4000)
    routers = [SixRouter(host, public, f"fd00:9::{number}", four=f"172.24.4.{number}") for number in (10, 11, 12)]
    for router, network, cidr, guest in zip(routers, (mine, theirs, far), (RANGE, RANGE, FAR), (one, two, three),
                                            strict=True):
        well(router.join6(network, cidr).apply())
        joined(guest, router, network)
    assert host.reaches(of6(three)[0], 4000) == {"ping", "tcp", "udp"}
    assert host.reaches(of6(one)[0], 4000) == host.reaches(of6(two)[0], 4000) == set()
    assert one.reaches(of6(two)[0], 4000) == set()
    well(routers[1].delete())
    assert host.reaches(of6(one)[0], 4000) == {"ping", "tcp", "udp"}
    assert one.reaches(of6(three)[0], 4000) == {"ping", "tcp", "udp"}, "by two routers"


@pytest.mark.parametrize("gateway", ["fe80::1", "fd00:98::1"])
def test_a_router_leaves_by_a_gateway_outside_of_the_external_range(make, world, gateway):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    beyond = world(host)
    beyond.serve(80)
    one, = plugged(make, host, dual(inner, 17, ipv6.SLAAC))
    has_own(one)
    router = SixRouter(host, public, gateway=gateway).join6(inner)
    well(router.apply())
    joined(one, router, inner)
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}


def test_extra_routes_of_ipv6_lead_to_other_routers(make):  # noqa: F811
    near, middle, far = new(), new(), new()
    host = make.host()
    one, two = plugged(make, host, dual(near, 17, ipv6.SLAAC), other(far, 18, ipv6.SLAAC))
    first = SixRouter(host).join6(near).join6(middle, "fd00:3::/64", "fd00:3::1")
    second = SixRouter(host).join6(far, FAR).join6(middle, "fd00:3::/64", "fd00:3::2")
    for each in (first, second):
        well(each.apply())
    two.serve(4000)
    for guest, router, network in ((one, first, near), (two, second, far)):
        has_own(guest)
        joined(guest, router, network)
    first.body["routes"] = [{"destination": FAR, "nexthop": "fd00:3::2"}]
    second.body["routes"] = [{"destination": RANGE, "nexthop": "fd00:3::1"}]
    for each in (first, second):
        well(each.apply())
    assert one.reaches(of6(two)[0], 4000) == {"ping", "tcp", "udp"}
    host.ask("heal")
    assert one.reaches(of6(two)[0], 4000) == {"ping", "tcp", "udp"}
    first.body["routes"] = []
    well(first.apply())
    assert one.reaches(of6(two)[0], 4000) == set()


def test_a_restart_keeps_connections_that_a_router_passes(make):  # noqa: F811
    one, two = new(), new()
    host = make.host()
    first, second = plugged(make, host, dual(one, 17, ipv6.SLAAC), other(two, 18))
    router = SixRouter(host).join6(one).join6(two, FAR)
    well(router.apply())
    for guest, network in ((first, one), (second, two)):
        has_own(guest)
        joined(guest, router, network)
    with serving6(second, 5000), talking(first, of6(second)[0], 5000) as say:
        assert say("a") == "a"
        host.kill()
        host.start()
        host.ask("restore")
        assert say("b") == "b"
        host.ask("heal")
        assert say("c") == "c"
        well(router.delete())
        assert say("d") == ""


def shape6(host):
    """Everything of a host's network that is there, and its addresses and routes of IPv6 but those that MACs make."""
    inside = [host.inside(each.rpartition("nova_lite_")[2].partition("-")[2]) for each in host.namespaces()]

    def words(namespace, *what):
        said = namespace.run("ip", "-6", *what).stdout.split()
        return sorted(each for each in said if each.startswith(("fd", "default", "fe80::a9fe")))
    return made(host), [words(each, *what) for each in (host, *inside) for what in (("addr",), ("route",))]


@pytest.mark.parametrize("first", range(3, STRIDE + 3, 3))
def test_a_router_that_was_killed_at_any_step_is_completed_or_gone(make, first):  # noqa: F811
    inner, far, public = new(), new(), new()
    host = make.host(host_access_ranges=["fd00:1::/64"])
    mine = server(dual(inner, 17, ipv6.SLAAC, access=True))
    host.ask("plug", server=mine)
    router = SixRouter(host, public).join6(inner).join6(far, FAR)
    router.body["routes"] = [{"destination": "fd00:5::/64", "nexthop": "fd00:2::5"}]
    without = made(host)
    well(router.apply())
    whole = shape6(host)
    steps = 0
    for step in itertools.count(first, STRIDE):
        well(router.delete())
        coming = killed(host, step, router.apply)
        well(router.apply())
        assert shape6(host) == whole, f"killed at change {step} while the router came"
        going = killed(host, step, router.delete)
        well(router.delete())
        assert made(host) == without, f"killed at change {step} while it went"
        if not coming and not going:
            break
        host.kill()
        host.start()
        host.ask("restore")
        steps += coming + going
    assert steps > 40 / STRIDE, "it was killed at that many steps"


def test_a_router_takes_each_source_from_its_own_network_alone(make):  # noqa: F811
    nets, host = [new() for _ in range(3)], make.host()
    one, two, three = plugged(make, host, other(nets[0], 17, cidr="fd00:a::/64") | {"port_security_enabled": False},
                              other(nets[1], 18, cidr="fd00:b::/64"), other(nets[2], 19, cidr="fd00:c::/64"))
    router = SixRouter(host)
    for network, cidr in zip(nets, ("fd00:a::/64", "fd00:b::/64", "fd00:c::/64"), strict=True):
        router.join6(network, cidr)
    well(router.apply())
    for guest, network in zip((one, two, three), nets, strict=True):
        has_own(guest)
        joined(guest, router, network)
    leg, target = router.body["interfaces"][0]["mac"], of6(three)[0]
    out, into = one.frames(), three.frames()
    for source, port_number in ((of6(one)[0], 7), ("fd00:d::1", 8), (of6(two)[0], 9)):
        out.send(frames.udp6(one.nic["mac"], leg, source, target, (port_number, port_number)))
    out.received()
    came = [each[54:56] for each in into.received() if each[20:21] == b"\x11"]
    assert sorted(came) == [b"\0\7", b"\0\x08"]


def test_nobody_is_seen_outside_by_an_address_of_other_networks(make, world):  # noqa: F811
    """Where all routers meet it is another project's, whose guests let it in, or somebody's in the world."""
    mine, theirs, public = new(), new(), new()
    host = make.host()
    beyond = world(host)
    one, two = plugged(make, host, dual(mine, 17, ipv6.SLAAC) | {"port_security_enabled": False}, other(theirs, 18))
    first, second = (SixRouter(host, public, f"fd00:9::{number}", four=f"172.24.4.{number}").join6(network, cidr)
                     for number, network, cidr in ((10, mine, RANGE), (11, theirs, FAR)))
    for guest, router, network in ((one, first, mine), (two, second, theirs)):
        well(router.apply())
        has_own(guest)
        joined(guest, router, network)
    leg, own = first.body["interfaces"][0]["mac"], of6(one)[0]
    first.body["routes"] = [{"destination": "2001:db8::/64", "nexthop": own}]
    well(first.apply())
    false = [of6(two)[0], "fd00:2::5", OUTER_GATEWAY, "fd00:26::2", "2001:db8::1", str(ipv6.LINKS[5])]
    for guest, target in ((two, of6(two)[0]), (beyond, WORLD)):
        out, into = one.frames(), guest.frames("eth0" if guest is two else "uplink")
        for source in (*false, own):
            out.send(frames.udp6(one.nic["mac"], leg, source, target, (7, 7)))
        out.received()
        assert one.pings(target)
        assert {frames.sender6(each) for each in into.received() if each[20:21] == b"\x11"} == {own}


def test_nobody_is_seen_as_the_gateway_by_the_address_of_the_host(make):  # noqa: F811
    """What comes from the host is shown to guests as their gateway's, whom their groups may let in."""
    mine, theirs = new(), new()
    host = make.host()
    one, two = plugged(make, host, dual(mine, 17, ipv6.SLAAC) | {"port_security_enabled": False},
                       dual(theirs, 18, ipv6.SLAAC, FAR))
    one.dhcp(), two.dhcp()
    router = SixRouter(host).join6(mine).join6(theirs, FAR)
    well(router.apply())
    for guest, network in ((one, mine), (two, theirs)):
        has_own(guest)
        joined(guest, router, network)
    out, into = one.frames(), two.frames()
    leg = router.body["interfaces"][0]["mac"]
    for source in (str(ipv6.LINKS[5]), of6(one)[0]):
        out.send(frames.udp6(one.nic["mac"], leg, source, of6(two)[0], (7, 7)))
    out.received()
    assert one.pings(of6(two)[0])
    assert {frames.sender6(each) for each in into.received() if each[20:21] == b"\x11"} == {of6(one)[0]}


def test_extra_routes_take_the_place_of_no_network_of_the_router(make):  # noqa: F811
    inner, public = new(), new()
    host = make.host(host_access_ranges=[RANGE])
    one, two = plugged(make, host, dual(inner, 17, ipv6.SLAAC, access=True), dual(inner, 18, ipv6.SLAAC, access=True))
    router = SixRouter(host, public).join6(inner)
    well(router.apply())
    for each in (one, two):
        has_own(each)
        joined(each, router, inner)
    router.body["routes"] = [{"destination": each, "nexthop": of6(two)[0]} for each in (
        RANGE, OUTER, "fe80::/64", "fd6e:6c69:7465::/48")]
    well(router.apply())
    assert one.pings(OUTER_GATEWAY) and host.pings(of6(one)[0]) and one.fetch(METADATA)
    router.body["routes"] = []
    well(router.apply())
    assert one.pings(OUTER_GATEWAY) and host.pings(of6(one)[0]) and one.fetch(METADATA)
    router.body["interfaces"] = []
    well(router.apply())
    assert host.pings(of6(one)[0]), "as without a router"


def test_hosts_have_no_way_to_the_external_network_of_a_project(make, world):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    world(host).serve(80)
    one, = plugged(make, host, dual(inner, 17, ipv6.SLAAC))
    has_own(one)
    router = SixRouter(host, public).join6(inner)
    for each in router.body["gateway"]["addresses"]:
        each["host_access"] = False
    well(router.apply())
    joined(one, router, inner)
    routes = host.run("ip", "-6", "route", "show").stdout
    assert OUTER not in routes and RANGE not in routes
    assert one.pings(OUTER_GATEWAY) and one.reaches(WORLD, 80) == set()
