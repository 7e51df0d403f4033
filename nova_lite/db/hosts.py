"""Services and compute nodes, as the API lists them."""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import aggregates, desired_state
from nova_lite.db.models.servers import Allocation, ComputeNode, Server, Service

_SERVICES, _NODES, _SERVERS = Service.__table__, ComputeNode.__table__, Server.__table__


def _on_its_host(*conditions):
    return (sa.select(sa.func.count()).where(_SERVERS.c.host == _NODES.c.host, _SERVERS.c.deleted_at.is_(None),
                                             *conditions)
            .correlate(_NODES).scalar_subquery())


_NODE = (
    sa.select(_NODES, _SERVICES.c.id.label("service_id"), _SERVICES.c.uuid.label("service_uuid"), _SERVICES.c.disabled,
              _SERVICES.c.disabled_reason,
              _SERVICES.c.forced_down, _SERVICES.c.last_seen_at, _on_its_host().label("running_vms"),
              _on_its_host(_SERVERS.c.task_state.is_not(None)).label("current_workload"))
    .select_from(_NODES.join(_SERVICES, sa.and_(_SERVICES.c.host == _NODES.c.host,
                                                _SERVICES.c.binary == "nova-compute"))))


#: A service with the zone of its host beside it: None is the default one.
_SERVICE = sa.select(_SERVICES, _NODES.c.availability_zone).select_from(
    _SERVICES.outerjoin(_NODES, sa.and_(_NODES.c.host == _SERVICES.c.host, _SERVICES.c.binary == "nova-compute")))


def services(session, *, host=None, binary=None):
    """Every service, oldest first."""
    statement = _SERVICE.order_by(_SERVICES.c.id)
    if host is not None:
        statement = statement.where(_SERVICES.c.host == host)
    if binary is not None:
        statement = statement.where(_SERVICES.c.binary == binary)
    return session.execute(statement).all()


def service(session, id):
    """One service by its uuid or its number.  :raises ServiceNotFound:"""
    column = _SERVICES.c.id if isinstance(id, int) else _SERVICES.c.uuid
    row = session.execute(_SERVICE.where(column == id)).one_or_none()
    if row is None:
        raise exceptions.ServiceNotFound(service_id=id)
    return row


def service_of(session, host, binary):
    """:raises NotFound:"""
    row = session.execute(_SERVICE.where(_SERVICES.c.host == host, _SERVICES.c.binary == binary)).one_or_none()
    if row is None:
        raise exceptions.NotFound(f"Host '{host}' is not mapped to any cell")
    return row


def update_service(session, id, **values):
    session.execute(_SERVICES.update().where(_SERVICES.c.id == id).values(**values))


def delete_service(session, row):
    """Forget a service, and with it the compute node and what was in force there.

    :raises ServiceInUse: servers are on its host.
    """
    if row.binary == "nova-compute":
        servers = sa.exists().where(_SERVERS.c.host == row.host, _SERVERS.c.deleted_at.is_(None))
        allocations = sa.exists().where(Allocation.host == row.host)
        if session.execute(sa.select(sa.or_(servers, allocations))).scalar():
            raise exceptions.ServiceInUse()
        aggregates.forget_host(session, row.host)
        desired_state.forget(session, row.host)
        session.execute(_NODES.delete().where(_NODES.c.host == row.host))
    session.execute(_SERVICES.delete().where(_SERVICES.c.host == row.host,
                                             _SERVICES.c.binary == row.binary))     # as signs of life find it


def nodes(session, *, limit=None, marker=None, pattern=None):
    """Compute nodes with their service beside them, by number.

    :param marker: a uuid or a number.  :param pattern: a part of the hypervisor's host name.
    :raises MarkerNotFound:
    """
    statement = _NODE.order_by(_NODES.c.id)
    if pattern is not None:
        statement = statement.where(_named_like(pattern))
    if marker is not None:
        statement = statement.where(_NODES.c.id > _number_of(session, marker))
    return session.execute(statement if limit is None else statement.limit(limit)).all()


def _named_like(pattern):
    """SQLite refuses patterns that are very long; no name is."""
    column = _NODES.c.hypervisor_hostname
    return column.icontains(pattern, autoescape=True) if len(pattern) <= column.type.length else sa.false()


def _number_of(session, marker):
    column = _NODES.c.id if isinstance(marker, int) else _NODES.c.uuid
    number = session.execute(sa.select(_NODES.c.id).where(column == marker)).scalar_one_or_none()
    if number is None:
        raise exceptions.MarkerNotFound(marker=marker)
    return number


def node(session, id):
    """One compute node by its uuid or its number.  :raises HypervisorNotFound:"""
    column = _NODES.c.id if isinstance(id, int) else _NODES.c.uuid
    row = session.execute(_NODE.where(column == id)).one_or_none()
    if row is None:
        raise exceptions.HypervisorNotFound(hypervisor_id=id)
    return row


def has_place(session, host, node):
    """Whether there is a compute node of these names.  :param host, node: None: whatever it is called."""
    named = [column == name for column, name in ((_NODES.c.host, host), (_NODES.c.hypervisor_hostname, node)) if name]
    return session.execute(sa.select(sa.exists().where(*named))).scalar()


def has_zone(session, zone, default):
    """Whether an enabled compute host is in a zone; ``default`` is where hosts are that nobody put into one."""
    return session.execute(sa.select(sa.exists().where(
        _SERVICES.c.binary == "nova-compute", _SERVICES.c.disabled.is_(False), _NODES.c.host == _SERVICES.c.host,
        sa.func.coalesce(_NODES.c.availability_zone, default) == zone))).scalar()


def node_of(session, host):
    """The compute node of a host.  :raises HostNotFound:"""
    row = session.execute(_NODE.where(_NODES.c.host == host)).one_or_none()
    if row is None:
        raise exceptions.HostNotFound(host=host)
    return row


def shares(session, host):
    """{project id: (vcpus, memory_mb, disk_gb)} of what the servers on a host were promised."""
    flavor = _SERVERS.c.flavor
    rows = session.execute(
        sa.select(_SERVERS.c.project_id, *(sa.func.sum(flavor[name].as_integer()) for name in
                                     ("vcpus", "memory_mb", "root_gb", "ephemeral_gb")))
        .where(_SERVERS.c.host == host, _SERVERS.c.deleted_at.is_(None))
        .group_by(_SERVERS.c.project_id).order_by(_SERVERS.c.project_id))
    return {project_id: (int(vcpus), int(memory), int(root) + int(ephemeral))
            for project_id, vcpus, memory, root, ephemeral in rows}


def servers_of(session, hosts):
    """{host: [(id, instance number)]} of the servers on these hosts."""
    found = {}
    for row in session.execute(sa.select(_SERVERS.c.host, _SERVERS.c.id, _SERVERS.c.number).where(
            _SERVERS.c.host.in_(hosts), _SERVERS.c.deleted_at.is_(None)).order_by(_SERVERS.c.number)):
        found.setdefault(row.host, []).append(row)
    return found
