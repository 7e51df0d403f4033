"""Frames of guests by nftables: whose they are, with which addresses a guest may send, and how its packets are checked.

Bridges show a frame's devices, and the host's IP stack, by br_netfilter, its connection.  So each frame gets a mark of
both its devices' profiles in the bridge's forward chain, is checked by it in the inet table's next ones, and loses it
there: the mark is on frames of this cloud's bridges alone, and others' rules see none.  Where br_netfilter is off, the
mark is still there when the frame leaves, and it is dropped.

Packets are followed by connection in a zone for each network.  Other programs' translation of addresses does not reach
them: the host's ranges (Docker's, for one) may be a tenant's as well.
"""

import ipaddress

from nova_lite.common.ipv6 import link_local
from nova_lite.network.planes.linux import groups, nft
from nova_lite.network.planes.linux.groups import GATEWAY, RECEIVER, SENDER, UNCHECKED
from nova_lite.network.planes.linux.parts import METADATA
from nova_lite.network.planes.linux.pieces import Chain, Piece
from nova_lite.network.planes.linux.ranges6 import METADATA6

FAMILIES = ("bridge", "inet")
_OTHER = "ether type != { arp, ip, ip6 } drop"
_FROM_GUEST = (
    "ether type ip jump from_guest4",
    "iifname . ether saddr != @macs drop",
    "ether type arp jump from_guest_arp",
    "ether type ip6 iifname vmap @with_ipv6",
    "drop",
)
#: Who has no address yet asks whether somebody has it; whoever is about to take one gives it up when that is asked
#: (RFC 5227), so that nobody asks of addresses that are not his own.
_FROM_GUEST_ARP = (
    "iifname . arp saddr ether != @macs drop",
    *(f"iifname . arp saddr ether . arp saddr ip @{name} accept" for name in ("addresses", "pairs4", "pairs4r")),
    *(f"arp saddr ip 0.0.0.0 iifname . arp saddr ether . arp daddr ip @{name} accept"
      for name in ("addresses", "pairs4", "pairs4r")),
    "drop",
)
#: Who asks for metadata is known by its address: with that of a pair, which may be another port's, nobody does.
_FROM_GUEST4 = (
    "udp sport 67 drop",
    "udp dport 67 jump to_dhcp",
    "iifname . ether saddr . ip saddr @addresses accept",
    "iifname . ether saddr @macs ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
    f"ip daddr {METADATA} drop",
    *(f"iifname . ether saddr . ip saddr @{name} accept" for name in ("pairs4", "pairs4r")),
    "drop",
)
#: A client says in its request which MAC it has: with another's it could refuse, or give back, that one's address.
_TO_DHCP = ("ip frag-off & 0x3fff != 0 drop", "iifname . @th,288,48 @clients return", "drop")
_FROM_GUEST6 = (
    "ip6 saddr :: icmpv6 type { 131, 135, 143 } accept",
    "iifname . ether saddr . ip6 saddr @addresses6 accept",
    f"ip6 daddr {METADATA6} drop",
    *(f"iifname . ether saddr . ip6 saddr @{name} accept" for name in ("pairs6", "pairs6r")),
    "drop",
)
#: Of ports without port security, which may send the rest with any address.
_FROM_ANY = (f"ip daddr {METADATA} iifname . ether saddr . ip saddr != @addresses drop",
             f"ip6 daddr {METADATA6} iifname . ether saddr . ip6 saddr != @addresses6 drop")
#: Of one port without port security as many MACs at a time: the bridge remembers each for as long, without a bound.
_SOURCES = "set type ether_addr; size 1024; flags dynamic,timeout; timeout 5m"
#: What is in fragments, and behind extension headers, is seen only here.  134 are router advertisements, 137 redirects.
#: Fragments of stateless groups' ports are not put together: where more headers follow the fragment's own, nobody sees
#: what it is (RFC 7113), and it goes no further.
#: DHCP knows a client by its link-local address: with that of a pair, which may be another's, nobody asks; and nobody
#: refuses or gives back an address (8, 9), or asks in another's stead (12).
_BY_GUEST6 = (
    "frag nexthdr { 0, 43, 44, 51, 60, 135, 139, 140 } drop",
    "icmpv6 type { 134, 137 } drop",
    "udp sport 547 drop",
    "udp dport 547 iifname . ether saddr . ip6 saddr != @addresses6 drop",
    "udp dport 547 @th,64,8 != { 1, 3, 4, 5, 6, 11 } drop",
    "icmpv6 type { 135, 136 } ip6 nexthdr != 58 drop",
    "icmpv6 type 136 iifname vmap @own_neighbour",
    "ip6 saddr :: icmpv6 type 135 iifname vmap @own_neighbour",
)
#: What belongs to each host alone stays off the NIC of a physical network, which is nobody's of ours.
_TO_UPLINK = (f"arp daddr ip {METADATA} drop", f"arp saddr ip {METADATA} drop", f"ip daddr {METADATA} drop",
              f"ip6 daddr {METADATA6} drop")
