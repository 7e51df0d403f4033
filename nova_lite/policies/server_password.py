"""Who may see and remove the password that a guest left."""

from nova_lite.policies.base import MEMBER, READER, rule

_API = "os_compute_api:os-server-password:"
_PATH = "/servers/{server_id}/os-server-password"

RULES = [rule(_API + "show", READER, "See the sealed password that a guest left.", f"GET {_PATH}"),
         rule(_API + "clear", MEMBER, "Remove the password that a guest left.", f"DELETE {_PATH}")]
