"""What the auditor reads of the database, and how it mends it.

Nothing is mended on the word of a look, which is past when it ends: each mend first locks the row that every
transaction about its subject writes, and the caller looks again under that lock.
"""

import dataclasses
import datetime

import orjson
import sqlalchemy as sa

from nova_lite.conf import CONF
from nova_lite.db import allocations, amounts, locks, operations, quota_usage, server_moves
from nova_lite.db.base import now
from nova_lite.db.models.networks import FixedIp, Network, NetworkQuota, Port, PortBinding, Subnet
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.server_migrations import ServerMigration
from nova_lite.db.models.servers import Allocation, ComputeNode, Server, Service
from nova_lite.db.network import port_bindings
from nova_lite.objects.allocation import Purpose
from nova_lite.objects.migration import Kind, Status
from nova_lite.objects.states import SERVER, OperationState, Task, Vm

_SERVERS, _ALLOCATIONS, _MIGRATIONS = Server.__table__, Allocation.__table__, ServerMigration.__table__
_PORTS, _BINDINGS, _FIXED_IPS, _SUBNETS, _QUOTAS = (each.__table__ for each in (
    Port, PortBinding, FixedIp, Subnet, NetworkQuota))
_NODES, _SERVICES, _OPERATIONS = (each.__table__ for each in (ComputeNode, Service, Operation))
_ALIVE = _SERVERS.c.deleted_at.is_(None)
_COLUMNS = tuple(_SERVERS.c[each] for each in (
    "number", "id", "host", "vm_state", "task_state", "flavor", "addresses", "security_groups", "project_id",
    "image_id", "migration_id"))
_JSON = frozenset(each.name for each in _COLUMNS if isinstance(each.type, sa.JSON))
_LIMIT = 200        # orphans of one kind that one look lists; the next look finds the rest


@dataclasses.dataclass(frozen=True)
class View:
    """One server and everything that must agree with it.

    :ivar server: a row.  :ivar held: {(host, Purpose): amounts} of its allocations.
    :ivar ports: rows with id and host, one for each active binding; a port without one has the host None.
    :ivar operations: rows of the open operations that claimed it, as their own or as their second resource.
    :ivar migration: the row of its open migration, or None.
    :ivar evacuated: names of the hosts that have yet to remove what they have of it.
    :ivar damaged: names of the columns of ``server`` that are None because what they hold is no JSON.
    """

    server: object
    held: dict
    ports: list
    operations: list
    migration: object
    evacuated: set
    damaged: tuple


def views(session, after, limit):
    """The View of ``limit`` servers behind number ``after``; fewer means that these were the last."""
    return _views(session, sa.select(*_COLUMNS).where(_ALIVE, _SERVERS.c.number > after)
                  .order_by(_SERVERS.c.number).limit(limit))


def views_of(session, server_ids):
    """The Views of these servers; what is no server, or none any more, is missing."""
    return _views(session, sa.select(*_COLUMNS).where(_ALIVE, _SERVERS.c.id.in_(server_ids)))


def view_locked(session, server_id):
    """The View of one server as it is until this transaction ends; None when it is gone."""
    found = _views(session, sa.select(*_COLUMNS).where(_ALIVE, _SERVERS.c.id == server_id).with_for_update())
    return found[0] if found else None


def _servers(session, query):
    """``(rows, {server id: names of damaged columns})`` of a query for _COLUMNS.

    One row whose JSON is damaged must not hide the others: what is damaged of it is None.
    """
    try:
        return session.execute(query).all(), {}
    except ValueError:
        ids = session.execute(query.with_only_columns(_SERVERS.c.id)).scalars().all()
    damaged = {each: names for each in ids if (names := _damaged(session, each))}
    return [session.execute(sa.select(*(sa.null().label(column.name) if column.name in damaged.get(each, ()) else column
                                        for column in _COLUMNS)).where(_SERVERS.c.id == each)).one()
            for each in ids], damaged


