"""The frame of every task: one at a time for a server, leased, journalled, undone when it fails, always reported.

``Running.job`` is the ``with`` of a task.  An error of its body undoes the steps and becomes the operation's error.
Being fenced or cancelled undoes the steps, too, and reports nothing.  The outcome is kept until the conductor takes it.
"""

import contextlib
import errno
import functools
import logging
import threading
import time
import traceback

from nova_lite.common import concurrency, exceptions, failpoints, retry, source_places
from nova_lite.conf import CONF
from nova_lite.objects.operation import Outcome

LOG = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT)
#: Errors of calls to a conductor that does not answer.
PEER_AWAY = (exceptions.PeerAway,)
_PAUSES = 0.2, 5        # seconds before an outcome is reported again: the first and the longest pause


class Job:
    """One leased operation while it runs.

    :ivar server: objects.Server.  :ivar image, args: as objects.Lease says.
    :ivar started: whether an earlier attempt of this operation has started the guest already, which is not to be done
        again: it would make its NICs anew.
    :ivar undo: an ExitStack of what undoes the steps.
    :ivar power_state: the guest's power state, which a task sets to report it; None: it is not reported.
    """

    def __init__(self, context, lease, conductor, port_reports=None):
        """:param port_reports: network.port_reports.PortReports; None: no step waits for ports."""
        self.context = context
        self._port_reports = port_reports
        self.lease = lease
        self.server = lease.server
        self.image = lease.image
        self.args = lease.args
        self.started = bool(lease.args.get("started"))
        self.undo = failpoints.Undo()
        self.undo.name = self._point
        self.power_state = None
        self._step = "begin"
        self.missed = []                    # [step, what ran] that the next message to the conductor has to journal
        self.lost = False
        self.reported = False                       # whether an outcome with the guest's power state was taken
        self.on_outcome_refused = None              # called with the job when its outcome is refused
        self._conductor = conductor

    def do(self, name, function, *args, task=None, undo=None, ports=None):
        """Journal that the step ``name`` begins; return the result of ``function(*args)``, which is the step.

        :param function: its name, file and line are journalled, for ``nova-lite trace``.
        :param task: the server's task_state from now on; None leaves it.
        :param undo: (function, its arguments ...) that undoes it, also where it failed halfway; None: nothing does.
        :param ports: ids of ports of the server that must be ACTIVE first; None: none.  ``task`` is None then.
        :raises Cancelled: this operation is no longer this host's to do; nothing was called.
        :raises PortsAwaited: the operation waits for its ports, and nothing of it is undone; nothing was called.
        :raises VifPluggingFailed: they have not come to be ACTIVE in time; nothing was called.
        """
        if self._port_reports is None:
            ports = None
        if ports is None:
            self._begin(name, source_places.place(function), task)
        if undo is not None:
            self.undo.callback(*undo)
        if ports is not None:
            self._begin_with_ports(name, source_places.place(function), ports)
        return function(*args)

    def _begin(self, name, ran, task):
        self.left()
        self.check()
        try:
            self._conductor.journal(self.context, self.lease, name, ran, task, self.missed)
            self.missed = []
        except PEER_AWAY:
            self.missed.append([name, ran])
            # Steps may run twice, so going on unjournalled is safe while the lease holds; a lost lease cancels the job.
            LOG.warning("The conductor is away; step %s of %s goes on unjournalled", name, self.lease.operation_id)
        self._entered(name)

    def _entered(self, name):
        self._step = name
        if failpoints.watching:
            failpoints.hit(f"{self._point()}.before_effect")

    def _begin_with_ports(self, name, ran, port_ids):
        self.left()

        def ask(states):
            return self._conductor.await_ports(self.context, self.lease, name, ran, states, CONF.vif_plugging_timeout,
                                               self.missed)

        self.check()
        # Who does not know whether the operation waits by now, and so has no lease, may not undo its guest.
        unknown = *PEER_AWAY, exceptions.RemoteFailure
        answer = retry.after_errors(functools.partial(self._port_reports.asked_of, port_ids, ask), unknown,
                                    retry.growing(*_PAUSES), self._log_wait)
        self.missed = []
        self._entered(name)
        if answer["waits"]:
            self.undo.pop_all()
            raise exceptions.PortsAwaited(operation_id=self.lease.operation_id)
        if answer["failed"]:
            LOG.warning("Ports of server %s: %s", self.server.id, answer["failed"])
            if CONF.vif_plugging_is_fatal:
                raise exceptions.VifPluggingFailed(reason=answer["failed"])

    def _log_wait(self, error):
        LOG.warning("Operation %s waits for the conductor: %s", self.lease.operation_id, error)

    def left(self):
        """The current step has had its effect, which is not recorded yet: a failpoint."""
        if failpoints.watching:
            failpoints.hit(f"{self._point()}.after_effect")

    def images_in_use(self):
        """Ids of the images that this host's cache must keep."""
        return self._conductor.images_in_use(self.context, CONF.host)

    def _point(self):
        return f"{self.lease.name}.{self._step}"

    def cancelled(self):
        """Whether the lease is lost, so that the task must stop soon."""
        return self.lost

    def check(self):
        if self.lost:
            raise exceptions.Cancelled(operation_id=self.lease.operation_id)