_BY_UPLINK = (f"arp saddr ip {METADATA} drop", f"ip saddr {METADATA} drop", f"ip6 saddr {METADATA6} drop")

#: Bursts that a limit of packets lets through in a second, where nobody says how large they are, and the least one.
_BURSTS, _LEAST_BURST = 20, 5


def head(anti_spoofing, untracked):
    """The Piece of what is there once: the base chains, and the sets and maps that ports' elements are in.

    :param untracked: whether a port has stateless groups.
    """
    sets = {
        "bridge": {"ours": "set type ifname", "sent": "map type ifname : verdict",
                   **dict.fromkeys(("marked", "paced_out", "paced_in"), "map type ifname : verdict"),
                   "macs": "set type ifname . ether_addr", "clients": "set typeof iifname . @th,288,48",
                   **{name: f"set type ifname . ether_addr . {kind}" for kind, some in (
                       ("ipv4_addr", ("addresses", "pairs4")), ("ipv6_addr", ("addresses6", "pairs6")))
                      for name in some},
                   "pairs4r": "set type ifname . ether_addr . ipv4_addr; flags interval",
                   "pairs6r": "set type ifname . ether_addr . ipv6_addr; flags interval",
                   "apart": "set type ifname . ifname",
                   "inward": "map type ifname : verdict", "outward": "map type ifname : verdict",
                   "with_ipv6": "map type ifname : verdict", "own_neighbour": "map type ifname : verdict"},
        "inet": {"bridges": "set type ifname", "zones": "map typeof iifname : ct zone",
                 **{f"{kind}{number}{more}": f"set type ifname . ipv{number}_addr{flags}"
                    for kind in ("stateful", "stateless") for number in (4, 6)
                    for more, flags in (("", ""), ("r", "; flags interval"))},
                 "ingress": "map type mark : verdict", "egress": "map type mark : verdict"}}
    chains = {"bridge": _bridge_chains(anti_spoofing), "inet": _inet_chains(untracked)}
    return Piece(sets={(family, name): text for family, some in sets.items() for name, text in some.items()},
                 chains={(family, name): each for family, some in chains.items() for name, each in some.items()})


def _bridge_chains(anti_spoofing):
    own_mac = ["ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 oifname . ether daddr != @macs drop"]
    return {
        "from_guest4": Chain(_FROM_GUEST4), "from_guest6": Chain(_FROM_GUEST6),
        "to_dhcp": Chain(_TO_DHCP), "from_guest_arp": Chain(_FROM_GUEST_ARP),
        "from_guest": Chain(_FROM_GUEST if anti_spoofing else ()),
        "from_any": Chain(_FROM_ANY if anti_spoofing else ()), "by_guest6": Chain(_BY_GUEST6 if anti_spoofing else ()),
        "by_guest": Chain((_OTHER, "ether type ip6 jump by_guest6")),
        "to_any": Chain(("meta mark set 0",)), "to_gateway": Chain(("meta mark set 0", _OTHER)),
        "to_guest": Chain(("meta mark set 0", _OTHER, *(own_mac if anti_spoofing else ()))),
        "by_gateway": Chain(("meta mark 0 return", groups.marked(GATEWAY))),
        "to_uplink": Chain((*_TO_UPLINK, "jump to_gateway")), "by_uplink": Chain((*_BY_UPLINK, "jump by_gateway")),
        # Where DHCP is answered here, it is nobody else's.
        "to_uplink_dhcp": Chain(("udp dport 67 drop", "jump to_uplink")),
        "by_uplink_dhcp": Chain(("udp sport 67 drop", "jump by_uplink")),
        "prerouting": Chain(("iifname vmap @paced_out", "iifname vmap @marked", "iifname vmap @sent"),
                            "type filter hook prerouting priority -300"),
        "forward": Chain((
            "iifname . oifname @apart drop",
            "oifname vmap @paced_in",
            "oifname vmap @inward",
            "iifname vmap @outward"), "type filter hook forward priority -10"),
        "postrouting": Chain((f"meta mark & {UNCHECKED:#x} == {UNCHECKED:#x} oifname @ours drop",),
                             "type filter hook postrouting priority 0")}


