"""Who may see and remove the password that a guest left."""

from nova_lite.policies.base import MEMBER, READER, rule

_P = "os_compute_api:os-server-password:"
_PATH = "/servers/{server_id}/os-server-password"

RULES = [rule(_P + "show", READER, "See the sealed password that a guest left.", f"GET {_PATH}"),
         rule(_P + "clear", MEMBER, "Remove the password that a guest left.", f"DELETE {_PATH}")]
