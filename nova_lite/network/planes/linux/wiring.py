"""A network's namespace and its two links: to its bridge, where guests are, and to the host, by which they go out.

The namespace has all addresses: the gateways', 169.254.169.254, and one of the link to the host.  Its rules stand
before its links do, so that nothing passes that they would stop.  The functions block and belong in a native thread;
every call may be repeated, and makes whole what was cut off half-way.
"""

import contextlib
import dataclasses
import errno
import ipaddress
import socket
import typing

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.common import kernel_routes
from nova_lite.network.planes.linux import bridge, netns, transit, wiring6
from nova_lite.network.planes.linux.exceptions import HostNetworkError, RangeInUse
from nova_lite.network.planes.linux.parts import LAN, LEGS, METADATA, WAN, owner, prefix

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_MAIN = 254             # the routing table that everything uses
_OURS = 4               # who made a route: RTPROT_STATIC, no kernel by itself


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What one network should have here.

    :ivar mtu: of all its devices.  :ivar gateways: addresses with their range's length, as text.
    :ivar access: ranges (text) that the host itself may reach.  :ivar transit: ip_network of the links' addresses.
    :ivar resolver: whether guests' names are asked of a resolver that listens on the host's loopback alone.
    :ivar outside: ((range, gateway), ...) of ranges whose gateway has no address of theirs, as text.
    :ivar six: ranges6.Six; None: nothing has IPv6.
    """

    mtu: int
    gateways: tuple
    access: tuple
    transit: object
    resolver: bool = False
    outside: tuple = ()
    six: object = None

    @property
    def is_there(self):
        """Whether the network has a namespace of its own."""
        return bool(self.gateways or self.six)


def prepare(parts, wanted):
    """Make a network's bridge and, where it has a gateway, its namespace, without a way in or out yet.

    :raises RangeInUse: the host reaches a range of ``access`` by another route.
    :raises HostNetworkError: the kernel refuses.
    """
    with worded(parts), IPRoute() as host:
        bridge.ensure(host, parts, wanted.mtu)
        if not wanted.is_there:
            _remove_namespace(host, parts)
            return
        _check_access(parts, wanted)
        make_namespace(parts)


def make_namespace(parts, **sysctls):
    """:param sysctls: values of all devices' in net/ipv4/conf, as text."""
    netns.create(parts.namespace)
    with netns.inside(parts.namespace):
        for each in ("all", "default"):
            bridge.write_sysctl(f"ipv6/conf/{each}/disable_ipv6", "1")
            for name, value in sysctls.items():
                bridge.write_sysctl(f"ipv4/conf/{each}/{name}", value)


def connect(parts, wanted):
    """Make the links of a network that is prepared and has its rules.

    :returns: (the host's address, IPv4Address; the number of LAN; {LAN: its addresses that are new})
    :raises HostNetworkError: the kernel refuses.
    """
    with worded(parts), IPRoute() as host:
        make_links(host, parts, (Link(LAN, parts.port, wanted.mtu, bridge.gateway_mac(parts.network_id)),
                                 Link(WAN, parts.link, wanted.mtu)))
        here = give_address(host, parts, wanted)
        wiring6.give_address(host, parts.link, wanted.six, wiring6.ends(parts))
        index, new = _furnish(parts, wanted, here)
        join(host, parts.bridge, parts.port, wanted.mtu, parts.mark)
        let_in(host, parts, wanted, here)
        wiring6.let_in(host, parts.link, wanted.six, wiring6.ends(parts))
    bridge.write_sysctl("ipv4/ip_forward", "1")
    return here, index, {LAN: new}


@contextlib.contextmanager
def worded(parts):
    try:
        yield
    except (NetlinkError, OSError) as error:
        raise HostNetworkError(reason=f"network {parts.network_id}: {error}") from error


class Link(typing.NamedTuple):
    """:ivar inner, outer: names of its ends, in a namespace and in the host's.  :ivar mac: of ``inner``; None: any."""

    inner: str
    outer: str
    mtu: int
    mac: str | None = None


def _check_access(parts, wanted):
    reached = kernel_routes.present(but=(parts.link,)) if wanted.access else ()
    for cidr in map(ipaddress.ip_network, wanted.access):
        for other in reached:
            if other.overlaps(cidr):
                raise RangeInUse(network_id=parts.network_id, cidr=cidr, other=other, ip="ip")


