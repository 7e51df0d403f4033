"""Which hosts are dead, as far as one conductor can tell, and what becomes of the work that waits for them.

A host is dead when this conductor saw none of its signs of life for ``[operations] service_down_time`` while it heard
the bus itself, or when an operator forced it down.  Timestamps alone would not do: after a broker's outage every host
looks old, and so it does when the clock jumps.
"""

import datetime
import logging
import time

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import operations, services
from nova_lite.db.base import now

LOG = logging.getLogger(__name__)


class Watch:
    """:param hears: callable; whether this conductor hears what it sends itself over the bus."""

    def __init__(self, hears):
        self._hears = hears
        self._marks = {}            # host -> (its last sign of life, when it was first seen here)
        self._forced = set()
        self._looked = time.monotonic()

    def look(self):
        """One look, at most half as far apart as ``service_down_time``."""
        with db.reader() as session:
            signs = services.signs_of_hosts(session)
        self._forced = {each.host for each in signs if each.forced_down}
        moment = time.monotonic()
        known = self._marks if self._hears() else {}
        self._marks = {each.host: known[each.host] if known.get(each.host, (None,))[0] == each.last_seen_at
                       else (each.last_seen_at, moment) for each in signs}
        self._looked = moment

    def dead(self):
        """Their names, as of the last look: one that was held up makes no host dead."""
        before = self._looked - CONF.operations.service_down_time
        return self._forced | {host for host, (_, since) in self._marks.items() if since < before}

    def may_come(self, down=()):
        """Whether a host that counts as down may be on its way back: it was stopped, or we began, just now.

        :param down: names of those that counted as down when somebody else looked, a while ago: after an outage of the
            broker a host may have been heard since.
        """
        with db.reader() as session:
            signs = services.signs_of_hosts(session)
        silent_since = now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
        dead = {(host, self._marks.get(host, (None,))[0]) for host in self.dead()}
        return any((each.last_seen_at < silent_since or each.host in down) and not each.forced_down
                   and (each.host, each.last_seen_at) not in dead for each in signs)


class Executor:
    """What goes on without a dead host: deletions end, builds try another host; anything else waits for its return."""

    def __init__(self, worker, endings):
        self._worker = worker
        self._endings = endings

    def settle(self, operation, alive):
        """:param operation: a row of operations.due at a dead host.  :param alive: names of the hosts that live.
        :returns: whether it is now the conductor's to go on with.
        :raises Fenced: somebody works on it after all.
        """
        if operation.name == "delete":
            self._delete(operation)
        elif operation.name == "create":
            return self._move(operation, alive)
        return False

    def _lease(self, session, operation):
        return operations.lease(session, operation.id, operation.place, self._worker, CONF.operations.lease)

    def _delete(self, operation):
        with db.writer() as session:
            row = self._lease(session, operation)
            operations.journal(session, row.id, row.attempt, "leave_to_host", host=CONF.host,
                               seconds=CONF.operations.lease)
            self._endings.deleted(session, row)
        LOG.warning("Server %s is deleted although its host %s is down; that removes the guest when it is back",
                    operation.server_id, operation.place)

    def _move(self, operation, alive):
        with db.writer() as session:
            row = self._lease(session, operation)
            tried = {row.place, *row.args.get("excluded", ())}
            if row.args.get("host") or not alive - tried:
                raise _Waits(operation_id=row.id)
            operations.journal(session, row.id, row.attempt, "host_lost", host=row.place,
                               seconds=CONF.operations.lease)
            self._endings.moved(session, row, f"The host {row.place} went down while it built the server.")
        return True


class _Waits(exception.Fenced):
    """Nobody else could do it: it waits, and its row is as it was."""

    template = "Operation {operation_id} waits for its host."
