"""Dispatch: a message says that an operation is due, and its work is started in a thread of its own.

A message that is repeated while the work waits for its gate is dropped, so that an operation waits there once.
"""

import threading

from nova_lite.common import concurrency


class Dispatcher:
    """:param answer: ``answer(work, context, operation_id)``, does the work and handles its errors."""

    def __init__(self, answer):
        self._answer = answer
        self._waiting = set()
        self._guard = threading.Lock()

    def dispatch(self, gate, work, context, operation_id):
        """Begin ``work(context, operation_id)`` beside, when ``gate``, a context manager, lets it pass."""
        with self._guard:
            if operation_id in self._waiting:
                return
            self._waiting.add(operation_id)
        concurrency.spawn(self._answer, self._through(gate, work), context, operation_id)

    def _through(self, gate, work):
        def passed(context, operation_id):
            try:
                gate.__enter__()
            finally:
                with self._guard:       # from here on a message may mean what the work did not see any more
                    self._waiting.discard(operation_id)
            try:
                work(context, operation_id)
            finally:
                gate.__exit__(None, None, None)
        return passed
