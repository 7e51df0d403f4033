"""The flow that finds a host for a new server: lease, schedule and claim, ports, hand over, ring."""

import logging

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import locks, operations, server_objects
from nova_lite.db.faults import fault

LOG = logging.getLogger(__name__)


class Build:
    """Runs where the conductor runs; every step may be repeated by another conductor after a crash."""

    def __init__(self, worker, network, rpc, endings, hosts):
        """:param rpc: (ComputeAPI, SchedulerAPI).  :param hosts: a dead_hosts.Watch."""
        self._worker = worker
        self._network = network
        self._compute, self._scheduler = rpc
        self._endings = endings
        self._hosts = hosts

    def build_server(self, context, operation_id):
        """Place one server and ring its host; without a host it ends in ERROR with the reason."""
        with db.writer(relaxed=True) as session:
            operation = operations.lease(session, operation_id, operations.CONDUCTOR, self._worker,
                                         CONF.operations.lease)
        try:
            host = self._place(context, operation)
        except exception.Fenced:
            raise
        except exception.PeerAway as error:
            self._wait_for(operation, error)
        except exception.NoValidHost as error:
            if self._hosts.may_come(error.fields.get("down", ())):
                self._wait_for(operation, error)
            else:
                self._give_up(operation, error)
        except exception.NovaLiteError as error:
            self._give_up(operation, error)
        except Exception:
            LOG.exception("Placing server %s failed", operation.server_id)
            self._give_up(operation, exception.NovaLiteError())
        else:
            self._compute.ring(context, host, operation.name, operation_id)

    def _place(self, context, operation):
        host = self._choose(context, operation)
        with db.writer() as session:
            locks.server(session, operation.server_id)
            self._furnish(session, operation)
            operations.hand_over(session, operation.id, operation.attempt, host)
        return host

    def _choose(self, context, operation):
        return self._scheduler.select_destinations(context, operation.id, operation.attempt)

    def _furnish(self, session, operation):
        self._network.allocate(session, server_objects.row(session, operation.server_id))

    @staticmethod
    def _wait_for(operation, error):
        """Somebody who is needed is away, which is no fault of the server's: it is tried again later."""
        LOG.warning("Placing server %s waits: %s", operation.server_id, error)
        with db.writer() as session:
            operations.hand_over(session, operation.id, operation.attempt, operations.CONDUCTOR,
                                 failed=(str(error), None))

    def _give_up(self, operation, error):
        message = str(error)
        if isinstance(error, exception.NoValidHost) and operation.args.get("excluded"):
            message = (f"Exceeded maximum number of retries. Its build failed on "
                       f"{len(operation.args['excluded'])} host(s), and no other was left. {message} "
                       f"The last one said: {operation.args.get('failure')}")
        with db.writer() as session:
            self._endings.failed(session, operation, fault(getattr(error, "status", 500), message))
