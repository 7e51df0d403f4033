"""``nova-lite-api``: every REST API on one port, answered by several worker processes.

The parent binds the port, forks the workers and replaces those that die; it runs no service itself, so that nothing
is shared across the fork but the socket.
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
        self._workers = set()
        self._stopping = False
        self._ear, self._mouth = os.pipe()      # workers say that they are ready, and live
        os.set_blocking(self._ear, False)
        self._told = set()

    def run(self):
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping:
            while len(self._workers) < self._count and not self._stopping:
                self._workers.add(self._fork())
            self._reap()
        notify.tell(notify.STOPPING)
        for each in self._sockets:      # else clients would wait in a queue that nobody serves any more
            each.close()
        for pid in self._workers:
            _kill(pid, signal.SIGTERM)
        self._wait_for_all(CONF.operations.stop_timeout + 5)

    def _stop(self, *_):
        self._stopping = True

    def _fork(self):
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            notify.through(self._mouth)
            early.start_concurrency(CONF.concurrency)
            single.serve(lambda: make(self._sockets))
            status = 0
        except BaseException:
            LOG.exception("An API worker ends")
        finally:
            os._exit(status)

    def _reap(self):
        """Take leave of workers that ended; one that died young is not replaced in a hurry."""
        self._pass_on()
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            time.sleep(0.1)
            return
        self._workers.discard(pid)
        if status and not self._stopping:
            LOG.warning("API worker %s ended with status %s; another takes its place", pid, status)
            time.sleep(1)

    def _pass_on(self):
        """Tell the init system once that a worker is ready, and that one lives as often as one says so."""
        with contextlib.suppress(BlockingIOError):
            said = os.read(self._ear, 4096).decode().split("\n")
            if notify.READY in said and not self._told:
                self._told.add(notify.READY)
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
            self._workers.discard(pid)
            time.sleep(0.02)
        for pid in self._workers:
            _kill(pid, signal.SIGKILL)


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