def _inet_chains(untracked):
    # An address that two ports have is followed where one of them needs it.
    lines = [f"iifname . {ip} {side} @stateful{number}{more} return"
             for number, ip in ((4, "ip"), (6, "ip6")) for side in ("saddr", "daddr") for more in ("", "r")]
    lines += [f"iifname . {ip} {side} @stateless{number}{more} notrack accept"
              for number, ip in ((4, "ip"), (6, "ip6")) for side in ("saddr", "daddr") for more in ("", "r")]
    return {
        **{name: Chain(rules) for name, rules in groups.ALWAYS.items()},
        "untracked": Chain(tuple(lines)),
        # Before packets are put together of their fragments, which must not be those of two networks.
        "tracking": Chain((*(["jump untracked"] if untracked else ()), "ct zone set iifname map @zones"),
                          "type filter hook prerouting priority -450"),
        "keep_target": Chain(("iifname @bridges dnat ip to ip daddr", "iifname @bridges dnat ip6 to ip6 daddr"),
                             "type nat hook prerouting priority -110"),
        "keep_source": Chain(("oifname @bridges snat ip to ip saddr", "oifname @bridges snat ip6 to ip6 saddr"),
                             "type nat hook postrouting priority 90"),
        "sent": Chain((f"iifname @bridges meta mark & {SENDER:#x} vmap @egress",),
                      "type filter hook forward priority -300"),
        "received": Chain((f"iifname @bridges meta mark & {RECEIVER:#x} vmap @ingress",),
                          "type filter hook forward priority -299"),
        "checked": Chain(("iifname @bridges meta mark set 0",), "type filter hook forward priority -298")}


def of_network(parts, zone, legs=(), uplink=None, has_dhcp=False):
    """The Piece of a network.  :param parts: parts.Parts.  :param zone: the number of its connections' zone.
    :param legs: names of the devices of routers on its bridge.
    :param uplink: the name of the NIC of its physical network on it; None.  :param has_dhcp: whether it has DHCP here.
    """
    ways = {f'"{each}"': "gateway" for each in (parts.port, *legs)}
    apart = {("bridge", "apart"): ()}
    if uplink:
        ways[f'"{uplink}"'] = "uplink_dhcp" if has_dhcp else "uplink"
        apart = {("bridge", "apart"): (f'"{parts.port}" . "{uplink}"', f'"{uplink}" . "{parts.port}"')}
    return Piece(elements=apart | {
        ("bridge", "ours"): tuple(ways),
        ("bridge", "inward"): tuple(f"{each} : jump to_{way}" for each, way in ways.items()),
        ("bridge", "outward"): tuple(f"{each} : jump by_{way}" for each, way in ways.items()),
        ("inet", "bridges"): (f'"{parts.bridge}"',), ("inet", "zones"): (f'"{parts.bridge}" : {zone}',)})


def of_port(port, number, stateful):
    """The Piece of a port.

    :param number: of its profile; None: its packets are not checked, for it has no port security, or its groups are not
        known.
    :param stateful: whether its profile is.
    """
    tap = f'"{port.tap}"'
    if not port.admin_up:
        return Piece(elements={("bridge", "ours"): (tap,), ("bridge", "sent"): (f"{tap} : drop",),
                               ("bridge", "inward"): (f"{tap} : drop",)})
    (four, six), pairs = addresses_of(port), pairs_of(port)
    own = f"{tap} . {port.mac}"
    mark = port.qos.get("dscp_mark")
    elements = {("bridge", "marked"): () if mark is None else (f"{tap} : jump dscp_{mark}",),
                ("bridge", "ours"): (tap,), **{("bridge", name): tuple(f"{own} . {each}" for each in some)
                                               for name, some in (("addresses", four), ("addresses6", six))}}
    paced, chains = _paced(port, tap)
    elements |= paced
    if not port.port_security:
        name = port.port_id.replace("-", "")
        return Piece(elements=elements | {("bridge", "sent"): (f"{tap} : jump any_{name}",),
                                          ("bridge", "inward"): (f"{tap} : jump to_any",)},
                     sets={("bridge", f"sources_{name}"): _SOURCES},
                     chains=chains | {("bridge", f"any_{name}"): Chain((
                         f"add @sources_{name} {{ ether saddr }} goto from_any", "drop"))})
    kind = "stateful" if stateful else "stateless"
    singles = {version: [(mac, each.network_address) for mac, each in pairs
                         if each.version == version and each.num_addresses == 1] for version in (4, 6)}
    ranges = {version: [f"{tap} . {mac} . {each}" for mac, each in pairs
                        if each.version == version and each.num_addresses > 1] for version in (4, 6)}
    elements |= {
        ("bridge", "sent"): (f"{tap} : jump from_guest",),
        ("bridge", "clients"): (f"{tap} . 0x{port.mac.replace(':', '')}",),
        ("bridge", "macs"): tuple(dict.fromkeys([own, *(f"{tap} . {mac}" for mac, _ in pairs)])),
        **{("bridge", f"pairs{version}"): tuple(f"{tap} . {mac} . {each}" for mac, each in some)
           for version, some in singles.items()},
        **{("bridge", f"pairs{version}r"): tuple(some) for version, some in ranges.items()},
        ("bridge", "inward"): (f"{tap} : jump to_{number or 'guest'}",),
        ("bridge", "outward"): (f"{tap} : jump by_{number or 'guest'}",),
        **{("inet", f"{kind}{version}"): tuple(dict.fromkeys(
            f'"{port.bridge}" . {each}' for each in (*own_ips, *(one for _, one in singles[version]))))
           for version, own_ips in ((4, four), (6, six))}}
    targets = list(ipaddress.collapse_addresses([*map(ipaddress.ip_network, six), *(
        each for _, each in pairs if each.version == 6)]))
    if not targets:
        return Piece(chains=chains, elements=elements)
    chain = "nd_" + port.port_id.replace("-", "")
    elements |= {("bridge", "with_ipv6"): (f"{tap} : jump from_guest6",),
                 ("bridge", "own_neighbour"): (f"{tap} : jump {chain}",)}
    claimed = ", ".join(map(_target, targets))
    return Piece(elements=elements, chains=chains | {("bridge", chain): Chain(
        (f"@nh,384,128 != {{ {claimed} }} drop",) if targets[0].prefixlen else ())})


