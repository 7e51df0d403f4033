"""Idempotency keys: claim, answer, forget - each a compare-and-swap on the request that holds the key."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from nova_lite.db.base import now
from nova_lite.db.models.idempotency import IdempotencyKey

_T = IdempotencyKey.__table__


def claim(session, values):
    """Claim a key for a request.

    :param values: the columns of the row, without ``answer``.
    :returns: None, and the key is claimed; else the row of whoever has it: answered, or still being answered.
    """
    row = _get(session, values["id"])
    if row is None:
        return _insert(session, values)
    expired = row.expires_at <= now()
    abandoned = row.answer is None and row.claimed_until <= now() and row.fingerprint == values["fingerprint"]
    if (expired or abandoned) and _take_over(session, row, values):
        return None
    return _get(session, row.id)


def _get(session, key_id):
    return session.execute(sa.select(_T).where(_T.c.id == key_id)).one_or_none()


def _insert(session, values):
    try:
        with session.begin_nested():
            session.execute(sa.insert(_T), values)
    except IntegrityError:
        return _get(session, values["id"])
    return None


def _take_over(session, row, values):
    return session.execute(
        sa.update(_T).where(_T.c.id == row.id, _T.c.request_id == row.request_id,
                            _T.c.claimed_until == row.claimed_until),
        {**values, "answer": None}).rowcount


def _held(key_id, request_id):
    return _T.c.id == key_id, _T.c.request_id == request_id, _T.c.answer.is_(None)


def answer(session, key_id, request_id, sealed):
    """Write the answer; False where another request holds the key by now."""
    return bool(session.execute(sa.update(_T).where(*_held(key_id, request_id)), {"answer": sealed}).rowcount)


def forget(session, key_id, request_id):
    """Give an unanswered key back: nothing was done with it."""
    session.execute(sa.delete(_T).where(*_held(key_id, request_id)))


def forget_unanswered(session):
    """Give back every key that is not answered; for when all who could answer are known to be dead."""
    session.execute(sa.delete(_T).where(_T.c.answer.is_(None)))


def purge(session, limit=500):
    """Delete at most ``limit`` expired keys; return how many."""
    doomed = session.execute(sa.select(_T.c.id).where(_T.c.expires_at <= now()).order_by(_T.c.id).limit(limit)
                             .with_for_update(skip_locked=True)).scalars().all()
    if doomed:
        session.execute(sa.delete(_T).where(_T.c.id.in_(doomed)))
    return len(doomed)
