"""Begin to shelve, offload or unshelve a server."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.compute.actions.begin import begin_operation
from nova_lite.conf import CONF
from nova_lite.db import hosts, operations, servers
from nova_lite.objects.states import OPERATIONS, Vm

KEEP = object()         # the zone to which a server is pinned stays


class Shelve:
    """Each method returns at once.  :raises InvalidState, ServerLocked:

    :param snapshot: actions.snapshot.Snapshot.
    """

    def __init__(self, snapshot, compute_rpc, conductor_rpc):
        self._snapshot = snapshot
        self._compute = compute_rpc
        self._conductor = conductor_rpc

    def shelve(self, context, server):
        """Power off and copy into an image; the server is offloaded after [compute] shelved_offload_time."""
        name = f"{server.display_name}-shelved"
        _, operation_id, host = self._snapshot.begin(context, server, "shelve_server", name, {})
        self._compute.shelve_server(context, host, operation_id)

    def offload(self, context, server):
        """Remove a shelved server from its host now."""
        operation_id, host = begin_operation(context, server, "offload_server")
        self._compute.offload_server(context, host, operation_id)

    def unshelve(self, context, server, *, zone=KEEP, host=None):
        """:param zone: pin it to this zone; None: unpin it.  :param host: the host it must go to; None: any.

        :raises BadRequest: there is no such zone or host.  :raises Conflict: it is not offloaded, or not in that zone.
        """
        operation = OPERATIONS["unshelve_server"]
        with db.writer() as session:
            operations.check(session, context, server.id, operation)
            _check_place(session, server, zone, host)
            args = {"image_id": server.shelved_image_id, **({"host": host} if host else {})}
            operation_id, present = operations.begin(session, context, server.id, operation, args)
            if zone is not KEEP:
                servers.update(session, server.id, availability_zone=zone)
        if present is None:
            self._conductor.unshelve_server(context, operation_id)
        else:
            self._compute.unshelve_server(context, present, operation_id)


def _check_place(session, server, zone, host):
    if (zone is not KEEP or host) and server.vm_state != Vm.SHELVED_OFFLOADED:
        raise exceptions.Conflict(
            f'Specifying an availability zone or a host when unshelving server "{server.id}" with status '
            f'"{server.vm_state}" is not supported. The server status must be SHELVED_OFFLOADED.')
    default = CONF.scheduler.default_availability_zone
    if zone not in (KEEP, None, default) and not hosts.has_zone(session, zone, default):
        raise exceptions.BadRequest("The requested availability zone is not available")
    if host and not hosts.has_place(session, host, None):
        raise exceptions.BadRequest(f"Compute host {host} could not be found.")
