"""How many requests one project has worked on at once: who sends many waits for himself, not others for him."""

import collections
import contextlib
import threading

from nova_lite.common import exceptions

_WAITING = 4            # times the share: that many requests may wait for their turn
_TIMEOUT = 30.0        # seconds that one waits


class Shares:
    """One for each kind of request.  Counts are of this process."""

    def __init__(self):
        self._lock = threading.Lock()
        self._running = {}          # key -> count
        self._waiting = {}          # key -> deque of Events

    @contextlib.contextmanager
    def taken(self, key, most, aside):
        """Be one of the ``most`` that run for ``key``; 0: any number.

        :param aside: a callable that gives a context in which this request may wait without being in anyone's way.
        :raises TooManyRequests: too many wait already, or this one waited too long.
        """
        if not most or key is None:
            yield
            return
        self._take(key, most, aside)
        try:
            yield
        finally:
            self._release(key)

    def _take(self, key, most, aside):
        with self._lock:
            count = self._running.get(key, 0)
            if count < most:
                self._running[key] = count + 1
                return
            queue = self._waiting.setdefault(key, collections.deque())
            if len(queue) >= most * _WAITING:
                raise _refusal(most)
            turn = threading.Event()
            queue.append(turn)
        try:
            with aside():
                came = turn.wait(_TIMEOUT)
        except BaseException:               # its connection was cut while it waited
            self._leave(key, turn)
            raise
        if not came and self._left(key, turn):
            raise _refusal(most)

    def _left(self, key, turn):
        """Whether it was still waiting; it does not any more."""
        with self._lock:
            queue = self._waiting.get(key, ())
            if turn not in queue:
                return False
            queue.remove(turn)
            return True

    def _leave(self, key, turn):
        if not self._left(key, turn):
            self._release(key)

    def _release(self, key):
        with self._lock:
            queue = self._waiting.get(key)
            if queue:
                queue.popleft().set()       # who comes next has the place from here on
                return
            self._waiting.pop(key, None)
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]


def _refusal(most):
    return exceptions.TooManyRequests(
        f"This project has {most} requests running and too many waiting ([http] max_requests_per_project). "
        "Send fewer at once.")
