"""Who asks: the identity and request id that travel with every call, on every floor and wire."""

import uuid

from nova_lite.common import exception, policy


def new_request_id():
    return f"req-{uuid.uuid4()}"


class RequestContext:
    """One request's identity.  ``roles`` is a tuple of names; an id is None where there is none (an unscoped token).

    ``route`` is the entry of the API's table that it came by ("POST /servers/{id}/action (os-stop)"), None for others.
    """

    __slots__ = ("user_id", "user_name", "user_domain_id", "project_id", "project_name", "project_domain_id",
                 "domain_id", "system_scope", "roles", "is_admin", "request_id", "global_request_id", "service_roles",
                 "remote_address", "route")

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

    def to_dict(self):
        return {name: getattr(self, name) for name in self.__slots__}

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
            raise exception.PolicyNotAuthorized(action=rule)

    def may(self, rule, target=None):
        """The same question as a bool."""
        return policy.allowed(self, rule, target)


_OPTIONAL = tuple(name for name in RequestContext.__slots__
                  if name not in ("user_id", "project_id", "roles", "is_admin", "request_id"))


def admin(request_id=None):
    """The cloud itself: periodic work, recovery, start-up."""
    return RequestContext(roles=("admin",), is_admin=True, request_id=request_id)
