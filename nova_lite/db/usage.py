"""What servers were there in a span of time, also those that are deleted and not yet purged."""

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db.models.servers import Server

_T = Server.__table__
_COLUMNS = (_T.c.id, _T.c.project_id, _T.c.display_name, _T.c.flavor, _T.c.vm_state, _T.c.launched_at,
            _T.c.terminated_at)


def servers(session, start, stop, *, project_id=None, limit=None, marker=None):
    """Rows of servers that ran between two moments (naive, UTC), by project and id.

    :param limit: at most so many, behind the server ``marker``; None: all.
    :raises MarkerNotFound: no server has the id ``marker``.
    """
    statement = sa.select(*_COLUMNS).where(
        _T.c.launched_at.is_not(None), _T.c.launched_at < stop,
        sa.or_(_T.c.terminated_at.is_(None), _T.c.terminated_at > start)).order_by(_T.c.project_id, _T.c.id)
    if project_id is not None:
        statement = statement.where(_T.c.project_id == project_id)
    if marker is not None:
        owner = session.execute(sa.select(_T.c.project_id).where(_T.c.id == marker)).scalar_one_or_none()
        if owner is None:
            raise exception.MarkerNotFound(f"Marker {marker} could not be found.", marker=marker)
        statement = statement.where(sa.or_(_T.c.project_id > owner,
                                           sa.and_(_T.c.project_id == owner, _T.c.id > marker)))
    return session.execute(statement if limit is None else statement.limit(limit)).all()
