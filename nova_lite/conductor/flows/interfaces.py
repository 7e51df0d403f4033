"""What changes of a server's interfaces leave in the database: ports and addresses come first and go last.

What is attached or added is the server's from the transaction that began it, so that nobody else can have it; what is
detached or removed stays the server's until its host has let go of it.
"""

from nova_lite.db import pledges

NAMES = frozenset({"attach_interface", "detach_interface", "addFixedIp", "removeFixedIp"})


def succeeded(session, operation, network):
    """One of NAMES has ended well; called before its arguments are wiped."""
    if operation.name in ("detach_interface", "removeFixedIp"):
        _let_go(session, operation.server_id, operation.args, network)


def failed(session, operation, network):
    """One of NAMES has failed, its arguments perhaps unread; likewise."""
    if operation.name in ("attach_interface", "addFixedIp"):
        args = operation.args or pledges.args_of(session, operation.id)
        if "port" in args:
            _let_go(session, operation.server_id, args, network)


def _let_go(session, server_id, args, network):
    if "address" in args:
        network.attachments.remove_address(session, server_id, args["port"], args["address"])
    else:
        network.attachments.detach(session, server_id, args["port"])
