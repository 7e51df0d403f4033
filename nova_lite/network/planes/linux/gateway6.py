"""The nftables rules of IPv6 inside a network's namespace.

Nothing is translated but the host's own questions.  A namespace passes packets on where it is the gateway of an
external network; elsewhere it only answers.
"""

from nova_lite.common import ipv6
from nova_lite.network.planes.linux import neighbours, nft, rules6
from nova_lite.network.planes.linux.gateway import TABLE
from nova_lite.network.planes.linux.parts import LAN, WAN
from nova_lite.network.planes.linux.ranges6 import METADATA6


def ruleset(six, inner, options, surroundings):
    """The whole text for nft.

    :param six: ranges6.Six; None: there is no IPv6.  :param inner: ranges (text) of who may send here.
    :param options: the [network] options.  :param surroundings: a surroundings.Surroundings.
    """
    if six is None:
        return nft.nothing("ip6", TABLE)
    own = [each.partition("/")[0] for each in dict(six.devices)[LAN]]
    return nft.nothing("ip6", TABLE) + nft.table(
        "ip6", TABLE, *neighbours.parts(6), *rules6.sets(options, surroundings), rules6.networks("inner", inner),
        nft.chain("input", "filter", "input priority filter", _received(own), "drop"),
        nft.chain("forward", "filter", "forward priority filter", _passed(six), "drop"),
        nft.chain("postrouting", "nat", "postrouting priority srcnat", [
            # Guests see the host as their gateway: an address that all of them know how to answer.
            f'ip6 saddr {ipv6.LINKS} oifname "{LAN}" masquerade']))


def _received(own):
    """DHCP, DNS, metadata and a ping of the gateway; the host's packets are replies alone."""
    return ['iifname "lo" accept', rules6.OPEN, rules6.HOUSEKEEPING,
            *rules6.served(LAN, [each for each in own if each != METADATA6], METADATA6 in own),
            f'iifname "{LAN}" icmpv6 type echo-request accept', f'iifname "{LAN}" {rules6.REFUSED}']


def _passed(six):
    rules = [rules6.NO_DHCP, rules6.FALSE_HOST, neighbours.bounded(f'oifname "{LAN}"'),
             f'iifname "{LAN}" oifname "{LAN}" accept',
             f'iifname "{LAN}" ct direction reply {rules6.OPEN}', f'iifname "{LAN}" ip6 saddr != @inner drop',
             *rules6.refusals(f'iifname "{LAN}"')]
    if six.leads_out:
        rules += [f'iifname "{LAN}" oifname "{WAN}" accept', f'iifname "{WAN}" oifname "{LAN}" ip6 daddr @inner accept']
    rules.append(f'iifname "{WAN}" {rules6.OPEN}')
    if six.access:
        rules.append(f'iifname "{WAN}" oifname "{LAN}" ip6 saddr {ipv6.LINKS} '
                     f'ip6 daddr {{ {", ".join(six.access)} }} accept')
    return [*rules, f'iifname "{LAN}" {rules6.NO_ROUTE}']
