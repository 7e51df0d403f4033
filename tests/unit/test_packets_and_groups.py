"""Which packets security groups let through: the model that kernels are held against."""

import types

import pytest

from nova_lite.network.planes.groups import EGRESS, INGRESS, allows, packet
from nova_lite.network.planes.known_groups import Group, Groups, Rule

MINE, PEER = "10.0.0.4", "10.0.0.9"


def port(*groups, secure=True):
    return types.SimpleNamespace(port_security=secure, security_groups=groups)


def rule(direction=INGRESS, ethertype="IPv4", **values):
    return Rule(direction, ethertype, **values)


def group(*rules, **values):
    return Group(rules=dict(enumerate(rules)), **values)


def lets(rules, its_packet, direction=INGRESS, **more):
    return allows(port("g"), direction, its_packet, Groups({"g": group(*rules), **more.pop("groups", {})}, **more))


def tcp(source, target, at, **flags):
    return packet("tcp", source, target, 40000, at, **flags)


def test_a_group_without_rules_lets_nothing_through():
    for direction in (INGRESS, EGRESS):
        assert not lets([], tcp(PEER, MINE, 80), direction)
    assert not allows(port(), INGRESS, tcp(PEER, MINE, 80), Groups())
    assert not allows(port("unknown"), INGRESS, tcp(PEER, MINE, 80), Groups())


def test_a_port_without_port_security_or_of_an_earlier_release_lets_everything_through():
    assert allows(port(secure=False), INGRESS, tcp(PEER, MINE, 80), Groups())
    unknown = types.SimpleNamespace(port_security=True, security_groups=None)
    assert allows(unknown, INGRESS, tcp(PEER, MINE, 80), Groups())


@pytest.mark.parametrize(("values", "passes", "stays"), [
    ({}, [("tcp", 1, 2), ("47",), ("icmp", 8, 0)], []),
    ({"protocol": "tcp"}, [("tcp", 1, 2)], [("udp", 1, 2), ("47",)]),
    ({"protocol": "6", "port_min": 80, "port_max": 90}, [("tcp", 1, 80), ("tcp", 1, 90)],
     [("tcp", 1, 79), ("tcp", 80, 91), ("udp", 1, 80)]),
    ({"protocol": "udp", "port_min": 53}, [("udp", 1, 53)], [("udp", 53, 54)]),
    ({"protocol": "icmp", "port_min": 8}, [("icmp", 8, 0), ("icmp", 8, 3)], [("icmp", 0, 0)]),
    ({"protocol": "icmp", "port_min": 3, "port_max": 4}, [("icmp", 3, 4)], [("icmp", 3, 3)]),
    ({"protocol": "vrrp"}, [("112",)], [("51",)]),
    ({"protocol": "sctp", "port_min": 5, "port_max": 6}, [("sctp", 1, 5)], [("sctp", 1, 7), ("132",)]),
])
def test_a_rule_is_about_a_protocol_and_its_ports(values, passes, stays):
    for several, wanted in ((passes, True), (stays, False)):
        for protocol, *ends in several:
            assert lets([rule(**values)], packet(protocol, PEER, MINE, *ends)) is wanted, (protocol, ends)


def test_a_rule_is_about_one_direction_and_one_version():
    assert not lets([rule(EGRESS)], tcp(PEER, MINE, 80)) and lets([rule(EGRESS)], tcp(MINE, PEER, 80), EGRESS)
    assert not lets([rule()], tcp("fd00::9", "fd00::4", 80))
    assert lets([rule(ethertype="IPv6")], tcp("fd00::9", "fd00::4", 80))
    assert lets([rule(ethertype="IPv6", protocol="icmp", port_min=128)],
                packet("ipv6-icmp", "fd00::9", "fd00::4", 128, 0))


