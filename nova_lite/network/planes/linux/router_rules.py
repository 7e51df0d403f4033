"""The nftables rules inside a router's namespace: what it passes, translates and answers.

Chains of the kind nat see the first packet of a connection alone.  The mark says what came from a guest's side: by the
hook where addresses of senders are translated, the device that a packet came by is known no more.
"""

import ipaddress

from nova_lite.network.planes.linux import neighbours, nft
from nova_lite.network.planes.linux.gateway import REFUSED, TABLE, false_host, ranges
from nova_lite.network.planes.linux.layout import OUT
from nova_lite.network.planes.linux.parts import METADATA, WAN

_INSIDE = "meta mark 1"
_HAS_PORTS = "meta l4proto { tcp, udp, udplite, dccp, sctp }"
_PORTS = "ipv4_addr . inet_proto . inet_service"


def ruleset(router, access, options, surroundings):
    """The whole text for nft.

    :param router: a layout.Router.  :param access: ranges (text) that the host itself may reach.
    :param options: the [network] options.  :param surroundings: a surroundings.Surroundings.
    """
    legs = [f'"{each.device}"' for each in router.legs]
    sources = [f"{fixed} : {ip}" for ip, fixed in sorted(router.translated.items())]
    one, same = _forwarded(router.forwardings)
    return nft.nothing("ip", TABLE) + nft.table(
        "ip", TABLE, nft.named_set("legs", "ifname", legs),
        *neighbours.parts(4), ranges("own", surroundings.own), ranges("near", surroundings.near),
        ranges("reachable", [each for each in options.reachable_ranges if ":" not in each]),
        nft.named_set("elsewhere", "ifname . ipv4_addr", _elsewhere(router), "interval"),
        ranges("behind", [each for leg in router.legs for each in leg.ranges]),
        nft.named_map("translated", "ipv4_addr : ipv4_addr", [
            f"{ip} : {fixed}" for ip, fixed in sorted(router.translated.items())]),
        nft.named_map("sources", "ipv4_addr : ipv4_addr", sources),
        nft.named_map("forwarded", f"{_PORTS} : ipv4_addr . inet_service", one, "interval"),
        nft.named_map("forwarded_ports", f"{_PORTS} : ipv4_addr", same, "interval"),
        nft.chain("input", "filter", "input priority filter", _received(router), "drop"),
        nft.chain("forward", "filter", "forward priority filter", _passed(router, access, options), "drop"),
        nft.chain("prerouting", "nat", "prerouting priority dstnat", [
            f'iifname @legs meta mark set {_INSIDE.rpartition(" ")[2]}',
            "dnat to ip daddr map @translated",
            f"{_HAS_PORTS} dnat ip to ip daddr . meta l4proto . th dport map @forwarded",
            f"{_HAS_PORTS} dnat to ip daddr . meta l4proto . th dport map @forwarded_ports"]),
        nft.chain("postrouting", "nat", "postrouting priority srcnat", _left(router, options)))


def _elsewhere(router):
    """Elements: from each leg the ranges of the other networks, which nobody sends from there."""
    return [f'"{leg.device}" . {each}' for leg in router.legs for each in ipaddress.collapse_addresses(
        ipaddress.ip_network(one) for other in router.legs if other.network_id != leg.network_id
        for one in other.ranges)]


def _forwarded(forwardings):
    """(elements that lead to one port each, elements of ranges that keep their ports)"""
    one, same = [], []
    for each in forwardings:
        head = f"{each.ip} . {each.protocol}"
        if each.to_first == each.to_last:
            one.append(f"{head} . {_range(each.first, each.last)} : {each.to} . {each.to_first}")
        elif each.to_first == each.first:
            same.append(f"{head} . {_range(each.first, each.last)} : {each.to}")
        else:
            one += [f"{head} . {port} : {each.to} . {port - each.first + each.to_first}"
                    for port in range(each.first, each.last + 1)]
    return one, same


