"""Keypairs: public keys by user and name."""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import rows
from nova_lite.db.base import now
from nova_lite.db.models.servers import Keypair

_KEYPAIRS = Keypair.__table__


def find(session, user_id, name):
    """The row, or None."""
    return session.execute(sa.select(_KEYPAIRS).where(_KEYPAIRS.c.user_id == user_id,
                                                      _KEYPAIRS.c.name == name)).one_or_none()


def get(session, user_id, name):
    """:raises KeypairNotFound:"""
    row = find(session, user_id, name)
    if row is None:
        raise exceptions.KeypairNotFound(name=name, user_id=user_id)
    return row


def page(session, user_id, *, limit=None, marker=None):
    """A user's keypairs by name.  :raises MarkerNotFound: ``marker`` names none of them."""
    statement = sa.select(_KEYPAIRS).where(_KEYPAIRS.c.user_id == user_id).order_by(_KEYPAIRS.c.name)
    if marker is not None:
        known = session.execute(sa.select(_KEYPAIRS.c.id).where(_KEYPAIRS.c.user_id == user_id,
                                                                _KEYPAIRS.c.name == marker)).one_or_none()
        if known is None:
            raise exceptions.MarkerNotFound(f"Marker {marker} could not be found.", marker=marker)
        statement = statement.where(_KEYPAIRS.c.name > marker)
    return session.execute(statement if limit is None else statement.limit(limit)).all()


def count(session, user_id):
    return session.execute(sa.select(sa.func.count()).select_from(_KEYPAIRS)
                           .where(_KEYPAIRS.c.user_id == user_id)).scalar_one()


def create(session, **values):
    """Insert and return the row.  :raises KeypairExists:"""
    with rows.attempt(session) as tried:
        session.execute(_KEYPAIRS.insert().values(created_at=now(), **values))
    if tried.refused:
        raise exceptions.KeypairExists(name=values["name"])
    return get(session, values["user_id"], values["name"])


def delete(session, user_id, name):
    """:raises KeypairNotFound:"""
    if not session.execute(_KEYPAIRS.delete().where(_KEYPAIRS.c.user_id == user_id, _KEYPAIRS.c.name == name)).rowcount:
        raise exceptions.KeypairNotFound(name=name, user_id=user_id)
