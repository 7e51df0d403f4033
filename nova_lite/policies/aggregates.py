"""Who may see and change host aggregates."""

from nova_lite.policies.base import ADMIN, rule

_API = "os_compute_api:os-aggregates:"
_ONE = "/os-aggregates/{aggregate_id}"

RULES = [
    rule(_API + "index", ADMIN, "List host aggregates.", "GET /os-aggregates"),
    rule(_API + "show", ADMIN, "Show a host aggregate.", f"GET {_ONE}"),
    rule(_API + "create", ADMIN, "Create a host aggregate.", "POST /os-aggregates"),
    rule(_API + "update", ADMIN, "Rename a host aggregate or change its availability zone.", f"PUT {_ONE}"),
    rule(_API + "delete", ADMIN, "Delete a host aggregate.", f"DELETE {_ONE}"),
    rule(_API + "add_host", ADMIN, "Add a host to an aggregate.", f"POST {_ONE}/action (add_host)"),
    rule(_API + "remove_host", ADMIN, "Remove a host from an aggregate.", f"POST {_ONE}/action (remove_host)"),
    rule(_API + "set_metadata", ADMIN, "Change the metadata of an aggregate.", f"POST {_ONE}/action (set_metadata)"),
    rule("compute:aggregates:images", ADMIN, "Have the hosts of an aggregate get images ahead of servers.",
         f"POST {_ONE}/images"),
]
