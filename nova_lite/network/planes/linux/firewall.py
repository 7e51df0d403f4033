"""The host's nftables rules: what passes between networks' links and the outside.

All rules are in tables of this cloud's own, which are replaced as a whole in one transaction.  A verdict here cannot
overrule another program's: where the host's own forward policy is drop, it must let pass what forward_policy.py says.
What holds inside a network's namespace is in gateway.py, and what holds between guests in ports.py.
"""

from nova_lite.common import ipv6
from nova_lite.network.planes.linux import nft
from nova_lite.network.planes.linux.parts import LINKS

_FAMILIES = ("ip", "ip6", "netdev")
#: Neighbours on a link; routers and the listeners to groups concern nobody there.
_NEIGHBOURS = "icmpv6 type { 135, 136 }"


def ruleset(cloud, segments, parts, options, surroundings, routers=(), linked6=()):
    """The whole text for nft.  The bridges must be there, their links need not.

    :param cloud: parts.cloud_of the state directory.  :param segments: state.Segment of every network here.
    :param parts: {network id: parts.Parts}.  :param options: the [network] options.
    :param surroundings: a surroundings.Surroundings.  :param routers: parts.Parts of every router here.
    :param linked6: {name of a link with IPv6: whether what others send comes in by it, as far as the network lets it}.
    """
    texts = [nothing(cloud)]
    if segments:
        names = [parts[each.network_id] for each in segments]
        texts.append(_routed(cloud, [*names, *routers], options, surroundings))
        texts.append(_closed(cloud, names))
        if linked6:
            texts.append(_routed6(cloud, linked6))
    return "\n".join(texts)


def nothing(cloud):
    """The text that removes the tables, whether they are there or not."""
    return "".join(nft.nothing(family, cloud) for family in _FAMILIES)


def _routed(cloud, names, options, surroundings):
    transit = options.transit_range
    return nft.table(
        "ip", cloud, nft.named_set("links", "ifname", [f'"{each.link}"' for each in names]),
        *_to_loopback(transit, surroundings.loopback),
        nft.chain("postrouting", "nat", "postrouting priority srcnat",
                  [f'ip saddr {transit} oifname != "{LINKS}*" oifname != "lo" masquerade']),
        nft.chain("input", "filter", "input priority filter - 10", [
            "iifname @links ct state established,related accept",
            f"iifname @links ip saddr != {transit} drop",
            *(f"iifname @links ip daddr {address} {_asks(port)} accept" for address, port in surroundings.servers),
            "iifname @links drop"]),
        nft.chain("forward", "filter", "forward priority filter", [
            f'iifname @links oifname "{LINKS}*" drop', f"iifname @links ip saddr != {transit} drop",
            "iifname @links accept", "oifname @links ct state established,related accept", "oifname @links drop"]))


def _routed6(cloud, linked6):
    links = [f'"{each}"' for each in sorted(linked6)]
    outer = [f'"{each}"' for each, is_open in sorted(linked6.items()) if is_open]
    return nft.table(
        "ip6", cloud, nft.named_set("links", "ifname", links), nft.named_set("outer", "ifname", outer),
        nft.chain("input", "filter", "input priority filter - 10", [
            f"iifname @links {_NEIGHBOURS} accept", "iifname @links ct state established,related accept",
            "iifname @links drop"]),
        nft.chain("forward", "filter", "forward priority filter", [
            f'iifname @links oifname "{LINKS}*" drop', f"ip6 saddr {ipv6.LINKS} drop", "iifname @outer accept",
            "iifname @links drop", "oifname @outer accept", "oifname @links drop"]))


def _asks(port):
    return f"meta l4proto {{ tcp, udp }} th dport {port}"


def _to_loopback(transit, resolver):
    """The way of a namespace's dnsmasq to a resolver of the host that may only be asked, and answer, on the loopback.

    That nothing but dnsmasq uses it is seen to in the namespace.
    """
    if resolver is None:
        return []
    address, port = resolver
    return [nft.chain("prerouting", "nat", "prerouting priority dstnat", [
                f"iifname @links ip daddr {transit} {_asks(53)} dnat to {address}:{port}"]),
            nft.chain("received", "nat", "input priority 100", [
                f"iifname @links ip daddr {address} snat to 127.0.0.1"])]


def _closed(cloud, names):
    """Rules that drop every frame from a bridge to the host's own IP stack."""
    chains = [nft.chain(f"closed_{number}", "filter", f"ingress device \"{each.bridge}\" priority -500", ["drop"])
              for number, each in enumerate(names)]
    return nft.table("netdev", cloud, *chains)
