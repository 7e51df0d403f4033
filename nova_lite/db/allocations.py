"""What servers hold of hosts, given in one conditional write and freed in another.

A server on a host holds one row of purpose HOME there; ``server_moves`` says what it holds besides while it moves.
Amounts are {"vcpus", "memory_mb", "disk_gb"}; what a server holds as a whole is {(host, Purpose): amounts}.
"""

import sqlalchemy as sa

from nova_lite.db import amounts, locks
from nova_lite.db.base import now
from nova_lite.db.models.servers import Allocation, ComputeNode, Server
from nova_lite.objects.allocation import Purpose

_ALLOCATIONS, _NODES, _SERVERS = Allocation.__table__, ComputeNode.__table__, Server.__table__
_VCPUS, _MEMORY, _DISK = (
    sa.bindparam(each, type_=sa.Integer) for each in ("asked_vcpus", "asked_memory", "asked_disk"))
_RATIOS = ("cpu", "memory", "disk")


def _ratio(name, own):
    """What the claim names, else the host's own."""
    return sa.func.coalesce(sa.cast(sa.bindparam(f"ratio_{name}"), sa.Double), own)


_USED = {"vcpus_used": _NODES.c.vcpus_used + _VCPUS, "memory_mb_used": _NODES.c.memory_mb_used + _MEMORY,
         "disk_gb_used": _NODES.c.disk_gb_used + _DISK}
_ADD = sa.update(_NODES).where(_NODES.c.host == sa.bindparam("b_host")).values(_USED)
#: What is free is checked and taken in one statement, so that two racing claims cannot both have the last of it.
_TAKE = _ADD.where(
    _USED["vcpus_used"] <= _NODES.c.vcpus * _ratio("cpu", _NODES.c.cpu_allocation_ratio),
    _USED["memory_mb_used"]
    <= (_NODES.c.memory_mb - _NODES.c.reserved_memory_mb) * _ratio("memory", _NODES.c.ram_allocation_ratio),
    _USED["disk_gb_used"] <= _NODES.c.disk_gb * _ratio("disk", _NODES.c.disk_allocation_ratio))
#: By host: the order in which the rows of several compute nodes are locked.
_HELD = (sa.select(_ALLOCATIONS).where(_ALLOCATIONS.c.server_id == sa.bindparam("b_id"))
         .order_by(_ALLOCATIONS.c.host, _ALLOCATIONS.c.purpose))
_RECORD = sa.insert(_ALLOCATIONS)
_ROW = (_ALLOCATIONS.c.server_id == sa.bindparam("b_id"), _ALLOCATIONS.c.host == sa.bindparam("b_host"),
        _ALLOCATIONS.c.purpose == sa.bindparam("b_purpose"))
_CHANGE, _REMOVE = sa.update(_ALLOCATIONS).where(*_ROW), sa.delete(_ALLOCATIONS).where(*_ROW)
_PLACE = sa.update(_SERVERS).where(_SERVERS.c.id == sa.bindparam("b_id"))


def of(session, server_id):
    """All that a server holds."""
    return by_purpose(session.execute(_HELD, {"b_id": server_id}))


def by_purpose(rows):
    """{(host, Purpose): amounts} of rows of one server."""
    return {(row.host, Purpose(row.purpose)): {name: getattr(row, name) for name in amounts.NAMES} for row in rows}


def hosts_of(session, server_ids):
    """{server id: {host: {Purpose}}}: the hosts with capacity for these servers, which may have something of them."""
    found = {}
    for some in locks.chunks(server_ids):
        for row in session.execute(sa.select(_ALLOCATIONS.c.server_id, _ALLOCATIONS.c.host, _ALLOCATIONS.c.purpose)
                                   .where(_ALLOCATIONS.c.server_id.in_(some))):
            found.setdefault(row.server_id, {}).setdefault(row.host, set()).add(Purpose(row.purpose))
    return found


