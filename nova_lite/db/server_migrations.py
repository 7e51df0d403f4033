"""Migrations of servers to other hosts or sizes: recording, reading and listing them."""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import changes
from nova_lite.db.base import new_id, now
from nova_lite.db.models.server_migrations import ServerMigration
from nova_lite.objects.migration import UNDER_WAY, Kind

_MIGRATIONS = ServerMigration.__table__
#: What lists may be filtered by, and the column.
_FILTERS = {name: _MIGRATIONS.c[name] for name in ("server_id", "status", "kind", "source_host", "user_id",
                                                   "project_id")}
_ONE = sa.select(_MIGRATIONS).where(_MIGRATIONS.c.id == sa.bindparam("b_id"))


def record(session, context, server, **values):
    """Write a new migration of a server (its row) and return its number.

    :param context: who wants it; the cloud itself does it in the name of the server's owner.
    :param values: columns of ServerMigration; ``kind`` and ``status`` at least.
    """
    return session.execute(sa.insert(_MIGRATIONS).values(
        uuid=new_id(), server_id=server.id, project_id=context.project_id or server.project_id,
        user_id=context.user_id or server.user_id, created_at=now(), **values)).inserted_primary_key[0]


def update(session, id, **values):
    """Write columns of a migration."""
    session.execute(sa.update(_MIGRATIONS).where(_MIGRATIONS.c.id == id).values(updated_at=now(), **values))


def of_server(session, server):
    """The row of the migration that is open for a server (its row); None: it is in none."""
    return server.migration_id and session.execute(_ONE, {"b_id": server.migration_id}).one_or_none()


def find(session, filters, *, limit=None, marker=None):
    """Migrations, newest first.

    :param filters: {"server_id", "status", "kind", "source_host", "user_id", "project_id"}, "host" (either end),
        "since" and "before" (bounds of the last change, naive UTC).
    :param marker: a uuid.
    :raises MarkerNotFound:
    """
    table = _MIGRATIONS
    statement = sa.select(table).where(*_conditions(filters)).order_by(table.c.created_at.desc(), table.c.id.desc())
    if marker is not None:
        last = session.execute(sa.select(table).where(table.c.uuid == marker)).one_or_none()
        if last is None:
            raise exceptions.MarkerNotFound(f"Marker {marker} could not be found.", marker=marker)
        statement = statement.where(sa.or_(
            table.c.created_at < last.created_at,
            sa.and_(table.c.created_at == last.created_at, table.c.id < last.id)))
    return session.execute(statement if limit is None else statement.limit(limit)).all()


def _conditions(filters):
    changed = sa.func.coalesce(_MIGRATIONS.c.updated_at, _MIGRATIONS.c.created_at)
    made = [column == filters[name] for name, column in _FILTERS.items() if name in filters]
    if "host" in filters:
        made.append(sa.or_(_MIGRATIONS.c.source_host == filters["host"], _MIGRATIONS.c.dest_host == filters["host"]))
    if "since" in filters:
        made.append(changes.since(changed, filters["since"]))
    if "before" in filters:
        made.append(changes.before(changed, filters["before"]))
    return made


def under_way(session, server_id):
    """The live migrations of a server that are under way."""
    return session.execute(sa.select(_MIGRATIONS).where(
        _MIGRATIONS.c.server_id == server_id, _MIGRATIONS.c.kind == Kind.LIVE, _MIGRATIONS.c.status.in_(UNDER_WAY))
        .order_by(_MIGRATIONS.c.id)).all()
