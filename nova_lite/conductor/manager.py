"""The conductor: flows that touch more than one host, and the only way from hosts to state."""

import functools
import logging

from nova_lite import db
from nova_lite.common import concurrency, exceptions
from nova_lite.common.dispatcher import Dispatcher
from nova_lite.conductor import auditor, cloud_mark, purge
from nova_lite.conductor.cloud_mark import CloudMark
from nova_lite.conductor.dead_hosts import Executor, Watch
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.endpoints.audit import Audits
from nova_lite.conductor.endpoints.desired_state import DesiredState
from nova_lite.conductor.endpoints.flows import Flows
from nova_lite.conductor.endpoints.hosts import Hosts
from nova_lite.conductor.endpoints.leases import Leases
from nova_lite.conductor.failed_operations import FailedOperations, guarded
from nova_lite.conductor.flows.build import Build
from nova_lite.conductor.flows.delete import Delete
from nova_lite.conductor.flows.rebuild import Rebuild
from nova_lite.conductor.flows.unshelve import Unshelve
from nova_lite.conductor.gate import Gate
from nova_lite.conductor.held_leases import HeldLeases
from nova_lite.conductor.message_delay import MessageDelay
from nova_lite.conductor.reclaim import Reclaim
from nova_lite.conductor.recovery import Recovery
from nova_lite.conf import CONF
from nova_lite.db import operations

LOG = logging.getLogger(__name__)
_LET_GO = 15        # seconds between two looks at what waits for a change that is over
_RECLAIM = 60       # at most so many seconds between two runs of Reclaim


class Manager:
    """The conductor service: its flows, RPC endpoints and periodic tasks.

    :param worker: name of this incarnation, "host/binary/uuid".
    :param facades: facades of the services; network, image and identity are used.
    :param receives: callable; whether this process receives its own pings over the bus.
    """

    def __init__(self, worker, facades, compute_rpc, scheduler_rpc, receives):
        self._worker = worker
        self._reclaim = Reclaim(compute_rpc)
        self._mark = CloudMark()
        self._hosts = Watch(receives)
        self._leases = HeldLeases()
        self._gate = Gate(CONF.operations.max_concurrent_builds)
        completion = Completion(Services(facades.network, facades.image, self._reclaim.offload_if_at_once))
        self._ledger = completion.ledger
        failed_operations = FailedOperations(completion)
        begin = self._flows(failed_operations, facades.image, (
            worker, (compute_rpc, scheduler_rpc), completion, self._hosts, self._leases))
        self.recovery = Recovery(begin, compute_rpc, self._hosts, Executor(worker, completion), failed_operations)
        delay = MessageDelay()
        self.endpoints = [
            Flows(begin), Leases(begin, facades, completion, failed_operations, delay), Hosts(self._mark, delay),
            Audits(facades), DesiredState(facades.network, delay)]
        self._auditor = auditor.Auditor(facades.network, CONF.audit.repair, compute_rpc, facades.image)
        self._periodic = []

    def _flows(self, failed_operations, image, parts):
        """{operation's name: callable(context, operation id) that starts its flow and returns at once}.

        :param parts: the arguments of flows.build.Build.
        """
        worker, _, completion, *_ = parts
        dispatcher = Dispatcher(functools.partial(_run_flow, failed_operations))
        work = (Build(*parts).build_server, Rebuild(*parts).rebuild_server, Unshelve(image, *parts).unshelve_server,
                Delete(worker, completion).delete_server)
        return {each.__name__: functools.partial(dispatcher.dispatch, self._gate, each) for each in work}

    def start(self):
        self._mark.look()           # before any operation of a restored database goes on
        self._periodic = [concurrency.every(cloud_mark.SECONDS, self._mark.look),
                          concurrency.every(CONF.operations.poll, self.recovery.look),
                          concurrency.every(CONF.operations.lease / 3, self._leases.renew),
                          concurrency.every(CONF.operations.poll, self._ledger.settle),
                          concurrency.every(_LET_GO, self._ledger.let_go),
                          concurrency.every(CONF.operations.service_down_time / 6, self._hosts.look),
                          concurrency.every(purge.SECONDS, purge.look),
                          concurrency.every(min(_RECLAIM, CONF.compute.reclaim_instance_interval or _RECLAIM),
                                            self._reclaim.look),
                          concurrency.every(CONF.audit.interval, self._auditor.look),
                          concurrency.every(CONF.operations.poll, self._auditor.look_if_asked)]

    def quiet(self, seconds):
        """Start no more flows and wait up to ``seconds`` for those that run; True when all have ended."""
        for each in self._periodic:
            each.stop(0)
        return self._gate.close(seconds)

    def stop(self, seconds):
        """As ``quiet``; then give up the leases of flows that did not end, for another conductor to go on with."""
        clean = self.quiet(seconds)
        with db.writer() as session:
            operations.release(session, worker_prefix=self._worker)
        self._mark.look()
        return clean


def _run_flow(failed_operations, flow, context, operation_id):
    """Run the flow of an operation; a message that came twice or late, or a peer that is away, is no error."""
    try:
        guarded(failed_operations, functools.partial(flow, context), operation_id)
    except (exceptions.Fenced, exceptions.Stopping, exceptions.OperationNotFound) as error:
        LOG.debug("%s", error)
    except exceptions.PeerAway as error:
        LOG.warning("Operation %s goes on later: %s", operation_id, error)
