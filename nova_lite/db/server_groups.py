"""Server groups and who is in them.

The scheduler asks ``of_server`` for the group a server is in and ``members`` for where the others are.
"""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL
from nova_lite.db import locks, visibility
from nova_lite.db.models.operators import ServerGroup
from nova_lite.db.models.servers import Server

_GROUPS, _SERVERS = ServerGroup.__table__, Server.__table__


def get(session, id, *, project_id=ALL, lock=False):
    """One group's row.

    :param project_id: only if it is this project's; ALL: whoever owns it.
    :param lock: nobody else can lock it until this transaction ends.
    :raises ServerGroupNotFound:
    """
    statement = sa.select(_GROUPS).where(_GROUPS.c.id == id, *visibility.of_project(_GROUPS.c.project_id, project_id))
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise exceptions.ServerGroupNotFound(group_id=id)
    return row


def find(session, project_id, *, limit, offset=0):
    """Groups, oldest first.  :param project_id: whose; ALL: those of every project."""
    return session.execute(sa.select(_GROUPS).where(*visibility.of_project(_GROUPS.c.project_id, project_id))
                           .order_by(_GROUPS.c.number).limit(limit).offset(offset)).all()


def create(session, **values):
    row = ServerGroup(**values)
    session.add(row)
    session.flush()
    return get(session, row.id)


def delete(session, id):
    """Its servers are in no group then.  Their rows are locked first, as by whoever places a server of it.

    :returns: False, and nothing was done, where a server came into it meanwhile.
    """
    inside = sa.select(_SERVERS.c.id).where(_SERVERS.c.group_id == id)
    known = set(session.execute(inside).scalars())
    locks.servers(session, known)
    session.execute(sa.select(_GROUPS.c.id).where(_GROUPS.c.id == id).with_for_update())
    if not known.issuperset(session.execute(inside).scalars()):
        return False
    session.execute(_SERVERS.update().where(_SERVERS.c.group_id == id).values(group_id=None))
    session.execute(_GROUPS.delete().where(_GROUPS.c.id == id))
    return True


def members(session, id):
    """[(id, host)] of a group's servers; ``host`` is None while one is not placed."""
    return session.execute(sa.select(_SERVERS.c.id, _SERVERS.c.host).where(
        _SERVERS.c.group_id == id, _SERVERS.c.deleted_at.is_(None)).order_by(_SERVERS.c.number)).all()


def members_of(session, ids):
    """{group id: [server id]} of these groups, in one statement; groups without servers are missing."""
    found = {}
    for row in session.execute(sa.select(_SERVERS.c.group_id, _SERVERS.c.id).where(
            _SERVERS.c.group_id.in_(ids), _SERVERS.c.deleted_at.is_(None)).order_by(_SERVERS.c.number)):
        found.setdefault(row.group_id, []).append(row.id)
    return found


def of_server(session, server_id):
    """The row of the group that a server is in; None."""
    return session.execute(sa.select(_GROUPS).join(_SERVERS, _SERVERS.c.group_id == _GROUPS.c.id)
                           .where(_SERVERS.c.id == server_id)).one_or_none()
