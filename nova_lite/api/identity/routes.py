"""Identity v3: every path and the method that answers it."""

from nova_lite.api.identity.catalog import Catalog
from nova_lite.api.identity.domains import Domains
from nova_lite.api.identity.grants import Assignments, GrantsOn
from nova_lite.api.identity.project_tags import ProjectTags
from nova_lite.api.identity.projects import Projects
from nova_lite.api.identity.roles import Roles
from nova_lite.api.identity.tokens import Tokens
from nova_lite.api.identity.users import Users
from nova_lite.api.wsgi.routing import Route


def _crud(plural):
    return (Route("GET", f"/{plural}", f"{plural}:index"), Route("POST", f"/{plural}", f"{plural}:create"),
            Route("GET", f"/{plural}/{{id}}", f"{plural}:show"),
            Route("PATCH", f"/{plural}/{{id}}", f"{plural}:update"),
            Route("DELETE", f"/{plural}/{{id}}", f"{plural}:delete"))


def _grants(prefix, kind):
    many, one = f"{prefix}/users/{{user_id}}/roles", f"{prefix}/users/{{user_id}}/roles/{{role_id}}"
    return (Route("GET", many, f"{kind}_grants:index"), Route("GET", one, f"{kind}_grants:check"),
            Route("PUT", one, f"{kind}_grants:create"), Route("DELETE", one, f"{kind}_grants:delete"))


ROUTES = (
    Route("POST", "/auth/tokens", "tokens:create", public=True),
    Route("GET", "/auth/tokens", "tokens:show"),
    Route("HEAD", "/auth/tokens", "tokens:check"),
    Route("DELETE", "/auth/tokens", "tokens:delete"),
    Route("GET", "/auth/catalog", "tokens:catalog"),
    Route("GET", "/auth/projects", "tokens:projects"),
    Route("GET", "/auth/domains", "tokens:domains"),
    Route("GET", "/auth/system", "tokens:system"),
    *_crud("users"), *_crud("projects"), *_crud("domains"), *_crud("roles"),
    Route("GET", "/projects/{id}/tags", "tags:index"),
    Route("PUT", "/projects/{id}/tags", "tags:replace"),
    Route("DELETE", "/projects/{id}/tags", "tags:clear"),
    Route("GET", "/projects/{id}/tags/{value}", "tags:show"),
    Route("PUT", "/projects/{id}/tags/{value}", "tags:add"),
    Route("DELETE", "/projects/{id}/tags/{value}", "tags:remove"),
    Route("POST", "/users/{id}/password", "users:change_password", public=True),
    Route("GET", "/users/{id}/projects", "users:projects"),
    Route("GET", "/roles/{id}/implies", "roles:implies"),
    Route("GET", "/role_inferences", "roles:inferences"),
    *_grants("/projects/{target_id}", "project"), *_grants("/domains/{target_id}", "domain"),
    *_grants("/system", "system"),
    Route("GET", "/role_assignments", "assignments:index"),
    Route("GET", "/regions", "catalog:regions"),
    Route("GET", "/regions/{id}", "catalog:region"),
    Route("GET", "/services", "catalog:services"),
    Route("GET", "/services/{id}", "catalog:service"),
    Route("GET", "/endpoints", "catalog:endpoints"),
    Route("GET", "/endpoints/{id}", "catalog:endpoint"),
)


def controllers(facades):
    return {"tokens": Tokens(facades), "users": Users(facades), "projects": Projects(facades),
            "domains": Domains(facades), "roles": Roles(facades), "assignments": Assignments(facades),
            "catalog": Catalog(), "tags": ProjectTags(facades),
            **{f"{kind}_grants": GrantsOn(facades, kind) for kind in ("project", "domain", "system")}}
