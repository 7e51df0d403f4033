"""Who may take servers off their hosts and bring them back."""

from nova_lite.policies.base import ADMIN, MEMBER, rule

_API = "os_compute_api:os-shelve:"
_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule(_API + "shelve", MEMBER, "Shelve a server.", f"{_ACTION} (shelve)"),
    rule(_API + "shelve_offload", ADMIN, "Take a shelved server off its host.", f"{_ACTION} (shelveOffload)"),
    rule(_API + "unshelve", MEMBER, "Bring a shelved server back.", f"{_ACTION} (unshelve)"),
    rule(_API + "unshelve_to_host", ADMIN, "Name the host that it comes back to (from 2.91).", f"{_ACTION} (unshelve)"),
]
