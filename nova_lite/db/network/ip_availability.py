"""Which addresses of subnets are given."""

import sqlalchemy as sa

from nova_lite.db.models.networks import FixedIp, Subnet

_SUBNETS, _IPS = Subnet.__table__, FixedIp.__table__


def given(session, network_ids, ip_versions=None):
    """(row, addresses) pairs of the subnets of networks: id, network_id, name, ip_version, cidr and allocation_pools;
    texts.

    :param ip_versions: only subnets of these; None: all.
    """
    asked = sa.select(_SUBNETS.c.id, _SUBNETS.c.network_id, _SUBNETS.c.name, _SUBNETS.c.ip_version, _SUBNETS.c.cidr,
                      _SUBNETS.c.allocation_pools, _IPS.c.ip).outerjoin(
        _IPS, _IPS.c.subnet_id == _SUBNETS.c.id).where(_SUBNETS.c.network_id.in_(network_ids))
    if ip_versions is not None:
        asked = asked.where(_SUBNETS.c.ip_version.in_(ip_versions))
    found = {}
    for row in session.execute(asked.order_by(_SUBNETS.c.id)):
        _, addresses = found.setdefault(row.id, (row, []))
        if row.ip is not None:
            addresses.append(row.ip)
    return list(found.values())
