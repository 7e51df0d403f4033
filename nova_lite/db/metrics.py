"""Figures of the whole cloud, as metrics show them: counters that processes add to, and what is there now."""

import datetime

import sqlalchemy as sa

from nova_lite.db import drifts
from nova_lite.db.base import now
from nova_lite.db.models.servers import ComputeNode, Server, Service

_NODES, _SERVERS, _SERVICES = ComputeNode.__table__, Server.__table__, Service.__table__
REQUESTS, MICROSECONDS = "requests", "request_microseconds"


def add_requests(session, taken):
    """:param taken: as ``common.request_counts.take`` returns."""
    for name, index, factor in ((MICROSECONDS, 1, 1_000_000), (REQUESTS, 0, 1)):
        for key in sorted(taken):
            drifts.add(session, name, " ".join(map(str, key)), round(taken[key][index] * factor))


def servers(session):
    """{vm_state: how many}"""
    return dict(session.execute(sa.select(_SERVERS.c.vm_state, sa.func.count()).where(_SERVERS.c.deleted_at.is_(None))
                                .group_by(_SERVERS.c.vm_state)).tuples().all())


def nodes(session):
    """Rows with host, and what it has and gave away: vcpus, vcpus_used, memory_mb, ..., disk_gb_used."""
    return session.execute(sa.select(_NODES.c.host, *(
        _NODES.c[f"{each}{used}"] for each in ("vcpus", "memory_mb", "disk_gb") for used in ("", "_used")))).all()


def services(session, seconds):
    """[(binary, host, whether it showed life within ``seconds``)]"""
    since = now() - datetime.timedelta(seconds=seconds)
    return [(row.binary, row.host, row.last_seen_at is not None and row.last_seen_at >= since)
            for row in session.execute(sa.select(_SERVICES.c.binary, _SERVICES.c.host, _SERVICES.c.last_seen_at))]
