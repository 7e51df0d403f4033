"""The auditor's memory: differences and their state, counters, and when each part looked last."""

import datetime

import sqlalchemy as sa

from nova_lite.db.base import now
from nova_lite.db.models.audit import Counter, Drift, Look
from nova_lite.db.models.operations import Operation

_D, _L, _C, _O = Drift.__table__, Look.__table__, Counter.__table__, Operation.__table__
DATABASE = "database"
OPERATIONS = "operations"
#: Operations that ended this short a time ago are counted at the next look: another transaction may still be ending.
_SETTLED = 10


def take_turn(session, part, seconds):
    """Of several conductors that come to look at ``part`` within ``seconds``, one gets the turn.

    :returns: the position where the last look ended, or None: it is not our turn.
    """
    before = now() - datetime.timedelta(seconds=seconds)
    row = session.execute(sa.select(_L).where(_L.c.part == part).with_for_update()).one_or_none()
    if row is None:
        session.execute(sa.insert(_L), {"part": part, "looked_at": now()})
        return ""
    if row.looked_at > before:
        return None
    session.execute(sa.update(_L).where(_L.c.part == part), {"looked_at": now()})
    return row.position


def looked(session, part, seconds, position=""):
    """A look ended: how long it took, and where the next one goes on."""
    values = {"looked_at": now(), "seconds": seconds, "position": position}
    if not session.execute(sa.update(_L).where(_L.c.part == part), values).rowcount:
        session.execute(sa.insert(_L), {"part": part, **values})


def record(session, part, findings):
    """Take over what a look found; it judged everything that is open of its part, so what it did not find is gone.

    :param findings: objects.Finding; one that is open already is seen again and not counted.
    """
    still = {finding.key for finding in findings}
    over = [row.id for row in _open(session, part) if (row.kind, row.subject) not in still]
    if over:
        session.execute(sa.update(_D).where(_D.c.id.in_(over)), {"state": "gone", "last_seen_at": now()})
    for finding in findings:
        _take_over(session, part, finding)


def _open(session, part):
    return session.execute(sa.select(_D).where(_D.c.part == part, _D.c.state == "open")).all()


def open_subjects(session, part):
    """What is open of a part is about these."""
    return {row.subject for row in _open(session, part)}


def _take_over(session, part, finding):
    row = session.execute(sa.select(_D).where(
        _D.c.part == part, _D.c.kind == finding.kind, _D.c.subject == finding.subject)).one_or_none()
    new = row is None or row.state != "open"
    values = {"state": "repaired" if finding.repaired else "open", "detail": finding.detail, "last_seen_at": now()}
    if row is None:
        session.execute(sa.insert(_D), {"part": part, "kind": finding.kind, "subject": finding.subject, **values})
    else:
        session.execute(sa.update(_D).where(_D.c.id == row.id), {**values, "times": row.times + new})
    if new:
        add(session, "drift_found", finding.kind, 1)
    if finding.repaired:
        add(session, "drift_repaired", finding.kind, 1)


def add(session, name, label, amount):
    """Add to a counter; the first time makes it."""
    row = sa.and_(_C.c.name == name, _C.c.label == label)
    if not session.execute(sa.update(_C).where(row).values(value=_C.c.value + amount)).rowcount:
        session.execute(sa.insert(_C), {"name": name, "label": label, "value": amount})


def forget(session, days):
    """Remove what has been mended or gone for so long."""
    session.execute(sa.delete(_D).where(
        _D.c.state != "open", _D.c.last_seen_at < now() - datetime.timedelta(days=days)))


def keep_parts(session, parts):
    """Hosts that are no more have no drift."""
    session.execute(sa.delete(_D).where(_D.c.part.not_in(parts)))
    session.execute(sa.delete(_L).where(_L.c.part.not_in(parts)))


def count_operations(session):
    """Add the operations that ended since the last call to the counters, by name and outcome."""
    since = session.execute(sa.select(_L.c.position).where(_L.c.part == OPERATIONS)).scalar()
    until = now() - datetime.timedelta(seconds=_SETTLED)
    ended = [_O.c.finished_at <= until]
    if since:
        ended.append(_O.c.finished_at > datetime.datetime.fromisoformat(since))
    for row in session.execute(sa.select(_O.c.name, _O.c.state, sa.func.count().label("amount"))
                               .where(*ended).group_by(_O.c.name, _O.c.state)).all():
        add(session, "operations", f"{row.name} {row.state}", row.amount)
    looked(session, OPERATIONS, 0.0, until.isoformat())


# ---- reading

def listed(session, states=("open",), limit=1000):
    """Differences in these states, the latest first."""
    return session.execute(sa.select(_D).where(_D.c.state.in_(states)).order_by(_D.c.last_seen_at.desc(), _D.c.id)
                           .limit(limit)).all()


def looks(session):
    """{part: row} of the last looks."""
    return {row.part: row for row in session.execute(sa.select(_L).where(_L.c.part != OPERATIONS))}


def counters(session):
    """[(name, label, value)]"""
    return [tuple(row) for row in session.execute(sa.select(_C).order_by(_C.c.name, _C.c.label))]


def open_by_kind(session):
    """{kind: how many are open}"""
    return dict(session.execute(sa.select(_D.c.kind, sa.func.count()).where(_D.c.state == "open")
                                .group_by(_D.c.kind)).all())


def open_operations(session):
    """{(name, state): how many} of operations that have not ended."""
    found = session.execute(sa.select(_O.c.name, _O.c.state, sa.func.count()).where(_O.c.finished_at.is_(None))
                            .group_by(_O.c.name, _O.c.state))
    return {(row[0], row[1]): row[2] for row in found}
