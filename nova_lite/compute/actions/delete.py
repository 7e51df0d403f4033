"""Begin to delete a server, for good or softly; force-delete or restore it.  A running operation is cancelled."""

from nova_lite import db
from nova_lite.compute.actions import interfaces, snapshot
from nova_lite.conf import CONF
from nova_lite.db import locks, operations, quotas, server_moves, servers
from nova_lite.db.base import now
from nova_lite.objects import damaged_server
from nova_lite.objects.states import OPERATIONS, Task


class Delete:
    def __init__(self, compute_rpc, conductor_rpc, image, network):
        self._image = image
        self._network = network
        self._compute = compute_rpc
        self._conductor = conductor_rpc

    def delete(self, context, server):
        """Return at once; the server is 404 when its host has removed everything.  Deleting twice is no error.

        :raises ServerLocked: a member asks and the server is locked.
        """
        leaving = server.task_state == Task.SHELVING_OFFLOADING     # its disk may be gone, so it could not be restored
        kept = server.launched_at and server.host and not leaving and not damaged_server.of(server)
        if CONF.compute.reclaim_instance_interval and kept:
            self._soft_delete(context, server)
        else:
            self.force(context, server)

    def _soft_delete(self, context, server):
        """Power the guest off; the server can be restored until ``[compute] reclaim_instance_interval`` has passed."""
        with db.writer() as session:
            locks.server(session, server.id)
            if operations.running(session, server.id, "delete_server", "soft_delete_server"):
                return
            snapshot.take_back(session, server.id, self._image)
            interfaces.take_back(session, server.id, self._network)
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["soft_delete_server"])
            servers.update(session, server.id, soft_deleted_at=now())
            server_moves.give_up(session, server.id)
        self._compute.soft_delete_server(context, host, operation_id)

    def restore(self, context, server):
        """Undo a soft delete.

        :raises InvalidState: it is not soft deleted, or was never placed.  :raises ServerLocked, OverQuota:
        """
        operation = OPERATIONS["restore_server"]
        with db.writer() as session:
            locks.server(session, server.id)
            operations.check(session, context, server.id, operation)
            quotas.reserve(session, server.project_id, 1, 1, server.flavor, server.user_id)
            operation_id, host = operations.begin(session, context, server.id, operation)
        self._compute.restore_server(context, host, operation_id)

    def force(self, context, server):
        """Delete for good, also where deletes are configured to be soft."""
        with db.writer() as session:
            locks.server(session, server.id)
            if operations.running(session, server.id, "delete_server"):
                return
            servers.mend(session, server)
            snapshot.take_back(session, server.id, self._image)
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["delete_server"])
        if host is None:
            self._conductor.delete_server(context, operation_id)
        else:
            self._compute.delete_server(context, host, operation_id)