def is_paced(port):
    """Whether the number of its packets is limited."""
    return any(port.qos.get(f"{way}_pps") for way in ("egress", "ingress"))


def trial(cloud):
    """Text that loads, and leaves nothing, where the kernel can limit numbers of packets (nft_limit)."""
    name = f"{cloud}_trial"
    return nft.nothing("bridge", name) + nft.table("bridge", name, nft.jumped("c", (
        "limit rate over 1/second drop",))) + f"delete table bridge {name}\n"


def _paced(port, tap):
    """(elements, chains) of the limits of how many packets a port sends and gets."""
    elements, chains = {}, {}
    for way, name in (("egress", "out"), ("ingress", "in")):
        rate = port.qos.get(f"{way}_pps")
        if rate:
            burst = port.qos.get(f"{way}_pps_burst") or max(rate // _BURSTS, _LEAST_BURST)
            chain = f"{name}_{port.port_id.replace('-', '')}"
            elements["bridge", f"paced_{name}"] = (f"{tap} : jump {chain}",)
            chains["bridge", chain] = Chain((f"limit rate over {rate}/second burst {burst} packets drop",))
    return elements, chains


def of_mark(mark):
    """The Piece of a DSCP mark that QoS policies give packets of ports."""
    return Piece(chains={("bridge", f"dscp_{mark}"): Chain(
        tuple(f"ether type {ip} {ip} dscp set {mark}" for ip in ("ip", "ip6")))})


def _target(network):
    """The addresses of a network as numbers, as the target of a neighbour's message is compared."""
    first, last = (f"{int(each):#034x}" for each in (network.network_address, network.broadcast_address))
    return first if first == last else f"{first}-{last}"


def of_ranges(ranges):
    """The Piece of the ranges that ports are allowed, by the kind of their groups.

    Ranges of several ports may overlap, which elements of one set may not: so all of them are one thing.

    :param ranges: {(bridge, whether it is stateful, ip_network)}.
    """
    elements = {}
    for bridge, stateful, version in sorted({(bridge, stateful, each.version) for bridge, stateful, each in ranges}):
        some = [each for where, kind, each in ranges if (where, kind, each.version) == (bridge, stateful, version)]
        elements.setdefault(("inet", f"{'stateful' if stateful else 'stateless'}{version}r"), []).extend(
            f'"{bridge}" . {each}' for each in ipaddress.collapse_addresses(some))
    return Piece(elements={key: tuple(some) for key, some in elements.items()})


def addresses_of(port):
    """(IPv4Addresses, IPv6Addresses) with which a port's guest may send.

    A guest with an IPv6 address has the link-local one that its MAC makes as well; one without has no IPv6 at all.
    """
    found = [ipaddress.ip_address(each["ip"]) for each in port.addresses]
    six = [each for each in found if each.version == 6]
    return [each for each in found if each.version == 4], [*six, link_local(port.mac)] if six else []


def pairs_of(port):
    """[(MAC, ip_network)] of its allowed address pairs: of one MAC none is within another, and none is its own address.

    With an IPv6 address a pair's MAC has its link-local one, too.
    """
    found = {}
    for mac, _, text in (each.partition(",") for each in port.allowed_pairs):
        network = ipaddress.ip_network(text, strict=False)
        found.setdefault((mac, network.version), []).append(network)
        if network.version == 6:
            found[mac, 6].append(ipaddress.ip_network(link_local(mac)))
    own = {ipaddress.ip_network(each) for some in addresses_of(port) for each in some}
    return [(mac, each) for (mac, _), some in sorted(found.items()) for each in ipaddress.collapse_addresses(some)
            if mac != port.mac or each not in own]
