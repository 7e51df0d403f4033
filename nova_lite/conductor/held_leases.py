"""The leases that this conductor holds, renewed so that a slow answer of a service leads to no second worker."""

import contextlib
import threading

from nova_lite import db
from nova_lite.conf import CONF
from nova_lite.db import operations


class HeldLeases:
    """Leases of operations whose flows run in this process."""

    def __init__(self):
        self._held = {}             # operation id -> attempt
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def holding(self, operation):
        """Renew the lease of ``operation`` (its row, as leased) until the block ends."""
        with self._guard:
            self._held[operation.id] = operation.attempt
        try:
            yield
        finally:
            with self._guard:
                if self._held.get(operation.id) == operation.attempt:
                    del self._held[operation.id]

    def renew(self):
        """Renew all leases, every third of ``[operations] lease``.  A flow whose lease is lost is fenced."""
        with self._guard:
            held = dict(self._held)
        if held:
            with db.writer(relaxed=True) as session:
                operations.renew(session, held, CONF.operations.lease)
