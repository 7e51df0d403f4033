"""What begins an operation that needs nothing but its server: one transaction, which claims it and records."""

from nova_lite import db
from nova_lite.db import operations
from nova_lite.objects.states import OPERATIONS


def begun(context, server, name):
    """Begin the operation ``name`` on ``server``: its id, and the host whose bell is to be rung."""
    with db.writer() as session:
        return operations.begin(session, context, server.id, OPERATIONS[name])
