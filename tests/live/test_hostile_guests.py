"""What guests and tenants try against others, their gateways and their hosts, with packets.  Needs root, and programs
as test_network_host.py does."""

import ipaddress
import struct
import uuid

import pytest

from nova_lite.network.planes.linux import bridge, parts
from tests.clouds import until
from tests.live import frames
from tests.live.namespaces import Namespace, nic
from tests.live.routers import Router, attached, ports_of
from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures
from tests.live.test_port_attributes import arrives
from tests.live.test_routers import WORLD, well
from tests.live.test_routers import site as world_of  # noqa: F401 - a fixture
from tests.live.test_security_groups import OUT, Site, net, site  # noqa: F401 - fixtures

ONE, TWO, GATEWAY = "10.199.0.11", "10.199.0.12", "10.199.0.1"
EVERYTHING = [{"direction": "ingress", "ethertype": each} for each in ("IPv4", "IPv6")]
_DECLINE, _RELEASE = 4, 7


def new():
    return str(uuid.uuid4())


def dhcp(kind, mac, ip):
    """A client's message (RFC 2131) about the address of a MAC, to the network's gateway."""
    packed = {name: ipaddress.ip_address(each).packed for name, each in (("ip", ip), ("server", GATEWAY))}
    head = struct.pack("!BBBBIHH", 1, 1, 6, 0, 7, 0, 0) + (packed["ip"] if kind == _RELEASE else bytes(4)) + bytes(12)
    options = bytes([53, 1, kind, 50, 4]) + packed["ip"] + bytes([54, 4]) + packed["server"] + b"\xff"
    hardware = bytes.fromhex(mac.replace(":", "")) + bytes(10)
    return head + hardware + bytes(64 + 128) + b"\x63\x82\x53\x63" + options


