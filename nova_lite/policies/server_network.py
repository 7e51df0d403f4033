"""Who may see and change the addresses, interfaces and security groups of servers."""

from nova_lite.policies.base import ADMIN, MEMBER, READER, rule

_ACTION = "POST /servers/{server_id}/action"

RULES = [
    rule("os_compute_api:ips:index", READER, "List a server's addresses.", "GET /servers/{server_id}/ips"),
    rule("os_compute_api:ips:show", READER, "List a server's addresses in one network.",
         "GET /servers/{server_id}/ips/{network_label}"),
    rule("os_compute_api:os-attach-interfaces:list", READER, "List a server's interfaces.",
         "GET /servers/{server_id}/os-interface"),
    rule("os_compute_api:os-attach-interfaces:show", READER, "Show one of a server's interfaces.",
         "GET /servers/{server_id}/os-interface/{port_id}"),
    rule("os_compute_api:os-attach-interfaces:create", MEMBER, "Attach an interface to a server.",
         "POST /servers/{server_id}/os-interface"),
    rule("os_compute_api:os-attach-interfaces:delete", MEMBER, "Detach an interface from a server.",
         "DELETE /servers/{server_id}/os-interface/{port_id}"),
    rule("network:attach_external_network", ADMIN, "Give a server an interface on an external network.",
         "POST /servers", "POST /servers/{server_id}/os-interface"),
    rule("os_compute_api:os-multinic:add", MEMBER, "Give a server another address in a network.",
         f"{_ACTION} (addFixedIp)"),
    rule("os_compute_api:os-multinic:remove", MEMBER, "Take an address away from a server.",
         f"{_ACTION} (removeFixedIp)"),
    rule("os_compute_api:os-security-groups:add", MEMBER, "Put a server into a security group.",
         f"{_ACTION} (addSecurityGroup)"),
    rule("os_compute_api:os-security-groups:remove", MEMBER, "Take a server out of a security group.",
         f"{_ACTION} (removeSecurityGroup)"),
    rule("os_compute_api:os-security-groups:list", READER, "List a server's security groups.",
         "GET /servers/{server_id}/os-security-groups"),
]
