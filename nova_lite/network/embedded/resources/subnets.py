"""Subnets: ranges of addresses that fit together."""

import contextlib
import ipaddress

from nova_lite import db
from nova_lite.common import ipv6
from nova_lite.common.visibility import ALL
from nova_lite.db import locks
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network, Subnet
from nova_lite.db.models.routers import Router
from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import rows
from nova_lite.db.network import subnets as subnet_queries
from nova_lite.network import exceptions, router_exceptions
from nova_lite.network.embedded import addressing, port_addresses, subnet_allocation, subnet_ranges
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.resources import ports
from nova_lite.network.embedded.server_ports import info_cache

#: How often a change of automatic addresses begins anew because servers have come to the network meanwhile.
_TRIES = 3


class Subnets(Resource):
    """Dicts as the columns of the model.  A change of a subnet changes its network's revision."""

    resource = "subnet"
    _query = staticmethod(subnet_queries.subnets)
    model = Subnet

    def __init__(self, networks, subnet_pools, changes):
        self._networks = networks
        self._pools = subnet_pools
        self._changes = changes

    @staticmethod
    def missing(subnet_id):
        return exceptions.SubnetNotFound(subnet_id=subnet_id)

    def create_all(self, context, several, revision=None):
        """As for any resource; servers show at once what automatic addresses their ports get."""
        network_ids = {each["network_id"] for each in several if ipv6.is_automatic(each)}
        made, left = None, _TRIES
        while made is None:
            left -= 1
            with contextlib.suppress(_ServersChanged), db.writer() as session:
                known = _lock_servers(session, network_ids)
                found = super().create_all(context, several, revision)
                for server_id in sorted(known | _lock_more(session, network_ids, known, left)):
                    info_cache.push(session, server_id)
                made = found
        return made

    def _before(self, session, context, several, revision):
        """Each gets ``pool``: the dict of the pool that it comes from, or None."""
        for each in several:
            subnet_allocation.check_request(each)
        for each in sorted(several, key=lambda one: one.get("subnetpool_id") or ""):
            each["pool"] = subnet_allocation.pool_of(session, self._pools, context, each)
        for network_id in sorted({each["network_id"] for each in several}):
            self._networks.hold(network_id, revision)

    def _insert(self, session, context, values):
        """A subnet of a network that the caller has loaded; routers with a gateway without address to it get one.

        :param values: project_id, network_id, ip_version, one of cidr, subnetpool_id, use_default_subnetpool, and
            prefixlen (of a range from a pool; absent: as the pool says), name, description, gateway_ip (absent: the
            first address; None: none), enable_dhcp, ipv6_ra_mode, ipv6_address_mode, dns_nameservers,
            host_routes, service_types, allocation_pools (absent or None: all but the gateway), tags.
        :raises InvalidInput: the range is malformed, too small, none that a project may have, or overlaps another of
            the network.
        """
        version, pool = values.pop("ip_version"), values.pop("pool")
        values["subnetpool_id"] = pool and pool["id"]
        values.pop("use_default_subnetpool", None)
        asked = subnet_allocation.allocate(session, pool, values) if pool else values["cidr"]
        values.pop("prefixlen", None)
        has_dhcp = values.get("enable_dhcp", True)
        cidr = subnet_ranges.of(asked, version, dhcp=has_dhcp)
        subnet_ranges.check_versions(version, values)
        subnet_ranges.check_modes(cidr, values, dhcp=has_dhcp)
        if version == 6:
            subnet_ranges.check_mtu(values["network_id"], self._networks.load(ALL, values["network_id"])["mtu"])
        subnet_allocation.check_affinity(session, values["network_id"], version, pool)
        if not context.is_admin:
            subnet_ranges.check_projects(cidr)
        gateway, pools = addressing.layout(cidr, values.get("gateway_ip", ...))
        if values.get("allocation_pools") is not None:
            pools = subnet_ranges.pools(cidr, values["allocation_pools"])
        subnet_ranges.check_gateway(cidr, gateway, pools)
        values = {"id": new_id(), **values, "cidr": str(cidr), "ip_version": version, "gateway_ip": gateway,
                  "allocation_pools": pools, "host_access": context.is_admin and subnet_ranges.host_access(cidr)}
        self._check_overlap(session, cidr, values["network_id"])
        rows.raise_revision(session, Network, values["network_id"])
        rows.insert(session, Subnet, values)
        self._changes.network(session, values["network_id"])
        if ipv6.is_automatic(values):
            self._give_automatic(session, values)
        elif port_addresses.is_for({"enable_dhcp": has_dhcp, **values}, router_queries.GATEWAY):
            for each in router_queries.gateways_without(session, values["network_id"], version):
                ports.add_address(session, each.id, values["id"])
                rows.raise_revision(session, Router, each.router_id)
        return values["id"]

    def _give_automatic(self, session, subnet):
        """Give the ports of the network the addresses of a new subnet that their MACs make."""
        found = [each for each in address_queries.of_network(session, subnet["network_id"])
                 if port_addresses.is_for({"enable_dhcp": True, **subnet}, each.device_owner)
                 and port_addresses.makes_own(subnet, each.device_owner)]
        address_queries.give(session, subnet["id"], {
            each.id: str(ipv6.made_of(subnet["cidr"], each.mac_address)) for each in found})
        for router_id in router_queries.routers_of(session, [
                each.id for each in found if each.device_owner == router_queries.GATEWAY]):
            rows.raise_revision(session, Router, router_id)
        self._changes.ports_of(session, subnet["network_id"])
        self._changes.groups(session)

    @staticmethod
    def _check_overlap(session, cidr, network_id):
        if any(cidr.overlaps(ipaddress.ip_network(each)) for each in network_queries.cidrs(session, network_id)):
            raise exceptions.InvalidInput(detail=f"Requested subnet with cidr: {cidr} for network: {network_id} "
                                                 f"overlaps with another subnet.")

    def update(self, context, subnet, values, revision=None):
        """Change a subnet; servers show it at once, and hosts with ports of its network are notified."""
        cidr = ipaddress.ip_network(subnet["cidr"])
        subnet_ranges.check_change(subnet, values)
        if values.get("allocation_pools", ...) is None:
            del values["allocation_pools"]
        if "allocation_pools" in values:
            values["allocation_pools"] = subnet_ranges.pools(cidr, values["allocation_pools"])
        changed = None
        while changed is None:
            with db.writer() as session:
                shown_by = info_cache.shown_by(session, Network, subnet["network_id"], network_id=subnet["network_id"])
                if shown_by is not None:
                    found = self.hold(subnet["id"], revision)
                    self._check_routers(session, found, values)
                    subnet_ranges.check_gateway(cidr, values.get("gateway_ip", found["gateway_ip"]),
                                                values.get("allocation_pools", found["allocation_pools"]))
                    if self.write(found, values):
                        rows.raise_revision(session, Network, subnet["network_id"])
                        self._changes.network(session, subnet["network_id"])
                        for server_id in shown_by:
                            info_cache.push(session, server_id)
                    changed = self.load(ALL, subnet["id"])
        return changed

    @staticmethod
    def _check_routers(session, subnet, values):
        """:raises GatewayIpInUse: a router has the gateway's address, and that would be another."""
        if values.get("gateway_ip", subnet["gateway_ip"]) != subnet["gateway_ip"]:
            port_id = router_queries.holder(session, subnet["id"], subnet["gateway_ip"])
            if port_id:
                raise router_exceptions.GatewayIpInUse(ip=subnet["gateway_ip"], port_id=port_id)

    def delete(self, context, subnet, revision=None):
        """Automatic addresses of it go, and servers show that at once.

        :raises SubnetInUse: a port has an address of it, if automatic then a router.
        """
        network_ids = {subnet["network_id"]} if ipv6.is_automatic(subnet) else set()
        gone, left = False, _TRIES
        while not gone:
            left -= 1
            with contextlib.suppress(_ServersChanged), db.writer() as session:
                known = _lock_servers(session, network_ids)
                rows.lock(session, Network, subnet["network_id"])
                known |= _lock_more(session, network_ids, known, left)
                self.hold(subnet["id"], revision)
                self._delete(session, subnet)
                for server_id in sorted(known):
                    info_cache.push(session, server_id)
                gone = True

    def _delete(self, session, subnet):
        users = port_queries.ports_on(session, subnet_id=subnet["id"])
        if users and ipv6.is_automatic(subnet) and not router_queries.has_interface(session, subnet["id"]):
            address_queries.take(session, subnet["id"])
            self._changes.ports_of(session, subnet["network_id"])
            self._changes.groups(session)
            users = ()
        if users or not rows.try_delete(session, Subnet, subnet["id"]):
            raise exceptions.SubnetInUse(subnet_id=subnet["id"])
        rows.raise_revision(session, Network, subnet["network_id"])
        self._changes.network(session, subnet["network_id"])


class _ServersChanged(Exception):
    """A server has come to a network after those that are there were locked: begin anew."""


def _lock_servers(session, network_ids):
    """Ids of the servers on networks, locked: before the networks are, as everybody does."""
    known = _servers_on(session, network_ids)
    locks.servers(session, sorted(known))
    return known


def _lock_more(session, network_ids, known, left):
    """Ids of those that came before the networks were locked, since when none comes.

    Where servers come all the time the last try locks them behind the networks: a new one's transactions are over, and
    what a deadlock undoes is tried again.

    :param left: how many more tries there are.  :raises _ServersChanged: there are such, and tries left.
    """
    more = _servers_on(session, network_ids) - known
    if more and left > 0:
        raise _ServersChanged
    locks.servers(session, sorted(more))
    return more


def _servers_on(session, network_ids):
    return {server_id for each in sorted(network_ids)
            for server_id in network_queries.servers_on(session, network_id=each)}
