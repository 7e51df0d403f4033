"""What a host has of servers that are not its own: is it to be removed, or to be reported?"""

from nova_lite.db import audit, operations

#: Its server is deleted, was never built, or was built by another host after this one had begun: remove it.
ORPHANED = "orphaned"
#: Its server is on another host, and how it came here is not known: a person must say which is the true one.
ELSEWHERE = "elsewhere"
#: The database does not know it.
UNKNOWN = "unknown"


def of(session, host, server_ids):
    """{server id: one of the above} of servers that are not placed on ``host``; None while that may change."""
    if not server_ids:
        return {}
    rows = audit.elsewhere(session, sorted(server_ids))
    lost = operations.lost_builds(session, host, list(rows))
    return {each: _what(host, rows.get(each), each in lost) for each in server_ids}


def _what(host, row, lost):
    if row is None:
        return UNKNOWN
    if row.deleted_at is not None:
        return ORPHANED
    if row.host == host:
        return None
    if lost:
        return ORPHANED
    if row.task_state is not None:
        return None
    return ORPHANED if row.host is None else ELSEWHERE
