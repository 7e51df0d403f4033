"""Tokens: what one says, and how it travels, sealed so that reading it needs no database."""

import base64
import collections
import os
import re
import time

import orjson

from nova_lite.common import exception
from nova_lite.common.context import RequestContext
from nova_lite.identity.keys import InvalidToken, Keys

_REMEMBERED = 10_000    # opened tokens kept in memory
#: Nothing else is one of ours; Python's base64 would overlook what stands between and behind.
_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,8192}={0,2}")
_FORM = 1               # first field of what is sealed


class TokenNotFound(exception.NotFound):
    """What Keystone answers for a subject token it cannot read."""

    template = "Could not recognize Fernet token"


class Token:
    """One login.

    ``scope`` is None, "project", "domain" or "system"; ``scope_id`` the id of what it names ("all" for the system).
    ``roles`` are names, implied ones included.  ``issued`` and ``expires`` are epoch seconds.
    """

    __slots__ = ("user_id", "user_name", "user_domain_id", "scope", "scope_id", "scope_name", "scope_domain_id",
                 "roles", "methods", "audit_ids", "issued", "expires", "keys")

    def __init__(self, **fields):
        for name in _FIELDS:
            setattr(self, name, fields.get(name))
        self.keys = self._revocation_keys()

    def context(self, request_id=None):
        """A fresh RequestContext for one request."""
        made = RequestContext(self.user_id, self.scope_id if self.scope == "project" else None, self.roles,
                              request_id=request_id)
        made.user_name, made.user_domain_id = self.user_name, self.user_domain_id
        if self.scope == "project":
            made.project_name, made.project_domain_id = self.scope_name, self.scope_domain_id
        elif self.scope == "domain":
            made.domain_id = self.scope_id
        elif self.scope == "system":
            made.system_scope = "all"
        return made

    def _revocation_keys(self):
        """By any of these a revocation can mean this token."""
        keys = [f"token:{self.audit_ids[0]}", f"user:{self.user_id}", f"domain:{self.user_domain_id}"]
        if self.scope:
            keys += [f"{self.scope}:{self.scope_id}", grant_key(self.user_id, self.scope, self.scope_id)]
        if self.scope_domain_id:
            keys.append(f"domain:{self.scope_domain_id}")
        return tuple(keys)


_FIELDS = Token.__slots__[:-1]


def grant_key(user_id, scope, scope_id):
    """The revocation key of one user's tokens on one project, domain or the system."""
    return f"grant:{user_id}:{scope}:{scope_id}"


def audit_id():
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")


class Vault:
    """Seals and opens tokens, and remembers those it opened."""

    def __init__(self, keys=None):
        self._keys = keys or Keys()
        self._opened = collections.OrderedDict()

    def seal(self, token):
        return self._keys.seal(orjson.dumps([_FORM, *(getattr(token, name) for name in _FIELDS)]))

    def open(self, text):
        """The Token in ``text``.

        :raises TokenNotFound: it is not ours, was changed, or has expired.
        """
        token = self._opened.get(text)
        if token is None:
            token = self._open(text)
            self._opened[text] = token
            if len(self._opened) > _REMEMBERED:
                self._opened.popitem(last=False)
        if token.expires <= time.time():
            self._opened.pop(text, None)
            raise TokenNotFound("Failed to validate token")
        return token

    def _open(self, text):
        if not _SHAPE.fullmatch(text):
            raise TokenNotFound
        try:
            form, *fields = orjson.loads(self._keys.open(text.encode()))
        except InvalidToken:
            raise TokenNotFound from None
        if form != _FORM:
            raise TokenNotFound
        values = dict(zip(_FIELDS, fields, strict=True))
        values["roles"] = tuple(values["roles"])
        return Token(**values)
