"""Subnets: ranges of addresses that fit together."""

import ipaddress

from nova_lite import db
from nova_lite.conf import CONF
from nova_lite.db import networks as queries
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Subnet
from nova_lite.network import exceptions
from nova_lite.network.embedded import addressing
from nova_lite.network.embedded.room import Room


class Subnets(Room):
    """Dicts as the columns of the model."""

    resource = "subnet"
    query = staticmethod(queries.subnets)
    model = Subnet

    def __init__(self, networks):
        self._networks = networks

    @staticmethod
    def missing(subnet_id):
        return exceptions.SubnetNotFound(subnet_id=subnet_id)

    def create(self, context, values):
        """A subnet of a network that the caller has loaded.

        :param values: project_id, network_id, cidr, and name, description, gateway_ip (absent: the first address;
            None: none), enable_dhcp, dns_nameservers, allocation_pools.
        :raises InvalidInput: the range is malformed, too small, none that a project may have, or overlaps another of
            the network.
        """
        cidr = _range(values["cidr"], values.pop("ip_version", 4))
        if not context.is_admin:
            _check_projects(cidr)
        gateway, pools = addressing.layout(cidr, values.get("gateway_ip", ...))
        if values.get("allocation_pools"):
            pools = _pools(cidr, values["allocation_pools"])
        _check_gateway(cidr, gateway, pools)
        values = {"id": new_id(), **values, "cidr": str(cidr), "gateway_ip": gateway, "allocation_pools": pools}
        with db.writer() as session:
            self.check_quota(session, values["project_id"])
            self._check_overlap(session, cidr, values["network_id"])
            queries.insert(session, Subnet, values)
            return self.load(session, None, values["id"])

    @staticmethod
    def _check_overlap(session, cidr, network_id):
        if any(cidr.overlaps(ipaddress.ip_network(each)) for each in queries.cidrs(session, network_id)):
            raise exceptions.InvalidInput(detail=f"Requested subnet with cidr: {cidr} for network: {network_id} "
                                                 f"overlaps with another subnet.")

    def update(self, context, subnet, values):
        """Hosts use the new values from the next plug of a port on."""
        cidr = ipaddress.ip_network(subnet["cidr"])
        if "allocation_pools" in values:
            values["allocation_pools"] = _pools(cidr, values["allocation_pools"])
        _check_gateway(cidr, values.get("gateway_ip", subnet["gateway_ip"]),
                       values.get("allocation_pools", subnet["allocation_pools"]))
        with db.writer() as session:
            queries.update(session, Subnet, subnet["id"], values)
            return self.load(session, None, subnet["id"])

    def delete(self, context, subnet):
        """:raises SubnetInUse: a port has an address of it."""
        with db.writer() as session:
            if (queries.ports_on(session, subnet_id=subnet["id"])
                    or not queries.try_delete(session, Subnet, subnet["id"])):
                raise exceptions.SubnetInUse(subnet_id=subnet["id"])


def _range(text, version):
    try:
        cidr = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise exceptions.InvalidInput(detail=f"{text} is not in a CIDR format.") from None
    if cidr.version != version:
        raise exceptions.InvalidInput(detail=f"cidr '{text}' does not match the ip_version '{version}'.")
    if version != 4:
        raise exceptions.InvalidInput(detail="IPv6 subnets are not supported here.")
    if cidr.prefixlen > 30 or cidr.prefixlen < 8:
        raise exceptions.InvalidInput(detail=f"The range {cidr} must be between /8 and /30.")
    if any(cidr.overlaps(each) for each in _NEVER):
        raise exceptions.InvalidInput(detail=f"{cidr} holds addresses that no guest may have.")
    return cidr


#: This network, loopback, link-local (where metadata lives), multicast and the rest.
_NEVER = tuple(ipaddress.ip_network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))


def _check_projects(cidr):
    """What else is reached by that range would be lost to the hosts, and found by guests."""
    ranges = CONF.network.project_ranges
    if not any(cidr.subnet_of(ipaddress.IPv4Network(each)) for each in ranges):
        raise exceptions.InvalidInput(detail=f"Subnets of projects must be within {', '.join(ranges)}; {cidr} is not.")


def _pools(cidr, pools):
    """Pools in order.  :raises InvalidAllocationPool, OutOfBoundsAllocationPool, OverlappingAllocationPools: else."""
    made = sorted(({"start": str(each["start"]), "end": str(each["end"])} for each in pools), key=_first)
    for each in made:
        start, end = ipaddress.ip_address(each["start"]), ipaddress.ip_address(each["end"])
        if start.version != cidr.version or end < start:
            raise exceptions.InvalidAllocationPool(pool=_words(each))
        if not all(addressing.holds({"cidr": str(cidr)}, ip) for ip in (start, end)):
            raise exceptions.OutOfBoundsAllocationPool(pool=_words(each), cidr=cidr)
    for before, each in zip(made, made[1:], strict=False):
        if _first(each) <= addressing.bounds([before])[0][1]:
            raise exceptions.OverlappingAllocationPools(first=_words(before), second=_words(each), cidr=cidr)
    return made


def _first(pool):
    return addressing.bounds([pool])[0][0]


def _words(pool):
    return f"{pool['start']}-{pool['end']}"


def _check_gateway(cidr, gateway, pools):
    if gateway is None:
        return
    if not addressing.holds({"cidr": str(cidr)}, gateway):
        raise exceptions.InvalidInput(detail=f"Gateway is not valid on subnet: {gateway} is not a host of {cidr}.")
    number = int(ipaddress.ip_address(gateway))
    for each in pools:
        start, end = addressing.bounds([each])[0]
        if start <= number <= end:
            raise exceptions.GatewayConflictWithAllocationPools(gateway=gateway, pool=_words(each))
