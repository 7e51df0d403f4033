"""The auditor's memory: differences and their state, counters, and when each part looked last.

Several conductors, and hosts through them, write here at once: whoever writes about a part holds the part's row.
"""

import collections
import datetime

import sqlalchemy as sa

from nova_lite.db.base import now
from nova_lite.db.models.audit import Counter, Drift, Look
from nova_lite.db.models.operations import Operation
from nova_lite.db.rows import ensure_row

_DRIFTS, _LOOKS, _COUNTERS, _OPERATIONS = Drift.__table__, Look.__table__, Counter.__table__, Operation.__table__
#: Parts that are no hosts; no host can have such a name.
DATABASE = "(database)"
OPERATIONS = "(operations)"
IMAGES = "(images)"
#: Operations that ended this short a time ago are counted at the next look: another transaction may still be ending.
_SETTLED = 10
#: After so many seconds without its answer a look that somebody waits for is given out again: whoever was to look is
#: gone, or could not say what it saw.
_UNANSWERED = 45
_MANY = 500         # values of one IN


def _lock(session, part):
    """The row of a part, ours until this transaction ends; made where it is missing."""
    wanted = sa.select(_LOOKS).where(_LOOKS.c.part == part).with_for_update()
    row = session.execute(wanted).one_or_none()
    if row is None:
        ensure_row(session, _LOOKS, {"part": part, "seconds": 0.0, "position": ""})
        row = session.execute(wanted).one()
    return row


# ---- whose turn it is

def take_turn(session, part, seconds):
    """Of several conductors that come to look at ``part`` within ``seconds``, one gets the turn.

    :returns: the position where the last look ended, or None: it is not our turn.
    """
    row = _lock(session, part)
    recent = datetime.timedelta(seconds=seconds)
    if row.turn_at is not None and abs(now() - row.turn_at) < recent:       # one far ahead: the clock was set back
        return None
    session.execute(sa.update(_LOOKS).where(_LOOKS.c.part == part), {"turn_at": now()})
    return row.position


def looked(session, part, seconds, position="", asked=None):
    """A look ended: how long it took, and where the next one goes on.

    :param asked: the moment that ``take_asked`` gave, of a look that somebody waits for.
    """
    _lock(session, part)
    session.execute(sa.update(_LOOKS).where(_LOOKS.c.part == part),
                    {"looked_at": now(), "seconds": seconds, "position": position})
    if asked is not None:
        session.execute(sa.update(_LOOKS).where(_LOOKS.c.part == part, _LOOKS.c.asked_at == asked), {"asked_at": None})


def ask(session, parts):
    """Want a look of each of these at once; a conductor passes it on within a second or so."""
    moment = now()
    for part in sorted(parts):
        _lock(session, part)
        session.execute(sa.update(_LOOKS).where(_LOOKS.c.part == part), {"asked_at": moment})


def unanswered(session, parts):
    """Those of ``parts`` that somebody still waits for."""
    return {row.part for row in session.execute(_ASKED) if row.part in parts}


def is_asked(session):
    """Whether there is anything for ``take_asked``."""
    return session.execute(_waiting()).first() is not None


def take_asked(session):
    """[(part, moment)] of looks that are wanted, in the order of the parts' names; what was asked for at once is given
    to one caller.
    """
    return [(row.part, row.asked_at) for row in sorted(session.execute(_waiting()).all()) if session.execute(
        sa.update(_LOOKS).where(_LOOKS.c.part == row.part, _LOOKS.c.asked_at == row.asked_at, _is_untaken()),
        {"taken_at": max(row.asked_at, now())}).rowcount]


def _is_untaken():
    long_ago = now() - datetime.timedelta(seconds=_UNANSWERED)
    return sa.or_(_LOOKS.c.taken_at.is_(None), _LOOKS.c.taken_at < _LOOKS.c.asked_at, _LOOKS.c.taken_at < long_ago)


def _waiting():
    return _ASKED.where(_is_untaken())


_ASKED = sa.select(_LOOKS.c.part, _LOOKS.c.asked_at).where(_LOOKS.c.asked_at.is_not(None))


# ---- what was found

def record(session, part, findings):
    """Take over what a look found; it examined everything that is open of its part, so what it did not find is gone.

    :param findings: objects.Finding; those that are not ``sure`` only keep open what is open already.
    :returns: those that are new.
    """
    _lock(session, part)
    found = {finding.key: finding for finding in findings}
    known = {(row.kind, row.subject): row for row in _known(session, part, {subject for _, subject in found})}
    gone = [row.id for key, row in known.items() if row.state == "open" and key not in found]
    _update(session, gone, {"state": "gone", "last_seen_at": now()})
    new, repaired = [], []
    for key, finding in found.items():
        row = known.get(key)
        if finding.sure:
            if row is None or row.state != "open":
                new.append(finding)
            if finding.repaired:
                repaired.append(finding)
            _take_over(session, part, finding, row)
    for name, each in (("drift_found", new), ("drift_repaired", repaired)):
        for kind, amount in sorted(collections.Counter(finding.kind for finding in each).items()):
            add(session, name, kind, amount)
    return new


