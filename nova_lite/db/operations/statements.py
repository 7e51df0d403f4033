"""The statements and small helpers that all writers of operations share.

Statements are built once: building one costs ten times what SQLite needs to run it.  What a statement sets, and does
not name here, comes from the parameters it is executed with.
"""

import datetime
import functools

import sqlalchemy as sa

from nova_lite.common import failpoints
from nova_lite.db import steps
from nova_lite.db.base import now
from nova_lite.db.models.operations import Operation
from nova_lite.db.resources import RESOURCES
from nova_lite.objects.states import OperationState

CONDUCTOR = steps.CONDUCTOR
_OPERATIONS = Operation.__table__
#: The moment of a write to an operation: "b_now", but never before the one of an earlier write.  The clocks of
#: conductors differ by milliseconds, and a writer may have waited for another.  Steps begin and end at that moment.
_NOW = sa.bindparam("b_now", type_=_OPERATIONS.c.updated_at.type)
LATER = sa.case((_OPERATIONS.c.updated_at > _NOW, _OPERATIONS.c.updated_at), else_=_NOW)
#: A write of the present attempt; its last write; a write that is allowed only while a worker has the lease.
LED = sa.update(_OPERATIONS).where(
    _OPERATIONS.c.id == sa.bindparam("b_id"), _OPERATIONS.c.attempt == sa.bindparam("b_attempt"),
    _OPERATIONS.c.finished_at.is_(None)).values(updated_at=LATER)
END = LED.values(finished_at=LATER)
RUN = LED.where(_OPERATIONS.c.state == OperationState.RUNNING)
NEW = sa.insert(_OPERATIONS)
#: As LED, of an operation on the very resource that the writer names.
_LED_ON = LED.where(_OPERATIONS.c.resource_type == sa.bindparam("b_resource_type"),
                    _OPERATIONS.c.resource_id == sa.bindparam("b_resource_id"))


def mark(session, operation_id, transition, place=None):
    """Name this transaction's failpoints: "build_server.lease.host"."""
    if failpoints.watching:
        name = session.execute(sa.select(_OPERATIONS.c.name).where(_OPERATIONS.c.id == operation_id)).scalar()
        where = f".{'conductor' if place == CONDUCTOR else 'host'}" if place else ""
        failpoints.mark(session, f"{name}.{transition}{where}")


def until(seconds):
    return now() + datetime.timedelta(seconds=seconds)


def update(session, operation_id, led_by, on=None, **values):
    """Write to an open operation as the present attempt; return 0 where the attempt is another.

    :param on: (type, id) of the resource that it must be on; None: whatever it is on.
    """
    statement = LED
    if on is not None:
        statement, values = _LED_ON, {"b_resource_type": on[0], "b_resource_id": on[1], **values}
    return session.execute(statement, {"b_id": operation_id, "b_attempt": led_by, "b_now": now(), **values}).rowcount


def write_resource(session, resource_type, resource_id, **values):
    """Set columns of a resource."""
    session.execute(_write(RESOURCES[resource_type].table), {"b_id": resource_id, "updated_at": now(), **values})


@functools.cache
def _write(table):
    return sa.update(table).where(table.c.id == sa.bindparam("b_id"))
