"""What a guest sends under a false name does not arrive at another: raw frames, counted at the other end.  Needs root,
and the programs of test_network_host.
"""

import pytest

from tests.live import frames
from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures
from tests.live.test_security_groups import OUT, Site, net  # noqa: F401 - fixtures

FOUR, SIX = ("10.199.0.11", "10.199.0.12"), ("fd00::11", "fd00::12")
FALSE_MAC = "fa:16:3e:00:00:99"
EVERYTHING = [{"direction": "ingress", "ethertype": each} for each in ("IPv4", "IPv6")]


class Pair:
    """Two guests that take everything from each other; ``arrives`` is what of frames of the first comes to the second.

    :ivar macs: of both.
    """

    def __init__(self, site, network, six=True, **options):
        self.guests = []
        for number, ip in enumerate(FOUR):
            more = [_six(SIX[number])] if six else []
            self.guests.append(site.plug(f"guest{number}", network, ip, ["open"], more_addresses=more, **options))
        site.rules("open", *OUT, *EVERYTHING)
        self.macs = [each.nic["mac"] for each in self.guests]
        self.local = _link_local(self.macs[0])

    def arrives(self, *some):
        """Which of some frames (bytes, or frames.Fragments) arrive, by their number.

        A right one is sent last: when it has come, nothing before it is still on its way.
        """
        sender, receiver = self.guests[0].frames(), self.guests[1].frames()
        last = frames.udp4(*self.macs, *FOUR, (9, 9), b"the last one")
        sender.send(*(part for each in some for part in getattr(each, "parts", [each])), last)
        sender.received()
        came = [_core(each) for each in receiver.received()]
        assert _core(last) in came
        return [number for number, each in enumerate(some)
                if any(_core(part) in came for part in (
                    [*each.parts, each.whole] if isinstance(each, frames.Fragments) else [each]))]


def _core(frame):
    """Without what padding adds."""
    return frame.rstrip(b"\0")


def _six(ip):
    return {"ip": ip, "cidr": "fd00::/64", "gateway": None, "dhcp": False, "dns": [], "host_access": False}


def _link_local(mac):
    from nova_lite.network.planes.linux.ports import link_local
    return str(link_local(mac))


@pytest.fixture
def site(make):  # noqa: F811
    return Site(make)


@pytest.fixture
def pair(site, net):  # noqa: F811
    return Pair(site, net)


def test_only_its_own_mac_and_ipv4_address_and_arp_arrive(pair):
    mac, other = pair.macs
    mine, theirs = FOUR
    assert pair.arrives(
        frames.udp4(mac, other, mine, theirs, (5, 6)),                  # right
        frames.udp4(FALSE_MAC, other, mine, theirs, (5, 7)),
        frames.udp4(mac, other, "10.199.0.77", theirs, (5, 8)),
        frames.udp4(mac, other, "10.199.0.1", theirs, (5, 9)),
        frames.arp(mac, other, mac, mine, theirs),                      # right
        frames.arp(mac, frames.ALL, mac, theirs, theirs),
        frames.arp(mac, frames.ALL, mac, "10.199.0.1", theirs, code=2),
        frames.arp(mac, other, FALSE_MAC, mine, theirs, code=2),
        frames.arp(FALSE_MAC, other, FALSE_MAC, mine, theirs),
        frames.ethernet(mac, other, 0x8100, b"\0\5\10\0" + frames.udp4(mac, other, mine, theirs, (5, 10))[14:]),
        frames.ethernet(mac, other, 0x88B5, b"anything else")) == [0, 4]


def test_only_its_own_ipv6_addresses_and_neighbour_advertisements_arrive(pair):
    mac, other = pair.macs
    mine, theirs = SIX
    assert pair.arrives(
        frames.echo6(mac, other, mine, theirs),                         # right
        frames.echo6(mac, other, pair.local, theirs),                   # right
        frames.echo6(mac, other, "fd00::99", theirs),
        frames.echo6(mac, other, "fe80::99", theirs),
        frames.neighbour(mac, mine, mine),                              # right
        frames.neighbour(mac, pair.local, pair.local),                  # right
        frames.neighbour(mac, mine, theirs),
        frames.neighbour(mac, mine, "fe80::1"),
        frames.behind_options(frames.neighbour(mac, mine, "fd00::1")),
        frames.Fragments(frames.neighbour(mac, mine, "fd00::2"))) == [0, 1, 4, 5]


def test_a_guest_disputes_no_address_that_is_not_its_own(pair):
    """Who has none yet asks so whether somebody has it; whoever is asked that of his own address gives it up."""
    mac = pair.macs[0]
    assert pair.arrives(frames.disputed(mac, SIX[0]), frames.disputed(mac, SIX[1]),
                        frames.behind_options(frames.disputed(mac, SIX[1])), frames.disputed(mac, "fd00::1"),
                        frames.disputed(mac, pair.local)) == [0, 4]
    asked = [(FOUR[0], 1), (FOUR[1], 1), ("10.199.0.1", 1), (FOUR[1], 2)]
    assert pair.arrives(*(frames.arp(mac, frames.ALL, mac, "0.0.0.0", ip, code) for ip, code in asked)) == [0]


