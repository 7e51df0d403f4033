"""Ports that are switched off, and allowed address pairs, checked by packets between guests that are namespaces.  Needs
root, and the programs of test_network_host.
"""

import json
import uuid

import pytest

from tests.clouds import until
from tests.live import frames
from tests.live.namespaces import nic, server
from tests.live.routers import Router, attached
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures
from tests.live.test_routers import well
from tests.live.test_security_groups import OUT, Site, net, site, tcp  # noqa: F401 - fixtures
from tests.live.test_spoofed_frames import _core, _six

ONE, TWO, SHARED = "10.199.0.11", "10.199.0.12", "10.199.0.50"
OTHER_MAC = "00:00:5e:00:01:07"
EVERYTHING = [{"direction": "ingress", "ethertype": each} for each in ("IPv4", "IPv6")]


def pair(guest_nic, *texts, mac=None):
    return [f"{mac or guest_nic['mac']},{each}" for each in texts]


@pytest.fixture
def guests(site, net):  # noqa: F811
    """Guests "a" and "b", which may send and receive everything."""
    found = [site.plug(name, net, ip, more_addresses=[_six(six)]) for name, ip, six in (
        ("a", ONE, "fd00::11"), ("b", TWO, "fd00::12"))]
    for name in "ab":
        site.rules(name, *OUT, *EVERYTHING)
    return found


def arrives(sender, receiver, *some):
    """Which of some frames arrive, by their number; a right one is sent last, so that none is on its way still."""
    out, into = sender.frames(), receiver.frames()
    last = frames.udp4(sender.nic["mac"], receiver.nic["mac"], sender.ip, receiver.ip, (9, 9), b"the last one")
    out.send(*(part for each in some for part in getattr(each, "parts", [each])), last)
    out.received()
    came = [_core(each) for each in into.received()]
    assert _core(last) in came
    return [number for number, each in enumerate(some) if any(_core(part) in came for part in (
        [*each.parts, each.whole] if isinstance(each, frames.Fragments) else [each]))]


# ---- ports that are switched off

@pytest.mark.parametrize("secured", [True, False])
def test_a_port_that_is_switched_off_carries_nothing(site, net, secured):  # noqa: F811
    one = site.plug("a", net, ONE, secured=secured, groups=["a"] if secured else [])
    two = site.plug("b", net, TWO)
    for name in "ab":
        site.rules(name, *OUT, *EVERYTHING)
    one.echo(81)
    two.echo(81)
    out, into = one.hold(TWO, 81), two.hold(ONE, 81)
    assert out.works() and into.works() and one.fetch("http://169.254.169.254/")
    site.change(one, admin_state_up=False)
    assert one.reaches(TWO, 80) == two.reaches(ONE, 80) == set()
    assert not one.pings("10.199.0.1") and one.fetch("http://169.254.169.254/") is None and one.dhcp() is None
    assert two.pings("10.199.0.1"), "the other port is as it was"
    seen, shown = two.frames(), one.frames()
    shown.send(frames.arp(one.nic["mac"], frames.ALL, one.nic["mac"], ONE, TWO),
               frames.ethernet(one.nic["mac"], frames.ALL, 0x88B5, b"anything"))
    seen.send(frames.udp4(two.nic["mac"], frames.ALL, TWO, "10.199.0.255", (5, 6), b"to all"))
    assert shown.received() == []
    assert [each for each in seen.received() if each[6:12] == bytes.fromhex(one.nic["mac"].replace(":", ""))] == []
    site.change(one, admin_state_up=True)
    assert one.reaches(TWO, 80) == two.reaches(ONE, 80) == {"ping", "tcp", "udp"}
    assert one.fetch("http://169.254.169.254/") and one.dhcp()["ip"] == ONE


def test_a_port_that_is_plugged_switched_off_gets_on_when_it_is_switched_on(site, net):  # noqa: F811
    one = site.plug("a", net, ONE, admin_state_up=False)
    site.rules("a", *OUT)
    assert one.dhcp() is None and not one.pings("10.199.0.1")
    site.host.kill()
    site.host.start().ask("restore")
    assert one.dhcp() is None
    site.change(one, admin_state_up=True)
    assert one.dhcp()["ip"] == ONE and one.pings("10.199.0.1")


def test_connections_that_rules_end_while_a_port_is_off_are_not_open_when_it_is_on(site, guests):  # noqa: F811
    one, two = guests
    two.echo(81)
    site.rules("b", *OUT, tcp(81))
    held = one.hold(TWO, 81)
    assert held.works()
    site.change(two, admin_state_up=False)
    site.rules("b", *OUT)
    site.change(two, admin_state_up=True)
    assert not held.works() and not site.connections("dport=81 ")


# ---- allowed address pairs

