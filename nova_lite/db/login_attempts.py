"""Queries about wrong passwords: how many came lately, and which users are locked out for them."""

import sqlalchemy as sa

from nova_lite.db import rows
from nova_lite.db.base import now
from nova_lite.db.models.identity import LoginAttempts, User

_MANY = 1000            # rows deleted in one transaction
_ATTEMPTS, _USERS = LoginAttempts.__table__, User.__table__


def read(session, keys):
    """{key: (forgotten, succeeded)} of those keys that have a row."""
    return {row.key: (row.forgotten, row.succeeded) for row in session.execute(
        sa.select(_ATTEMPTS.c.key, _ATTEMPTS.c.forgotten, _ATTEMPTS.c.succeeded).where(_ATTEMPTS.c.key.in_(keys)))}


def failed(session, shares, moment, kept):
    """Count one wrong password for each key of ``shares`` ({key: seconds that it weighs}).

    :param moment: now, in epoch seconds.
    :param kept: until when a new row stays at least; what counts beyond it was written before the clock was set back.
    """
    for key, share in sorted(shares.items()):
        later = sa.case((_ATTEMPTS.c.forgotten.between(moment, kept), _ATTEMPTS.c.forgotten), else_=moment) + share
        _put(session, key, {"forgotten": later, "expires": _later(kept)},
             {"forgotten": moment + share, "expires": kept})


def succeeded(session, key, moment, kept):
    """Forget the wrong passwords of ``key`` for a right one, and remember that until ``kept``."""
    made = {"forgotten": 0.0, "succeeded": moment, "expires": kept}
    _put(session, key, made, made)


def purge(session, moment):
    """Delete some rows of long ago, in the order in which others write them."""
    expired = sa.select(_ATTEMPTS.c.key).where(_ATTEMPTS.c.expires < moment).order_by(_ATTEMPTS.c.key).limit(_MANY)
    for key in session.execute(expired).scalars().all():
        session.execute(sa.delete(_ATTEMPTS).where(_ATTEMPTS.c.key == key, _ATTEMPTS.c.expires < moment))


def count(session, user_id, anew=False):
    """One more wrong password in a row for a user; ``anew``: the first."""
    known = sa.literal(0) if anew else _USERS.c.failed_auth_count
    session.execute(sa.update(_USERS).where(_USERS.c.id == user_id)
                    .values(failed_auth_count=known + 1, failed_auth_at=now()))


def reset(session, user_id):
    session.execute(sa.update(_USERS).where(_USERS.c.id == user_id).values(failed_auth_count=0, failed_auth_at=None))


def _later(moment):
    return sa.case((_ATTEMPTS.c.expires > moment, _ATTEMPTS.c.expires), else_=moment)


def _put(session, key, changed, made):
    update = sa.update(_ATTEMPTS).where(_ATTEMPTS.c.key == key).values(**changed)
    if session.execute(update).rowcount:
        return
    with rows.attempt(session) as tried:
        session.execute(sa.insert(_ATTEMPTS).values({"key": key, "succeeded": None, **made}))
    if tried.refused:
        session.execute(update)         # another request was the first
