"""Migrations of servers, as they are listed."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import server_migrations


class Migrations:
    """Rows are those of ``db.server_migrations``."""

    def list(self, context, filters, *, limit=None, marker=None):
        """:raises MarkerNotFound:"""
        with db.reader() as session:
            return server_migrations.find(session, filters, limit=limit, marker=marker)

    def of_server(self, context, server):
        """Its live migrations that are under way."""
        with db.reader() as session:
            return server_migrations.under_way(session, server.id)

    def get(self, context, server, id):
        """One of ``of_server``.  :raises MigrationNotFound:"""
        found = next((each for each in self.of_server(context, server) if str(each.id) == id), None)
        if found is None:
            raise exceptions.MigrationNotFound(migration_id=id, server_id=server.id)
        return found

    def steer(self, context, server, operation):
        """Force or abort a live migration, which no server can be in yet.

        :param operation: its name in the error's message.
        :raises ServerLocked:  :raises NotMigrating: always.
        """
        if server.locked_by and not context.is_admin:
            raise exceptions.ServerLocked(server_id=server.id)
        raise exceptions.NotMigrating(server_id=server.id, operation=operation)
