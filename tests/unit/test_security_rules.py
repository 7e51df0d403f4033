"""Security groups as text for nftables, whole and by difference, and whether a connection may begin by them."""

import ipaddress
import os
import types

import pytest

from nova_lite.network.planes.groups import Packet, allows
from nova_lite.network.planes.known_groups import Group, Groups, KnownGroups, Rule
from nova_lite.network.planes.linux import groups, guard, pieces, ports, zones
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.guard import Guard
from nova_lite.network.planes.linux.parts import Parts
from nova_lite.network.planes.linux.ports import link_local
from nova_lite.network.planes.state import Port, Segment
from nova_lite.objects import desired_group as objects

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(__file__)), "golden", "port_rules.nft")
NET = "4f7ce51b-d49e-41a4-b197-0aab00000001"
WEB, DATABASE = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
KNOWN_RANGES = "00000000-0000-4000-8000-00000000000c"
ANY = Rule("egress", "IPv4"), Rule("egress", "IPv6")


def port(number=1, *security_groups, six=False, **more):
    addresses = [{"ip": f"10.1.0.{number}", "cidr": "10.1.0.0/24", "gateway": "10.1.0.254", "dns": [], "dhcp": True,
                  "subnet_id": "s"}]
    addresses += [addresses[0] | {"ip": f"fd00::{number}", "cidr": "fd00::/64", "gateway": None}] if six else []
    values = {"port_id": f"0000000{number}-1111-4111-8111-111111111111", "server_id": "s", "network_id": NET,
              "bridge": "nlb" + NET[:11], "tap": f"tap0000000{number}-11", "mac": f"fa:16:3e:00:00:0{number}",
              "mtu": 1500, "hostname": f"vm{number}", "addresses": tuple(addresses),
              "security_groups": security_groups}
    return Port(**values | more)


def rules(*several):
    return {str(number): each for number, each in enumerate(several)}


def known(**more):
    found = {
        WEB: Group(True, rules(*ANY, Rule("ingress", "IPv4", "tcp", 80, 80),
                               Rule("ingress", "IPv4", "tcp", 22, 22, remote_addresses=KNOWN_RANGES))),
        DATABASE: Group(True, rules(*ANY, Rule("ingress", "IPv4", "tcp", 5432, 5432, remote_group=WEB)),
                        {"p": ("10.1.0.2",)})}
    found[WEB] = found[WEB]._replace(members={"q": ("10.1.0.1", "fd00::1"), "r": ("10.9.0.0/28",)})
    return Groups(found | more, {KNOWN_RANGES: ("192.168.0.0/16", "192.168.7.0/24")})


class Kernel:
    """What would load rules and look for connections; it keeps the texts."""

    def __init__(self, monkeypatch):
        self.texts, self.cut, self.refuses = [], [], 0
        self.connections = []
        monkeypatch.setattr(guard.zones, "allot", lambda cloud, ids: (dict.fromkeys(ids, 1024), set()))
        monkeypatch.setattr(guard.conntrack, "of_zones", lambda zones: dict.fromkeys(zones, self.connections))
        for name in ("end", "remove"):
            monkeypatch.setattr(guard.conntrack, name, lambda each: self.cut.append(each.flow))
        self.guard = Guard("t", self.load, lambda call, *args: call(*args), anti_spoofing=True, by_groups=True)

    def load(self, text):
        if self.refuses:
            self.refuses -= 1
            raise HostNetworkError(reason="no such table")
        self.texts.append(text)

    def enforce(self, now, *ports):
        """The text that was loaded for these ports."""
        self.texts.clear()
        self.guard.enforce([Segment(NET, ports)] if ports else [], {NET: Parts("t", NET)}, now)
        return "".join(self.texts)


@pytest.fixture
def kernel(monkeypatch):
    return Kernel(monkeypatch)


def test_all_rules_of_a_host(kernel):
    text = kernel.enforce(known(), port(1, WEB, six=True), port(2, WEB, DATABASE), port(3, port_security=False),
                          port(4, security_groups=None, qos={"dscp_mark": 26}))
    if os.environ.get("NOVA_LITE_WRITE_GOLDEN"):
        with open(GOLDEN, "w") as file:
            file.write(text)
    with open(GOLDEN) as file:
        assert text == file.read()


