"""Who may give servers another size."""

from nova_lite.policies.base import MEMBER, rule

_P = "os_compute_api:servers:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_P + "resize", MEMBER, "Give a server another flavor.", f"{_ACTION} (resize)"),
    rule(_P + "confirm_resize", MEMBER, "Keep a server's new flavor.", f"{_ACTION} (confirmResize)"),
    rule(_P + "revert_resize", MEMBER, "Go back to a server's flavor and disk of before.", f"{_ACTION} (revertResize)"),
]
