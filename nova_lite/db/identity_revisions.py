"""The revision of identity: each change takes the next number, and what it means for tokens is compared by numbers.

Wall clocks only decide when a row is deleted that no living token can need; where a clock was wrong then, the floor
still voids the tokens that the row was about.
"""

import sqlalchemy as sa

from nova_lite.db import rows
from nova_lite.db.models.identity import IdentityRevision, Revocation

_REVISION, _REVOCATIONS = IdentityRevision.__table__, Revocation.__table__
#: More than the changes that can be lost with a database: no token of before has a revision this high.
_LEAP = 2 ** 32
_ROW = _REVISION.c.id == 1
_NUMBER = sa.select(_REVISION.c.number).where(_ROW)
_HELD = _NUMBER.with_for_update(read=True)
_SINCE = sa.bindparam("b_since")
#: The revision's row beside each later revocation; once and beside nothing where there is none.
_LATER = (sa.select(_REVISION.c.number, _REVISION.c.floor, _REVOCATIONS.c.key, _REVOCATIONS.c.revision,
                    _REVOCATIONS.c.void)
          .select_from(_REVISION.outerjoin(_REVOCATIONS, _REVOCATIONS.c.revision > _SINCE))
          .where(_ROW).order_by(_REVOCATIONS.c.revision))


def take(session):
    """The number of the change that this transaction makes; no other change or login goes on until it ends."""
    raised = sa.update(_REVISION).where(_ROW).values(number=_REVISION.c.number + 1)
    if not session.execute(raised).rowcount:
        with rows.attempt(session):     # another process may have been the first
            session.execute(sa.insert(_REVISION).values(id=1, number=0, floor=0))
        session.execute(raised)
    return current(session)


def void_all(session):
    """Void every token that is out: the database is an earlier state of itself, and revocations of later are lost."""
    number = take(session) + _LEAP
    session.execute(sa.update(_REVISION).where(_ROW).values(number=number, floor=number))


def current(session):
    """The number of the last change; 0 before the first."""
    return session.scalar(_NUMBER) or 0


def hold(session):
    """As ``current``, and nothing of identity changes until this transaction ends (SQLite: as it sees it)."""
    return session.scalar(_HELD) or 0


def record(session, revision, void, refresh, moment, expires):
    """Keep what ``revision`` means for older tokens, and delete what no token needs any more.

    :param void: keys of tokens that open nothing any more.
    :param refresh: keys of tokens that look up their roles anew.
    :param moment: now, in seconds since the epoch.
    :param expires: when no such token is left, in seconds since the epoch.
    """
    past = session.scalar(sa.select(sa.func.max(_REVOCATIONS.c.revision)).where(_REVOCATIONS.c.expires < moment))
    if past is not None:
        session.execute(sa.update(_REVISION).where(_ROW).values(floor=past))
        session.execute(sa.delete(_REVOCATIONS).where(_REVOCATIONS.c.revision <= past))
    made = [{"key": key, "revision": revision, "void": kind, "expires": expires}
            for kind, keys in ((True, void), (False, refresh)) for key in keys]
    if made:
        session.execute(sa.insert(_REVOCATIONS), made)


def since(session, revision):
    """``(number, floor, rows)``: of the revision as it is, and (key, revision, void) of all that came after one.

    Tokens older than ``floor`` are void.  All is of one moment.
    """
    found = session.execute(_LATER, {"b_since": revision}).all()
    if not found:
        return 0, 0, []
    return found[0].number, found[0].floor, [(row.key, row.revision, row.void) for row in found if row.key is not None]


def concerning(session, keys, revision):
    """``(void, refresh)``: whether changes after ``revision`` void a token with ``keys``, or concern its roles."""
    found = sa.select(_REVOCATIONS.c.void).distinct().where(_REVOCATIONS.c.key.in_(keys),
                                                            _REVOCATIONS.c.revision > revision)
    kinds = set(session.execute(found).scalars())
    return True in kinds, False in kinds
