"""Operations: begin, lease, journal, finish, cancel - each a compare-and-swap, so that of two racing callers one wins.

``attempt`` is the fencing token: it grows with each lease and each cancellation, and every write of a worker names the
attempt it was given.  A worker whose attempt is no longer the present one gets Fenced and must stop.
"""

import collections
import datetime

import sqlalchemy as sa

from nova_lite.common import exception, failpoints
from nova_lite.db import locks
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation, Step
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import OPEN, OPERATIONS, OperationState, action

CONDUCTOR = "conductor"
_T, _S, _V = Operation.__table__, Step.__table__, Server.__table__
#: An operation as plain values; columns of the table.
Row = collections.namedtuple("Row", _T.c.keys())

# Statements are built once: building one costs ten times what SQLite needs to run it.  What a statement sets, and does
# not name here, comes from the parameters it is executed with.
_ONE = sa.select(_T).where(_T.c.id == sa.bindparam("b_id"))
_BARE = sa.select(*(each for each in _T.c if each.key not in ("args", "previous")), _V.c.vm_state).join_from(
    _T, _V, _V.c.id == _T.c.server_id, isouter=True).where(_T.c.id == sa.bindparam("b_id"))
#: The moment of a write to an operation: "b_now", but never before the one of an earlier write.  Conductors' ideas of
#: the time differ by milliseconds, and a writer may have waited for another.  Steps begin and end at that moment.
_LATER = sa.case((_T.c.updated_at > sa.bindparam("b_now", type_=_T.c.updated_at.type), _T.c.updated_at),
                 else_=sa.bindparam("b_now", type_=_T.c.updated_at.type))
_MOMENT = sa.select(_T.c.updated_at).where(_T.c.id == sa.bindparam("b_id")).scalar_subquery()
_LED = sa.update(_T).where(_T.c.id == sa.bindparam("b_id"), _T.c.attempt == sa.bindparam("b_attempt"),
                           _T.c.finished_at.is_(None)).values(updated_at=_LATER)
_END = _LED.values(finished_at=_LATER)
_RUN = _LED.where(_T.c.state == OperationState.RUNNING)
_SERVER = sa.update(_V).where(_V.c.id == sa.bindparam("b_id"))
_OPEN_STEPS = sa.update(_S).where(_S.c.operation_id == sa.bindparam("b_id"), _S.c.finished_at.is_(None))
_CLOSED_STEPS = _OPEN_STEPS.values(finished_at=_MOMENT)
_OF_SERVER = sa.select(_T.c.id).where(_T.c.server_id == sa.bindparam("b_server"), _T.c.finished_at.is_(None))
_CANCELLED = sa.update(_T).where(
    _T.c.id.in_(sa.bindparam("b_ids", expanding=True)), _T.c.finished_at.is_(None)).values(
    attempt=_T.c.attempt + 1, updated_at=_LATER, finished_at=_LATER)
_CANCELLED_STEPS = sa.update(_S).where(
    _S.c.operation_id.in_(sa.bindparam("b_ids", expanding=True)), _S.c.finished_at.is_(None)).values(
    finished_at=sa.select(_T.c.updated_at).where(_T.c.id == _S.c.operation_id).scalar_subquery())
_NEW = sa.insert(_T)
_NEW_STEP = sa.insert(_S).values(started_at=_MOMENT)


def begin(session, context, server_id, operation, args=None, place=None):
    """Claim a server for ``operation`` (a row of OPERATIONS) and record it; what it overtakes is cancelled.

    :param place: where it begins; None: at the server's host, or at the conductor where it has none.
    :returns: the new row's id and the host it must run on (None: the server was never placed).
    :raises InvalidState, ServerLocked, ServerNotFound, ServerNotReady: nothing was changed.
    """
    if not _claim(session, context, server_id, operation):
        raise refusal(session, context, server_id, operation)
    server = session.execute(sa.select(_V.c.vm_state, _V.c.host, _V.c.project_id).where(_V.c.id == server_id)).one()
    if server.host is None and operation.placed and not operation.overtakes:
        raise exception.ServerNotReady(server_id=server_id)
    if operation.interrupts:
        cancel_open(session, server_id, f"Cancelled by {operation.name} (request {context.request_id}).")
    operation_id = record(session, context, operation, server_id, server, args, place)
    return operation_id, server.host


