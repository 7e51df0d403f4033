"""Whether a host's network rests: nothing has changed since all of it was compared, so nothing needs to be done."""

import time

from nova_lite.common import exceptions
from nova_lite.network.planes.linux.kernel_events import KernelEvents

#: Seconds after which all is compared in any case: the kernel says nothing of some sysctls, and nobody of files.
_LONGEST = 600


class Rest:
    """:param facts: callable without arguments; what it returns is equal as long as nothing of it changes, and a
        NovaLiteError that it raises says nothing.
    """

    def __init__(self, facts):
        self._facts = facts
        self._events = None
        self._known = None          # (the facts, when they were taken)

    def holds(self):
        """Whether nothing has changed since ``begins``, as far as anybody says; where it has, until it begins anew."""
        if self._known is None or self._events.any():
            self.ends()
            return False
        facts, at = self._known
        return time.monotonic() - at < _LONGEST and self._taken() == facts

    def begins(self):
        """All was compared, and is as it should be: what changed meanwhile was done by who compared it."""
        if self._events is None:
            self._events = KernelEvents()
        self._events.any()
        facts = self._taken()
        self._known = None if facts is None else (facts, time.monotonic())

    def _taken(self):
        try:
            return self._facts()
        except exceptions.NovaLiteError:
            return None

    def ends(self):
        """What is there is not known any more."""
        self._known = None

    def close(self):
        self.ends()
        if self._events is not None:
            self._events.close()
            self._events = None
