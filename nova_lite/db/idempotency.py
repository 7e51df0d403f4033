"""Idempotency keys: claim, promise, answer, forget - each a compare-and-swap on the request that holds the key."""

import sqlalchemy as sa

from nova_lite.db import rows
from nova_lite.db.base import now
from nova_lite.db.models.idempotency import IdempotencyKey

_KEYS = IdempotencyKey.__table__


def claim(session, values):
    """Claim a key for a request.

    :param values: the columns of the row, without ``answer``.
    :returns: (None, id of the operation that an earlier request began for the same, or None), and the key is claimed;
        else (row of whoever has it, answered or still being answered, None).
    """
    row = _get(session, values["id"])
    if row is None:
        return _insert(session, values), None
    expired = row.expires_at <= now()
    abandoned = row.answer is None and row.claimed_until <= now() and row.fingerprint == values["fingerprint"]
    operation_id = None if expired else row.operation_id
    if (expired or abandoned) and _take_over(session, row, {**values, "operation_id": operation_id}):
        return None, operation_id
    return _get(session, row.id), None


def exists(session, key_id):
    return _get(session, key_id) is not None


def count(session, project_id, most):
    """How many keys a project has that are not yet to be purged, counted no further than ``most``."""
    some = sa.select(sa.literal(1)).where(_KEYS.c.project_id == project_id, _KEYS.c.expires_at > now()).limit(most)
    return session.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar()


def _get(session, key_id):
    return session.execute(sa.select(_KEYS).where(_KEYS.c.id == key_id)).one_or_none()


def _insert(session, values):
    with rows.attempt(session) as tried:
        session.execute(sa.insert(_KEYS), values)
    return _get(session, values["id"]) if tried.refused else None


def _take_over(session, row, values):
    return session.execute(
        sa.update(_KEYS).where(_KEYS.c.id == row.id, _KEYS.c.request_id == row.request_id,
                            _KEYS.c.claimed_until == row.claimed_until),
        {**values, "answer": None}).rowcount


def _held(key_id, request_id):
    return _KEYS.c.id == key_id, _KEYS.c.request_id == request_id, _KEYS.c.answer.is_(None)


def promise(session, key_id, request_id, operation_id):
    """The request is answered by an operation's outcome; False where another request holds the key by now."""
    return bool(session.execute(sa.update(_KEYS).where(*_held(key_id, request_id)), {
        "operation_id": operation_id}).rowcount)


def answer(session, key_id, request_id, sealed):
    """Write the answer; False where another request holds the key by now."""
    return bool(session.execute(sa.update(_KEYS).where(*_held(key_id, request_id)), {"answer": sealed}).rowcount)


def forget(session, key_id, request_id):
    """Give an unanswered key back: nothing was done with it, or a repeat may go on with its operation at once."""
    _give_back(session, *_held(key_id, request_id))


def forget_unanswered(session):
    """Give back every key that is not answered; for when all who could answer are known to be dead."""
    _give_back(session, _KEYS.c.answer.is_(None))


def _give_back(session, *which):
    session.execute(sa.delete(_KEYS).where(*which, _KEYS.c.operation_id.is_(None)))
    session.execute(sa.update(_KEYS).where(*which), {"claimed_until": now()})


def purge(session, limit=500):
    """Delete at most ``limit`` expired keys; return how many."""
    doomed = session.execute(sa.select(_KEYS.c.id).where(_KEYS.c.expires_at <= now()).order_by(_KEYS.c.id).limit(limit)
                             .with_for_update(skip_locked=True)).scalars().all()
    if doomed:
        session.execute(sa.delete(_KEYS).where(_KEYS.c.id.in_(doomed)))
    return len(doomed)