def test_a_rule_names_the_far_end():
    known = {"groups": {"r": Group(members={"p": (PEER, "10.8.0.0/28")})}, "addresses": {"a": ("10.7.0.0/24", "::/0")}}
    for values, near, far in (({"remote_prefix": "10.0.0.8/29"}, PEER, "10.0.0.16"),
                              ({"remote_group": "r"}, PEER, "10.0.0.10"),
                              ({"remote_group": "r"}, "10.8.0.15", "10.8.0.16"),
                              ({"remote_group": "none"}, None, PEER), ({"remote_addresses": "none"}, None, PEER),
                              ({"remote_addresses": "a"}, "10.7.0.1", "10.8.0.1")):
        assert near is None or lets([rule(**values)], tcp(near, MINE, 80), **known)
        assert near is None or lets([rule(EGRESS, **values)], tcp(MINE, near, 80), EGRESS, **known)
        assert not lets([rule(**values)], tcp(far, MINE, 80), **known)
        assert not lets([rule(**values)], tcp(MINE, near or far, 80), **known), "the near end does not count"


def test_replies_pass_to_what_was_let_through_the_other_way():
    answer = packet("tcp", PEER, MINE, 80, 40000, reply=True)
    assert lets([rule(EGRESS, protocol="tcp", port_min=80, port_max=80)], answer)
    assert not lets([rule(EGRESS, protocol="tcp", port_min=81, port_max=81)], answer)
    assert not lets([rule(EGRESS)], packet("tcp", PEER, MINE, 80, 40000)), "it answers nothing"
    assert lets([rule(protocol="icmp", port_min=8)], packet("icmp", MINE, PEER, 0, 0, reply=True), EGRESS)
    assert lets([rule(ethertype="IPv6", protocol="ipv6-icmp", port_min=128)],
                packet("ipv6-icmp", "fd00::4", "fd00::9", 129, 0, reply=True), EGRESS)


def test_replies_need_rules_of_their_own_once_a_group_is_stateless():
    known = Groups({"stateful": group(rule(EGRESS)), "stateless": group(stateful=False)})
    answer = packet("tcp", PEER, MINE, 80, 40000, reply=True)
    assert allows(port("stateful"), INGRESS, answer, known)
    assert not allows(port("stateful", "stateless"), INGRESS, answer, known)
    metadata = packet("tcp", "169.254.169.254", MINE, 80, 40000, reply=True)
    assert not allows(port("stateless"), INGRESS, metadata, known)
    assert allows(port("stateless"), INGRESS, metadata._replace(from_gateway=True), known)


@pytest.mark.parametrize(("direction", "its_packet", "from_gateway_alone"), [
    (EGRESS, packet("udp", "0.0.0.0", "255.255.255.255", 68, 67), False),
    (EGRESS, packet("udp", "fe80::4", "ff02::1:2", 546, 547), False),
    (INGRESS, packet("udp", "10.0.0.1", MINE, 67, 68), True),
    (INGRESS, packet("udp", "fe80::1", "fe80::4", 547, 546), True),
    (INGRESS, packet("ipv6-icmp", "fe80::1", "ff02::1", 134, 0), True),
    *((INGRESS, packet("ipv6-icmp", "fe80::9", "fe80::4", kind, 0), False) for kind in (130, 135, 136)),
    *((EGRESS, packet("ipv6-icmp", "fe80::4", "fe80::9", kind, 0), False) for kind in (131, 132, 133, 135, 136, 143))])
def test_what_hosts_need_to_be_on_a_network_passes_without_rules(direction, its_packet, from_gateway_alone):
    assert lets([], its_packet._replace(from_gateway=True), direction)
    assert lets([], its_packet, direction) is not from_gateway_alone


@pytest.mark.parametrize(("direction", "its_packet"), [
    (EGRESS, packet("udp", MINE, PEER, 67, 68)), (EGRESS, packet("ipv6-icmp", "fe80::4", "ff02::1", 134, 0)),
    (EGRESS, packet("udp", "fe80::4", "fe80::9", 547, 546)), (INGRESS, packet("udp", PEER, MINE, 68, 67)),
    (INGRESS, packet("ipv6-icmp", "fe80::9", "fe80::4", 133, 0)), (INGRESS, packet("tcp", PEER, MINE, 67, 68))])
def test_guests_may_not_answer_for_the_network(direction, its_packet):
    assert not lets([], its_packet, direction)
