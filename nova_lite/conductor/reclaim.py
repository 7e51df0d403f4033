"""Operations that begin after an interval: deletion after a soft delete, confirmation of a resize, offloading.

For a day after the database was restored none begins: a server that it calls soft-deleted may have been restored since.
"""

import contextlib
import datetime
import logging

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import cloud, operations, servers
from nova_lite.db.base import now
from nova_lite.objects.states import OPERATIONS

LOG = logging.getLogger(__name__)
_GRACE = 86400      # seconds after the restore of a database in which none of these operations begins


def _is_restored():
    """Whether the database was restored lately, so that the states it has of servers may be outdated."""
    longest = max(_GRACE, CONF.compute.reclaim_instance_interval, CONF.compute.resize_confirm_window,
                  CONF.compute.shelved_offload_time)
    with db.reader() as session:
        restored = cloud.restored_at(session)
    return restored is not None and restored > _ago(longest)


def _ago(seconds):
    return now() - datetime.timedelta(seconds=seconds)


class Reclaim:
    """:param compute_rpc: a ComputeAPI, to notify hosts of the operations that begin."""

    def __init__(self, compute_rpc):
        self._compute = compute_rpc

    def look(self):
        """Begin what is due.  Several conductors may do so at once: the claim of the server lets one win."""
        if _is_restored():
            return
        if CONF.compute.reclaim_instance_interval:
            self._delete_old(CONF.compute.reclaim_instance_interval)
        if CONF.compute.resize_confirm_window:
            self._confirm_old(CONF.compute.resize_confirm_window)
        if CONF.compute.shelved_offload_time >= 0:
            self._offload_old(CONF.compute.shelved_offload_time)

    def offload_if_at_once(self):
        """Offload shelved servers where ``[compute] shelved_offload_time`` is 0."""
        if CONF.compute.shelved_offload_time == 0 and not _is_restored():
            self._offload_old(0)

    def _offload_old(self, seconds):
        with db.reader() as session:
            due = servers.shelved(session, _ago(seconds))
        for server in due:
            with contextlib.suppress(exceptions.Conflict, exceptions.ServerNotFound):
                operation_id, host = self._begin(server, "offload_server")
                self._compute.offload_server(contexts.admin(), host, operation_id)

    def _confirm_old(self, window):
        with db.reader() as session:
            due = servers.resized(session, _ago(window))
        for server in due:
            LOG.info("The resize of server %s is confirmed after %s s", server.id, window)
            with contextlib.suppress(exceptions.Conflict, exceptions.ServerNotFound):
                operation_id, host = self._begin(server, "confirm_resize")
                self._compute.confirm_resize(contexts.admin(), host, operation_id)

    def _delete_old(self, interval):
        with db.reader() as session:
            due = servers.soft_deleted(session, _ago(interval))
        for server in due:
            LOG.info("Server %s was deleted %s s ago; now it goes for good", server.id, interval)
            with contextlib.suppress(exceptions.Conflict, exceptions.ServerNotFound):   # restored, or lost a race
                operation_id, host = self._begin(server, "delete_server")
                self._compute.delete_server(contexts.admin(), host, operation_id)

    @staticmethod
    def _begin(server, name):
        with db.writer() as session:
            return operations.begin(session, contexts.admin(), server.id, OPERATIONS[name])
