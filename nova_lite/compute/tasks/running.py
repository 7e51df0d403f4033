"""The frame every task runs in: one at a time a server, leased, journalled, undone when it fails, always reported.

``Running.job`` is the ``with`` of a task: what its body raises is undone and becomes the operation's error; being
fenced or cancelled undoes too, but writes nothing.  The outcome is kept until the conductor has taken it.
"""

import contextlib
import errno
import logging
import threading
import time
import traceback

from nova_lite.common import concurrency, exception, failpoints
from nova_lite.conf import CONF
from nova_lite.objects.operation import Outcome

LOG = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT)
#: What a conductor that is away looks like from here.
AWAY = (exception.PeerAway,)


class Job:
    """One leased operation while it runs.

    :ivar server: objects.Server.  :ivar image, args: as objects.Job says.
    :ivar undo: an ExitStack; push what must be undone beside the act.
    :ivar power_state: set it to report what the guest's power is now.
    """

    def __init__(self, context, lease, conductor):
        self.context = context
        self.lease = lease
        self.server = lease.server
        self.image = lease.image
        self.args = lease.args
        self.undo = failpoints.Undo()
        self.undo.name = self._point
        self.power_state = None
        self._step = "begin"
        self.missed = []                    # steps that are not journalled; the next word to the conductor tells them
        self.lost = False
        self.told = False                           # whether an outcome with the guest's power was taken
        self.unheard = None                         # called when it has done all, and its outcome was not taken
        self._conductor = conductor

    def step(self, name, task=None):
        """Journal that ``name`` begins; ``task`` is shown as the server's task_state.

        :raises Cancelled: this operation is no longer ours to do.
        """
        self.left()
        self.check()
        try:
            self._conductor.journal(self.context, self.lease, name, task, self.missed)
            self.missed = []
        except AWAY:
            self.missed.append(name)
            # Steps may run twice, so going on unjournalled is safe while the lease holds; renewing tells when not.
            LOG.warning("The conductor is away; step %s of %s goes on unjournalled", name, self.lease.operation_id)
        self._step = name
        if failpoints.watching:
            failpoints.hit(f"{self._point()}.before_effect")

    def left(self):
        """The step that ran has had its effect; nothing is recorded of it yet."""
        if failpoints.watching:
            failpoints.hit(f"{self._point()}.after_effect")

    def images_in_use(self):
        """Ids of the images that this host's cache must keep."""
        return self._conductor.images_in_use(self.context, CONF.host)

    def _point(self):
        return f"{self.lease.name}.{self._step}"

    def cancelled(self):
        """Whether to stop at the next chance."""
        return self.lost

    def check(self):
        if self.lost:
            raise exception.Cancelled(operation_id=self.lease.operation_id)


class Running:
    """All jobs of this host.

    :param worker: name of this incarnation of the service.
    """

    def __init__(self, host, worker, conductor, remove=None, tell=None):
        """:param remove: callable(objects.Server) that takes away all this host has of a server; None: nothing.
        :param tell: callable(server id) that reports its guest's power; None: nobody does.
        """
        self._remove = remove
        self._tell = tell
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

        :raises Fenced: the doorbell was late or doubled; there is nothing to do.
        :raises Cancelled: it was lost while it waited for the task before it; nothing was begun.
        :raises Stopping: nothing is begun here any more.
        """
        job = self._take(context, operation_id)
        with self._alone(job):
            job.check()
            yield from self._frame(job)
        if not job.told and self._tell is not None:
            self._tell(job.server.id)           # its outcome said nothing of the guest, and nobody else did meanwhile

    def _take(self, context, operation_id):
        with self._guard:
            if self._closed:
                raise exception.Stopping
            if operation_id in self._taking:        # the bell rang again
                raise exception.Fenced(operation_id=operation_id, attempt=0)
            self._taking.add(operation_id)
        try:
            lease = self._conductor.take_lease(context, operation_id, self._host, self._worker)
            job = Job(context, lease, self._conductor)
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
        except (exception.Fenced, exception.Cancelled) as error:
            LOG.info("%s", error)
            self._clean(job)
        except Exception as error:
            if not self._report(job, _failure(job, error)):
                self._clean(job)
        else:
            told = self._report(job, Outcome.make(power_state=job.power_state, error=None, code=0, details=None))
            job.told = told
            if not told and self._evicted(job):
                LOG.warning("Server %s went elsewhere while this host worked on it; undoing", job.server.id)
                done.close()
                if self._remove is not None:
                    self._remove(job.server)
            elif not told and job.unheard is not None:
                job.unheard(job)

    def _clean(self, job):
        """A job that was given up may leave half of a server that was deleted, or built elsewhere, meanwhile."""
        if self._remove is not None and self._evicted(job):
            LOG.warning("Server %s is gone, or elsewhere, since this host worked on it; removing it", job.server.id)
            self._remove(job.server)

    def _evicted(self, job):
        """Whether the server has no right to be here any more; the auditor asks again where nobody answers."""
        try:
            return bool(self._conductor.orphaned(job.context, self._host, [job.server.id]))
        except AWAY as error:
            LOG.warning("%s", error)
            return False

    def _displace(self, job):
        """A newer lease on the same server means that the older job was cancelled: let it unwind."""
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
        """Tell the conductor how it ended, however long the conductor is away; whether it wrote that down."""
        pause = 0.2
        while not job.lost:
            try:
                self._conductor.finish(job.context, job.lease, outcome, job.missed)
                return True
            except exception.Fenced as error:
                LOG.info("%s", error)
                return False
            except AWAY:
                LOG.warning("The conductor is away; the end of %s is kept until it is back", job.lease.operation_id)
                concurrency.sleep(pause)
                pause = min(pause * 2, 5)
        return False

    def renew(self):
        """Extend every lease that is held; jobs whose lease is lost are told."""
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
        """Whether nothing is being done to a server here; until the block ends, nothing new is begun."""
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
        """Begin nothing more and let what runs end.

        :returns: {operation id: attempt} of what has not ended after ``seconds``; it stops at its next step.
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
        """Ids of the servers that something is being done to."""
        with self._guard:
            return set(self._jobs)


def _failure(job, error):
    """What a user may read of ``error``; what only administrators should is in ``details``."""
    if isinstance(error, exception.NovaLiteError):
        LOG.warning("Operation %s of server %s failed: %s", job.lease.name, job.server.id, error)
        return Outcome.make(power_state=None, error=str(error), code=error.status, details=None)
    LOG.error("Operation %s of server %s failed", job.lease.name, job.server.id, exc_info=error)
    full = getattr(error, "errno", None) in _FULL
    what = "No space left on a disk of" if full else f"Unexpected {type(error).__name__} on"
    return Outcome.make(power_state=None, code=500, details="".join(traceback.format_exception(error)),
                        error=f"{what} the host; its log has the request id {job.context.request_id}.")
