"""Who may ask for what hangs on servers: shares, and snapshots of volumes."""

from nova_lite.policies.base import MEMBER, READER, SERVICE, rule

_ASSISTED = "os_compute_api:os-assisted-volume-snapshots:"
_SHARES = "os_compute_api:os-server-shares:"
_PATH = "/servers/{server_id}/shares"
_ATTACHMENTS = "os_compute_api:os-volumes-attachments:"
_ATTACHED = "/servers/{server_id}/os-volume_attachments"

RULES = [
    rule(_ASSISTED + "create", SERVICE, "Have the hypervisor help with a volume's snapshot.",
         "POST /os-assisted-volume-snapshots"),
    rule(_ASSISTED + "delete", SERVICE, "Have the hypervisor remove a volume's snapshot.",
         "DELETE /os-assisted-volume-snapshots/{snapshot_id}"),
    rule(_ATTACHMENTS + "index", READER, "List a server's volumes.", f"GET {_ATTACHED}"),
    rule(_ATTACHMENTS + "show", READER, "Show a server's volume.", f"GET {_ATTACHED}/{{volume_id}}"),
    rule(_ATTACHMENTS + "create", MEMBER, "Attach a volume to a server.", f"POST {_ATTACHED}"),
    rule(_ATTACHMENTS + "update", MEMBER, "Change what becomes of a volume when its server goes (from 2.85).",
         f"PUT {_ATTACHED}/{{volume_id}}"),
    rule(_ATTACHMENTS + "swap", SERVICE, "Give a server another volume in place of one.",
         f"PUT {_ATTACHED}/{{volume_id}}"),
    rule(_ATTACHMENTS + "delete", MEMBER, "Detach a volume from a server.", f"DELETE {_ATTACHED}/{{volume_id}}"),
    rule(_SHARES + "index", READER, "List a server's shares.", f"GET {_PATH}"),
    rule(_SHARES + "show", READER, "Show a server's share.", f"GET {_PATH}/{{share_id}}"),
    rule(_SHARES + "create", MEMBER, "Attach a share to a server.", f"POST {_PATH}"),
    rule(_SHARES + "delete", MEMBER, "Detach a share from a server.", f"DELETE {_PATH}/{{share_id}}"),
]