def record(session, context, operation, server_id, server, args=None, place=None):
    """Insert the operation's row for a server that is already claimed; return its id."""
    values = {
        "id": new_id(), "name": operation.name, "server_id": server_id, "place": place or server.host or CONDUCTOR,
        "deadline": now() + datetime.timedelta(seconds=operation.deadline), "args": args or {},
        "previous": {"vm_state": server.vm_state}, "project_id": server.project_id, "user_id": context.user_id or "",
        "request_id": context.request_id, "route": context.route, "rung_at": now(),
    }
    session.execute(_NEW, values)
    if failpoints.watching:
        failpoints.mark(session, f"{operation.name}.accept")
    return values["id"]


def _claim(session, context, server_id, operation):
    free = _V.c.task_state.is_(None)
    if operation.interrupts:
        free = sa.or_(free, _V.c.task_state.in_(operation.interrupts))
    conditions = [_V.c.id == server_id, _V.c.deleted_at.is_(None), free, _V.c.vm_state.in_(operation.allowed)]
    if operation.heeds_lock and not context.is_admin:
        conditions.append(_V.c.locked_by.is_(None))
    return session.execute(sa.update(_V).where(*conditions), {
        "task_state": operation.task, "updated_at": now()}).rowcount


def check(session, context, server_id, operation):
    """Whether ``operation`` could begin now, asked before what it names is looked up.

    :raises InvalidState, ServerLocked, ServerNotFound, ServerNotReady:
    """
    row = session.execute(sa.select(_V.c.vm_state, _V.c.task_state, _V.c.locked_by, _V.c.host)
                          .where(_V.c.id == server_id, _V.c.deleted_at.is_(None))).one_or_none()
    free = row and (row.task_state is None or row.task_state in operation.interrupts)
    locked = row and row.locked_by and operation.heeds_lock and not context.is_admin
    if not free or locked or row.vm_state not in operation.allowed:
        raise refusal(session, context, server_id, operation)
    if row.host is None and operation.placed and not operation.overtakes:
        raise exception.ServerNotReady(server_id=server_id)


def refusal(session, context, server_id, operation):
    """The exception that tells why ``operation`` may not start now."""
    row = session.execute(sa.select(_V.c.vm_state, _V.c.task_state, _V.c.locked_by)
                          .where(_V.c.id == server_id, _V.c.deleted_at.is_(None))).one_or_none()
    if row is None:
        return exception.ServerNotFound(server_id=server_id)
    if row.locked_by and operation.heeds_lock and not context.is_admin:
        return exception.ServerLocked(server_id=server_id)
    attribute = "vm_state" if row.vm_state not in operation.allowed else "task_state"
    return exception.InvalidState(operation=action(operation.name), server_id=server_id,
                                  attribute=attribute, state=getattr(row, attribute))


def cancel_open(session, server_id, cause):
    """End whatever runs on a server, fencing its workers; ``cause`` says to users who did it."""
    ids = session.execute(_OF_SERVER, {"b_server": server_id}).scalars().all()
    if ids:
        session.execute(_CANCELLED, {"b_ids": ids, "b_now": now(), "state": OperationState.CANCELLED, "args": {},
                                     "lease_until": None, "message": "Error", "error": cause})
        session.execute(_CANCELLED_STEPS, {"b_ids": ids, "outcome": "Error", "detail": cause})


def running(session, server_id, *names):
    """Whether an operation of one of these names has not ended yet on a server."""
    found = session.execute(sa.select(_T.c.id).where(
        _T.c.server_id == server_id, _T.c.name.in_(names), _T.c.finished_at.is_(None)).limit(1))
    return found.first() is not None


