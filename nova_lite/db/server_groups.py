"""Server groups and who is in them.

The scheduler asks ``of_server`` for the group a server is in and ``members`` for where the others are.
"""

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db import locks
from nova_lite.db.models.operators import ServerGroup
from nova_lite.db.models.servers import Server

_G, _V = ServerGroup.__table__, Server.__table__


def get(session, id, *, project_id=None, lock=False):
    """One group's row.

    :param project_id: only if it is this project's; None: whoever owns it.
    :param lock: nobody else can lock it until this transaction ends.
    :raises ServerGroupNotFound:
    """
    statement = sa.select(_G).where(_G.c.id == id)
    if project_id is not None:
        statement = statement.where(_G.c.project_id == project_id)
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise exception.ServerGroupNotFound(group_id=id)
    return row


def find(session, project_id, *, limit, offset=0):
    """Groups, oldest first.  :param project_id: None: of every project."""
    statement = sa.select(_G).order_by(_G.c.number).limit(limit).offset(offset)
    if project_id is not None:
        statement = statement.where(_G.c.project_id == project_id)
    return session.execute(statement).all()


def create(session, **values):
    row = ServerGroup(**values)
    session.add(row)
    session.flush()
    return get(session, row.id)


def delete(session, id):
    """Its servers are in no group then.  Their rows are locked first, as by whoever places a server of it.

    :returns: False, and nothing was done, where a server came into it meanwhile.
    """
    inside = sa.select(_V.c.id).where(_V.c.group_id == id)
    known = set(session.execute(inside).scalars())
    locks.servers(session, known)
    session.execute(sa.select(_G.c.id).where(_G.c.id == id).with_for_update())
    if not known.issuperset(session.execute(inside).scalars()):
        return False
    session.execute(_V.update().where(_V.c.group_id == id).values(group_id=None))
    session.execute(_G.delete().where(_G.c.id == id))
    return True


def members(session, id):
    """[(id, host)] of a group's servers; ``host`` is None while one is not placed."""
    return session.execute(sa.select(_V.c.id, _V.c.host).where(
        _V.c.group_id == id, _V.c.deleted_at.is_(None)).order_by(_V.c.number)).all()


def members_of(session, ids):
    """{group id: [server id]} of these groups, in one statement; groups without servers are missing."""
    found = {}
    for row in session.execute(sa.select(_V.c.group_id, _V.c.id).where(
            _V.c.group_id.in_(ids), _V.c.deleted_at.is_(None)).order_by(_V.c.number)):
        found.setdefault(row.group_id, []).append(row.id)
    return found


def of_server(session, server_id):
    """The row of the group that a server is in; None."""
    return session.execute(sa.select(_G).join(_V, _V.c.group_id == _G.c.id).where(_V.c.id == server_id)).one_or_none()
