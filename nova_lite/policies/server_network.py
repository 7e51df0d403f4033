"""Who may see the addresses, interfaces and security groups of servers."""

from nova_lite.policies.base import READER, rule

RULES = [
    rule("os_compute_api:ips:index", READER, "List a server's addresses.", "GET /servers/{server_id}/ips"),
    rule("os_compute_api:ips:show", READER, "List a server's addresses in one network.",
         "GET /servers/{server_id}/ips/{network_label}"),
    rule("os_compute_api:os-attach-interfaces:list", READER, "List a server's interfaces.",
         "GET /servers/{server_id}/os-interface"),
    rule("os_compute_api:os-attach-interfaces:show", READER, "Show one of a server's interfaces.",
         "GET /servers/{server_id}/os-interface/{port_id}"),
    rule("os_compute_api:os-security-groups:list", READER, "List a server's security groups.",
         "GET /servers/{server_id}/os-security-groups"),
]
