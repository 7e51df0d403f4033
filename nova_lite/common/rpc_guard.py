"""Bounds what a broken broker may cost: callers go on in time, and few wait for a bus that is known to be away.

oslo.messaging's drivers wait for a broker as long as it takes, in places without any time limit (the first
connection, a reply queue), so each use of the bus runs beside its caller, who waits for so long and no longer.
"""

import functools
import itertools

import oslo_messaging

from nova_lite.common import breaker, concurrency, exceptions, retry

RETRIES = 2         # of one send: the first may only find out that a pooled connection is dead
CAST = 5.0          # seconds a cast may take
AGAIN = 0.5         # seconds until a call whose server has not come yet is tried again
GRACE = 1.0         # seconds beyond a call's own limit, so that the bus can report itself why it failed
MAX_STUCK = 100     # uses that still wait for the broker after their callers have gone


class Open:
    """No guard: the in-process bus keeps its times by itself."""

    def cast(self, use):
        use()

    def call(self, use, _seconds):
        return use()


class Guard:
    """Watches one broker.  ``use`` is a function that speaks to it and raises oslo.messaging's exceptions."""

    def __init__(self):
        self._breaker = breaker.CircuitBreaker("the message bus", failures=2, cool_down=3.0,
                                               counts=(exceptions.BusUnavailable,))
        self._stuck = []

    def cast(self, use):
        self._once(use, CAST - GRACE)

    def call(self, use, seconds):
        """The result of ``use``, or what it raised.  While nobody listens yet, it is tried again.

        :raises BusUnavailable: it did not end within ``seconds`` and a little, or was not even tried.
        :raises MessagingTimeout: nobody came to listen within ``seconds``.
        """
        try:
            return retry.after_errors(functools.partial(self._once, use, seconds), oslo_messaging.MessageUndeliverable,
                                      retry.within(seconds, itertools.repeat(AGAIN)))
        except oslo_messaging.MessageUndeliverable as error:
            raise oslo_messaging.MessagingTimeout("nobody listens") from error

    def _once(self, use, seconds):
        try:
            with self._breaker:
                return self._bounded(use, seconds + GRACE)
        except exceptions.CircuitOpen as error:
            raise exceptions.BusUnavailable(reason=str(error)) from error

    def _bounded(self, use, seconds):
        self._stuck = [task for task in self._stuck if not task.done]
        if len(self._stuck) >= MAX_STUCK:
            raise exceptions.BusUnavailable(reason=f"{MAX_STUCK} messages wait for it")
        task = concurrency.spawn(_outcome, use)
        if not task.wait(seconds):
            self._stuck.append(task)
            raise exceptions.BusUnavailable(reason=f"it took more than {seconds:g} s")
        error, result = task.result
        if _of_the_broker(error):
            raise exceptions.BusUnavailable(reason=str(error)) from error
        if error is not None:
            raise error
        return result


def _of_the_broker(error):
    """Whether ``error`` says that the bus is away; some of the client library's own escape oslo.messaging."""
    return (isinstance(error, oslo_messaging.MessageDeliveryFailure | OSError)
            or type(error).__module__.split(".")[0] in ("amqp", "kombu"))


def _outcome(use):
    """(error, None) or (None, result): the task must not log what its caller will handle."""
    try:
        return None, use()
    except Exception as error:
        return error, None
