"""The claim: what a server takes of a host, given in one conditional write and freed in another."""

import sqlalchemy as sa

from nova_lite.db.base import now
from nova_lite.db.models.servers import Allocation, ComputeNode, Server, Service

_QUIET = {"synchronize_session": False}


def hosts(session):
    """Every compute node with its service's life signs, as rows the scheduler's filters read."""
    node = ComputeNode.__table__.c
    return session.execute(
        sa.select(*node, Service.disabled, Service.forced_down, Service.last_seen_at)
        .join(Service, sa.and_(Service.host == ComputeNode.host, Service.binary == "nova-compute"))).all()


def of(session, server_id):
    """The host that holds this server's allocation; None without one."""
    return session.execute(sa.select(Allocation.host).where(Allocation.server_id == server_id)).scalar_one_or_none()


def claim(session, server_id, host, asked):
    """Take ``asked`` ({"vcpus", "memory_mb", "disk_gb"}) of ``host`` for a server that waits to be placed.

    One UPDATE checks the room and takes it, so two racing claims cannot both have the last of it.
    :returns: True, or False where the host has no room any more; nothing is written then.
    """
    room = sa.and_(
        ComputeNode.vcpus_used + asked["vcpus"] <= ComputeNode.vcpus * ComputeNode.cpu_allocation_ratio,
        ComputeNode.memory_mb_used + asked["memory_mb"]
        <= (ComputeNode.memory_mb - ComputeNode.reserved_memory_mb) * ComputeNode.ram_allocation_ratio,
        ComputeNode.disk_gb_used + asked["disk_gb"] <= ComputeNode.disk_gb * ComputeNode.disk_allocation_ratio)
    taken = session.execute(
        sa.update(ComputeNode).where(ComputeNode.host == host, room).values(
            vcpus_used=ComputeNode.vcpus_used + asked["vcpus"],
            memory_mb_used=ComputeNode.memory_mb_used + asked["memory_mb"],
            disk_gb_used=ComputeNode.disk_gb_used + asked["disk_gb"]), execution_options=_QUIET).rowcount
    if not taken:
        return False
    session.execute(sa.insert(Allocation).values(server_id=server_id, host=host, **asked))
    session.execute(sa.update(Server).where(Server.id == server_id).values(host=host, updated_at=now()),
                    execution_options=_QUIET)
    return True


def free(session, server_id):
    """Give back what a server holds; nothing held, nothing happens."""
    held = session.execute(sa.select(Allocation.__table__).where(Allocation.server_id == server_id)).one_or_none()
    if held is None:
        return
    gone = session.execute(sa.delete(Allocation).where(Allocation.server_id == server_id), execution_options=_QUIET)
    if not gone.rowcount:           # another transaction freed it between the two statements
        return
    session.execute(
        sa.update(ComputeNode).where(ComputeNode.host == held.host).values(
            vcpus_used=ComputeNode.vcpus_used - held.vcpus,
            memory_mb_used=ComputeNode.memory_mb_used - held.memory_mb,
            disk_gb_used=ComputeNode.disk_gb_used - held.disk_gb), execution_options=_QUIET)