def _damaged(session, server_id):
    """Names of the columns of a server whose JSON cannot be read."""
    found = []
    for name in sorted(_JSON):
        try:
            session.execute(sa.select(_SERVERS.c[name]).where(_SERVERS.c.id == server_id)).all()
        except ValueError:
            found.append(name)
    return tuple(found)


def _views(session, query):
    rows, damaged = _servers(session, query)
    ids = [row.id for row in rows]
    if not ids:
        return []
    held = _grouped(session.execute(sa.select(_ALLOCATIONS).where(_ALLOCATIONS.c.server_id.in_(ids))))
    ports = _grouped(session.execute(
        sa.select(_PORTS.c.server_id, _PORTS.c.id, _BINDINGS.c.host).select_from(
            _PORTS.outerjoin(_BINDINGS, port_bindings.IS_ACTIVE)).where(_PORTS.c.server_id.in_(ids))))
    open_ones = _open_operations(session, ids)
    migrations = _open_migrations(session, [row.migration_id for row in rows if row.migration_id is not None])
    evacuated = _evacuated(session, {each.server_id for some in held.values() for each in some
                                     if each.purpose == Purpose.LEFTOVER})
    return [View(row, allocations.by_purpose(held.get(row.id, ())), ports.get(row.id, []), open_ones.get(row.id, []),
                 migrations.get(row.migration_id), evacuated.get(row.id, set()), damaged.get(row.id, ()))
            for row in rows]


def _open_operations(session, server_ids):
    """{server id: rows of the open operations that claimed it, as their own or as their second resource}"""
    found = _grouped(session.execute(
        sa.select(_OPERATIONS.c.resource_id.label("server_id"), _OPERATIONS.c.id, _OPERATIONS.c.name,
                  _OPERATIONS.c.place, _OPERATIONS.c.deadline, _OPERATIONS.c.lease_until, _OPERATIONS.c.created_at)
        .where(_OPERATIONS.c.resource_type == SERVER, _OPERATIONS.c.resource_id.in_(server_ids),
               _OPERATIONS.c.finished_at.is_(None))))
    for row in operations.open_on(session, SERVER, server_ids):
        found.setdefault(row.subject_id, []).append(row)
    return found


def _open_migrations(session, numbers):
    """{number: row}"""
    return {row.id: row for row in session.execute(sa.select(_MIGRATIONS).where(_MIGRATIONS.c.id.in_(numbers)))
            } if numbers else {}


def _evacuated(session, server_ids):
    """{server id: hosts that have yet to remove what they have of it}"""
    found = {}
    for row in session.execute(sa.select(_MIGRATIONS.c.server_id, _MIGRATIONS.c.source_host).where(
            _MIGRATIONS.c.server_id.in_(server_ids), _MIGRATIONS.c.kind == Kind.EVACUATION,
            _MIGRATIONS.c.status == Status.DONE)) if server_ids else ():
        found.setdefault(row.server_id, set()).add(row.source_host)
    return found


def _grouped(rows):
    found = {}
    for row in rows:
        found.setdefault(row.server_id, []).append(row)
    return found


def hosts(session):
    """The names of all compute hosts."""
    return set(session.execute(sa.select(_NODES.c.host)).scalars())


# ---- what belongs to nobody

def orphaned_allocations(session, only=None):
    """[(server id, host)]"""
    return _orphans(session, _ALLOCATIONS.c.server_id, _ALLOCATIONS.c.host, only)


def orphaned_ports(session, only=None):
    """[(server id, port id)]; with ``only``, of that server."""
    return _orphans(session, _PORTS.c.server_id, _PORTS.c.id, only)


def orphaned_operations(session, only=None):
    """[(server id, operation id)]"""
    return _orphans(session, _OPERATIONS.c.resource_id, _OPERATIONS.c.id, only,
                    _OPERATIONS.c.resource_type == SERVER, _OPERATIONS.c.finished_at.is_(None))


def _orphans(session, owner, what, only, *conditions):
    alive = sa.exists().where(_SERVERS.c.id == owner, _ALIVE)
    statement = sa.select(owner, what).where(owner.is_not(None), ~alive, *conditions)
    statement = statement.order_by(owner, what).limit(_LIMIT)
    if only is not None:
        statement = statement.where(owner == only)
    return [tuple(row) for row in session.execute(statement)]


