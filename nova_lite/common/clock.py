"""The cloud's clock: leases, deadlines and signs of life of all its processes are measured by one clock.

With a database server it is that server's clock: each process asks for it now and then and counts on by its own
monotonic clock, so that a step of the time of day on one machine harms nothing.  On SQLite, which one machine
has, it is the time of day; when that steps, what is under way is moved along (``ClockSteps``).
"""

import datetime
import logging
import time

LOG = logging.getLogger(__name__)
_NEWS = 2.0         # seconds of difference that are worth a word

_read = None        # (moment, monotonic time when it was read) of the database's clock; None: none is read


def now():
    """This moment, UTC without a zone."""
    return steady() or datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def steady():
    """This moment by the database's clock; None where there is none."""
    if _read is None:
        return None
    moment, at = _read
    return moment + datetime.timedelta(seconds=time.monotonic() - at)


def read(moment, asked_at):
    """The database said that it was ``moment``, UTC without a zone, when it was asked at monotonic ``asked_at``."""
    global _read
    answered = time.monotonic()
    before, _read = steady(), (moment, (asked_at + answered) / 2)
    if before is not None and abs((steady() - before).total_seconds()) > _NEWS + answered - asked_at:
        LOG.warning("The database's clock was moved by %.1f s", (steady() - before).total_seconds())


def forget():
    """There is no database server's clock any more."""
    global _read
    _read = None


class ClockSteps:
    """Measures by how much the time of day was stepped, with the monotonic clock."""

    def __init__(self):
        self._offset = self._now()

    @staticmethod
    def _now():
        return time.time() - time.monotonic()

    def seconds(self):
        """Since the last time this was asked, forward or (negative) back; 0.0 where nothing is to be mended."""
        if _read is not None:
            return 0.0
        before, self._offset = self._offset, self._now()
        jumped = self._offset - before
        return jumped if abs(jumped) > _NEWS else 0.0
