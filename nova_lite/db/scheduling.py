"""What the scheduler reads: hosts, what is on them, and the server groups that it must not break."""

import sqlalchemy as sa

from nova_lite.db.models.operations import Operation
from nova_lite.db.models.operators import AggregateHost, ServerGroup
from nova_lite.db.models.servers import ComputeNode, Server, Service
from nova_lite.objects.states import Vm

_NODES, _SERVICES, _SERVERS = ComputeNode.__table__, Service.__table__, Server.__table__
_OPERATIONS = Operation.__table__
_GROUPS, _AGGREGATE_HOSTS = ServerGroup.__table__, AggregateHost.__table__
#: Read for those requests alone that ask for hardware: they are long.
_LONG = ("cpu_info", "supported_instances", "uptime")
#: What Nova counts as heavy on a host's disks, besides builds.
_HEAVY = ("rebuilding", "resize_prep", "resize_migrating", "image_snapshot", "image_backup", "rescuing", "unshelving")

_CANDIDATES = (
    sa.select(*(column for column in _NODES.c if column.name not in _LONG), _SERVICES.c.disabled,
              _SERVICES.c.disabled_reason, _SERVICES.c.forced_down, _SERVICES.c.last_seen_at,
              sa.exists().where(_AGGREGATE_HOSTS.c.host == _NODES.c.host).correlate(_NODES).label("in_aggregate"))
    .join(_SERVICES,
          sa.and_(_SERVICES.c.host == _NODES.c.host, _SERVICES.c.binary == "nova-compute")).order_by(_NODES.c.id))
_HARDWARE = sa.select(_NODES.c.host, _NODES.c.cpu_info, _NODES.c.supported_instances)
_SERVERS_OF_HOSTS = sa.select(_SERVERS.c.host, sa.func.count()).where(
    _SERVERS.c.host.is_not(None), _SERVERS.c.deleted_at.is_(None)).group_by(_SERVERS.c.host)
#: By the open operations, which an index finds: a server's state alone would mean to look at all servers.
_IO_OPS = (
    sa.select(_SERVERS.c.host, sa.func.count(_SERVERS.c.id.distinct()))
    .join(_OPERATIONS, _OPERATIONS.c.resource_id == _SERVERS.c.id)
    .where(_OPERATIONS.c.finished_at.is_(None), _SERVERS.c.host.is_not(None), _SERVERS.c.deleted_at.is_(None),
           sa.or_(_SERVERS.c.vm_state == Vm.BUILDING, _SERVERS.c.task_state.in_(_HEAVY)))
    .group_by(_SERVERS.c.host))
_GROUP = sa.select(_GROUPS).where(_GROUPS.c.id == sa.bindparam("b_id")).with_for_update()
_PLACED = (
    sa.select(_SERVERS.c.host, sa.func.count())
    .where(_SERVERS.c.group_id == sa.bindparam("b_id"), _SERVERS.c.host.is_not(None), _SERVERS.c.deleted_at.is_(None),
           _SERVERS.c.id != sa.bindparam("b_but")).group_by(_SERVERS.c.host))
_OF_HOST = sa.update(_NODES).where(_NODES.c.host == sa.bindparam("b_host"))
_FAILED = _OF_HOST.values(failed_builds=_NODES.c.failed_builds + 1)
_WELL = _OF_HOST.where(_NODES.c.failed_builds > 0).values(failed_builds=0)


def hosts(session):
    """Every compute node with its service's life signs, without what ``hardware`` says."""
    return session.execute(_CANDIDATES).all()


def hardware(session):
    """(host, cpu_info, supported_instances) of every compute node."""
    return session.execute(_HARDWARE).all()


def servers(session):
    """{host: how many servers it has}; those without are missing."""
    return dict(session.execute(_SERVERS_OF_HOSTS).all())


def io_ops(session):
    """{host: how many of its servers are being built, moved or copied}; those without are missing."""
    return dict(session.execute(_IO_OPS).all())


def hosts_of(session, server_ids, project_id):
    """{id: host} of those of these servers that are placed and the project's own: nobody learns where others' are."""
    return dict(session.execute(sa.select(_SERVERS.c.id, _SERVERS.c.host).where(
        _SERVERS.c.id.in_(server_ids), _SERVERS.c.project_id == project_id, _SERVERS.c.host.is_not(None),
        _SERVERS.c.deleted_at.is_(None))).all())


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
