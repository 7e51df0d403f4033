"""The nftables rules of IPv6 inside a router's namespace: it passes packets as they are, and translates none."""

import ipaddress

from nova_lite.common import ipv6
from nova_lite.network.planes.linux import neighbours, nft, rules6
from nova_lite.network.planes.linux.gateway import TABLE
from nova_lite.network.planes.linux.layout import OUT
from nova_lite.network.planes.linux.parts import WAN
from nova_lite.network.planes.linux.router_rules import neighbours_of


def ruleset(router, access, options, surroundings):
    """The whole text for nft.

    :param router: a layout.Router.  :param access: ranges (text) that the host itself may reach.
    :param options: the [network] options.  :param surroundings: a surroundings.Surroundings.
    """
    if not router.has_ipv6:
        return nft.nothing("ip6", TABLE)
    return nft.nothing("ip6", TABLE) + nft.table(
        "ip6", TABLE, nft.named_set("legs", "ifname", [f'"{each.device}"' for each in router.legs]),
        *neighbours.parts(6), *rules6.sets(options, surroundings),
        nft.named_set("elsewhere", "ifname . ipv6_addr", _elsewhere(router), "interval"),
        rules6.networks("behind", [each for leg in router.legs for each in leg.ranges6]),
        nft.chain("input", "filter", "input priority filter", _received(router), "drop"),
        nft.chain("forward", "filter", "forward priority filter", _passed(router, access), "drop"),
        nft.chain("postrouting", "nat", "postrouting priority srcnat", [
            # Guests see the host as their gateway: an address that all of them know how to answer.
            f"ip6 saddr {ipv6.LINKS} oifname @legs masquerade"]))


def _elsewhere(router):
    """Elements: from each leg the ranges of the other networks, which nobody sends from there."""
    return [f'"{leg.device}" . {each}' for leg in router.legs for each in ipaddress.collapse_addresses(
        ipaddress.ip_network(one) for other in router.legs if other.network_id != leg.network_id
        for one in other.ranges6 if one not in leg.ranges6)]


def _received(router):
    """DHCP, DNS and metadata by the leg of the guest's own network, and pings; no packet of the host's but replies."""
    rules = ['iifname "lo" accept', rules6.OPEN, rules6.HOUSEKEEPING]
    for each in router.legs:
        if each.addresses6:
            rules += rules6.served(each.device, each.ips6, each.answers6)
    rules += [f'iifname "{each.device}" drop' for each in router.all_legs if not each.up]
    if router.up:
        rules.append(f'iifname != "{WAN}" icmpv6 type echo-request accept')
    return [*rules, f"iifname @legs {rules6.REFUSED}"]


def _passed(router, access):
    if not router.up:
        return []
    rules = [f'{side} "{each.device}" drop' for each in router.all_legs if not each.up
             for side in ("iifname", "oifname")]
    # Nobody goes out, where all networks meet, by an address that is not of this router's networks: it is another's.
    rules += [rules6.NO_DHCP, rules6.FALSE_HOST, "iifname . ip6 saddr @elsewhere drop",
              *neighbours_of(router, 6), "iifname @legs oifname @legs accept",
              f'iifname @legs oifname "{OUT}" ip6 saddr != @behind drop',
              f"ct direction reply {rules6.OPEN}", *rules6.refusals(f'iifname @legs oifname "{OUT}"'),
              f'iifname @legs oifname "{OUT}" accept',
              # Guests' addresses are known outside; what may reach them, their security groups say.
              f'iifname "{OUT}" oifname @legs accept']
    if access:
        rules.append(f'iifname "{WAN}" oifname @legs ip6 saddr {ipv6.LINKS} '
                     f'ip6 daddr {{ {", ".join(access)} }} accept')
    return [*rules, f"iifname @legs {rules6.NO_ROUTE}"]
