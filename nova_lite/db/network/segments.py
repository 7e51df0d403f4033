"""Segments of networks: those that a project sees."""

import sqlalchemy as sa

from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network
from nova_lite.db.models.segments import Segment
from nova_lite.db.network import paging, rows

#: The network_type of all that there are: each host has its own bridge of a network.
LOCAL = "local"
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


def number_of(session, network_id):
    return session.scalar(sa.select(sa.func.count()).where(_SEGMENTS.c.network_id == network_id))