# ---- sums

def counters(session, host=None, lock=False):
    """[(host, what its row says is used, what the allocations add up to)]; each a dict.

    :param lock: nobody claims or frees capacity of the hosts until this transaction ends.
    """
    nodes = sa.select(_NODES.c.host, *(_NODES.c[f"{each}_used"] for each in amounts.NAMES)).order_by(_NODES.c.host)
    sums = sa.select(_ALLOCATIONS.c.host, *(sa.func.sum(_ALLOCATIONS.c[each]).label(each) for each in amounts.NAMES)
                     ).group_by(_ALLOCATIONS.c.host)
    if host is not None:
        nodes, sums = nodes.where(_NODES.c.host == host), sums.where(_ALLOCATIONS.c.host == host)
    rows = session.execute(nodes.with_for_update() if lock else nodes).all()
    held = {row.host: {each: int(getattr(row, each)) for each in amounts.NAMES} for row in session.execute(sums)}
    return [(row.host, {each: getattr(row, f"{each}_used") for each in amounts.NAMES},
             held.get(row.host, dict.fromkeys(amounts.NAMES, 0))) for row in rows]


def usage(session, project_id):
    """As ``quotas.usage``, but counted from the servers themselves.  None: the flavor of one makes no sense."""
    flavor = sa.cast(_SERVERS.c.flavor, sa.Text)
    rows = session.execute(
        sa.select(flavor.label("flavor"), sa.func.count().label("amount"))
        .where(_SERVERS.c.project_id == project_id, _ALIVE,
               sa.or_(_SERVERS.c.vm_state != Vm.SOFT_DELETED, _SERVERS.c.task_state == Task.RESTORING))
        .group_by(flavor)).all()
    try:
        flavors = [(orjson.loads(row.flavor), row.amount) for row in rows]
        return {"instances": sum(amount for _, amount in flavors),
                "cores": sum(each["vcpus"] * amount for each, amount in flavors),
                "ram": sum(each["memory_mb"] * amount for each, amount in flavors)}
    except (KeyError, TypeError, ValueError):
        return None


def beyond_network_quota(session):
    """[(project id, resource, has, may)] of networks, subnets and ports.

    Security groups and their rules are left out: default ones come beyond their quota.
    """
    found = []
    for model in (Network, Subnet, Port):
        resource, project_id = model.__name__.lower(), model.__table__.c.project_id
        own = sa.and_(_QUOTAS.c.project_id == project_id, _QUOTAS.c.resource == resource)
        may = sa.func.max(sa.func.coalesce(_QUOTAS.c.limit, CONF.network[f"quota_{resource}"]))
        found += [(row.project_id, resource, row.has, int(row.may)) for row in session.execute(
            sa.select(project_id, sa.func.count().label("has"), may.label("may"))
            .select_from(model.__table__.outerjoin(_QUOTAS, own)).group_by(project_id)
            .having(may >= 0, sa.func.count() > may).order_by(project_id))]
    return found


def projects(session, after, limit):
    """Ids of projects that have servers, in order, behind ``after``."""
    return list(session.execute(
        sa.select(_SERVERS.c.project_id).where(_ALIVE, _SERVERS.c.project_id > after).distinct()
        .order_by(_SERVERS.c.project_id).limit(limit)).scalars())


# ---- mending

def mend_counters(session, host):
    """Write the sum of the allocations into a host's counters.  The caller holds the lock of ``counters``."""
    [(_, _, held)] = counters(session, host, lock=True)
    session.execute(sa.update(_NODES).where(_NODES.c.host == host),
                    {f"{each}_used": held[each] for each in amounts.NAMES})


def mend_allocations(session, view):
    """Make a server (its View) hold exactly what it must."""
    wanted = server_moves.holding(view.server, view.migration)
    locks.nodes(session, {host for host, _ in [*view.held, *wanted]})
    allocations.hold(session, view.server.id, wanted)


