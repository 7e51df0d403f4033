"""How late a message comes that only tells what is: what a host saw a while ago must not overwrite what is so now.

A report may lie in a queue, or in a conductor that was frozen, until long after its sender has given up on it.  Clocks
of two machines differ, and jump; so each sender says its monotonic time, and its fastest message is the measure.
"""

import collections
import time

LATE = 5.0          # seconds; a second later its sender gives up on it
_CREEP = 0.001      # seconds a second by which two clocks may drift apart
_MOST = 10_000      # senders that are remembered


class Lateness:
    def __init__(self):
        self._least = collections.OrderedDict()     # sender -> (least difference of the two clocks, when it was taken)

    def of(self, sent):
        """Seconds that a message took beyond the fastest of its sender.

        :param sent: (sender's name for this life of it, its monotonic time), or None from an older host.
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
