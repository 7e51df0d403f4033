"""``nova-lite-api``: every REST API on one port, answered by several worker processes.

The parent binds the port, forks the workers and replaces those that die or hang; it runs no service itself, so that
nothing is shared across the fork but the socket.
"""

import contextlib
import logging
import os
import signal
import sys
import time

from nova_lite.cmd import base, notify, preload, run_service
from nova_lite.common import exceptions
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_PULSE = 2.0        # seconds between two signs that a worker's loop turns
_START = 120.0      # seconds a worker may take until the first of them


def main():
    try:
        base.read(sys.argv[1:], "nova-lite-api")
        base.set_up_log()
        from nova_lite.cmd.address import bind
        sockets = bind(f"{CONF.api.listen}:{CONF.api.port}")
    except exceptions.NovaLiteError as error:
        base.fail(error)
    Parent(sockets, CONF.api.workers).run()


class Parent:
    """Keeps ``count`` workers alive until SIGTERM."""

    def __init__(self, sockets, count):
        self._sockets = sockets
        self._count = count
        self._workers = {}                      # pid -> Worker
        self._stopping = False
        self._ready = False
        self._silence_allowed = _silence_allowed()

    def run(self):
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping:
            self._fork_missing()
            self._reap()
            self._end_hung()
        notify.send(notify.STOPPING)
        for each in self._sockets:      # else clients would wait in a queue that nobody serves any more
            each.close()
        for pid in self._workers:
            _kill(pid, signal.SIGTERM)
        self._wait_for_all(CONF.operations.stop_timeout + 5)

    def _stop(self, *_):
        self._stopping = True

    def _fork_missing(self):
        try:
            while len(self._workers) < self._count and not self._stopping:
                self._fork()
        except OSError as error:
            LOG.error("An API worker cannot be started, for now: %s", error)
            time.sleep(1)

    def _fork(self):
        reader, writer = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(reader)
            os.close(writer)
            raise
        if pid:
            os.close(writer)
            self._workers[pid] = Worker(reader)
            return
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            notify.through(writer)
            preload.start_concurrency(CONF.concurrency)
            os.set_blocking(writer, False)
            for each in self._workers.values():
                each.close()
            _begin_pulse(os.getppid())
            run_service.serve(lambda: make(self._sockets))
            status = 0
        except BaseException:
            LOG.exception("An API worker ends")
        finally:
            os._exit(status)

    def _reap(self):
        """Pass on what workers report and collect those that ended; one that failed is replaced a second later."""
        for each in self._workers.values():
            self._pass_on(each.said())
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:           # none could be started
            return
        if not pid:
            time.sleep(0.1)
            return
        self._forget(pid)
        if status and not self._stopping:
            LOG.warning("API worker %s ended with status %s; another takes its place", pid, status)
            time.sleep(1)

    def _forget(self, pid):
        worker = self._workers.pop(pid, None)
        if worker is not None:
            worker.close()

    def _end_hung(self):
        """Kill workers whose loop has not turned for too long; they are replaced as those that died."""
        for pid, worker in self._workers.items():
            silent = worker.silent()
            if silent > (self._silence_allowed if worker.turns else max(_START, self._silence_allowed)):
                LOG.error("API worker %s has not lived for %.0f s and is killed", pid, silent)
                _kill(pid, signal.SIGKILL)
                worker.reported_at = time.monotonic()

    def _pass_on(self, said):
        """Notify the init system once when a worker is ready, and of life as often as a worker reports it."""
        if notify.READY in said and not self._ready:
            self._ready = True
            notify.send(notify.READY)
        if notify.ALIVE in said:
            notify.send(notify.ALIVE)

    def _wait_for_all(self, seconds):
        end = time.monotonic() + seconds
        while self._workers and time.monotonic() < end:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            self._forget(pid)
            time.sleep(0.02)
        for pid in self._workers:
            _kill(pid, signal.SIGKILL)


class Worker:
    """What the parent process knows of a worker.

    :param reader: the end of a pipe from which its reports are read.
    """

    def __init__(self, reader):
        self._reader = reader
        os.set_blocking(reader, False)
        self.reported_at = time.monotonic()
        self.turns = False              # whether it ever reported

    def said(self):
        """The lines that came since the last call."""
        try:
            text = os.read(self._reader, 4096).decode()
        except BlockingIOError:
            return ()
        if text:                            # else it ended, and is reaped
            self.reported_at, self.turns = time.monotonic(), True
        return text.split("\n")

    def silent(self):
        """Seconds since its last report."""
        return time.monotonic() - self.reported_at

    def close(self):
        os.close(self._reader)


def _silence_allowed():
    """Seconds of silence that a worker may need: on SQLite its loop rests while another process writes."""
    from nova_lite.db.session import url
    waits = CONF.database.sqlite_busy_timeout if url().startswith("sqlite") else 0
    return max(CONF.api.worker_timeout, waits + 2 * _PULSE)


def _begin_pulse(parent):
    """Report to the parent periodically that the loop turns; without a parent, stop: its next life needs the port."""
    from nova_lite.common import concurrency

    def pulse():
        notify.send(notify.TURNING)
        if os.getppid() != parent:
            LOG.error("The parent of this API worker is gone; it stops")
            os.kill(os.getpid(), signal.SIGTERM)
    concurrency.every(_PULSE, pulse, first=0)


def _kill(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def make(sockets):
    """The service of one worker."""
    from nova_lite.api.wsgi import app
    from nova_lite.cmd import cloud_check
    from nova_lite.cmd.facades import Facades
    from nova_lite.cmd.services import Web
    cloud_check.claim()
    facades = Facades()
    with contextlib.suppress(exceptions.DatabaseUnavailable):        # the sweep tries again, and the log says so
        facades.image.recover()
    return Web(app.build(facades), sockets, facades.image)


if __name__ == "__main__":
    main()
