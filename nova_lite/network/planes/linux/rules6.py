"""What nftables rules of IPv6 in networks' and routers' namespaces have in common: what is answered, and to whom."""

from nova_lite.common import ipv6
from nova_lite.network.planes.linux import nft
from nova_lite.network.planes.linux.parts import WAN
from nova_lite.network.planes.linux.ranges6 import METADATA6

REFUSED = "reject with icmpv6 type admin-prohibited"
NO_ROUTE = "reject with icmpv6 type no-route"
#: Who listens to which groups, routers wanted, and neighbours.  What routers announce, nobody heeds here.
HOUSEKEEPING = "icmpv6 type { 130, 131, 132, 133, 135, 136, 143 } accept"
#: Answers of DHCP come from a network's own gateway, and guests take what a router sends for its.
NO_DHCP = "udp sport 547 udp dport 546 drop"
#: What comes with the host's address is shown to guests as their gateway's: it comes by the link to the host alone.
FALSE_HOST = f'iifname != "{WAN}" ip6 saddr {ipv6.LINKS} drop'
OPEN = "ct state established,related accept"


def sets(options, surroundings):
    return (networks("own", surroundings.own6), networks("near", surroundings.near6),
            networks("reachable", [each for each in options.reachable_ranges if ":" in each]))


def networks(name, some):
    """The text of a set of networks."""
    return nft.named_set(name, "ipv6_addr", [str(each) for each in some], "interval\n    auto-merge")


def served(device, ips, metadata):
    """Rules of what guests get at a device: DHCP, DNS and, where it is there, metadata."""
    here = f'iifname "{device}"'
    rules = [f"{here} udp sport 546 udp dport 547 accept"]
    if ips:
        rules.append(f"{here} ip6 daddr {{ {', '.join(ips)} }} meta l4proto {{ tcp, udp }} th dport 53 accept")
    if metadata:
        rules.append(f"{here} ip6 daddr {METADATA6} tcp dport 80 accept")
    return rules


def refusals(way):
    """Rules of what nobody reaches who goes out by ``way``, a match; packets are matched one by one."""
    return [f"{way} ip6 daddr @own {REFUSED}", f"{way} ip6 daddr != @reachable ip6 daddr @near {REFUSED}"]
