"""What security groups mean to a packet, and which of them a host follows.  Pure.

``allows`` is what ``nova-lite network trace`` says, and what tests hold a kernel's answers against.
"""

import functools
import ipaddress
import typing

from nova_lite.common import ip_protocols
from nova_lite.objects.desired_group import of_address_group, of_group

INGRESS, EGRESS = "ingress", "egress"       # to the guest; from it
_OTHER = {INGRESS: EGRESS, EGRESS: INGRESS}
_UDP, _TCP = ip_protocols.NUMBERS["udp"], ip_protocols.NUMBERS["tcp"]
_ICMPS = ip_protocols.ICMP, ip_protocols.ICMPV6
_METADATA = tuple(map(ipaddress.ip_address, ("169.254.169.254", "fe80::a9fe:a9fe")))
#: Types of ICMPv6 that pass whatever rules say: neighbours, and multicast's housekeeping.
_ALWAYS = {INGRESS: frozenset({130, 135, 136}), EGRESS: frozenset({131, 132, 133, 135, 136, 143})}
_ROUTER_ADVERTISEMENT = 134
#: {a type of ICMP or ICMPv6 that answers: the one that asks}
_ASKED = {(ip_protocols.ICMP, 0): 8, (ip_protocols.ICMP, 14): 13, (ip_protocols.ICMPV6, 129): 128}


class Packet(typing.NamedTuple):
    """:ivar protocol: number.  :ivar source, target: IPv4Address or IPv6Address.
    :ivar first, second: of ICMP type and code; else the ports of source and target, None where there are none.
    :ivar reply: whether it answers one that was let through the other way.
    :ivar from_gateway: whether the network's gateway sends it, and no other guest.
    """

    protocol: int
    source: object
    target: object
    first: int | None = None
    second: int | None = None
    reply: bool = False
    from_gateway: bool = False


def packet(protocol, source, target, first=None, second=None, **more):
    """A Packet of texts.  :param protocol: a name, or a number as text.  :param more: its flags."""
    return Packet(ip_protocols.number(protocol), ipaddress.ip_address(source), ipaddress.ip_address(target), first,
                  second, **more)


def allows(port, direction, its_packet, known):
    """Whether the security groups of a port let a packet through.

    :param port: a state.Port; without port security, or where its groups are not known, it lets all through.
    :param direction: INGRESS or EGRESS.
    :param known: known_groups.Groups; a group that is missing lets nothing through.
    """
    if not port.port_security or port.security_groups is None:
        return True
    groups = [known.groups[each] for each in port.security_groups if each in known.groups]
    if all(each.stateful for each in groups):
        if its_packet.reply and _begins(port, _OTHER[direction], _asking(its_packet), known):
            return True
    elif direction == INGRESS and _is_metadata(its_packet):
        return True         # nothing else stands for the answers to its questions
    return _begins(port, direction, its_packet, known)


def _begins(port, direction, its_packet, known):
    return is_always_let(direction, its_packet) or any(
        matches(rule, its_packet, known) for rule in known.rules_of(port.security_groups)
        if rule.direction == direction)


def _asking(reply):
    first, second = reply.second, reply.first
    if reply.protocol in _ICMPS:
        first, second = _ASKED.get((reply.protocol, reply.first), reply.first), reply.second
    return Packet(reply.protocol, reply.target, reply.source, first, second)


def _is_metadata(its_packet):
    return (its_packet.from_gateway and its_packet.protocol == _TCP and its_packet.source in _METADATA
            and its_packet.first == 80)


def is_always_let(direction, its_packet):
    """Whether a packet passes whatever rules say: requests for addresses and their answers, neighbours and routers."""
    version, ends = its_packet.source.version, its_packet[3:5]
    if its_packet.protocol == _UDP:
        asks, answers = ((68, 67), (67, 68)) if version == 4 else ((546, 547), (547, 546))
        return ends == asks if direction == EGRESS else its_packet.from_gateway and ends == answers
    if its_packet.protocol != ip_protocols.ICMPV6 or version != 6:
        return False
    return its_packet.first in _ALWAYS[direction] or (
        direction == INGRESS and its_packet.from_gateway and its_packet.first == _ROUTER_ADVERTISEMENT)


def matches(rule, its_packet, known):
    """Whether a known_groups.Rule is about a packet, that goes in the direction that it says."""
    version = its_packet.source.version
    if rule.ethertype != f"IPv{version}" or not _is_of_protocol(rule, its_packet, version):
        return False
    far = its_packet.source if rule.direction == INGRESS else its_packet.target
    if rule.remote_prefix:
        return _holds(rule.remote_prefix, far)
    if rule.remote_group:
        group = known.groups.get(rule.remote_group)
        return group is not None and any(_holds(each, far) for some in group.members.values() for each in some)
    if rule.remote_addresses:
        return any(_holds(each, far) for each in known.addresses.get(rule.remote_addresses, ()))
    return True


def _is_of_protocol(rule, its_packet, version):
    if rule.protocol is None:
        return True
    number = ip_protocols.number(rule.protocol)
    if version == 6 and number == ip_protocols.ICMP:
        number = ip_protocols.ICMPV6
    if number != its_packet.protocol:
        return False
    if rule.port_min is None:
        return True
    if number in _ICMPS:
        return its_packet.first == rule.port_min and rule.port_max in (None, its_packet.second)
    last = rule.port_min if rule.port_max is None else rule.port_max
    return its_packet.second is not None and rule.port_min <= its_packet.second <= last


@functools.lru_cache(maxsize=1 << 16)
def _network(text):
    return ipaddress.ip_network(text, strict=False)


def _holds(prefix, address):
    network = _network(prefix)
    return network.version == address.version and address in network


# ---- what is followed

def named(port_groups, known):
    """({ids of security groups}, {ids of address groups}) that ports name, and that the rules of these name.

    :param port_groups: [ids of the security groups of one port, or None].
    """
    of_ports = {each for some in port_groups for each in some or ()}
    rules = known.rules_of(of_ports)
    return (of_ports | {rule.remote_group for rule in rules if rule.remote_group},
            {rule.remote_addresses for rule in rules if rule.remote_addresses})


def scopes(port_groups, known):
    """{name of the scope of a group that is followed: whether it is known}; ``port_groups`` as for ``named``."""
    groups, addresses = named(port_groups, known)
    return {**{of_group(each): each in known.groups for each in groups},
            **{of_address_group(each): each in known.addresses for each in addresses}}


def ids(some):
    """({ids of security groups}, {ids of address groups}) whose scopes these are, among others."""
    found = [each.partition(":") for each in some]
    return tuple({key for kind, _, key in found if of(key) == f"{kind}:{key}"} for of in (of_group, of_address_group))


def missing(port, known):
    """Why a port's rules cannot be in force; "": they can."""
    if not port.port_security:
        return ""
    absent = [each for each in port.security_groups or ()
              if each not in known.groups or known.groups[each].rules is None]
    return f"the rules of security group {', '.join(absent)} are not here yet" if absent else ""
