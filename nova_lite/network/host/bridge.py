"""Linux bridges with the gateways' addresses on them, by netlink; every call may be repeated.

The functions block and belong in a native thread.
"""

import contextlib
import errno
import hashlib
import ipaddress
import os
import socket

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.common import routes
from nova_lite.network.host.errors import HostNetworkError, RangeInUse

_SYSCTL = "/proc/sys/net"
_DEVICES = "/sys/class/net"


def ensure(segment):
    """Make the segment's bridge as it should be: there, up, with each gateway's address.

    :returns: whether it was not there before.
    :raises RangeInUse: this host reaches addresses of the network by another route.
    :raises HostNetworkError: the kernel refuses.
    """
    try:
        with IPRoute() as netlink:
            index = _index(netlink, segment.bridge)
            made = index is None
            if made:
                index = _make(netlink, segment)
            _address(netlink, index, segment)
            netlink.link("set", index=index, state="up", mtu=segment.mtu)
    except (NetlinkError, OSError) as error:
        raise HostNetworkError(reason=f"bridge {segment.bridge}: {error}") from error
    _write("ipv4/ip_forward", "1")
    return made


def remove(name):
    """Take a bridge away, with what is still plugged into it left without a master."""
    try:
        with IPRoute() as netlink:
            index = _index(netlink, name)
            if index is not None:
                netlink.link("del", index=index)
    except NetlinkError as error:
        if error.code != errno.ENODEV:
            raise HostNetworkError(reason=f"bridge {name}: {error}") from error


def members(name):
    """Names of the devices on a bridge; none where there is no bridge."""
    try:
        return os.listdir(f"{_DEVICES}/{name}/brif")
    except FileNotFoundError:
        return []


def is_loose(device):
    """Whether there is such a device, and it is on no bridge."""
    return os.path.exists(f"{_DEVICES}/{device}") and not os.path.exists(f"{_DEVICES}/{device}/master")


def join(device, name):
    """Put a device on a bridge.  :raises HostNetworkError: one of them is gone, or the kernel refuses."""
    try:
        with IPRoute() as netlink:
            index, master = _index(netlink, device), _index(netlink, name)
            if index is None or master is None:
                raise HostNetworkError(reason=f"{device if index is None else name} is gone")
            netlink.link("set", index=index, master=master)
    except NetlinkError as error:
        raise HostNetworkError(reason=f"putting {device} on bridge {name}: {error}") from error


def _index(netlink, name):
    found = netlink.link_lookup(ifname=name)
    return found[0] if found else None


def _make(netlink, segment):
    netlink.link("add", ifname=segment.bridge, kind="bridge", address=_mac(segment.network_id), mtu=segment.mtu,
                 br_stp_state=0, br_forward_delay=0)
    # Guests reach the host by IPv4 alone: no link-local address of the host on their side.
    _write(f"ipv6/conf/{segment.bridge}/disable_ipv6", "1")
    return _index(netlink, segment.bridge)


def _mac(network_id):
    """The same on every host and after every reboot, so that guests' ARP tables stay true; locally administered."""
    return "02:" + ":".join(f"{byte:02x}" for byte in hashlib.sha256(network_id.encode()).digest()[:5])


def _address(netlink, index, segment):
    wanted = {f"{each['gateway']}/{cidr.partition('/')[2]}" for cidr, each in segment.subnets.items()}
    present = {f"{each.get_attr('IFA_ADDRESS')}/{each['prefixlen']}"
               for each in netlink.get_addr(index=index, family=socket.AF_INET)}
    for each in sorted(wanted - present):
        _check_range(segment, ipaddress.ip_interface(each).network)
        ip, _, length = each.partition("/")
        with contextlib.suppress(FileExistsError):
            netlink.addr("add", index=index, address=ip, prefixlen=int(length))
    for each in present - wanted:
        ip, _, length = each.partition("/")
        netlink.addr("del", index=index, address=ip, prefixlen=int(length))


def _check_range(segment, cidr):
    for other in routes.present(but=(segment.bridge,)):
        if other.overlaps(cidr):
            raise RangeInUse(network_id=segment.network_id, cidr=cidr, other=other)


def _write(name, value):
    """Set a sysctl, unless it says so already: /proc/sys may be read-only."""
    path = os.path.join(_SYSCTL, name)
    try:
        with open(path) as file:
            if file.read().strip() == value:
                return
        with open(path, "w") as file:
            file.write(value)
    except FileNotFoundError:               # a kernel without IPv6, for one
        return
    except OSError as error:
        raise HostNetworkError(reason=f"{path} cannot be set to {value}: {error.strerror}") from error
