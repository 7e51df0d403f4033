"""What is done to servers when a time is over: soft deletes become deletes, resizes are confirmed."""

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
        if CONF.compute.reclaim_instance_interval:
            self._delete_old(CONF.compute.reclaim_instance_interval)
        if CONF.compute.resize_confirm_window:
            self._confirm_old(CONF.compute.resize_confirm_window)
        if CONF.compute.shelved_offload_time >= 0:
            self._offload_old(CONF.compute.shelved_offload_time)

    def after_shelve(self, _context, _operation_id):
        """A server was shelved just now, and perhaps need not wait."""
        if CONF.compute.shelved_offload_time == 0:
            self._offload_old(0)

    def _offload_old(self, seconds):
        with db.reader() as session:
            due = servers.shelved(session, time.time() - seconds)
        for server in due:
            with contextlib.suppress(exception.Conflict, exception.ServerNotFound):
                operation_id, host = self._begin(server, "shelveOffload")
                self._compute.offload_server(contexts.admin(), host, operation_id)

    def _confirm_old(self, window):
        with db.reader() as session:
            due = servers.resized(session, time.time() - window)
        for server in due:
            LOG.info("The resize of server %s is confirmed after %s s", server.id, window)
            with contextlib.suppress(exception.Conflict, exception.ServerNotFound):
                operation_id, host = self._begin(server, "confirmResize")
                self._compute.confirm_resize(contexts.admin(), host, operation_id)

    def _delete_old(self, interval):
        with db.reader() as session:
            due = servers.soft_deleted(session, time.time() - interval)
        for server in due:
            LOG.info("Server %s was deleted %s s ago; now it goes for good", server.id, interval)
            with contextlib.suppress(exception.Conflict, exception.ServerNotFound):     # restored, or another was first
                operation_id, host = self._begin(server, "delete")
                self._compute.delete_server(contexts.admin(), host, operation_id)

    @staticmethod
    def _begin(server, name):
        with db.writer() as session:
            return operations.begin(session, contexts.admin(), server.id, OPERATIONS[name])
