"""Sets of IP prefixes of one version: texts like "10.0.0.0/8" in, the fewest prefixes that say the same out.

netaddr's IPSet answers the same, but nova_lite does not depend on netaddr, all callers speak ``ipaddress``, and for the
few prefixes of a pool or subnet this takes half the time (a test compares the two).
"""

import ipaddress


def compact(texts):
    """The fewest prefixes, in order, that hold the same addresses."""
    return [str(each) for each in ipaddress.collapse_addresses(map(ipaddress.ip_network, texts))]


def difference(texts, others):
    """[ip_network] of the addresses of ``texts`` that are not in ``others``, in order."""
    networks = list(ipaddress.collapse_addresses(map(ipaddress.ip_network, texts)))
    taken = [(int(each[0]), int(each[-1])) for each in ipaddress.collapse_addresses(
        each for each in map(ipaddress.ip_network, others) if networks and each.version == networks[0].version)]
    return [made for each in networks for made in _without(each, taken)]


def overlap(texts, others):
    """Whether an address is in both."""
    return difference(texts, difference(texts, others)) != []


def within(texts, others):
    """Whether every address of ``texts`` is in ``others``."""
    return not difference(texts, others)


def _without(network, taken):
    """Prefixes of what of a network is in none of the ranges ``taken``: pairs of numbers in order."""
    address, start, end = type(network[0]), int(network[0]), int(network[-1])
    for first, last in taken:
        if last < start or first > end:
            continue
        if first > start:
            yield from ipaddress.summarize_address_range(address(start), address(first - 1))
        start = last + 1
    if start <= end:
        yield from ipaddress.summarize_address_range(address(start), address(end))
