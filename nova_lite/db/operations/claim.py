"""Beginning operations: claim the resource, insert the row, cancel the operations that it replaces, or refuse it."""

import datetime

import sqlalchemy as sa

from nova_lite.common import failpoints, source_places
from nova_lite.db import locks, service_changes, steps
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation
from nova_lite.db.operations.statements import CONDUCTOR, LATER, NEW
from nova_lite.db.operations.subjects import add, cancel, of, open_on
from nova_lite.db.resources import RESOURCES, in_order
from nova_lite.objects.states import OPERATIONS, SERVER, OperationState

_OPERATIONS = Operation.__table__
#: What begins operations, and what calls that.
_ORIGIN = "nova_lite.compute.actions.", "nova_lite.api."
_OF_RESOURCE = sa.select(*(_OPERATIONS.c[each] for each in (
    "id", "name", "place", "attempt", "resource_type", "resource_id"))).where(
    _OPERATIONS.c.resource_id == sa.bindparam("b_resource"), _OPERATIONS.c.resource_type == sa.bindparam("b_type"),
    _OPERATIONS.c.finished_at.is_(None))
_CANCELLED = sa.update(_OPERATIONS).where(
    _OPERATIONS.c.id.in_(sa.bindparam("b_ids", expanding=True)), _OPERATIONS.c.finished_at.is_(None)).values(
    attempt=_OPERATIONS.c.attempt + 1, updated_at=LATER, finished_at=LATER)


def begin(session, context, resource_id, operation, args=None, place=None, operation_id=None, subjects=()):
    """Claim a resource for ``operation`` (a row of OPERATIONS) and insert its row; cancel operations that it replaces.

    :param place: where it begins; None: at the resource's host, or at the conductor where it has none.
    :param operation_id: id of the new row, where something was created for it before; None: a new UUID.
    :param subjects: (type, id) of second resources, as the row allows them: all are claimed, or none.
    :returns: (id of the new row, host that it must run on, None where the resource was never placed).
    :raises NovaLiteError: the refusal of the resource's type (of a server InvalidState, ServerLocked,
        ServerNotFound, ServerNotReady); the transaction must not be committed.
    """
    own = operation.resource, resource_id
    claims = {own: operation} | {(kind, each): operation.on(kind) for kind, each in subjects}
    shared = _shared(session, *own) if operation.interrupts else ()
    if shared:
        locks.resources(session, {*claims, *shared})
    rows = {pair: _take(session, context, pair[1], claims[pair]) for pair in in_order(claims)}
    if operation.interrupts:
        cancel_open(session, resource_id, f"Cancelled by {operation.action} (request {context.request_id}).",
                    operation.resource)
    for (kind, each), row in rows.items():
        RESOURCES[kind].claimed(session, each, claims[kind, each], row[0])
    operation_id = record(session, context, operation, resource_id, rows[own], args, place, operation_id)
    add(session, operation_id, {pair: row[0] for pair, row in rows.items() if pair != own})
    return operation_id, rows[own][1]


def _take(session, context, resource_id, operation):
    """Claim one resource; returns its row of (state, host, project)."""
    resource = RESOURCES[operation.resource]
    if not _claim(session, context, resource, resource_id, operation):
        raise refusal(session, context, resource_id, operation)
    columns = resource.table.c
    row = session.execute(sa.select(columns[resource.state], _place(resource), columns.project_id)
                          .where(columns.id == resource_id)).one()
    _check_placed(resource, resource_id, operation, row[1])
    return row


def _shared(session, resource_type, resource_id):
    """(type, id) of the second resources of a resource's open operations."""
    found = open_on(session, resource_type, [resource_id])
    if any(row.subjects for row in OPERATIONS.values() if row.resource == resource_type):
        found = [*found, *session.execute(_OF_RESOURCE, {"b_resource": resource_id, "b_type": resource_type})]
    return {(each.resource_type, each.resource_id) for row in found for each in (row, *of(session, row))}


def record(session, context, operation, resource_id, row, args=None, place=None, operation_id=None):
    """Insert the operation's row for a resource that is already claimed; return its id.

    :param row: the resource's, with its project, state and host.
    """
    values = _values(context, operation, row) | {
        "id": operation_id or new_id(), "resource_id": resource_id, "args": args or {},
        "deadline": now() + datetime.timedelta(seconds=operation.deadline)}
    if place:
        values["place"] = place
    session.execute(NEW, values)
    if failpoints.watching:
        failpoints.mark(session, f"{operation.name}.accept")
    return values["id"]


def _values(context, operation, row):
    """{column: value} that every new row has."""
    resource = RESOURCES[operation.resource]
    return {"name": operation.name, "resource_type": operation.resource, "place": _host(resource, row) or CONDUCTOR,
            "previous": {resource.state: getattr(row, resource.state)}, "project_id": row.project_id,
            "user_id": context.user_id or "", "request_id": context.request_id, "route": context.route,
            "origin": source_places.outermost(*_ORIGIN), "last_notified_at": now()}


