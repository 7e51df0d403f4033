"""A step of the time of day, which is SQLite's clock: the times of what is under way are moved along with it.

Work goes on between the step and its being noticed.  What was written since is of the new clock already, so no time is
moved past what could be written now.
"""

import datetime

import sqlalchemy as sa

from nova_lite.conf import CONF
from nova_lite.db.base import now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Service
from nova_lite.objects.states import OPERATIONS

_OPERATIONS = Operation.__table__
_TIMES = ("lease_until", "last_notified_at", "deadline", "waits_since")


def follow(session, seconds):
    """The clock was stepped by ``seconds``, forward or (negative) back."""
    moment = now()
    columns = (_OPERATIONS.c.id, _OPERATIONS.c.name, _OPERATIONS.c.created_at,
               *(_OPERATIONS.c[name] for name in _TIMES))
    for row in session.execute(sa.select(*columns).where(_OPERATIONS.c.finished_at.is_(None))).all():
        latest = {"lease_until": moment + datetime.timedelta(seconds=CONF.operations.lease), "last_notified_at": moment,
                  "deadline": moment + _deadline_of(row), "waits_since": moment}
        values = {name: moved(getattr(row, name), seconds, latest[name])
                  for name in _TIMES if getattr(row, name) is not None}
        session.execute(sa.update(_OPERATIONS).where(_OPERATIONS.c.id == row.id), values)
    seen = sa.select(Service.id, Service.last_seen_at).where(Service.last_seen_at.is_not(None))
    for row in session.execute(seen).all():
        session.execute(sa.update(Service).where(Service.id == row.id).values(
            last_seen_at=moved(row.last_seen_at, seconds, moment)), execution_options={"synchronize_session": False})


def _deadline_of(row):
    """How long an operation of this name may take; a newer release's row says by itself."""
    operation = OPERATIONS.get(row.name)
    return datetime.timedelta(seconds=operation.deadline) if operation else row.deadline - row.created_at


def moved(moment, seconds, latest):
    """``moment`` after a step by ``seconds``, where it can be no later than ``latest``.

    After a step back, what is later is of the old clock.  After one forward the two cannot be distinguished, and what
    is taken for old only lasts longer.
    """
    if seconds < 0 and moment <= latest:
        return moment
    return min(moment + datetime.timedelta(seconds=seconds), latest)
