"""Who may see and change the tags of servers."""

from nova_lite.policies.base import MEMBER, READER, rule

_API = "os_compute_api:os-server-tags:"
_ALL, _ONE = "/servers/{server_id}/tags", "/servers/{server_id}/tags/{tag}"

RULES = [
    rule(_API + "index", READER, "List a server's tags.", f"GET {_ALL}"),
    rule(_API + "show", READER, "Ask whether a server has a tag.", f"GET {_ONE}"),
    rule(_API + "update_all", MEMBER, "Replace a server's tags.", f"PUT {_ALL}"),
    rule(_API + "update", MEMBER, "Add a tag to a server.", f"PUT {_ONE}"),
    rule(_API + "delete_all", MEMBER, "Remove every tag of a server.", f"DELETE {_ALL}"),
    rule(_API + "delete", MEMBER, "Remove one tag of a server.", f"DELETE {_ONE}"),
]