def _host(resource, row):
    return getattr(row, resource.place) if resource.place else None


def _place(resource):
    return resource.table.c[resource.place] if resource.place else sa.null().label("place")


def _lock(resource):
    return resource.table.c[resource.lock] if resource.lock else sa.null().label("lock")


def _check_placed(resource, resource_id, operation, host):
    if resource.place and host is None and operation.placed and not operation.overtakes:
        raise resource.not_ready(**{resource.named: resource_id})


def _claim(session, context, resource, resource_id, operation):
    columns = resource.table.c
    task = columns[resource.task]
    free = task.is_(None)
    if operation.interrupts:
        free = sa.or_(free, task.in_(operation.interrupts))
    conditions = [columns.id == resource_id, columns.deleted_at.is_(None), free,
                  columns[resource.state].in_(operation.allowed)]
    if resource.lock and operation.heeds_lock and not context.is_admin:
        conditions.append(columns[resource.lock].is_(None))
    return session.execute(sa.update(resource.table).where(*conditions), {
        resource.task: operation.task, "updated_at": now()}).rowcount


def check(session, context, resource_id, operation):
    """Check that ``operation`` could begin now, before anything that it names is looked up.

    :raises NovaLiteError: as ``begin`` does.
    """
    resource = RESOURCES[operation.resource]
    row = _look(session, resource, resource_id)
    error = _refused(context, resource, resource_id, operation, row)
    if error is not None:
        raise error
    _check_placed(resource, resource_id, operation, row.host)


def refusal(session, context, resource_id, operation):
    """The exception that says why ``operation`` cannot begin now."""
    resource = RESOURCES[operation.resource]
    row = _look(session, resource, resource_id)
    return _refused(context, resource, resource_id, operation, row) or _invalid(resource, resource_id, operation, row)


def _look(session, resource, resource_id):
    columns = resource.table.c
    return session.execute(
        sa.select(columns[resource.state].label("state"), columns[resource.task].label("task"),
                  _lock(resource).label("locked_by"), _place(resource).label("host"))
        .where(columns.id == resource_id, columns.deleted_at.is_(None))).one_or_none()


def _refused(context, resource, resource_id, operation, row):
    """The exception that refuses it in the resource's present state; None: it may begin."""
    if row is None:
        return resource.not_found(**{resource.named: resource_id})
    if row.locked_by and operation.heeds_lock and not context.is_admin:
        return resource.locked(**{resource.named: resource_id})
    if row.state in operation.allowed and (row.task is None or row.task in operation.interrupts):
        return None
    return _invalid(resource, resource_id, operation, row)


def _invalid(resource, resource_id, operation, row):
    attribute, state = (resource.state, row.state) if row.state not in operation.allowed else (resource.task, row.task)
    return resource.invalid(operation=operation.refused_as or operation.action, attribute=attribute, state=state,
                            **{resource.named: resource_id})


def cancel_open(session, resource_id, cause, resource_type=SERVER):
    """Cancel all open operations on a resource and fence their workers.

    Other resources that they claimed are freed.  Changes of other services for operations of another resource are to be
    undone; changes for the resource's own operations are left to the caller, to undo or to keep.
    :param cause: for users, what cancelled them.
    """
    found = [*session.execute(_OF_RESOURCE, {"b_resource": resource_id, "b_type": resource_type}),
             *open_on(session, resource_type, [resource_id])]
    if found:
        session.execute(_CANCELLED, {"b_ids": [each.id for each in found], "b_now": now(),
                                     "state": OperationState.CANCELLED, "args": {}, "lease_until": None,
                                     "waits_for": None,
                                     "message": "Error", "error": cause})
    for each in found:
        steps.fail(session, each, cause)
        cancel(session, each, (resource_type, resource_id))
        if (each.resource_type, each.resource_id) != (resource_type, resource_id):
            service_changes.abandon(session, each.id)


def record_ended(session, context, operation, row, error=None, step=steps.BEGIN):
    """Insert an operation that begins and ends in this transaction, for the history of a resource (its row).

    :param operation: the row that names it.
    :param error: why it failed although the request was accepted; None: it succeeded.
    :param step: name of the step that failed; it ran on no host.
    """
    ended = {"state": OperationState.FAILED, "message": "Error", "error": error} if error else {
        "state": OperationState.DONE}
    moment = now()
    values = _values(context, operation, row) | {
        "id": new_id(), "resource_id": row.id, "deadline": moment, "args": {}, "created_at": moment,
        "updated_at": moment, "finished_at": moment, **ended}
    session.execute(NEW, values)
    if error:
        steps.record_failed(session, values["id"], step, error)
