"""The conductor: flows that touch more than one host, and the only door from hosts to state."""

import datetime
import functools
import json
import logging
import threading
import time

from nova_lite import db
from nova_lite.common import concurrency, crypt, exception
from nova_lite.common import context as contexts
from nova_lite.common.doorbells import Doorbells
from nova_lite.conductor import auditor, host_audit, host_boot, strangers
from nova_lite.conductor.dead_hosts import Executor, Watch
from nova_lite.conductor.flows import resizes
from nova_lite.conductor.flows.build import Build
from nova_lite.conductor.flows.delete import Delete
from nova_lite.conductor.flows.endings import Endings
from nova_lite.conductor.flows.rebuild import Rebuild
from nova_lite.conductor.lateness import LATE, Lateness
from nova_lite.conductor.poison import Poison, guarded
from nova_lite.conductor.reclaim import Reclaim
from nova_lite.conductor.recovery import Recovery
from nova_lite.conf import CONF
from nova_lite.db import drifts, idempotency, locks, operations, server_objects, services
from nova_lite.db.faults import fault
from nova_lite.objects.operation import Job
from nova_lite.objects.states import OperationState, Vm

LOG = logging.getLogger(__name__)
_PURGE = 60         # seconds between two purges of idempotency keys
_BATCHES = 20       # transactions a purge has at most
#: Operations that make the server's disk from its image; arguments that hosts are told.
_FROM_IMAGE = frozenset({"create", "rebuild"})
_TOLD = frozenset({"preserve_ephemeral", "flavor", "vm_state", "resize", "user", "port", "address",
                   "resume"})
_FILLING = 7200     # seconds a host has to fill an image


class Manager:
    """Builds the flows, the endpoint and the watch.

    :param worker: name of this incarnation, "host/binary/uuid".
    :param doors: the facades; network, image and identity are used.
    :param hears: callable; whether this process hears what it sends itself over the bus.
    """

    def __init__(self, worker, doors, compute_rpc, scheduler_rpc, hears):
        endings = Endings(doors.network, doors.image)
        self._hosts = Watch(hears)
        build, rebuild = (flow(worker, doors.network, (compute_rpc, scheduler_rpc), endings, self._hosts)
                          for flow in (Build, Rebuild))
        delete = Delete(worker, endings)
        self._worker = worker
        self._gate = gate = Gate(CONF.operations.max_concurrent_builds)
        poison = Poison(endings)
        bells = Doorbells(functools.partial(_quietly, poison))
        flows = {name: functools.partial(bells.ring, gate, flow) for name, flow in (
            ("create", build.build_server), ("unshelve", build.build_server), ("delete", delete.delete_server),
            ("rebuild", rebuild.rebuild_server))}
        self.recovery = Recovery(flows, compute_rpc, self._hosts, Executor(worker, endings), poison)
        self.endpoint = Endpoint(flows, doors, endings, poison)
        self._reclaim = Reclaim(compute_rpc)
        flows["shelve"] = self._reclaim.after_shelve
        self._auditor = auditor.Auditor(doors.network, CONF.audit.repair, compute_rpc)
        self._periodic = []

    def start(self):
        self._periodic = [concurrency.every(CONF.operations.poll, self.recovery.look),
                          concurrency.every(CONF.operations.service_down_time / 6, self._hosts.look),
                          concurrency.every(_PURGE, _purge_keys),
                          concurrency.every(min(_PURGE, CONF.compute.reclaim_instance_interval or _PURGE),
                                            self._reclaim.look),
                          concurrency.every(CONF.audit.interval, self._auditor.look),
                          concurrency.every(CONF.operations.poll, self._auditor.look_if_asked)]

    def quiet(self, seconds):
        """Begin nothing more, and let flows end within ``seconds``; True when all ended."""
        for each in self._periodic:
            each.stop(0)
        return self._gate.close(seconds)

    def stop(self, seconds):
        """As ``quiet``; then give up the leases of what did not end."""
        clean = self.quiet(seconds)
        with db.writer() as session:
            operations.release(session, worker_prefix=self._worker)
        return clean


