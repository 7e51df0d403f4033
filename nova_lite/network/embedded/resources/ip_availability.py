"""How many addresses networks and their subnets have, and how many of them are given."""

import ipaddress

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db.network import ip_availability as queries
from nova_lite.network import exceptions
from nova_lite.network.embedded import addressing
from nova_lite.network.listing import one


class IpAvailability:
    """Of every project's networks, for operators."""

    def __init__(self, networks):
        self._networks = networks

    def list(self, context, ask):
        """Dicts of network_id, network_name, project_id, total_ips, used_ips, ip_availability_details (the same counts
        of whole subnets and of their pools alone), and subnet_ip_availability: of subnets.

        ``ask`` is one for networks; its ``subnet_ip_version`` leaves out other subnets, and networks without such.
        """
        networks = self._networks.find(ALL, ask)
        with db.reader() as session:
            found = queries.given(session, [each["id"] for each in networks], ask.filters.get("subnet_ip_version"))
        subnets = {}
        for subnet, addresses in found:
            subnets.setdefault(subnet.network_id, []).append(_counts(subnet, addresses))
        return [_of(network, subnets.get(network["id"], [])) for network in networks]

    def get(self, context, network_id):
        """:raises NetworkNotFound:"""
        found = self.list(context, one(network_id))
        if not found:
            raise exceptions.NetworkNotFound(network_id=network_id)
        return found[0]


#: Of ip_availability_details.
_DETAILS = ("total_ips_in_subnet", "total_ips_in_allocation_pool", "used_ips_in_subnet", "used_ips_in_allocation_pool")


def _of(network, subnets):
    details = {name: sum(each["ip_availability_details"][name] for each in subnets) for name in _DETAILS}
    return {"network_id": network["id"], "network_name": network["name"], "project_id": network["project_id"],
            "subnet_ip_availability": subnets, "ip_availability_details": details,
            **{name: sum(each[name] for each in subnets) for name in ("total_ips", "used_ips")}}


def _counts(subnet, addresses):
    """Of its pools; where a subnet has none, total_ips is of its whole range."""
    size = ipaddress.ip_network(subnet.cidr).num_addresses
    pools = addressing.bounds(subnet.allocation_pools)
    pooled = sum(last - first + 1 for first, last in pools)
    numbers = [int(ipaddress.ip_address(each)) for each in addresses]
    within = sum(any(first <= each <= last for first, last in pools) for each in numbers)
    whole = max(size - 2, 0) if subnet.ip_version == 4 else size     # without those of network and broadcast
    return {"subnet_id": subnet.id, "subnet_name": subnet.name, "ip_version": subnet.ip_version, "cidr": subnet.cidr,
            "total_ips": pooled or size, "used_ips": len(numbers),
            "ip_availability_details": dict(zip(_DETAILS, (whole, pooled, len(numbers), within), strict=True))}
