"""Begin an operation that needs nothing but its server, in one transaction that claims the server and records it."""

from nova_lite import db
from nova_lite.db import operations
from nova_lite.objects.states import OPERATIONS


def begin_operation(context, server, name):
    """Begin the operation ``name`` on ``server``; return its id and the host to notify."""
    with db.writer() as session:
        return operations.begin(session, context, server.id, OPERATIONS[name])
