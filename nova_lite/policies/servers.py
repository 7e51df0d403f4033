"""Who may see, make, change and remove servers."""

from nova_lite.policies.base import ADMIN, MEMBER, READER, rule

_API = "os_compute_api:servers:"
_VIEWS = ("GET /servers/{server_id}", "GET /servers/detail", "PUT /servers/{server_id}")

RULES = [
    rule(_API + "index", READER, "List servers.", "GET /servers"),
    rule(_API + "detail", READER, "List servers with details.", "GET /servers/detail"),
    rule(_API + "index:get_all_tenants", ADMIN, "List the servers of every project.", "GET /servers"),
    rule(_API + "detail:get_all_tenants", ADMIN, "List the servers of every project with details.",
         "GET /servers/detail"),
    rule(_API + "allow_all_filters", ADMIN, "Filter lists of servers by any field, not only by those open to users.",
         "GET /servers", "GET /servers/detail"),
    rule(_API + "show", READER, "Show a server.", "GET /servers/{server_id}"),
    rule(_API + "show:flavor-extra-specs", READER, "See the extra specs of a server's flavor (from 2.47).", *_VIEWS),
    rule(_API + "show:host_status", ADMIN, "See the state of the host a server runs on (from 2.16).", *_VIEWS),
    rule(_API + "show:host_status:unknown-only", ADMIN,
         "See the state of the host only where it is UNKNOWN (from 2.16).", *_VIEWS),
    rule(_API + "create", MEMBER, "Create servers.", "POST /servers"),
    rule(_API + "create:forced_host", ADMIN, "Create a server on a named host, past the scheduler (zone:host).",
         "POST /servers"),
    rule("compute:servers:create:requested_destination", ADMIN,
         "Create a server on a host that the scheduler must agree to (from 2.74).", "POST /servers"),
    rule(_API + "create:zero_disk_flavor", ADMIN, "Create a server whose flavor has no disk of its own.",
         "POST /servers"),
    rule(_API + "create:attach_volume", MEMBER, "Create a server with block devices of its own choice.",
         "POST /servers"),
    rule(_API + "create:attach_network", MEMBER, "Create a server on networks of its own choice.", "POST /servers"),
    rule(_API + "create:trusted_certs", MEMBER, "Create a server whose image must be signed (from 2.63).",
         "POST /servers"),
    rule(_API + "update", MEMBER, "Rename a server and change its other own attributes.", "PUT /servers/{server_id}"),
    rule(_API + "delete", MEMBER, "Delete a server.", "DELETE /servers/{server_id}"),
    rule(_API + "start", MEMBER, "Start a stopped server.", "POST /servers/{server_id}/action (os-start)"),
    rule(_API + "stop", MEMBER, "Stop a server.", "POST /servers/{server_id}/action (os-stop)"),
    rule(_API + "reboot", MEMBER, "Reboot a server, softly or hard.", "POST /servers/{server_id}/action (reboot)"),
    rule("os_compute_api:os-extended-server-attributes", ADMIN,
         "See where a server runs and how its guest is named.", *_VIEWS),
]
