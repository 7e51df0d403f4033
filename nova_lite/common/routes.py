"""The IPv4 ranges that this machine reaches by a route of its own, so that no network of guests takes them over."""

import ipaddress
import struct

_TABLE = "/proc/thread-self/net/route"      # the main table of this thread's network namespace


def present(*, but=()):
    """ip_networks of every route except the default ones.

    :param but: names of interfaces whose routes do not count.
    """
    try:
        with open(_TABLE) as file:
            rows = [line.split() for line in file.readlines()[1:]]
    except OSError:                         # not Linux, or no /proc
        return []
    return [_range(row) for row in rows if row[7] != "00000000" and row[0] not in but]


def _range(row):
    address, mask = (ipaddress.IPv4Address(struct.pack("=I", int(row[field], 16))) for field in (1, 7))
    return ipaddress.ip_network(f"{address}/{mask}", strict=False)
