"""The nftables rules inside a network's namespace: guests' access to the gateway and outside, and access to guests."""

from nova_lite.network.planes.linux import neighbours, nft
from nova_lite.network.planes.linux.parts import LAN, METADATA, WAN

TABLE = "nova_lite"
REFUSED = "reject with icmp type admin-prohibited"


def ruleset(gateways, closed, access, options, surroundings, leads=True):
    """The whole text for nft.

    :param gateways: the gateways' addresses.  :param closed: ranges (text) of subnets without one.
     :param access: ranges (text) that the host itself may reach.
    :param options: the [network] options.  :param surroundings: a surroundings.Surroundings.
    :param leads: False: nothing passes, for another machine is the gateway.
    """
    passed = _passed(closed, access, options) if leads else []
    return nft.nothing("ip", TABLE) + nft.table(
        "ip", TABLE, nft.named_set("gateways", "ipv4_addr", gateways),
        *neighbours.parts(4), ranges("own", surroundings.own), ranges("near", surroundings.near),
        ranges("reachable", [each for each in options.reachable_ranges if ":" not in each]),
        nft.chain("input", "filter", "input priority filter", _received(), "drop"),
        nft.chain("forward", "filter", "forward priority filter", passed, "drop"),
        nft.chain("postrouting", "nat", "postrouting priority srcnat", [
            f'oifname "{WAN}" masquerade',
            # Guests see the host as their gateway: an address that all of them know how to answer.
            f'ip saddr {options.transit_range} oifname "{LAN}" masquerade']))


def ranges(name, networks):
    """The text of a set of networks."""
    return nft.named_set(name, "ipv4_addr", [str(each) for each in networks], "interval\n    auto-merge")


def false_host(options):
    """The rule that what comes with the host's address, which guests are shown as their gateway's, comes by its link.
    """
    return f'iifname != "{WAN}" ip saddr {options.transit_range} drop'


def _received():
    """DHCP, DNS, metadata and a ping of the gateway; the host's packets are replies alone."""
    return ['iifname "lo" accept',
            "ct state established,related accept",
            f'iifname "{LAN}" udp sport 68 udp dport 67 accept',
            f'iifname "{LAN}" ip daddr @gateways meta l4proto {{ tcp, udp }} th dport 53 accept',
            f'iifname "{LAN}" ip daddr @gateways icmp type echo-request accept',
            f'iifname "{LAN}" ip daddr {METADATA} tcp dport 80 accept',
            f'iifname "{LAN}" {REFUSED}']


def _passed(closed, access, options):
    """Packets of guests are matched one by one, so that a range that comes to be refused is refused at once."""
    # Answers of DHCP come from the gateway itself, and guests take what it passes on for its.
    rules = ["udp sport 67 udp dport 68 drop", false_host(options), neighbours.bounded(f'oifname "{LAN}"'),
             f'iifname "{LAN}" oifname "{LAN}" accept',
             f'iifname "{LAN}" ct direction reply ct state established,related accept',
             f'iifname "{LAN}" ip daddr @own {REFUSED}',
             f'iifname "{LAN}" ip daddr != @reachable ip daddr @near {REFUSED}']
    if closed:
        rules.insert(1, f'ip saddr {{ {", ".join(closed)} }} {REFUSED}')
        rules.insert(1, f'ip daddr {{ {", ".join(closed)} }} {REFUSED}')
    if options.nat:
        rules.append(f'iifname "{LAN}" oifname "{WAN}" accept')
    rules.append(f'iifname "{WAN}" ct state established,related accept')
    if access:
        rules.append(f'iifname "{WAN}" oifname "{LAN}" ip saddr {options.transit_range} '
                     f'ip daddr {{ {", ".join(access)} }} accept')
    return rules
