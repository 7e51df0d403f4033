"""Addresses: what of a range may be given, which is free, what a random MAC is."""

import ipaddress
import random

from nova_lite.db import networks as queries

_CANDIDATES = 16
_random = random.SystemRandom()


def layout(cidr, gateway=...):
    """(gateway, pools) of an IPv4 network where the caller does not say: the first address, and all others.

    :param gateway: an address, None for none, or ... to choose it.
    """
    if gateway is ...:
        gateway = str(cidr.network_address + (1 if cidr.prefixlen < 31 else 0))
    first, last = (cidr[1], cidr[-2]) if cidr.prefixlen < 31 else (cidr[0], cidr[-1])
    return gateway, [{"start": str(start), "end": str(end)} for start, end in _without(first, last, gateway)]


def _without(first, last, gateway):
    if gateway is None or not first <= ipaddress.ip_address(gateway) <= last:
        return [(first, last)]
    middle = ipaddress.ip_address(gateway)
    return [(start, end) for start, end in ((first, middle - 1), (middle + 1, last)) if start <= end]


def bounds(pools):
    """Pools as pairs of numbers, both ends included."""
    return [(int(ipaddress.ip_address(each["start"])), int(ipaddress.ip_address(each["end"]))) for each in pools]


def free(session, subnet):
    """A random free address of the subnet's pools as text; None when there is none.

    Sixteen random ones are looked up in one query; only in a nearly full subnet are all addresses read.
    """
    pools = bounds(subnet["allocation_pools"])
    size = sum(end - start + 1 for start, end in pools)
    if size <= 0:
        return None
    candidates = [_nth(pools, number) for number in _sample(size)]
    given = queries.taken(session, subnet["id"], candidates)
    found = next((each for each in candidates if each not in given), None)
    if found is not None or size <= _CANDIDATES:
        return found
    given = queries.taken(session, subnet["id"])
    left = [each for each in (_nth(pools, number) for number in range(size)) if each not in given]
    return _random.choice(left) if left else None


def _sample(size):
    return _random.sample(range(size), min(size, _CANDIDATES))


def _nth(pools, number):
    for start, end in pools:
        if number <= end - start:
            return str(ipaddress.ip_address(start + number))
        number -= end - start + 1
    raise IndexError(number)


def holds(subnet, ip):
    """Whether an address may be a host's in the subnet: inside, and neither its own address nor the broadcast."""
    cidr, ip = ipaddress.ip_network(subnet["cidr"]), ipaddress.ip_address(ip)
    return ip in cidr and (cidr.prefixlen >= 31 or ip not in (cidr.network_address, cidr.broadcast_address))


def mac():
    """A random address of OpenStack's own prefix."""
    return "fa:16:3e:" + ":".join(f"{_random.randrange(256):02x}" for _ in range(3))
