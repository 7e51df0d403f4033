"""Desired state of hosts: scopes that consumers follow, with revisions, and what each consumer has applied.

A transaction that changes something of a scope notes it by ``changed`` or ``gone``.  When it commits it counts the
scope's revision up by one, under the lock of the scope's row: so revisions follow the order of commits, and who has
seen one revision has missed none before it.  It does so last of all, for all its scopes in order of their names, so
that the lock is held for a moment and nobody who holds one waits for anything else.

The rows are an index: which resource changed in which revision.  What a resource is like is read from its own tables
when it is asked for.  A savepoint that is rolled back leaves its notes: the scope's revision is counted up for nothing.
"""

import datetime
import functools
import itertools
import typing

import sqlalchemy as sa

from nova_lite.db import rows
from nova_lite.db.base import now
from nova_lite.db.models.desired_state import Applied, Scope, ScopeRow
from nova_lite.db.models.servers import ComputeNode
from nova_lite.db.session import before_commit
from nova_lite.objects.desired_state import of_host

PORT, NETWORK, ROUTER, FLOATING_IP = "port", "network", "router", "floatingip"
GROUP, MEMBER, ADDRESS_GROUP = "group", "member", "address_group"
_SCOPES, _ROWS, _APPLIED = Scope.__table__, ScopeRow.__table__, Applied.__table__
_NODES = ComputeNode.__table__
#: Each new port asks this for its groups.
_FOLLOWERS = sa.select(_APPLIED.c.scope, _APPLIED.c.consumer).where(
    _APPLIED.c.scope.in_(sa.bindparam("b_scopes", expanding=True))).order_by(_APPLIED.c.scope, _APPLIED.c.consumer)
_KEPT = datetime.timedelta(days=1)      # how long tombstones are


# ---- changing

def changed(session, scope, kind, ids):
    """Resources of a scope are new or other than before, once this transaction commits."""
    _note(session, scope, kind, ids, gone=False)


def gone(session, scope, kind, ids):
    """Resources are in a scope no more, once this transaction commits."""
    _note(session, scope, kind, ids, gone=True)


def _note(session, scope, kind, ids, gone):
    notes = session.info.get("desired_state")
    if notes is None:
        notes = session.info["desired_state"] = {}
        before_commit(session, _write)
    notes.setdefault(scope, {}).update(dict.fromkeys(((kind, each) for each in ids), gone))


def noted(session):
    """Names of the scopes that this transaction has changed so far."""
    return set(session.info.get("desired_state") or ())


def _write(session):
    notes, dialect, moment = session.info.pop("desired_state"), session.get_bind().dialect.name, now()
    indexed = []
    for scope, resources in sorted(notes.items()):
        revision = session.execute(_counted_up(dialect), {
            "scope": scope, "revision": 1, "purged": 0, "changed_at": moment}).scalar_one()
        indexed += [
            {"scope": scope, "type": kind, "id": each, "revision": revision, "gone_at": moment if gone else None}
            for (kind, each), gone in sorted(resources.items())]
    session.execute(_indexed(dialect), indexed)


@functools.cache
def _counted_up(dialect):
    return rows.upsert(dialect, _SCOPES, lambda new: {
        "revision": _SCOPES.c.revision + 1, "changed_at": new.changed_at}).returning(_SCOPES.c.revision)


@functools.cache
def _indexed(dialect):
    return rows.upsert(dialect, _ROWS, lambda new: {"revision": new.revision, "gone_at": new.gone_at})


# ---- asking

class Part(typing.NamedTuple):
    """What changed of one scope.

    :ivar revision: what a consumer has when it has applied this; with ``more``, where the next page begins: a number
        for ``after`` that is a revision, or a place within one.
    :ivar whole: whether ``resources`` are all there are.  :ivar more: whether another page follows.
    :ivar resources: [(kind, id, whether it is gone)] in order of change.
    """

    scope: str
    revision: int
    whole: bool
    more: bool
    resources: list


