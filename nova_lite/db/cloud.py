"""The cloud's own row: its id, its mark, and what happens to a database that was set back to an earlier state."""

import sqlalchemy as sa

from nova_lite.db import audit, identity_revisions, locks, operations
from nova_lite.db.base import now
from nova_lite.db.faults import fault
from nova_lite.db.models.cloud import Cloud
from nova_lite.db.models.operations import Operation
from nova_lite.db.rows import ensure_row
from nova_lite.objects.states import SERVER

_CLOUD, _OPERATIONS = Cloud.__table__, Operation.__table__
_GIVEN_UP = "Given up: the database was restored from a backup, so nobody knows how far this had come."


def get(session):
    """The row (cloud_id, mark, restored_at); None in a database that no cloud has used yet."""
    return session.execute(sa.select(_CLOUD)).one_or_none()


def create(session, cloud_id):
    """The row, made where there is none."""
    ensure_row(session, _CLOUD, {"id": 1, "cloud_id": cloud_id, "mark": 1, "created_at": now()})
    return get(session)


def advance(session):
    """Raise the mark by one; the row, or None where there is none."""
    session.execute(sa.update(_CLOUD).values(mark=_CLOUD.c.mark + 1))
    return get(session)


def restored_at(session):
    """When the database was last found to have been set back; None: never.  What is older may be outdated."""
    return session.execute(sa.select(_CLOUD.c.restored_at)).scalar_one_or_none()


def restored(session, mark):
    """The database is an earlier state of itself: what was under way then is given up and touches no host again.

    Servers that were being built become ERROR, others rest as they were.  All tokens are void.

    :param mark: the highest that anybody knows; the row's becomes one more.
    :returns: how many operations were given up.
    """
    # The operations started before; their resources' rows first, as the order of locks has it.
    started = session.execute(sa.select(*(_OPERATIONS.c[name] for name in (
        "id", "name", "resource_type", "resource_id"))).where(_OPERATIONS.c.finished_at.is_(None))).all()
    resources = {pair for each in started for pair in operations.claimed(session, each)}
    locks.resources(session, resources)
    for each in sorted(started, key=lambda row: row.id):
        audit.cancel(session, each.id, _GIVEN_UP)
    for server in audit.elsewhere(session, sorted(each for kind, each in resources if kind == SERVER)).values():
        if server.deleted_at is None:
            audit.mend_task(session, server, fault(500, _GIVEN_UP))
    for kind, each in resources:
        if kind != SERVER:
            operations.set_idle(session, kind, each)
    identity_revisions.void_all(session)
    session.execute(sa.update(_CLOUD).values(mark=mark + 1, restored_at=now()))
    return len(started)
