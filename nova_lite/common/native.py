"""Native threads for blocking C calls, and the pipe by which they wake green threads.

``common/concurrency.py`` is the interface; nothing here knows which mode the process runs in.
"""

import collections
import contextlib
import logging
import os
import posix
import queue
import threading

from nova_lite.common import exceptions

LOG = logging.getLogger(__name__)

SIZE = 20           # calls at once
MAX_STUCK = 60      # abandoned threads still inside their call, before new calls are refused
_here = threading.local()       # made before eventlet patches anything, so it is one for each native thread


def given_up():
    """Whether this very call runs in a native thread and nobody waits for it any more: the time to leave off."""
    job = getattr(_here, "job", None)
    return job is not None and job.state == "stuck"


class Wakeup:
    """Runs functions in the hub's thread, when asked from any native thread."""

    def __init__(self, eventlet):
        self._calls = collections.deque()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._trampoline = eventlet.hubs.trampoline
        eventlet.spawn_n(self._listen)

    def send(self, fn, *args):
        self._calls.append((fn, args))
        with contextlib.suppress(BlockingIOError):      # the pipe is full of wake-ups: the listener will come
            posix.write(self._write, b"!")              # os.write is green, and must not run in a thread without a hub

    def _listen(self):
        while True:
            self._trampoline(self._read, read=True)
            try:
                posix.read(self._read, 65536)
            except BlockingIOError:
                continue
            while self._calls:
                fn, args = self._calls.popleft()
                try:
                    fn(*args)
                except Exception:
                    LOG.exception("a message of a native thread was lost")


class GreenMailbox:
    def __init__(self, wakeup, green_queue):
        self._wakeup = wakeup
        self._queue = green_queue

    def put(self, item):
        self._wakeup.send(self._queue.put, item)

    def get(self, timeout=None):
        return self._queue.get(timeout=timeout)


class PlainMailbox:
    def __init__(self, plain_queue):
        self._queue = plain_queue
        self.put = plain_queue.put

    def get(self, timeout=None):
        return self._queue.get(timeout=timeout)


class _Job:
    __slots__ = ("fn", "args", "box", "state")

    def __init__(self, fn, args, box):
        self.fn = fn
        self.args = args
        self.box = box
        self.state = "queued"       # -> running -> done | stuck, or -> dropped


class Pool:
    """Up to ``size`` native threads, made when needed; one that is stuck beyond its caller's deadline is replaced.

    ``threads`` and ``queues`` are the unpatched standard modules; ``mailbox`` makes what callers wait on.
    ``most_stuck``: as MAX_STUCK, which None takes.
    """

    def __init__(self, threads, queues, mailbox, size=SIZE, most_stuck=None):
        self._threads = threads
        self._mailbox = mailbox
        self._size = size
        self._most_stuck = most_stuck
        self._jobs = queues.SimpleQueue()
        self._lock = threads.Lock()         # a native one: held for moments only, by green and native threads
        self.live = 0                       # threads that take jobs
        self.stuck = 0                      # threads given up inside a call
        self._wanted = 0                    # jobs queued or running

    def run(self, fn, args, deadline, what):
        if getattr(_here, "worker", False):
            return fn(*args)                # already native; a second thread would only wait for the first
        job = _Job(fn, args, self._mailbox())
        self._submit(job, what)
        try:
            error, result = job.box.get(timeout=deadline)
        except queue.Empty:
            raise exceptions.DeadlineExceeded(what=what, seconds=deadline) from None
        finally:
            self._leave(job)
        if error is not None:
            raise error
        return result

    def _submit(self, job, what):
        with self._lock:
            if self._too_many_stuck():
                raise exceptions.Unavailable(f"{what} is refused: {self.stuck} earlier calls still hang.")
            self._wanted += 1
            self._grow()
        self._jobs.put(job)

    def _too_many_stuck(self):
        return self.stuck >= (self._most_stuck or MAX_STUCK)

    def _grow(self):
        if self.live < self._wanted and self.live < self._size and not self._too_many_stuck():
            self.live += 1
            self._threads.Thread(target=self._work, name="native", daemon=True).start()

    def _takes_up_again(self):
        """Whether a thread that comes out of a call nobody waits for takes jobs again: where its successor lacks."""
        needed = self.live < self._wanted and self.live < self._size
        self.live += needed
        return needed

    def _leave(self, job):
        """The caller goes, with or without an answer."""
        with self._lock:
            if job.state == "done":
                return
            self._wanted -= 1
            if job.state == "queued":
                job.state = "dropped"
            else:
                job.state = "stuck"
                self.live -= 1
                self.stuck += 1
                self._grow()

    def _work(self):
        _here.worker = True
        while self._one(self._jobs.get()):
            pass

    def _one(self, job):
        """Do one job; False when its caller gave it up and this thread is needed no more."""
        with self._lock:
            if job.state == "dropped":
                return True
            job.state = "running"
        _here.job = job
        try:
            outcome = (None, job.fn(*job.args))
        except BaseException as error:
            outcome = (error, None)
        with self._lock:
            if job.state == "stuck":
                self.stuck -= 1
                return self._takes_up_again()
            job.state = "done"
            self._wanted -= 1
        job.box.put(outcome)
        return True
