"""Doorbells: a message says that an operation is due, and its work is begun beside.

A bell that rings again while the work waits for its turn says nothing new: of a thousand that wait, each waits once.
"""

import threading

from nova_lite.common import concurrency


class Doorbells:
    """:param answer: ``answer(work, context, operation_id)``, does the work and bears its errors."""

    def __init__(self, answer):
        self._answer = answer
        self._waiting = set()
        self._guard = threading.Lock()

    def ring(self, gate, work, context, operation_id):
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
                with self._guard:       # from here on a ring may mean what the work did not see any more
                    self._waiting.discard(operation_id)
            try:
                work(context, operation_id)
            finally:
                gate.__exit__(None, None, None)
        return passed
