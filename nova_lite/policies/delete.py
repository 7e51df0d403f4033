"""Who may take back a soft delete, or delete for good."""

from nova_lite.policies.base import ADMIN, MEMBER, rule

_API = "os_compute_api:os-deferred-delete:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_API + "restore", MEMBER, "Restore a soft-deleted server.", f"{_ACTION} (restore)"),
    rule(_API + "force", MEMBER, "Delete a server for good before it is reclaimed.", f"{_ACTION} (forceDelete)"),
    rule("os_compute_api:os-admin-actions:reset_state", ADMIN, "Say what state a server is in.",
         f"{_ACTION} (os-resetState)"),
]
