"""Second resources of operations, which are claimed and freed together with the first.

No statement is executed where the row of OPERATIONS names none.
"""

import sqlalchemy as sa

from nova_lite.db import locks
from nova_lite.db.models.operations import Operation, OperationSubject
from nova_lite.db.operations.statements import write_resource
from nova_lite.db.resources import RESOURCES
from nova_lite.objects.states import OPERATIONS

_OPERATIONS, _SUBJECTS = Operation.__table__, OperationSubject.__table__
_NEW = sa.insert(_SUBJECTS)
_SUBJECTS_OF = sa.select(_SUBJECTS).where(_SUBJECTS.c.operation_id == sa.bindparam("b_id")).order_by(
    _SUBJECTS.c.resource_type, _SUBJECTS.c.resource_id)
_OPEN_ON = (
    sa.select(*(_OPERATIONS.c[name] for name in (
        "id", "name", "place", "attempt", "resource_type", "resource_id", "deadline", "lease_until", "created_at")),
        _SUBJECTS.c.resource_id.label("subject_id"))
    .join(_SUBJECTS, _SUBJECTS.c.operation_id == _OPERATIONS.c.id)
    .where(_SUBJECTS.c.resource_id.in_(sa.bindparam("b_resources", expanding=True)),
           _SUBJECTS.c.resource_type == sa.bindparam("b_type"),
           _OPERATIONS.c.finished_at.is_(None)))


def add(session, operation_id, previous):
    """Record what an operation claimed besides its own resource.  :param previous: {(type, id): its state}."""
    for (kind, each), state in previous.items():
        session.execute(_NEW, {"operation_id": operation_id, "resource_type": kind, "resource_id": each,
                               "previous": state})


def of(session, row):
    """Rows of what an operation claimed besides its own resource.  :param row: its id and name are read."""
    known = OPERATIONS.get(row.name)
    return () if known is not None and not known.subjects else session.execute(_SUBJECTS_OF, {"b_id": row.id}).all()


def claimed(session, row):
    """(type, id) of all that an operation (its row) claimed, its own resource first."""
    return [(row.resource_type, row.resource_id),
            *((each.resource_type, each.resource_id) for each in of(session, row))]


def take(session, row):
    """Lock all that an operation (its row) claimed, in the order of locks."""
    locks.resources(session, claimed(session, row))


def open_on(session, resource_type, resource_ids):
    """Rows of the open operations that claimed one of these as their second resource, which is its ``subject_id``."""
    if not any(subject.resource == resource_type for row in OPERATIONS.values() for subject in row.subjects):
        return []
    return session.execute(_OPEN_ON, {"b_type": resource_type, "b_resources": resource_ids}).all()


def finish(session, row, failed):
    """Free the second resources of an operation that ends, in the states that its row of OPERATIONS names.

    :param failed: whether the operation failed.
    """
    for each in of(session, row):
        spec = OPERATIONS[row.name].on(each.resource_type)
        state = (spec.failing or each.previous) if failed else spec.leads_to(each.previous)
        _free(session, each, spec, state, {each.previous, state})


def cancel(session, row, but):
    """Free the resources of an operation that is cancelled by another, which claims one of them.

    :param but: (type, id) of the one that is claimed.
    """
    known = OPERATIONS.get(row.name)
    for each in (row, *of(session, row)):
        if (each.resource_type, each.resource_id) == but:
            continue
        spec = known and (known if each is row else known.on(each.resource_type))
        _free(session, each, spec, spec and spec.failing, {spec and spec.failing})


def leave(session, row):
    """Free the second resources of an operation of an unknown name, in their present states."""
    for each in of(session, row):
        _free(session, each, None, None, set())


def _free(session, pair, spec, state, states):
    """Free one resource.  :param state: its state from now on; None: it stays."""
    resource = RESOURCES.get(pair.resource_type)
    if resource is None:
        return
    values = {resource.state: state} if state else {}
    write_resource(session, pair.resource_type, pair.resource_id, **{resource.task: None, **values})
    resource.freed(session, pair.resource_id, spec, states, ())
