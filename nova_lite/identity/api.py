"""The door to identity: every other floor and service knows users, projects and tokens through this class only."""

import time

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import identity as queries
from nova_lite.identity import bootstrap, passwords
from nova_lite.identity.directory import Domains, Projects, Roles, Users
from nova_lite.identity.grants import Grants
from nova_lite.identity.logins import Logins
from nova_lite.identity.revocations import Revocations
from nova_lite.identity.tokens import Token, TokenNotFound, Vault, audit_id

_SERVICE_TOKEN_TTL = 600    # seconds


class API:
    """Built once a process.  Rooms: ``users``, ``projects``, ``domains``, ``roles``, ``grants``."""

    def __init__(self):
        self._vault = Vault()
        self._revocations = Revocations()
        verifier = passwords.Verifier()
        self.users = Users(self._revocations, verifier)
        self.projects = Projects(self._revocations)
        self.domains = Domains(self._revocations)
        self.roles = Roles(self._revocations)
        self.grants = Grants(self._revocations)
        self._logins = Logins(verifier, self.open_token)

    def authenticate_token(self, text, request_id=None):
        """The RequestContext that a token gives; no I/O but a fetch of revocations at most once a second.

        :raises Unauthorized: it is not ours, expired or revoked.
        """
        try:
            return self.open_token(text).context(request_id)
        except TokenNotFound:
            raise exception.Unauthorized from None

    def open_token(self, text):
        """The Token in ``text``.

        :raises TokenNotFound: it is not ours, expired or revoked.
        """
        token = self._vault.open(text)
        if self._revocations.covers(token):
            raise TokenNotFound("Failed to validate token")
        return token

    def login(self, login):
        """``(text, Token)`` for a ``logins.Login``.

        :raises Unauthorized: it is refused; nothing says why.
        """
        token = self._logins.token(login)
        return self._vault.seal(token), token

    def issue(self, user_id, user_name=None, *, project_id=None, roles=(), ttl=None):
        """The text of a token for anybody, without a login: for the cloud's own needs and for tests."""
        issued = time.time()
        return self._vault.seal(Token(
            user_id=user_id, user_name=user_name or user_id, user_domain_id="default",
            scope="project" if project_id else None, scope_id=project_id, scope_domain_id="default",
            roles=tuple(roles), methods=["token"], audit_ids=[audit_id()], issued=issued,
            expires=issued + (ttl or CONF.identity.token_ttl)))

    def service_token(self):
        """A token with the role service, good for ten minutes: hosts fetch images with it."""
        return self.issue("nova_lite", roles=("service",), ttl=_SERVICE_TOKEN_TTL)

    def revoke_token(self, token):
        """Void one Token, here at once and elsewhere within a second."""
        with db.writer() as session:
            rows = self._revocations.revoke(session, [f"token:{token.audit_ids[0]}"])
        self._revocations.applied(rows)

    def describe(self, token):
        """``(user's domain, scope's row, scope's domain, rows of roles)`` of a Token, from the database."""
        with db.reader() as session:
            user_domain = queries.get(session, "domain", token.user_domain_id)
            scope = queries.get(session, token.scope, token.scope_id) if token.scope in ("project", "domain") else None
            scope_domain = queries.get(session, "domain", scope.domain_id) if token.scope == "project" and scope \
                else None
            rows = {row.name: row for row in queries.list_(session, "role", {})} if token.roles else {}
            return user_domain, scope, scope_domain, [rows[name] for name in token.roles if name in rows]

    def set_password(self, user_name, password, domain_id="default"):
        """Give a user a new password, whatever the old one was; its tokens are void.

        :raises Missing: there is no such user.
        """
        with db.reader() as session:
            row = queries.named(session, "user", user_name, domain_id)
        self.users.update(self.users.found(row, user_name).id, {"password": password})

    def bootstrap(self, given=None):
        """Make what a new cloud needs, once; see ``bootstrap.run``."""
        return bootstrap.run(given or {})