def test_an_address_of_a_pair_passes_both_ways_while_it_is_allowed(site, guests):  # noqa: F811
    one, two = guests
    one.run("ip", "addr", "add", f"{SHARED}/24", "dev", "eth0")
    assert two.reaches(SHARED, 80) == set(), "the control"
    site.change(one, allowed_pairs=pair(one.nic, SHARED))
    assert two.reaches(SHARED, 80) == {"ping", "tcp", "udp"} and two.asks("tcp", SHARED, 80) == TWO
    assert one.reaches(TWO, 80) == {"ping", "tcp", "udp"}, "its own is as it was"
    one.echo(81)
    held, own = two.hold(SHARED, 81), two.hold(ONE, 81)
    assert held.works() and own.works()
    # The other guest takes it over, as by VRRP.
    site.change(two, allowed_pairs=pair(two.nic, SHARED))
    one.run("ip", "addr", "del", f"{SHARED}/24", "dev", "eth0")
    two.run("ip", "addr", "add", f"{SHARED}/24", "dev", "eth0")
    one.run("ip", "neigh", "flush", "all")
    assert one.reaches(SHARED, 80) == {"ping", "tcp", "udp"}
    site.change(two, allowed_pairs=[])
    assert one.reaches(SHARED, 80) == set()
    site.change(one, allowed_pairs=[])
    assert own.works() and not site.connections(f"src={SHARED} "), "nothing is left of its connections"


def test_ranges_and_macs_of_pairs_pass_and_nothing_beside_them(site, guests):  # noqa: F811
    one, two = guests
    mac, other = one.nic["mac"], two.nic["mac"]
    site.change(one, allowed_pairs=[*pair(one.nic, "10.50.0.0/16", "10.50.7.0/24", "10.199.0.50", "fd00:5::/64"),
                                    f"{OTHER_MAC},10.60.0.0/30", f"{OTHER_MAC},fd00:6::1"])
    lied = "fe80::200:5eff:fe00:107"
    right = [
        frames.udp4(mac, other, "10.50.1.2", TWO, (5, 1)), frames.udp4(mac, other, "10.199.0.50", TWO, (5, 2)),
        frames.udp4(OTHER_MAC, other, "10.60.0.3", TWO, (5, 3)),
        frames.arp(mac, other, mac, "10.50.255.255", TWO, code=2),
        frames.arp(OTHER_MAC, other, OTHER_MAC, "10.60.0.1", TWO, code=2),
        frames.echo6(mac, other, "fd00:5::77", "fd00::12"), frames.echo6(OTHER_MAC, other, "fd00:6::1", "fd00::12"),
        frames.echo6(OTHER_MAC, other, lied, "fd00::12"),
        frames.neighbour(mac, "fd00:5::1", "fd00:5::9"), frames.neighbour(mac, "fd00:5::1", "fd00::11"),
        frames.neighbour(OTHER_MAC, lied, lied)]
    wrong = [
        frames.udp4(mac, other, "10.51.0.1", TWO, (6, 1)), frames.udp4(mac, other, "10.60.0.1", TWO, (6, 2)),
        frames.udp4(OTHER_MAC, other, "10.60.0.4", TWO, (6, 3)), frames.udp4(OTHER_MAC, other, ONE, TWO, (6, 4)),
        frames.udp4("fa:16:3e:00:00:99", other, "10.50.0.1", TWO, (6, 5)),
        frames.arp(mac, other, mac, "10.199.0.1", TWO, code=2), frames.arp(mac, other, mac, "10.60.0.1", TWO, code=2),
        frames.echo6(mac, other, "fd00:6::1", "fd00::12"), frames.echo6(mac, other, lied, "fd00::12"),
        frames.neighbour(mac, "fd00:5::1", "fd00:7::1"),
        frames.Fragments(frames.neighbour(mac, "fd00:5::1", "fd00::1"))]
    assert arrives(one, two, *right, *wrong) == list(range(len(right)))
    to_them = [frames.udp4(other, each, TWO, "10.60.0.1", (7, 1)) for each in (OTHER_MAC, "fa:16:3e:12:34:56")]
    assert arrives(two, one, *to_them) == [0], "its pairs' MACs are its own, too"