def make_links(host, parts, links):
    """Those pairs; one of which an end is not where it belongs is made anew."""
    with netns.inside(parts.namespace), IPRoute() as inner:
        inside = {link.get_attr("IFLA_IFNAME"): link for link in inner.get_links()}
        lost = []
        for each in links:
            link, present = bridge.find(host, each.outer), inside.get(each.inner)
            if link is None or present is None or present.get_attr("IFLA_LINK") != link["index"]:
                lost.append(each)
                if present is not None:
                    inner.link("del", index=present["index"])
    with open(netns.path(parts.namespace)) as there:
        for each in lost:
            bridge.delete(host, each.outer)
            peer = {"ifname": each.inner, "net_ns_fd": there.fileno(), "mtu": each.mtu}
            peer |= {"address": each.mac} if each.mac else {}
            host.link("add", ifname=each.outer, kind="veth", mtu=each.mtu, peer=peer)


def give_address(host, parts, wanted):
    """The host's address of the link, which stays what it is."""
    link = bridge.find(host, parts.link)
    index = link["index"]
    bridge.write_sysctl(f"ipv4/conf/{parts.link}/route_localnet", str(int(wanted.resolver)))
    if link.get_attr("IFLA_IFALIAS") != parts.mark or link.get_attr("IFLA_MTU") != wanted.mtu:
        host.link("set", index=index, ifalias=parts.mark, mtu=wanted.mtu)
    present = [(each.get_attr("IFA_LOCAL"), each["prefixlen"])
               for each in host.get_addr(index=index, family=socket.AF_INET)]
    kept = [each for each in present if transit.is_link(*each, wanted.transit)][:1]
    for address, length in present:
        if (address, length) not in kept:
            host.addr("del", index=index, address=address, prefixlen=length)
    if kept:
        chosen = ipaddress.ip_address(kept[0][0])
        host.link("set", index=index, state="up")
    else:
        with transit.choosing():
            chosen = transit.choose(wanted.transit, parts.network_id)
            host.addr("add", index=index, address=str(chosen), prefixlen=31)
            host.link("set", index=index, state="up")           # only now others see it among the routes
    return chosen


def _furnish(parts, wanted, here):
    """Addresses and routes inside; returns the number of LAN, and its addresses that are new."""
    with netns.inside(parts.namespace), IPRoute() as inner:
        index = {link.get_attr("IFLA_IFNAME"): link["index"] for link in inner.get_links()}
        set_addresses(inner, index["lo"], {f"{METADATA}/32"}, but=LOOPBACK)
        new = set_addresses(inner, index[LAN], set(wanted.gateways))
        set_addresses(inner, index[WAN], {f"{transit.other_end(here)}/31"})
        inner.link("set", index=index["lo"], state="up")
        for name in (LAN, WAN):
            inner.link("set", index=index[name], mtu=wanted.mtu, state="up")
        _reach(inner, index[LAN], dict(wanted.outside))
        inner.route("replace", dst="0.0.0.0/0", gateway=str(here), oif=index[WAN])
        bridge.write_sysctl("ipv4/ip_forward", "1")
        # A floating IP that moves is at once where its new router says.
        bridge.write_sysctl(f"ipv4/neigh/{LAN}/locktime", "0")
        new += wiring6.furnish(inner, wanted.six, wiring6.ends(parts)).get(LAN, [])
    return index[LAN], new


def _reach(netlink, index, ranges):
    """The ways to ranges of a device's neighbours in which it has no address, and to no others.

    :param ranges: {range: the address of the device by which they are answered}.
    """
    present = {f"{each.get_attr('RTA_DST')}/{each['dst_len']}": each.get_attr("RTA_PREFSRC")
               for each in netlink.get_routes(family=socket.AF_INET, oif=index, table=_MAIN)
               if each["proto"] == _OURS}
    for each, source in ranges.items():
        if present.get(each) != source:
            netlink.route("replace", dst=each, oif=index, scope="link", prefsrc=source, proto=_OURS)
    for each in present.keys() - ranges.keys():
        netlink.route("del", dst=each, oif=index, proto=_OURS)


