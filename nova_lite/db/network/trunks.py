"""Trunks: those that a project sees, and their sub-ports."""

import sqlalchemy as sa

from nova_lite.db import visibility
from nova_lite.db.models.networks import Network, Port
from nova_lite.db.models.trunks import Subport, Trunk
from nova_lite.db.network import paging
from nova_lite.db.rows import attempt

#: device_owner of a sub-port.
OWNER = "trunk:subport"
#: What is known of a sub-port.
COLUMNS = ("port_id", "segmentation_type", "segmentation_id", "mac_address")
_TRUNKS, _SUBPORTS, _PORTS, _NETWORKS = (each.__table__ for each in (Trunk, Subport, Port, Network))
_ALL_SUBPORTS = sa.select(
    _SUBPORTS.c.trunk_id, _SUBPORTS.c.port_id, _SUBPORTS.c.segmentation_type, _SUBPORTS.c.segmentation_id,
    _PORTS.c.mac_address).join(_PORTS, _PORTS.c.id == _SUBPORTS.c.port_id).order_by(
    _SUBPORTS.c.segmentation_type, _SUBPORTS.c.segmentation_id)
#: Of a port: the trunk whose parent it is, and the one whose sub-port it is.
TRUNK_ID = sa.select(_TRUNKS.c.id).where(_TRUNKS.c.port_id == _PORTS.c.id).correlate(_PORTS).scalar_subquery().label(
    "trunk_id")
SUBPORT_OF = sa.select(_SUBPORTS.c.trunk_id).where(_SUBPORTS.c.port_id == _PORTS.c.id).correlate(
    _PORTS).scalar_subquery().label("subport_of")


def trunks(session, project_id, page=paging.WHOLE):
    """Those of the project, each with ``status`` and ``sub_ports``: dicts of COLUMNS."""
    asked = sa.select(_TRUNKS, paging.TRUNK_STATUS.label("status")).where(
        *visibility.of_project(_TRUNKS.c.project_id, project_id))
    found = paging.page_of(session, asked, _TRUNKS, page)
    owned = subports(session, [each["id"] for each in found])
    return [each | {"sub_ports": owned.get(each["id"], [])} for each in found]


def subports(session, trunk_ids):
    """{trunk id: [dict of COLUMNS]}"""
    owned = paging.grouped(session, _ALL_SUBPORTS, [{"id": each} for each in trunk_ids])
    return {key: [{name: getattr(row, name) for name in COLUMNS} for row in several] for key, several in owned.items()}


def mtus(session, port_ids):
    """{port id: its network's MTU}"""
    return dict(session.execute(sa.select(_PORTS.c.id, _NETWORKS.c.mtu).join(
        _NETWORKS, _NETWORKS.c.id == _PORTS.c.network_id).where(_PORTS.c.id.in_(port_ids))).tuples().all())


def try_add(session, trunk):
    """Write a trunk; False, and nothing written, where its port is the parent of another."""
    with attempt(session) as tried:
        session.execute(sa.insert(_TRUNKS).values(**trunk))
    return not tried.refused


def try_subport(session, trunk_id, subport):
    """Give a trunk a sub-port, whose port the caller has locked; False where its VLAN is another sub-port's.

    :param subport: {"port_id", "segmentation_type", "segmentation_id"}
    """
    with attempt(session) as tried:
        session.execute(sa.insert(_SUBPORTS).values(trunk_id=trunk_id, **subport))
    if not tried.refused:
        _own(session, [subport["port_id"]], OWNER)
    return not tried.refused


def remove_subports(session, port_ids):
    """Take sub-ports from their trunk."""
    session.execute(sa.delete(_SUBPORTS).where(_SUBPORTS.c.port_id.in_(port_ids)))
    _own(session, port_ids, "")


def carried_by(session, parent_ids):
    """Ids of the sub-ports of the trunks with some parent ports, which are locked, in order."""
    asked = sa.select(_SUBPORTS.c.port_id).join(_TRUNKS, _TRUNKS.c.id == _SUBPORTS.c.trunk_id).where(
        _TRUNKS.c.port_id.in_(parent_ids)).order_by(_SUBPORTS.c.port_id)
    return list(session.scalars(asked)) if parent_ids else []


def is_subport(session, port_id):
    return session.scalar(sa.select(_SUBPORTS.c.port_id).where(_SUBPORTS.c.port_id == port_id)) is not None


def _own(session, port_ids, owner):
    session.execute(sa.update(_PORTS).where(_PORTS.c.id.in_(port_ids)).values(
        device_owner=owner, revision=_PORTS.c.revision + 1))
