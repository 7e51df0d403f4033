"""IPv6 of namespaces as data: which addresses, routes and way to the host one is to have.  Pure."""

import dataclasses
import hashlib
import ipaddress

from nova_lite.common import ipv6
from nova_lite.network.planes.linux.parts import LINKS

#: Where guests ask for their metadata by IPv6: of every link, as Neutron has it.
METADATA6 = "fe80::a9fe:a9fe"


@dataclasses.dataclass(frozen=True)
class Six:
    """What of IPv6 one namespace has.

    :ivar devices: ((device, addresses with their lengths as text), ...)
    :ivar routes: ((range, next hop, device), ...), all as text.
    :ivar access: ranges (text) that the host reaches by its link.
    :ivar leads_out: whether the namespace's way out is the host.
    :ivar outer: names of devices on whose links it is no router, so that it does not answer for the address that all
        routers of a link have (RFC 4291, 2.6.1): an external network's gateway has it, unless somebody chose another.
    """

    devices: tuple
    routes: tuple = ()
    access: tuple = ()
    leads_out: bool = False
    outer: tuple = ()

    @property
    def is_linked(self):
        """Whether the link to the host has IPv6."""
        return bool(self.access or self.leads_out)


def own_address(address):
    """The address that the namespace of a network has in an IPv6 subnet: the gateway's, or else that of all its
    routers, which no guest may have.

    :param address: as of a state.Port.
    """
    network = ipaddress.ip_network(address["cidr"])
    gateway = address["gateway"]
    return gateway if gateway and ipaddress.ip_address(gateway) in network else str(network.network_address)


def own_addresses(subnets, answers):
    """Addresses of a network's namespace on its bridge.

    :param subnets: as of state.Segment.subnets6.  :param answers: whether metadata is answered there.
    """
    found = {f"{METADATA6}/64"} if answers else set()
    for cidr, each in subnets.items():
        here, gateway = own_address(each), each["gateway"]
        found.add(f"{here}/{cidr.partition('/')[2]}")
        if gateway and gateway != here:
            found.add(f"{gateway}/{ipv6.PREFIX if ipaddress.ip_address(gateway).is_link_local else 128}")
    return tuple(sorted(found))


def leg_addresses(leg):
    """As ``own_addresses``, of a layout.Leg."""
    return (*leg.addresses6, f"{METADATA6}/64") if leg.answers6 else leg.addresses6


def alone(networks):
    """{ip_network} of those that overlap no other one; of equal ones none is."""
    found, previous = set(), None
    for each in sorted(networks):           # a range stands before all that are in it
        if previous is not None and each.subnet_of(previous):
            found.discard(previous)
            continue
        found.add(each)
        previous = each
    return found


def link(cloud, network_id):
    """(the host's IPv6Address, the namespace's) of the link between them: two of a /127, which only they know."""
    digest = hashlib.sha256(f"{cloud}:{network_id}".encode()).digest()
    first = ipv6.LINKS.network_address + 2 * (int.from_bytes(digest, "big") % (ipv6.LINKS.num_addresses // 2))
    return first, first + 1


def free(ranges, reached):
    """Those of some ranges (ip_network) that the host reaches by no other device than links to namespaces.

    :param reached: ((ip_network, device), ...)
    """
    others = _of_others(reached)
    return [each for each in ranges if not any(map(each.overlaps, others))]


def in_the_way(each, reached):
    """The ip_network of a route by another device that overlaps a range; None.  :param reached: as of ``free``."""
    return next(filter(each.overlaps, _of_others(reached)), None)


def _of_others(reached):
    return sorted({network for network, device in reached if not device.startswith(LINKS)})


def held(device, claims, reached):
    """{range of a device: the one of another, which stands in its way}, all ip_networks.

    Of ranges that overlap, the host reaches the one that has a route already, or else that of the device first by name.

    :param claims: {device: ranges that the host is to reach by it}, all text.  :param reached: as of ``free``.
    """
    there = set(reached)
    found = {}
    for mine in map(ipaddress.ip_network, claims.get(device, ())):
        for other, ranges in claims.items():
            for each in map(ipaddress.ip_network, ranges) if other != device else ():
                if each.overlaps(mine) and ((each, other) not in there, other) < ((mine, device) not in there, device):
                    found[mine] = each
    return found
