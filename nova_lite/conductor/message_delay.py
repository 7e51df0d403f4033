"""How late a report of a host's state arrives: an old state must not overwrite a newer one.

A report may stay in a queue, or in a conductor that was frozen, until long after its sender has given up on it.  Clocks
of two machines differ, and are stepped; so each message has its sender's monotonic time, and the delay is measured
against the sender's fastest message.
"""

import collections
import time

from nova_lite.common import exceptions

LATE = 5.0          # seconds of delay from which a report is ignored; a second later its sender gives up on it
_CREEP = 0.001      # seconds per second by which two clocks may drift apart
_MOST = 10_000      # senders that are remembered


class MessageDelay:
    """Remembers the fastest message of each sender."""

    def __init__(self):
        self._least = collections.OrderedDict()     # sender -> (least difference of the two clocks, when it was taken)

    def check(self, sent):
        """:param sent: as for ``of``.  :raises MessageTooLate: its sender has given up on it, and may have said more.
        """
        late = self.of(sent)
        if late > LATE:
            raise exceptions.MessageTooLate(seconds=f"{late:.0f}")

    def of(self, sent):
        """Seconds that a message took longer than the fastest of its sender.

        :param sent: (id of the sender's process, its monotonic time); None, from an older host, gives 0.
        """
        if sent is None:
            return 0.0
        sender, there = sent
        here = time.monotonic()
        difference = here - there
        least, taken_at = self._least.pop(sender, (difference, here))
        least = min(difference, least + (here - taken_at) * _CREEP)
        self._least[sender] = least, here
        if len(self._least) > _MOST:
            self._least.popitem(last=False)
        return difference - least
