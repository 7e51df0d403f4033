"""Who may ask for what hangs on servers: shares, and snapshots of volumes."""

from nova_lite.policies.base import MEMBER, READER, SERVICE, rule

_ASSISTED = "os_compute_api:os-assisted-volume-snapshots:"
_SHARES = "os_compute_api:os-server-shares:"
_PATH = "/servers/{server_id}/shares"

RULES = [
    rule(_ASSISTED + "create", SERVICE, "Have the hypervisor help with a volume's snapshot.",
         "POST /os-assisted-volume-snapshots"),
    rule(_ASSISTED + "delete", SERVICE, "Have the hypervisor remove a volume's snapshot.",
         "DELETE /os-assisted-volume-snapshots/{snapshot_id}"),
    rule(_SHARES + "index", READER, "List a server's shares.", f"GET {_PATH}"),
    rule(_SHARES + "show", READER, "Show a server's share.", f"GET {_PATH}/{{share_id}}"),
    rule(_SHARES + "create", MEMBER, "Attach a share to a server.", f"POST {_PATH}"),
    rule(_SHARES + "delete", MEMBER, "Detach a share from a server.", f"DELETE {_PATH}/{{share_id}}"),
]