class Gate:
    """Lets so many flows run at once, and none any more when it is closed."""

    def __init__(self, size):
        self._places = threading.BoundedSemaphore(size)
        self._closed = False
        self._running = 0

    def __enter__(self):
        """:raises Stopping: it is closed."""
        self._places.acquire()
        self._running += 1
        if self._closed:
            self.__exit__()
            raise exception.Stopping

    def __exit__(self, *_):
        self._running -= 1
        self._places.release()

    def close(self, seconds):
        """True when nothing is running any more within ``seconds``."""
        self._closed = True
        end = time.monotonic() + seconds
        while self._running and time.monotonic() < end:
            concurrency.sleep(0.05)
        return not self._running


def _purge_keys():
    """Delete expired idempotency keys in transactions that hold nobody up."""
    for _ in range(_BATCHES):
        with db.writer(relaxed=True) as session:
            if not idempotency.purge(session):
                return


def _quietly(poison, flow, context, operation_id):
    """A doorbell may ring twice or late: being fenced is no news."""
    try:
        guarded(poison, functools.partial(flow, context), operation_id)
    except (exception.Fenced, exception.Stopping, exception.OperationNotFound) as error:
        LOG.debug("%s", error)
    except exception.PeerAway as error:
        LOG.warning("Operation %s goes on later: %s", operation_id, error)


