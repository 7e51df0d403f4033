"""Refusals of identity, with Keystone's messages."""

from nova_lite.common import exceptions


class Missing(exceptions.NotFound):
    """``kind`` is "user", "group", "project", "domain", "role", "region", "service" or "endpoint"."""

    template = "Could not find {kind}: {id}."


class MissingReference(exceptions.BadRequest):
    """A body names a domain or project that is not there."""

    template = "Could not find {kind}: {id}."


class MissingGrant(exceptions.NotFound):
    template = ("Could not find role assignment with role: {role_id}, user or group: {actor_id}, "
                "project, domain, or system: {target_id}.")


class MissingMember(exceptions.NotFound):
    template = "User '{user_id}' not found in group '{group_id}'."


class RevocationsUnknown(exceptions.DatabaseUnavailable):
    template = ("Whether this token was revoked is not known: the database has not answered for {seconds} seconds. "
                "Nothing was changed; try again in a moment.")


class Immutable(exceptions.Forbidden):
    template = ("Unable to {what} immutable {kind} resource: `{id}. "
                'Set resource option "immutable" to false first.')


class DomainEnabled(exceptions.Forbidden):
    template = "Cannot delete a domain that is enabled, please disable it first."


class NestedProject(exceptions.BadRequest):
    template = "Projects inside projects are not offered: parent_id may only be the domain's id."


class MissingTag(exceptions.NotFound):
    template = "Could not find project tag: {tag}."


class TooManyTags(exceptions.BadRequest):
    template = "A project has at most {most} tags."


class MissingMarker(exceptions.NotFound):
    template = "Marker {id} could not be found."


class PasswordLocked(exceptions.BadRequest):
    template = ("You cannot change your password at this time due to password policy disallowing password changes. "
                "Please contact your administrator to reset your password.")
