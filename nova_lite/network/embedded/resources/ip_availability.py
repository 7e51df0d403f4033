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
        """Dicts of network_id, network_name, project_id, total_ips, used_ips, and subnet_ip_availability: of subnets.

        ``ask`` is one for networks; its ``subnet_ip_version`` leaves out other subnets, and networks without such.
        """
        networks = self._networks.find(ALL, ask)
        with db.reader() as session:
            subnets = queries.used(session, [each["id"] for each in networks], ask.filters.get("subnet_ip_version"))
        return [_of(network, [each for each in subnets if each.network_id == network["id"]]) for network in networks]

    def get(self, context, network_id):
        """:raises NetworkNotFound:"""
        found = self.list(context, one(network_id))
        if not found:
            raise exceptions.NetworkNotFound(network_id=network_id)
        return found[0]


def _of(network, subnets):
    counts = [{"subnet_id": each.id, "subnet_name": each.name, "ip_version": each.ip_version, "cidr": each.cidr,
               "total_ips": _size(each), "used_ips": each.used} for each in subnets]
    return {"network_id": network["id"], "network_name": network["name"], "project_id": network["project_id"],
            "subnet_ip_availability": counts,
            **{name: sum(each[name] for each in counts) for name in ("total_ips", "used_ips")}}


def _size(subnet):
    """Addresses of its pools; of a subnet that has none, of its whole range."""
    pools = addressing.bounds(subnet.allocation_pools)
    return sum(last - first + 1 for first, last in pools) or ipaddress.ip_network(subnet.cidr).num_addresses
