"""Servers that were deleted softly go for good when their time is over."""

import contextlib
import logging
import time

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import operations, servers
from nova_lite.objects.states import OPERATIONS

LOG = logging.getLogger(__name__)


class Reclaim:
    def __init__(self, compute_rpc):
        self._compute = compute_rpc

    def look(self):
        """One look; several conductors may look at once, the claim lets one win."""
        interval = CONF.compute.reclaim_instance_interval
        if not interval:
            return
        with db.reader() as session:
            due = servers.soft_deleted(session, time.time() - interval)
        for server in due:
            LOG.info("Server %s was deleted %s s ago; now it goes for good", server.id, interval)
            with contextlib.suppress(exception.Conflict, exception.ServerNotFound):     # restored, or another was first
                self._delete(server)

    def _delete(self, server):
        context = contexts.admin()
        with db.writer() as session:
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["delete"])
        self._compute.delete_server(context, host, operation_id)
