"""The roles that tokens have now: those sealed in them, or, where grants changed since, those of today."""

import collections

from nova_lite import db
from nova_lite.db import identity_revisions
from nova_lite.identity.effective_roles import held
from nova_lite.identity.tokens import TokenNotFound

_REMEMBERED = 10_000    # users on targets


class CurrentRoles:
    """Looks up roles once for all tokens of one user, scope and delegation, and again when they may have changed."""

    def __init__(self, revocations):
        self._revocations = revocations
        self._known = collections.OrderedDict()         # see _source -> (revision, names)

    def of(self, token):
        """``token``, or a copy of it with today's roles.

        :raises TokenNotFound: none is left.
        """
        if token.fixed or not token.scope or not self._revocations.outdated(token, token.revision):
            return token
        source = self._revocations.era, *_source(token)
        revision, found = self._known.get(source, (-1, ()))
        if self._revocations.outdated(token, revision):
            found = self._look_up(source, token)
        if not found:
            raise TokenNotFound("Failed to validate token")
        return token.with_roles(found)

    def _look_up(self, source, token):
        with db.reader() as session:
            revision = identity_revisions.current(session)      # first: the roles are of this or a later one
            found = names(session, token)
        self._known[source] = revision, found
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found


def names(session, token):
    """Names of the roles that a token's user has now on what the token is for, a tuple; () where there is none.

    A delegation gives no more than it gave when the token was made.
    """
    found = tuple(row.name for row in held(session, token.user_id, token.target, token.group_ids))
    return tuple(name for name in found if name in token.roles) if token.delegations else found


def _source(token):
    """Tokens for which this is the same have the same roles."""
    return token.user_id, *token.target, token.group_ids, *token.delegations
