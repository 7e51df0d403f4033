"""Begin to delete a server.  It overtakes whatever runs: that is cancelled and undone."""

import contextlib
import time

from nova_lite import db
from nova_lite.common import exception
from nova_lite.compute.actions import interfaces
from nova_lite.conf import CONF
from nova_lite.db import locks, operations, pledges, quotas, servers
from nova_lite.objects.states import OPERATIONS


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
        if CONF.compute.reclaim_instance_interval and server.launched_at and server.host:
            self._soft_delete(context, server)
        else:
            self.force(context, server)

    def _soft_delete(self, context, server):
        """The guest goes off; the server can be restored until it is reclaimed."""
        with db.writer() as session:
            locks.server(session, server.id)
            if operations.running(session, server.id, "delete", "soft_delete"):
                return
            copies = pledges.promised(session, server.id, "target_id")
            interfaces.take_back(session, server.id, self._network)
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["soft_delete"])
            servers.remember(session, server.id, soft_deleted_at=int(time.time()))
        self._compute.soft_delete_server(context, host, operation_id)
        self._drop(context, copies)

    def restore(self, context, server):
        """Take back a soft delete.

        :raises InvalidState: it is not soft deleted, or was never placed.  :raises ServerLocked, OverQuota:
        """
        with db.writer() as session:
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["restore"])
            quotas.reserve(session, server.project_id, 1, 1, server.flavor)
        self._compute.restore_server(context, host, operation_id)

    def force(self, context, server):
        """As ``delete``, but for good, whatever is configured."""
        with db.writer() as session:
            locks.server(session, server.id)
            if operations.running(session, server.id, "delete"):
                return
            copies = pledges.promised(session, server.id, "target_id")
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["delete"])
        if host is None:
            self._conductor.delete_server(context, operation_id)
        else:
            self._compute.delete_server(context, host, operation_id)
        if "shelved_image" in server.remembered:
            copies.append(server.remembered["shelved_image"])
        self._drop(context, copies)

    def _drop(self, context, image_ids):
        """Images that nobody will fill any more, or that a shelved server would have come back from."""
        for image_id in image_ids:
            with contextlib.suppress(exception.NovaLiteError):
                self._image.delete(context, image_id)
