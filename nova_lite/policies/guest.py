"""Who may look into guests, change their passwords, and make them dump themselves."""

from nova_lite.policies.base import ADMIN, MEMBER, READER, rule

_API = "os_compute_api:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_API + "os-server-diagnostics", ADMIN, "Show a server's diagnostics.", "GET /servers/{server_id}/diagnostics"),
    rule("compute:server:topology:index", READER, "Show a server's NUMA topology.",
         "GET /servers/{server_id}/topology"),
    rule(_API + "os-admin-password", MEMBER, "Change a server's administrative password.",
         f"{_ACTION} (changePassword)"),
    rule(_API + "servers:trigger_crash_dump", MEMBER, "Send a server an NMI, so that it dumps itself.",
         f"{_ACTION} (trigger_crash_dump)"),
]
