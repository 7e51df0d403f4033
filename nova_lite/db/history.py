"""Operations as their history is read: newest first, by request, by page."""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import changes
from nova_lite.db.models.operations import Operation, Step
from nova_lite.objects.states import SERVER

_OPERATIONS, _STEPS = Operation.__table__, Step.__table__
#: What is shown as ``updated_at``.
_CHANGED = sa.func.coalesce(_OPERATIONS.c.finished_at, _OPERATIONS.c.updated_at)
#: All columns but those whose JSON may be damaged, and which nobody needs once the operation has ended.
SHOWN = [each for each in _OPERATIONS.c if each.key not in ("args", "previous")]


def _of_server(server_id):
    return _OPERATIONS.c.resource_id == server_id, _OPERATIONS.c.resource_type == SERVER


def page(session, server_id, *, since=None, before=None, limit=None, marker=None):
    """:param since, before: bounds of the last change, to the second.  :raises MarkerNotFound:"""
    statement = sa.select(*SHOWN).where(*_of_server(server_id)).order_by(
        _OPERATIONS.c.created_at.desc(), _OPERATIONS.c.id.desc())
    if since is not None:
        statement = statement.where(changes.since(_CHANGED, since))
    if before is not None:
        statement = statement.where(changes.before(_CHANGED, before))
    if marker is not None:
        row = by_request(session, server_id, marker)
        if row is None:
            raise exceptions.MarkerNotFound(marker=marker)
        statement = statement.where(sa.or_(_OPERATIONS.c.created_at < row.created_at,
                                           sa.and_(_OPERATIONS.c.created_at == row.created_at,
                                                   _OPERATIONS.c.id < row.id)))
    if limit == 0:
        return []
    return session.execute(statement if limit is None else statement.limit(limit)).all()


def by_request(session, server_id, request_id):
    """The operation that a request began on a server; None."""
    return session.execute(sa.select(*SHOWN).where(*_of_server(server_id),
                                                  _OPERATIONS.c.request_id == request_id)
                           .order_by(_OPERATIONS.c.created_at.desc()).limit(1)).one_or_none()


def steps(session, operation_id):
    """Newest first."""
    return session.execute(sa.select(_STEPS).where(_STEPS.c.operation_id == operation_id)
                           .order_by(_STEPS.c.id.desc())).all()
