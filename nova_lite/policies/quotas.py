"""Who may see and set limits and quotas."""

from nova_lite.policies.base import ADMIN, ANYONE, READER, rule

_API = "os_compute_api:os-quota-sets:"

RULES = [
    rule("os_compute_api:limits", ANYONE, "See the limits of one's own project.", "GET /limits"),
    rule("os_compute_api:limits:other_project", ADMIN, "See the limits of another project.", "GET /limits"),
    rule(_API + "show", READER, "See a project's quota.", "GET /os-quota-sets/{tenant_id}"),
    rule(_API + "detail", READER, "See a project's quota and what it uses.", "GET /os-quota-sets/{tenant_id}/detail"),
    rule(_API + "defaults", ANYONE, "See the quota of projects that have none of their own.",
         "GET /os-quota-sets/{tenant_id}/defaults"),
    rule(_API + "update", ADMIN, "Set a project's quota.", "PUT /os-quota-sets/{tenant_id}"),
    rule(_API + "delete", ADMIN, "Set a project's quota back to the defaults.", "DELETE /os-quota-sets/{tenant_id}"),
    rule("os_compute_api:os-quota-class-sets:show", ADMIN, "See the quota of a class.",
         "GET /os-quota-class-sets/{quota_class}"),
    rule("os_compute_api:os-quota-class-sets:update", ADMIN, "Set the quota of a class.",
         "PUT /os-quota-class-sets/{quota_class}"),
]
