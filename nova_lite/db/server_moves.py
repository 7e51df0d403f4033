"""A server's open migration from its request to its end, and what the server holds of its hosts meanwhile.

What it holds, by the kind of its migration from host A to host B:

=========  ==========================================  ==========================================  ==================
kind       while it moves                              when it has moved, and waits                at the end
=========  ==========================================  ==========================================  ==================
cold       A: home, old size.  B: move, new size       B: home, new size.  A: move, old size       its host: home
same host  home, old size; move: what the new has more home, new size; move: what the old had more home
live       A: home.  B: move                           -                                           B: home
evacuated  A: home.  B: move                           -                                           B: home;
                                                                                                   A: leftover, until
                                                                                                   A has removed it
=========  ==========================================  ==========================================  ==================
"""

import sqlalchemy as sa

from nova_lite.db import allocations, amounts, server_migrations, server_objects, servers
from nova_lite.db.models.networks import Port, PortBinding
from nova_lite.db.models.servers import Allocation, ComputeNode
from nova_lite.objects.allocation import Purpose
from nova_lite.objects.migration import MOVED, MOVING, Status

_ALLOCATIONS, _BINDINGS, _PORTS, _NODES = (each.__table__ for each in (Allocation, PortBinding, Port, ComputeNode))


def begin(session, context, server, **values):
    """Open a migration of a server (its row), which is in none.

    :param values: columns of ServerMigration; ``kind`` and ``status`` at least.
    """
    number = server_migrations.record(session, context, server, **values)
    servers.update(session, server.id, migration_id=number)


def show(session, server, status, **values):
    """Write the status, and other columns, of the migration that is open for a server (its row); of none, nothing."""
    if server.migration_id is not None:
        server_migrations.update(session, server.migration_id, status=status, **values)


def try_start(session, server):
    """A server (its row) begins to move: it takes what it needs at the other end, if need be again.

    :returns: True, or False where that host has not enough left; nothing is written then.
    """
    migration = server_migrations.of_server(session, server)
    if not allocations.try_hold(session, server.id, while_moving(server, migration)):
        return False
    show(session, server, Status.MIGRATING)
    return True


def arrive(session, server, **values):
    """A server (its row, from before) has moved, and waits to be confirmed or reverted.

    :param values: other columns of the migration.
    """
    migration = server_migrations.of_server(session, server)
    allocations.hold(session, server.id, when_moved(server, migration))
    show(session, server, Status.FINISHED, **values)


def close(session, server_id, host, flavor):
    """No migration is open any more: the server is on this host with this flavor, and holds no more than that."""
    allocations.hold(session, server_id, at_rest(host, flavor))
    servers.update(session, server_id, migration_id=None)


def expire(session, server):
    """Nobody will confirm or revert it any more: what a server (its row) was resized to is what it was last."""
    migration = server_migrations.of_server(session, server)
    if migration is not None:
        show(session, server, Status.CONFIRMED if migration.status in MOVED else Status.ERROR)


def give_up(session, server_id):
    """What a migration of the server has started, or waits for, is cancelled: it keeps the size that it shows."""
    server = server_objects.row(session, server_id)
    if server.migration_id is not None:
        expire(session, server)
        close(session, server_id, server.host, server.flavor)


def hosts_of(session, server_id):
    """Names of the compute hosts that may have something of a server: it holds capacity there, or a port of it is
    bound there.
    """
    held = sa.select(_ALLOCATIONS.c.host).where(_ALLOCATIONS.c.server_id == server_id)
    bound = sa.select(_BINDINGS.c.host).join(_PORTS, _PORTS.c.id == _BINDINGS.c.port_id).where(
        _PORTS.c.server_id == server_id)
    return set(session.scalars(sa.select(_NODES.c.host).where(_NODES.c.host.in_(held.union(bound)))))


# ---- what a server holds: {(host, Purpose): amounts}

def holding(server, migration):
    """What a server (a row) must hold now.

    :param migration: the row of its open one; None: it is in none.
    """
    rows = {}
    if migration is not None and migration.status in MOVED:
        rows = when_moved(server, migration)
    elif migration is not None and migration.status in MOVING:
        rows = while_moving(server, migration)
    moves = {key: each for key, each in rows.items() if key[1] == Purpose.MOVE}
    return at_rest(server.host, server.flavor) | moves


def at_rest(host, flavor):
    """:param host: None: it is on none."""
    return {(host, Purpose.HOME): amounts.of_flavor(flavor)} if host is not None else {}


def while_moving(server, migration):
    """The host that the server is on, and what it goes to."""
    old, new = _sizes(server, migration)
    source, destination = migration.source_host, migration.dest_host
    if source == destination:
        return {(source, Purpose.HOME): old, (source, Purpose.MOVE): amounts.beyond(new, old)}
    return {(source, Purpose.HOME): old, (destination, Purpose.MOVE): new}


def when_moved(server, migration):
    """The host that the server has come to, and what it may go back to."""
    old, new = _sizes(server, migration)
    source, destination = migration.source_host, migration.dest_host
    if source == destination:
        return {(source, Purpose.HOME): new, (source, Purpose.MOVE): amounts.beyond(old, new)}
    return {(destination, Purpose.HOME): new, (source, Purpose.MOVE): old}


def _sizes(server, migration):
    """Amounts before and after; a migration that changes no flavor names none."""
    return (amounts.of_flavor(migration.old_flavor or server.flavor),
            amounts.of_flavor(migration.new_flavor or server.flavor))
