"""Events of other services about servers, kept for a day so that a task can look what came before it waited."""

import datetime

import sqlalchemy as sa

from nova_lite.db.base import now
from nova_lite.db.models.operators import ExternalEvent
from nova_lite.db.models.servers import Server

_EVENTS, _SERVERS = ExternalEvent.__table__, Server.__table__
#: What a network service says of a port that works, or failed (its status).
PLUGGED = "network-vif-plugged"
_KEPT = datetime.timedelta(days=1)


def hosts(session, server_ids):
    """{server id: host or None} of those that exist."""
    return dict(session.execute(sa.select(_SERVERS.c.id, _SERVERS.c.host).where(
        _SERVERS.c.id.in_(server_ids), _SERVERS.c.deleted_at.is_(None))).tuples().all())


def record(session, events):
    """:param events: dicts with server_id, name, tag (or None) and status."""
    session.execute(sa.delete(_EVENTS).where(_EVENTS.c.received_at < now() - _KEPT))
    session.execute(sa.insert(_EVENTS), [{**each, "received_at": now()} for each in events])


def failed(session, server_id, name, tags, since):
    """Those of some tags of which the newest event of that name says that it failed, received since a moment."""
    found = {each: latest(session, server_id, name, each) for each in tags}
    return [each for each, row in found.items() if row is not None and row.status == "failed"
            and row.received_at >= since]


def latest(session, server_id, name, tag=None):
    """The newest event of that name (and tag) for a server; None."""
    return session.execute(
        sa.select(_EVENTS).where(_EVENTS.c.server_id == server_id, _EVENTS.c.name == name, _EVENTS.c.tag == tag)
        .order_by(_EVENTS.c.id.desc()).limit(1)).one_or_none()
