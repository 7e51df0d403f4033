"""The flow that deletes a server which no host ever had: one transaction."""

from nova_lite import db
from nova_lite.conf import CONF
from nova_lite.db import operations


class Delete:
    def __init__(self, worker, completion):
        self._worker = worker
        self._completion = completion

    def delete_server(self, _context, operation_id):
        with db.writer() as session:
            operation = operations.lease(session, operation_id, operations.CONDUCTOR, self._worker,
                                         CONF.operations.lease)
            self._completion.succeed(session, operation)
