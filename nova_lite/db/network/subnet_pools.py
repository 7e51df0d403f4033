"""Address scopes and subnet pools: those that a project sees, and what is allocated of a pool."""

import sqlalchemy as sa

from nova_lite.db.models.networks import AddressScope, Subnet, SubnetPool
from nova_lite.db.network import paging, sharing
from nova_lite.db.rows import attempt

_SCOPES, _POOLS, _SUBNETS = AddressScope.__table__, SubnetPool.__table__, Subnet.__table__
_IS_DEFAULT = _POOLS.c.default_for.is_not(None)


def scopes(session, project_id, page=paging.WHOLE):
    """Address scopes of the project and those shared with it, each with ``shared``."""
    shared, seen = sharing.visible(_SCOPES, project_id, page)
    return paging.page_of(session, sa.select(_SCOPES, shared).where(*seen), _SCOPES, page, shared=shared.element)


def pools(session, project_id, page=paging.WHOLE):
    """Subnet pools of the project and those shared with it, each with ``shared`` and ``is_default``."""
    shared, seen = sharing.visible(_POOLS, project_id, page)
    asked = sa.select(_POOLS, shared, _IS_DEFAULT.label("is_default")).where(*seen)
    return paging.page_of(session, asked, _POOLS, page, shared=shared.element, is_default=_IS_DEFAULT)


def default_pool(session, ip_version):
    """The id of the pool that subnets of a version come from where none is named; None."""
    return session.scalar(sa.select(_POOLS.c.id).where(_POOLS.c.default_for == ip_version))


def try_default(session, pool_id, ip_version):
    """Make a pool the default one of its version; False, and nothing written, where another is."""
    with attempt(session) as tried:
        session.execute(sa.update(_POOLS).where(_POOLS.c.id == pool_id).values(default_for=ip_version))
    return not tried.refused


def allocations(session, pool_id):
    """[(range, project id, network id, subnet id)] of the subnets of a pool."""
    return session.execute(sa.select(_SUBNETS.c.cidr, _SUBNETS.c.project_id, _SUBNETS.c.network_id, _SUBNETS.c.id)
                           .where(_SUBNETS.c.subnetpool_id == pool_id)).all()


def pools_of_scope(session, scope_id):
    """[(id, project id, prefixes)] of the pools in an address scope."""
    return session.execute(sa.select(_POOLS.c.id, _POOLS.c.project_id, _POOLS.c.prefixes)
                           .where(_POOLS.c.address_scope_id == scope_id)).all()


def sources(session, network_ids, ip_version=None):
    """Where the ranges of networks' subnets come from: rows of id, network_id, cidr, ip_version, subnetpool_id and
    address_scope_id, the last two None where they come from no pool, or the pool is in no scope.

    :param ip_version: only subnets of this one.
    """
    asked = sa.select(_SUBNETS.c.id, _SUBNETS.c.network_id, _SUBNETS.c.cidr, _SUBNETS.c.ip_version,
                      _SUBNETS.c.subnetpool_id, _POOLS.c.address_scope_id).select_from(
        _SUBNETS.outerjoin(_POOLS, _POOLS.c.id == _SUBNETS.c.subnetpool_id)).where(
        _SUBNETS.c.network_id.in_(network_ids)).order_by(_SUBNETS.c.created_at, _SUBNETS.c.id)
    return session.execute(asked if ip_version is None else asked.where(_SUBNETS.c.ip_version == ip_version)).all()
