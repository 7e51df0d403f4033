"""Security groups as nftables rules: chains of each group, and sets of the addresses that rules mean by a group.

Ports with the same groups have a profile in common, whose number is in the marks of their packets (ports.py).
"""

import functools
import ipaddress
import typing

from nova_lite.common import ip_protocols, ip_text
from nova_lite.network.planes.linux import conntrack
from nova_lite.network.planes.linux.parts import METADATA
from nova_lite.network.planes.linux.pieces import Chain, Piece
from nova_lite.network.planes.linux.ranges6 import METADATA6

#: Of the marks of frames: not checked yet; profile of the sender; profile of the receiver.
UNCHECKED, SENDER, RECEIVER = 0x80000000, 0x7FFF0000, 0x0000FFFF
SHIFT = 16
#: The sender's profile of frames from a network's gateway; those of ports are from 1 up.
GATEWAY = 0x7FFF
LAST_PROFILE = GATEWAY - 1
_VERSIONS = {"IPv4": 4, "IPv6": 6}
_WITH_PORTS = frozenset(ip_protocols.NUMBERS[each] for each in ("tcp", "udp", "sctp", "dccp", "udplite"))
_LEADS = {"ingress": "in", "egress": "out"}
_NAMES = {4: "ip", 6: "ip6"}
_GATEWAY_SENT = f"meta mark & {SENDER:#x} == {GATEWAY << SHIFT:#x}"

#: What ports receive and send whatever their groups say: addresses, neighbours, and multicast's housekeeping.
ALWAYS = {
    "always_in": (
        f"{_GATEWAY_SENT} jump by_gateway",
        "icmpv6 type { 130, 135, 136 } accept"),
    "by_gateway": (
        "meta nfproto ipv4 udp sport 67 udp dport 68 accept",
        "meta nfproto ipv6 udp sport 547 udp dport 546 accept",
        "icmpv6 type 134 accept"),
    "always_out": (
        "meta nfproto ipv4 udp sport 68 udp dport 67 accept",
        "meta nfproto ipv6 udp sport 546 udp dport 547 accept",
        "icmpv6 type { 131, 132, 133, 135, 136, 143 } accept"),
}


_CONNECTIONS = [f"ct mark {conntrack.ENDED:#x} drop", "ct state established,related accept", "ct state invalid drop"]


class Profile(typing.NamedTuple):
    """What the rules of a port depend on.

    :ivar groups: ids of its security groups, sorted.  :ivar stateful: whether replies to what passed pass.
    """

    groups: tuple
    stateful: bool


def profile_of(port, known):
    """:param port: a state.Port with port security.  :param known: known_groups.Groups."""
    ids = tuple(sorted(port.security_groups))
    here = [known.groups[each] for each in ids if each in known.groups]
    return Profile(ids, all(each.stateful for each in here))


def of_profile(number, profile):
    """The Piece of a profile; a group without a chain must be given as ``of_group(id, Group())``."""
    chains = {}
    for name, always in (("in", "always_in"), ("out", "always_out")):
        replies = _CONNECTIONS if profile.stateful else []
        if not profile.stateful and name == "in":       # nothing else stands for the answers to its questions
            replies = [f"{_GATEWAY_SENT} {what} tcp sport 80 accept"
                       for what in (f"ip saddr {METADATA}", f"ip6 saddr {METADATA6}")]
        chains[("inet", f"{name}_{number}")] = Chain((
            *replies, f"jump {always}", *(f"jump {_chain(name, each)}" for each in profile.groups), "drop"))
    chains[("bridge", f"to_{number}")] = Chain((
        "jump to_guest", f"ether type != arp meta mark set {UNCHECKED | number:#x}"))
    chains[("bridge", f"by_{number}")] = Chain(("jump by_guest", marked(number)))
    elements = {("inet", "egress"): (f"{number << SHIFT:#x} : jump out_{number}",),
                ("inet", "ingress"): (f"{number:#x} : jump in_{number}",)}
    return Piece(elements=elements, chains=chains)


def marked(number):
    """The rule of the bridge that adds a sender's profile to the mark that its receiver's has made."""
    return f"ether type != arp meta mark set meta mark & {RECEIVER:#x} | {UNCHECKED | number << SHIFT:#x}"


