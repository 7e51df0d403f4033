"""The flow that finds a host for a new server: lease, schedule and claim, ports, hand over, notify."""

import logging

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor.effects.base import Failure
from nova_lite.conf import CONF
from nova_lite.db import operations

LOG = logging.getLogger(__name__)


class Build:
    """Runs where the conductor runs; every step may be repeated by another conductor after a crash."""

    def __init__(self, worker, rpc, completion, hosts, leases):
        """:param rpc: (ComputeAPI, SchedulerAPI).  :param completion: effects.completion.Completion.
        :param hosts: a dead_hosts.Watch.  :param leases: a held_leases.HeldLeases.
        """
        self._worker = worker
        self._compute, self._scheduler = rpc
        self._completion = completion
        self._hosts = hosts
        self._leases = leases

    def build_server(self, context, operation_id):
        """Place one server and notify its host; without a host it ends in ERROR with the reason."""
        with db.writer(relaxed=True) as session:
            operation = operations.lease(session, operation_id, operations.CONDUCTOR, self._worker,
                                         CONF.operations.lease)
        try:
            with self._leases.holding(operation):
                host = self._place(context, operation)
        except exceptions.Fenced:
            raise
        except exceptions.ChangePending as pending:
            LOG.warning("Placing server %s waits: %s", operation.resource_id, pending)
            self._completion.ledger.wait(operation, pending)
        except exceptions.PeerAway as error:
            self._wait_for(operation, error)
        except exceptions.NoValidHost as error:
            if self._hosts.may_come(error.fields.get("down", ())):
                self._wait_for(operation, error)
            else:
                self._give_up(operation, error)
        except exceptions.NovaLiteError as error:
            self._give_up(operation, error)
        except Exception:
            LOG.exception("Placing server %s failed", operation.resource_id)
            self._give_up(operation, exceptions.NovaLiteError())
        else:
            self._compute.notify(context, host, operation.name, operation_id)

    def _place(self, context, operation):
        host, effect = self._choose(context, operation), self._completion.effects[operation.name]

        def hand_over(session, _results):
            operations.hand_over(session, operation.id, operation.attempt, host)
        self._completion.ledger.carry_out(operation, effect.changes(operation, host), hand_over)
        return host

    def _choose(self, context, operation):
        return self._scheduler.select_destinations(context, operation.id, operation.attempt)

    @staticmethod
    def _wait_for(operation, error):
        """Somebody who is needed is away, which is no fault of the server's: it is tried again later."""
        LOG.warning("Placing server %s waits: %s", operation.resource_id, error)
        with db.writer() as session:
            operations.hand_over(session, operation.id, operation.attempt, operations.CONDUCTOR,
                                 failed=(str(error), None))

    def _give_up(self, operation, error):
        message = str(error)
        if isinstance(error, exceptions.NoValidHost) and operation.args.get("excluded"):
            message = (f"Exceeded maximum number of retries. Its build failed on "
                       f"{len(operation.args['excluded'])} host(s), and no other was left. {message} "
                       f"The last one said: {operation.args.get('failure')}")
        with db.writer() as session:
            self._completion.fail(session, operation, Failure.of(error, message))
