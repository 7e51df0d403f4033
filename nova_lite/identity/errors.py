"""What identity refuses, in Keystone's words."""

from nova_lite.common import exception


class Missing(exception.NotFound):
    """``kind`` is "user", "project", "domain", "role", "region", "service" or "endpoint"."""

    template = "Could not find {kind}: {id}."


class MissingReference(exception.BadRequest):
    """A body names a domain or project that is not there."""

    template = "Could not find {kind}: {id}."


class MissingGrant(exception.NotFound):
    template = ("Could not find role assignment with role: {role_id}, user or group: {user_id}, "
                "project, domain, or system: {target_id}.")


class Immutable(exception.Forbidden):
    template = ("Unable to {what} immutable {kind} resource: `{id}. "
                'Set resource option "immutable" to false first.')


class DomainEnabled(exception.Forbidden):
    template = "Cannot delete a domain that is enabled, please disable it first."


class NestedProject(exception.BadRequest):
    template = "Projects inside projects are not offered: parent_id may only be the domain's id."
