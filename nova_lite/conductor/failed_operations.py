"""Operations that cannot be started, because of an unexpected error, are set aside so that others go on.

The row of such an operation may be damaged or written by a newer release.  It is tried a few times, since the error may
have been temporary; then it ends as failed, with a message, and its resource is free again.
"""

import collections
import logging

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor.effects.base import Failure
from nova_lite.db import operations
from nova_lite.objects.states import OPERATIONS

LOG = logging.getLogger(__name__)

TRIES = 3
_MOST = 1000        # operations whose failures are counted at the same time


class FailedOperations:
    """Counts in this conductor's memory how often an operation failed to start.

    :param completion: effects.completion.Completion.
    """

    def __init__(self, completion):
        self._completion = completion
        self._failures = collections.OrderedDict()

    def record(self, operation_id, error):
        """Count an unexpected ``error`` of an operation, and set it aside after TRIES of them.

        :returns: whether it was set aside.
        """
        self._failures[operation_id] = failures = self._failures.pop(operation_id, 0) + 1
        if len(self._failures) > _MOST:
            self._failures.popitem(last=False)
        if failures < TRIES:
            LOG.error("Operation %s cannot be started (%d of %d tries)", operation_id, failures, TRIES, exc_info=error)
            return False
        self.set_aside(operation_id, f"The operation cannot be done: unexpected {type(error).__name__}. The "
                                     "conductor's log says more.")
        return True

    def set_aside(self, operation_id, text):
        """End an operation as failed with the message ``text``, without reading columns that may be damaged.

        :raises Fenced: a worker has its lease.
        """
        with db.reader() as session:
            row = operations.get_without_json(session, operation_id)
        self._failures.pop(operation_id, None)
        try:
            with db.writer() as session:
                self._end(session, row, text)
        except exceptions.NovaLiteError:
            raise
        except Exception:
            LOG.exception("Operation %s cannot even fail; what its resource held is left to the auditor", operation_id)
            with db.writer() as session:
                operations.abandon(session, row, text)
        LOG.error("Operation %s (%s) of %s %s is set aside: %s", operation_id, row.name, row.resource_type,
                  row.resource_id, text)

    def _end(self, session, row, text):
        if row.name in OPERATIONS:
            self._completion.fail(session, row, Failure(500, text))
        else:
            operations.abandon(session, row, text)


def guarded(failed_operations, work, operation_id, *args):
    """The result of ``work(operation_id, *args)``; an unexpected error is counted by ``failed_operations``.

    :raises Fenced: the operation was set aside just now.
    """
    try:
        return work(operation_id, *args)
    except exceptions.NovaLiteError:
        raise
    except Exception as error:
        if failed_operations.record(operation_id, error):
            raise exceptions.Fenced(operation_id=operation_id, attempt=0) from error
        raise
