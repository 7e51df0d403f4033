"""Tokens of consoles: short-lived, of one server, and of the boot during which they were asked for."""

import datetime
import hashlib
import secrets

import sqlalchemy as sa

from nova_lite.db.base import now
from nova_lite.db.models.consoles import ConsoleToken
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import OPERATIONS

_T, _O, _V = ConsoleToken.__table__, Operation.__table__, Server.__table__
#: Operations during which a guest goes on living: they leave its consoles alone.  Whatever else begins ends them.
_HARMLESS = frozenset({"pause", "unpause", "reboot", "create_image", "create_backup", "set_password", "lock", "unlock"})
_ENDING = sorted(set(OPERATIONS) - _HARMLESS)


def make(session, server_id, protocol, seconds):
    """A new token, text; what expired is forgotten on the way."""
    session.execute(sa.delete(_T).where(_T.c.expires_at < now()))
    token = secrets.token_urlsafe(32)
    session.execute(sa.insert(_T), {
        "digest": _digest(token), "server_id": server_id, "protocol": protocol, "created_at": now(),
        "expires_at": now() + datetime.timedelta(seconds=seconds)})
    return token


def find(session, token):
    """(server_id, protocol, host) of a token that is still good; None of any other."""
    return session.execute(
        sa.select(_T.c.server_id, _T.c.protocol, _V.c.host).join(_V, _V.c.id == _T.c.server_id)
        .where(_T.c.digest == _digest(token), _T.c.expires_at >= now(), _V.c.deleted_at.is_(None),
               _V.c.host.is_not(None),
               ~sa.exists().where(_O.c.server_id == _T.c.server_id, _O.c.created_at > _T.c.created_at,
                                  _O.c.name.in_(_ENDING)))).one_or_none()


def _digest(token):
    return hashlib.sha256(token.encode()).hexdigest()
