"""What the scheduler reads: hosts, what is on them, and the server groups that it must not break."""

import sqlalchemy as sa

from nova_lite.db.models.operations import Operation
from nova_lite.db.models.operators import AggregateHost, ServerGroup
from nova_lite.db.models.servers import ComputeNode, Server, Service
from nova_lite.objects.states import Vm

_N, _S, _V, _O = ComputeNode.__table__, Service.__table__, Server.__table__, Operation.__table__
_G, _H = ServerGroup.__table__, AggregateHost.__table__
#: Read for those requests alone that ask for hardware: they are long.
_LONG = ("cpu_info", "supported_instances", "uptime")
#: What Nova counts as heavy on a host's disks, besides builds.
_HEAVY = ("rebuilding", "resize_prep", "resize_migrating", "image_snapshot", "image_backup", "rescuing", "unshelving")

_HOSTS = (
    sa.select(*(column for column in _N.c if column.name not in _LONG), _S.c.disabled, _S.c.disabled_reason,
              _S.c.forced_down, _S.c.last_seen_at,
              sa.exists().where(_H.c.host == _N.c.host).correlate(_N).label("in_aggregate"))
    .join(_S, sa.and_(_S.c.host == _N.c.host, _S.c.binary == "nova-compute")).order_by(_N.c.id))
_HARDWARE = sa.select(_N.c.host, _N.c.cpu_info, _N.c.supported_instances)
_SERVERS = (sa.select(_V.c.host, sa.func.count()).where(_V.c.host.is_not(None), _V.c.deleted_at.is_(None))
            .group_by(_V.c.host))
#: By the open operations, which an index finds: a server's state alone would mean to look at all servers.
_IO_OPS = (
    sa.select(_V.c.host, sa.func.count(_V.c.id.distinct())).join(_O, _O.c.server_id == _V.c.id)
    .where(_O.c.finished_at.is_(None), _V.c.host.is_not(None), _V.c.deleted_at.is_(None),
           sa.or_(_V.c.vm_state == Vm.BUILDING, _V.c.task_state.in_(_HEAVY)))
    .group_by(_V.c.host))
_GROUP = sa.select(_G).where(_G.c.id == sa.bindparam("b_id")).with_for_update()
_PLACED = (
    sa.select(_V.c.host, sa.func.count())
    .where(_V.c.group_id == sa.bindparam("b_id"), _V.c.host.is_not(None), _V.c.deleted_at.is_(None),
           _V.c.id != sa.bindparam("b_but")).group_by(_V.c.host))
_FAILED = sa.update(_N).where(_N.c.host == sa.bindparam("b_host")).values(failed_builds=_N.c.failed_builds + 1)
_WELL = sa.update(_N).where(_N.c.host == sa.bindparam("b_host"), _N.c.failed_builds > 0).values(failed_builds=0)


def hosts(session):
    """Every compute node with its service's life signs, without what ``hardware`` tells."""
    return session.execute(_HOSTS).all()


def hardware(session):
    """(host, cpu_info, supported_instances) of every compute node."""
    return session.execute(_HARDWARE).all()


def servers(session):
    """{host: how many servers it has}; those without are missing."""
    return dict(session.execute(_SERVERS).all())


def io_ops(session):
    """{host: how many of its servers are being built, moved or copied}; those without are missing."""
    return dict(session.execute(_IO_OPS).all())


def hosts_of(session, server_ids):
    """{id: host} of those of these servers that are placed."""
    return dict(session.execute(sa.select(_V.c.id, _V.c.host).where(
        _V.c.id.in_(server_ids), _V.c.host.is_not(None), _V.c.deleted_at.is_(None))).all())


def group(session, group_id, server_id):
    """(row of a server group, {host: how many of its servers other than ``server_id``}); None when it is gone.

    The row is locked: of all who place a server of the group at once, each sees where the one before put his.
    """
    row = session.execute(_GROUP, {"b_id": group_id}).one_or_none()
    if row is None:
        return None
    return row, dict(session.execute(_PLACED, {"b_id": group_id, "b_but": server_id}).all())


def built(session, host, well):
    """Count the builds that failed on a host since one went well there."""
    session.execute(_WELL if well else _FAILED, {"b_host": host})