def record_ended(session, context, name, server, error=None):
    """Record what was done to ``server`` (its row) within this very transaction, for its history.

    :param error: why it could not be done, though whoever asked was told that it will be.
    :returns: the new row's id.
    """
    ended = {"state": OperationState.FAILED, "message": "Error", "error": error} if error else {
        "state": OperationState.DONE}
    values = {
        "id": new_id(), "name": name, "server_id": server.id, "place": server.host or CONDUCTOR,
        "deadline": now(), "args": {}, "previous": {"vm_state": server.vm_state},
        "project_id": server.project_id, "user_id": context.user_id or "", "request_id": context.request_id,
        "route": context.route, "rung_at": now(), "finished_at": now(), **ended}
    session.execute(_NEW, values)
    return values["id"]


def record_failed_step(session, operation_id, name, detail):
    """Record the one step of what ``record_ended`` recorded: it failed at once, and on no host."""
    session.execute(sa.insert(_S).values(operation_id=operation_id, name=name, attempt=0, started_at=now(),
                                         finished_at=now(), outcome="Error", detail=detail))


def get(session, operation_id):
    """The operation as a Row.  :raises OperationNotFound:"""
    row = session.execute(_ONE, {"b_id": operation_id}).one_or_none()
    if row is None:
        raise exception.OperationNotFound(operation_id=operation_id)
    return Row._make(row)


def bare(session, operation_id):
    """The operation as a Row without reading what may be damaged: no arguments, and the server's present vm_state.

    :raises OperationNotFound:
    """
    row = session.execute(_BARE, {"b_id": operation_id}).one_or_none()
    if row is None:
        raise exception.OperationNotFound(operation_id=operation_id)
    fields = row._asdict()
    previous = {"vm_state": fields.pop("vm_state")}
    return Row(**fields, args={}, previous=previous)


def held(session, operation_id):
    """The operation as a Row, its server locked.  :raises OperationNotFound:"""
    row = get(session, operation_id)
    locks.server(session, row.server_id)
    return row


def lease(session, operation_id, place, worker, seconds):
    """Give ``worker`` the operation until ``seconds`` from now; return it with the new attempt.

    :raises Fenced: it ended, waits at another place, or somebody works on it.
    """
    row = held(session, operation_id)
    taken = row.lease_until is not None and row.lease_until > now()
    values = {"state": OperationState.RUNNING, "attempt": row.attempt + 1, "worker": worker,
              "lease_until": _until(seconds)}
    if row.state not in OPEN or row.place != place or taken or not _update(session, row.id, row.attempt, **values):
        raise exception.Fenced(operation_id=operation_id, attempt=row.attempt)
    if row.state == OperationState.RUNNING:         # not handed over: whoever had it is gone
        _close_steps(session, row.id, "Error", f"Interrupted: {row.worker} was lost.")
    _mark(session, operation_id, "lease", place)
    return row._replace(**values)


def _mark(session, operation_id, transition, place=None):
    """Name this transaction's failpoints: "create.lease.host"."""
    if failpoints.watching:
        name = session.execute(sa.select(_T.c.name).where(_T.c.id == operation_id)).scalar()
        where = f".{'conductor' if place == CONDUCTOR else 'host'}" if place else ""
        failpoints.mark(session, f"{name}.{transition}{where}")


def _until(seconds):
    return now() + datetime.timedelta(seconds=seconds)


def _update(session, operation_id, led_by, **values):
    """Write to an open operation as its present leader; 0 where somebody else leads it."""
    return session.execute(_LED, {"b_id": operation_id, "b_attempt": led_by, "b_now": now(), **values}).rowcount


def _end(session, row, **values):
    """The last write to an operation; its arguments are wiped.  :raises Fenced: another attempt leads."""
    if not session.execute(_END, {"b_id": row.id, "b_attempt": row.attempt, "b_now": now(), "lease_until": None,
                                  "args": {}, **values}).rowcount:
        raise exception.Fenced(operation_id=row.id, attempt=row.attempt)


