"""Reads of operations as plain rows."""

import collections

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db.models.operations import Operation, Step
from nova_lite.db.operations import subjects
from nova_lite.db.resources import RESOURCES
from nova_lite.objects.states import SERVER

_OPERATIONS, _STEPS = Operation.__table__, Step.__table__
#: An operation: the columns of the table as plain values.
Row = collections.namedtuple("Row", _OPERATIONS.c.keys())
_BY_ID = sa.select(_OPERATIONS).where(_OPERATIONS.c.id == sa.bindparam("b_id"))
_BY_ID_WITHOUT_JSON = sa.select(*(each for each in _OPERATIONS.c if each.key not in ("args", "previous"))).where(
    _OPERATIONS.c.id == sa.bindparam("b_id"))


def get(session, operation_id):
    """The operation as a Row.  :raises OperationNotFound:"""
    row = session.execute(_BY_ID, {"b_id": operation_id}).one_or_none()
    if row is None:
        raise exceptions.OperationNotFound(operation_id=operation_id)
    return Row._make(row)


def get_without_json(session, operation_id):
    """The operation as a Row, without reading the JSON columns, which may be damaged.

    ``args`` is {}, and ``previous`` the present state of the resource.
    :raises OperationNotFound:
    """
    row = session.execute(_BY_ID_WITHOUT_JSON, {"b_id": operation_id}).one_or_none()
    if row is None:
        raise exceptions.OperationNotFound(operation_id=operation_id)
    return Row(**row._asdict(), args={}, previous=_present(session, row))


def _present(session, row):
    """The value of ``previous`` if the operation began now."""
    resource = RESOURCES.get(row.resource_type)
    if resource is None:
        return {}
    columns = resource.table.c
    return {resource.state: session.execute(
        sa.select(columns[resource.state]).where(columns.id == row.resource_id)).scalar_one_or_none()}


def held(session, operation_id):
    """The operation as a Row, after locking all that it claimed.  :raises OperationNotFound:"""
    row = get(session, operation_id)
    subjects.take(session, row)
    return row


def running(session, server_id, *names):
    """Whether a server has an open operation of one of these names."""
    found = session.execute(sa.select(_OPERATIONS.c.id).where(
        _OPERATIONS.c.resource_id == server_id, _OPERATIONS.c.resource_type == SERVER, _OPERATIONS.c.name.in_(names),
        _OPERATIONS.c.finished_at.is_(None)).limit(1))
    return found.first() is not None


def lost_builds(session, host, server_ids):
    """Ids of those servers whose build started on ``host``, moved to another one, and never came back.

    Users never used the guests that such a host may have of them.
    """
    other = _OPERATIONS.alias()
    return set(session.execute(
        sa.select(_OPERATIONS.c.resource_id).distinct().join(_STEPS, _STEPS.c.operation_id == _OPERATIONS.c.id)
        .where(_OPERATIONS.c.resource_id.in_(server_ids), _OPERATIONS.c.name == "build_server",
               _OPERATIONS.c.place != host, _STEPS.c.host == host,
               ~sa.exists().where(other.c.resource_id == _OPERATIONS.c.resource_id, other.c.place == host))).scalars())


def of_server(session, server_id):
    """Every operation of a server, newest first."""
    return session.execute(sa.select(_OPERATIONS)
                           .where(_OPERATIONS.c.resource_id == server_id, _OPERATIONS.c.resource_type == SERVER)
                           .order_by(_OPERATIONS.c.created_at.desc(), _OPERATIONS.c.id)).all()
