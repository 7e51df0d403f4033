"""Who may see and manage flavors.  Listing and showing them asks no rule: every user needs them."""

from nova_lite.policies.base import ADMIN, READER, rule

_MANAGE = "os_compute_api:os-flavor-manage:"
_ACCESS = "os_compute_api:os-flavor-access"
_SPECS = "os_compute_api:os-flavor-extra-specs:"
_SPEC = "/flavors/{flavor_id}/os-extra_specs/{flavor_extra_spec_key}"

RULES = [
    rule(_MANAGE + "create", ADMIN, "Create a flavor.", "POST /flavors"),
    rule(_MANAGE + "update", ADMIN, "Change a flavor's description (from 2.55).", "PUT /flavors/{flavor_id}"),
    rule(_MANAGE + "delete", ADMIN, "Delete a flavor.", "DELETE /flavors/{flavor_id}"),
    rule(_ACCESS, ADMIN, "List the projects that may use a private flavor.",
         "GET /flavors/{flavor_id}/os-flavor-access"),
    rule(_ACCESS + ":add_tenant_access", ADMIN, "Let a project use a private flavor.",
         "POST /flavors/{flavor_id}/action (addTenantAccess)"),
    rule(_ACCESS + ":remove_tenant_access", ADMIN, "Let a project no longer use a private flavor.",
         "POST /flavors/{flavor_id}/action (removeTenantAccess)"),
    rule(_SPECS + "index", READER, "See a flavor's extra specs.", "GET /flavors/{flavor_id}/os-extra_specs",
         "GET /flavors/detail", "GET /flavors/{flavor_id}", "POST /flavors", "PUT /flavors/{flavor_id}"),
    rule(_SPECS + "show", READER, "Show one of a flavor's extra specs.", f"GET {_SPEC}"),
    rule(_SPECS + "create", ADMIN, "Add extra specs to a flavor.", "POST /flavors/{flavor_id}/os-extra_specs"),
    rule(_SPECS + "update", ADMIN, "Change one of a flavor's extra specs.", f"PUT {_SPEC}"),
    rule(_SPECS + "delete", ADMIN, "Remove one of a flavor's extra specs.", f"DELETE {_SPEC}"),
]
