"""Servers by name, and names of servers, over all projects."""

import sqlalchemy as sa

from nova_lite.db.models.servers import Server

_SERVERS = Server.__table__


def named(session, wanted):
    """Ids of the servers that exist and have an id or, where none has that, a name."""
    asked = sa.select(_SERVERS.c.id).where(_SERVERS.c.deleted_at.is_(None)).order_by(_SERVERS.c.created_at,
                                                                                    _SERVERS.c.id)
    return (list(session.scalars(asked.where(_SERVERS.c.id == wanted)))
            or list(session.scalars(asked.where(_SERVERS.c.display_name == wanted))))


def of(session, server_ids):
    """{id: row of id, display_name and vm_state}"""
    return {row.id: row for row in session.execute(sa.select(
        _SERVERS.c.id, _SERVERS.c.display_name, _SERVERS.c.vm_state).where(_SERVERS.c.id.in_(server_ids)))}
