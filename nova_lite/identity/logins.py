"""From credentials and a wanted scope to a Token."""

import time
from dataclasses import dataclass, field

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import identity as queries
from nova_lite.identity.grants import roles_of
from nova_lite.identity.tokens import Token, audit_id

UNSCOPED = "unscoped"


@dataclass
class Login:
    """What a client offers and asks for.

    ``user`` and the value of ``scope`` are references: {"id": ...} or {"name": ..., "domain": {"id" or "name": ...}}.
    ``scope`` is None (the user's default project, if any), UNSCOPED, or one pair like ("project", reference).
    """

    methods: tuple
    user: dict | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    scope: object = None


class Logins:
    """:param open_token: gives the Token of a text, or raises TokenNotFound."""

    def __init__(self, verifier, open_token):
        self._verifier = verifier
        self._open_token = open_token

    def token(self, login):
        """The Token for ``login``.

        :raises Unauthorized: anything about it is wrong; it never says what.
        :raises TokenNotFound: it offers a token that is no good.
        """
        parent = self._open_token(login.token) if "token" in login.methods else None
        user_id = self._by_password(login) if "password" in login.methods else None
        if parent is not None and user_id not in (None, parent.user_id):
            raise exception.Unauthorized
        with db.reader() as session:
            user = _usable_user(session, user_id or (parent and parent.user_id))
            scope = _scope(session, user, login.scope)
            return _token(session, user, scope, login.methods, parent)

    def _by_password(self, login):
        with db.reader() as session:
            user = _user(session, login.user)
        if not self._verifier.verify(login.password or "", user.password_hash if user else None):
            raise exception.Unauthorized
        return user.id


def _token(session, user, scope, methods, parent):
    kind, row = scope
    roles = roles_of(session, user.id, kind, "all" if kind == "system" else row.id) if kind else []
    if kind and not roles:
        raise exception.Unauthorized
    issued = time.time()
    made = {"user_id": user.id, "user_name": user.name, "user_domain_id": user.domain_id, "scope": kind,
            "roles": tuple(each.name for each in roles), "issued": issued,
            "methods": list(dict.fromkeys([*(parent.methods if parent else ()), *methods])),
            "audit_ids": [audit_id(), *(parent.audit_ids[-1:] if parent else ())],
            "expires": parent.expires if parent else issued + CONF.identity.token_ttl}
    if kind == "system":
        made["scope_id"] = "all"
    elif kind:
        made.update(scope_id=row.id, scope_name=row.name, scope_domain_id=getattr(row, "domain_id", None))
    return Token(**made)


def _usable_user(session, id):
    user = queries.get(session, "user", id) if id else None
    if user is None or not user.enabled:
        raise exception.Unauthorized
    domain = queries.get(session, "domain", user.domain_id)
    if not domain.enabled:
        raise exception.Unauthorized
    return user


def _scope(session, user, wanted):
    """``(kind, row)``; ``(None, None)`` for an unscoped token."""
    if wanted == UNSCOPED:
        return None, None
    if wanted is None:
        return _default_scope(session, user)
    kind, reference = wanted
    if kind == "system":
        return "system", None
    row = _domain(session, reference) if kind == "domain" else _project(session, reference)
    if row is None or not row.enabled:
        raise exception.Unauthorized
    return kind, row


def _default_scope(session, user):
    """A user's default project where it can be used; else nothing, which is no error."""
    row = queries.get(session, "project", user.default_project_id) if user.default_project_id else None
    if row is None or not row.enabled or not roles_of(session, user.id, "project", row.id):
        return None, None
    return "project", row


def _user(session, reference):
    if "id" in reference:
        return queries.get(session, "user", reference["id"])
    domain = _domain(session, reference["domain"])
    return queries.named(session, "user", reference["name"], domain.id) if domain else None


def _project(session, reference):
    if "id" in reference:
        row = queries.get(session, "project", reference["id"])
    else:
        domain = _domain(session, reference["domain"])
        row = queries.named(session, "project", reference["name"], domain.id) if domain else None
    if row is not None and not queries.get(session, "domain", row.domain_id).enabled:
        return None
    return row


def _domain(session, reference):
    if "id" in reference:
        return queries.get(session, "domain", reference["id"])
    return queries.named(session, "domain", reference["name"])
