"""Begin to delete a server.  It overtakes whatever runs: that is cancelled and undone."""

from nova_lite import db
from nova_lite.db import operations
from nova_lite.objects.states import OPERATIONS


class Delete:
    def __init__(self, compute_rpc, conductor_rpc):
        self._compute = compute_rpc
        self._conductor = conductor_rpc

    def delete(self, context, server):
        """Return at once; the server is 404 when nothing is left of it.  Deleting twice is no error.

        :raises ServerLocked: a member asks and the server is locked.
        """
        with db.writer() as session:
            if operations.running(session, server.id, "delete"):
                return
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["delete"])
        if host is None:
            self._conductor.delete_server(context, operation_id)
        else:
            self._compute.delete_server(context, host, operation_id)
