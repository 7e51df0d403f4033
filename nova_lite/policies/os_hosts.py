"""Who may see and manage hosts the way it was before 2.43."""

from nova_lite.policies.base import ADMIN, rule

_API = "os_compute_api:os-hosts:"
_ONE = "/os-hosts/{host_name}"

RULES = [
    rule(_API + "list", ADMIN, "List hosts (to 2.42).", "GET /os-hosts"),
    rule(_API + "show", ADMIN, "See what a host has and gives to whom (to 2.42).", f"GET {_ONE}"),
    rule(_API + "update", ADMIN, "Enable or disable a host (to 2.42).", f"PUT {_ONE}"),
    rule(_API + "reboot", ADMIN, "Reboot a host (to 2.42).", f"GET {_ONE}/reboot"),
    rule(_API + "shutdown", ADMIN, "Shut a host down (to 2.42).", f"GET {_ONE}/shutdown"),
    rule(_API + "start", ADMIN, "Start a host (to 2.42).", f"GET {_ONE}/startup"),
]
