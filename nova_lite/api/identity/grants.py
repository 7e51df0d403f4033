"""Who has which role: roles of a user on projects, domains and the system, and /v3/role_assignments."""

from nova_lite.api.identity import domains, lists, projects, schemas, users, views
from nova_lite.api.wsgi import validation
from nova_lite.identity.grants import closure

_RULES = {"list": "list_grants", "check": "check_grant", "create": "create_grant", "revoke": "revoke_grant"}
_SYSTEM_RULES = {"list": "list_system_grants_for_user", "check": "check_system_grant_for_user",
                 "create": "create_system_grant_for_user", "revoke": "revoke_system_grant_for_user"}


class GrantsOn:
    """Roles on one kind of target: "project", "domain" or "system"."""

    def __init__(self, doors, kind):
        self.identity = doors.identity
        self.kind = kind

    def index(self, req, user_id, target_id="all"):
        self._may(req, "list", target_id, user_id)
        self.identity.grants.check(self.kind, target_id, user_id)
        rows = self.identity.grants.roles(self.kind, target_id, user_id)
        return views.collection(req, "roles", [views.role(req, row) for row in rows])

    def check(self, req, user_id, role_id, target_id="all"):
        """204: the user has the role there.  404: not."""
        self._may(req, "check", target_id, user_id, role_id)
        self.identity.grants.get(self.kind, target_id, user_id, role_id)
        return 204

    def create(self, req, user_id, role_id, target_id="all"):
        self._may(req, "create", target_id, user_id, role_id)
        self.identity.grants.add(self.kind, target_id, user_id, role_id)
        return 204

    def delete(self, req, user_id, role_id, target_id="all"):
        self._may(req, "revoke", target_id, user_id, role_id)
        self.identity.grants.remove(self.kind, target_id, user_id, role_id)
        return 204

    def _may(self, req, what, target_id, user_id, role_id=None):
        if self.kind == "system":
            return req.context.can(f"identity:{_SYSTEM_RULES[what]}", {})
        seen = users.target(self.identity.users.find(user_id))
        if self.kind == "project":
            seen.update(projects.target(self.identity.projects.find(target_id)))
        else:
            seen.update(domains.target(self.identity.domains.find(target_id)))
        role = self.identity.roles.find(role_id) if role_id else None
        if role:
            seen["target.role.name"] = role.name
        return req.context.can(f"identity:{_RULES[what]}", seen)


class Assignments:
    def __init__(self, doors):
        self.identity = doors.identity

    @validation.query(schemas.ASSIGNMENTS)
    def index(self, req):
        domain_id = lists.equal(req, "scope.domain.id").get("scope.domain.id")
        req.context.can("identity:list_role_assignments", {"target.domain_id": domain_id} if domain_id else {})
        grants = self._grants(req)
        pairs = [(each, each.role_id) for each in grants]
        if lists.flag(req, "effective"):
            implications = self.identity.roles.implications()
            pairs = [(each, role_id) for each in grants for role_id in closure([each.role_id], implications)]
        wanted = lists.equal(req, "role.id").get("role.id")
        pairs = [pair for pair in pairs if wanted in (None, pair[1])]
        names = self._names(pairs) if lists.flag(req, "include_names") else None
        return views.collection(req, "role_assignments",
                                [views.assignment(req, each, role_id, names) for each, role_id in pairs])

    def _grants(self, req):
        given = lists.equal(req, "user.id", "group.id", "scope.project.id", "scope.domain.id", "scope.system")
        if "group.id" in given:
            return []
        equal = {"user_id": given["user.id"]} if "user.id" in given else {}
        for kind in ("project", "domain"):
            if f"scope.{kind}.id" in given:
                equal.update(target=kind, target_id=given[f"scope.{kind}.id"])
        if "scope.system" in given:
            equal["target"] = "system"
        return self.identity.grants.list(equal)

    def _names(self, pairs):
        found = self.identity.grants.names([each for each, _ in pairs])
        found["role"] = {row.id: row for row in self.identity.roles.list({})}
        return found
