"""A circuit breaker: stop asking a peer that does not answer, and find out cheaply when it is back."""

import threading
import time

from nova_lite.common import exceptions


class CircuitBreaker:
    """Counts failures in a row; ``failures`` of them open the circuit for ``cool_down`` seconds.

    While it is open every use raises CircuitOpen at once.  After the cool-down one caller goes through as a trial: its
    success closes the circuit, its failure opens it again.  Use it as ``with breaker:`` or ``breaker.call(fn, ...)``.
    ``counts`` are the exceptions of a peer that is not well; others ("no such guest") prove that it answers.
    """

    def __init__(self, name, failures=3, cool_down=30.0, counts=(Exception,), clock=time.monotonic):
        self.name = name
        self.failures = failures
        self.cool_down = cool_down
        self.counts = tuple(counts)
        self._clock = clock
        self._lock = threading.Lock()       # never held across a wait, so either kind of lock will do
        self._failed = 0
        self._retry_at = None               # None: closed; else the time of the next trial

    @property
    def is_open(self):
        """Whether a use would be refused now."""
        return self._retry_at is not None and self._clock() < self._retry_at

    def reset(self):
        """Close it: somebody else saw the peer alive."""
        with self._lock:
            self._failed, self._retry_at = 0, None

    def call(self, fn, *args, **kwargs):
        with self:
            return fn(*args, **kwargs)

    def __enter__(self):
        with self._lock:
            if self._retry_at is not None:
                wait = self._retry_at - self._clock()
                if wait > 0:
                    raise exceptions.CircuitOpen(name=self.name, seconds=round(wait, 1))
                self._retry_at = self._clock() + self.cool_down     # this caller is the trial; others go on waiting
        return self

    def __exit__(self, kind, error, _traceback):
        if kind is None or not issubclass(kind, self.counts):
            if kind is None or issubclass(kind, Exception):         # a killed thread proves nothing
                self.reset()
            return False
        with self._lock:
            self._failed += 1
            if self._failed >= self.failures:
                self._retry_at = self._clock() + self.cool_down
        return False
