"""A jump of the time of day, which is SQLite's clock: the times of what is under way are moved along with it.

Work goes on between the jump and its being noticed.  What was written since is of the new clock already, so no time is
moved past what could be written now.
"""

import datetime

import sqlalchemy as sa

from nova_lite.conf import CONF
from nova_lite.db.base import now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Service
from nova_lite.objects.states import OPERATIONS

_T = Operation.__table__
_TIMES = ("lease_until", "rung_at", "deadline")


def follow(session, seconds):
    """The clock jumped by ``seconds``, forward or (negative) back."""
    moment = now()
    columns = (_T.c.id, _T.c.name, _T.c.created_at, *(_T.c[name] for name in _TIMES))
    for row in session.execute(sa.select(*columns).where(_T.c.finished_at.is_(None))).all():
        latest = {"lease_until": moment + datetime.timedelta(seconds=CONF.operations.lease), "rung_at": moment,
                  "deadline": moment + _patience(row)}
        values = {name: moved(getattr(row, name), seconds, latest[name])
                  for name in _TIMES if getattr(row, name) is not None}
        session.execute(sa.update(_T).where(_T.c.id == row.id), values)
    seen = sa.select(Service.id, Service.last_seen_at).where(Service.last_seen_at.is_not(None))
    for row in session.execute(seen).all():
        session.execute(sa.update(Service).where(Service.id == row.id).values(
            last_seen_at=moved(row.last_seen_at, seconds, moment)), execution_options={"synchronize_session": False})


def _patience(row):
    """How long an operation of this name may take; a newer release's row tells by itself."""
    operation = OPERATIONS.get(row.name)
    return datetime.timedelta(seconds=operation.deadline) if operation else row.deadline - row.created_at


def moved(moment, seconds, latest):
    """``moment`` after a jump by ``seconds``, where it can be no later than ``latest``.

    After a jump back, what is later is of the old clock.  After one forward the two cannot be told apart, and what is
    taken for old only lasts longer.
    """
    if seconds < 0 and moment <= latest:
        return moment
    return min(moment + datetime.timedelta(seconds=seconds), latest)