def test_nothing_in_fragments_passes_stateless_groups_that_is_not_seen(site, pair):
    """They are not put together on the way, as those are that belong to connections (RFC 7113)."""
    site.rules("open", *OUT, *EVERYTHING, stateful=False)
    mac, other = pair.macs
    right = frames.udp6(mac, other, *SIX, (5, 6))
    false = [frames.advertised_router(mac, pair.local), frames.neighbour(mac, SIX[0], "fd00::2"),
             frames.udp6(mac, other, pair.local, SIX[1], (547, 546)),
             frames.udp6(mac, other, pair.local, SIX[1], (546, 547))]
    cut = [part for each in false for part in frames.Fragments(each).parts]
    assert pair.arrives(right, *frames.cut6(right), *cut, *map(frames.behind_options, false[:3])) == [0, 1, 2]


def test_a_guest_that_asks_for_listeners_takes_no_multicast_from_others(pair):
    """A bridge that minds who listens sends what nobody asked for to routers alone, and takes whoever asks for one."""
    mac, unknown = pair.macs[0], ("33:33:ff:12:34:56", "ff02::1:ff12:3456")
    for target in (frames.ALL_NODES_MAC, "33:33:de:ad:be:ef"):
        assert pair.arrives(frames.asked_groups(mac, pair.local, target)) == [0]
    assert pair.arrives(frames.echo6(mac, unknown[0], SIX[0], unknown[1])) == [0]


def test_a_guest_is_no_router_and_no_dhcp_server(pair):
    mac, other = pair.macs
    assert pair.arrives(
        frames.advertised_router(mac, pair.local),
        frames.advertised_router(mac, SIX[0]),
        frames.behind_options(frames.advertised_router(mac, pair.local)),
        frames.Fragments(frames.advertised_router(mac, pair.local)),
        frames.icmp6(mac, other, pair.local, SIX[1], bytes([137, 0, 0, 0]) + bytes(36)),
        frames.udp6(mac, other, pair.local, SIX[1], (547, 546)),
        frames.udp4(mac, other, *FOUR, (67, 68)),
        frames.udp6(mac, other, pair.local, SIX[1], (546, 548)),        # right
    ) == [7]


def test_a_guest_without_an_ipv6_address_sends_none(site, net):  # noqa: F811
    pair = Pair(site, net, six=False)
    mac, other = pair.macs
    assert pair.arrives(frames.echo6(mac, other, pair.local, SIX[1]), frames.echo6(mac, other, SIX[0], SIX[1]),
                        frames.neighbour(mac, pair.local, pair.local)) == []


def test_what_is_for_another_guest_does_not_come_by(pair):
    """A bridge sends frames for a MAC that it does not know to all; replies in them could pass any rule."""
    mac, other = pair.macs
    assert pair.arrives(frames.udp4(mac, "fa:16:3e:12:34:56", *FOUR, (5, 6)),
                        frames.udp4(mac, frames.ALL, FOUR[0], "10.199.0.255", (5, 7))) == [1]


def test_without_port_security_all_of_it_arrives(site, net):  # noqa: F811
    """The control: what is dropped elsewhere is well-formed, and would be believed."""
    pair = Pair(site, net, secured=False)
    mac, other = pair.macs
    wrong = [frames.udp4(FALSE_MAC, other, *FOUR, (5, 7)), frames.udp4(mac, other, "10.199.0.1", FOUR[1], (5, 9)),
             frames.arp(mac, frames.ALL, mac, "10.199.0.1", FOUR[1], code=2),
             frames.echo6(mac, other, "fe80::99", SIX[1]),
             frames.neighbour(mac, SIX[0], "fe80::1"), frames.advertised_router(mac, pair.local),
             frames.behind_options(frames.advertised_router(mac, pair.local)),
             frames.Fragments(frames.neighbour(mac, SIX[0], "fd00::2")),
             frames.udp6(mac, other, pair.local, SIX[1], (547, 546)), frames.udp4(mac, other, *FOUR, (67, 68)),
             frames.udp4(mac, "fa:16:3e:12:34:56", *FOUR, (5, 6))]
    assert pair.arrives(*wrong) == list(range(len(wrong)))


def test_rules_of_ipv6_hold(site, net):  # noqa: F811
    one, two = (site.plug(name, net, four, more_addresses=[_six(six)])
                for name, four, six in zip("ab", FOUR, SIX, strict=True))
    for guest, six in ((one, SIX[0]), (two, SIX[1])):
        guest.run("ip", "-6", "addr", "add", f"{six}/64", "dev", "eth0", "nodad")

    def pings():
        return one.run("busybox", "ping", "-6", "-c", "1", "-W", "1", SIX[1], check=False).returncode == 0
    site.rules("a", *OUT, members={one.nic["port_id"]: [one.ip, SIX[0]]})
    site.rules("b", *OUT, {"direction": "ingress", "protocol": "icmp"})
    assert not pings(), "that rule is of IPv4"
    for found in ({"protocol": "ipv6-icmp"}, {"protocol": "icmp", "port_min": 128}, {"remote_prefix": "fd00::/120"},
                  {"remote_group": site.id("a")}):
        site.rules("b", *OUT, {"direction": "ingress", "ethertype": "IPv6", **found})
        assert pings()
    for found in ({"protocol": "ipv6-icmp", "port_min": 129}, {"remote_prefix": "fd00::/124"}, {"protocol": "tcp"},
                  {"remote_group": site.id("b")}, {"ethertype": "IPv4", "remote_group": site.id("a")}):
        site.rules("b", *OUT, {"direction": "ingress", "ethertype": "IPv6", **found})
        assert not pings()
