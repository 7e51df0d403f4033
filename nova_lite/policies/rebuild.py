"""Who may rebuild and rescue servers."""

from nova_lite.policies.base import MEMBER, rule

_API = "os_compute_api:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_API + "servers:rebuild", MEMBER, "Make a server anew from an image.", f"{_ACTION} (rebuild)"),
    rule(_API + "servers:rebuild:trusted_certs", MEMBER, "Name certificates that the new image must be signed with.",
         f"{_ACTION} (rebuild)"),
    rule(_API + "os-rescue", MEMBER, "Boot a server from another disk to mend it.", f"{_ACTION} (rescue)"),
    rule(_API + "os-unrescue", MEMBER, "Boot a rescued server from its own disk again.", f"{_ACTION} (unrescue)"),
]