def renew(session, held, seconds):
    """Extend leases; ``held`` is {operation id: attempt}.  Return the ids that are lost."""
    return [operation_id for operation_id, attempt in sorted(held.items())
            if not _update(session, operation_id, attempt, lease_until=_until(seconds))]


def journal(session, operation_id, attempt, step, *, host, seconds, server_id=None, task=None):
    """Record that ``step`` begins (and that the one before ended well), and extend the lease.

    :param task: shown as the task_state of server ``server_id``; None leaves it.

    :raises Fenced: another attempt leads.
    """
    if task is not None:
        write_server(session, server_id, task_state=task)
    if not _update(session, operation_id, attempt, step=step, lease_until=_until(seconds)):
        raise exception.Fenced(operation_id=operation_id, attempt=attempt)
    _close_steps(session, operation_id, "Success", None)
    session.execute(_NEW_STEP, {"b_id": operation_id, "operation_id": operation_id, "name": step, "host": host,
                                "attempt": attempt})
    _mark(session, operation_id, f"journal.{step}")


def explain(session, operation_id, decision):
    """Keep the scheduler's decision (see objects/decision.py) with the step that runs."""
    session.execute(_OPEN_STEPS, {"b_id": operation_id, "decision": decision})


def write_server(session, server_id, **values):
    """Set columns of a server."""
    session.execute(_SERVER, {"b_id": server_id, "updated_at": now(), **values})


def _close_steps(session, operation_id, outcome, detail, traceback=None):
    session.execute(_CLOSED_STEPS, {"b_id": operation_id, "outcome": outcome, "detail": detail,
                                    "traceback": traceback})


def hand_over(session, operation_id, attempt, place, args=None, failed=None):
    """Queue the operation at another place (a host, or back at the conductor), its lease given up.

    :param failed: (words for users, traceback or None) of the step that made it go elsewhere; None: all went well.
    :raises Fenced: another attempt leads, or this one has handed it over already.
    """
    values = {"args": args} if args is not None else {}
    values |= {"place": place, "state": OperationState.QUEUED, "lease_until": None, "worker": None, "rung_at": now(),
               "b_now": now()}
    if not session.execute(_RUN, {"b_id": operation_id, "b_attempt": attempt, **values}).rowcount:
        raise exception.Fenced(operation_id=operation_id, attempt=attempt)
    _close_steps(session, operation_id, *(("Error", *failed) if failed else ("Success", None)))
    _mark(session, operation_id, "hand_over", place)


def finish(session, row, error=None, traceback=None, **server_values):
    """End the operation (a Row, as it was leased): well where ``error`` is None, else failed with that text.

    The server goes to the state that OPERATIONS names; ``server_values`` (power_state, launched_at, fault, ...) are
    written with it.  Arguments are wiped: they may hold secrets.
    :raises Fenced: another attempt leads.
    """
    ended = {"state": OperationState.FAILED, "message": "Error", "error": error} if error else {
        "state": OperationState.DONE}
    _end(session, row, **ended)
    _close_steps(session, row.id, "Error" if error else "Success", error, traceback)
    spec = OPERATIONS[row.name]
    previous = row.previous["vm_state"]
    vm_state = (spec.failing or previous) if error else spec.leads_to(previous)
    write_server(session, row.server_id, **{"vm_state": vm_state, "task_state": None, **server_values})
    _mark(session, row.id, "fail" if error else "finish")


def abandon(session, row, error):
    """End, as failed, an operation of a name that this release does not know; its server is as it was, and free.

    :raises Fenced: another attempt leads.
    """
    locks.server(session, row.server_id)
    _end(session, row, state=OperationState.FAILED, message="Error", error=error)
    _close_steps(session, row.id, "Error", error)
    write_server(session, row.server_id, task_state=None)


def give_up(session, held, cause):
    """Queue again, due at once, what its worker does not finish; the worker is fenced.

    :param held: {operation id: attempt}; those that are led by another by now are left alone.
    """
    for operation_id, attempt in sorted(held.items()):
        if _update(session, operation_id, attempt, attempt=attempt + 1, state=OperationState.QUEUED, lease_until=None,
                   worker=None, rung_at=None):
            _close_steps(session, operation_id, "Error", cause)


