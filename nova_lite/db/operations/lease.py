"""Running operations: leases, steps, and their end.  Every write names the attempt, so that others' are refused."""

from nova_lite.common import exceptions
from nova_lite.db import steps
from nova_lite.db.base import now
from nova_lite.db.operations import subjects
from nova_lite.db.operations.read import held
from nova_lite.db.operations.statements import END, RUN, mark, until, update, write_resource
from nova_lite.db.resources import RESOURCES
from nova_lite.objects.states import OPEN, OPERATIONS, OperationState


def lease(session, operation_id, place, worker, seconds):
    """Give ``worker`` the operation until ``seconds`` from now; return it with the new attempt.

    :raises Fenced: it has ended, is at another place, waits for a change, or another worker has its lease.
    """
    row = held(session, operation_id)
    taken = row.waits_for is not None or (row.lease_until is not None and row.lease_until > now())
    values = {"state": OperationState.RUNNING, "attempt": row.attempt + 1, "worker": worker,
              "lease_until": until(seconds)}
    if row.state not in OPEN or row.place != place or taken or not update(session, row.id, row.attempt, **values):
        raise exceptions.Fenced(operation_id=operation_id, attempt=row.attempt)
    if row.state == OperationState.RUNNING:         # it was not handed over, so its worker is gone
        steps.close(session, row.id, "Error", f"Interrupted: {row.worker} was lost.")
    mark(session, operation_id, "lease", place)
    return row._replace(**values)


def _end(session, row, **values):
    """The last write to an operation, which erases its arguments.  :raises Fenced: the lease is lost."""
    if not session.execute(END, {"b_id": row.id, "b_attempt": row.attempt, "b_now": now(), "lease_until": None,
                                  "waits_for": None, "args": {}, **values}).rowcount:
        raise exceptions.Fenced(operation_id=row.id, attempt=row.attempt)


def renew(session, held, seconds):
    """Extend leases; ``held`` is {operation id: attempt}.  Return the ids that are lost.

    One that was handed over meanwhile is lost, too: its lease would keep the next worker from it.
    """
    return [operation_id for operation_id, attempt in sorted(held.items())
            if not session.execute(RUN, {"b_id": operation_id, "b_attempt": attempt, "b_now": now(),
                                          "lease_until": until(seconds)}).rowcount]


def journal(session, operation_id, attempt, step, *, host, seconds, ran=None, resource=None, task=None):
    """Record that ``step`` begins (and that the one before ended well), and extend the lease.

    :param ran: the function that does it, as ``source_places.place`` returns; None: unknown.
    :param task: the task_state of ``resource``, a (type, id), from now on; None: it stays.

    :raises Fenced: the lease is lost, or the operation is of another resource.
    """
    if task is not None:
        write_resource(session, *resource, **{RESOURCES[resource[0]].task: task})
    if not update(session, operation_id, attempt, on=resource, step=step, lease_until=until(seconds)):
        raise exceptions.Fenced(operation_id=operation_id, attempt=attempt)
    steps.close(session, operation_id, "Success", None)
    steps.begin(session, operation_id, step, ran, host, attempt)
    mark(session, operation_id, f"journal.{step}")


def hand_over(session, operation_id, attempt, place, args=None, failed=None, notified=True):
    """Queue the operation at another place (a host, or back at the conductor), its lease given up.

    :param failed: (message for users, traceback or None) of the step that failed; None: none did.
    :param notified: whether the caller notifies that place; False: it is due at once.
    :raises Fenced: the lease is lost, or it was handed over already.
    """
    values = {"args": args} if args is not None else {}
    values |= {"place": place, "state": OperationState.QUEUED, "lease_until": None, "worker": None,
               "last_notified_at": now() if notified else None, "b_now": now()}
    if not session.execute(RUN, {"b_id": operation_id, "b_attempt": attempt, **values}).rowcount:
        raise exceptions.Fenced(operation_id=operation_id, attempt=attempt)
    steps.close(session, operation_id, *(("Error", *failed) if failed else ("Success", None)))
    mark(session, operation_id, "hand_over", place)


def wait(session, operation_id, attempt, change_id, reason, place=steps.CONDUCTOR):
    """Queue the operation at a place until a change of the ledger is made or will not be, its lease given up.

    Until ``service_changes.go_on`` it is not due, and its deadline does not run.
    :param change_id: the id of a row of service_changes that is wanted.
    :param reason: what the step says, for users; None: it has ended well.
    :raises Fenced: the lease is lost, or it was handed over already.
    """
    moment = now()
    values = {"place": place, "state": OperationState.QUEUED, "lease_until": None, "worker": None,
              "waits_for": change_id, "waits_since": moment}
    if not session.execute(RUN, {"b_id": operation_id, "b_attempt": attempt, "b_now": moment, **values}).rowcount:
        raise exceptions.Fenced(operation_id=operation_id, attempt=attempt)
    steps.close(session, operation_id, "Success" if reason is None else "Error", reason)
    mark(session, operation_id, "wait")


def finish(session, row, error=None, traceback=None, **columns):
    """End the operation (a Row, as it was leased): as succeeded where ``error`` is None, else as failed with that text.

    The resource goes to the state that OPERATIONS names; ``columns`` (of a server power_state, launched_at, fault, ...)
    are written with it.  The arguments are erased, since they may hold secrets.
    :raises Fenced: the lease is lost.
    """
    ended = {"state": OperationState.FAILED, "message": "Error", "error": error} if error else {
        "state": OperationState.DONE}
    _end(session, row, **ended)
    if error:
        steps.fail(session, row, error, traceback)
    else:
        steps.close(session, row.id, "Success", None)
    spec, resource = OPERATIONS[row.name], RESOURCES[row.resource_type]
    previous = row.previous[resource.state]
    state = (spec.failing or previous) if error else spec.leads_to(previous)
    write_resource(session, row.resource_type, row.resource_id,
                   **{resource.state: state, resource.task: None, **columns})
    resource.freed(session, row.resource_id, spec, {previous, state}, columns)
    subjects.finish(session, row, failed=error is not None)
    mark(session, row.id, "fail" if error else "finish")


def abandon(session, row, error):
    """End, as failed, an operation whose name this release does not know; its resource is freed as it is.

    :raises Fenced: the lease is lost.
    """
    subjects.take(session, row)
    _end(session, row, state=OperationState.FAILED, message="Error", error=error)
    steps.fail(session, row, error)
    set_idle(session, row.resource_type, row.resource_id)
    subjects.leave(session, row)


def set_idle(session, resource_type, resource_id):
    """Clear the task of a resource and leave its state.  A resource of an unknown type is left alone."""
    resource = RESOURCES.get(resource_type)
    if resource is not None:
        write_resource(session, resource_type, resource_id, **{resource.task: None})
        resource.freed(session, resource_id, None, set(), ())
