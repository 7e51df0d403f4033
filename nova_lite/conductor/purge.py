"""The periodic purge: deleted servers, old operations and migrations, and rows that have expired."""

import functools

from nova_lite import db
from nova_lite.common import concurrency
from nova_lite.conf import CONF
from nova_lite.db import purge

SECONDS = 60        # between two runs
_MOST = 20          # transactions of one kind in a run
_PAUSE = 0.05       # seconds between two transactions, for others to write


def look():
    """Delete some of the rows that are due; the next run goes on."""
    run(CONF.database.purge_deleted_days, CONF.database.purge_operations_days, most=_MOST)


def run(deleted_days, operations_days, most=None):
    """Delete rows that are due, in many short transactions.

    :param deleted_days: days after which deleted servers are purged; 0: never.
    :param operations_days: days after which operations and migrations of existing servers are purged; 0: never.
    :param most: transactions of one kind; None: until nothing is left.
    :returns: {"servers", "operations", "migrations", "expired": how many rows were deleted}
    """
    kinds = {"expired": purge.expired, "sums": purge.sums}
    if deleted_days:
        kinds["servers"] = functools.partial(purge.servers, days=deleted_days)
    if operations_days:
        kinds |= {"operations": functools.partial(purge.operations, days=operations_days),
                  "migrations": functools.partial(purge.migrations, days=operations_days)}
    done = dict.fromkeys(("servers", "operations", "migrations", "expired"), 0)
    for name, delete in kinds.items():
        count = _repeat(delete, most)
        if name in done:
            done[name] = count
    return done


def _repeat(delete, most):
    total, rounds = 0, 0
    while most is None or rounds < most:
        with db.writer(relaxed=True) as session:
            deleted = delete(session)
        if not deleted:
            break
        total, rounds = total + deleted, rounds + 1
        concurrency.sleep(_PAUSE)
    return total
