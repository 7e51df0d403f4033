"""The ledger of what other services change for operations: wanted, done or failed, and undone when nobody wants it."""

import datetime
import uuid

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import locks
from nova_lite.db.base import now
from nova_lite.db.models.idempotency import IdempotencyKey
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.objects.service_change import ChangeState

_CHANGES, _OPERATIONS, _KEYS = ServiceChange.__table__, Operation.__table__, IdempotencyKey.__table__
#: What can be read of every row, also of one whose JSON is damaged.
_BARE = [*(each for each in _CHANGES.c if not isinstance(each.type, sa.JSON)),
         _CHANGES.c.result.is_not(None).label("answered")]
#: What every build and deletion runs is built once (see db/operations/statements.py).
_ONE = sa.select(_CHANGES).where(_CHANGES.c.id == sa.bindparam("b_id"))
_UPDATE = sa.update(_CHANGES).where(_CHANGES.c.id == sa.bindparam("b_id"))
_NEW = sa.insert(_CHANGES)
_OPEN = sa.select(*_BARE).where(_CHANGES.c.state.in_((ChangeState.WANTED, ChangeState.DONE))).order_by(
    _CHANGES.c.created_at, _CHANGES.c.id)
_OF_OPERATION = _OPEN.where(_CHANGES.c.operation_id == sa.bindparam("b_operation"))
_OF_RESOURCE = _OPEN.where(_CHANGES.c.resource_id == sa.bindparam("b_resource"),
                           _CHANGES.c.resource_type == sa.bindparam("b_type"))
_OF_OPEN = _OF_RESOURCE.where(_CHANGES.c.verb.in_(sa.bindparam("b_verbs", expanding=True)), _CHANGES.c.operation_id.in_(
    sa.select(_OPERATIONS.c.id).where(
        _OPERATIONS.c.resource_id == sa.bindparam("b_resource"), _OPERATIONS.c.resource_type == sa.bindparam("b_type"),
        _OPERATIONS.c.finished_at.is_(None))))
#: So is what each conductor asks all the time.
_DUE = sa.select(*_BARE).where(
    _CHANGES.c.next_try_at <= sa.bindparam("b_now", type_=_CHANGES.c.next_try_at.type)).order_by(
    _CHANGES.c.next_try_at).limit(sa.bindparam("b_limit", type_=sa.Integer))
_IN_VAIN = sa.select(_OPERATIONS.c.waits_for).distinct().where(
    _OPERATIONS.c.finished_at.is_(None), _OPERATIONS.c.waits_for.is_not(None),
    ~sa.exists().where(_CHANGES.c.id == _OPERATIONS.c.waits_for, _CHANGES.c.state == ChangeState.WANTED,
                       _CHANGES.c.next_try_at.is_not(None)))
#: So is what every change of a service asks before it is made.
_DEBT = sa.select(_CHANGES.c.verb).where(
    _CHANGES.c.resource_id == sa.bindparam("b_resource"), _CHANGES.c.resource_type == sa.bindparam("b_type"),
    _CHANGES.c.service == sa.bindparam("b_service"), _CHANGES.c.state == ChangeState.UNWANTED,
    _CHANGES.c.id != sa.bindparam("b_id")).order_by(_CHANGES.c.created_at).limit(1)
_MARKERS = uuid.UUID("5c0f7c0e-3b0e-4d6d-9a3e-0d9b1f6f2c55")
_LATE = 504         # error_code of what was not made in time


def marker(operation_id, change):
    """The id of a change of an operation: the same whenever it is asked for again."""
    return str(uuid.uuid5(_MARKERS, f"{operation_id} {change.service} {change.verb}"))


def want(session, operation, change, seconds):
    """Put a change on record that is going to be asked for.

    :param operation: a row.  :param seconds: when it is asked for anew, where its answer is not on record by then.
    :returns: its result, where it is done already and need not be asked for; else None.
    :raises Fenced: it was given back before.  :raises ChangeRefused: it was refused, or given up.
    """
    present = _present(session, operation, change)
    if present is not None and present.state == ChangeState.DONE and present.arguments == change.arguments:
        return present.result
    _write(session, operation, change, present, {
        "state": ChangeState.WANTED, "arguments": change.arguments, "next_try_at": _in(seconds), "error": None})
    return None


