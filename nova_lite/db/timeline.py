"""What was done, when and where, as ``nova-lite trace`` reads it: over all projects, deleted servers too."""

import sqlalchemy as sa

from nova_lite.db.history import SHOWN
from nova_lite.db.models.operations import Operation, Step
from nova_lite.db.models.servers import Server

_OPERATIONS, _STEPS, _SERVERS = Operation.__table__, Step.__table__, Server.__table__


def operations(session, wanted):
    """Operations that a request began, or of the servers with an id or a name; oldest first, with ``display_name``.

    :param wanted: a request's id, or a server's id or name.
    """
    servers = sa.select(_SERVERS.c.id).where(sa.or_(_SERVERS.c.id == wanted, _SERVERS.c.display_name == wanted))
    return session.execute(
        sa.select(*SHOWN, _SERVERS.c.display_name).outerjoin(_SERVERS, _SERVERS.c.id == _OPERATIONS.c.resource_id)
        .where(sa.or_(_OPERATIONS.c.request_id == wanted, _OPERATIONS.c.resource_id.in_(servers)))
        .order_by(_OPERATIONS.c.created_at, _OPERATIONS.c.id)).all()


def steps(session, operation_ids):
    """{operation id: its steps, oldest first}."""
    found = {}
    asked = sa.select(_STEPS).where(_STEPS.c.operation_id.in_(operation_ids)).order_by(_STEPS.c.id)
    for step in session.execute(asked):
        found.setdefault(step.operation_id, []).append(step)
    return found
