"""IPv6 in a namespace and on its link to the host.

It is on for the devices that need it, and off for all others; the host's own forwarding stays as it is.  The functions
block and belong in a native thread; every call may be repeated.
"""

import contextlib
import errno
import ipaddress
import socket

from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.common import ipv6
from nova_lite.network.planes.linux import bridge, ranges6
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.parts import WAN

#: Nobody's announcements are heeded; addresses are there at once, for nobody else may have them.
_SYSCTLS = {"accept_ra": "0", "accept_redirects": "0", "autoconf": "0", "accept_dad": "0", "dad_transmits": "0"}
_MAIN = 254
_OURS = 4               # who made a route: RTPROT_STATIC, no kernel by itself
_ON_LINK = 4            # RTNH_F_ONLINK
_ANY = "::/0"
#: Priorities of routes, of which the lowest is taken; the kernel's own are 256.
_BY_HOP, BY_ROUTER, _BY_DEFAULT = 512, 1023, 1024


def open_namespace():
    """Let the namespace that the thread is in pass packets; which ones, its rules say, which are there before."""
    for name, value in (_SYSCTLS | {"forwarding": "1"}).items():
        for each in ("all", "default"):
            bridge.write_sysctl(f"ipv6/conf/{each}/{name}", value)


def switch(device, on):
    """Of the namespace that the thread is in."""
    for name, value in _SYSCTLS.items() if on else ():
        bridge.write_sysctl(f"ipv6/conf/{device}/{name}", value)
    bridge.write_sysctl(f"ipv6/conf/{device}/disable_ipv6", str(int(not on)))


def furnish(netlink, six, ends):
    """Addresses and routes of the namespace that the thread is in, whose devices are there and up.

    :param six: ranges6.Six, or None.  :param ends: (the host's address of the link, the namespace's).
    :returns: {device: its addresses that are new}
    """
    links = {link.get_attr("IFLA_IFNAME"): link for link in netlink.get_links()}
    wanted = dict(six.devices) if six else {}
    if six and six.is_linked:
        wanted[WAN] = (f"{ends[1]}/127",)
    if six:
        open_namespace()
    switch("lo", bool(six))
    new = {}
    for name in links.keys() - {"lo"}:
        switch(name, name in wanted)
        if name in wanted:
            bridge.write_sysctl(f"ipv6/conf/{name}/forwarding", str(int(name not in six.outer)))
            new[name] = set_addresses(netlink, links[name], wanted[name])
    if six:
        index = {name: link["index"] for name, link in links.items()}
        routes = {(each, hop, device or _device(netlink, index, each, hop),
                   _BY_DEFAULT if each == _ANY else _BY_HOP) for each, hop, device in six.routes}
        if six.leads_out:
            routes.add((_ANY, str(ends[0]), WAN, _BY_DEFAULT))
        _set_routes(netlink, index, routes)
    return {name: some for name, some in new.items() if name != WAN}


def set_addresses(netlink, link, wanted):
    """Give a device these addresses, the link-local one that its MAC makes, and no others.

    :param link: as netlink has it.  :param wanted: as text, with lengths.
    :returns: those that are new, without their lengths.
    """
    index = link["index"]
    wanted = {ipaddress.ip_interface(each) for each in wanted}
    wanted.add(ipaddress.ip_interface(f"{ipv6.link_local(link.get_attr('IFLA_ADDRESS'))}/{ipv6.PREFIX}"))
    present = {ipaddress.ip_interface(f"{each.get_attr('IFA_ADDRESS')}/{each['prefixlen']}")
               for each in netlink.get_addr(index=index, family=socket.AF_INET6)}
    for each in present - wanted:
        with contextlib.suppress(NetlinkError):         # it went by itself
            netlink.addr("del", index=index, address=str(each.ip), prefixlen=each.network.prefixlen)
    for each in sorted(wanted - present):
        with may_be_present():
            netlink.addr("add", index=index, address=str(each.ip), prefixlen=each.network.prefixlen)
    return [str(each.ip) for each in sorted(wanted - present)]


def _set_routes(netlink, index, wanted):
    names = {number: name for name, number in index.items()}
    present = {(_range(each), each.get_attr("RTA_GATEWAY"), names.get(each.get_attr("RTA_OIF")),
                each.get_attr("RTA_PRIORITY"))
               for each in netlink.get_routes(family=socket.AF_INET6, table=_MAIN)
               if each["proto"] == _OURS and each.get_attr("RTA_GATEWAY")}
    for range_, hop, device, priority in present - wanted:
        with contextlib.suppress(NetlinkError):         # it went with its device
            netlink.route("del", dst=range_, gateway=hop, oif=index.get(device), priority=priority, proto=_OURS)
    for range_, hop, device, priority in sorted(wanted - present, key=str):
        # The gateway may be outside of its subnet: its neighbour all the same.
        out = {"flags": _ON_LINK} if range_ == _ANY and device != WAN else {}
        with _worded(range_, hop), may_be_present():
            netlink.route("add", dst=range_, gateway=hop, oif=index[device], priority=priority, proto=_OURS, **out)


def _device(netlink, index, range_, hop):
    """The name of the device by which a route's next hop is reached."""
    with _worded(range_, hop):
        found = next(iter(netlink.route("get", dst=hop, family=socket.AF_INET6)))
    number = found.get_attr("RTA_OIF")
    return next(name for name, each in index.items() if each == number)


@contextlib.contextmanager
def may_be_present():
    """What is to be added may be there."""
    try:
        yield
    except NetlinkError as error:
        if error.code != errno.EEXIST:
            raise


@contextlib.contextmanager
def _worded(range_, hop):
    try:
        yield
    except NetlinkError as error:
        raise HostNetworkError(reason=f"the route to {range_} by {hop}: {error}") from error


def _range(found):
    return f"{found.get_attr('RTA_DST') or '::'}/{found['dst_len']}"


# ---- the host's end

def give_address(host, name, six, ends):
    """IPv6 on the host's end of a link, where it is needed.  :param host: netlink of the host.  :param name: of it."""
    link = bridge.find(host, name)
    is_linked = six is not None and six.is_linked
    switch(name, is_linked)
    if is_linked:
        set_addresses(host, link, (f"{ends[0]}/127",))


def let_in(host, name, six, ends, priority=_BY_DEFAULT):
    """The host's own routes through a link, to ranges that it may reach and no others.

    :param priority: of these; of equal ones of two links the first stays.
    """
    link = bridge.find(host, name)
    wanted = {str(ipaddress.ip_network(each)) for each in six.access} if six is not None else set()
    present = {_range(each): each for each in host.get_routes(family=socket.AF_INET6, oif=link["index"], table=_MAIN)
               if each["proto"] == _OURS and each.get_attr("RTA_GATEWAY")}
    for each in present.keys() - wanted:
        host.route("del", dst=each, oif=link["index"], proto=_OURS)
    for each in sorted(wanted - present.keys()):
        with may_be_present():
            host.route("add", dst=each, gateway=str(ends[1]), oif=link["index"], priority=priority, proto=_OURS)


def ends(parts):
    """As ranges6.link, of parts.Parts."""
    return ranges6.link(parts.cloud, parts.network_id)
