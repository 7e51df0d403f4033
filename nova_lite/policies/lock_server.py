"""Who may lock servers against change."""

from nova_lite.policies.base import ADMIN, MEMBER, rule

_API = "os_compute_api:os-lock-server:"

RULES = [
    rule(_API + "lock", MEMBER, "Lock a server.", "POST /servers/{server_id}/action (lock)"),
    rule(_API + "unlock", MEMBER, "Unlock a server.", "POST /servers/{server_id}/action (unlock)"),
    rule(_API + "unlock:unlock_override", ADMIN, "Unlock a server that somebody else locked.",
         "POST /servers/{server_id}/action (unlock)"),
]
