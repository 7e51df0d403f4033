"""What was done, when and where, as ``nova-lite trace`` reads it: over all projects, deleted servers too."""

import sqlalchemy as sa

from nova_lite.db.history import TOLD
from nova_lite.db.models.operations import Operation, Step
from nova_lite.db.models.servers import ComputeNode, Server

_T, _S, _V, _N = Operation.__table__, Step.__table__, Server.__table__, ComputeNode.__table__


def operations(session, wanted):
    """Operations that a request began, or of the servers with an id or a name; oldest first, with ``display_name``.

    :param wanted: a request's id, or a server's id or name.
    """
    servers = sa.select(_V.c.id).where(sa.or_(_V.c.id == wanted, _V.c.display_name == wanted))
    return session.execute(
        sa.select(*TOLD, _V.c.display_name).outerjoin(_V, _V.c.id == _T.c.server_id)
        .where(sa.or_(_T.c.request_id == wanted, _T.c.server_id.in_(servers)))
        .order_by(_T.c.created_at, _T.c.id)).all()


def steps(session, operation_ids):
    """{operation id: its steps, oldest first}."""
    found = {}
    for step in session.execute(sa.select(_S).where(_S.c.operation_id.in_(operation_ids)).order_by(_S.c.id)):
        found.setdefault(step.operation_id, []).append(step)
    return found


def hypervisors(session):
    """{host: what its driver called itself}."""
    return dict(session.execute(sa.select(_N.c.host, _N.c.hypervisor_type)).all())
