"""Operations as their history is read: newest first, by request, by page."""

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db.models.operations import Operation, Step

_T, _S = Operation.__table__, Step.__table__
#: All but what may be damaged, and is of no interest when it is over.
TOLD = [each for each in _T.c if each.key not in ("args", "previous")]


def page(session, server_id, *, since=None, before=None, limit=None, marker=None):
    """:param since, before: bounds of updated_at.  :raises MarkerNotFound:"""
    statement = sa.select(*TOLD).where(_T.c.server_id == server_id).order_by(_T.c.created_at.desc(), _T.c.id.desc())
    if since is not None:
        statement = statement.where(_T.c.updated_at >= since)
    if before is not None:
        statement = statement.where(_T.c.updated_at <= before)
    if marker is not None:
        row = by_request(session, server_id, marker)
        if row is None:
            raise exception.MarkerNotFound(marker=marker)
        statement = statement.where(sa.or_(_T.c.created_at < row.created_at,
                                           sa.and_(_T.c.created_at == row.created_at, _T.c.id < row.id)))
    if limit == 0:
        return []
    return session.execute(statement if limit is None else statement.limit(limit)).all()


def by_request(session, server_id, request_id):
    """The operation that a request began on a server; None."""
    return session.execute(sa.select(*TOLD).where(_T.c.server_id == server_id, _T.c.request_id == request_id)
                           .order_by(_T.c.created_at.desc()).limit(1)).one_or_none()


def steps(session, operation_id):
    """Newest first."""
    return session.execute(sa.select(_S).where(_S.c.operation_id == operation_id).order_by(_S.c.id.desc())).all()
