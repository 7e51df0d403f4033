"""The rows of servers that were just accepted."""

import sqlalchemy as sa

from nova_lite.db.models.servers import Server

_T = Server.__table__


def insert(session, rows):
    """Insert servers, each a dict by column names; return their rows in that order."""
    session.execute(sa.insert(_T), [{"power_state": 0, **row} for row in rows])
    found = session.execute(sa.select(_T).where(_T.c.id.in_([row["id"] for row in rows])).order_by(_T.c.launch_index))
    return found.all()
