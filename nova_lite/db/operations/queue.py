"""Operations without a worker: those that are due or overdue, and leases that are given up.

An operation that waits for a change of another service (``lease.wait``) is neither, until ``service_changes.go_on``.
"""

import datetime

import sqlalchemy as sa

from nova_lite.db import locks, steps
from nova_lite.db.base import now
from nova_lite.db.models.operations import Operation
from nova_lite.db.operations.statements import update
from nova_lite.objects.states import OperationState

_OPERATIONS = Operation.__table__
_DUE = (
    sa.select(*(_OPERATIONS.c[each] for each in (
        "id", "name", "place", "resource_type", "resource_id", "request_id", "user_id", "project_id")))
    .where(_OPERATIONS.c.finished_at.is_(None), _OPERATIONS.c.waits_for.is_(None),
           sa.or_(_OPERATIONS.c.lease_until.is_(None), _OPERATIONS.c.lease_until < sa.bindparam("moment")),
           sa.or_(_OPERATIONS.c.last_notified_at.is_(None), _OPERATIONS.c.last_notified_at < sa.bindparam("silent")))
    .order_by(_OPERATIONS.c.created_at).limit(sa.bindparam("most", type_=sa.Integer)))
_OVERDUE = (
    sa.select(_OPERATIONS.c.id)
    .where(_OPERATIONS.c.finished_at.is_(None), _OPERATIONS.c.waits_for.is_(None),
           _OPERATIONS.c.deadline < sa.bindparam("moment"))
    .limit(sa.bindparam("most", type_=sa.Integer)))


def due(session, *, notified_before, limit=500):
    """Open operations without a worker that wait for no change, and whose last notification was sent more than
    ``notified_before`` seconds ago, oldest first.
    """
    moment = now()
    silent = moment - datetime.timedelta(seconds=notified_before)
    return session.execute(_DUE, {"moment": moment, "silent": silent, "most": limit}).all()


def notified(session, operation_ids):
    """Record that notifications are sent now; return the ids but those that another transaction has locked."""
    free = locks.operations(session, operation_ids, free=True)
    if free:
        session.execute(sa.update(_OPERATIONS).where(_OPERATIONS.c.id.in_(free)), {"last_notified_at": now()})
    return set(free)


def overdue(session, limit=100):
    """Ids of open operations past their deadline."""
    return session.execute(_OVERDUE, {"moment": now(), "most": limit}).scalars().all()


def release(session, *, place=None, worker_prefix=None, but=None):
    """Give up the leases of dead workers; their operations are due at once.

    :param place: only operations at this place.  :param worker_prefix: only workers whose name begins so.
    :param but: the worker that is alive.
    """
    conditions = [_OPERATIONS.c.state == OperationState.RUNNING]
    if place is not None:
        conditions.append(_OPERATIONS.c.place == place)
    if worker_prefix is not None:
        conditions.append(_OPERATIONS.c.worker.startswith(worker_prefix, autoescape=True))
    if but is not None:
        conditions.append(_OPERATIONS.c.worker != but)
    waiting = []
    if worker_prefix is None:           # the place is there again: what waits for it need not wait for the next look
        here = [] if place is None else [_OPERATIONS.c.place == place]
        waiting = [_OPERATIONS.c.state == OperationState.QUEUED, *here]
    either = sa.or_(sa.and_(*conditions), sa.and_(*waiting)) if waiting else sa.and_(*conditions)
    ids = locks.operations(session, session.execute(sa.select(_OPERATIONS.c.id).where(either)).scalars().all())
    for some in locks.chunks(ids):
        session.execute(sa.update(_OPERATIONS).where(_OPERATIONS.c.id.in_(some), *conditions), {
            "lease_until": None, "last_notified_at": None})
        if waiting:
            session.execute(sa.update(_OPERATIONS).where(_OPERATIONS.c.id.in_(some), *waiting), {
                "last_notified_at": None})


def give_up(session, held, cause):
    """Give up leases, so that the operations are due at once; their workers are fenced.

    :param held: {operation id: attempt}; operations with a newer attempt are left alone.
    """
    for operation_id, attempt in sorted(held.items()):
        if update(session, operation_id, attempt, attempt=attempt + 1, state=OperationState.QUEUED, lease_until=None,
                   worker=None, last_notified_at=None):
            steps.close(session, operation_id, "Error", cause)