def release(session, *, place=None, worker_prefix=None, but=None):
    """Give up leases of workers that are known to be dead; their operations are due at once.

    :param place: only operations at this place.  :param worker_prefix: only workers whose name begins so.
    :param but: the one worker that lives.
    """
    conditions = [_T.c.state == OperationState.RUNNING]
    if place is not None:
        conditions.append(_T.c.place == place)
    if worker_prefix is not None:
        conditions.append(_T.c.worker.startswith(worker_prefix, autoescape=True))
    if but is not None:
        conditions.append(_T.c.worker != but)
    waiting = []
    if worker_prefix is None:           # the place is there again: what waits for it need not wait for the next ring
        waiting = [_T.c.state == OperationState.QUEUED, *([] if place is None else [_T.c.place == place])]
    either = sa.or_(sa.and_(*conditions), sa.and_(*waiting)) if waiting else sa.and_(*conditions)
    ids = locks.operations(session, session.execute(sa.select(_T.c.id).where(either)).scalars().all())
    for some in locks.chunks(ids):
        session.execute(sa.update(_T).where(_T.c.id.in_(some), *conditions), {"lease_until": None, "rung_at": None})
        if waiting:
            session.execute(sa.update(_T).where(_T.c.id.in_(some), *waiting), {"rung_at": None})


def due(session, *, ring_after, limit=500):
    """Open operations that nobody works on and whose doorbell is older than ``ring_after`` seconds, oldest first."""
    moment = now()
    silent = moment - datetime.timedelta(seconds=ring_after)
    return session.execute(_DUE, {"moment": moment, "silent": silent, "most": limit}).all()


_DUE = (
    sa.select(_T.c.id, _T.c.name, _T.c.place, _T.c.server_id, _T.c.request_id, _T.c.user_id, _T.c.project_id)
    .where(_T.c.finished_at.is_(None),
           sa.or_(_T.c.lease_until.is_(None), _T.c.lease_until < sa.bindparam("moment")),
           sa.or_(_T.c.rung_at.is_(None), _T.c.rung_at < sa.bindparam("silent")))
    .order_by(_T.c.created_at).limit(sa.bindparam("most", type_=sa.Integer)))


def rung(session, operation_ids):
    """Remember that the doorbell of these is rung now; return the ids of those that nobody writes to at this moment."""
    free = locks.operations(session, operation_ids, free=True)
    if free:
        session.execute(sa.update(_T).where(_T.c.id.in_(free)), {"rung_at": now()})
    return set(free)


def overdue(session, limit=100):
    """Ids of open operations past their deadline."""
    return session.execute(_OVERDUE, {"moment": now(), "most": limit}).scalars().all()


_OVERDUE = (sa.select(_T.c.id).where(_T.c.finished_at.is_(None), _T.c.deadline < sa.bindparam("moment"))
            .limit(sa.bindparam("most", type_=sa.Integer)))


def lost_builds(session, host, server_ids):
    """Ids of those servers whose build was begun on ``host`` and went elsewhere, and that were never back there.

    What such a host has of them nobody ever used.
    """
    other = _T.alias()
    return set(session.execute(
        sa.select(_T.c.server_id).distinct().join(_S, _S.c.operation_id == _T.c.id)
        .where(_T.c.server_id.in_(server_ids), _T.c.name == "create", _T.c.place != host, _S.c.host == host,
               ~sa.exists().where(other.c.server_id == _T.c.server_id, other.c.place == host))).scalars())


def of_server(session, server_id):
    """Every operation of a server, newest first."""
    return session.execute(sa.select(_T).where(_T.c.server_id == server_id)
                           .order_by(_T.c.created_at.desc(), _T.c.id)).all()


def steps_of(session, operation_id):
    """The journal of one operation, oldest first."""
    return session.execute(sa.select(_S).where(_S.c.operation_id == operation_id)
                           .order_by(_S.c.id)).all()
