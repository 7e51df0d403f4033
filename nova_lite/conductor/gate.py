"""A limit of the flows that run at once, which is closed when the conductor stops."""

import threading
import time

from nova_lite.common import concurrency, exceptions


class Gate:
    """A context manager that at most ``size`` flows are in at once, and that none enters when it is closed."""

    def __init__(self, size):
        self._places = threading.BoundedSemaphore(size)
        self._closed = False
        self._running = 0

    def __enter__(self):
        """Wait for a place.  :raises Stopping: the gate is closed."""
        self._places.acquire()
        self._running += 1
        if self._closed:
            self.__exit__()
            raise exceptions.Stopping

    def __exit__(self, *_):
        self._running -= 1
        self._places.release()

    def close(self, seconds):
        """Let no more flows in; True when those that run have ended within ``seconds``."""
        self._closed = True
        end = time.monotonic() + seconds
        while self._running and time.monotonic() < end:
            concurrency.sleep(0.05)
        return not self._running