def record_done(session, operation, change, result):
    """Put a change on record that was made in this transaction."""
    _write(session, operation, change, _present(session, operation, change), {
        "state": ChangeState.DONE, "arguments": change.arguments, "result": result, "next_try_at": None})


def owe(session, operation, change):
    """Put on record what a service is to take away."""
    _write(session, operation, change, None, {
        "state": ChangeState.UNWANTED, "arguments": change.arguments, "result": {}, "next_try_at": now()})


def _present(session, operation, change):
    """The row of a change, if there is one.  :raises Fenced, ChangeRefused: as ``want``."""
    row = session.execute(_ONE, {"b_id": marker(operation.id, change)}).one_or_none()
    if row is None or row.state in (ChangeState.WANTED, ChangeState.DONE):
        return row
    if row.error_code is not None:
        raise exceptions.ChangeRefused(row.error, service=row.service, verb=row.verb, status=row.error_code)
    raise exceptions.Fenced(operation_id=operation.id, attempt=operation.attempt)


def _write(session, operation, change, present, values):
    """:param present: its row; None: it is new."""
    key = marker(operation.id, change)
    if present is not None:
        session.execute(_UPDATE, {"b_id": key, **values})
    else:
        session.execute(_NEW, {
            "id": key, "operation_id": operation.id, "resource_type": operation.resource_type,
            "resource_id": operation.resource_id, "service": change.service, "verb": change.verb, **values})


def done(session, key, result):
    """The service has made a change; whether that is wanted still, and not said of it before with another result.

    What waits for it goes on.  Here, and for all that says what became of a change: its resource is locked.
    """
    go_on(session, key)
    if _set(session, key, ChangeState.WANTED, state=ChangeState.DONE, result=result, error=None, next_try_at=None):
        return True
    row = session.execute(sa.select(_CHANGES.c.state, _CHANGES.c.result).where(_CHANGES.c.id == key)).one()
    return row.state == ChangeState.DONE and row.result == result


def failed(session, key, error, code):
    """The service has refused a change for good.

    What it made of it before, in this request or in one whose answer was lost, is a debt.

    :param code: an HTTP status for who asked.
    """
    go_on(session, key)
    _set(session, key, ChangeState.WANTED, state=ChangeState.UNWANTED, error=error, error_code=code, next_try_at=now())


def debt_of(session, row, service, key):
    """The verb of what a service is yet to undo for a resource, the oldest; None: nothing.

    :param row: has resource_type and resource_id.  :param key: of a change that does not count.
    """
    return session.scalar(_DEBT, {"b_resource": row.resource_id, "b_type": row.resource_type, "b_service": service,
                                  "b_id": key})


def hold(session, key, seconds, reason):
    """What is wanted is not asked for now, and due again after so long.  :param reason: in words for users."""
    _set(session, key, ChangeState.WANTED, next_try_at=_in(seconds), error=reason)


def note(session, key, error):
    """Why a change that is wanted is not made yet."""
    _set(session, key, ChangeState.WANTED, error=error)


def given_up(session, row, seconds):
    """What waits for a change that is wanted waits no longer; it is undone, in case it was made after all."""
    go_on(session, row.id)
    said = f" Its last answer: {row.error}" if row.error else ""
    _set(session, row.id, ChangeState.WANTED, state=ChangeState.UNWANTED, error_code=_LATE, next_try_at=now(), error=(
        f"The {row.service} service did not make what the operation needs ({row.verb}) within {seconds} "
        f"seconds.{said}"))


def arguments_of(session, key):
    """The arguments of a change; {} where they are damaged: most services need the marker alone to undo it."""
    return _json(session, key, _CHANGES.c.arguments)


def result_of(session, key):
    """The result of a change; {} where there is none, or it is damaged."""
    return _json(session, key, _CHANGES.c.result)


def _json(session, key, column):
    try:
        found = session.execute(sa.select(column).where(_CHANGES.c.id == key)).scalar_one_or_none()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def of_operation(session, operation_id):
    """Bare rows of what is wanted or done for an operation, oldest first."""
    return session.execute(_OF_OPERATION, {"b_operation": operation_id}).all()


def of_resource(session, resource_type, resource_id):
    """As ``of_operation``, of all that was changed for a resource."""
    return session.execute(_OF_RESOURCE, {"b_resource": resource_id, "b_type": resource_type}).all()


