"""The journal of an operation: its steps, each open until it ended, and the events of os-instance-actions.

An operation that fails has a step that says why, also where it failed before any step of it began.
"""

import sqlalchemy as sa

from nova_lite.db.models.operations import Operation, Step

#: The place of what runs on no host.
CONDUCTOR = "conductor"
#: The step of what failed before any.
BEGIN = "begin"
_OPERATIONS, _STEPS = Operation.__table__, Step.__table__
#: The moment of the operation's latest write, which every writer sets before.
_MOMENT = sa.select(_OPERATIONS.c.updated_at).where(_OPERATIONS.c.id == sa.bindparam("b_id")).scalar_subquery()
_OPEN = sa.update(_STEPS).where(_STEPS.c.operation_id == sa.bindparam("b_id"), _STEPS.c.finished_at.is_(None))
_CLOSE = _OPEN.values(finished_at=_MOMENT)
_NEW = sa.insert(_STEPS).values(started_at=_MOMENT)
_FAILED = _NEW.values(finished_at=_MOMENT, outcome="Error")


def begin(session, operation_id, name, ran, host, attempt):
    """A step begins."""
    session.execute(_NEW, {"b_id": operation_id, "operation_id": operation_id, "name": name, "ran": ran, "host": host,
                           "attempt": attempt})


def explain(session, operation_id, decision):
    """Keep the scheduler's decision (see objects/decision.py) with the step that runs."""
    session.execute(_OPEN, {"b_id": operation_id, "decision": decision})


def close(session, operation_id, outcome, detail, traceback=None):
    """The step that runs ends; whether there was one."""
    return bool(session.execute(_CLOSE, {"b_id": operation_id, "outcome": outcome, "detail": detail,
                                         "traceback": traceback}).rowcount)


def fail(session, operation, detail, traceback=None):
    """An operation has failed: the step that runs, or else one of its own that says so.

    :param operation: its row; ``id``, ``place`` and ``attempt`` are read.
    """
    if not close(session, operation.id, "Error", detail, traceback):
        host = None if operation.place == CONDUCTOR else operation.place
        record_failed(session, operation.id, BEGIN, detail, host=host, attempt=operation.attempt, traceback=traceback)


def record_failed(session, operation_id, name, detail, *, host=None, attempt=0, traceback=None):
    """Record a step that failed at once; ``host`` None: on no host."""
    session.execute(_FAILED, {"b_id": operation_id, "operation_id": operation_id, "name": name, "host": host,
                              "attempt": attempt, "detail": detail, "traceback": traceback})


def of(session, operation_id):
    """Oldest first."""
    return session.execute(sa.select(_STEPS).where(_STEPS.c.operation_id == operation_id)
                           .order_by(_STEPS.c.id)).all()
