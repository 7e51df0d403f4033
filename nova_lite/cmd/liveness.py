"""Whether this process lives: its loop turns, it receives its own pings over the bus, its database answers or is away.

The init system's watchdog is notified only while all of that holds.  A broker or database that is away is no fault of
this process: to restart it would only lose the steps it runs.  A process whose consumers hang - the broker takes its
ping, and it never arrives - is at fault: it stops gracefully and restarts itself.
"""

import logging
import time

from nova_lite import db
from nova_lite.cmd import notify
from nova_lite.common import concurrency, exceptions
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)

PING = 5.0          # seconds a round trip over the bus may take
ANSWER = 20.0       # seconds the database may take to answer, or to be found away
HUNG_AFTER = 3      # lost pings in a row after which the consumers count as hung,
GRACE = 30.0        # if so many seconds have passed: after an outage of the broker, consumers need a while to reconnect


class Liveness:
    """:param servers: the rpc.Servers of this process.  :param database: whether it uses one."""

    def __init__(self, servers, database):
        self._servers = [*servers]
        self._database = database
        self._lost_pings = 0
        self._received_at = time.monotonic()
        self._beat = None

    @property
    def consumers_hang(self):
        """Whether this process receives nothing from a bus that works, and must restart."""
        return self._lost_pings >= HUNG_AFTER and time.monotonic() - self._received_at >= GRACE

    def start(self):
        wanted = notify.watchdog_seconds()
        pause = CONF.operations.report_interval if wanted is None else min(wanted / 3, CONF.operations.report_interval)
        self._beat = concurrency.every(pause, self.look, first=0)

    def stop(self):
        if self._beat is not None:
            self._beat.stop(0)

    def look(self):
        """Check once; notify the init system when all is well."""
        received = all(map(self._receives, self._servers))
        self._lost_pings = 0 if received else self._lost_pings + 1
        if received:
            self._received_at = time.monotonic()
        if self.consumers_hang:
            LOG.error("The bus takes this process's pings to itself, and they do not arrive: the process restarts")
        if received and (not self._database or _answers()):
            notify.send(notify.ALIVE)

    @staticmethod
    def _receives(server):
        try:
            server.ping(PING)
        except exceptions.BusUnavailable as error:
            LOG.warning("%s", error)
        except exceptions.NoAnswer as error:
            LOG.warning("This process does not receive its own pings: %s", error)
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
