"""The watch over operations: ring again for what nobody took up, end what is past its deadline.

A message is only a doorbell, so whatever was lost - a cast, a worker, a broker - is made good here.
"""

import datetime
import logging

from nova_lite import db
from nova_lite.common import context, exception
from nova_lite.conductor.flows.endings import fault
from nova_lite.conf import CONF
from nova_lite.db import operations, services
from nova_lite.db.base import now

LOG = logging.getLogger(__name__)


class Recovery:
    """:param flows: {operation name: callable(context, operation id)} of what runs at the conductor."""

    def __init__(self, flows, compute_rpc, endings):
        self._flows = flows
        self._compute = compute_rpc
        self._endings = endings

    def look(self):
        """One look; called every ``[operations] poll`` seconds."""
        with db.reader() as session:
            due = operations.due(session, ring_after=CONF.operations.ring_again)
            overdue = operations.overdue(session)
            alive = services.up(session, _up_since()) if due else ()
        if due:
            with db.writer() as session:
                operations.rung(session, [each.id for each in due])
        for operation in due:
            self._ring(operation, alive)
        for operation_id in overdue:
            self._expire(operation_id)

    def _ring(self, operation, alive):
        asker = context.RequestContext(operation.user_id, operation.project_id, request_id=operation.request_id)
        if operation.place == operations.CONDUCTOR:
            self._flows[operation.name](asker, operation.id)
        elif operation.place in alive:
            self._compute.ring(asker, operation.place, operation.name, operation.id)

    def _expire(self, operation_id):
        try:
            with db.writer() as session:
                operation = operations.get(session, operation_id)
                seconds = operations.OPERATIONS[operation.name].deadline
                LOG.warning("Operation %s (%s) of server %s passed its deadline", operation_id, operation.name,
                            operation.server_id)
                self._endings.failed(session, operation, fault(500, (
                    f"The operation {operation.name} did not end within {seconds} seconds and was given up at step "
                    f"{operation.step or 'queued'}.")))
        except exception.Fenced:
            pass        # it ended while we looked


def _up_since():
    return now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