def of_group(group_id, group):
    """The Piece of a group's rules.  Sets of other groups that its rules name must be there."""
    chains = {}
    for direction, name in _LEADS.items():
        rules = [line for rule in (group.rules or {}).values() if rule.direction == direction for line in lines(rule)]
        chains[("inet", _chain(name, group_id))] = Chain(tuple(sorted(set(rules))))
    return Piece(chains=chains)


def of_members(group_id, members):
    """The Piece of the addresses of a group's members.  :param members: {port id: (addresses)}"""
    return _addresses("m", group_id, {each for some in members.values() for each in some})


def of_addresses(group_id, addresses):
    """The Piece of an address group."""
    return _addresses("a", group_id, set(addresses))


def _addresses(kind, group_id, addresses):
    """Single addresses and ranges have sets of their own, so that one more address is one more element.

    Where nftables merged neighbours into ranges, a new member would rewrite others' elements.
    """
    networks = {_network(each) for each in addresses}
    sets, elements = {}, {}
    for version, name in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        mine = {each for each in networks if each.version == version}
        single = sorted(each for each in mine if each.prefixlen == each.max_prefixlen)
        ranges = ipaddress.collapse_addresses(each for each in mine if each.prefixlen < each.max_prefixlen)
        one, several = _sets(kind, version, group_id)
        sets |= {("inet", one): f"set type {name}", ("inet", several): f"set type {name}; flags interval"}
        elements |= {("inet", one): tuple(str(each.network_address) for each in single),
                     ("inet", several): tuple(part for each in ranges for part in _halves(each))}
    return Piece(sets=sets, elements=elements)


@functools.lru_cache(maxsize=1 << 16)
def _network(text):
    return ipaddress.ip_network(ip_text.without_scope(text), strict=False)


def _halves(network):
    """A range as nftables takes it, which has no word for every address."""
    return [str(each) for each in (network.subnets() if not network.prefixlen else (network,))]


def _sets(kind, version, group_id):
    plain = group_id.replace("-", "")
    return f"{kind}{version}_{plain}", f"{kind}{version}r_{plain}"


def _chain(name, group_id):
    return f"{name}_{group_id.replace('-', '')}"


def lines(rule):
    """A known_groups.Rule as text; [] where no packet can match it."""
    version = _VERSIONS[rule.ethertype]
    what = _protocol(rule, version)
    side = "saddr" if rule.direction == "ingress" else "daddr"
    return [f"{where}{what} accept" for where in _remotes(rule, version, f"{_NAMES[version]} {side}")]


def _remotes(rule, version, field):
    if rule.remote_prefix:
        network = _network(rule.remote_prefix)
        if network.version != version:
            return []
        if network.prefixlen:
            return [f"{field} {network}"]
    for kind, group_id in (("m", rule.remote_group), ("a", rule.remote_addresses)):
        if group_id:
            return [f"{field} @{each}" for each in _sets(kind, version, group_id)]
    return [f"meta nfproto ipv{version}"]


def _protocol(rule, version):
    if rule.protocol is None:
        return ""
    number = ip_protocols.number(rule.protocol)
    if version == 6 and number == ip_protocols.ICMP:
        number = ip_protocols.ICMPV6
    text = f" meta l4proto {number}"
    if rule.port_min is None:
        return text
    if number in (ip_protocols.ICMP, ip_protocols.ICMPV6):
        name = "icmp" if number == ip_protocols.ICMP else "icmpv6"
        code = "" if rule.port_max is None else f" {name} code {rule.port_max}"
        return f" {name} type {rule.port_min}{code}"
    if number in _WITH_PORTS:
        last = rule.port_min if rule.port_max is None else rule.port_max
        text += f" th dport {rule.port_min}" + (f"-{last}" if last != rule.port_min else "")
    return text


def needed(profiles, known):
    """What the rules of profiles mean by naming it: (ids of groups whose members, ids of address groups).

    :param profiles: an iterable of Profile.  :param known: known_groups.Groups.
    """
    rules = known.rules_of({each for profile in profiles for each in profile.groups})
    return ({each.remote_group for each in rules if each.remote_group},
            {each.remote_addresses for each in rules if each.remote_addresses})