@pytest.mark.parametrize("every", [["0.0.0.0/0", "::/0"], ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"]])
def test_every_address_is_no_dhcp_server_no_router_and_nobody_elses_metadata(site, guests, every):  # noqa: F811
    one, two = guests
    mac, other = one.nic["mac"], two.nic["mac"]
    site.change(one, allowed_pairs=pair(one.nic, *every))
    local = "fe80::1"
    assert arrives(
        one, two, frames.udp4(mac, other, "8.8.8.8", TWO, (5, 1)), frames.echo6(mac, other, "2001:db8::1", "fd00::12"),
        frames.neighbour(mac, local, "fd00::1"), frames.udp4(mac, other, "10.199.0.1", TWO, (67, 68)),
        frames.udp6(mac, other, local, "fd00::12", (547, 546)), frames.advertised_router(mac, local),
        frames.udp4("fa:16:3e:00:00:99", other, "10.50.0.1", TWO, (6, 5)),
        frames.Fragments(frames.advertised_router(mac, local))) == [0, 1, 2]
    assert json.loads(one.fetch("http://169.254.169.254/"))["address"] == ONE
    one.run("ip", "addr", "flush", "dev", "eth0")
    assert one.dhcp()["ip"] == ONE
    one.address(f"{TWO}/24", "10.199.0.1")
    two.run("ip", "link", "set", "eth0", "down")
    assert one.pings("10.199.0.1"), "the control: it may be another's address"
    assert one.fetch("http://169.254.169.254/") is None


def test_a_port_without_port_security_asks_for_its_own_metadata_alone(site, net):  # noqa: F811
    free = site.plug("free", net, ONE, groups=[], secured=False)
    assert json.loads(free.fetch("http://169.254.169.254/"))["address"] == ONE
    free.address(f"{TWO}/24", "10.199.0.1")
    assert free.pings("10.199.0.1") and free.fetch("http://169.254.169.254/") is None


def test_pairs_of_two_ports_may_overlap(site, guests):  # noqa: F811
    one, two = guests
    for each in (one, two):
        site.change(each, allowed_pairs=pair(each.nic, "10.50.0.0/16", "10.50.7.0/24", ONE, "10.199.0.0/24"))
    site.change(two, allowed_pairs=pair(two.nic, "10.0.0.0/8"))
    mac, other = one.nic["mac"], two.nic["mac"]
    assert arrives(two, one, frames.udp4(other, mac, "10.77.0.1", ONE, (5, 1))) == [0]
    site.change(one, allowed_pairs=[])
    assert arrives(one, two, frames.udp4(mac, other, "10.50.0.1", TWO, (5, 1))) == []


def test_pairs_of_stateless_groups_are_not_followed(site, net):  # noqa: F811
    ranges = ["10.199.0.32/27"]
    one, two = (site.plug(name, net, ip) for name, ip in (("a", ONE), ("b", TWO)))
    site.rules("a", *OUT, *EVERYTHING, stateful=False)
    site.rules("b", *OUT, tcp(80), stateful=True)
    site.change(one, allowed_pairs=pair(one.nic, *ranges))
    one.run("ip", "addr", "add", f"{SHARED}/24", "dev", "eth0")
    seen = one.run("curl", "-s", "--interface", SHARED, "-m", "2", "--http0.9", f"http://{TWO}:80/", check=False)
    assert seen.stdout == SHARED
    assert two.reaches(SHARED, 80) == {"ping", "tcp", "udp"}, "answers come in, for its own side is followed"
    assert site.connections(f"src={SHARED} ")
    site.rules("b", *OUT, *EVERYTHING, stateful=False)
    assert two.reaches(SHARED, 22) == {"ping", "tcp", "udp"} and not site.connections("dport=22 ")


def test_dhcp_of_a_port_with_pairs_is_as_without(make, mode):  # noqa: F811
    its = nic(str(uuid.uuid4()), "10.199.0.17", allowed_pairs=["fa:16:3e:00:00:77,10.199.0.0/24"])
    host = make.host(mode)
    host.ask("plug", server=server(its))
    guest = make.guest(host, its)
    assert guest.dhcp()["ip"] == "10.199.0.17"
    guest.run("ip", "addr", "flush", "dev", "eth0")
    guest.run("ip", "link", "set", "eth0", "address", "fa:16:3e:00:00:77")
    assert guest.dhcp() is None, "no port has that MAC"


def test_a_floating_ip_follows_an_address_that_two_guests_share(make):  # noqa: F811
    """As a load balancer's pair has it: the address is of a port without a guest, and a pair of both guests' ports."""
    inner, public, shared = str(uuid.uuid4()), str(uuid.uuid4()), "10.199.0.50"
    host = make.host()
    nics = [nic(inner, ip) for ip in ("10.199.0.17", "10.199.0.18")]
    for each in nics:
        each["allowed_pairs"] = pair(each, shared)
    one, two = attached(make, host, *nics)
    for each, port in ((one, 4001), (two, 4002)):
        each.serve(port)
    well(Router(host, public).join(inner).float("172.24.4.20", shared).apply())
    one.run("ip", "addr", "add", f"{shared}/24", "dev", "eth0")
    assert host.reaches("172.24.4.20", 4001) == {"ping", "tcp", "udp"}
    assert host.reaches("172.24.4.20", 4002) == {"ping"}
    one.run("ip", "addr", "del", f"{shared}/24", "dev", "eth0")
    two.run("ip", "addr", "add", f"{shared}/24", "dev", "eth0")
    two.run("busybox", "arping", "-q", "-c", "1", "-w", "1", "-U", "-I", "eth0", shared, check=False)
    until("the router knows who has it now", lambda: host.reaches("172.24.4.20", 4002) == {"ping", "tcp", "udp"}, 10)
    assert host.reaches("172.24.4.20", 4001) == {"ping"}
    out = two.run("curl", "-s", "--interface", shared, "-m", "2", "--http0.9", "http://172.24.4.20:4002/", check=False)
    assert out.stdout, "it reaches its own floating IP"
