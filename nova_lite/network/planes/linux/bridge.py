"""Linux bridges in the host's namespace, by netlink; they have no address, so guests reach no host by them.

The functions block and belong in a native thread; every call may be repeated.
"""

import errno
import hashlib
import os

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.parts import LEGS, PORTS

_SYSCTL = "/proc/sys/net"
#: The kernel's IP rules see what a bridge passes on, whatever they see of others (ports.py).  It passes multicast on to
#: all: else a guest that sends queries of MLD or IGMP would get what is for others, and they would not.
_SETTINGS = {"nf_call_iptables": 1, "nf_call_ip6tables": 1, "mcast_snooping": 0}


def ensure(netlink, parts, mtu):
    """Create a network's bridge where it is missing, up and without addresses; returns its index.

    :param netlink: an IPRoute of the host's namespace.  :raises NetlinkError, OSError: the kernel refuses.
    """
    link = find(netlink, parts.bridge)
    if link is None:
        netlink.link("add", ifname=parts.bridge, kind="bridge", mtu=mtu, br_stp_state=0, br_forward_delay=0,
                     address=own_mac(parts.network_id))
        link = find(netlink, parts.bridge)
    _close(parts.bridge)
    index = link["index"]
    netlink.flush_addr(index=index)
    # An earlier release gave it the gateway's MAC; that one is now behind the port, and must be looked for there.
    changed = {name: value for name, value, attribute in (
        ("address", own_mac(parts.network_id), "IFLA_ADDRESS"), ("mtu", mtu, "IFLA_MTU"),
        ("ifalias", parts.mark, "IFLA_IFALIAS")) if link.get_attr(attribute) != value}
    if changed or link["state"] != "up":
        netlink.link("set", index=index, state="up", **changed)
    _set(netlink, link)
    return index


def _set(netlink, link):
    data = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA")
    if data is None or any((data.get_attr(f"IFLA_BR_{name.upper()}") or 0) != value
                           for name, value in _SETTINGS.items()):
        netlink.link("set", index=link["index"], kind="bridge", **{
            f"br_{name}": value for name, value in _SETTINGS.items()})


def _close(name):
    """Keep the host's own IP stack off the bridge, as the firewall does, too."""
    write_sysctl(f"ipv6/conf/{name}/disable_ipv6", "1")
    write_sysctl(f"ipv4/conf/{name}/forwarding", "0")
    write_sysctl(f"ipv4/conf/{name}/arp_ignore", "8")


def gateway_mac(network_id):
    """The MAC of a network's gateway: locally administered, and the same on every host and after every reboot."""
    return _mac("02", network_id)


def own_mac(network_id):
    return _mac("06", network_id)


def _mac(first, network_id):
    return first + "".join(f":{byte:02x}" for byte in hashlib.sha256(network_id.encode()).digest()[:5])


def devices():
    """{name of each device of the host: name of the bridge it is on, or None}"""
    with IPRoute() as netlink:
        links = list(netlink.get_links())
    names = {link["index"]: link.get_attr("IFLA_IFNAME") for link in links}
    return {link.get_attr("IFLA_IFNAME"): names.get(link.get_attr("IFLA_MASTER")) for link in links}


def members(name):
    """Names of the devices on a bridge but its gateways'; none where there is no bridge."""
    return guests_of(devices(), name)


def guests_of(found, name):
    """As ``members``.  :param found: as ``devices`` returns."""
    return [device for device, master in found.items() if master == name and not device.startswith((PORTS, LEGS))]


def join(device, name):
    """Put a device on a bridge.  :raises HostNetworkError: one of them is gone, or the kernel refuses."""
    try:
        with IPRoute() as netlink:
            link, master = find(netlink, device), find(netlink, name)
            if link is None or master is None:
                raise HostNetworkError(reason=f"{device if link is None else name} is gone")
            netlink.link("set", index=link["index"], master=master["index"])
    except NetlinkError as error:
        raise HostNetworkError(reason=f"putting {device} on bridge {name}: {error}") from error


def find(netlink, name):
    """The link of that name, None where there is none."""
    found = netlink.link_lookup(ifname=name)
    try:
        return next(iter(netlink.get_links(found[0])), None) if found else None
    except NetlinkError as error:       # it went meanwhile, as its other end's namespace did
        if error.code != errno.ENODEV:
            raise
        return None


def delete(netlink, name):
    """Delete a device, if it exists."""
    link = find(netlink, name)
    if link is not None:
        try:
            netlink.link("del", index=link["index"])
        except NetlinkError as error:
            if error.code != errno.ENODEV:
                raise


def write_sysctl(name, value):
    """Set a sysctl of the thread's namespace, unless it says so already: /proc/sys may be read-only."""
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