def free_leftovers(session, view):
    """Give back what a server (its View) holds of hosts that have nothing of it to remove."""
    for host, purpose in sorted(view.held):
        if purpose == Purpose.LEFTOVER and host not in view.evacuated:
            allocations.free_leftover(session, view.server.id, host)


def mend_task(session, server, fault):
    """Nothing is being done to a server: let it rest.  One that was never built is an ERROR for ``fault``."""
    broken = {"vm_state": Vm.ERROR, "fault": fault} if server.vm_state == Vm.BUILDING else {}
    operations.write_resource(session, SERVER, server.id, task_state=None, **broken)
    quota_usage.count(session, server.id)


def cancel(session, operation_id, why):
    """End an operation that nobody shall go on with."""
    session.execute(
        sa.update(_OPERATIONS).where(_OPERATIONS.c.id == operation_id, _OPERATIONS.c.finished_at.is_(None))
        .values(attempt=_OPERATIONS.c.attempt + 1),
        {"state": OperationState.CANCELLED, "lease_until": None, "finished_at": now(), "message": "Error",
         "error": why, "args": {}})


def cancel_orphaned(session, operation_id):
    """End an operation whose server does not exist; what else it claimed is free as it is."""
    row = operations.get_without_json(session, operation_id)
    operations.take(session, row)
    cancel(session, operation_id, "Its server does not exist.")
    operations.leave(session, row)


# ---- hosts

def on_host(session, host):
    """{server id: row} of the servers placed on ``host``; columns whose JSON is damaged are None."""
    rows, _ = _servers(session, sa.select(*_COLUMNS).where(_SERVERS.c.host == host, _ALIVE))
    return {row.id: row for row in rows}


def elsewhere(session, server_ids):
    """{id: row with host, vm_state, task_state, created_at, deleted_at} of those ids that the database knows."""
    found = {}
    for start in range(0, len(server_ids), 500):
        some = server_ids[start:start + 500]
        found |= {row.id: row for row in session.execute(
            sa.select(_SERVERS.c.id, _SERVERS.c.host, _SERVERS.c.vm_state, _SERVERS.c.task_state, _SERVERS.c.created_at,
                      _SERVERS.c.deleted_at)
            .where(_SERVERS.c.id.in_(some)))}
    return found


def ports_of_host(session, host):
    """{port id: (server id, MAC, {"mac,address" that DHCP should answer})} of the ports of servers on ``host``."""
    rows = session.execute(
        sa.select(_PORTS.c.id, _PORTS.c.server_id, _PORTS.c.mac_address, _FIXED_IPS.c.ip, _SUBNETS.c.enable_dhcp,
                  _SUBNETS.c.gateway_ip)
        .join(_SERVERS, _SERVERS.c.id == _PORTS.c.server_id).outerjoin(_FIXED_IPS, _FIXED_IPS.c.port_id == _PORTS.c.id)
        .outerjoin(_SUBNETS, _SUBNETS.c.id == _FIXED_IPS.c.subnet_id).where(_SERVERS.c.host == host, _ALIVE))
    found = {}
    for row in rows:
        leases = found.setdefault(row.id, (row.server_id, row.mac_address, set()))[2]
        if row.ip and row.enable_dhcp and row.gateway_ip:
            leases.add(f"{row.mac_address},{row.ip}")
    return found


def has_conductor(session, seconds):
    """Whether a conductor has shown life within so long."""
    since = now() - datetime.timedelta(seconds=seconds)
    return session.execute(sa.select(_SERVICES.c.id).where(
        _SERVICES.c.binary == "nova-conductor", _SERVICES.c.last_seen_at >= since).limit(1)).first() is not None


def silent_hosts(session, seconds):
    """Hosts whose compute service has shown no life for so long."""
    since = now() - datetime.timedelta(seconds=seconds)
    return set(session.execute(sa.select(_SERVICES.c.host).where(
        _SERVICES.c.binary == "nova-compute", sa.or_(_SERVICES.c.last_seen_at.is_(None),
                                                       _SERVICES.c.last_seen_at < since))).scalars())