def changes(session, known, after, most):
    """A Part for each scope of ``known``, with at most ``most`` resources in all.

    A page may end within a revision, however large that is. A resource may then be in two pages; it is missing in none.

    :param session: of a snapshot, where others write meanwhile.
    :param known: {scope: the revision that the consumer has}; 0, a revision that never was, and one older than the
        tombstones are answered with the whole scope.
    :param after: {scope: the ``revision`` of its Part in the page before}; empty for the first page.
    """
    current = {row.scope: row for row in session.execute(
        sa.select(_SCOPES).where(_SCOPES.c.scope.in_(sorted(known))))}
    asked = {scope: _question(current.get(scope), revision, after.get(scope)) for scope, revision in known.items()}
    found, parts, left = _found(session, asked, most), [], most
    for scope, question in sorted(asked.items()):
        page, end = _page(session, question, found.get(scope, []), left)
        parts.append(Part(scope, question.revision if end is None else end, question.whole, end is not None,
                          [(row.type, row.id, row.gone_at is not None) for row in page]))
        left -= len(page)
    return parts


#: A place within a revision as one number: this bit, the revision, and how many of its last rows are still to come.
#: Rows leave a revision when they change again, and none ever joins it: so of its last rows none is left out.
_WITHIN, _ROWS_BITS = 1 << 62, 22


class _Question(typing.NamedTuple):
    revision: int           # the scope's, now
    since: int              # what changed later is asked for
    left: int               # and so many of the last rows of ``since`` itself
    whole: bool
    tombstones: bool        # whether what is gone is asked for, too

    @property
    def is_open(self):
        """Whether there may be anything."""
        return self.since < self.revision or self.left > 0

    @property
    def place(self):
        return _place(self.since, self.left)


def _question(row, known, after):
    revision, purged = (row.revision, row.purged) if row else (0, 0)
    whole = not purged <= known <= revision or known == 0
    since, left = (0 if whole else known, 0) if after is None else _read(after)
    return _Question(revision, since, left, whole, not whole or after is not None)


def _place(revision, left):
    return _WITHIN | revision << _ROWS_BITS | left if left else revision


def _read(place):
    """(revision, rows of it that are still to come)"""
    if not place & _WITHIN:
        return place, 0
    return (place & ~_WITHIN) >> _ROWS_BITS, place & (1 << _ROWS_BITS) - 1


def _found(session, asked, most):
    """{scope: rows in order}, one row more than a page has where there are so many; in one statement for all scopes of
    which the same is asked, as those of a comparison.

    Of scopes whose names come later there may be more than what is found: a page is full before it comes to them.
    """
    found = {}
    open_ones = [(each.since, each.tombstones, each.left, scope) for scope, each in asked.items() if each.is_open]
    for (since, tombstones, left, _), some in itertools.groupby(
            sorted(open_ones), key=lambda each: (*each[:3], each[3] if each[2] else "")):
        scopes = [scope for *_, scope in some]
        statement = sa.select(_ROWS).where(_ROWS.c.scope.in_(scopes))
        if left:
            skipped = max(_count(session, scopes[0], since) - left, 0)
            statement = statement.where(_ROWS.c.revision >= since).offset(skipped)
        else:
            statement = statement.where(_ROWS.c.revision > since)
        if not tombstones:
            statement = statement.where(_ROWS.c.gone_at.is_(None))
        for row in session.execute(statement.order_by(*_ORDER).limit(most + 1)):
            found.setdefault(row.scope, []).append(row)
    return found


_ORDER = _ROWS.c.scope, _ROWS.c.revision, _ROWS.c.type, _ROWS.c.id


def _count(session, scope, revision, *which):
    """How many rows of a revision there are, tombstones among them.  :param which: further conditions."""
    return session.scalar(sa.select(sa.func.count()).select_from(_ROWS).where(
        _ROWS.c.scope == scope, _ROWS.c.revision == revision, *which))


def _page(session, question, found, space):
    """(rows, at most ``space``; the place where the next page begins, None: these are all)"""
    if space <= 0 and question.is_open:
        return [], question.place
    if len(found) <= space:
        return found, None
    page, following = found[:space], found[space]
    last = page[-1]
    if following.revision != last.revision:
        return page, last.revision
    behind = sa.or_(_ROWS.c.type > last.type, sa.and_(_ROWS.c.type == last.type, _ROWS.c.id > last.id))
    return page, _place(last.revision, _count(session, last.scope, last.revision, behind))


def stale(session, consumer):
    """Names of the scopes that a consumer follows and has not in the newest revision."""
    return list(session.scalars(sa.select(_APPLIED.c.scope).join(_SCOPES, _SCOPES.c.scope == _APPLIED.c.scope).where(
        _APPLIED.c.consumer == consumer, _APPLIED.c.revision != _SCOPES.c.revision).order_by(_APPLIED.c.scope)))


