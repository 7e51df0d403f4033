"""Work that a deadlock undid is done again, as long as nothing of it is outside the transaction that was undone.

Transactions lock rows in one order (db/locks.py), so that nobody waits for another who waits for him.  Where two do all
the same, the database undoes one, and its client need not know: if that was the first that the work wrote, and no
message was sent, then nothing was done, and a second try is as good as the first.
"""

import contextvars
import logging
import random

from nova_lite.common import concurrency, exception

LOG = logging.getLogger(__name__)

TRIES = 4
_PAUSE = 0.1        # seconds at most before the second try; before each later one, longer
_trial = contextvars.ContextVar("trial", default=None)      # a green thread has a context of its own
_random = random.SystemRandom()


class _Trial:
    """:ivar outside: whether something was done that no rollback takes back."""

    def __init__(self):
        self.outside = False


def outside():
    """Something is done now that no rollback takes back: a commit, a message."""
    trial = _trial.get()
    if trial is not None:
        trial.outside = True


def while_undone(work, before_next=None):
    """The result of ``work()``, which is called again while a deadlock undoes all it did, a few times.

    :param before_next: called before each further try.
    :raises DeadlockVictim: the last try's, or one that came when something was outside already.
    """
    for number in range(1, TRIES):
        trial = _Trial()
        token = _trial.set(trial)
        try:
            return work()
        except exception.DeadlockVictim:
            if trial.outside:
                raise
        finally:
            _trial.reset(token)
        LOG.info("What a deadlock undid is tried again (%d of %d)", number + 1, TRIES)
        concurrency.sleep(_random.uniform(0, _PAUSE * number))
        if before_next is not None:
            before_next()
    return work()
