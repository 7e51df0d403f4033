"""Who may send events of servers."""

from nova_lite.policies.base import ADMIN, SERVICE, rule

RULES = [rule("os_compute_api:os-server-external-events:create", SERVICE,
              "Report what happened to a server's port, volume or power.", "POST /os-server-external-events"),
         rule("os_compute_api:os-admin-actions:inject_network_info", ADMIN, "Inject network information into a server.",
              "POST /servers/{server_id}/action (injectNetworkInfo)")]
