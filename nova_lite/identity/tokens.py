"""Tokens: what a login was granted, sealed as text, so that reading it needs no database."""

import base64
import collections
import dataclasses
import os
import re
import time

import orjson

from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext
from nova_lite.identity import token_keys
from nova_lite.identity.keys import InvalidToken, Keys

_REMEMBERED = 10_000    # opened tokens kept in memory
#: Base64 as tokens have it; Python's decoder would skip characters that do not belong.
_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,8192}={0,2}")
#: Version of the sealed mapping: raised when a name gets another meaning, so that tokens of before are refused.
_VERSION = 3


class TokenNotFound(exceptions.NotFound):
    """Keystone's answer for a subject token that it cannot read."""

    template = "Could not recognize Fernet token"


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class Token:
    """What one login was granted.

    :ivar scope: None (unscoped), "project", "domain" or "system".
    :ivar scope_id: the id of the project or domain; "all" for the system.
    :ivar roles: names of roles, implied ones included.
    :ivar methods: how the user proved who it is, those of the tokens that this one was exchanged for included.
    :ivar audit_ids: [of this token, of the first in its chain of exchanges], or one where both are the same.
    :ivar issued: seconds since the epoch, as ``expires``.
    :ivar revision: identity's when the token was made; what changed later is compared with it, never with ``issued``.
    :ivar fixed: the roles come from no grant and stay.
    :ivar app_credential_id: of the application credential that made the token, as ``trust_id`` and ``access_token_id``
        (OAuth1) are of other delegations; None: not made by one.
    :ivar group_ids: groups that an identity provider said the user is in, besides those that list it as a member.
    :ivar keys: see ``token_keys``; not sealed.
    :ivar refreshed: the copy that ``with_roles`` made last, None before; not sealed.
    """

    user_id: str
    user_name: str
    user_domain_id: str
    scope: str | None = None
    scope_id: str | None = None
    scope_name: str | None = None
    scope_domain_id: str | None = None
    roles: tuple = ()
    methods: list
    audit_ids: list
    issued: float
    expires: float
    revision: int = 0
    fixed: bool = False
    app_credential_id: str | None = None
    trust_id: str | None = None
    access_token_id: str | None = None
    group_ids: tuple = ()
    keys: tuple = dataclasses.field(init=False, repr=False)
    refreshed: object = dataclasses.field(init=False, repr=False, default=None)

    def __post_init__(self):
        self.roles, self.group_ids = tuple(self.roles), tuple(self.group_ids)
        self.keys = self._keys()

    @property
    def delegations(self):
        """(kind, id) of each delegation that made the token."""
        return [(kind, id) for kind, id in (("app_credential", self.app_credential_id), ("trust", self.trust_id),
                                            ("access_token", self.access_token_id)) if id is not None]

    @property
    def target(self):
        """(kind, id) of what the token is for, as grants name it; a pair of None where it is unscoped."""
        return self.scope, self.scope_id

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

    def with_roles(self, roles):
        """A copy that has these roles; the same one as long as they are the same."""
        if self.refreshed is None or self.refreshed.roles != roles:
            self.refreshed = dataclasses.replace(self, roles=roles)
        return self.refreshed

    def sealed(self):
        """{name: value} of all that must travel; a name that is left out has its default."""
        return {name: value for name in _NAMES if (value := getattr(self, name)) != _DEFAULTS.get(name)}

    def _keys(self):
        keys = [token_keys.of("token", self.audit_ids[0]), token_keys.of("user", self.user_id),
                token_keys.of("domain", self.user_domain_id)]
        if self.scope:
            keys += [token_keys.of(*self.target), token_keys.of_user_on(self.user_id, self.target), token_keys.ALL]
        if self.scope_domain_id:
            keys.append(token_keys.of("domain", self.scope_domain_id))
        return (*keys, *(token_keys.of(kind, id) for kind, id in self.delegations))


_FIELDS = [each for each in dataclasses.fields(Token) if each.init]
_NAMES = {each.name: None for each in _FIELDS}.keys()
_DEFAULTS = {each.name: each.default for each in _FIELDS if each.default is not dataclasses.MISSING}
_REQUIRED = _NAMES - _DEFAULTS.keys()


def audit_id():
    """A new random id of a token for audit logs."""
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")


class Vault:
    """Seals and opens tokens, and remembers those that it opened."""

    def __init__(self, keys=None):
        self._keys = keys or Keys()
        self._opened = collections.OrderedDict()
        self._opened_by = None                  # names of the keys that were there

    def seal(self, token):
        """The text of a Token."""
        return self._keys.seal(orjson.dumps({"version": _VERSION, **token.sealed()}))

    def open(self, text):
        """The Token in ``text``.

        :raises TokenNotFound: it is not ours, was changed, is of another release, or has expired.
        """
        token = self.read(text)
        if token.expires <= time.time():
            self._opened.pop(text, None)
            raise TokenNotFound("Failed to validate token")
        return token

    def read(self, text):
        """As ``open``, of one that may have expired."""
        names = self._keys.names()
        if names != self._opened_by:            # a key that was deleted opens nothing any more
            self._opened, self._opened_by = collections.OrderedDict(), names
        token = self._opened.get(text)
        if token is None:
            token = self._opened[text] = self._open(text)
            if len(self._opened) > _REMEMBERED:
                self._opened.popitem(last=False)
        return token

    def _open(self, text):
        if not _SHAPE.fullmatch(text):
            raise TokenNotFound
        try:
            values = orjson.loads(self._keys.open(text.encode()))
        except (InvalidToken, orjson.JSONDecodeError):
            raise TokenNotFound from None
        if not isinstance(values, dict) or values.pop("version", None) != _VERSION:
            raise TokenNotFound
        # A name that is not known here may be a limit that a newer release set.
        if not _REQUIRED.issubset(values) or not values.keys() <= _NAMES:
            raise TokenNotFound
        return Token(**values)
