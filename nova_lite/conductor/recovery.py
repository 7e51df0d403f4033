"""Recovery of operations: notify again of those that nobody took up, end those that are past their deadline.

A message may be lost, a worker may die, a broker may be away: each is made good here.  An operation that cannot be read
or done is logged and left to its deadline, and the others go on.
"""

import logging

from nova_lite import db
from nova_lite.common import clock, context, exceptions
from nova_lite.conf import CONF
from nova_lite.db import clock_adjust, operations, services
from nova_lite.objects.states import OPERATIONS, action

LOG = logging.getLogger(__name__)


class Recovery:
    """The periodic recovery of all conductors.

    :param flows: {operation's name: callable(context, operation id)} that starts its flow at the conductor.
    :param compute_rpc: a ComputeAPI.
    :param hosts: a dead_hosts.Watch.  :param executor: a dead_hosts.Executor.
    :param failed_operations: a FailedOperations.
    """

    def __init__(self, flows, compute_rpc, hosts, executor, failed_operations):
        self._flows = flows
        self._compute = compute_rpc
        self._hosts = hosts
        self._executor = executor
        self._failed_operations = failed_operations
        self._clock_steps = clock.ClockSteps()
        self._unknown = set()       # ids of operations with unknown names that have been logged

    def look(self):
        """Run once; called every ``[operations] poll`` seconds."""
        self._follow_clock()
        with db.reader() as session:
            due = operations.due(session, notified_before=CONF.operations.notify_again)
            overdue = operations.overdue(session)
            alive = services.up(session) if due else set()
        dead = self._hosts.dead() if due else set()
        if due:
            with db.writer(relaxed=True) as session:
                mine = operations.notified(session, [each.id for each in due])
            due = [each for each in due if each.id in mine]
        alive -= dead
        for operation in due:
            self._apart(operation.id, self._notify, operation, alive, dead)
        for operation_id in overdue:
            self._apart(operation_id, self._expire, operation_id)

    def _follow_clock(self):
        """Move deadlines and leases along with a stepped clock, so that no operation is late and no host dead by it."""
        stepped = self._clock_steps.seconds()
        if stepped:
            LOG.warning("The clock was stepped by %.0f s; deadlines and leases are moved along", stepped)
            with db.writer() as session:
                clock_adjust.follow(session, stepped)

    def _apart(self, operation_id, work, *args):
        """Do ``work`` for one operation, so that its failure does not affect others."""
        try:
            work(*args)
        except exceptions.Fenced as error:
            LOG.debug("%s", error)      # it has ended, or a worker has its lease
        except exceptions.PeerAway:
            raise                       # no message can be sent now
        except Exception as error:
            self._failed_operations.record(operation_id, error)

    def _notify(self, operation, alive, dead):
        if operation.name not in OPERATIONS:
            self._log_unknown_once(operation)
            return
        asker = context.RequestContext(operation.user_id, operation.project_id, request_id=operation.request_id)
        if operation.place == operations.CONDUCTOR:
            self._flows[operation.name](asker, operation.id)
        elif operation.place in alive:
            self._compute.notify(asker, operation.place, operation.name, operation.id)
        elif operation.place in dead and self._executor.settle(operation, alive):
            self._flows[operation.name](asker, operation.id)

    def _log_unknown_once(self, operation):
        """Log once an operation of a newer release; a conductor of that release may do it before its deadline."""
        if operation.id not in self._unknown:
            self._unknown.add(operation.id)
            LOG.error("Operation %s of %s %s is a %s, which this release does not know: it is left alone",
                      operation.id, operation.resource_type, operation.resource_id, operation.name)

    def _expire(self, operation_id):
        with db.reader() as session:
            operation = operations.get_without_json(session, operation_id)
        seconds = (operation.deadline - operation.created_at).total_seconds()
        LOG.warning("Operation %s (%s) of %s %s passed its deadline", operation_id, operation.name,
                    operation.resource_type, operation.resource_id)
        self._unknown.discard(operation_id)
        self._failed_operations.set_aside(operation_id, (
            f"The operation {action(operation.name)} did not end within {seconds:.0f} seconds and was given up at step "
            f"{operation.step or 'queued'}."))
