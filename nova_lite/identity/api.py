"""The facade of identity: all other services know users, projects and tokens through this class only."""

import functools
import time

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import identity as queries
from nova_lite.db import identity_revisions
from nova_lite.identity import bootstrap, current_roles, passwords, token_keys
from nova_lite.identity.attempts import Attempts
from nova_lite.identity.current_roles import CurrentRoles
from nova_lite.identity.directory import Domains, Groups, Projects, Roles, Users
from nova_lite.identity.grants import Grants
from nova_lite.identity.logins import Logins
from nova_lite.identity.revocations import Revocations
from nova_lite.identity.tokens import Token, TokenNotFound, Vault, audit_id

_SERVICE_TOKEN_TTL = 600    # seconds


class API:
    """Made once a process.  Its resources: ``users``, ``groups``, ``projects``, ``domains``, ``roles``, ``grants``."""

    def __init__(self):
        self._vault = Vault()
        self._revocations = Revocations()
        self._roles = CurrentRoles(self._revocations)
        attempts = Attempts(passwords.Verifier())
        self.users = Users(self._revocations, attempts)
        self.projects = Projects(self._revocations)
        self.domains = Domains(self._revocations)
        self.groups = Groups(self._revocations)
        self.roles = Roles(self._revocations)
        self.grants = Grants(self._revocations)
        self._logins = Logins(attempts, self.open_token)

    def authenticate_token(self, text, request_id=None):
        """The RequestContext that a token gives; no I/O but a fetch of revocations at most once a second.

        Its ``write_check`` looks at the revision in a transaction of the request.

        :raises Unauthorized: it is not ours, expired or revoked.
        """
        try:
            token, revision = self._validated(text)
        except TokenNotFound:
            raise exceptions.Unauthorized from None
        made = token.context(request_id)
        made.write_check = functools.partial(_check, token, revision)
        return made

    def open_token(self, text):
        """The Token in ``text``, with the roles that its user has now.

        :raises TokenNotFound: it is not ours, expired or revoked, or no role is left.
        """
        return self._validated(text)[0]

    def _validated(self, text):
        """``(Token, revision)``: as ``open_token``, and the revision of identity by which it was validated."""
        token = self._vault.open(text)
        revision = self._revocations.refresh()
        if self._revocations.covers(token):
            raise TokenNotFound("Failed to validate token")
        return self._roles.of(token), revision

    def confirm(self, text, request_id=None):
        """As ``authenticate_token``, at the end of long work in the transaction that it ends in, while nothing of
        identity can change.  A token that has expired since is good; what was revoked or taken counts.

        :raises Unauthorized: it was revoked, or no role is left.
        """
        try:
            token = self._vault.read(text)
            with db.reader(locks=True) as session:
                identity_revisions.hold(session)
                void, _ = identity_revisions.concerning(session, token.keys, token.revision)
                if void or self._revocations.covers(token):
                    raise exceptions.Unauthorized
                if token.scope and not token.fixed:
                    token = token.with_roles(_present(session, token))
        except TokenNotFound:
            raise exceptions.Unauthorized from None
        return token.context(request_id)

    def login(self, login):
        """``(text, Token)`` for a ``logins.Login``.

        :raises Unauthorized: it is refused; nothing says why.
        """
        token = self._logins.token(login)
        return self._vault.seal(token), token

    def issue(self, user_id, user_name=None, *, project_id=None, roles=(), ttl=None):
        """The text of a token without a login: for the cloud's own requests, and for tests."""
        issued = time.time()
        return self._vault.seal(Token(
            user_id=user_id, user_name=user_name or user_id, user_domain_id="default",
            scope="project" if project_id else None, scope_id=project_id, scope_domain_id="default",
            roles=tuple(roles), methods=["token"], audit_ids=[audit_id()], issued=issued,
            expires=issued + (ttl or CONF.identity.token_ttl), revision=self._revocations.refresh(), fixed=True))

    def service_token(self):
        """A token with the role service, good for ten minutes: hosts fetch images with it."""
        return self.issue("nova_lite", roles=("service",), ttl=_SERVICE_TOKEN_TTL)

    def revoke_token(self, token):
        """Void one Token, here at once and elsewhere within a second."""
        with self._revocations.change() as change:
            change.void.add(token_keys.of("token", token.audit_ids[0]))

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

    def bootstrap(self, given=None, repair=True):
        """Make what a new cloud needs, once; see ``bootstrap.run``."""
        return bootstrap.run(given or {}, repair)


def _present(session, token):
    """Names of the roles that a token has now.  :raises Unauthorized: there is none."""
    found = current_roles.names(session, token)
    if not found:
        raise exceptions.Unauthorized
    return found


def _check(token, revision, session):
    """Refuse to write for a token that was revoked, or lost a role, since it was validated.

    Normally this costs one read by primary key: identity has not changed since.

    :param revision: by which it was validated.
    :param session: the transaction that writes.
    :raises Unauthorized: clients log in again and repeat the request.
    """
    if identity_revisions.current(session) == revision:
        return
    void, refresh = identity_revisions.concerning(session, token.keys, revision)
    if void:
        raise exceptions.Unauthorized
    if refresh and token.scope and not token.fixed and not set(token.roles).issubset(_present(session, token)):
        raise exceptions.Unauthorized
