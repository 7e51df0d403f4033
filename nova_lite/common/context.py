"""Who asks: the identity and request id that travel with every call, on every floor and wire."""

import uuid

from nova_lite.common import exceptions, policy
from nova_lite.common.visibility import ALL, NO_PROJECT


def new_request_id():
    return f"req-{uuid.uuid4()}"


class RequestContext:
    """One request's identity.  ``roles`` is a tuple of names; an id is None where there is none (an unscoped token).

    ``route`` is the entry of the API's table that it came by ("POST /servers/{id}/action (os-stop)"), None for others.
    ``write_check`` is called with the session of the first transaction that writes for the request, and raises where
    the identity is no longer good; None: nothing is checked.  It stays in this process.
    """

    __slots__ = ("user_id", "user_name", "user_domain_id", "project_id", "project_name", "project_domain_id",
                 "domain_id", "system_scope", "roles", "is_admin", "request_id", "global_request_id", "service_roles",
                 "remote_address", "route", "write_check")

    def __init__(self, user_id=None, project_id=None, roles=(), *, is_admin=None, request_id=None, **names):
        self.user_id = user_id
        self.project_id = project_id
        self.roles = tuple(roles)
        self.is_admin = "admin" in self.roles if is_admin is None else is_admin
        self.request_id = request_id or new_request_id()
        for name in _OPTIONAL:
            setattr(self, name, names.pop(name, None))
        if names:
            raise TypeError(f"unknown identity fields: {sorted(names)}")

    @property
    def own_project(self):
        """The id of the caller's project, or NO_PROJECT: for tokens of the system, of a domain, or without scope."""
        return self.project_id or NO_PROJECT

    @property
    def visible_project(self):
        """The project whose resources the caller may see: ALL for administrators, else ``own_project``."""
        return ALL if self.is_admin else self.own_project

    def to_dict(self):
        return {name: getattr(self, name) for name in _TRAVELLING}

    @classmethod
    def from_dict(cls, values):
        """Rebuild from ``to_dict``; unknown keys of a newer release are dropped."""
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})

    def can(self, rule, target=None):
        """Raise PolicyNotAuthorized unless this identity may do ``rule`` ("servers:stop") to ``target``.

        ``target`` is anything with project_id and user_id (a row, an object, a dict); None means the caller's own.
        """
        policy.authorize(self, rule, target)

    def need_project(self, rule):
        """Raise PolicyNotAuthorized where what ``rule`` allows would belong to nobody.

        Administrators of the system or of a domain have no project.
        """
        if self.project_id is None:
            raise exceptions.PolicyNotAuthorized(action=rule)

    def may(self, rule, target=None):
        """The same question as a bool."""
        return policy.allowed(self, rule, target)


_TRAVELLING = tuple(name for name in RequestContext.__slots__ if name != "write_check")
_OPTIONAL = tuple(name for name in RequestContext.__slots__
                  if name not in ("user_id", "project_id", "roles", "is_admin", "request_id"))


def admin(request_id=None):
    """The cloud itself: periodic work, recovery, start-up."""
    return RequestContext(roles=("admin",), is_admin=True, request_id=request_id)