def of_open(session, resource_type, resource_id, verbs):
    """As ``of_operation``, of all open operations of a resource.  :param verbs: only these."""
    return session.execute(_OF_OPEN, {"b_resource": resource_id, "b_type": resource_type,
                                      "b_verbs": list(verbs)}).all()


def keep(session, operation_id):
    """What was changed for an operation is somebody's own now, and never undone."""
    session.execute(sa.delete(_CHANGES).where(_CHANGES.c.operation_id == operation_id,
                                              _CHANGES.c.state == ChangeState.DONE))


def forget(session, operation, verb, **result):
    """What was done for the operation's resource by a verb, and had this in its result, is over: nothing undoes it."""
    over_with = [row.id for row in of_resource(session, operation.resource_type, operation.resource_id)
                 if row.verb == verb and result.items() <= result_of(session, row.id).items()]
    if over_with:
        session.execute(sa.delete(_CHANGES).where(_CHANGES.c.id.in_(over_with)))


def take_back(session, key, embedded):
    """Nobody wants a change any more.

    :param embedded: whether it was undone in this transaction; else it is a debt.
    """
    state, due_at = (ChangeState.UNDONE, None) if embedded else (ChangeState.UNWANTED, now())
    session.execute(_UPDATE, {"b_id": key, "state": state, "next_try_at": due_at})


def abandon(session, operation_id):
    """What was changed for an operation that is cancelled is owed, wherever it was changed."""
    session.execute(sa.update(_CHANGES).where(
        _CHANGES.c.operation_id == operation_id, _CHANGES.c.state.in_((ChangeState.WANTED, ChangeState.DONE))).values(
        state=ChangeState.UNWANTED, next_try_at=now()))


def unwanted(session, key):
    """Nobody answers for a change that is wanted: it is a debt."""
    _set(session, key, ChangeState.WANTED, state=ChangeState.UNWANTED)


def go_on(session, key):
    """What waits for a change is due at once, and has as long as before until its deadline."""
    waiting = sa.select(_OPERATIONS.c.id, _OPERATIONS.c.deadline, _OPERATIONS.c.waits_since).where(
        _OPERATIONS.c.finished_at.is_(None), _OPERATIONS.c.waits_for == key)
    for row in session.execute(waiting.order_by(_OPERATIONS.c.id)).all():
        waited = max(now() - row.waits_since, datetime.timedelta())
        session.execute(sa.update(_OPERATIONS).where(_OPERATIONS.c.id == row.id, _OPERATIONS.c.waits_for == key).values(
            waits_for=None, waits_since=None, last_notified_at=None, deadline=row.deadline + waited))


def look_again(session, verb, resource_ids):
    """Ask at once for what some resources wait for, since it may be made by now."""
    session.execute(sa.update(_CHANGES).where(
        _CHANGES.c.resource_id.in_(resource_ids), _CHANGES.c.verb == verb, _CHANGES.c.state == ChangeState.WANTED)
        .values(next_try_at=now()))


def awaited_by(session, resource_ids, verb):
    """Bare rows of what some resources wait for."""
    return session.execute(sa.select(*_BARE).where(
        _CHANGES.c.resource_id.in_(resource_ids), _CHANGES.c.verb == verb, _CHANGES.c.state == ChangeState.WANTED)
        .order_by(_CHANGES.c.id)).all()


def go_on_at(session, place):
    """What waits at a place for a change is due at once: the place is there anew, and may have lost what it had."""
    waiting = sa.select(_OPERATIONS.c.waits_for).distinct().where(
        _OPERATIONS.c.finished_at.is_(None), _OPERATIONS.c.place == place, _OPERATIONS.c.waits_for.is_not(None))
    for key in sorted(session.execute(waiting).scalars()):
        go_on(session, key)


def is_wanted(session, key):
    """Whether a change is wanted, and not answered for yet."""
    return session.execute(sa.select(_CHANGES.c.state).where(_CHANGES.c.id == key)).scalar() == ChangeState.WANTED


def awaited_since(session, key):
    """Since when an operation waits for a change; None: none does."""
    return session.execute(sa.select(sa.func.min(_OPERATIONS.c.waits_since)).where(
        _OPERATIONS.c.finished_at.is_(None), _OPERATIONS.c.waits_for == key)).scalar()