def _known(session, part, subjects):
    """Rows of a part: all that is open, and all about ``subjects``."""
    found = {row.id: row for row in _open(session, part)}
    for some in chunks(sorted(subjects)):
        found |= {row.id: row for row in session.execute(
            sa.select(_DRIFTS).where(_DRIFTS.c.part == part, _DRIFTS.c.subject.in_(some)))}
    return found.values()


def chunks(values):
    """Lists that one statement can hold."""
    return (values[start:start + _MANY] for start in range(0, len(values), _MANY))


def _update(session, ids, values):
    for some in chunks(ids):
        session.execute(sa.update(_DRIFTS).where(_DRIFTS.c.id.in_(some)), values)


def _take_over(session, part, finding, row):
    values = {"state": "repaired" if finding.repaired else "open", "detail": finding.detail, "last_seen_at": now()}
    if row is None:
        session.execute(sa.insert(_DRIFTS), {"part": part, "kind": finding.kind, "subject": finding.subject, **values})
    else:
        session.execute(sa.update(_DRIFTS).where(_DRIFTS.c.id == row.id),
                        {**values, "times": row.times + (row.state != "open")})


def _open(session, part):
    return session.execute(sa.select(_DRIFTS).where(_DRIFTS.c.part == part, _DRIFTS.c.state == "open")).all()


def open_subjects(session, part):
    """{kind: sorted subjects} of what is open of a part."""
    found = {}
    for row in _open(session, part):
        found.setdefault(row.kind, set()).add(row.subject)
    return {kind: sorted(subjects) for kind, subjects in found.items()}


def forget(session, days):
    """Remove what has been mended or gone for so long."""
    _delete(session, _DRIFTS.c.id, _DRIFTS.c.state != "open",
            _DRIFTS.c.last_seen_at < now() - datetime.timedelta(days=days))


def keep_parts(session, hosts):
    """Hosts that are no more have no drift."""
    parts = {DATABASE, OPERATIONS, IMAGES, *hosts}
    _delete(session, _DRIFTS.c.id, _DRIFTS.c.part.not_in(parts))
    _delete(session, _LOOKS.c.part, _LOOKS.c.part.not_in(parts))


def _delete(session, key, *conditions):
    """Delete the rows that meet the conditions by their keys: MariaDB would wait for every row it looks at."""
    for each in session.execute(sa.select(key).where(*conditions).order_by(key)).scalars().all():
        session.execute(sa.delete(key.table).where(key == each, *conditions))


# ---- counters

def add(session, name, label, amount):
    """Add to a counter; the first time makes it."""
    this = _COUNTERS.c.name == name, _COUNTERS.c.label == label
    more = sa.update(_COUNTERS).where(*this).values(value=_COUNTERS.c.value + amount)
    if not session.execute(more).rowcount:
        ensure_row(session, _COUNTERS, {"name": name, "label": label, "value": 0})
        session.execute(more)


def count_operations(session):
    """Add the operations that ended since the last call to the counters, by name and outcome."""
    since = _lock(session, OPERATIONS).position
    until = now() - datetime.timedelta(seconds=_SETTLED)
    ended = [_OPERATIONS.c.finished_at <= until]
    if since:
        ended.append(_OPERATIONS.c.finished_at > datetime.datetime.fromisoformat(since))
    for row in session.execute(sa.select(_OPERATIONS.c.name, _OPERATIONS.c.state, sa.func.count().label("amount"))
                               .where(*ended).group_by(_OPERATIONS.c.name, _OPERATIONS.c.state)
                               .order_by(_OPERATIONS.c.name, _OPERATIONS.c.state)).all():
        add(session, "operations", f"{row.name} {row.state}", row.amount)
    looked(session, OPERATIONS, 0.0, until.isoformat())


# ---- reading

def listed(session, states=("open",), limit=1000):
    """Differences in these states, the latest first."""
    return session.execute(sa.select(_DRIFTS).where(_DRIFTS.c.state.in_(states))
                           .order_by(_DRIFTS.c.last_seen_at.desc(), _DRIFTS.c.id).limit(limit)).all()


def looks(session):
    """{part: row} of the last looks."""
    return {row.part: row for row in session.execute(sa.select(_LOOKS).where(_LOOKS.c.part != OPERATIONS))}


def counters(session):
    """[(name, label, value)]"""
    return [tuple(row) for row in session.execute(sa.select(_COUNTERS).order_by(_COUNTERS.c.name, _COUNTERS.c.label))]


def open_by_kind(session):
    """{kind: how many are open}"""
    return dict(session.execute(sa.select(_DRIFTS.c.kind, sa.func.count()).where(_DRIFTS.c.state == "open")
                                .group_by(_DRIFTS.c.kind)).tuples().all())


def open_operations(session):
    """{(name, state): how many} of operations that have not ended."""
    found = session.execute(sa.select(_OPERATIONS.c.name, _OPERATIONS.c.state, sa.func.count())
                            .where(_OPERATIONS.c.finished_at.is_(None))
                            .group_by(_OPERATIONS.c.name, _OPERATIONS.c.state))
    return {(row[0], row[1]): row[2] for row in found}
