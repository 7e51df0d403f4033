"""What the auditor reads of the database, and how it mends it.

Nothing is mended on the word of a look, which is past when it ends: each mend first locks the row that every
transaction about its subject writes, and the caller looks again under that lock.
"""

import dataclasses
import datetime

import orjson
import sqlalchemy as sa

from nova_lite.common import numbers
from nova_lite.conf import CONF
from nova_lite.db import allocations, locks, operations
from nova_lite.db.base import now
from nova_lite.db.models.images import Image
from nova_lite.db.models.networks import FixedIp, Network, Port, Subnet
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Allocation, ComputeNode, Server, Service
from nova_lite.objects.states import OperationState, Task, Vm

_V, _A, _N, _P, _O = (each.__table__ for each in (Server, Allocation, ComputeNode, Port, Operation))
_S, _F, _U, _I = (each.__table__ for each in (Service, FixedIp, Subnet, Image))
_SERVER = (_V.c.number, _V.c.id, _V.c.host, _V.c.vm_state, _V.c.task_state, _V.c.flavor, _V.c.addresses,
           _V.c.security_groups, _V.c.project_id, _V.c.image_id, _V.c.remembered)
_LIMIT = 200        # orphans of one kind that one look lists; the next look finds the rest
_AMOUNTS = ("vcpus", "memory_mb", "disk_gb")
_RESOURCES = {"resources:VCPU": "vcpus", "resources:PCPU": "vcpus", "resources:MEMORY_MB": "memory_mb",
              "resources:DISK_GB": "disk_gb"}


@dataclasses.dataclass(frozen=True)
class View:
    """One server and everything that must agree with it.

    :ivar server: a row.  :ivar allocation: a row, or None.  :ivar ports: rows with id, host.
    :ivar operations: its open operations' rows.
    """

    server: object
    allocation: object
    ports: list
    operations: list


def views(session, after, limit):
    """The View of ``limit`` servers behind number ``after``; fewer means that these were the last."""
    rows = session.execute(sa.select(*_SERVER).where(_V.c.deleted_at.is_(None), _V.c.number > after)
                           .order_by(_V.c.number).limit(limit)).all()
    return _views(session, rows)


def views_of(session, server_ids):
    """The Views of these servers; what is no server, or none any more, is missing."""
    rows = session.execute(sa.select(*_SERVER).where(_V.c.deleted_at.is_(None), _V.c.id.in_(server_ids))).all()
    return _views(session, rows)


def view_locked(session, server_id):
    """The View of one server as it is until this transaction ends; None when it is gone."""
    rows = session.execute(sa.select(*_SERVER).where(_V.c.deleted_at.is_(None), _V.c.id == server_id)
                           .with_for_update()).all()
    return _views(session, rows)[0] if rows else None


def _views(session, rows):
    ids = [row.id for row in rows]
    if not ids:
        return []
    held = {row.server_id: row for row in session.execute(sa.select(_A).where(_A.c.server_id.in_(ids)))}
    ports = _grouped(session.execute(sa.select(_P.c.server_id, _P.c.id, _P.c.host).where(_P.c.server_id.in_(ids))))
    open_ones = _grouped(session.execute(
        sa.select(_O.c.server_id, _O.c.id, _O.c.name, _O.c.place, _O.c.deadline, _O.c.lease_until, _O.c.created_at)
        .where(_O.c.server_id.in_(ids), _O.c.finished_at.is_(None))))
    return [View(row, held.get(row.id), ports.get(row.id, []), open_ones.get(row.id, [])) for row in rows]


def _grouped(rows):
    found = {}
    for row in rows:
        found.setdefault(row.server_id, []).append(row)
    return found


