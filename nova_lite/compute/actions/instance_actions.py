"""Instance actions: the operations of a server and their steps."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import history


class InstanceActions:
    def list(self, context, server, *, since=None, before=None, limit=None, marker=None):
        """Operations, newest first.

        :param since, before: naive UTC datetimes that bound the last change.
        :raises MarkerNotFound: ``marker`` is no request id of this server's.
        """
        with db.reader() as session:
            return history.page(session, server.id, since=since, before=before, limit=limit, marker=marker)

    def get(self, context, server, request_id):
        """:raises ActionNotFound:"""
        with db.reader() as session:
            row = history.by_request(session, server.id, request_id)
        if row is None:
            raise exceptions.ActionNotFound(request_id=request_id)
        return row

    def events(self, context, operation):
        """The journalled steps of an operation, newest first."""
        with db.reader() as session:
            return history.steps(session, operation.id)