def test_what_did_not_change_loads_nothing(kernel):
    ports = port(1, WEB), port(2, DATABASE)
    kernel.enforce(known(), *ports)
    assert kernel.enforce(known(), *ports) == ""
    kernel.guard.distrust()
    assert kernel.enforce(known(), *ports).startswith("add table bridge t\ndelete table bridge t\n")


def test_a_kernel_that_limits_no_packets_keeps_all_other_rules(kernel, caplog):
    """The port that wants it says why it does not work; others do."""
    paced, plain = port(1, WEB, qos={"egress_pps": 1000, "egress_pps_burst": 50}), port(2, WEB)
    kernel.refuses = 1                  # the trial alone
    text = kernel.enforce(known(), paced, plain)
    assert "limit rate" not in text and all(f'"{each.tap}" . {each.mac}' in text for each in (plain, paced))
    assert "nft_limit" in kernel.guard.fault(paced) and kernel.guard.fault(plain) == ""
    assert [each.levelname for each in caplog.records] == ["ERROR"]
    assert kernel.enforce(known(), paced, plain) == ""


def test_packets_are_limited_by_rules_of_the_ports_own(kernel):
    paced = port(1, WEB, qos={"egress_pps": 1000, "egress_pps_burst": 50, "ingress_pps": 40})
    trial, _, text = kernel.enforce(known(), paced).rpartition("delete table bridge t_trial\n")
    assert trial.count("limit rate") == 1 and kernel.guard.fault(paced) == ""
    key = paced.port_id.replace("-", "")
    assert "limit rate over 1000/second burst 50 packets drop" in text
    assert "limit rate over 40/second burst 5 packets drop" in text
    for name, chain in (("paced_out", "out"), ("paced_in", "in")):
        assert f"add map bridge t {name} {{" in text
        assert f'{name} {{ "{paced.tap}" : ' in text and f" {chain}_{key} }}" in text
    plain = port(1, WEB)
    assert f"delete chain bridge t out_{key}" in kernel.enforce(known(), plain)


def test_a_rule_more_rewrites_its_groups_chain_alone(kernel):
    ports = port(1, WEB), port(2, DATABASE)
    kernel.enforce(known(), *ports)
    more = known()
    more.groups[DATABASE].rules["new"] = Rule("ingress", "IPv4", "icmp", 8)
    assert kernel.enforce(more, *ports) == (
        "flush chain inet t in_0000000000004000800000000000000b\n"
        "add rule inet t in_0000000000004000800000000000000b ip saddr @m4_0000000000004000800000000000000a "
        "meta l4proto 6 th dport 5432 accept\n"
        "add rule inet t in_0000000000004000800000000000000b ip saddr @m4r_0000000000004000800000000000000a "
        "meta l4proto 6 th dport 5432 accept\n"
        "add rule inet t in_0000000000004000800000000000000b meta nfproto ipv4 icmp type 8 accept\n")


def test_a_member_more_or_less_is_one_element(kernel):
    kernel.enforce(known(), port(2, DATABASE))
    more = known()
    more.groups[WEB].members["new"] = ("10.1.0.9",)
    assert kernel.enforce(more, port(2, DATABASE)) == (
        "add element inet t m4_0000000000004000800000000000000a { 10.1.0.9 }\n")
    assert kernel.enforce(known(), port(2, DATABASE)) == (
        "delete element inet t m4_0000000000004000800000000000000a { 10.1.0.9 }\n")
    twice = known()
    twice.groups[WEB].members["same"] = ("10.1.0.1",)
    assert kernel.enforce(twice, port(2, DATABASE)) == kernel.enforce(known(), port(2, DATABASE)) == ""


def test_a_port_more_with_the_same_groups_is_elements_alone(kernel):
    kernel.enforce(known(), port(1, WEB))
    lines = kernel.enforce(known(), port(1, WEB), port(2, WEB)).splitlines()
    assert all(each.startswith("add element ") for each in lines) and len(lines) == 8
    lines = kernel.enforce(known(), port(1, WEB)).splitlines()
    assert all(each.startswith("delete element ") for each in lines) and len(lines) == 8


def test_a_number_is_not_used_again_in_the_change_that_frees_it(kernel):
    """Packets on their way have the mark of the rules before."""
    kernel.enforce(known(), port(1, WEB))
    text = kernel.enforce(known(), port(1, DATABASE))
    assert "out_2" in text and "delete chain inet t in_1\n" in text
    assert text.index("delete element inet t ingress") < text.index("delete chain inet t in_1")
    assert text.index("add chain inet t in_2") < text.index("add element inet t ingress")


