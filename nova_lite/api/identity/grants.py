"""Grants of roles to users on projects, domains and the system, and /v3/role_assignments."""

from nova_lite.api.identity import domains, filters, lists, projects, roles, users, views
from nova_lite.common import exceptions
from nova_lite.identity.effective_roles import closure

_RULES = {"list": "list_grants", "check": "check_grant", "create": "create_grant", "revoke": "revoke_grant"}
_SYSTEM_RULES = {"list": "list_system_grants_for_user", "check": "check_system_grant_for_user",
                 "create": "create_system_grant_for_user", "revoke": "revoke_system_grant_for_user"}


class GrantsOn:
    """Roles on one kind of target: "project", "domain" or "system"."""

    def __init__(self, facades, kind):
        self.identity = facades.identity
        self.kind = kind

    @filters.listed("nothing")
    def index(self, req, user_id, target_id="all"):
        self._may(req, "list", target_id, user_id)
        self.identity.grants.check(("user", user_id), (self.kind, target_id))
        rows = self.identity.grants.roles(("user", user_id), (self.kind, target_id))
        return views.collection(req, "roles", [views.role(req, row) for row in rows])

    def check(self, req, user_id, role_id, target_id="all"):
        """204: the user has the role there.  404: not."""
        self._may(req, "check", target_id, user_id, role_id)
        self.identity.grants.get(("user", user_id), (self.kind, target_id), role_id)
        return 204

    def create(self, req, user_id, role_id, target_id="all"):
        self._may(req, "create", target_id, user_id, role_id)
        self.identity.grants.add(("user", user_id), (self.kind, target_id), role_id)
        return 204

    def delete(self, req, user_id, role_id, target_id="all"):
        self._may(req, "revoke", target_id, user_id, role_id)
        self.identity.grants.remove(("user", user_id), (self.kind, target_id), role_id)
        return 204

    def _may(self, req, what, target_id, user_id, role_id=None):
        """Ids are looked up before the policy is asked, as Keystone does; a role may be taken from a user that is gone.

        :raises Missing: it is not.
        """
        identity = self.identity
        seen = roles.target(identity.roles.get(role_id)) if role_id else {}
        user = identity.users.find(user_id) if what == "revoke" else identity.users.get(user_id)
        seen.update(users.target(user))
        if self.kind == "project":
            seen.update(projects.target(identity.projects.get(target_id)))
        elif self.kind == "domain":
            seen.update(domains.target(identity.domains.get(target_id)))
        req.context.can(f"identity:{(_SYSTEM_RULES if self.kind == 'system' else _RULES)[what]}", seen)


class Assignments:
    def __init__(self, facades):
        self.identity = facades.identity

    @filters.listed("role_assignments")
    def index(self, req):
        wanted = filters.wanted(req, "role_assignments")
        self._may_list(req, wanted.equal.get("scope.project.id"))
        _check_together(req, wanted.equal)
        grants = [] if wanted.nothing else self.identity.grants.list(_columns(req, wanted.equal),
                                                                     req.context.domain_id)
        pairs = [(each, each.role_id) for each in grants]
        if lists.flag(req, "effective"):
            implications = self.identity.roles.implications()
            pairs = [(each, role_id) for each in grants for role_id in closure([each.role_id], implications)]
        role_id = wanted.equal.get("role.id")
        pairs = [pair for pair in pairs if role_id in (None, pair[1])]
        names = self._names(pairs) if lists.flag(req, "include_names") else None
        return views.collection(req, "role_assignments",
                                [views.assignment(req, each, role_id, names) for each, role_id in pairs])

    def _may_list(self, req, project_id):
        """A list of what is below a project has a rule of its own.  :raises Missing: there is no such project."""
        if not lists.flag(req, "include_subtree"):
            return req.context.can("identity:list_role_assignments", lists.scope(req.context))
        row = self.identity.projects.get(project_id) if project_id else None
        tree = {**projects.target(row), "target.domain_id": row.domain_id} if row else {}
        return req.context.can("identity:list_role_assignments_for_tree", tree)

    def _names(self, pairs):
        found = self.identity.grants.names([each for each, _ in pairs])
        found["role"] = {row.id: row for row in self.identity.roles.list({})}
        return found


#: Pairs of filters that cannot hold of one assignment, and Keystone's words for it.
_APART = (("scope.domain.id", "scope.project.id", "Specify a domain or project, not both"),
          ("scope.domain.id", "scope.system", "Specify system or domain, not both"),
          ("scope.project.id", "scope.system", "Specify system or project, not both"),
          ("user.id", "group.id", "Specify a user or group, not both"))


def _check_together(req, equal):
    """:raises BadRequest: filters that contradict each other."""
    for one, other, message in _APART:
        if one in req.query and other in req.query:
            raise exceptions.BadRequest(message)
    if lists.flag(req, "effective") and "group.id" in equal:
        raise exceptions.BadRequest("Combining effective and group filter will always result in an empty list.")
    if lists.flag(req, "effective") and _inherited(req) and "scope.domain.id" in equal:
        raise exceptions.BadRequest("Combining effective, domain and inherited filters will always result in an empty "
                                   "list.")
    if lists.flag(req, "include_subtree") and "scope.project.id" not in equal:
        raise exceptions.BadRequest("scope.project.id must be specified if include_subtree is also specified")


def _inherited(req):
    return "projects" in req.query.get("scope.OS-INHERIT:inherited_to", ())


def _columns(req, equal):
    """{column of a grant: value}; a project's subtree is the project, since projects have none below them."""
    made = {"inherited": True} if _inherited(req) else {}
    for kind in ("user", "group"):
        if f"{kind}.id" in equal:
            made.update(actor_type=kind, actor_id=equal[f"{kind}.id"])
    for kind in ("project", "domain"):
        if f"scope.{kind}.id" in equal:
            made.update(target_type=kind, target_id=equal[f"scope.{kind}.id"])
    if "scope.system" in req.query:
        made["target_type"] = "system"
    return made
