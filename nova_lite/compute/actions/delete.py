"""Begin to delete a server.  It overtakes whatever runs: that is cancelled and undone."""

import time

from nova_lite import db
from nova_lite.compute.actions import interfaces, snapshot
from nova_lite.conf import CONF
from nova_lite.db import locks, operations, quotas, resizing, servers
from nova_lite.objects.states import OPERATIONS, Task


class Delete:
    def __init__(self, compute_rpc, conductor_rpc, image, network):
        self._image = image
        self._network = network
        self._compute = compute_rpc
        self._conductor = conductor_rpc

    def delete(self, context, server):
        """Return at once; the server is 404 when nothing is left of it.  Deleting twice is no error.

        :raises ServerLocked: a member asks and the server is locked.
        """
        leaving = server.task_state == Task.SHELVING_OFFLOADING     # there may be nothing to restore any more
        if CONF.compute.reclaim_instance_interval and server.launched_at and server.host and not leaving:
            self._soft_delete(context, server)
        else:
            self.force(context, server)

    def _soft_delete(self, context, server):
        """The guest goes off; the server can be restored until it is reclaimed."""
        with db.writer() as session:
            locks.server(session, server.id)
            if operations.running(session, server.id, "delete", "soft_delete"):
                return
            snapshot.take_back(session, server.id, self._image)
            interfaces.take_back(session, server.id, self._network)
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["soft_delete"])
            servers.remember(session, server.id, soft_deleted_at=int(time.time()))
            resizing.give_up(session, server.id)
        self._compute.soft_delete_server(context, host, operation_id)

    def restore(self, context, server):
        """Take back a soft delete.

        :raises InvalidState: it is not soft deleted, or was never placed.  :raises ServerLocked, OverQuota:
        """
        operation = OPERATIONS["restore"]
        with db.writer() as session:
            locks.server(session, server.id)
            operations.check(session, context, server.id, operation)
            quotas.reserve(session, server.project_id, 1, 1, server.flavor, server.user_id)
            operation_id, host = operations.begin(session, context, server.id, operation)
        self._compute.restore_server(context, host, operation_id)

    def force(self, context, server):
        """As ``delete``, but for good, whatever is configured."""
        with db.writer() as session:
            locks.server(session, server.id)
            if operations.running(session, server.id, "delete"):
                return
            snapshot.take_back(session, server.id, self._image)
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["delete"])
        if host is None:
            self._conductor.delete_server(context, operation_id)
        else:
            self._compute.delete_server(context, host, operation_id)