def test_a_difference_that_does_not_fit_is_loaded_as_a_whole(kernel):
    kernel.enforce(known(), port(1, WEB))
    kernel.refuses = 1
    assert kernel.enforce(known(), port(1, WEB), port(2, WEB)).startswith("add table bridge t\ndelete table")
    kernel.refuses = 2
    with pytest.raises(HostNetworkError):
        kernel.enforce(known(), port(1, WEB))
    assert kernel.enforce(known(), port(1, WEB)).startswith("add table bridge t\ndelete table")


def test_no_port_leaves_nothing(kernel):
    kernel.enforce(known(), port(1, WEB))
    assert kernel.enforce(known()) == ("add table bridge t\ndelete table bridge t\n"
                                       "add table inet t\ndelete table inet t\n")


@pytest.mark.parametrize(("rule", "lines"), [
    (Rule("egress", "IPv4"), ["meta nfproto ipv4 accept"]),
    (Rule("ingress", "IPv6", "tcp", 1, 65535), ["meta nfproto ipv6 meta l4proto 6 th dport 1-65535 accept"]),
    (Rule("ingress", "IPv4", "sctp", 9, 9), ["meta nfproto ipv4 meta l4proto 132 th dport 9 accept"]),
    (Rule("ingress", "IPv4", "17", 53, 53), ["meta nfproto ipv4 meta l4proto 17 th dport 53 accept"]),
    (Rule("ingress", "IPv4", "vrrp"), ["meta nfproto ipv4 meta l4proto 112 accept"]),
    (Rule("ingress", "IPv4", "icmp", 3, 4), ["meta nfproto ipv4 icmp type 3 icmp code 4 accept"]),
    (Rule("ingress", "IPv6", "icmp", 128), ["meta nfproto ipv6 icmpv6 type 128 accept"]),
    (Rule("ingress", "IPv6", "58", 128, 0), ["meta nfproto ipv6 icmpv6 type 128 icmpv6 code 0 accept"]),
    (Rule("egress", "IPv4", remote_prefix="10.0.0.5/8"), ["ip daddr 10.0.0.0/8 accept"]),
    (Rule("ingress", "IPv6", remote_prefix="::/0"), ["meta nfproto ipv6 accept"]),
    (Rule("ingress", "IPv4", remote_prefix="fd00::/64"), []),
    (Rule("ingress", "IPv6", "udp", remote_addresses=WEB), [
        "ip6 saddr @a6_0000000000004000800000000000000a meta l4proto 17 accept",
        "ip6 saddr @a6r_0000000000004000800000000000000a meta l4proto 17 accept"])])
def test_a_rule_as_text(rule, lines):
    assert groups.lines(rule) == lines


def test_a_range_of_every_address_is_two_halves():
    piece = groups.of_addresses(WEB, ("0.0.0.0/0", "10.0.0.1/32"))
    assert piece.elements[("inet", "a4r_0000000000004000800000000000000a")] == ("0.0.0.0/1", "128.0.0.0/1")


def test_a_link_local_address_of_a_mac():
    assert str(link_local("fa:16:3e:00:00:01")) == "fe80::f816:3eff:fe00:1"


def test_shared_elements_stay_until_nobody_has_them():
    one = pieces.Piece(elements={("inet", "x"): ("10.0.0.1", "10.0.0.2")})
    two = pieces.Piece(elements={("inet", "x"): ("10.0.0.1",)})
    assert pieces.difference("t", {"a": one, "b": two}, {"b": two}) == "delete element inet t x { 10.0.0.2 }\n"
    assert pieces.difference("t", {"b": two}, {}) == "delete element inet t x { 10.0.0.1 }\n"


# ---- open connections

def flow(source, target, protocol=6, first=40000, second=5432):
    return Packet(protocol, ipaddress.ip_address(source), ipaddress.ip_address(target), first, second)


