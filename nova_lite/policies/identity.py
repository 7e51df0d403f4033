"""Identity: who may see and change domains, projects, users, roles and tokens; names and defaults are Keystone's.

What belongs to a domain is open to tokens of any scope.  What the whole cloud shares (domains, roles, services, roles
on the system) is changed with a token of the system or of a project only, by no administrator of one domain.
"""

from oslo_policy import policy

from nova_lite.policies.base import ADMIN, ANY_SCOPE, ANYONE, SYSTEM_OR_PROJECT, rule

_SYSTEM_READER = "(role:reader and system_scope:all)"
_SEES_ALL = f"{ADMIN} or {_SYSTEM_READER}"
_OWN_TOKEN = "user_id:%(target.token.user_id)s"


def _in_domain(role, *keys):
    """A role on the very domain that every one of the target's ``keys`` names."""
    return f"(role:{role} and " + " and ".join(f"domain_id:%({key})s" for key in keys) + ")"


def _grant(role):
    return (f"{_in_domain(role, 'target.user.domain_id', 'target.project.domain_id')} or "
            f"{_in_domain(role, 'target.user.domain_id', 'target.domain.id')}")


_READS_GRANTS = f"{_SEES_ALL} or {_grant('reader')}"
_GIVES_GRANTS = f"{ADMIN} or (({_grant('manager')}) and rule:domain_managed_target_role)"
_GRANT_PATHS = ("/v3/projects/{project_id}/users/{user_id}/roles/{role_id}",
                "/v3/domains/{domain_id}/users/{user_id}/roles/{role_id}")
_SYSTEM_GRANT = "/v3/system/users/{user_id}/roles/{role_id}"


def _of_domain(name, check, description, *operations):
    """A rule about what belongs to a domain."""
    return rule(f"identity:{name}", check, description, *operations, scope=ANY_SCOPE)


def _shared(name, check, description, *operations):
    """A rule about what no domain owns."""
    return rule(f"identity:{name}", check, description, *operations, scope=SYSTEM_OR_PROJECT)


def _own(name, description, *operations):
    """A rule about the caller itself, open to unscoped tokens."""
    return rule(f"identity:{name}", ANYONE, description, *operations, scope=())


def _crud(kind, plural, reads, write, writes=_of_domain):
    """The five rules of one kind of thing.

    :param reads: (check of show, check of list).
    :param writes: makes the rules of what changes it.
    """
    one, many = f"/v3/{plural}/{{{kind}_id}}", f"/v3/{plural}"
    return [_of_domain(f"get_{kind}", reads[0], f"Show a {kind}.", f"GET {one}"),
            _of_domain(f"list_{plural}", reads[1], f"List {plural}.", f"GET {many}"),
            writes(f"create_{kind}", write, f"Create a {kind}.", f"POST {many}"),
            writes(f"update_{kind}", write, f"Change a {kind}.", f"PATCH {one}"),
            writes(f"delete_{kind}", write, f"Delete a {kind}.", f"DELETE {one}")]


def _project_tags(read, write):
    many, one = "/v3/projects/{project_id}/tags", "/v3/projects/{project_id}/tags/{value}"
    return [_of_domain("list_project_tags", read, "List a project's tags.", f"GET {many}", f"HEAD {many}"),
            _of_domain("get_project_tag", read, "Ask whether a project has a tag.", f"GET {one}", f"HEAD {one}"),
            _of_domain("update_project_tags", write, "Replace a project's tags.", f"PUT {many}"),
            _of_domain("create_project_tag", write, "Add a tag to a project.", f"PUT {one}"),
            _of_domain("delete_project_tags", write, "Take all tags from a project.", f"DELETE {many}"),
            _of_domain("delete_project_tag", write, "Take a tag from a project.", f"DELETE {one}")]