def claim(session, server_id, host, asked, ratios=None):
    """Place a server that waits for a host on this one, and take ``asked`` of it.

    :param ratios: {"cpu", "memory", "disk"}: allocation ratios that hold instead of the host's own.
    :returns: True, or False where the host has not enough left; nothing is written then.
    """
    if not _take(session, host, asked, ratios or {}):
        return False
    session.execute(_RECORD, {"server_id": server_id, "host": host, "purpose": Purpose.HOME, **asked})
    session.execute(_PLACE, {"b_id": server_id, "host": host, "updated_at": now()})
    return True


def try_hold(session, server_id, wanted):
    """Make a server hold ``wanted``, which asks more of one host at most and changes nothing on any other.

    :returns: True, or False where that host has not enough left; nothing is written then.
    """
    held = _present(session, server_id)
    for host, more in _differences(held, wanted).items():
        if not _take(session, host, more, {}):
            return False
    _write(session, server_id, held, wanted)
    return True


def hold(session, server_id, wanted):
    """Make a server hold ``wanted``, whether or not its hosts have enough left; what it left over stays so."""
    held = _present(session, server_id)
    _write(session, server_id, held, wanted)
    for host, more in _differences(held, wanted).items():
        session.execute(_ADD, _parameters(host, more))


def free(session, server_id):
    """Give back all that a server holds; nothing held, nothing happens."""
    for (host, purpose), each in of(session, server_id).items():
        _free(session, server_id, host, purpose, each)


def free_leftover(session, server_id, host):
    """Nothing is left of a server on the host that it was evacuated from."""
    held = of(session, server_id).get((host, Purpose.LEFTOVER))
    if held is not None:
        _free(session, server_id, host, Purpose.LEFTOVER, held)


def _free(session, server_id, host, purpose, held):
    """Another transaction may have freed it since it was read; then nothing happens."""
    if session.execute(_REMOVE, {"b_id": server_id, "b_host": host, "b_purpose": purpose}).rowcount:
        session.execute(_ADD, _parameters(host, {name: -held[name] for name in amounts.NAMES}))


def unplace(session, server_id):
    """Take a server off its host: it is on none, and holds nothing of any."""
    leave(session, server_id)
    free(session, server_id)


def leave(session, server_id):
    """A server is on no host; what it held there is to be freed in the same transaction."""
    session.execute(_PLACE, {"b_id": server_id, "host": None})


def _present(session, server_id):
    """What a server holds but for leftovers."""
    return {key: each for key, each in of(session, server_id).items() if key[1] != Purpose.LEFTOVER}


def _take(session, host, asked, ratios):
    given = {f"ratio_{name}": ratios.get(name) for name in _RATIOS}
    return bool(session.execute(_TAKE, _parameters(host, asked) | given).rowcount)


def _differences(held, wanted):
    """{host: amounts more, negative for less} of the hosts of which a server holds something else, by their names."""
    totals = {}
    for sign, rows in ((-1, held), (1, wanted)):
        for (host, _), each in rows.items():
            total = totals.setdefault(host, dict.fromkeys(amounts.NAMES, 0))
            for name in amounts.NAMES:
                total[name] += sign * each[name]
    return {host: total for host, total in sorted(totals.items()) if any(total.values())}


def _write(session, server_id, held, wanted):
    for host, purpose in held.keys() - wanted.keys():
        session.execute(_REMOVE, {"b_id": server_id, "b_host": host, "b_purpose": purpose})
    for (host, purpose), each in wanted.items():
        if (host, purpose) not in held:
            session.execute(_RECORD, {"server_id": server_id, "host": host, "purpose": purpose, **each})
        elif held[host, purpose] != each:
            session.execute(_CHANGE, {"b_id": server_id, "b_host": host, "b_purpose": purpose, **each})


def _parameters(host, more):
    return {"b_host": host, "asked_vcpus": more["vcpus"], "asked_memory": more["memory_mb"],
            "asked_disk": more["disk_gb"]}
