"""A router's namespace and its links: one to the bridge of each network it is on, and one to the host.

By the link to the host only names of guests are asked, and the host itself comes where it may; nothing else passes it.
The functions block and belong in a native thread; every call may be repeated, and makes whole what was cut off
half-way.
"""

import dataclasses
import socket

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.network.planes.linux import bridge, netns, ranges6, transit, wiring, wiring6
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.layout import OUT
from nova_lite.network.planes.linux.parts import METADATA, WAN, Parts
from nova_lite.network.planes.linux.wiring import Link, set_addresses

#: Of the routes to one range, the lowest is taken.  The kernel's own, to networks that the router is on, are 0: an
#: extra route stands in no such one's place.
_EXTRA, _BY_GATEWAY, _BY_HOST = 1, 10, 1 << 20
#: Each address is answered for where it is; guests are shown no shorter way than by the router; answers of
#: name servers come by a link that is nobody's default.
_SYSCTLS = {"arp_ignore": "1", "arp_announce": "2", "send_redirects": "0", "accept_redirects": "0", "rp_filter": "0"}
_MAIN = 254
_ON_LINK = 4            # RTNH_F_ONLINK


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Of wiring.Wanted what a router's link to the host needs."""

    mtu: int
    access: tuple
    transit: object
    resolver: bool
    six: object


def six(router, access):
    """The ranges6.Six of a layout.Router; None: none of its networks has IPv6.

    :param access: ranges (text) that the host itself may reach.
    """
    if not router.has_ipv6:
        return None
    routes = [(destination, hop, "") for destination, hop in router.routes6]
    if router.default6:
        routes.append(("::/0", router.default6, OUT))
    return ranges6.Six(routes=tuple(routes), access=access, outer=(OUT,), devices=tuple(
        (each.device, ranges6.leg_addresses(each)) for each in router.all_legs if each.addresses6))


def prepare(parts, router, there):
    """Make a router's namespace, and take away links that are no more wanted.

    :param there: what ``wiring.legs`` returned before.  :raises HostNetworkError:
    """
    with wiring.worded(parts), IPRoute() as host:
        wiring.make_namespace(parts, **_SYSCTLS)
        wiring.remove_legs(host, parts, there, {each.outer for each in router.all_legs})


def connect(cloud, parts, router, wanted):
    """Make the links of a router that is prepared and has its rules.

    :returns: (the host's address of its link, {device: its index}, {device: its addresses that are new})
    :raises HostNetworkError: the kernel refuses.
    """
    with wiring.worded(parts), IPRoute() as host:
        wiring.make_links(host, parts, [Link(each.device, each.outer, each.mtu, each.mac)
                                        for each in router.all_legs] + [Link(WAN, parts.link, wanted.mtu)])
        here = wiring.give_address(host, parts, wanted)
        wiring6.give_address(host, parts.link, wanted.six, wiring6.ends(parts))
        index, new = _furnish(parts, router, wanted, here)
        for each in router.all_legs:
            wiring.join(host, Parts(cloud, each.network_id).bridge, each.outer, each.mtu, parts.mark)
        wiring.let_in(host, parts, wanted, here)
        wiring6.let_in(host, parts.link, wanted.six, wiring6.ends(parts), wiring6.BY_ROUTER)
        _set_routes(parts, router, index)
    bridge.write_sysctl("ipv4/ip_forward", "1")
    return here, index, new


def _furnish(parts, router, wanted, here):
    """Addresses and default routes inside."""
    new = {}
    with netns.inside(parts.namespace), IPRoute() as inner:
        links = {link.get_attr("IFLA_IFNAME"): link for link in inner.get_links()}
        index = {name: link["index"] for name, link in links.items()}
        set_addresses(inner, index["lo"], {f"{METADATA}/32"}, but=wiring.LOOPBACK)
        for each in router.all_legs:
            floating = {f"{one}/32" for one in router.floating} if each is router.gateway else set()
            new[each.device] = set_addresses(inner, index[each.device], {*each.addresses4, *floating})
            _set_up(inner, links[each.device], mtu=each.mtu, address=each.mac)
        set_addresses(inner, index[WAN], {f"{transit.other_end(here)}/31"})
        inner.link("set", index=index["lo"], state="up")
        _set_up(inner, links[WAN], mtu=wanted.mtu)
        inner.route("replace", dst="0.0.0.0/0", gateway=str(here), oif=index[WAN], priority=_BY_HOST)
        bridge.write_sysctl("ipv4/ip_forward", "1")
        for name, some in wiring6.furnish(inner, wanted.six, wiring6.ends(parts)).items():
            new[name] += some
    return index, new


def _set_up(netlink, link, **wanted):
    """Only what differs: guests' packets pass meanwhile."""
    names = {"mtu": "IFLA_MTU", "address": "IFLA_ADDRESS"}
    changed = {name: value for name, value in wanted.items() if link.get_attr(names[name]) != value}
    if changed or link["state"] != "up":
        netlink.link("set", index=link["index"], state="up", **changed)


def _set_routes(parts, router, index):
    """Routes by next hops: the default one by the gateway, and the extra ones."""
    wanted = {(destination, hop, _EXTRA) for destination, hop in router.routes}
    if router.default:
        wanted.add(("0.0.0.0/0", router.default, _BY_GATEWAY))
    with netns.inside(parts.namespace), IPRoute() as inner:
        present = {_route(each) for each in inner.get_routes(family=socket.AF_INET, table=_MAIN)
                   if each.get_attr("RTA_GATEWAY") and each.get_attr("RTA_OIF") != index[WAN]}
        for destination, hop, priority in present - wanted:
            inner.route("del", dst=destination, gateway=hop, priority=priority)
        for destination, hop, priority in sorted(wanted - present):
            # The gateway may be outside of its subnet: its neighbour all the same.
            out = {"oif": index[OUT], "flags": _ON_LINK} if priority == _BY_GATEWAY else {}
            try:
                inner.route("replace", dst=destination, gateway=hop, priority=priority, **out)
            except NetlinkError as error:
                raise HostNetworkError(reason=f"router {router.id}: the route to {destination} by {hop}: {error}"
                                       ) from error


def _route(found):
    return (f"{found.get_attr('RTA_DST') or '0.0.0.0'}/{found['dst_len']}", found.get_attr("RTA_GATEWAY"),
            found.get_attr("RTA_PRIORITY") or 0)
