"""How many addresses of subnets are given."""

import sqlalchemy as sa

from nova_lite.db.models.networks import FixedIp, Subnet

_SUBNETS, _IPS = Subnet.__table__, FixedIp.__table__


def used(session, network_ids, ip_versions=None):
    """Rows of id, network_id, name, ip_version, cidr, allocation_pools and used of the subnets of networks.

    :param ip_versions: only subnets of these; None: all.
    """
    given = sa.select(sa.func.count()).where(_IPS.c.subnet_id == _SUBNETS.c.id).correlate(_SUBNETS).scalar_subquery()
    asked = sa.select(_SUBNETS.c.id, _SUBNETS.c.network_id, _SUBNETS.c.name, _SUBNETS.c.ip_version, _SUBNETS.c.cidr,
                      _SUBNETS.c.allocation_pools, given.label("used")).where(_SUBNETS.c.network_id.in_(network_ids))
    if ip_versions is not None:
        asked = asked.where(_SUBNETS.c.ip_version.in_(ip_versions))
    return session.execute(asked.order_by(_SUBNETS.c.id)).all()
