"""Identity: who may see and change domains, projects, users, roles and tokens; names and defaults are Keystone's."""

from oslo_policy import policy

from nova_lite.policies.base import ADMIN, ANYONE, rule

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


def _crud(kind, plural, read, list_, write):
    """The five rules of one kind of thing."""
    one, many = f"/v3/{plural}/{{{kind}_id}}", f"/v3/{plural}"
    return [rule(f"identity:get_{kind}", read, f"Show a {kind}.", f"GET {one}"),
            rule(f"identity:list_{plural}", list_, f"List {plural}.", f"GET {many}"),
            rule(f"identity:create_{kind}", write, f"Create a {kind}.", f"POST {many}"),
            rule(f"identity:update_{kind}", write, f"Change a {kind}.", f"PATCH {one}"),
            rule(f"identity:delete_{kind}", write, f"Delete a {kind}.", f"DELETE {one}")]


RULES = [
    policy.RuleDefault("domain_managed_target_role",
                       "'manager':%(target.role.name)s or 'member':%(target.role.name)s or "
                       "'reader':%(target.role.name)s"),
    *_crud("user", "users",
           f"{_SEES_ALL} or {_in_domain('reader', 'target.user.domain_id')} or user_id:%(target.user.id)s",
           f"{_SEES_ALL} or {_in_domain('reader', 'target.domain_id')}",
           f"{ADMIN} or {_in_domain('manager', 'target.user.domain_id')}"),
    *_crud("project", "projects",
           f"{_SEES_ALL} or {_in_domain('reader', 'target.project.domain_id')} or project_id:%(target.project.id)s",
           f"{_SEES_ALL} or {_in_domain('reader', 'target.domain_id')}",
           f"{ADMIN} or {_in_domain('manager', 'target.project.domain_id')}"),
    *_crud("domain", "domains",
           f"{_SEES_ALL} or domain_id:%(target.domain.id)s or project_domain_id:%(target.domain.id)s",
           f"{_SEES_ALL} or {_in_domain('reader', 'target.domain.id')}", ADMIN),
    *_crud("role", "roles", f"{_SEES_ALL} or (role:manager and rule:domain_managed_target_role)",
           f"{_SEES_ALL} or (role:manager and not domain_id:None)", ADMIN),
    rule("identity:list_user_projects",
         f"{_SEES_ALL} or {_in_domain('reader', 'target.user.domain_id')} or user_id:%(target.user.id)s",
         "List the projects of a user.", "GET /v3/users/{user_id}/projects"),
    rule("identity:list_implied_roles", _SEES_ALL, "List what a role implies.",
         "GET /v3/roles/{prior_role_id}/implies"),
    rule("identity:list_role_inference_rules", _SEES_ALL, "List what all roles imply.", "GET /v3/role_inferences"),
    rule("identity:check_grant", _READS_GRANTS, "Ask whether a user has a role.",
         *(f"{method} {path}" for path in _GRANT_PATHS for method in ("HEAD", "GET"))),
    rule("identity:list_grants", _READS_GRANTS, "List a user's roles.",
         *(f"GET {path.removesuffix('/{role_id}')}" for path in _GRANT_PATHS)),
    rule("identity:create_grant", _GIVES_GRANTS, "Give a user a role.", *(f"PUT {path}" for path in _GRANT_PATHS)),
    rule("identity:revoke_grant", _GIVES_GRANTS, "Take a role from a user.",
         *(f"DELETE {path}" for path in _GRANT_PATHS)),
    rule("identity:list_system_grants_for_user", _SEES_ALL, "List a user's roles on the system.",
         "GET /v3/system/users/{user_id}/roles"),
    rule("identity:check_system_grant_for_user", _SEES_ALL, "Ask whether a user has a role on the system.",
         f"HEAD {_SYSTEM_GRANT}", f"GET {_SYSTEM_GRANT}"),
    rule("identity:create_system_grant_for_user", ADMIN, "Give a user a role on the system.", f"PUT {_SYSTEM_GRANT}"),
    rule("identity:revoke_system_grant_for_user", ADMIN, "Take a role on the system.", f"DELETE {_SYSTEM_GRANT}"),
    rule("identity:list_role_assignments", f"{_SEES_ALL} or {_in_domain('reader', 'target.domain_id')}",
         "List who has which role where.", "GET /v3/role_assignments"),
    rule("identity:get_auth_catalog", ANYONE, "Show the catalog.", "GET /v3/auth/catalog"),
    rule("identity:get_auth_projects", ANYONE, "List the projects one may scope to.", "GET /v3/auth/projects"),
    rule("identity:get_auth_domains", ANYONE, "List the domains one may scope to.", "GET /v3/auth/domains"),
    rule("identity:get_auth_system", ANYONE, "Tell whether one may scope to the system.", "GET /v3/auth/system"),
    rule("identity:validate_token", f"{_SEES_ALL} or role:service or {_OWN_TOKEN}", "Show what a token says.",
         "GET /v3/auth/tokens"),
    rule("identity:check_token", f"{_SEES_ALL} or {_OWN_TOKEN}", "Ask whether a token is good.",
         "HEAD /v3/auth/tokens"),
    rule("identity:revoke_token", f"{ADMIN} or {_OWN_TOKEN}", "Void a token.", "DELETE /v3/auth/tokens"),
    rule("identity:list_regions", ANYONE, "List regions.", "GET /v3/regions"),
    rule("identity:get_region", ANYONE, "Show a region.", "GET /v3/regions/{region_id}"),
    rule("identity:list_services", _SEES_ALL, "List services.", "GET /v3/services"),
    rule("identity:get_service", _SEES_ALL, "Show a service.", "GET /v3/services/{service_id}"),
    rule("identity:list_endpoints", _SEES_ALL, "List endpoints.", "GET /v3/endpoints"),
    rule("identity:get_endpoint", _SEES_ALL, "Show an endpoint.", "GET /v3/endpoints/{endpoint_id}"),
]
