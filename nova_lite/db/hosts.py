"""Services and compute nodes, as the API lists them."""

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db import aggregates
from nova_lite.db.models.servers import Allocation, ComputeNode, Server, Service

_S, _N, _V = Service.__table__, ComputeNode.__table__, Server.__table__


def _on_its_host(*conditions):
    return (sa.select(sa.func.count()).where(_V.c.host == _N.c.host, _V.c.deleted_at.is_(None), *conditions)
            .correlate(_N).scalar_subquery())


_NODE = (
    sa.select(_N, _S.c.id.label("service_id"), _S.c.uuid.label("service_uuid"), _S.c.disabled, _S.c.disabled_reason,
              _S.c.forced_down, _S.c.last_seen_at, _on_its_host().label("running_vms"),
              _on_its_host(_V.c.task_state.is_not(None)).label("current_workload"))
    .select_from(_N.join(_S, sa.and_(_S.c.host == _N.c.host, _S.c.binary == "nova-compute"))))


#: A service with the zone of its host beside it: None is the default one.
_SERVICE = sa.select(_S, _N.c.availability_zone).select_from(
    _S.outerjoin(_N, sa.and_(_N.c.host == _S.c.host, _S.c.binary == "nova-compute")))


def services(session, *, host=None, binary=None):
    """Every service, oldest first."""
    statement = _SERVICE.order_by(_S.c.id)
    if host is not None:
        statement = statement.where(_S.c.host == host)
    if binary is not None:
        statement = statement.where(_S.c.binary == binary)
    return session.execute(statement).all()


def service(session, id):
    """One service by its uuid or its number.  :raises ServiceNotFound:"""
    column = _S.c.id if isinstance(id, int) else _S.c.uuid
    row = session.execute(_SERVICE.where(column == id)).one_or_none()
    if row is None:
        raise exception.ServiceNotFound(service_id=id)
    return row


def service_of(session, host, binary):
    """:raises NotFound:"""
    row = session.execute(_SERVICE.where(_S.c.host == host, _S.c.binary == binary)).one_or_none()
    if row is None:
        raise exception.NotFound(f"Host '{host}' is not mapped to any cell")
    return row


def update_service(session, id, **values):
    session.execute(_S.update().where(_S.c.id == id).values(**values))


def delete_service(session, row):
    """Forget a service, and the compute node with it.

    :raises ServiceInUse: servers are on its host.
    """
    if row.binary == "nova-compute":
        servers = sa.exists().where(_V.c.host == row.host, _V.c.deleted_at.is_(None))
        allocations = sa.exists().where(Allocation.host == row.host)
        if session.execute(sa.select(sa.or_(servers, allocations))).scalar():
            raise exception.ServiceInUse()
        aggregates.forget_host(session, row.host)
        session.execute(_N.delete().where(_N.c.host == row.host))
    session.execute(_S.delete().where(_S.c.host == row.host, _S.c.binary == row.binary))     # as signs of life find it


def nodes(session, *, limit=None, marker=None, pattern=None):
    """Compute nodes with their service beside them, by number.

    :param marker: a uuid or a number.  :param pattern: a part of the hypervisor's host name.
    :raises MarkerNotFound:
    """
    statement = _NODE.order_by(_N.c.id)
    if pattern is not None:
        statement = statement.where(_named_like(pattern))
    if marker is not None:
        statement = statement.where(_N.c.id > _number_of(session, marker))
    return session.execute(statement if limit is None else statement.limit(limit)).all()


def _named_like(pattern):
    """SQLite refuses patterns that are very long; no name is."""
    column = _N.c.hypervisor_hostname
    return column.icontains(pattern, autoescape=True) if len(pattern) <= column.type.length else sa.false()


def _number_of(session, marker):
    column = _N.c.id if isinstance(marker, int) else _N.c.uuid
    number = session.execute(sa.select(_N.c.id).where(column == marker)).scalar_one_or_none()
    if number is None:
        raise exception.MarkerNotFound(marker=marker)
    return number


def node(session, id):
    """One compute node by its uuid or its number.  :raises HypervisorNotFound:"""
    column = _N.c.id if isinstance(id, int) else _N.c.uuid
    row = session.execute(_NODE.where(column == id)).one_or_none()
    if row is None:
        raise exception.HypervisorNotFound(hypervisor_id=id)
    return row


def has_place(session, host, node):
    """Whether there is a compute node of these names.  :param host, node: None: whatever it is called."""
    named = [column == name for column, name in ((_N.c.host, host), (_N.c.hypervisor_hostname, node)) if name]
    return session.execute(sa.select(sa.exists().where(*named))).scalar()


def has_zone(session, zone, default):
    """Whether an enabled compute host is in a zone; ``default`` is where hosts are that nobody put into one."""
    return session.execute(sa.select(sa.exists().where(
        _S.c.binary == "nova-compute", _S.c.disabled.is_(False), _N.c.host == _S.c.host,
        sa.func.coalesce(_N.c.availability_zone, default) == zone))).scalar()


def node_of(session, host):
    """The compute node of a host.  :raises HostNotFound:"""
    row = session.execute(_NODE.where(_N.c.host == host)).one_or_none()
    if row is None:
        raise exception.HostNotFound(host=host)
    return row


def shares(session, host):
    """{project id: (vcpus, memory_mb, disk_gb)} of what the servers on a host were promised."""
    flavor = _V.c.flavor
    rows = session.execute(
        sa.select(_V.c.project_id, *(sa.func.sum(flavor[name].as_integer()) for name in
                                     ("vcpus", "memory_mb", "root_gb", "ephemeral_gb")))
        .where(_V.c.host == host, _V.c.deleted_at.is_(None)).group_by(_V.c.project_id).order_by(_V.c.project_id))
    return {project_id: (int(vcpus), int(memory), int(root) + int(ephemeral))
            for project_id, vcpus, memory, root, ephemeral in rows}


def servers_of(session, hosts):
    """{host: [(id, instance number)]} of the servers on these hosts."""
    found = {}
    for row in session.execute(sa.select(_V.c.host, _V.c.id, _V.c.number).where(
            _V.c.host.in_(hosts), _V.c.deleted_at.is_(None)).order_by(_V.c.number)):
        found.setdefault(row.host, []).append(row)
    return found