def awaited_in_vain(session):
    """Ids of changes that operations wait for although nothing more will become of them."""
    return session.execute(_IN_VAIN).scalars().all()


def seconds_since(moment):
    return (now() - moment).total_seconds()


def undone(session, row, seconds):
    """A change was undone.

    :param row: bare, as it was before.
    :param seconds: where nobody knows whether the request for it has ended, it is undone once more after so long: a
        request that is late could make it after all.
    """
    if not row.answered and row.undone_at is None:
        _set(session, row.id, ChangeState.UNWANTED, undone_at=now(), next_try_at=_in(seconds))
    else:
        end = ChangeState.UNDONE if row.error_code in (None, _LATE) else ChangeState.FAILED
        _set(session, row.id, ChangeState.UNWANTED, state=end, undone_at=now(), next_try_at=None)


def due(session, limit=100):
    """Bare rows of what is to be asked for, or undone, now: without arguments and result; ``answered`` says whether
    there is one.
    """
    return session.execute(_DUE, {"b_now": now(), "b_limit": limit}).all()


def claim(session, row, seconds):
    """Whether it is this caller who tries a row that is due; nobody else does for so many seconds."""
    return bool(session.execute(sa.update(_CHANGES).where(
        _CHANGES.c.id == row.id, _CHANGES.c.tries == row.tries, _CHANGES.c.state == row.state).values(
        tries=row.tries + 1, next_try_at=_in(seconds))).rowcount)


def is_led(session, row):
    """Whether somebody answers for a change: an open operation of the resource, its own or one that will give it back,
    or a request that is about to begin its operation.
    """
    return session.execute(sa.select(_OPERATIONS.c.id).where(
        _OPERATIONS.c.resource_id == row.resource_id, _OPERATIONS.c.resource_type == row.resource_type,
        _OPERATIONS.c.finished_at.is_(None)).limit(1)).first() is not None or _is_promised(session, row)


def _is_promised(session, row):
    return session.execute(sa.select(_KEYS.c.id).where(
        _KEYS.c.operation_id == row.operation_id, _KEYS.c.answer.is_(None), _KEYS.c.claimed_until > now()
    ).limit(1)).first() is not None


def owed(session, tries):
    """Bare rows of the changes that could not be undone in so many tries."""
    return session.execute(sa.select(*_BARE).where(
        _CHANGES.c.state == ChangeState.UNWANTED, _CHANGES.c.tries >= tries, _CHANGES.c.undone_at.is_(None))
        .order_by(_CHANGES.c.id)).all()


def in_motion(session, resource_ids):
    """Those of some resources for which a change is wanted, or to be undone, at this moment."""
    return set(session.execute(sa.select(_CHANGES.c.resource_id).where(
        _CHANGES.c.resource_id.in_(resource_ids), _CHANGES.c.state.in_((ChangeState.WANTED, ChangeState.UNWANTED))
    )).scalars())


def over(session, keys):
    """Bare rows of those of some changes that were undone, or refused, and are never asked for again."""
    return [row for some in locks.chunks(keys) for row in session.execute(sa.select(*_BARE).where(
        _CHANGES.c.id.in_(some), _CHANGES.c.state.in_((ChangeState.UNDONE, ChangeState.FAILED)),
        _CHANGES.c.next_try_at.is_(None)).order_by(_CHANGES.c.id))]


def undo_again(session, key):
    """Something of a change that is over has come to light: it is a debt once more."""
    session.execute(sa.update(_CHANGES).where(
        _CHANGES.c.id == key, _CHANGES.c.state.in_((ChangeState.UNDONE, ChangeState.FAILED))).values(
        state=ChangeState.UNWANTED, next_try_at=now()))


def count(session):
    """{(service, state): how many} of the changes that are wanted, or to be undone."""
    asked = sa.select(_CHANGES.c.service, _CHANGES.c.state, sa.func.count()).where(
        _CHANGES.c.state.in_((ChangeState.WANTED, ChangeState.UNWANTED)))
    found = session.execute(asked.group_by(_CHANGES.c.service, _CHANGES.c.state))
    return {(service, state): number for service, state, number in found}


def _set(session, key, present, **values):
    return session.execute(sa.update(_CHANGES).where(_CHANGES.c.id == key, _CHANGES.c.state == present).values(
        **values)).rowcount


def _in(seconds):
    return now() + datetime.timedelta(seconds=seconds)
