"""Moves of servers, as they are listed."""

from nova_lite import db
from nova_lite.common import exception
from nova_lite.db import moves


class Moves:
    """Rows are those of ``db.moves``."""

    def list(self, context, filters, *, limit=None, marker=None):
        """:raises MarkerNotFound:"""
        with db.reader() as session:
            return moves.find(session, filters, limit=limit, marker=marker)

    def of_server(self, context, server):
        """Its live migrations that are under way."""
        with db.reader() as session:
            return moves.under_way(session, server.id)

    def get(self, context, server, id):
        """One of ``of_server``.  :raises MoveNotFound:"""
        found = next((each for each in self.of_server(context, server) if str(each.id) == id), None)
        if found is None:
            raise exception.MoveNotFound(move_id=id, server_id=server.id)
        return found

    def steer(self, context, server, operation):
        """Hurry or stop a live migration, which no server here can be in: there is one host.

        :param operation: how it is called in the refusal.
        :raises ServerLocked:  :raises NotMigrating: always.
        """
        if server.locked_by and not context.is_admin:
            raise exception.ServerLocked(server_id=server.id)
        raise exception.NotMigrating(server_id=server.id, operation=operation)
