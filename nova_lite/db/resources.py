"""The resources that operations work on: all that the engine of operations knows of a type.

Transactions lock what an operation claims in the order of RESOURCES, several of one type by their ids.
"""

import dataclasses
from collections.abc import Callable

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import quota_usage
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import SERVER


def _nothing(*_args):
    """Of a type that nothing else follows."""


@dataclasses.dataclass(frozen=True, eq=False)
class Resource:
    """One type.

    :ivar table: its rows, with id, project_id, updated_at and deleted_at (None: it is there).
    :ivar not_found, locked, not_ready, invalid: the exceptions that refuse an operation on it.
    :ivar named: the name that its id has in their texts.
    :ivar state, task: its columns of what it is, and of what is done to it (None: nothing).
    :ivar lock: its column of who locked it, which members heed; None: it cannot be locked.
    :ivar place: its column of the host it is on; None: its operations begin at the conductor.
    :ivar claimed: callable(session, id, operation's row of the table, state); it was claimed in this transaction.
    :ivar freed: callable(session, id, the row, {states before and after}, columns written); likewise.
    """

    table: sa.Table
    not_found: type
    locked: type | None
    not_ready: type | None
    invalid: type
    named: str
    state: str
    task: str
    lock: str | None = None
    place: str | None = None
    claimed: Callable = _nothing
    freed: Callable = _nothing


RESOURCES = {
    SERVER: Resource(
        Server.__table__, exceptions.ServerNotFound, exceptions.ServerLocked, exceptions.ServerNotReady,
        exceptions.InvalidState, "server_id", "vm_state", "task_state", "locked_by", "host",
        quota_usage.claimed, quota_usage.freed),
}


def in_order(pairs):
    """(type, id) pairs in the order of locks; types that this release does not know are missing."""
    order = list(RESOURCES)
    return sorted((each for each in pairs if each[0] in RESOURCES), key=lambda pair: (order.index(pair[0]), pair[1]))
