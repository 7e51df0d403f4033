"""Who may copy servers into images."""

from nova_lite.policies.base import MEMBER, rule

_API = "os_compute_api:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_API + "servers:create_image", MEMBER, "Copy a server's disk into an image.", f"{_ACTION} (createImage)"),
    rule(_API + "os-create-backup", MEMBER, "Back a server up into an image, in rotation.",
         f"{_ACTION} (createBackup)"),
]
