"""NICs of physical networks: each is on the bridge of one network, and brings the host itself nothing.

The functions block and belong in a native thread; every call may be repeated.
"""

import socket

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.network.planes.linux import bridge
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.parts import BRIDGES

_LINK_LOCAL = 253       # RT_SCOPE_LINK


def join(name, device, mtu):
    """Put a NIC on the bridge ``name``, up.

    :param mtu: of the network.
    :raises HostNetworkError: the NIC is not there, is the host's own or another bridge's, or its frames are too short;
        or the kernel refuses.
    """
    try:
        with IPRoute() as host:
            link, master = bridge.find(host, device), bridge.find(host, name)
            if master is None:
                raise HostNetworkError(reason=f"{name} is not there")
            why = _taken(host, device, link, master["index"])
            if why:
                raise HostNetworkError(reason=why)
            if link.get_attr("IFLA_MTU") < mtu:
                raise HostNetworkError(reason=f"{device} passes frames of {link.get_attr('IFLA_MTU')} bytes, and the "
                                              f"MTU of the network is {mtu}")
            bridge.write_sysctl(f"ipv6/conf/{device}/disable_ipv6", "1")
            if link.get_attr("IFLA_MASTER") != master["index"] or link["state"] != "up":
                host.link("set", index=link["index"], master=master["index"], state="up")
    except NetlinkError as error:
        raise HostNetworkError(reason=f"putting {device} on bridge {name}: {error}") from error


def fault(device):
    """Why a NIC can be on no network's bridge; "": it can, or is."""
    with IPRoute() as host:
        link = bridge.find(host, device)
        master = link and link.get_attr("IFLA_MASTER")
        is_ours = bool(master) and next(iter(host.get_links(master))).get_attr("IFLA_IFNAME").startswith(BRIDGES)
        return _taken(host, device, link, master if is_ours else None)


def _taken(host, device, link, master):
    """As of ``fault``.  :param link: None: it is not there.  :param master: index of the bridge that it may be on."""
    if link is None:
        return f"{device} is not there"
    if link.get_attr("IFLA_MASTER") not in (None, master):
        return f"{device} is on another bridge, or in a bond"
    own = [each.get_attr("IFA_ADDRESS") for family in (socket.AF_INET, socket.AF_INET6)
           for each in host.get_addr(family=family, index=link["index"]) if each["scope"] != _LINK_LOCAL]
    # The host would lose it.
    return f"{device} has an address of the host's, {own[0]}: a physical network needs a NIC of its own" if own else ""
