"""Who may see and manage services, hypervisors and availability zones."""

from nova_lite.policies.base import ADMIN, ANYONE, rule

_SERVICES = "os_compute_api:os-services:"
_HYPERVISORS = "os_compute_api:os-hypervisors:"
_ZONES = "os_compute_api:os-availability-zone:"

RULES = [
    rule(_ZONES + "list", ANYONE, "List availability zones.", "GET /os-availability-zone"),
    rule(_ZONES + "detail", ADMIN, "List availability zones with their hosts.", "GET /os-availability-zone/detail"),
    rule(_SERVICES + "list", ADMIN, "List the cloud's services.", "GET /os-services"),
    rule(_SERVICES + "update", ADMIN, "Enable, disable or force down a service.", "PUT /os-services/{service_id}"),
    rule(_SERVICES + "delete", ADMIN, "Forget a service.", "DELETE /os-services/{service_id}"),
    rule(_HYPERVISORS + "list", ADMIN, "List hypervisors.", "GET /os-hypervisors"),
    rule(_HYPERVISORS + "list-detail", ADMIN, "List hypervisors with details.", "GET /os-hypervisors/detail"),
    rule(_HYPERVISORS + "show", ADMIN, "Show a hypervisor.", "GET /os-hypervisors/{hypervisor_id}"),
    rule(_HYPERVISORS + "statistics", ADMIN, "See the sums over all hypervisors (to 2.87).",
         "GET /os-hypervisors/statistics"),
    rule(_HYPERVISORS + "uptime", ADMIN, "See how long a hypervisor is up (to 2.87).",
         "GET /os-hypervisors/{hypervisor_id}/uptime"),
    rule(_HYPERVISORS + "search", ADMIN, "Find hypervisors by name (to 2.52).",
         "GET /os-hypervisors/{hypervisor_hostname_pattern}/search"),
    rule(_HYPERVISORS + "servers", ADMIN, "Find the servers of hypervisors by name (to 2.52).",
         "GET /os-hypervisors/{hypervisor_hostname_pattern}/servers"),
]