def followers(session, scope):
    """Names of the consumers that follow a scope."""
    return [consumer for _, consumer in followers_of(session, [scope])]


def followers_of(session, scopes):
    """[(scope, name of a consumer that follows it)]"""
    return session.execute(_FOLLOWERS, {"b_scopes": sorted(scopes)}).all()


def failing(session, late):
    """{consumer: what it reports as errors of scopes, in text} of what has been wanted for so long (a timedelta)."""
    rows = session.execute(sa.select(_APPLIED).join(_SCOPES, _SCOPES.c.scope == _APPLIED.c.scope).where(
        _APPLIED.c.error.is_not(None), _SCOPES.c.changed_at < now() - late).order_by(
        _APPLIED.c.consumer, _APPLIED.c.scope)).all()
    found = {}
    for row in rows:
        found.setdefault(row.consumer, []).append(f"{row.scope}: {row.error}")
    return {consumer: "; ".join(each) for consumer, each in found.items()}


def present(session, scopes):
    """Those of ``scopes`` that have changed at least once, and are not purged."""
    return set(session.scalars(sa.select(_SCOPES.c.scope).where(_SCOPES.c.scope.in_(sorted(scopes)))))


def report(session, consumer, applied):
    """Write what is in force at a consumer.

    :param applied: {scope: (revision, error or None)}; None instead: it does not follow that scope any more.
    """
    moment, dialect = now(), session.get_bind().dialect.name
    written = [{"consumer": consumer, "scope": scope, "revision": each[0], "error": each[1], "reported_at": moment}
               for scope, each in sorted(applied.items()) if each is not None]
    dropped = [scope for scope, each in applied.items() if each is None]
    if written:
        session.execute(_reported(dialect), written)
    if dropped:
        session.execute(sa.delete(_APPLIED).where(_APPLIED.c.consumer == consumer, _APPLIED.c.scope.in_(dropped)))


@functools.cache
def _reported(dialect):
    return rows.upsert(dialect, _APPLIED, lambda new: {
        "revision": new.revision, "error": new.error, "reported_at": new.reported_at})


# ---- forgetting

def forget(session, consumer):
    """A consumer is no more: what was in force there is of no interest."""
    session.execute(sa.delete(_APPLIED).where(_APPLIED.c.consumer == consumer))


def forget_unknown(session, most):
    """Delete what at most so many consumers reported that are no compute hosts and have said nothing for a day, such as
    one whose last report came when it was forgotten already; return how many rows.
    """
    known = sa.exists().where(_NODES.c.host == _APPLIED.c.consumer)
    gone = session.scalars(sa.select(_APPLIED.c.consumer).where(~known).group_by(_APPLIED.c.consumer).having(
        sa.func.max(_APPLIED.c.reported_at) < now() - _KEPT).order_by(_APPLIED.c.consumer).limit(most)).all()
    return session.execute(sa.delete(_APPLIED).where(_APPLIED.c.consumer.in_(gone))).rowcount if gone else 0


# ---- purging

def purge(session, most):
    """Delete at most so many tombstones that are a day old; return how many.

    A scope other than a host's goes with its last one, and with it what consumers have applied of it: an id is never
    used again, as a host's name may be.
    """
    old = session.execute(sa.select(_ROWS.c.scope, sa.func.max(_ROWS.c.revision).label("revision")).where(
        _ROWS.c.gone_at < now() - _KEPT).group_by(_ROWS.c.scope).order_by(_ROWS.c.scope).limit(most)).all()
    deleted = 0
    for scope, revision in old:
        session.execute(sa.update(_SCOPES).where(_SCOPES.c.scope == scope, _SCOPES.c.purged < revision)
                        .values(purged=revision))
        deleted += session.execute(sa.delete(_ROWS).where(
            _ROWS.c.scope == scope, _ROWS.c.revision <= revision, _ROWS.c.gone_at < now() - _KEPT)).rowcount
        if not scope.startswith(of_host("")):
            session.execute(sa.delete(_SCOPES).where(_SCOPES.c.scope == scope, ~sa.exists().where(
                _ROWS.c.scope == scope)))
            session.execute(sa.delete(_APPLIED).where(_APPLIED.c.scope == scope, ~sa.exists().where(
                _SCOPES.c.scope == scope)))
    return deleted
