"""Ranges of new subnets that come from subnet pools."""

import ipaddress

from nova_lite.common import prefixes
from nova_lite.db.network import subnet_pools as pool_queries
from nova_lite.network import exceptions, pool_exceptions
from nova_lite.network.embedded import subnet_ranges
from nova_lite.network.listing import one

#: IP version -> length of the prefix that a pool's quota counts.
_UNITS = {4: 32, 6: 64}


def check_request(said):
    """:raises BadRequest: attributes of a new subnet that do not go together."""
    pool, cidr = said.get("subnetpool_id"), said.get("cidr")
    if cidr and said.get("prefixlen") is not None:
        raise _bad("cidr and prefixlen must not be supplied together")
    if said.get("use_default_subnetpool") and pool:
        raise _bad("subnetpool_id and use_default_subnetpool cannot both be specified")
    if not cidr and not pool and not said.get("use_default_subnetpool"):
        raise _bad("a subnetpool must be specified in the absence of a cidr")
    if not cidr and said.get("allocation_pools"):
        raise _bad("allocation_pools allowed only for specific subnet requests.")


def pool_of(session, pools, context, said):
    """The pool (a dict) that a new subnet comes from, as it is until the transaction ends; None.

    :param pools: the SubnetPools.
    :raises BadRequest: there is no default pool, or it is of another IP version.  :raises SubnetPoolNotFound:
    """
    pool_id, version = said.get("subnetpool_id"), said["ip_version"]
    if said.get("use_default_subnetpool"):
        pool_id = pool_queries.default_pool(session, version)
        if pool_id is None or not pools.list(context, one(pool_id)):
            raise _bad(f"No default subnetpool found for IPv{version}")
    if pool_id is None:
        return None
    pools.hold(pool_id)
    pool = pools.get(context, pool_id)
    if pool["ip_version"] != version:
        raise _bad(f"Cannot allocate IPv{version} subnet from IPv{pool['ip_version']} subnet pool")
    return pool


def allocate(session, pool, values):
    """The range of a new subnet of a pool that is held: what ``values`` name as cidr, or any of their prefixlen.

    :raises InvalidInput: that is no range of the pool's IP version.
    :raises SubnetAllocationError: the pool has no such range left.  :raises SubnetPoolQuotaExceeded:
    :raises MinPrefixSubnetAllocationError, MaxPrefixSubnetAllocationError:
    """
    wanted = subnet_ranges.read(values["cidr"], pool["ip_version"]) if values.get("cidr") else None
    length = wanted.prefixlen if wanted else values.get("prefixlen")
    length = pool["default_prefixlen"] if length is None else length
    if length > pool["max_prefixlen"]:
        raise pool_exceptions.MaxPrefixSubnetAllocationError(prefixlen=length, limit=pool["max_prefixlen"])
    if length < pool["min_prefixlen"]:
        raise pool_exceptions.MinPrefixSubnetAllocationError(prefixlen=length, limit=pool["min_prefixlen"])
    given = pool_queries.allocations(session, pool["id"])
    _check_quota(pool, given, values["project_id"], length)
    free = prefixes.difference(pool["prefixes"], [each.cidr for each in given])
    if wanted is None:
        return _any(free, length)
    if not any(wanted.subnet_of(each) for each in free):
        raise pool_exceptions.SubnetAllocationError(
            reason="Cannot allocate requested subnet from the available set of prefixes")
    return str(wanted)


def check_affinity(session, network_id, ip_version, pool):
    """:param pool: the one that a new subnet of a network comes from; None.

    :raises NetworkAddressScopeAffinityError, NetworkSubnetPoolAffinityError: the network's other subnets do not go
        with that.
    """
    others = pool_queries.sources(session, [network_id], ip_version)
    scope_id = next((each.address_scope_id for each in others if each.address_scope_id is not None), None)
    if pool is None:
        if any(each.subnetpool_id is not None for each in others):
            raise pool_exceptions.NetworkSubnetPoolAffinityError
    elif scope_id is not None:
        if pool["address_scope_id"] != scope_id:
            raise pool_exceptions.NetworkAddressScopeAffinityError
    elif any(each.subnetpool_id != pool["id"] for each in others):
        raise pool_exceptions.NetworkSubnetPoolAffinityError


def _check_quota(pool, given, project_id, length):
    unit, quota = _UNITS[pool["ip_version"]], pool["default_quota"]
    if quota:
        used = sum(2.0 ** (unit - ipaddress.ip_network(each.cidr).prefixlen)
                   for each in given if each.project_id == project_id)
        if used + 2.0 ** (unit - length) > quota:
            raise pool_exceptions.SubnetPoolQuotaExceeded


def _any(free, length):
    """The first range of a prefix length in the smallest free prefix that has it."""
    for each in sorted(free, key=lambda one: -one.prefixlen):
        if each.prefixlen <= length:
            return str(next(each.subnets(new_prefix=length)))
    raise pool_exceptions.SubnetAllocationError(reason=f"Insufficient prefix space to allocate subnet size /{length}")


def _bad(detail):
    return exceptions.BadRequest(resource="subnets", detail=detail)