class Endpoint:
    """What ``rpcapi.ConductorAPI`` asks.  A host that speaks of what is not its own is refused."""

    def __init__(self, flows, doors, endings, poison):
        self._poison = poison
        self._lateness = Lateness()
        self._flows = flows
        self._doors = doors
        self._network = doors.network
        self._endings = endings

    def build_servers(self, context, operation_ids):
        for operation_id in operation_ids:
            self._flows["create"](context, operation_id)

    def delete_server(self, context, operation_id):
        self._flows["delete"](context, operation_id)

    def unshelve_server(self, context, operation_id):
        self._flows["unshelve"](context, operation_id)

    def rebuild_server(self, context, operation_id):
        self._flows["rebuild"](context, operation_id)

    def take_lease(self, context, operation_id, host, worker):
        return guarded(self._poison, self._leased, operation_id, host, worker)

    def _leased(self, operation_id, host, worker):
        with db.writer(relaxed=True) as session:
            operation = operations.lease(session, operation_id, host, worker, CONF.operations.lease)
            server = server_objects.row(session, operation.server_id)
            nics = self._network.nics(session, server.id)
            room = resizes.begun(session, operation)
        if not room:
            self._or_end(operation, resizes.refuse, operation.place)
        image = self._image_of(operation, server.image_id) if operation.name in _FROM_IMAGE else None
        own = self._image_of(operation, operation.args.get("image_id"))
        target = self._target(operation, operation.args.get("target_id"))
        if operation.name == "unshelve":
            image, own = own, None
        built = server_objects.build(server, nics, image, crypt.unseal(operation.args.get("admin_pass")))
        args = {name: value for name, value in operation.args.items() if name in _TOLD}
        return Job.make(operation_id=operation.id, name=operation.name, attempt=operation.attempt,
                        lease_seconds=CONF.operations.lease, server=built, image=own or target, args=args)

    def _image_of(self, operation, image_id):
        """Where the image's bytes are; an image that is gone meanwhile ends the operation here and now."""
        return self._or_end(operation, self._bootable, image_id) if image_id else None

    def _target(self, operation, image_id):
        """The image that the operation fills, likewise."""
        return self._or_end(operation, self._fillable, image_id) if image_id else None

    def _fillable(self, image_id):
        """objects.Image with a token that fills or deletes it; ``size`` is 0 while it waits for its data."""
        row = self._doors.image.show(contexts.admin(), image_id)
        image = self._doors.image.target(row)
        image.token = self._doors.identity.issue("nova_lite", project_id=row.project_id,
                                                  roles=("member", "reader"), ttl=_FILLING)
        return image

    def _or_end(self, operation, find, image_id):
        try:
            return find(image_id)
        except exception.PeerAway:      # the database, say: that is no fault of the operation's, which is due again
            raise
        except exception.NovaLiteError as error:
            with db.writer() as session:
                self._endings.failed(session, operation, fault(error.status, str(error)))
            raise exception.Fenced(operation_id=operation.id, attempt=operation.attempt) from error

    def _bootable(self, image_id):
        """objects.Image with a token to fetch it by: accepted is accepted, whatever its owner may see by now."""
        image = self._doors.image.for_server(contexts.admin(), image_id)
        image.token = self._doors.identity.service_token()
        return image

    def renew(self, context, held):
        with db.writer(relaxed=True) as session:
            return operations.renew(session, held, CONF.operations.lease)

    def journal(self, context, operation_id, attempt, step, host, server_id, task, missed=()):
        with db.writer(relaxed=True) as session:
            for each in missed:
                operations.journal(session, operation_id, attempt, each, host=host, seconds=CONF.operations.lease)
            operations.journal(session, operation_id, attempt, step, host=host, seconds=CONF.operations.lease,
                               server_id=server_id, task=task)

    def finish(self, context, operation_id, attempt, outcome, missed=()):
        with db.writer() as session:
            operation = operations.held(session, operation_id)
            if operation.attempt != attempt or operation.state != OperationState.RUNNING:   # it was told before
                raise exception.Fenced(operation_id=operation_id, attempt=attempt)
            for each in missed:
                operations.journal(session, operation_id, attempt, each, host=operation.place,
                                   seconds=CONF.operations.lease)
            place = self._endings.ended(session, operation, outcome)
        if operation.name == "shelve" and not outcome.error:
            self._flows["shelve"](context, operation_id)
        if outcome.error:
            LOG.warning("Operation %s (%s) of server %s failed on %s: %s", operation_id, operation.name,
                        operation.server_id, operation.place, outcome.error)
        if place == operations.CONDUCTOR:
            self._flows["create"](context, operation_id)

    def host_started(self, context, host, worker, guests, resume=False):
        with db.writer() as session:
            locks.servers(session, [row.id for row in server_objects.rows_of_host(session, host)])
            rows = server_objects.rows_of_host(session, host)
            # A build that has no guest yet plugs by itself; it may as well end before this host takes it up.
            there = [row for row in rows if row.vm_state != Vm.BUILDING or row.id in guests]
            known = strangers.of(session, host, set(guests) - {row.id for row in rows})
            nics = self._network.nics_by_server(session, [row.id for row in there])
            servers = [server_objects.build(row, nics.get(row.id, [])) for row in there]
            host_boot.settle(session, host, rows, guests, resume)
            operations.release(session, place=host, but=worker)
        return {"servers": servers, **{what: [each for each, kind in known.items() if kind == what]
                                       for what in (strangers.ORPHANED, strangers.ELSEWHERE, strangers.UNKNOWN)}}

    def nics(self, context, host, server_id):
        with db.reader() as session:
            here = server_objects.row(session, server_id).host == host
            return self._network.nics(session, server_id) if here else []

    def orphaned(self, context, host, server_ids):
        with db.reader() as session:
            known = strangers.of(session, host, set(server_ids))
        return [each for each, kind in known.items() if kind == strangers.ORPHANED]

    def host_stopped(self, context, host, left):
        with db.writer() as session:
            operations.give_up(session, left, f"Given up: {host} was stopped.")
            services.stopped(session, host, "nova-compute")

    def report_host(self, context, facts, sent=None):
        if self._lateness.of(sent) > LATE:
            return
        with db.writer(relaxed=True) as session:
            services.node_reported(session, facts, json.loads(facts.cpu_info))
            services.seen(session, facts.host, "nova-compute", "compute")
            services.hypervisor_back(session, facts.host)

    def hypervisor_away(self, context, host, why):
        with db.writer() as session:
            services.seen(session, host, "nova-compute", "compute")
            services.hypervisor_away(session, host, why)

    def report_power(self, context, host, guests, sent=None):
        late = self._lateness.of(sent)
        if late > LATE:
            LOG.warning("What %s says of its guests comes %.0f s late and is void", host, late)
            return
        with db.writer(relaxed=True) as session:
            services.power_reported(session, host, guests, late)

    def audit_host(self, context, host, sight):
        with db.snapshot() as session:
            return host_audit.judge(session, self._doors, host, sight)

    def drift_seen(self, context, host, findings, seconds, asked):
        with db.writer(relaxed=True) as session:
            new = drifts.record(session, host, findings)
            drifts.looked(session, host, seconds, asked=asked and datetime.datetime.fromisoformat(asked))
        auditor.tell(new, host)

    def images_in_use(self, context, host):
        with db.reader() as session:
            return server_objects.images_of_host(session, host)
