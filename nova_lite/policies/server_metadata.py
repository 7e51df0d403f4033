"""Who may see and change the metadata of servers."""

from nova_lite.policies.base import MEMBER, READER, rule

_P = "os_compute_api:server-metadata:"
_ALL, _ONE = "/servers/{server_id}/metadata", "/servers/{server_id}/metadata/{key}"

RULES = [
    rule(_P + "index", READER, "List a server's metadata.", f"GET {_ALL}"),
    rule(_P + "show", READER, "Show one item of a server's metadata.", f"GET {_ONE}"),
    rule(_P + "create", MEMBER, "Add to a server's metadata.", f"POST {_ALL}"),
    rule(_P + "update_all", MEMBER, "Replace a server's metadata.", f"PUT {_ALL}"),
    rule(_P + "update", MEMBER, "Set one item of a server's metadata.", f"PUT {_ONE}"),
    rule(_P + "delete", MEMBER, "Remove one item of a server's metadata.", f"DELETE {_ONE}"),
]
