"""What servers were there in a span of time, also those that are deleted and not yet purged."""

import types

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL
from nova_lite.db import damaged, visibility
from nova_lite.db.models.servers import Server
from nova_lite.objects import damaged_server

_SERVERS = Server.__table__
_COLUMNS = (_SERVERS.c.id, _SERVERS.c.project_id, _SERVERS.c.display_name, _SERVERS.c.flavor, _SERVERS.c.vm_state,
            _SERVERS.c.launched_at, _SERVERS.c.terminated_at)


def servers(session, start, stop, *, project_id=ALL, limit=None, marker=None):
    """Rows of servers that ran between two moments (naive, UTC), by project and id; one whose flavor is damaged uses
    nothing.

    :param project_id: whose; ALL: those of every project.
    :param limit: at most so many, behind the server ``marker``; None: all.
    :raises MarkerNotFound: no server has the id ``marker``.
    """
    statement = sa.select(*_COLUMNS).where(
        *visibility.of_project(_SERVERS.c.project_id, project_id), _SERVERS.c.launched_at.is_not(None),
        _SERVERS.c.launched_at < stop,
        sa.or_(_SERVERS.c.terminated_at.is_(None), _SERVERS.c.terminated_at > start)
    ).order_by(_SERVERS.c.project_id, _SERVERS.c.id)
    if marker is not None:
        owner = session.execute(sa.select(_SERVERS.c.project_id).where(_SERVERS.c.id == marker)).scalar_one_or_none()
        if owner is None:
            raise exceptions.MarkerNotFound(f"Marker {marker} could not be found.", marker=marker)
        statement = statement.where(sa.or_(_SERVERS.c.project_id > owner,
                                           sa.and_(_SERVERS.c.project_id == owner, _SERVERS.c.id > marker)))
    found = damaged.read(session, statement if limit is None else statement.limit(limit),
                         damaged.stand_ins({"flavor": None}))
    return [_mended(row) if damaged_server.damaged(row) else row for row in found]


def _mended(row):
    return types.SimpleNamespace(**row._asdict() | {"flavor": damaged_server.STAND_INS["flavor"]})
