"""What shelving leaves in the database: an image to come back from, and in the end no host."""

import time

from nova_lite.db import allocations, server_objects, servers, services
from nova_lite.objects.states import Power, Vm

NAMES = frozenset({"shelve", "shelveOffload", "unshelve"})


def succeeded(session, operation, network):
    """The server's columns after one of NAMES has ended well."""
    if operation.name == "shelve":
        servers.remember(session, operation.server_id, shelved_image=operation.args["target_id"],
                         shelved_at=int(time.time()))
    elif operation.name == "shelveOffload":
        _leave(session, operation.server_id, network)
        return {"power_state": Power.SHUTDOWN}
    else:       # its disk lies over that image from now on
        known = server_objects.row(session, operation.server_id).remembered.get("base_images", [])
        servers.remember(session, operation.server_id, base_images=[*known, operation.args["image_id"]])
    return {}


def failed(session, operation, network):
    """An unshelve that failed: a server that had no host has none again."""
    if operation.previous["vm_state"] == Vm.SHELVED_OFFLOADED:
        _leave(session, operation.server_id, network)


def _leave(session, server_id, network):
    """The server is on no host, and holds nothing of any."""
    network.place(session, server_id, None)
    services.unplaced(session, server_id)
    allocations.free(session, server_id)
