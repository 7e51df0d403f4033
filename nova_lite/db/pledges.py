"""What open operations hold for their servers, as their arguments say: images to fill, ports to attach."""

import sqlalchemy as sa

from nova_lite.db.models.operations import Operation

_T = Operation.__table__


def promised(session, server_id, name, *operations):
    """The arguments ``name`` that open operations of a server have; of all, or of those with these names."""
    named = [_T.c.name.in_(operations)] if operations else []
    ids = session.execute(sa.select(_T.c.id).where(
        _T.c.server_id == server_id, _T.c.finished_at.is_(None), *named)).scalars().all()
    every = [args_of(session, each) for each in ids]
    return [args[name] for args in every if name in args]


def args_of(session, operation_id):
    """The arguments of an open operation; {} where they are damaged."""
    try:
        args = session.execute(sa.select(_T.c.args).where(_T.c.id == operation_id)).scalar_one()
    except ValueError:
        return {}
    return args if isinstance(args, dict) else {}
