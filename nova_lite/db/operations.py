"""Operations: begin, lease, journal, finish, cancel - each a compare-and-swap, so that of two racing callers one wins.

``attempt`` is the fencing token: it grows with each lease and each cancellation, and every write of a worker names the
attempt it was given.  A worker whose attempt is no longer the present one gets Fenced and must stop.
"""

import datetime

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation, Step
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import OPEN, OPERATIONS, OperationState

_OPEN = tuple(OPEN)
CONDUCTOR = "conductor"


def begin(session, context, server_id, operation, args=None):
    """Claim a server for ``operation`` (a row of OPERATIONS) and record it; what it overtakes is cancelled.

    :returns: the new row's id and the host it must run on (None: the server was never placed).
    :raises InvalidState, ServerLocked, ServerNotFound: nothing was changed.
    """
    if not _claim(session, context, server_id, operation):
        raise refusal(session, context, server_id, operation)
    server = session.execute(sa.select(Server.vm_state, Server.host, Server.project_id)
                             .where(Server.id == server_id)).one()
    if operation.interrupts:
        cancel_open(session, server_id)
    operation_id = record(session, context, operation, server_id, server, args)
    return operation_id, server.host


def record(session, context, operation, server_id, server, args=None):
    """Insert the operation's row for a server that is already claimed; return its id."""
    values = {
        "id": new_id(), "name": operation.name, "server_id": server_id, "place": server.host or CONDUCTOR,
        "deadline": now() + datetime.timedelta(seconds=operation.deadline), "args": args or {},
        "previous": {"vm_state": server.vm_state}, "project_id": server.project_id, "user_id": context.user_id or "",
        "request_id": context.request_id, "rung_at": now(),
    }
    session.execute(sa.insert(Operation).values(values))
    return values["id"]


def _claim(session, context, server_id, operation):
    free = Server.task_state.is_(None)
    if operation.interrupts:
        free = sa.or_(free, Server.task_state.in_(operation.interrupts))
    conditions = [Server.id == server_id, Server.deleted_at.is_(None), free, Server.vm_state.in_(operation.allowed)]
    if not context.is_admin:
        conditions.append(Server.locked_by.is_(None))
    statement = sa.update(Server).where(*conditions).values(task_state=operation.task, updated_at=now())
    return session.execute(statement, execution_options={"synchronize_session": False}).rowcount


def refusal(session, context, server_id, operation):
    """The exception that tells why ``operation`` may not start now."""
    row = session.execute(sa.select(Server.vm_state, Server.task_state, Server.locked_by)
                          .where(Server.id == server_id, Server.deleted_at.is_(None))).one_or_none()
    if row is None:
        return exception.ServerNotFound(server_id=server_id)
    if row.locked_by and not context.is_admin:
        return exception.ServerLocked(server_id=server_id)
    attribute = "vm_state" if row.vm_state not in operation.allowed else "task_state"
    return exception.InvalidState(operation=operation.name.removesuffix("_hard"), server_id=server_id,
                                  attribute=attribute, state=getattr(row, attribute))


def cancel_open(session, server_id):
    """End whatever runs on a server, fencing its workers."""
    session.execute(
        sa.update(Operation).where(Operation.server_id == server_id, Operation.state.in_(_OPEN))
        .values(state=OperationState.CANCELLED, attempt=Operation.attempt + 1, lease_until=None, finished_at=now(),
                message="Error", error="Cancelled by a later request.", args={}),
        execution_options={"synchronize_session": False})


def running(session, server_id, name):
    """Whether an operation of this name has not ended yet on a server."""
    found = session.execute(sa.select(Operation.id).where(
        Operation.server_id == server_id, Operation.name == name, Operation.state.in_(_OPEN)).limit(1))
    return found.first() is not None


def get(session, operation_id):
    """:raises OperationNotFound:"""
    row = session.execute(sa.select(Operation.__table__).where(Operation.id == operation_id)).one_or_none()
    if row is None:
        raise exception.OperationNotFound(operation_id=operation_id)
    return row


def lease(session, operation_id, place, worker, seconds):
    """Give ``worker`` the operation until ``seconds`` from now; return its row with the new attempt.

    :raises Fenced: it ended, waits at another place, or somebody works on it.
    """
    row = get(session, operation_id)
    taken = row.lease_until is not None and row.lease_until > now()
    if row.state not in OPEN or row.place != place or taken:
        raise exception.Fenced(operation_id=operation_id, attempt=row.attempt)
    won = _update(session, operation_id, row.attempt, state=OperationState.RUNNING, attempt=row.attempt + 1,
                  worker=worker, lease_until=_until(seconds))
    if not won:
        raise exception.Fenced(operation_id=operation_id, attempt=row.attempt)
    return get(session, operation_id)


def _until(seconds):
    return now() + datetime.timedelta(seconds=seconds)


def _update(session, operation_id, led_by, **values):
    """Write to an open operation as its present leader; 0 where somebody else leads it."""
    return session.execute(
        sa.update(Operation)
        .where(Operation.id == operation_id, Operation.attempt == led_by, Operation.state.in_(_OPEN))
        .values(updated_at=now(), **values), execution_options={"synchronize_session": False}).rowcount