class Running:
    """All jobs of this host.

    :param worker: name of this incarnation of the service.
    """

    def __init__(self, host, worker, conductor, remove=None, report_power=None, port_reports=None):
        """:param remove: callable(objects.Server) that removes all this host has of a server; None: nothing is removed.
        :param report_power: callable(server id) that reports the power of that server's guest; None: nobody does.
        :param port_reports: as for Job.
        """
        self._remove = remove
        self._report_power = report_power
        self._port_reports = port_reports
        self._host = host
        self._worker = worker
        self._conductor = conductor
        self._jobs = {}                             # server id -> Job
        self._locks = {}                            # server id -> [lock, how many hold or wait]
        self._guard = threading.Lock()
        self._taking = set()                        # ids of operations whose leases are being taken
        self._closed = False

    @contextlib.contextmanager
    def job(self, context, operation_id):
        """Take the lease and run the body as the only task of its server on this host.

        :raises Fenced: the message was late or doubled; there is nothing to do.
        :raises Cancelled: the lease was lost while it waited for the server's earlier task; no step has started.
        :raises Stopping: this service is stopping and starts no task.
        """
        job = self._take(context, operation_id)
        with self._alone(job):
            job.check()
            yield from self._frame(job)
        if not job.reported and self._report_power is not None:
            self._report_power(job.server.id)   # no outcome reported it, and the periodic report left it out

    def _take(self, context, operation_id):
        with self._guard:
            if self._closed:
                raise exceptions.Stopping
            if operation_id in self._taking:        # the message came twice
                raise exceptions.Fenced(operation_id=operation_id, attempt=0)
            self._taking.add(operation_id)
        try:
            lease = self._conductor.take_lease(context, operation_id, self._host, self._worker)
            job = Job(context, lease, self._conductor, self._port_reports)
            self._displace(job)
        finally:
            with self._guard:
                self._taking.discard(operation_id)
        return job

    def _frame(self, job):
        try:
            with job.undo:
                yield job
                job.left()
                done = job.undo.pop_all()
        except exceptions.PortsAwaited as error:
            LOG.info("%s", error)
        except (exceptions.Fenced, exceptions.Cancelled) as error:
            LOG.info("%s", error)
            self._clean(job)
        except Exception as error:
            if not self._report(job, _failure(job, error)):
                self._clean(job)
        else:
            done_well = Outcome.make(power_state=job.power_state, error=None, code=0, details=None)
            job.reported = self._report(job, done_well)
            if not job.reported and self._evicted(job):
                LOG.warning("Server %s went elsewhere while this host worked on it; undoing", job.server.id)
                done.close()
                if self._remove is not None:
                    self._remove(job.server)
            elif not job.reported and job.on_outcome_refused is not None:
                job.on_outcome_refused(job)

    def _clean(self, job):
        """Remove what a cancelled job left of a server that was deleted, or built elsewhere, meanwhile."""
        if self._remove is not None and self._evicted(job):
            LOG.warning("Server %s is gone, or elsewhere, since this host worked on it; removing it", job.server.id)
            self._remove(job.server)

    def _evicted(self, job):
        """Whether the server's guest must be removed; False without an answer, since the auditor asks again."""
        try:
            return bool(self._conductor.orphaned(job.context, self._host, [job.server.id]))
        except PEER_AWAY as error:
            LOG.warning("%s", error)
            return False

    def _displace(self, job):
        """Cancel an older job of the same server, since the newer lease shows that the older one is lost."""
        with self._guard:
            older = self._jobs.get(job.server.id)
            if older is not None:
                older.lost = True
            self._jobs[job.server.id] = job

    @contextlib.contextmanager
    def _alone(self, job):
        server_id = job.server.id
        with self._guard:
            entry = self._locks.setdefault(server_id, [concurrency.Lock(), 0])
            entry[1] += 1
        try:
            with entry[0]:
                yield
        finally:
            with self._guard:
                entry[1] -= 1
                if not entry[1]:
                    del self._locks[server_id]
                if self._jobs.get(server_id) is job:
                    del self._jobs[server_id]

    def _report(self, job, outcome):
        """Report an outcome, as often as the conductor does not answer; whether the conductor took it."""
        def finish():
            job.check()
            self._conductor.finish(job.context, job.lease, outcome, job.missed)

        def log(_error):
            LOG.warning("The conductor is away; the end of %s is kept until it is back", job.lease.operation_id)
        try:
            retry.after_errors(finish, PEER_AWAY, retry.growing(*_PAUSES), log)
        except (exceptions.Fenced, exceptions.Cancelled) as error:
            LOG.info("%s", error)
            return False
        return True

    def renew(self):
        """Extend all leases; jobs whose lease is lost are cancelled."""
        with self._guard:
            held = {job.lease.operation_id: job for job in self._jobs.values() if not job.lost}
        if not held:
            return
        context = next(iter(held.values())).context
        lost = self._conductor.renew(context, {key: job.lease.attempt for key, job in held.items()})
        for operation_id in lost:
            held[operation_id].lost = True

    @contextlib.contextmanager
    def resting(self, server_id):
        """Whether no task of a server runs here; until the block ends, none is started."""
        with self._guard:
            entry = self._locks.setdefault(server_id, [concurrency.Lock(), 0])
            entry[1] += 1
        free = server_id not in self._jobs and entry[0].acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                entry[0].release()
            with self._guard:
                entry[1] -= 1
                if not entry[1]:
                    del self._locks[server_id]

    def drain(self, seconds):
        """Start no more tasks and wait for those that run.

        :returns: {operation id: attempt} of tasks that have not ended after ``seconds``; they stop at their next step.
        """
        with self._guard:
            self._closed = True
        end = time.monotonic() + seconds
        while (self._jobs or self._taking) and time.monotonic() < end:
            concurrency.sleep(0.05)
        with self._guard:
            for job in self._jobs.values():
                job.lost = True
            return {job.lease.operation_id: job.lease.attempt for job in self._jobs.values()}

    def busy(self):
        """Ids of the servers whose tasks run."""
        with self._guard:
            return set(self._jobs)


def _failure(job, error):
    """What a user may read of ``error``; what only administrators should is in ``details``."""
    if isinstance(error, exceptions.NovaLiteError):
        LOG.warning("Operation %s of server %s failed: %s", job.lease.name, job.server.id, error)
        return Outcome.make(power_state=None, error=error.public or str(error), code=error.status,
                            details=str(error) if error.public else None)
    LOG.error("Operation %s of server %s failed", job.lease.name, job.server.id, exc_info=error)
    full = getattr(error, "errno", None) in _FULL
    what = "No space left on a disk of" if full else f"Unexpected {type(error).__name__} on"
    return Outcome.make(power_state=None, code=500, details="".join(traceback.format_exception(error)),
                        error=f"{what} the host; its log has the request id {job.context.request_id}.")
