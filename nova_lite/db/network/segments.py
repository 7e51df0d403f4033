"""Segments of networks: those that a project sees."""

import sqlalchemy as sa

from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network
from nova_lite.db.models.segments import Segment
from nova_lite.db.network import paging, rows

#: Values of network_type: each host has its own bridge of a network, or one on a NIC of a physical network.
LOCAL, FLAT = "local", "flat"
_SEGMENTS, _NETWORKS = Segment.__table__, Network.__table__


def segments(session, project_id, page=paging.WHOLE):
    """Those of the project's networks."""
    asked = sa.select(_SEGMENTS)
    if project_id is not ALL:
        asked = asked.join(_NETWORKS, _NETWORKS.c.id == _SEGMENTS.c.network_id).where(
            _NETWORKS.c.project_id == project_id)
    return paging.page_of(session, asked, _SEGMENTS, page)


def add_first(session, network_id):
    """The segment that a network has from its beginning."""
    rows.insert(session, Segment, {"id": new_id(), "network_id": network_id, "network_type": LOCAL})


def place(session, network_id, physical_network):
    """The segments of a new network are on a physical network."""
    session.execute(sa.update(_SEGMENTS).where(_SEGMENTS.c.network_id == network_id).values(
        network_type=FLAT, physical_network=physical_network))


def physical_networks(session, network_ids):
    """{network id: name of the physical network that it is on; None: on none}"""
    return dict(session.execute(sa.select(_NETWORKS.c.id, _NETWORKS.c.physical_network).where(
        _NETWORKS.c.id.in_(sorted(network_ids)))).tuples().all()) if network_ids else {}


def number_of(session, network_id):
    return session.scalar(sa.select(sa.func.count()).where(_SEGMENTS.c.network_id == network_id))
