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

from nova_lite.cmd import base, early, notify, single
from nova_lite.common import exception
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_PULSE = 2.0        # seconds between two signs that a worker's loop turns
_START = 120.0      # seconds a worker may take until the first of them


def main():
    base.read(sys.argv[1:], "nova-lite-api")
    base.set_up_log()
    from nova_lite.cmd.address import bind
    try:
        sockets = bind(f"{CONF.api.listen}:{CONF.api.port}")
    except exception.NovaLiteError as error:
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
        self._patience = _patience()

    def run(self):
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping:
            while len(self._workers) < self._count and not self._stopping:
                self._fork()
            self._reap()
            self._end_hung()
        notify.tell(notify.STOPPING)
        for each in self._sockets:      # else clients would wait in a queue that nobody serves any more
            each.close()
        for pid in self._workers:
            _kill(pid, signal.SIGTERM)
        self._wait_for_all(CONF.operations.stop_timeout + 5)

    def _stop(self, *_):
        self._stopping = True

    def _fork(self):
        ear, mouth = os.pipe()
        pid = os.fork()
        if pid:
            os.close(mouth)
            self._workers[pid] = Worker(ear)
            return
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            notify.through(mouth)
            early.start_concurrency(CONF.concurrency)
            os.set_blocking(mouth, False)
            for each in self._workers.values():
                each.close()
            _begin_pulse(os.getppid())
            single.serve(lambda: make(self._sockets))
            status = 0
        except BaseException:
            LOG.exception("An API worker ends")
        finally:
            os._exit(status)

    def _reap(self):
        """Take leave of workers that ended; one that died young is not replaced in a hurry."""
        for each in self._workers.values():
            self._pass_on(each.said())
        pid, status = os.waitpid(-1, os.WNOHANG)
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
            if silent > (self._patience if worker.turns else max(_START, self._patience)):
                LOG.error("API worker %s has not lived for %.0f s and is killed", pid, silent)
                _kill(pid, signal.SIGKILL)
                worker.heard_at = time.monotonic()

    def _pass_on(self, said):
        """Tell the init system once that a worker is ready, and that one lives as often as one says so."""
        if notify.READY in said and not self._ready:
            self._ready = True
            notify.tell(notify.READY)
        if notify.ALIVE in said:
            notify.tell(notify.ALIVE)

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
    """What the parent knows of one.  :param ear: the end of a pipe that it reads."""

    def __init__(self, ear):
        self._ear = ear
        os.set_blocking(ear, False)
        self.heard_at = time.monotonic()
        self.turns = False              # whether it was ever heard

    def said(self):
        """The lines that came since the last call."""
        try:
            text = os.read(self._ear, 4096).decode()
        except BlockingIOError:
            return ()
        if text:                            # else it ended, and is reaped
            self.heard_at, self.turns = time.monotonic(), True
        return text.split("\n")

    def silent(self):
        """Seconds since it was heard."""
        return time.monotonic() - self.heard_at

    def close(self):
        os.close(self._ear)


def _patience():
    """Seconds of silence that a worker may need: on SQLite its loop rests while another process writes."""
    from nova_lite.db.session import url
    waits = CONF.database.sqlite_busy_timeout if url().startswith("sqlite") else 0
    return max(CONF.api.worker_timeout, waits + 2 * _PULSE)


def _begin_pulse(parent):
    """Tell the parent again and again that the loop turns; without a parent, stop: its next life needs the port."""
    from nova_lite.common import concurrency

    def pulse():
        notify.tell(notify.TURNING)
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
    from nova_lite.cmd.doors import Doors
    from nova_lite.cmd.services import Web
    doors = Doors()
    doors.image.recover()
    return Web(app.build(doors), sockets, doors.image)


if __name__ == "__main__":
    main()
