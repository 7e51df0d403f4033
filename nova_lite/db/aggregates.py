"""Aggregates: hosts with something in common, and the availability zones that some of them make.

The scheduler asks ``by_host`` for what a host's aggregates say of it; the zone of a host is on its compute node too.
"""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import locks, rows
from nova_lite.db.base import now
from nova_lite.db.models.operators import Aggregate, AggregateHost
from nova_lite.db.models.servers import ComputeNode, Server

_AGGREGATES, _HOSTS = Aggregate.__table__, AggregateHost.__table__
_NODES, _SERVERS = ComputeNode.__table__, Server.__table__
#: Of each host in each of its aggregates.
_METADATA = sa.select(_HOSTS.c.host, _AGGREGATES.c.metadata).join(
    _AGGREGATES, _AGGREGATES.c.id == _HOSTS.c.aggregate_id)
ZONE = "availability_zone"
_BIGGEST = 0x7FFFFFFF


def find(session):
    """Every aggregate's row, by number."""
    return session.execute(sa.select(_AGGREGATES).order_by(_AGGREGATES.c.id)).all()


def get(session, id, *, lock=False):
    """:param lock: nobody else can lock it until this transaction ends.  :raises AggregateNotFound:"""
    statement = sa.select(_AGGREGATES).where(_AGGREGATES.c.id == (id if 0 <= id <= _BIGGEST else -1))
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise exceptions.AggregateNotFound(aggregate_id=id)
    return row


def hosts(session, ids=None):
    """{aggregate id: [host]} in the order they were added.  :param ids: of these aggregates; None: of all."""
    statement = sa.select(_HOSTS.c.aggregate_id, _HOSTS.c.host).order_by(_HOSTS.c.id)
    if ids is not None:
        statement = statement.where(_HOSTS.c.aggregate_id.in_(ids))
    found = {}
    for row in session.execute(statement):
        found.setdefault(row.aggregate_id, []).append(row.host)
    return found


def by_host(session):
    """{host: [metadata of each aggregate that it is in]}, in one statement."""
    found = {}
    for row in session.execute(_METADATA.order_by(_AGGREGATES.c.id)):
        found.setdefault(row.host, []).append(row.metadata)
    return found


def create(session, name, metadata):
    """:raises AggregateNameExists:"""
    return _named(session, name, lambda: session.execute(
        sa.insert(_AGGREGATES).values(name=name, metadata=metadata, created_at=now())).inserted_primary_key[0])


def update(session, id, *, metadata, name=None):
    """:raises AggregateNameExists:"""
    values = {"metadata": metadata, "updated_at": now()}
    if name is not None:
        values["name"] = name
    _named(session, name,
           lambda: session.execute(sa.update(_AGGREGATES).where(_AGGREGATES.c.id == id).values(**values)))


def _named(session, name, write):
    with rows.attempt(session) as tried:
        return write()
    raise exceptions.AggregateNameExists(name=name) from tried.refused


def delete(session, id):
    session.execute(sa.delete(_AGGREGATES).where(_AGGREGATES.c.id == id))


def add_host(session, id, host):
    """:raises AggregateHostExists:"""
    with rows.attempt(session) as tried:
        session.execute(sa.insert(_HOSTS).values(aggregate_id=id, host=host))
    if tried.refused:
        raise exceptions.AggregateHostExists(aggregate_id=id, host=host) from tried.refused


def remove_host(session, id, host):
    """Whether it was there."""
    return bool(session.execute(sa.delete(_HOSTS).where(_HOSTS.c.aggregate_id == id, _HOSTS.c.host == host)).rowcount)


def forget_host(session, host):
    """A host is gone: it is in no aggregate."""
    session.execute(sa.delete(_HOSTS).where(_HOSTS.c.host == host))


def other_zones(session, id, hosts):
    """{host: zone} that aggregates other than ``id`` give these hosts; those without are missing."""
    found = session.execute(_METADATA.where(_HOSTS.c.host.in_(hosts), _AGGREGATES.c.id != id)
                            .order_by(_AGGREGATES.c.id))
    return {row.host: row.metadata[ZONE] for row in found if row.metadata.get(ZONE)}


def has_servers(session, hosts):
    """How many servers are on these hosts."""
    return session.execute(sa.select(sa.func.count()).where(
        _SERVERS.c.host.in_(hosts), _SERVERS.c.deleted_at.is_(None))).scalar()


def write_zone(session, hosts, zone):
    """These hosts are in ``zone`` now; None: in the default one."""
    locks.nodes(session, hosts)
    session.execute(sa.update(_NODES).where(_NODES.c.host.in_(hosts)).values(availability_zone=zone))


def zones(session):
    """{host: zone} of the compute hosts that are not in the default zone."""
    return dict(session.execute(sa.select(_NODES.c.host, _NODES.c.availability_zone).where(
        _NODES.c.availability_zone.is_not(None))).tuples().all())
