"""The ranges that this machine reaches by a route of its own, and those it is connected to.

They are of the network namespace that the calling thread is in.  API processes ask too, and would load pyroute2 for
this alone (23 MiB, 0.15 s); its answer takes 1.1 ms of CPU, the kernel's text 0.03 ms.
"""

import ipaddress
import struct

_TABLE = "/proc/thread-self/net/route"      # the main table
_TABLE_6 = "/proc/thread-self/net/ipv6_route"
_NONE = "00000000"
_LINKS_6 = tuple(ipaddress.ip_network(each) for each in ("fe80::/10", "ff00::/8"))


def present(*, but=()):
    """ip_networks of every route except the default ones.

    :param but: names of interfaces whose routes do not count.
    """
    return [_range(row) for row in _rows() if row[7] != _NONE and row[0] not in but]


def connected(*, but=()):
    """As ``present``, of those networks alone whose machines are reached without a gateway.

    :param but: beginnings of names of interfaces that do not count.
    """
    return [_range(row) for row in _rows() if row[7] != _NONE and row[2] == _NONE and not row[0].startswith(tuple(but))]


def present6():
    """((ip_network, device), ...) of every IPv6 route except the default ones, and what each link has."""
    return tuple((each, name) for each, _, name in _rows6())


def connected6(*, but=()):
    """As ``connected``, of IPv6."""
    return [each for each, hop, name in _rows6() if not int(hop, 16) and not name.startswith(tuple(but))]


def _rows6():
    """[(ip_network, next hop as hex, device)]"""
    found = []
    for row in _read(_TABLE_6):
        network = ipaddress.ip_network((int(row[0], 16), int(row[1], 16))) if len(row) == 10 else None
        if network is None or not network.prefixlen or any(map(network.overlaps, _LINKS_6)) or row[9] == "lo":
            continue
        found.append((network, row[4], row[9]))
    return found


def _rows():
    return _read(_TABLE)[1:]


def _read(path):
    try:
        with open(path) as file:
            return [line.split() for line in file.readlines()]
    except OSError:                         # not Linux, or no /proc, or no IPv6
        return []


def _range(row):
    address, mask = (ipaddress.IPv4Address(struct.pack("=I", int(row[field], 16))) for field in (1, 7))
    return ipaddress.ip_network(f"{address}/{mask}", strict=False)
