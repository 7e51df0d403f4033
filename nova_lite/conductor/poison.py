"""What fails again and again in the engine itself is set aside, and the rest goes on.

A row may be damaged, or written by a newer release.  One that breaks the code which should begin it gets a few tries,
since the code may have been interrupted; then it ends as failed, with a text, and its server is free again.
"""

import collections
import logging

from nova_lite import db
from nova_lite.common import exception
from nova_lite.db import operations
from nova_lite.db.faults import fault

LOG = logging.getLogger(__name__)

TRIES = 3
_MOST = 1000        # operations whose failures are counted at the same time


class Poison:
    """Counts, in this conductor, how often an operation broke what should begin it."""

    def __init__(self, endings):
        self._endings = endings
        self._failures = collections.OrderedDict()

    def tasted(self, operation_id, error):
        """``error``, which no code expects, came of this operation.  :returns: whether it was set aside."""
        self._failures[operation_id] = failures = self._failures.pop(operation_id, 0) + 1
        if len(self._failures) > _MOST:
            self._failures.popitem(last=False)
        if failures < TRIES:
            LOG.error("Operation %s cannot be begun (%d of %d tries)", operation_id, failures, TRIES, exc_info=error)
            return False
        self.set_aside(operation_id, f"The operation cannot be done: unexpected {type(error).__name__}. The "
                                     "conductor's log tells more.")
        return True

    def set_aside(self, operation_id, text):
        """End it as failed with ``text``, without reading what may be damaged.

        :raises Fenced: somebody leads it after all.
        """
        with db.reader() as session:
            row = operations.bare(session, operation_id)
        self._failures.pop(operation_id, None)
        try:
            with db.writer() as session:
                self._end(session, row, text)
        except exception.NovaLiteError:
            raise
        except Exception:
            LOG.exception("Operation %s cannot even fail; what its server held is left to the auditor", operation_id)
            with db.writer() as session:
                operations.abandon(session, row, text)
        LOG.error("Operation %s (%s) of server %s is set aside: %s", operation_id, row.name, row.server_id, text)

    def _end(self, session, row, text):
        if row.name in operations.OPERATIONS:
            self._endings.failed(session, row, fault(500, text))
        else:
            operations.abandon(session, row, text)


def guarded(poison, work, operation_id, *args):
    """The result of ``work``; an error that no code expects counts against the operation.

    :raises Fenced: it was set aside just now.
    """
    try:
        return work(operation_id, *args)
    except exception.NovaLiteError:
        raise
    except Exception as error:
        if poison.tasted(operation_id, error):
            raise exception.Fenced(operation_id=operation_id, attempt=0) from error
        raise