def cut_in_two(frame, first):
    """The fragments of an IPv4 frame.  :param first: bytes behind the IP header in the first, a multiple of 8."""
    head, content = frame[:34], frame[34:]
    return [_with_fragment(head, content[:first], 0x2000), _with_fragment(head, content[first:], first // 8)]


def _with_fragment(head, content, flags):
    ip = bytearray(head[14:])
    ip[2:4], ip[6:8], ip[10:12] = struct.pack("!H", 20 + len(content)), struct.pack("!H", flags), b"\0\0"
    ip[10:12] = struct.pack("!H", frames.checksum(bytes(ip)))
    return head[:14] + bytes(ip) + content


@pytest.mark.parametrize(("script", "believed"), [("", False), ("permissive", True)])
def test_a_guest_does_not_refuse_anothers_address(make, script, believed):  # noqa: F811
    """dnsmasq takes an address that its guest refuses for one that is in use, and gives it to nobody for minutes."""
    network = new()
    host = make.host(script=script)
    one, two = attached(make, host, nic(network, ONE), nic(network, TWO))
    mac, victim = one.nic["mac"], two.nic["mac"]
    gateway = bridge.gateway_mac(network)
    sender = one.frames()
    for source, target, receiver in (("0.0.0.0", "255.255.255.255", frames.ALL), (ONE, GATEWAY, gateway)):
        for kind in (_DECLINE, _RELEASE):
            whole = frames.udp4(mac, receiver, source, target, (68, 67), dhcp(kind, victim, TWO))
            sender.send(whole, *cut_in_two(whole, 8), *cut_in_two(whole, 32))
    sender.received()
    two.run("ip", "addr", "flush", "dev", "eth0")
    assert (two.dhcp() is None) == believed, "without anti-spoofing it would be: the control"
    assert one.dhcp()["ip"] == ONE


def test_a_gateway_takes_no_frames_with_tags(site, net):  # noqa: F811
    """The kernel takes one with VLAN 0 for one without, behind rules that look for IP at its usual place."""
    one = site.plug("free", net, ONE, groups=[], secured=False)
    mac, gateway = one.nic["mac"], bridge.gateway_mac(net)
    ask = frames.arp(mac, frames.ALL, mac, ONE, GATEWAY)

    def answers(*some):
        sender = one.frames()
        sender.send(*some)
        own, asked = (bytes.fromhex(each.replace(":", "")) for each in (mac, gateway))
        return [each for each in sender.received() if (each[:6], each[6:12]) == (own, asked)]
    one.run("ip", "neigh", "flush", "all")
    assert answers(ask), "the control"
    for kind in (b"\x81\0\0\0", b"\x88\xa8\0\0", b"\x81\0\0\0\x81\0\0\0"):
        assert answers(ask[:12] + kind + ask[12:]) == []


def test_a_dhcp_answer_does_not_come_by_way_of_the_gateway(site, net):  # noqa: F811
    free, victim = site.plug("free", net, ONE, groups=[], secured=False), site.plug("b", net, TWO)
    site.rules("b", *OUT, *EVERYTHING)
    gateway = bridge.gateway_mac(net)
    out, into = free.frames(), victim.frames()
    out.send(frames.udp4(free.nic["mac"], gateway, ONE, TWO, (67, 68), b"rogue" * 5),
             frames.udp4(free.nic["mac"], gateway, ONE, TWO, (67, 69), b"right" * 5))
    out.received()
    came = into.received()
    assert any(b"right" in each for each in came) and not any(b"rogue" in each for each in came)


def test_a_router_takes_each_source_from_its_own_network_alone(make):  # noqa: F811
    """Else a guest would be seen under the floating IP, or let in by the groups, of another network's guest."""
    nets, host = [new() for _ in range(3)], make.host()
    free = nic(nets[0], "10.199.0.17", port_security_enabled=False)
    one, two, three = attached(make, host, free, *(
        port for number, network in ((198, nets[1]), (197, nets[2]))
        for port in ports_of(network, f"10.{number}.0.17", cidr=f"10.{number}.0.0/24")))
    router = Router(host)
    for number, network in zip((199, 198, 197), nets, strict=True):
        router.join(network, f"10.{number}.0.0/24")
    well(router.apply())
    leg = router.body["interfaces"][0]["mac"]
    out, into = one.frames(), three.frames()
    for source, word in (("10.199.0.17", b"own"), ("10.9.9.9", b"far"), ("10.198.0.17", b"stolen")):
        out.send(frames.udp4(one.nic["mac"], leg, source, "10.197.0.17", (5, 6), word * 8))
    out.received()
    came = into.received()
    assert [any(word * 8 in each for each in came) for word in (b"own", b"far", b"stolen")] == [True, True, False]
    two.serve(80)
    three.serve(80)
    assert one.reaches("10.198.0.17", 80) == two.reaches("10.197.0.17", 80) == {"ping", "tcp", "udp"}


def test_nobody_goes_out_untranslated_by_an_address_of_other_networks(make, world_of):  # noqa: F811
    """Where all routers meet it is another project's, or somebody's in the world; and the host's is shown as a
    gateway's."""
    mine, theirs, public = new(), new(), new()
    host = make.host()
    world_of(host)
    free = nic(mine, "10.199.0.17", port_security_enabled=False)
    one, two = attached(make, host, free, *ports_of(theirs, "10.198.0.17", cidr="10.198.0.0/24"))
    first = Router(host, public).join(mine)
    first.body["snat"] = False
    second = Router(host, public, "172.24.4.11").join(theirs, "10.198.0.0/24").float("172.24.4.20", "10.198.0.17")
    for each in (first, second):
        well(each.apply())
    own, leg = "10.199.0.17", first.body["interfaces"][0]["mac"]
    out, into = one.frames(), two.frames()
    for source in ("10.198.0.5", "10.198.0.17", "172.24.4.1", "9.9.9.9", host.transit(public)[0], own):
        out.send(frames.udp4(one.nic["mac"], leg, source, "172.24.4.20", (5, 6), b"who is it" * 3))
    out.received()
    assert {ipaddress.ip_address(each[26:30]) for each in into.received() if b"who is it" in each} == {
        ipaddress.ip_address(own)}


def test_extra_routes_take_the_place_of_no_network_of_the_router(make, world_of):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    world = world_of(host)
    world.serve(80)
    one, two = attached(make, host, *ports_of(inner, "10.199.0.17", "10.199.0.18"))
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    well(router.apply())
    transit, _ = host.transit(router.id)
    router.body["routes"] = [{"destination": each, "nexthop": "10.199.0.18"} for each in (
        "10.199.0.0/24", "172.24.4.0/24", f"{transit}/31", "169.254.169.254/32", "224.0.0.0/4")]
    well(router.apply())

    def whole():
        return (one.reaches(WORLD, 80) == {"ping", "tcp", "udp"} and host.pings("172.24.4.20")
                and one.fetch("http://169.254.169.254/") and one.dhcp())
    assert whole()
    router.body["routes"] = []
    well(router.apply())
    assert whole(), "and nothing went with them"


def test_hosts_have_no_way_to_the_external_network_of_a_project(make, world_of):  # noqa: F811
    """Its range may be that of anything that the host needs."""
    inner, public = new(), new()
    host = make.host(reachable_ranges=["172.26.0.2/32"])
    world = world_of(host)
    world.serve(80)
    one, = attached(make, host, *ports_of(inner, "10.199.0.17"))
    host.run("ip", "route", "add", "default", "via", "172.26.0.2")
    world.run("ip", "addr", "add", "172.24.4.20/32", "dev", "lo")
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    router.body["gateway"]["addresses"][0]["host_access"] = False
    well(router.apply())
    assert "172.24.4.0/24" not in host.run("ip", "route", "show").stdout
    assert host.asks("tcp", "172.24.4.20", 80) == "172.26.0.1", "the world has it still"
    assert one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    outside = Namespace("", parts.Parts(parts.cloud_of(host.state_dir), public).namespace)
    one.serve(4000)
    assert outside.asks("tcp", "172.24.4.20", 4000) == "172.24.4.1", "guests of its routers reach it"


def test_fragments_do_not_pass_rules_that_whole_packets_do_not(site, net):  # noqa: F811
    one, two = site.plug("a", net, ONE), site.plug("b", net, TWO)
    mac, other = one.nic["mac"], two.nic["mac"]
    right, wrong = (frames.udp4(mac, other, ONE, TWO, (5, port), word * 8) for port, word in ((80, b"right"),
                                                                                         (81, b"wrong")))
    for stateful in (True, False):
        site.rules("a", *OUT, *EVERYTHING, stateful=stateful)
        site.rules("b", *OUT, {"direction": "ingress", "protocol": "udp", "port_min": 80, "port_max": 80},
                   stateful=stateful)
        out, into = one.frames(), two.frames()
        out.send(*cut_in_two(right, 8), *cut_in_two(wrong, 8), *cut_in_two(wrong, 16),
                 frames.udp4(mac, other, ONE, TWO, (9, 80), b"the last one"))
        out.received()
        came = into.received()
        assert any(b"the last one" in each for each in came) and not any(b"wrong" in each for each in came), stateful
        assert any(b"right" in each for each in came) == stateful, "a part alone is of no port"


def test_what_a_port_may_not_send_does_not_come_by_pairs_of_others(site, net):  # noqa: F811
    """Pairs of one port are its own: nobody else gets them, and they give it nobody else's place."""
    one, two = site.plug("a", net, ONE), site.plug("b", net, TWO)
    for name in "ab":
        site.rules(name, *OUT, *EVERYTHING)
    mac, other = one.nic["mac"], two.nic["mac"]
    site.change(one, allowed_pairs=[f"{mac},0.0.0.0/0", f"{mac},::/0"])
    assert arrives(two, one, frames.udp4(other, mac, "10.50.0.1", ONE, (5, 1)),
                   frames.arp(other, mac, other, "10.50.0.1", ONE), frames.udp4(mac, mac, ONE, ONE, (5, 2))) == []
    site.change(two, allowed_pairs=[f"{mac},{TWO}"])
    out, into = two.frames(), one.frames()
    out.send(*(frames.udp4(mac, frames.ALL, source, "10.199.0.255", (5, port), word * 8) for port, source, word in (
        (3, TWO, b"right"), (4, ONE, b"wrong"), (5, TWO, b"the last"))))
    out.received()
    came = into.received()
    assert [any(word * 8 in each for each in came) for word in (b"right", b"wrong", b"the last")] == [True, False, True]


def test_a_port_that_goes_leaves_no_connection_of_its_pairs_to_the_next(site, net):  # noqa: F811
    one, two = site.plug("a", net, ONE), site.plug("b", net, TWO)
    shared = "10.199.0.50"
    for name in "ab":
        site.rules(name, *OUT, *EVERYTHING)
    site.change(one, allowed_pairs=[f"{one.nic['mac']},10.199.0.48/28"])
    one.run("ip", "addr", "add", f"{shared}/24", "dev", "eth0")
    one.echo(81)
    held = two.hold(shared, 81)
    assert held.works() and site.connections(f"dst={shared} ")
    three = site.plug("c", net, "10.199.0.13", allowed_pairs=["fa:16:3e:00:00:77,10.199.0.50"])
    site.rules("c", *OUT)
    site.host.ask("unplug", server=one.owner)
    assert not site.connections(f"dst={shared} "), "its groups let none in"
    assert three.pings(GATEWAY)


@pytest.mark.parametrize("routed", [True, False])
def test_a_guest_makes_its_gateway_look_for_few_neighbours_at_once(make, routed):  # noqa: F811
    """The machine has one table of them for all, and for itself."""
    near, far = new(), new()
    host = make.host()
    one, two = attached(make, host, *ports_of(near, "10.199.0.17"), *ports_of(far, "10.64.0.17", cidr="10.64.0.0/16"))
    router = Router(host).join(near).join(far, "10.64.0.0/16", gateway="10.64.0.1")
    if routed:
        well(router.apply())
    gateway = router.body["interfaces"][0]["mac"] if routed else bridge.gateway_mac(near)
    inside, target = host.inside(router.id if routed else near), "10.64.{}.{}" if routed else "10.199.0.{1}"
    out = one.frames()
    out.send(*(frames.udp4(one.nic["mac"], gateway, "10.199.0.17", target.format(1 + each // 200, 20 + each % 200),
                           (5, 6)) for each in range(700 if routed else 200)))
    out.received()
    looked_for = [each for each in inside.run("ip", "neigh", "show", "nud", "all").stdout.splitlines()
                  if "INCOMPLETE" in each or "FAILED" in each]
    assert (400 if routed else 150) < len(looked_for) <= 512
    two.serve(80)
    if routed:
        until("others are found again", lambda: one.asks("tcp", "10.64.0.17", 80), 10)
    assert host.ask("inspect")[0]["altered"] == []


def test_a_guest_without_port_security_has_a_bridge_remember_few_macs(site, net):  # noqa: F811
    one, _two = site.plug("free", net, ONE, groups=[], secured=False), site.plug("b", net, TWO)
    site.rules("b", *OUT, *EVERYTHING)
    out = one.frames()
    out.send(*(frames.udp4(f"06:00:00:00:{each >> 8:02x}:{each & 255:02x}", frames.ALL, ONE, "10.199.0.255", (5, 6))
               for each in range(3000)))
    out.received()
    seen = site.host.run("bridge", "fdb", "show", "br", "nlb" + net[:11]).stdout.count("06:00:00:00")
    assert 900 < seen <= 1024
    assert one.pings(TWO), "by the MAC that it had before"
    assert site.host.ask("inspect")[0]["altered"] == []
