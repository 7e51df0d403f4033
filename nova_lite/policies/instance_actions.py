"""Who may see what was done to servers."""

from nova_lite.policies.base import ADMIN, READER, rule

_API = "os_compute_api:os-instance-actions:"
_ONE = "GET /servers/{server_id}/os-instance-actions/{request_id}"

RULES = [
    rule(_API + "list", READER, "List what was done to a server.", "GET /servers/{server_id}/os-instance-actions"),
    rule(_API + "show", READER, "Show one action on a server.", _ONE),
    rule(_API + "events", ADMIN, "See the host and the whole error of an action's events.", _ONE),
    rule(_API + "events:details", ADMIN, "See why an action's events failed (from 2.84).", _ONE),
]
