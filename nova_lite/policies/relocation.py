"""Who may move servers to other hosts."""

from nova_lite.policies.base import ADMIN, MANAGER, rule

_API = "os_compute_api:os-migrate-server:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_API + "migrate", MANAGER, "Move a server to another host while it is off.", f"{_ACTION} (migrate)"),
    rule(_API + "migrate:host", ADMIN, "Name that host.", f"{_ACTION} (migrate)"),
    rule(_API + "migrate_live", MANAGER, "Move a server to another host while it runs.", f"{_ACTION} (os-migrateLive)"),
    rule(_API + "migrate_live:host", ADMIN, "Name that host.", f"{_ACTION} (os-migrateLive)"),
    rule("os_compute_api:os-evacuate", ADMIN, "Build a server anew elsewhere when its host is dead.",
         f"{_ACTION} (evacuate)"),
]