def _range(first, last):
    return str(first) if first == last else f"{first}-{last}"


def _received(router):
    """DHCP, DNS and metadata by the leg of the guest's own network, and pings; no packet of the host's but replies."""
    rules = ['iifname "lo" accept', "ct state established,related accept"]
    for each in router.legs:
        here = f'iifname "{each.device}"'
        if not each.ips:
            continue
        rules += [f"{here} udp sport 68 udp dport 67 accept",
                  f"{here} ip daddr {{ {', '.join(each.ips)} }} meta l4proto {{ tcp, udp }} th dport 53 accept",
                  f"{here} ip saddr {{ {', '.join(each.ranges)} }} ip daddr {METADATA} tcp dport 80 accept"]
    rules += [f'iifname "{each.device}" drop' for each in router.all_legs if not each.up]
    answered = [*(one for each in router.all_legs for one in each.ips), *router.floating]
    if router.up and answered:
        rules.append(f'iifname != "{WAN}" ip daddr {{ {", ".join(answered)} }} icmp type echo-request accept')
    return [*rules, f"iifname @legs {REFUSED}"]


def _passed(router, access, options):
    """Packets are matched one by one, so that a range that comes to be refused is refused at once."""
    if not router.up:
        return []
    # Answers of DHCP come from a network's own gateway, and guests take what a router sends for its.
    rules = [f'{side} "{each.device}" drop' for each in router.all_legs if not each.up
             for side in ("iifname", "oifname")]
    rules += ["udp sport 67 udp dport 68 drop", false_host(options), "iifname . ip saddr @elsewhere drop",
             *neighbours_of(router, 4), "iifname @legs oifname @legs accept",
             # Nobody goes out untranslated by an address that is not of this router's networks: it is another's.
             *(() if router.snat else (f'iifname @legs oifname "{OUT}" ip saddr != @behind drop',)),
             "ct direction reply ct state established,related accept",
             f'iifname @legs oifname "{OUT}" ip daddr @own {REFUSED}',
             f'iifname @legs oifname "{OUT}" ip daddr != @reachable ip daddr @near {REFUSED}',
             f'iifname @legs oifname "{OUT}" accept',
             f'iifname "{OUT}" oifname @legs ct status dnat accept',
             f'iifname "{OUT}" oifname @legs ct state established,related accept']
    if not router.snat:             # tenants' addresses are known outside: what is sent to them comes in
        rules.append(f'iifname "{OUT}" oifname @legs accept')
    if access:
        rules.append(f'iifname "{WAN}" oifname @legs ip saddr {options.transit_range} '
                     f'ip daddr {{ {", ".join(access)} }} accept')
    return [*rules, "iifname @legs reject with icmp type net-unreachable"]


def neighbours_of(router, version):
    """Rules that bound how many neighbours a router looks for at once."""
    rules = [neighbours.bounded("oifname @legs")]
    ranges_out = () if router.gateway is None else router.gateway.ranges if version == 4 else router.gateway.ranges6
    if ranges_out:
        field = "ip" if version == 4 else "ip6"
        rules.append(neighbours.bounded(f'oifname "{OUT}" {field} daddr {{ {", ".join(ranges_out)} }}'))
    return rules


def _left(router, options):
    """A guest that asks a floating IP of this router is seen under an address whose answers come by the router."""
    rules = []
    if router.gateway and router.gateway.ips:
        own = router.gateway.ips[0]
        rules = [f'oifname "{OUT}" {_INSIDE} snat to ip saddr map @sources',
                 f"ct status dnat {_INSIDE} snat to ip saddr map @sources",
                 f"ct status dnat {_INSIDE} snat to {own}"]
        if router.snat:
            rules.append(f'oifname "{OUT}" {_INSIDE} snat to {own}')
    # Guests see the host as their gateway: an address that all of them know how to answer.
    return [*rules, f"ip saddr {options.transit_range} oifname @legs masquerade"]