@pytest.mark.parametrize(("found", "direction", "may"), [
    (flow("10.1.0.1", "10.1.0.2"), "ingress", True),
    (flow("10.9.0.3", "10.1.0.2"), "ingress", True),
    (flow("10.1.0.3", "10.1.0.2"), "ingress", False),
    (flow("10.1.0.1", "10.1.0.2", second=80), "ingress", False),
    (flow("10.1.0.1", "10.1.0.2", protocol=17), "ingress", False),
    (flow("fd00::1", "fd00::2"), "ingress", False),
    (flow("10.1.0.2", "9.9.9.9", 17, 5, 53), "egress", True),
    (flow("10.1.0.2", "10.1.0.254", 17, 68, 67), "egress", True)])
def test_whether_a_connection_may_begin(found, direction, may):
    assert allows(port(2, DATABASE), direction, found, known()) == may


def test_connections_are_cut_that_could_not_begin_any_more(kernel):
    ports = port(1, WEB), port(2, DATABASE)
    kernel.enforce(known(), *ports)
    web, database = flow("10.5.0.5", "10.1.0.1", second=80), flow("10.1.0.1", "10.1.0.2")
    kernel.connections = [types.SimpleNamespace(flow=each) for each in (web, database)]
    kernel.enforce(known(), *ports)
    assert kernel.cut == []
    fewer = known()
    del fewer.groups[WEB].members["q"]
    kernel.enforce(fewer, *ports)
    assert kernel.cut == [database]
    kernel.cut.clear()
    kernel.enforce(fewer, port(2, DATABASE))
    assert kernel.cut == [web, database], "of a port that is gone all are"


def test_connections_outlive_a_time_in_which_rules_are_not_known(kernel):
    old = port(1, security_groups=None)
    kernel.enforce(Groups(), old)
    kernel.connections = [types.SimpleNamespace(flow=flow("10.1.0.3", "10.1.0.1", second=each)) for each in (80, 81)]
    kernel.enforce(Groups(), port(1, WEB))
    assert kernel.cut == []
    kernel.enforce(known(), port(1, WEB))
    assert [each.second for each in kernel.cut] == [81]


# ---- allowed address pairs

MAC, OTHER = "fa:16:3e:00:00:01", "00:00:5e:00:01:07"


@pytest.mark.parametrize(("said", "pairs"), [
    ([f"{MAC},10.1.0.9", f"{OTHER},10.1.0.1"], [(OTHER, "10.1.0.1/32"), (MAC, "10.1.0.9/32")]),
    ([f"{MAC},10.1.0.1"], []),                  # its own address
    ([f"{MAC},10.1.0.0/24", f"{MAC},10.1.0.9", f"{MAC},10.1.0.77/28"], [(MAC, "10.1.0.0/24")]),
    ([f"{MAC},0.0.0.0/0", f"{MAC},10.1.0.9/32"], [(MAC, "0.0.0.0/0")]),
    ([f"{OTHER},fd00::/64"], [(OTHER, "fd00::/64"), (OTHER, "fe80::200:5eff:fe00:107/128")])])
def test_pairs_of_one_mac_are_not_within_each_other(said, pairs):
    found = ports.pairs_of(port(1, allowed_pairs=tuple(said)))
    assert found == [(mac, ipaddress.ip_network(each)) for mac, each in pairs]


def test_ranges_of_several_ports_are_joined(kernel):
    one, two = (port(number, WEB, allowed_pairs=(f"{MAC},10.50.{number}.0/24", f"{MAC},10.50.0.0/16"))
                for number in (1, 2))
    text = kernel.enforce(known(), one, two)
    ours = [line for line in text.splitlines() if "stateful4r {" in line and line.startswith("add element")]
    assert ours == [f'add element inet t stateful4r {{ "{one.bridge}" . 10.50.0.0/16 }}']
    text = kernel.enforce(known(), port(1, WEB), two)
    assert "stateful4r" not in text, "the other has it still"


def test_a_pair_that_goes_cuts_what_nobody_else_may_have(kernel):
    shared = ("10.1.0.50", "10.1.0.51", "10.1.0.52")
    kernel.connections = [types.SimpleNamespace(flow=flow("10.1.0.9", each, second=port)) for each in shared
                          for port in (80, 5432)]
    one = port(1, WEB, DATABASE, allowed_pairs=(f"{MAC},10.1.0.48/29",))
    two = port(2, WEB, allowed_pairs=(f"{OTHER},10.1.0.51", f"{OTHER},10.1.0.52/31"))
    everything = Group(True, rules(*ANY, Rule("ingress", "IPv4")))
    kernel.enforce(known(**{WEB: everything, DATABASE: everything}), one, two)
    assert kernel.cut == []
    kernel.enforce(known(**{WEB: everything, DATABASE: everything}), port(1, WEB, DATABASE), two)
    assert [str(each.target) for each in kernel.cut] == ["10.1.0.50", "10.1.0.50", "10.1.0.52", "10.1.0.52"]
    kernel.cut.clear()
    kernel.connections = kernel.connections[2:4]
    kernel.enforce(known(**{DATABASE: everything}), port(1, WEB, DATABASE), two)
    assert [(str(each.target), each.second) for each in kernel.cut] == [("10.1.0.51", 5432)], "its rules let less in"


