"""The claim: what a server takes of a host, given in one conditional write and freed in another."""

import sqlalchemy as sa

from nova_lite.db.base import now
from nova_lite.db.models.servers import Allocation, ComputeNode, Server

_A, _N, _V = Allocation.__table__, ComputeNode.__table__, Server.__table__
_VCPUS, _MEMORY, _DISK = (
    sa.bindparam(each, type_=sa.Integer) for each in ("asked_vcpus", "asked_memory", "asked_disk"))

_HELD = sa.select(_A).where(_A.c.server_id == sa.bindparam("b_id"))
_RATIOS = ("cpu", "memory", "disk")


def _ratio(name, own):
    """What the claim names, else the host's own."""
    return sa.func.coalesce(sa.cast(sa.bindparam(f"ratio_{name}"), sa.Double), own)


#: The room is checked and taken in one statement, so that two racing claims cannot both have the last of it.
_TAKE = (
    sa.update(_N).where(
        _N.c.host == sa.bindparam("b_host"),
        _N.c.vcpus_used + _VCPUS <= _N.c.vcpus * _ratio("cpu", _N.c.cpu_allocation_ratio),
        _N.c.memory_mb_used + _MEMORY
        <= (_N.c.memory_mb - _N.c.reserved_memory_mb) * _ratio("memory", _N.c.ram_allocation_ratio),
        _N.c.disk_gb_used + _DISK <= _N.c.disk_gb * _ratio("disk", _N.c.disk_allocation_ratio))
    .values(vcpus_used=_N.c.vcpus_used + _VCPUS, memory_mb_used=_N.c.memory_mb_used + _MEMORY,
            disk_gb_used=_N.c.disk_gb_used + _DISK))
_OCCUPY = (
    sa.update(_N).where(_N.c.host == sa.bindparam("b_host"))
    .values(vcpus_used=_N.c.vcpus_used + _VCPUS, memory_mb_used=_N.c.memory_mb_used + _MEMORY,
            disk_gb_used=_N.c.disk_gb_used + _DISK))
_GIVE = (
    sa.update(_N).where(_N.c.host == sa.bindparam("b_host"))
    .values(vcpus_used=_N.c.vcpus_used - _VCPUS, memory_mb_used=_N.c.memory_mb_used - _MEMORY,
            disk_gb_used=_N.c.disk_gb_used - _DISK))
_RECORD = sa.insert(_A)
_PLACE = sa.update(_V).where(_V.c.id == sa.bindparam("b_id"))
_FORGET = sa.delete(_A).where(_A.c.server_id == sa.bindparam("b_id"))


def of(session, server_id):
    """The host that holds this server's allocation; None without one."""
    held = session.execute(_HELD, {"b_id": server_id}).one_or_none()
    return held and held.host


def claim(session, server_id, host, asked, ratios=None):
    """Take ``asked`` ({"vcpus", "memory_mb", "disk_gb"}) of ``host`` for a server that waits to be placed.

    :param ratios: {"cpu", "memory", "disk"}: allocation ratios that hold instead of the host's own.
    :returns: True, or False where the host has no room any more; nothing is written then.
    """
    given = {f"ratio_{name}": (ratios or {}).get(name) for name in _RATIOS}
    if not session.execute(_TAKE, _asked(host, asked) | given).rowcount:
        return False
    session.execute(_RECORD, {"server_id": server_id, "host": host, **asked})
    session.execute(_PLACE, {"b_id": server_id, "host": host, "updated_at": now()})
    return True


def occupy(session, server_id, host, asked):
    """Record what a server that is on ``host`` already takes of it, whether or not there is room."""
    session.execute(_OCCUPY, _asked(host, asked))
    session.execute(_RECORD, {"server_id": server_id, "host": host, **asked})


def change(session, server_id, asked):
    """Make a server hold ``asked`` of the host it is on.

    :returns: True, or False where the host has no room for it; nothing is written then.
    """
    held = session.execute(_HELD, {"b_id": server_id}).one_or_none()
    more = held and {name: amount - getattr(held, name) for name, amount in asked.items()}
    if not more:
        return False
    if any(amount > 0 for amount in more.values()):
        own = {f"ratio_{name}": None for name in _RATIOS}
        if not session.execute(_TAKE, _asked(held.host, more) | own).rowcount:
            return False
    else:
        session.execute(_OCCUPY, _asked(held.host, more))
    session.execute(sa.update(_A).where(_A.c.server_id == server_id), asked)
    return True


def free(session, server_id):
    """Give back what a server holds; nothing held, nothing happens."""
    held = session.execute(_HELD, {"b_id": server_id}).one_or_none()
    if held is None or not session.execute(_FORGET, {"b_id": server_id}).rowcount:
        return                      # there is none, or another transaction freed it between the two statements
    session.execute(_GIVE, _asked(held.host, held._mapping))


def _asked(host, amounts):
    return {"b_host": host, "asked_vcpus": amounts["vcpus"], "asked_memory": amounts["memory_mb"],
            "asked_disk": amounts["disk_gb"]}