def asked(flavor):
    """What a flavor takes of a host; its extra specs may say otherwise ("resources:MEMORY_MB")."""
    amounts = {"vcpus": flavor["vcpus"], "memory_mb": flavor["memory_mb"],
               "disk_gb": flavor["root_gb"] + flavor["ephemeral_gb"] + -(-flavor["swap_mb"] // 1024)}
    for key, value in (flavor.get("extra_specs") or {}).items():
        name = _RESOURCES.get(key)
        if name is not None and value.isdecimal():
            amounts[name] = min(int(value), numbers.MOST)
    return amounts


def asked_while_resized(server):
    """What a server (a row) may hold until its resize is confirmed or reverted: of each the larger amount."""
    sizes = [asked(server.remembered[name]) for name in ("old_flavor", "new_flavor") if name in server.remembered]
    return {name: max(each[name] for each in [asked(server.flavor), *sizes]) for name in _AMOUNTS}


def hosts(session):
    """The names of all compute hosts."""
    return set(session.execute(sa.select(_N.c.host)).scalars())


# ---- what belongs to nobody

def orphaned_allocations(session, only=None):
    """[(server id, host)]"""
    return _orphans(session, _A.c.server_id, _A.c.host, only)


def orphaned_ports(session, only=None):
    """[(server id, port id)]; with ``only``, of that server."""
    return _orphans(session, _P.c.server_id, _P.c.id, only)


def orphaned_operations(session, only=None):
    """[(server id, operation id)]"""
    return _orphans(session, _O.c.server_id, _O.c.id, only, _O.c.finished_at.is_(None))


def _orphans(session, owner, what, only, *conditions):
    alive = sa.exists().where(_V.c.id == owner, _V.c.deleted_at.is_(None))
    statement = sa.select(owner, what).where(owner.is_not(None), ~alive, *conditions)
    statement = statement.order_by(owner, what).limit(_LIMIT)
    if only is not None:
        statement = statement.where(owner == only)
    return [tuple(row) for row in session.execute(statement)]


# ---- sums

def counters(session, host=None, lock=False):
    """[(host, what its row says is used, what the allocations add up to)]; each a dict.

    :param lock: nobody claims or frees room of the hosts until this transaction ends.
    """
    nodes = sa.select(_N.c.host, _N.c.vcpus_used, _N.c.memory_mb_used, _N.c.disk_gb_used).order_by(_N.c.host)
    sums = sa.select(_A.c.host, *(sa.func.sum(_A.c[each]).label(each) for each in _AMOUNTS)).group_by(_A.c.host)
    if host is not None:
        nodes, sums = nodes.where(_N.c.host == host), sums.where(_A.c.host == host)
    rows = session.execute(nodes.with_for_update() if lock else nodes).all()
    held = {row.host: {each: int(getattr(row, each)) for each in _AMOUNTS} for row in session.execute(sums)}
    return [(row.host, {each: getattr(row, f"{each}_used") for each in _AMOUNTS},
             held.get(row.host, dict.fromkeys(_AMOUNTS, 0))) for row in rows]


def usage(session, project_id):
    """As ``quotas.usage``, added up another way: by how many servers have which flavor.  None: one makes no sense."""
    flavor = sa.cast(_V.c.flavor, sa.Text)
    rows = session.execute(
        sa.select(flavor.label("flavor"), sa.func.count().label("amount"))
        .where(_V.c.project_id == project_id, _V.c.deleted_at.is_(None),
               sa.or_(_V.c.vm_state != Vm.SOFT_DELETED, _V.c.task_state == Task.RESTORING)).group_by(flavor)).all()
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
        may = CONF.network[f"quota_{resource}"]
        if may >= 0:
            found += [(row.project_id, resource, row.has, may) for row in session.execute(
                sa.select(project_id, sa.func.count().label("has")).group_by(project_id)
                .having(sa.func.count() > may))]
    return found


def projects(session, after, limit):
    """Ids of projects that have servers, in order, behind ``after``."""
    return list(session.execute(
        sa.select(_V.c.project_id).where(_V.c.deleted_at.is_(None), _V.c.project_id > after).distinct()
        .order_by(_V.c.project_id).limit(limit)).scalars())


# ---- mending

def mend_counters(session, host):
    """Write the sum of the allocations into a host's counters.  The caller holds the lock of ``counters``."""
    [(_, _, held)] = counters(session, host, lock=True)
    session.execute(sa.update(_N).where(_N.c.host == host), {f"{each}_used": held[each] for each in _AMOUNTS})


def mend_allocation(session, server):
    """Make a server hold exactly what its flavor asks of the host it is on; on none, nothing."""
    locks.nodes(session, {allocations.of(session, server.id), server.host} - {None})
    allocations.free(session, server.id)
    if server.host is not None:
        allocations.occupy(session, server.id, server.host, asked(server.flavor))


def mend_task(session, server, fault):
    """Nothing is being done to a server: let it rest.  One that was never built is an ERROR for ``fault``."""
    broken = {"vm_state": Vm.ERROR, "fault": fault} if server.vm_state == Vm.BUILDING else {}
    operations.write_server(session, server.id, task_state=None, **broken)


def cancel(session, operation_id):
    """End an operation that has no server."""
    session.execute(
        sa.update(_O).where(_O.c.id == operation_id, _O.c.finished_at.is_(None)).values(attempt=_O.c.attempt + 1),
        {"state": OperationState.CANCELLED, "lease_until": None, "finished_at": now(), "message": "Error",
         "error": "Its server does not exist.", "args": {}})


# ---- hosts

def on_host(session, host):
    """{server id: row} of the servers placed on ``host``."""
    return {row.id: row for row in session.execute(
        sa.select(*_SERVER).where(_V.c.host == host, _V.c.deleted_at.is_(None)))}


def elsewhere(session, server_ids):
    """{id: row with host, task_state, deleted_at} of those ids that the database knows."""
    found = {}
    for start in range(0, len(server_ids), 500):
        some = server_ids[start:start + 500]
        found |= {row.id: row for row in session.execute(
            sa.select(_V.c.id, _V.c.host, _V.c.vm_state, _V.c.task_state, _V.c.deleted_at).where(_V.c.id.in_(some)))}
    return found


def ports_of_host(session, host):
    """{port id: (server id, MAC, {"mac,address" that DHCP should answer})} of the ports of servers on ``host``."""
    rows = session.execute(
        sa.select(_P.c.id, _P.c.server_id, _P.c.mac_address, _F.c.ip, _U.c.enable_dhcp, _U.c.gateway_ip)
        .join(_V, _V.c.id == _P.c.server_id).outerjoin(_F, _F.c.port_id == _P.c.id)
        .outerjoin(_U, _U.c.id == _F.c.subnet_id).where(_V.c.host == host, _V.c.deleted_at.is_(None)))
    found = {}
    for row in rows:
        leases = found.setdefault(row.id, (row.server_id, row.mac_address, set()))[2]
        if row.ip and row.enable_dhcp and row.gateway_ip:
            leases.add(f"{row.mac_address},{row.ip}")
    return found


def images(session, image_ids):
    """{image id: row with size, os_hash_value, status} of these images, also of deleted ones."""
    return {row.id: row for row in session.execute(
        sa.select(_I.c.id, _I.c.size, _I.c.os_hash_value, _I.c.status).where(_I.c.id.in_(image_ids)))}


def has_conductor(session, seconds):
    """Whether a conductor has shown life within so long."""
    since = now() - datetime.timedelta(seconds=seconds)
    return session.execute(sa.select(_S.c.id).where(
        _S.c.binary == "nova-conductor", _S.c.last_seen_at >= since).limit(1)).first() is not None


def silent_hosts(session, seconds):
    """Hosts whose compute service has shown no life for so long."""
    since = now() - datetime.timedelta(seconds=seconds)
    return set(session.execute(sa.select(_S.c.host).where(
        _S.c.binary == "nova-compute", sa.or_(_S.c.last_seen_at.is_(None), _S.c.last_seen_at < since))).scalars())