def renew(session, held, seconds):
    """Extend leases; ``held`` is {operation id: attempt}.  Return the ids that are lost."""
    return [operation_id for operation_id, attempt in held.items()
            if not _update(session, operation_id, attempt, lease_until=_until(seconds))]


def journal(session, operation_id, attempt, step, *, host, seconds, task=None):
    """Record that ``step`` begins (and that the one before ended well), extend the lease, show ``task`` on the server.

    :raises Fenced: another attempt leads.
    """
    if not _update(session, operation_id, attempt, step=step, lease_until=_until(seconds)):
        raise exception.Fenced(operation_id=operation_id, attempt=attempt)
    _close_steps(session, operation_id, "Success", None)
    session.execute(sa.insert(Step).values(operation_id=operation_id, name=step, host=host, attempt=attempt,
                                           started_at=now()))
    if task is not None:
        session.execute(sa.update(Server).where(Server.id == _server_of(operation_id)).values(task_state=task),
                        execution_options={"synchronize_session": False})


def _server_of(operation_id):
    return sa.select(Operation.server_id).where(Operation.id == operation_id).scalar_subquery()


def _close_steps(session, operation_id, outcome, detail):
    session.execute(sa.update(Step).where(Step.operation_id == operation_id, Step.finished_at.is_(None))
                    .values(finished_at=now(), outcome=outcome, detail=detail),
                    execution_options={"synchronize_session": False})


def hand_over(session, operation_id, attempt, place, args=None):
    """Queue the operation at another place (a host, or back at the conductor), its lease given up.

    :raises Fenced: another attempt leads.
    """
    values = {"args": args} if args is not None else {}
    if not _update(session, operation_id, attempt, place=place, state=OperationState.QUEUED, lease_until=None,
                   worker=None, rung_at=now(), **values):
        raise exception.Fenced(operation_id=operation_id, attempt=attempt)
    _close_steps(session, operation_id, "Success", None)


def finish(session, operation_id, attempt, error=None, **server_values):
    """End the operation: well where ``error`` is None, else failed with that text.

    The server goes to the state that OPERATIONS names; ``server_values`` (power_state, launched_at, fault, ...) are
    written with it.  Arguments are wiped: they may hold secrets.
    :returns: the operation's row as it was.  :raises Fenced: another attempt leads.
    """
    row = get(session, operation_id)
    ended = {"state": OperationState.FAILED, "message": "Error", "error": error} if error else {
        "state": OperationState.DONE}
    if not _update(session, operation_id, attempt, lease_until=None, finished_at=now(), args={}, **ended):
        raise exception.Fenced(operation_id=operation_id, attempt=attempt)
    _close_steps(session, operation_id, "Error" if error else "Success", error)
    spec = OPERATIONS[row.name]
    vm_state = (spec.failing or row.previous["vm_state"]) if error else spec.then
    values = {"vm_state": vm_state, "task_state": None, "updated_at": now(), **server_values}
    session.execute(sa.update(Server).where(Server.id == row.server_id).values(values),
                    execution_options={"synchronize_session": False})
    return row


def release(session, *, place=None, worker_prefix=None, but=None):
    """Give up leases of workers that are known to be dead; their operations are due at once.

    :param place: only operations at this place.  :param worker_prefix: only workers whose name begins so.
    :param but: the one worker that lives.
    """
    conditions = [Operation.state == OperationState.RUNNING]
    if place is not None:
        conditions.append(Operation.place == place)
    if worker_prefix is not None:
        conditions.append(Operation.worker.startswith(worker_prefix, autoescape=True))
    if but is not None:
        conditions.append(Operation.worker != but)
    session.execute(sa.update(Operation).where(*conditions).values(lease_until=None, rung_at=None),
                    execution_options={"synchronize_session": False})


def due(session, *, ring_after, limit=500):
    """Open operations that nobody works on and whose doorbell is older than ``ring_after`` seconds, oldest first."""
    silent = now() - datetime.timedelta(seconds=ring_after)
    return session.execute(
        sa.select(Operation.id, Operation.name, Operation.place, Operation.server_id, Operation.request_id,
                  Operation.user_id, Operation.project_id)
        .where(Operation.state.in_(_OPEN), sa.or_(Operation.lease_until.is_(None), Operation.lease_until < now()),
               sa.or_(Operation.rung_at.is_(None), Operation.rung_at < silent))
        .order_by(Operation.created_at).limit(limit)).all()


def rung(session, operation_ids):
    """Remember that the doorbell of these was rung just now."""
    session.execute(sa.update(Operation).where(Operation.id.in_(operation_ids)).values(rung_at=now()),
                    execution_options={"synchronize_session": False})


def overdue(session, limit=100):
    """Open operations past their deadline."""
    return session.execute(sa.select(Operation.id, Operation.name, Operation.attempt, Operation.server_id)
                           .where(Operation.state.in_(_OPEN), Operation.deadline < now()).limit(limit)).all()


def of_server(session, server_id):
    """Every operation of a server, newest first."""
    return session.execute(sa.select(Operation.__table__).where(Operation.server_id == server_id)
                           .order_by(Operation.created_at.desc(), Operation.id)).all()


def steps_of(session, operation_id):
    """The journal of one operation, oldest first."""
    return session.execute(sa.select(Step.__table__).where(Step.operation_id == operation_id)
                           .order_by(Step.id)).all()
