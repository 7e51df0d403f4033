"""The arguments of open operations, which may be damaged."""

import sqlalchemy as sa

from nova_lite.db.models.operations import Operation

_OPERATIONS = Operation.__table__


def args_of(session, operation_id):
    """The arguments of an open operation; {} where they are damaged."""
    try:
        args = session.execute(sa.select(_OPERATIONS.c.args).where(_OPERATIONS.c.id == operation_id)).scalar_one()
    except ValueError:
        return {}
    return args if isinstance(args, dict) else {}
