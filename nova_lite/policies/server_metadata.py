"""Who may see and change the metadata of servers."""

from nova_lite.policies.base import MEMBER, READER, rule

_API = "os_compute_api:server-metadata:"
_ALL, _ONE = "/servers/{server_id}/metadata", "/servers/{server_id}/metadata/{key}"

RULES = [
    rule(_API + "index", READER, "List a server's metadata.", f"GET {_ALL}"),
    rule(_API + "show", READER, "Show one item of a server's metadata.", f"GET {_ONE}"),
    rule(_API + "create", MEMBER, "Add to a server's metadata.", f"POST {_ALL}"),
    rule(_API + "update_all", MEMBER, "Replace a server's metadata.", f"PUT {_ALL}"),
    rule(_API + "update", MEMBER, "Set one item of a server's metadata.", f"PUT {_ONE}"),
    rule(_API + "delete", MEMBER, "Remove one item of a server's metadata.", f"DELETE {_ONE}"),
]
