"""How services run many things at once: eventlet's green threads or native threads, behind one set of words.

``start(mode)`` comes before every other import of a process, because eventlet replaces parts of the standard library.
Afterwards plain ``threading`` and ``socket`` code works in both modes.  No other module but ``cmd/`` imports eventlet.
"""

import contextlib
import logging
import os
import queue
import random
import threading
import time
import warnings

from nova_lite.common import native as _native
from nova_lite.common import serving
from nova_lite.common.breaker import CircuitBreaker

LOG = logging.getLogger(__name__)

Empty = queue.Empty
Limits = serving.Limits
Connections = serving.Connections
configured_limits = serving.configured_limits
exempt_networks = serving.exempt_networks
given_up = _native.given_up

_mode = None
_eventlet = None
_pool = None
_wakeup = None


def start(mode="eventlet"):
    """Choose how this process runs: "eventlet" or "threading".  Twice is harmless, a change is refused."""
    global _mode, _eventlet
    if mode not in ("eventlet", "threading"):
        raise ValueError(f"unknown concurrency {mode!r}")
    if _mode not in (None, mode):
        raise RuntimeError(f"this process already runs in {_mode} mode")
    # Its own notices of retirement, which libraries provoke in both modes; doc/architecture.rst says why it is used.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet")
    warnings.filterwarnings("ignore", message="Using fork", category=DeprecationWarning)
    if mode == "eventlet" and _eventlet is None:
        _eventlet = _patched_eventlet()
    _mode = mode


def _patched_eventlet():
    import eventlet
    import eventlet.hubs.hub
    import eventlet.patcher
    import eventlet.queue
    import eventlet.wsgi
    eventlet.monkey_patch()
    _log_failures_of_hubs(eventlet.hubs.hub.BaseHub)
    # psycopg waits in C, where no hub can run; its own detection knows gevent only.
    os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
    return eventlet


def _log_failures_of_hubs(hub):
    """Let the main loop log what ends a green thread; it would print it, and end where that fails."""
    def failed(_self, error):
        with contextlib.suppress(Exception):
            LOG.error("A green thread failed", exc_info=error)

    def failed_at(self, descriptor, error):
        failed(self, error)
        with contextlib.suppress(Exception):
            self.remove_descriptor(descriptor)

    hub.squelch_generic_exception = failed
    hub.squelch_timer_exception = lambda self, _timer, error: failed(self, error)
    hub.squelch_exception = failed_at


def _ends_quietly(error):
    """Whether it is how a green thread is ended by others."""
    return _eventlet is not None and isinstance(error, _eventlet.greenlet.GreenletExit)


def mode():
    """The mode of this process; one that never called ``start`` runs on native threads."""
    return _mode or "threading"


# ---- the standard library's words, looked up when used: at import time they may not be patched yet

def Lock():  # noqa: N802
    return threading.Lock()


def Event():  # noqa: N802
    return threading.Event()


def local():
    return threading.local()


def sleep(seconds):
    time.sleep(seconds)


# ---- starting work

class Task:
    """Work that runs beside the caller; its errors are logged, since nobody else may ever look."""

    def __init__(self, fn, args, kwargs):
        self._call = (fn, args, kwargs)
        self._done = threading.Event()
        self.result = None
        self.error = None

    def run(self):
        fn, args, kwargs = self._call
        try:
            self.result = fn(*args, **kwargs)
        except BaseException as error:          # also SystemExit: nothing that runs beside others may end them
            self.error = error
            if not _ends_quietly(error):
                LOG.exception("%s failed", getattr(fn, "__qualname__", fn))
        finally:
            self._call = None
            self._done.set()

    @property
    def done(self):
        return self._done.is_set()

    def wait(self, timeout=None):
        """Wait at most ``timeout`` seconds; True when the work has ended."""
        return self._done.wait(timeout)


def spawn(fn, /, *args, **kwargs):
    """Run ``fn`` beside the caller in a green or native (daemon) thread; returns its Task."""
    task = Task(fn, args, kwargs)
    if mode() == "eventlet":
        _eventlet.spawn_n(task.run)
    else:
        threading.Thread(target=task.run, name=getattr(fn, "__name__", "task"), daemon=True).start()
    return task


