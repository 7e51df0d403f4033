"""Who may give servers another size."""

from nova_lite.policies.base import MEMBER, rule

_API = "os_compute_api:servers:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_API + "resize", MEMBER, "Give a server another flavor.", f"{_ACTION} (resize)"),
    rule(_API + "confirm_resize", MEMBER, "Keep a server's new flavor.", f"{_ACTION} (confirmResize)"),
    rule(_API + "revert_resize", MEMBER, "Go back to a server's flavor and disk of before.",
         f"{_ACTION} (revertResize)"),
]
