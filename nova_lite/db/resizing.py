"""What is noted of a server's resize, and what the server holds for it, until that is over one way or another."""

from nova_lite.db import allocations, audit, moves, server_objects, servers

_NOTES = ("old_flavor", "new_flavor", "resized_from", "resized_at", "resize", "move")


def tell(session, server, status):
    """Show the move of a server (its row) with another status."""
    move = server.remembered.get("move")
    if move is not None:
        moves.update(session, move, status=status)


def settle(session, server_id, flavor):
    """The server has this flavor, and holds no more than that."""
    allocations.change(session, server_id, audit.asked(flavor))
    servers.remember(session, server_id, **dict.fromkeys(_NOTES))


def over(session, server):
    """Nobody will confirm or revert it any more: what a server (its row) was resized to is what it was last."""
    tell(session, server, "confirmed" if "resized_at" in server.remembered else "error")


def give_up(session, server_id):
    """What a resize of the server has begun, or waits for, is cancelled: it keeps the size that it shows."""
    server = server_objects.row(session, server_id)
    if "new_flavor" in server.remembered:
        over(session, server)
        settle(session, server_id, server.flavor)