class Pool:
    """At most ``size`` tasks at once; ``spawn`` waits for a free place."""

    def __init__(self, size):
        self._free = threading.Semaphore(size)
        self._size = size
        self._tasks = set()

    def spawn(self, fn, /, *args, **kwargs):
        self._free.acquire()
        task = Task(self._work, (fn, args, kwargs), {})
        self._tasks.add(task)
        return self._start(task)

    def _start(self, task):
        def run():
            try:
                task.run()
            finally:
                self._tasks.discard(task)
                self._free.release()
        spawn(run)
        return task

    @staticmethod
    def _work(fn, args, kwargs):
        return fn(*args, **kwargs)

    @property
    def running(self):
        return len(self._tasks)

    def map(self, fn, items):
        """Results of ``fn(item)`` in the items' order; the first error is raised after all have ended."""
        tasks = [self.spawn(fn, item) for item in items]
        for task in tasks:
            task.wait()
        for task in tasks:
            if task.error is not None:
                raise task.error
        return [task.result for task in tasks]

    def wait(self, timeout=None):
        """Wait for all that runs; False when ``timeout`` seconds were not enough."""
        end = None if timeout is None else time.monotonic() + timeout
        return all(task.wait(None if end is None else max(0.0, end - time.monotonic())) for task in list(self._tasks))


class _Periodic:
    def __init__(self, seconds, fn, first):
        self._seconds = seconds
        self._fn = fn
        self._first = first
        self._stopping = threading.Event()
        self._task = spawn(self._run)

    def _run(self):
        pause = self._seconds * random.uniform(0.1, 1.0) if self._first is None else self._first
        while not self._stopping.wait(pause):
            try:
                self._fn()
            except BaseException as error:
                if _ends_quietly(error):
                    return
                LOG.exception("periodic %s failed; it will run again", getattr(self._fn, "__qualname__", self._fn))
            pause = self._seconds * random.uniform(0.9, 1.1)

    def stop(self, timeout=10.0):
        """Run it no more; waits at most ``timeout`` seconds for a round that is under way, False if it goes on."""
        self._stopping.set()
        return self._task.wait(timeout)


def every(seconds, fn, *, first=None):
    """Call ``fn`` again and again with about ``seconds`` (10 % jitter) of pause; its errors are logged.

    ``first`` is the pause before the first round; None takes a random part of ``seconds``, so that a fleet that was
    started at once does not act at once.  Returns a handle with ``stop(timeout)``.
    """
    return _Periodic(seconds, fn, first)


# ---- native threads under green ones

def Mailbox():  # noqa: N802
    """A queue whose ``put(item)`` is safe from any native thread, and whose ``get(timeout=None)`` lets others run.

    ``get`` raises Empty after ``timeout`` seconds.  libvirt's callbacks come in native threads, for instance.
    """
    if mode() == "eventlet":
        return _native.GreenMailbox(_get_wakeup(), _eventlet.queue.LightQueue())
    return _native.PlainMailbox(queue.SimpleQueue())


def native(fn, /, *args, deadline, what=None):
    """Run a blocking C call in a native thread, and return its result or raise its error.

    :param deadline: seconds from now; None for a call that is meant to last.  When they pass, the caller gets
        DeadlineExceeded; the call goes on in a thread that is given up and replaced, so stuck calls never
        exhaust the pool.  A call that was still queued never starts.
    :raises DeadlineExceeded: it took too long.
    :raises Unavailable: too many earlier calls still hang.
    """
    return _native_pool().run(fn, args, deadline, what or getattr(fn, "__qualname__", str(fn)))


class Natives:
    """Native threads of one peer's own, so that a peer that hangs takes none from the rest of the process.

    :param size: calls at once; more of them wait.  :param most_stuck: calls that still hang after their callers have
        gone, before new ones are refused.
    """

    def __init__(self, size, most_stuck):
        self._pool = _make_pool(size, most_stuck)

    def run(self, fn, /, *args, deadline, what):
        """As ``native``."""
        return self._pool.run(fn, args, deadline, what)


def _native_pool():
    global _pool
    if _pool is None:
        _pool = _make_pool()
    return _pool


def _make_pool(size=_native.SIZE, most_stuck=None):
    if mode() == "eventlet":
        original = _eventlet.patcher.original
        return _native.Pool(original("threading"), original("queue"), Mailbox, size, most_stuck)
    return _native.Pool(threading, queue, Mailbox, size, most_stuck)


def _get_wakeup():
    global _wakeup
    if _wakeup is None:
        _wakeup = _native.Wakeup(_eventlet)
    return _wakeup


# ---- HTTP

def serve(app, sockets, limits=None):
    """Serve the WSGI ``app`` on bound ``sockets`` (they need not listen yet); returns at once.

    :param limits: a Limits; None takes its defaults.
    :returns: a handle with ``sockets`` (use these from now on), whose ``stop(timeout)`` ends accepting, lets running
        requests finish for ``timeout`` seconds, then cuts them; True when none had to be cut.
    """
    limits = limits or Limits()
    if mode() == "eventlet":
        return serving.GreenServer(_eventlet, app, sockets, limits)
    return serving.ThreadServer(app, sockets, limits, spawn)


__all__ = ["CircuitBreaker", "Connections", "Empty", "Event", "Limits", "Lock", "Mailbox", "Natives", "Pool", "Task",
           "configured_limits", "every", "exempt_networks", "given_up", "local", "mode", "native", "serve", "sleep",
           "spawn", "start"]
