"""Port forwardings of floating IPs, and which overlap."""

import sqlalchemy as sa

from nova_lite.db.models.networks import FixedIp
from nova_lite.db.models.port_forwardings import PortForwarding
from nova_lite.db.network import paging

_FORWARDINGS, _IPS = PortForwarding.__table__, FixedIp.__table__


def port_forwardings(session, project_id, page=paging.WHOLE):
    """Those of every project: who asks for them has the floating IP."""
    return paging.page_of(session, sa.select(_FORWARDINGS), _FORWARDINGS, page)


def of_floating_ips(session, floating_ip_ids):
    """{floating IP's id: [dict]}, in order."""
    found = {}
    for row in session.execute(sa.select(_FORWARDINGS).where(_FORWARDINGS.c.floatingip_id.in_(floating_ip_ids))
                               .order_by(_FORWARDINGS.c.external_first, _FORWARDINGS.c.id)) if floating_ip_ids else ():
        found.setdefault(row.floatingip_id, []).append(dict(row._mapping))
    return found


def of_ports(session, port_ids):
    """Rows of those that lead to some ports."""
    return session.execute(sa.select(_FORWARDINGS).where(_FORWARDINGS.c.internal_port_id.in_(port_ids))
                           .order_by(_FORWARDINGS.c.floatingip_id, _FORWARDINGS.c.id)).all() if port_ids else []


def overlapping(session, side, first, last, **which):
    """A row that has ports of a range; None.

    :param side: "external" or "internal".  :param which: {column: value}, and ``but``: the id of one that may.
    """
    start, end = _FORWARDINGS.c[f"{side}_first"], _FORWARDINGS.c[f"{side}_last"]
    but = which.pop("but", None)
    asked = sa.select(_FORWARDINGS).where(start <= last, end >= first,
                                          *(_FORWARDINGS.c[name] == value for name, value in which.items()))
    return session.execute((asked if but is None else asked.where(_FORWARDINGS.c.id != but)).limit(1)).one_or_none()


def leads_into(session, floating_ip_ids, subnet_id):
    """Whether one of some floating IPs leads to an address of a subnet."""
    return session.scalar(sa.select(_FORWARDINGS.c.id).join(_IPS, sa.and_(
        _IPS.c.port_id == _FORWARDINGS.c.internal_port_id, _IPS.c.ip == _FORWARDINGS.c.internal_ip_address)).where(
        _FORWARDINGS.c.floatingip_id.in_(floating_ip_ids), _IPS.c.subnet_id == subnet_id).limit(1)) is not None
