"""Moves of servers to other hosts or sizes, which the API calls migrations: recording and listing them."""

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operators import Move

_M = Move.__table__
LIVE = "live-migration"
#: A live migration that has one of these is under way.
UNDER_WAY = ("queued", "preparing", "running", "post-migrating")
#: What lists may be filtered by, and the column.
_FILTERS = {"server_id": _M.c.server_id, "status": _M.c.status, "kind": _M.c.kind, "source_host": _M.c.source_host,
            "user_id": _M.c.user_id, "project_id": _M.c.project_id}


def record(session, context, server, **values):
    """Write a new move of a server (its row) and return its number.

    :param context: who wants it; the cloud itself does it in the name of the server's owner.
    :param values: columns of Move; ``kind`` and ``status`` at least.
    """
    return session.execute(sa.insert(_M).values(
        uuid=new_id(), server_id=server.id, project_id=context.project_id or server.project_id,
        user_id=context.user_id or server.user_id, created_at=now(), **values)).inserted_primary_key[0]


def update(session, id, **values):
    session.execute(sa.update(_M).where(_M.c.id == id).values(updated_at=now(), **values))


def find(session, filters, *, limit=None, marker=None):
    """Moves, newest first.

    :param filters: {"server_id", "status", "kind", "source_host", "user_id", "project_id"}, "host" (either end),
        "since" and "before" (bounds of the last change, naive UTC).
    :param marker: a uuid.
    :raises MarkerNotFound:
    """
    statement = sa.select(_M).where(*_conditions(filters)).order_by(_M.c.created_at.desc(), _M.c.id.desc())
    if marker is not None:
        last = session.execute(sa.select(_M).where(_M.c.uuid == marker)).one_or_none()
        if last is None:
            raise exception.MarkerNotFound(f"Marker {marker} could not be found.", marker=marker)
        statement = statement.where(sa.or_(
            _M.c.created_at < last.created_at, sa.and_(_M.c.created_at == last.created_at, _M.c.id < last.id)))
    return session.execute(statement if limit is None else statement.limit(limit)).all()


def _conditions(filters):
    changed = sa.func.coalesce(_M.c.updated_at, _M.c.created_at)
    made = [column == filters[name] for name, column in _FILTERS.items() if name in filters]
    if "host" in filters:
        made.append(sa.or_(_M.c.source_host == filters["host"], _M.c.dest_host == filters["host"]))
    if "since" in filters:
        made.append(changed >= filters["since"])
    if "before" in filters:
        made.append(changed <= filters["before"])
    return made


def under_way(session, server_id):
    """The live migrations of a server that are under way."""
    return session.execute(sa.select(_M).where(
        _M.c.server_id == server_id, _M.c.kind == LIVE, _M.c.status.in_(UNDER_WAY)).order_by(_M.c.id)).all()
