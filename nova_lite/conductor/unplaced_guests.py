"""Guests and files on a host whose servers are not placed there: which to remove, and which only to report."""

from nova_lite.db import allocations, audit, cloud, operations
from nova_lite.objects.allocation import Purpose

#: Its server is deleted, was never built, was evacuated from this host, or was built by another host after this one
#: had started to: the host removes it.
ORPHANED = "orphaned"
#: Its server is on another host for an unknown reason: an operator must decide which guest is the right one.
ELSEWHERE = "elsewhere"
#: Its server is not in the database, or was changed after the backup from which the database was restored.
UNKNOWN = "unknown"


def of(session, host, server_ids):
    """{server id: one of the above} of servers that are not placed on ``host``; None while that may change."""
    if not server_ids:
        return {}
    rows = audit.elsewhere(session, sorted(server_ids))
    holds = allocations.hosts_of(session, sorted(server_ids))
    lost = operations.lost_builds(session, host, list(rows))
    restored = cloud.restored_at(session)
    return {each: _what(host, rows.get(each), holds.get(each, {}).get(host, set()), each in lost, restored)
            for each in server_ids}


def _what(host, row, purposes, lost, restored):
    """:param purposes: for which its server holds capacity of the host."""
    if row is None:
        return UNKNOWN
    if row.deleted_at is not None:
        return ORPHANED
    if row.host == host or Purpose.MOVE in purposes:
        return None
    if restored is not None and row.created_at <= restored:
        return UNKNOWN      # it may have been built here, and used, after the backup was made
    if lost or Purpose.LEFTOVER in purposes:
        return ORPHANED
    if row.task_state is not None:
        return None
    return ORPHANED if row.host is None else ELSEWHERE
