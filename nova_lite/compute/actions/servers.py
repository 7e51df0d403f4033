"""Find servers, and change attributes that their hosts need not know."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import aggregates, locks, servers
from nova_lite.objects.states import Vm


class Servers:
    """Reading and renaming.  :param network: the facade of what knows servers by their hostnames."""

    def __init__(self, network):
        self._network = network

    def get(self, context, server_id, *, deleted=False, damaged=False):
        """The row, with all columns.

        :param deleted: also one that is deleted and not yet purged.
        :param damaged: also one whose record is damaged (see ``db.servers.get``).
        :raises ServerNotFound: there is none, or it is another project's.
        :raises ServerDamaged: what the database has of it makes no sense.
        """
        with db.reader() as session:
            return servers.get(session, server_id, project_id=context.visible_project, deleted=deleted,
                               damaged=damaged)

    def show(self, context, server_id):
        """As ``get``, with the state of its host beside it (see ``db.servers.get``), also where it is damaged."""
        with db.reader() as session:
            return servers.get(session, server_id, project_id=context.visible_project, host=True, damaged=True)

    def list(self, context, filters, sort, *, limit, marker=None, columns="detail"):
        """A page of rows; see ``db.servers.find``.

        :param filters: with ``project_id`` where the caller sees one project only.
        :raises MarkerNotFound:
        """
        with db.reader() as session:
            return servers.find(session, filters, sort, limit=limit, marker=marker, columns=columns)

    def update(self, context, server, values):
        """Change columns and return the row as ``show`` does; ``availability_zone`` pins it to its zone, or
        (None) unpins it.

        :raises ServerNotFound: the server was deleted meanwhile.
        :raises ZonePinned: it is pinned already.  :raises ZoneMismatch: it can be pinned to its own zone only.
        """
        with db.writer() as session:
            locks.server(session, server.id)
            present = servers.get(session, server.id)
            if values.get("availability_zone") is not None:
                _check_pin(session, present, values["availability_zone"])
            servers.update(session, server.id, **values)
            if self._network.embedded and values.get("hostname", present.hostname) != present.hostname:
                self._network.rename(server.id)
            return servers.get(session, server.id, host=True)

    @staticmethod
    def check_stopped(server, operation):
        """:raises InvalidState: it is not stopped, which ``operation`` needs."""
        if server.vm_state != Vm.STOPPED:
            raise exceptions.InvalidState(operation=operation, server_id=server.id, attribute="vm_state",
                                         state=server.vm_state)


def _check_pin(session, server, zone):
    pinned, present = server.availability_zone, None
    if pinned is not None:
        if zone != pinned:
            raise exceptions.ZonePinned()
        return
    if server.host:
        present = aggregates.zones(session).get(server.host, CONF.scheduler.default_availability_zone)
    if zone != present:
        raise exceptions.ZoneMismatch(present=present, wanted=zone)


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
