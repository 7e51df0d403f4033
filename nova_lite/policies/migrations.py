"""Who may see and steer migrations."""

from nova_lite.policies.base import ADMIN, MANAGER, rule

_API = "os_compute_api:os-migrations:index"
_SERVERS = "os_compute_api:servers:migrations:"
_ALL = "/servers/{server_id}/migrations"
_ONE = _ALL + "/{migration_id}"

RULES = [
    rule(_API, MANAGER, "List migrations.", "GET /os-migrations"),
    rule(_API + ":all_projects", ADMIN, "List the migrations of every project.", "GET /os-migrations"),
    rule(_API + ":host", ADMIN, "See the hosts of listed migrations.", "GET /os-migrations"),
    rule(_SERVERS + "index", MANAGER, "List a server's live migrations that are under way.", f"GET {_ALL}"),
    rule(_SERVERS + "index:host", ADMIN, "See the hosts of a server's live migrations.", f"GET {_ALL}"),
    rule(_SERVERS + "show", ADMIN, "Show a live migration that is under way.", f"GET {_ONE}"),
    rule(_SERVERS + "delete", MANAGER, "Stop a live migration.", f"DELETE {_ONE}"),
    rule(_SERVERS + "force_complete", MANAGER, "Make a live migration end soon.",
         f"POST {_ONE}/action (force_complete)"),
]
