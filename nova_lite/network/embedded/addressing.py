"""Addresses: default gateways and pools, free addresses, random MACs."""

import ipaddress
import random

from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import routers as router_queries

_CANDIDATES = 16
_ADDRESSES = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}
#: Whose ports may have the address of all routers of an IPv6 subnet.
_OF_ROUTERS = (router_queries.INTERFACE, router_queries.GATEWAY, "")
_random = random.SystemRandom()


def layout(cidr, gateway=...):
    """(gateway, pools) of a range where the caller does not say: the gateway is the first address of IPv4, and of IPv6
    the one that all routers of a subnet have (RFC 4291, 2.6.1); the pools are all others.

    :param gateway: an address, None for none, or ... to choose it.
    """
    if gateway is ...:
        gateway = str(cidr[1] if cidr.version == 4 and cidr.prefixlen < 31 else cidr[0])
    first, last = _hosts(cidr)
    return gateway, [{"start": str(start), "end": str(end)} for start, end in _without(first, last, gateway)]


def _hosts(cidr):
    """(first, last) address that hosts of a range may have."""
    if cidr.version == 6:
        return cidr[min(1, cidr.num_addresses - 1)], cidr[-1]
    return (cidr[1], cidr[-2]) if cidr.prefixlen < 31 else (cidr[0], cidr[-1])


def _without(first, last, gateway):
    """[(start, end)]; a range of one address is its gateway's and a host's."""
    if gateway is None or first == last or not first <= ipaddress.ip_address(gateway) <= last:
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
    pools, version = bounds(subnet["allocation_pools"]), ipaddress.ip_network(subnet["cidr"]).version
    size = sum(end - start + 1 for start, end in pools)
    if size <= 0:
        return None
    candidates = [_nth(pools, number, version) for number in _sample(size)]
    given = address_queries.taken(session, subnet["id"], candidates)
    found = next((each for each in candidates if each not in given), None)
    if found is not None or size <= _CANDIDATES:
        return found
    given = address_queries.taken(session, subnet["id"])
    left = [each for each in (_nth(pools, number, version) for number in range(size)) if each not in given]
    return _random.choice(left) if left else None


def _sample(size):
    """Sixteen numbers below ``size``, which may have 128 bits; of one that is not greater, all in any order."""
    if size <= _CANDIDATES:
        return _random.sample(range(size), size)
    found = set()
    while len(found) < _CANDIDATES:
        found.add(_random.randrange(size))
    return list(found)


def _nth(pools, number, version):
    for start, end in pools:
        if number <= end - start:
            return str(_ADDRESSES[version](start + number))
        number -= end - start + 1
    raise IndexError(number)


def holds(subnet, ip, owner="compute:"):
    """Whether an address may be a host's in the subnet: inside, and neither its own address nor the broadcast.

    An IPv6 subnet has no broadcast, and its own address is the one of its routers.

    :param owner: the device_owner of the port; "": nobody knows yet.
    """
    cidr, ip = ipaddress.ip_network(subnet["cidr"]), ipaddress.ip_address(ip)
    if cidr.version == 6:
        return ip in cidr and (ip != cidr.network_address or owner in _OF_ROUTERS)
    return ip in cidr and (cidr.prefixlen >= 31 or ip not in (cidr.network_address, cidr.broadcast_address))


def mac():
    """A random address of OpenStack's own prefix."""
    return "fa:16:3e:" + ":".join(f"{_random.randrange(256):02x}" for _ in range(3))