def test_a_port_that_is_off_has_no_rules_but_to_drop(kernel):
    text = kernel.enforce(known(), port(1, WEB, six=True, admin_up=False, allowed_pairs=(f"{MAC},10.9.0.0/16",)))
    mine = [line.split(" { ") for line in text.splitlines() if '"tap00000001-11' in line]
    assert [(head.split()[-1], rest.split(", ")[-1]) for head, rest in mine] == [
        ("ours", '"tap00000001-11" }'), ("inward", '"tap00000001-11" : drop }'), ("sent", '"tap00000001-11" : drop }')]


# ---- what a host knows

def group(**more):
    values = {"scope": f"group:{WEB}", "revision": 1, "whole": False, "more": False, "groups": [], "members": [],
              "gone": []}
    return objects.GroupChanges.make(**values | more)


def test_groups_are_known_again_after_a_restart(tmp_path):
    first = KnownGroups(str(tmp_path / "groups"))
    rule = objects.DesiredGroupRule.make(id="r", direction="ingress", ethertype="IPv4", protocol="tcp", port_min=1,
                                         port_max=2, remote_prefix=None, remote_group=None, remote_addresses=None)
    first.take(group(whole=True, groups=[objects.DesiredGroup.make(id=WEB, revision=1, stateful=False, rules=[rule])],
                     members=[objects.DesiredMember.make(port_id=each, network_id=NET, addresses=[f"10.0.0.{each}"])
                              for each in "123"]))
    first.take(group(gone=["1"]))
    first.take(objects.AddressGroupChanges.make(
        scope=f"address_group:{KNOWN_RANGES}", revision=1, whole=True, more=False, gone=[], address_groups=[
            objects.DesiredAddressGroup.make(id=KNOWN_RANGES, revision=1, addresses=["10.0.0.0/8"])]))
    again = KnownGroups(str(tmp_path / "groups"))
    assert again.now == first.now == Groups(
        {WEB: Group(False, {"r": Rule("ingress", "IPv4", "tcp", 1, 2)}, {"2": ("10.0.0.2",), "3": ("10.0.0.3",)})},
        {KNOWN_RANGES: ("10.0.0.0/8",)})
    again.take(group(whole=True))
    assert again.now.groups[WEB].members == {} and again.now.groups[WEB].rules
    again.take(group(gone=[WEB]))
    assert again.now.groups[WEB] == Group(rules={})
    again.keep(set(), {KNOWN_RANGES})
    assert KnownGroups(str(tmp_path / "groups")).now == Groups({}, {KNOWN_RANGES: ("10.0.0.0/8",)})


def test_each_network_of_the_machine_has_a_zone_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(zones, "_PATH", str(tmp_path / "zones"))
    monkeypatch.setattr(zones, "_COUNT", 3)
    first, new = zones.allot("one", ["a", "b"])
    assert len(new) == 2 == len({*first.values()}) and zones.allot("one", ["b", "a"]) == (first, set())
    other, _ = zones.allot("two", ["a"])
    assert other["a"] not in first.values()
    with pytest.raises(HostNetworkError, match="zones"):
        zones.allot("two", ["a", "c"])
    assert zones.allot("one", ["b"]) == ({"b": first["b"]}, set())
    assert zones.allot("two", ["a", "c"]) == ({"a": other["a"], "c": first["a"]}, {first["a"]})
    (tmp_path / "zones").write_text("{half")
    assert zones.allot("two", ["a"])[0]


def test_a_start_looks_for_connections_that_no_rule_allows(kernel):
    kernel.connections = [types.SimpleNamespace(flow=flow("10.5.0.5", "10.1.0.1", second=each)) for each in (80, 81)]
    kernel.enforce(known(), port(1, WEB))
    assert [each.second for each in kernel.cut] == [81]
