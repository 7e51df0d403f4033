"""What a resize holds of a host and leaves in the database, until it is confirmed or reverted.

Until then the server holds the larger of each amount, so that it can go either way.  It is a move of the server's, too,
whose status follows.
"""

import time

from nova_lite.common import exception
from nova_lite.db import allocations, audit, resizing, server_objects, servers
from nova_lite.objects.states import Power, Vm

#: The status of the move while the operation runs, when it has succeeded, and when it has failed.
_STATUS = {"resize": ("migrating", "finished", "error"), "confirmResize": ("confirming", "confirmed", "finished"),
           "revertResize": ("reverting", "reverted", "finished")}
NAMES = frozenset(_STATUS)


def begun(session, operation):
    """A host begins with an operation of any name: tell the move, and take what a new size needs, if need be again.

    :returns: whether there was room.
    """
    if operation.name not in NAMES:
        return True
    server = server_objects.row(session, operation.server_id)
    resizing.tell(session, server, _STATUS[operation.name][0])
    return operation.name != "resize" or allocations.change(session, server.id, audit.asked_while_resized(server))


def refuse(host):
    """:raises NoValidHost:"""
    raise exception.NoValidHost(reason=f"Host {host} has no room for the new size.")


def succeeded(session, operation, power):
    """The server's columns after one of NAMES has ended well."""
    server = server_objects.row(session, operation.server_id)
    resizing.tell(session, server, _STATUS[operation.name][1])
    if operation.name == "resize":
        servers.remember(session, server.id, resized_at=int(time.time()))
        return {"flavor": server.remembered["new_flavor"]}
    flavor = server.flavor if operation.name == "confirmResize" else server.remembered["old_flavor"]
    vm_state = _rests(power) if operation.name == "confirmResize" else server.remembered["resized_from"]
    resizing.settle(session, server.id, flavor)
    return {"flavor": flavor, "vm_state": vm_state}


def failed(session, operation):
    """One of NAMES has failed: the server has the size it had, and holds no more than that if it cannot go back."""
    server = server_objects.row(session, operation.server_id)
    resizing.tell(session, server, _STATUS[operation.name][2])
    if operation.name == "resize":
        resizing.settle(session, server.id, server.flavor)


def _rests(power):
    return Vm.ACTIVE if power in (Power.RUNNING, Power.PAUSED) else Vm.STOPPED
