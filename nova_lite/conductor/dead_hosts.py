"""Which hosts are dead, as far as one conductor knows, and what becomes of the operations that wait for them.

A host is dead when this conductor saw none of its reports for ``[operations] service_down_time`` while it received its
own pings over the bus, or when an operator forced it down.  Timestamps alone do not suffice: after an outage of the
broker, or a step of the clock, the last report of every host is old.
"""

import datetime
import logging
import time

from nova_lite import db
from nova_lite.common import exceptions, source_places
from nova_lite.conductor.effects.base import Failure, HostLost
from nova_lite.conf import CONF
from nova_lite.db import operations, services
from nova_lite.db.base import now

LOG = logging.getLogger(__name__)


class Watch:
    """Observes when hosts report.

    :param receives: callable without arguments; whether this conductor receives its own pings over the bus.
    """

    def __init__(self, receives):
        self._receives = receives
        self._marks = {}            # host -> (time of its last report, when this was first seen here)
        self._forced = set()
        self._looked = time.monotonic()

    def look(self):
        """Read when hosts last reported; to be called at least twice within ``service_down_time``."""
        with db.reader() as session:
            signs = services.signs_of_hosts(session)
        self._forced = {each.host for each in signs if each.forced_down}
        moment = time.monotonic()
        known = self._marks if self._receives() else {}
        self._marks = {each.host: known[each.host] if known.get(each.host, (None,))[0] == each.last_seen_at
                       else (each.last_seen_at, moment) for each in signs}
        self._looked = moment

    def dead(self):
        """Names of the dead hosts as of the last ``look``: a delay since then makes no host dead."""
        before = self._looked - CONF.operations.service_down_time
        return self._forced | {host for host, (_, since) in self._marks.items() if since < before}

    def may_come(self, down=()):
        """Whether a host that is down, and not dead, may soon be up: it stopped, or this conductor started, just now.

        :param down: names of hosts that were down when the scheduler looked: after an outage of the broker one may
            have reported since.
        """
        with db.reader() as session:
            signs = services.signs_of_hosts(session)
        silent_since = now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
        dead = {(host, self._marks.get(host, (None,))[0]) for host in self.dead()}
        return any((each.last_seen_at < silent_since or each.host in down) and not each.forced_down
                   and (each.host, each.last_seen_at) not in dead for each in signs)


#: The journalled step, by what becomes of an operation without its host.
_STEPS = {HostLost.END: "leave_to_host", HostLost.MOVE: "host_lost"}


class Executor:
    """Lets operations go on without their dead host where their effects allow it; others wait for its return.

    :param worker: name of this conductor's incarnation.  :param completion: effects.completion.Completion.
    """

    def __init__(self, worker, completion):
        self._worker = worker
        self._completion = completion

    def settle(self, operation, alive):
        """End an operation at a dead host or take it back, as its effect says.

        :param operation: a row of operations.due.  :param alive: names of the hosts that are up.
        :returns: whether the conductor must now go on with it.
        :raises Fenced: a worker has its lease, or it waits for its host.
        """
        effect = self._completion.effects[operation.name]
        if not effect.can_go_on:
            return False
        with db.writer() as session:
            row = operations.lease(session, operation.id, operation.place, self._worker, CONF.operations.lease)
            answer = effect.host_lost(row, alive)
            if answer is HostLost.WAIT:
                raise _Waits(operation_id=row.id)
            here = CONF.host if answer is HostLost.END else row.place
            operations.journal(session, row.id, row.attempt, _STEPS[answer], host=here, seconds=CONF.operations.lease,
                               ran=source_places.place(effect.host_lost))
            if answer is HostLost.END:
                self._completion.succeed(session, row)
            else:
                self._completion.move(session, row, Failure(500, f"The host {row.place} went down while it built the "
                                                                 "server."))
        LOG.warning("Operation %s (%s) of %s %s goes on without its host %s, which is down", row.id, row.name,
                    row.resource_type, row.resource_id, row.place)
        return answer is HostLost.MOVE


class _Waits(exceptions.Fenced):
    """No other host can do it: it waits, and the transaction is undone."""

    template = "Operation {operation_id} waits for its host."
