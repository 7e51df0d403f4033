"""From credentials and a wanted scope to a Token."""

import time
from dataclasses import dataclass, field

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import identity as queries
from nova_lite.db import identity_revisions
from nova_lite.identity import attempts, delegation
from nova_lite.identity.effective_roles import held
from nova_lite.identity.options import enough_methods
from nova_lite.identity.tokens import Token, TokenNotFound, audit_id

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
    address: str | None = None          # of the client


class Logins:
    """:param open_token: gives the Token of a text, or raises TokenNotFound."""

    def __init__(self, attempts, open_token):
        self._attempts = attempts
        self._open_token = open_token

    def token(self, login):
        """The Token for ``login``.

        What was verified is asked for again where the token is made, while nothing of identity can change: a password
        or a token that is no longer good by then opens nothing.

        :raises Unauthorized: anything about it is wrong; it never says what.
        :raises TokenNotFound: it offers a token that is no good.
        :raises Delegated: it offers a token that must not be exchanged.
        """
        parent = self._exchanged(login.token) if "token" in login.methods else None
        verified = self._by_password(login) if "password" in login.methods else None
        if parent is not None and verified is not None and verified.id != parent.user_id:
            raise exceptions.Unauthorized
        with db.reader(locks=True) as session:
            revision = identity_revisions.hold(session)
            if parent is not None and identity_revisions.concerning(session, parent.keys, parent.revision)[0]:
                raise TokenNotFound("Failed to validate token")
            user = _usable_user(session, parent.user_id if verified is None else verified.id)
            if verified is not None and (user.password_hash != verified.password_hash or attempts.locked(user)):
                raise exceptions.Unauthorized
            scope = _scope(session, user, login.scope)
            return _token(session, user, scope, login.methods, parent, revision)

    def _exchanged(self, text):
        token = self._open_token(text)
        delegation.require_primary(token, "Using a delegated token to create another token is not allowed")
        return token

    def _by_password(self, login):
        """The Row of the user whose password it is."""
        with db.reader() as session:
            user = _user(session, login.user)
        if not self._attempts.right(user, _called(login.user), login.password or "", login.address):
            raise exceptions.Unauthorized
        return user


def _called(reference):
    """What a client called a user that may not be there."""
    if "id" in reference:
        return reference["id"]
    domain = reference["domain"]
    return "\0".join((reference["name"], domain.get("id") or domain.get("name") or ""))


def _token(session, user, scope, methods, parent, revision):
    kind, row = scope
    kept = _kept(parent)
    roles = held(session, user.id, (kind, "all" if kind == "system" else row.id), kept["group_ids"]) if kind else []
    if kind and not roles:
        raise exceptions.Unauthorized
    methods = list(dict.fromkeys([*kept["methods"], *methods]))
    if not enough_methods(user.options, methods):
        raise exceptions.Unauthorized
    made = {**kept, "user_id": user.id, "user_name": user.name, "user_domain_id": user.domain_id, "scope": kind,
            "roles": tuple(each.name for each in roles), "methods": methods, "revision": revision}
    if kind == "system":
        made["scope_id"] = "all"
    elif kind:
        made.update(scope_id=row.id, scope_name=row.name, scope_domain_id=getattr(row, "domain_id", None))
    return Token(**made)


def _kept(parent):
    """Fields of a new Token that it has of the one that it is exchanged for; None: it is for none."""
    issued = time.time()
    if parent is None:
        return {"methods": [], "group_ids": (), "audit_ids": [audit_id()], "issued": issued,
                "expires": issued + CONF.identity.token_ttl}
    return {"methods": parent.methods, "group_ids": parent.group_ids,
            "audit_ids": [audit_id(), parent.audit_ids[-1]], "issued": issued, "expires": parent.expires}


def _usable_user(session, id):
    user = queries.get(session, "user", id) if id else None
    if user is None or not user.enabled:
        raise exceptions.Unauthorized
    domain = queries.get(session, "domain", user.domain_id)
    if not domain.enabled:
        raise exceptions.Unauthorized
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
        raise exceptions.Unauthorized
    return kind, row


def _default_scope(session, user):
    """A user's default project where it can be used; else nothing, which is no error."""
    row = queries.get(session, "project", user.default_project_id) if user.default_project_id else None
    if row is None or not row.enabled or not held(session, user.id, ("project", row.id)):
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
