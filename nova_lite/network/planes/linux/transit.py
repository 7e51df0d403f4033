"""Addresses of the links between this host and its networks' namespaces: two of a /31 each, the host's is even."""

import contextlib
import fcntl
import hashlib
import ipaddress
import os

from nova_lite.common import kernel_routes
from nova_lite.network.planes.linux.exceptions import HostNetworkError

_LOCK = "/run/nova_lite-transit.lock"
#: Some systems route all of link-local by one device; that says nothing of its parts.
_ZEROCONF = ipaddress.ip_network("169.254.0.0/16")


@contextlib.contextmanager
def choosing():
    """One process of this machine at a time chooses an address and gives it to a device."""
    with open(os.open(_LOCK, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def choose(transit, network_id):
    """The host's IPv4Address for a network's link, which no route of this host reaches yet.

    :param transit: ip_network.  :raises HostNetworkError: all of it is in use.
    """
    taken = [each for each in kernel_routes.present() if each.overlaps(transit) and each != _ZEROCONF]
    count = transit.num_addresses // 2
    first = int.from_bytes(hashlib.sha256(network_id.encode()).digest()[:8], "big")
    used = {_pair(transit, each) for each in taken if each.prefixlen >= 31}
    wide = [each for each in taken if each.prefixlen < 31]
    for step in range(count):
        pair = (first + step) % count
        address = transit.network_address + 2 * pair
        if pair not in used and not any(address in each for each in wide):
            return address
    raise HostNetworkError(reason=f"all addresses of [network] transit_range ({transit}) are in use; give it another "
                                  f"range, or a larger one")


def _pair(transit, network):
    return (int(network.network_address) - int(transit.network_address)) // 2


def other_end(address):
    """The namespace's address of a link."""
    return address + 1


def is_link(address, prefixlen, transit):
    """Whether an address of a device is the host's end of a link."""
    return prefixlen == 31 and ipaddress.ip_address(address) in transit and not int(ipaddress.ip_address(address)) % 2
