"""What other services told of servers, kept for a day so that a task can look what came before it waited."""

import datetime

import sqlalchemy as sa

from nova_lite.db.base import now
from nova_lite.db.models.operators import ExternalEvent
from nova_lite.db.models.servers import Server

_E, _V = ExternalEvent.__table__, Server.__table__
_KEPT = datetime.timedelta(days=1)


def hosts(session, server_ids):
    """{server id: host or None} of those that exist."""
    return dict(session.execute(sa.select(_V.c.id, _V.c.host).where(
        _V.c.id.in_(server_ids), _V.c.deleted_at.is_(None))).tuples().all())


def record(session, events):
    """:param events: dicts with server_id, name, tag (or None) and status."""
    session.execute(sa.delete(_E).where(_E.c.received_at < now() - _KEPT))
    session.execute(sa.insert(_E), [{**each, "received_at": now()} for each in events])


def latest(session, server_id, name, tag=None):
    """The newest event of that name (and tag) for a server; None."""
    return session.execute(
        sa.select(_E).where(_E.c.server_id == server_id, _E.c.name == name, _E.c.tag == tag)
        .order_by(_E.c.id.desc()).limit(1)).one_or_none()
