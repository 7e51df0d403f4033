"""Servers as they are: finding them, and changing what needs no host."""

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import aggregates, servers
from nova_lite.objects.states import Vm


def visible_to(context):
    """The project whose servers ``context`` may find; None: every project's.  A user without one finds none."""
    return None if context.is_admin else context.project_id or ""


class Servers:
    """Reading and renaming."""

    def get(self, context, server_id, *, deleted=False):
        """The row, whole.

        :param deleted: also one that is deleted and not yet purged.
        :raises ServerNotFound: there is none, or it is another project's.
        """
        with db.reader() as session:
            return servers.get(session, server_id, project_id=visible_to(context), deleted=deleted)

    def show(self, context, server_id):
        """As ``get``, with the state of its host beside it (see ``db.servers.get``)."""
        with db.reader() as session:
            return servers.get(session, server_id, project_id=visible_to(context), host=True)

    def list(self, context, filters, sort, *, limit, marker=None, columns="detail"):
        """A page of rows; see ``db.servers.find``.

        :param filters: with ``project_id`` where the caller sees one project only.
        :raises MarkerNotFound:
        """
        with db.reader() as session:
            return servers.find(session, filters, sort, limit=limit, marker=marker, columns=columns)

    def update(self, context, server, values):
        """Change columns and return the row as ``show`` does; ``availability_zone`` ties it to the zone it is in, or
        (None) lets it go.

        :raises ServerNotFound: it is gone by now.
        :raises ZonePinned, ZoneMismatch: a pinned one must be let go first, and only the present zone can be chosen.
        """
        with db.writer() as session:
            if values.get("availability_zone") is not None:
                _check_pin(session, servers.get(session, server.id), values["availability_zone"])
            servers.update(session, server.id, **values)
            return servers.get(session, server.id, host=True)

    @staticmethod
    def check_stopped(server, operation):
        """:raises InvalidState: it is not stopped, which ``operation`` needs."""
        if server.vm_state != Vm.STOPPED:
            raise exception.InvalidState(operation=operation, server_id=server.id, attribute="vm_state",
                                         state=server.vm_state)


def _check_pin(session, server, zone):
    pinned, present = server.availability_zone, None
    if pinned is not None:
        if zone != pinned:
            raise exception.ZonePinned()
        return
    if server.host:
        present = aggregates.zones(session).get(server.host, CONF.scheduler.default_availability_zone)
    if zone != present:
        raise exception.ZoneMismatch(present=present, wanted=zone)


class Locks:
    """A locked server refuses its project's members; administrators pass."""

    def lock(self, context, server, reason=None):
        owner = context.project_id == server.project_id and not context.is_admin
        with db.writer() as session:
            servers.update(session, server.id, locked_by="owner" if owner else "admin", locked_reason=reason)

    def unlock(self, context, server):
        with db.writer() as session:
            servers.update(session, server.id, locked_by=None, locked_reason=None)

    @staticmethod
    def is_owners(server):
        """Whether its owner may undo the lock: not if an administrator locked it."""
        return server.locked_by != "admin"
