"""Tokens of consoles: short-lived, of one server, and of the boot during which they were asked for."""

import datetime
import hashlib
import secrets

import sqlalchemy as sa

from nova_lite.db import locks
from nova_lite.db.base import now
from nova_lite.db.models.consoles import ConsoleToken
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import OPERATIONS

_TOKENS, _OPERATIONS, _SERVERS = ConsoleToken.__table__, Operation.__table__, Server.__table__
#: Names of the operations that end a guest, and with it the consoles that were opened before.
_ENDING = sorted(each.name for each in OPERATIONS.values() if not each.consoles)


def make(session, server_id, protocol, seconds, since):
    """A new token, text, or None where the server is gone or no longer what it was at ``since``, when its host was
    asked; what expired is forgotten on the way.
    """
    locks.server(session, server_id)
    session.execute(sa.delete(_TOKENS).where(_TOKENS.c.expires_at < now()))
    token = secrets.token_urlsafe(32)
    session.execute(sa.insert(_TOKENS), {
        "digest": _digest(token), "server_id": server_id, "protocol": protocol, "created_at": since,
        "expires_at": now() + datetime.timedelta(seconds=seconds)})
    return token if find(session, token) else None


def find(session, token):
    """(server_id, protocol, host) of a token that is still good; None of any other."""
    return session.execute(
        sa.select(_TOKENS.c.server_id, _TOKENS.c.protocol, _SERVERS.c.host)
        .join(_SERVERS, _SERVERS.c.id == _TOKENS.c.server_id)
        .where(_TOKENS.c.digest == _digest(token), _TOKENS.c.expires_at >= now(), _SERVERS.c.deleted_at.is_(None),
               _SERVERS.c.host.is_not(None),
               ~sa.exists().where(_OPERATIONS.c.resource_id == _TOKENS.c.server_id,
                                  _OPERATIONS.c.created_at > _TOKENS.c.created_at,
                                  _OPERATIONS.c.name.in_(_ENDING)))).one_or_none()


def _digest(token):
    return hashlib.sha256(token.encode()).hexdigest()
