"""Who may see, make and remove server groups."""

from nova_lite.policies.base import ADMIN, MEMBER, READER, rule

_API = "os_compute_api:os-server-groups:"

RULES = [
    rule(_API + "index", READER, "List server groups.", "GET /os-server-groups"),
    rule(_API + "index:all_projects", ADMIN, "List the server groups of every project.",
         "GET /os-server-groups?all_projects"),
    rule(_API + "show", READER, "Show a server group.", "GET /os-server-groups/{server_group_id}"),
    rule(_API + "create", MEMBER, "Create a server group.", "POST /os-server-groups"),
    rule(_API + "delete", MEMBER, "Delete a server group.", "DELETE /os-server-groups/{server_group_id}"),
]