RULES = [
    policy.RuleDefault("domain_managed_target_role",
                       "'manager':%(target.role.name)s or 'member':%(target.role.name)s or "
                       "'reader':%(target.role.name)s"),
    *_crud("user", "users",
           (f"{_SEES_ALL} or {_in_domain('reader', 'target.user.domain_id')} or user_id:%(target.user.id)s",
            f"{_SEES_ALL} or {_in_domain('reader', 'target.domain_id')}"),
           f"{ADMIN} or {_in_domain('manager', 'target.user.domain_id')}"),
    *_crud("project", "projects",
           (f"{_SEES_ALL} or {_in_domain('reader', 'target.project.domain_id')} or project_id:%(target.project.id)s",
            f"{_SEES_ALL} or {_in_domain('reader', 'target.domain_id')}"),
           f"{ADMIN} or {_in_domain('manager', 'target.project.domain_id')}"),
    *_project_tags(f"{_SEES_ALL} or {_in_domain('reader', 'target.project.domain_id')} or "
                   "project_id:%(target.project.id)s",
                   f"{ADMIN} or {_in_domain('manager', 'target.project.domain_id')}"),
    *_crud("domain", "domains",
           (f"{_SEES_ALL} or domain_id:%(target.domain.id)s or project_domain_id:%(target.domain.id)s",
            f"{_SEES_ALL} or {_in_domain('reader', 'target.domain.id')}"), ADMIN, _shared),
    *_crud("role", "roles",
           (f"{_SEES_ALL} or (role:manager and rule:domain_managed_target_role)",
            f"{_SEES_ALL} or (role:manager and not domain_id:None)"), ADMIN, _shared),
    _shared("list_domain_roles", _SEES_ALL, "List the roles of a domain.", "GET /v3/roles?domain_id={domain_id}"),
    _of_domain("list_user_projects",
               f"{_SEES_ALL} or {_in_domain('reader', 'target.user.domain_id')} or user_id:%(target.user.id)s",
               "List the projects of a user.", "GET /v3/users/{user_id}/projects"),
    _shared("list_implied_roles", _SEES_ALL, "List what a role implies.",
            "GET /v3/roles/{prior_role_id}/implies"),
    _shared("list_role_inference_rules", _SEES_ALL, "List what all roles imply.", "GET /v3/role_inferences"),
    _of_domain("check_grant", _READS_GRANTS, "Ask whether a user has a role.",
               *(f"{method} {path}" for path in _GRANT_PATHS for method in ("HEAD", "GET"))),
    _of_domain("list_grants", _READS_GRANTS, "List a user's roles.",
               *(f"GET {path.removesuffix('/{role_id}')}" for path in _GRANT_PATHS)),
    _of_domain("create_grant", _GIVES_GRANTS, "Give a user a role.", *(f"PUT {path}" for path in _GRANT_PATHS)),
    _of_domain("revoke_grant", _GIVES_GRANTS, "Take a role from a user.",
               *(f"DELETE {path}" for path in _GRANT_PATHS)),
    _shared("list_system_grants_for_user", _SEES_ALL, "List a user's roles on the system.",
            "GET /v3/system/users/{user_id}/roles"),
    _shared("check_system_grant_for_user", _SEES_ALL, "Ask whether a user has a role on the system.",
            f"HEAD {_SYSTEM_GRANT}", f"GET {_SYSTEM_GRANT}"),
    _shared("create_system_grant_for_user", ADMIN, "Give a user a role on the system.", f"PUT {_SYSTEM_GRANT}"),
    _shared("revoke_system_grant_for_user", ADMIN, "Take a role on the system.", f"DELETE {_SYSTEM_GRANT}"),
    _of_domain("list_role_assignments", f"{_SEES_ALL} or {_in_domain('reader', 'target.domain_id')}",
               "List who has which role where.", "GET /v3/role_assignments"),
    _of_domain("list_role_assignments_for_tree", f"{_SEES_ALL} or {_in_domain('reader', 'target.domain_id')}",
               "List who has which role on a project and those below it.", "GET /v3/role_assignments?include_subtree"),
    _own("get_auth_catalog", "Show the catalog.", "GET /v3/auth/catalog"),
    _own("get_auth_projects", "List the projects one may scope to.", "GET /v3/auth/projects"),
    _own("get_auth_domains", "List the domains one may scope to.", "GET /v3/auth/domains"),
    _own("get_auth_system", "Show whether one may scope to the system.", "GET /v3/auth/system"),
    _of_domain("validate_token", f"{_SEES_ALL} or role:service or {_OWN_TOKEN}", "Show what a token says.",
               "GET /v3/auth/tokens"),
    _of_domain("check_token", f"{_SEES_ALL} or {_OWN_TOKEN}", "Ask whether a token is good.",
               "HEAD /v3/auth/tokens"),
    _of_domain("revoke_token", f"{ADMIN} or {_OWN_TOKEN}", "Void a token.", "DELETE /v3/auth/tokens"),
    _of_domain("list_regions", ANYONE, "List regions.", "GET /v3/regions"),
    _of_domain("get_region", ANYONE, "Show a region.", "GET /v3/regions/{region_id}"),
    _shared("list_services", _SEES_ALL, "List services.", "GET /v3/services"),
    _shared("get_service", _SEES_ALL, "Show a service.", "GET /v3/services/{service_id}"),
    _shared("list_endpoints", _SEES_ALL, "List endpoints.", "GET /v3/endpoints"),
    _shared("get_endpoint", _SEES_ALL, "Show an endpoint.", "GET /v3/endpoints/{endpoint_id}"),
]
