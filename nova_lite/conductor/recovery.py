"""The watch over operations: ring again for what nobody took up, end what is past its deadline.

A message is only a doorbell, so whatever was lost - a cast, a worker, a broker - is made good here.  What cannot be
read or done is named in the log and left to its deadline, and the rest goes on.
"""

import logging

from nova_lite import db
from nova_lite.common import clock, context, exception
from nova_lite.conf import CONF
from nova_lite.db import jumps, operations, services

LOG = logging.getLogger(__name__)


class Recovery:
    """:param flows: {operation name: callable(context, operation id)} of what runs at the conductor.
    :param hosts: a dead_hosts.Watch.  :param executor: a dead_hosts.Executor.  :param poison: a poison.Poison.
    """

    def __init__(self, flows, compute_rpc, hosts, executor, poison):
        self._flows = flows
        self._compute = compute_rpc
        self._hosts = hosts
        self._executor = executor
        self._poison = poison
        self._jumps = clock.Jumps()
        self._strange = set()       # operations of no known name that were told

    def look(self):
        """One look; called every ``[operations] poll`` seconds."""
        self._follow_clock()
        with db.reader() as session:
            due = operations.due(session, ring_after=CONF.operations.ring_again)
            overdue = operations.overdue(session)
            alive = services.up(session) if due else set()
        dead = self._hosts.dead() if due else set()
        if due:
            with db.writer(relaxed=True) as session:
                mine = operations.rung(session, [each.id for each in due])
            due = [each for each in due if each.id in mine]
        alive -= dead
        for operation in due:
            self._apart(operation.id, self._ring, operation, alive, dead)
        for operation_id in overdue:
            self._apart(operation_id, self._expire, operation_id)

    def _follow_clock(self):
        """Nothing is late, and nobody dead, because the time of day was set."""
        jumped = self._jumps.seconds()
        if jumped:
            LOG.warning("The time of day jumped by %.0f s; what is under way is moved along", jumped)
            with db.writer() as session:
                jumps.follow(session, jumped)

    def _apart(self, operation_id, work, *args):
        """Do what concerns one operation so that its failure is no other's."""
        try:
            work(*args)
        except exception.Fenced as error:
            LOG.debug("%s", error)      # it ended, or somebody works on it
        except exception.PeerAway:
            raise                       # nobody can be rung now
        except Exception as error:
            self._poison.tasted(operation_id, error)

    def _ring(self, operation, alive, dead):
        if operation.name not in operations.OPERATIONS:
            self._tell_once(operation)
            return
        asker = context.RequestContext(operation.user_id, operation.project_id, request_id=operation.request_id)
        if operation.place == operations.CONDUCTOR:
            self._flows[operation.name](asker, operation.id)
        elif operation.place in alive:
            self._compute.ring(asker, operation.place, operation.name, operation.id)
        elif operation.place in dead and self._executor.settle(operation, alive):
            self._flows[operation.name](asker, operation.id)

    def _tell_once(self, operation):
        """A newer release wrote it; a conductor of that release may take it up, until its deadline."""
        if operation.id not in self._strange:
            self._strange.add(operation.id)
            LOG.error("Operation %s of server %s is a %s, which this release does not know: it is left alone",
                      operation.id, operation.server_id, operation.name)

    def _expire(self, operation_id):
        with db.reader() as session:
            operation = operations.bare(session, operation_id)
        seconds = (operation.deadline - operation.created_at).total_seconds()
        LOG.warning("Operation %s (%s) of server %s passed its deadline", operation_id, operation.name,
                    operation.server_id)
        self._strange.discard(operation_id)
        self._poison.set_aside(operation_id, (
            f"The operation {operation.name} did not end within {seconds:.0f} seconds and was given up at step "
            f"{operation.step or 'queued'}."))
