"""Whether this process lives: its loop turns, it hears itself over the bus, its database answers or is away.

The init system's watchdog is told only while all of that holds.  A broker or database that is away is no fault of this
process: to start it anew would only lose the steps it runs.  A process that is deaf - the broker takes its ping, and it
never arrives - is: it stops gracefully and starts itself anew.
"""

import logging
import time

from nova_lite import db
from nova_lite.cmd import notify
from nova_lite.common import concurrency, exception
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)

PING = 5.0          # seconds a round trip over the bus may take
ANSWER = 20.0       # seconds the database may take to answer, or to be told away
DEAF = 3            # pings in a row that are not heard,
PATIENCE = 30.0     # in at least so many seconds: after an outage of the broker, consumers need a while to be back


class Liveness:
    """:param servers: the rpc.Servers of this process.  :param database: whether it uses one."""

    def __init__(self, servers, database):
        self._servers = [*servers]
        self._database = database
        self._unheard = 0
        self._heard_at = time.monotonic()
        self._beat = None

    @property
    def deaf(self):
        return self._unheard >= DEAF and time.monotonic() - self._heard_at >= PATIENCE

    def start(self):
        wanted = notify.watchdog_seconds()
        pause = CONF.operations.report_interval if wanted is None else min(wanted / 3, CONF.operations.report_interval)
        self._beat = concurrency.every(pause, self.look, first=0)

    def stop(self):
        if self._beat is not None:
            self._beat.stop(0)

    def look(self):
        """One look; tells the init system when all is well."""
        heard = all(map(self._hears, self._servers))
        self._unheard = 0 if heard else self._unheard + 1
        if heard:
            self._heard_at = time.monotonic()
        if self.deaf:
            LOG.error("The bus takes what this process sends itself, and it does not arrive: it starts anew")
        if heard and (not self._database or _answers()):
            notify.tell(notify.ALIVE)

    @staticmethod
    def _hears(server):
        try:
            server.ping(PING)
        except exception.BusUnavailable as error:
            LOG.warning("%s", error)
        except exception.NoAnswer as error:
            LOG.warning("This process does not hear itself: %s", error)
            return False
        return True


def _answers():
    task = concurrency.spawn(_ask)
    if task.wait(ANSWER):
        return True
    LOG.error("The database has neither answered nor failed within %g s", ANSWER)
    return False


def _ask():
    from nova_lite.db import services
    try:
        with db.reader() as session:
            services.answers(session)
    except Exception as error:
        LOG.warning("The database is away: %s", error)
