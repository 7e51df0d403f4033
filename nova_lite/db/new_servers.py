"""The rows of servers that were just accepted."""

import sqlalchemy as sa

from nova_lite.db import quota_usage
from nova_lite.db.models.servers import Server

_SERVERS = Server.__table__


def insert(session, rows):
    """Insert servers, each a dict by column names, and count them; return their rows in that order."""
    session.execute(sa.insert(_SERVERS), [{"power_state": 0, "counted": quota_usage.of_new(row["flavor"]), **row}
                                    for row in rows])
    owners = {}
    for row in rows:
        total = owners.setdefault((row["project_id"], row["user_id"]), [*quota_usage.NOTHING])
        total[:] = map(sum, zip(total, quota_usage.of_new(row["flavor"]), strict=True))
    for owner, total in owners.items():
        quota_usage.add(session, *owner, total)
    made = _SERVERS.c.id.in_([row["id"] for row in rows])
    return session.execute(sa.select(_SERVERS).where(made).order_by(_SERVERS.c.launch_index)).all()
