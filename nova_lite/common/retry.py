"""Work that failed is tried again: after pauses, or, where a deadlock undid it, as long as nothing of it is outside.

Transactions lock rows in one order (db/locks.py), so that two of them do not wait for each other.  Where two do all the
same, the database undoes one, and its client need not know: if that was the first that the work wrote, and no message
was sent, then nothing was done, and a second try is as good as the first.
"""

import contextvars
import logging
import random
import time

from nova_lite.common import concurrency, exceptions

LOG = logging.getLogger(__name__)

TRIES = 4
_PAUSE = 0.1        # seconds at most before the second try; before each later one, longer
_trial = contextvars.ContextVar("trial", default=None)      # a green thread has a context of its own
_random = random.SystemRandom()


def after_errors(work, errors, pauses, on_error=None):
    """The result of ``work()``, which is called again while it raises one of ``errors``.

    :param errors: an exception class, or a tuple of such.
    :param pauses: iterable of the seconds before each further try; see ``growing`` and ``within``.  When it ends, the
        next try is the last.
    :param on_error: called with each error that is not the last, before the pause; what it raises ends the tries.
    :raises: what the last try raised.
    """
    for pause in pauses:
        try:
            return work()
        except errors as error:
            if on_error is not None:
                on_error(error)
        concurrency.sleep(pause)
    return work()


def growing(first, most, factor=2):
    """Pauses without end, each ``factor`` times as long as the one before: from ``first`` to ``most`` seconds."""
    while True:
        yield first
        first = min(first * factor, most)


def within(seconds, pauses):
    """Those of ``pauses`` that end within ``seconds`` from the first try on."""
    end = time.monotonic() + seconds
    for pause in pauses:
        if time.monotonic() + pause > end:
            return
        yield pause


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
        except exceptions.DeadlockVictim:
            if trial.outside:
                raise
        finally:
            _trial.reset(token)
        LOG.info("What a deadlock undid is tried again (%d of %d)", number + 1, TRIES)
        concurrency.sleep(_random.uniform(0, _PAUSE * number))
        if before_next is not None:
            before_next()
    return work()
