"""What a resize holds of a host and leaves in the database, until it is confirmed or reverted.

Until then the server holds the larger of each amount, so that it can go either way.
"""

import time

from nova_lite.common import exception
from nova_lite.db import allocations, audit, server_objects, servers
from nova_lite.objects.states import Power, Vm

NAMES = frozenset({"resize", "confirmResize", "revertResize"})
_NOTES = ("old_flavor", "new_flavor", "resized_from", "resized_at", "resize")


def claim(session, operation):
    """Take what the new size needs; doing it twice takes it once.  Whether there was room."""
    server = server_objects.row(session, operation.server_id)
    return allocations.change(session, server.id, audit.asked_while_resized(server))


def refuse(host):
    """:raises NoValidHost:"""
    raise exception.NoValidHost(reason=f"Host {host} has no room for the new size.")


def succeeded(session, operation, power):
    """The server's columns after one of NAMES has ended well."""
    server = server_objects.row(session, operation.server_id)
    if operation.name == "resize":
        servers.remember(session, server.id, resized_at=int(time.time()))
        return {"flavor": server.remembered["new_flavor"]}
    flavor = server.flavor if operation.name == "confirmResize" else server.remembered["old_flavor"]
    vm_state = _rests(power) if operation.name == "confirmResize" else server.remembered["resized_from"]
    _settle(session, server.id, flavor)
    return {"flavor": flavor, "vm_state": vm_state}


def failed(session, operation):
    """The server has its old size and holds no more than that."""
    server = server_objects.row(session, operation.server_id)
    _settle(session, server.id, server.flavor)


def _settle(session, server_id, flavor):
    allocations.change(session, server_id, audit.asked(flavor))
    servers.remember(session, server_id, **dict.fromkeys(_NOTES))


def _rests(power):
    return Vm.ACTIVE if power in (Power.RUNNING, Power.PAUSED) else Vm.STOPPED