def set_addresses(netlink, index, wanted, but=None):
    """Give a device these addresses and no others; those within the network ``but`` are left alone.

    Others go first, and what is left is looked up again: with a range's first address the kernel takes its later ones.
    :returns: those that are new, without the length of their ranges.
    """
    for each in _addresses(netlink, index, but) - wanted:
        ip, _, length = each.partition("/")
        try:
            netlink.addr("del", index=index, address=ip, prefixlen=int(length))
        except NetlinkError as error:
            if error.code != errno.EADDRNOTAVAIL:       # it went with another
                raise
    new = sorted(wanted - _addresses(netlink, index, but))
    for each in new:
        ip, _, length = each.partition("/")
        with wiring6.may_be_present():
            netlink.addr("add", index=index, address=ip, prefixlen=int(length))
    return [each.partition("/")[0] for each in new]


def _addresses(netlink, index, but):
    present = {f"{each.get_attr('IFA_LOCAL')}/{each['prefixlen']}"         # not the other end's
               for each in netlink.get_addr(index=index, family=socket.AF_INET)}
    return present if but is None else {each for each in present if ipaddress.ip_interface(each).ip not in but}


def join(host, name, device, mtu, mark):
    """Last of all a namespace comes onto the bridge ``name``, with its link's end ``device``."""
    index = bridge.find(host, name)["index"]
    port = bridge.find(host, device)
    bridge.write_sysctl(f"ipv6/conf/{device}/disable_ipv6", "1")
    changed = {name: value for name, value, attribute in (
        ("master", index, "IFLA_MASTER"), ("mtu", mtu, "IFLA_MTU"), ("ifalias", mark, "IFLA_IFALIAS"))
        if port.get_attr(attribute) != value}
    if changed or port["state"] != "up":
        host.link("set", index=port["index"], state="up", **changed)


def let_in(host, parts, wanted, here):
    """The host's own routes to ranges that it may reach, and to no others, through the link."""
    index = bridge.find(host, parts.link)["index"]
    present = {f"{each.get_attr('RTA_DST')}/{each['dst_len']}" for each in host.get_routes(
        family=socket.AF_INET, oif=index, table=_MAIN) if each.get_attr("RTA_GATEWAY")}
    for each in set(wanted.access) - present:
        host.route("replace", dst=each, gateway=str(transit.other_end(here)), oif=index)
    for each in present - set(wanted.access):
        host.route("del", dst=each, oif=index)


def remove(parts):
    """Take everything of a network, or of a router, away, with what is still on its bridge left without a master.

    :raises HostNetworkError: the kernel refuses.
    """
    with worded(parts), IPRoute() as host:
        _remove_namespace(host, parts)
        remove_legs(host, parts, _legs(host))
        bridge.delete(host, parts.bridge)


def legs():
    """{name of the end on its bridge: mark} of each link of a router."""
    with IPRoute() as host:
        return _legs(host)


def _legs(host):
    names = {link.get_attr("IFLA_IFNAME"): link.get_attr("IFLA_IFALIAS") for link in host.get_links()}
    return {name: mark for name, mark in names.items() if name.startswith(LEGS)}


def remove_legs(host, parts, there, but=()):
    """Take away a router's links to bridges.

    :param there: as of ``legs``.  :param but: names of their ends on these that stay.
    """
    for name, mark in there.items():
        if mark == parts.mark and name not in but:
            bridge.delete(host, name)


def _remove_namespace(host, parts):
    bridge.delete(host, parts.port)
    bridge.delete(host, parts.link)
    netns.remove(parts.namespace)


def owned(cloud):
    """{id of each network or router that has something of this cloud's here: names of guests' devices on its bridge}"""
    found = {each: [] for name in netns.present(prefix(cloud)) if (each := owner(cloud, name))}
    with IPRoute() as host:
        links = list(host.get_links())
    indexes = {}
    for link in links:
        network_id = owner(cloud, link.get_attr("IFLA_IFALIAS"))
        if network_id:
            found.setdefault(network_id, [])
            indexes[link["index"]] = network_id
    for link in links:
        network_id = indexes.get(link.get_attr("IFLA_MASTER"))
        if network_id and link["index"] not in indexes:
            found[network_id].append(link.get_attr("IFLA_IFNAME"))
    return found
