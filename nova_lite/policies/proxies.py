"""Who may reach other services through the compute API (to 2.35)."""

from nova_lite.policies.base import ADMIN, ANYONE, MEMBER, READER, rule

_PREFIX = "os_compute_api:"


def _rules(prefix, path, *lines):
    return [rule(f"{_PREFIX}{prefix}{name}", check, f"{words} (to 2.35).", f"{method} {path}{rest}")
            for name, check, words, method, rest in lines]


RULES = [
    *_rules("os-networks:", "/os-networks", ("list", READER, "List networks", "GET", ""),
            ("show", READER, "Show a network", "GET", "/{network_id}")),
    *_rules("os-tenant-networks:", "/os-tenant-networks", ("list", READER, "List a project's networks", "GET", ""),
            ("show", READER, "Show a project's network", "GET", "/{network_id}")),
    *_rules("os-floating-ip-pools", "/os-floating-ip-pools", ("", ANYONE, "List pools of floating IPs", "GET", "")),
    *_rules("os-floating-ips:", "/os-floating-ips", ("list", READER, "List floating IPs", "GET", ""),
            ("show", READER, "Show a floating IP", "GET", "/{floating_ip_id}"),
            ("create", MEMBER, "Take a floating IP", "POST", ""),
            ("delete", MEMBER, "Give a floating IP back", "DELETE", "/{floating_ip_id}")),
    *_rules("os-floating-ips:", "/servers/{server_id}/action (",
            ("add", MEMBER, "Give a server a floating IP", "POST", "addFloatingIp)"),
            ("remove", MEMBER, "Take a floating IP from a server", "POST", "removeFloatingIp)")),
    *_rules("os-security-groups:", "/os-security-groups", ("get", READER, "List security groups", "GET", ""),
            ("show", READER, "Show a security group", "GET", "/{security_group_id}"),
            ("create", MEMBER, "Create a security group", "POST", ""),
            ("update", MEMBER, "Rename a security group", "PUT", "/{security_group_id}"),
            ("delete", MEMBER, "Delete a security group", "DELETE", "/{security_group_id}")),
    *_rules("os-security-groups:rule:", "/os-security-group-rules",
            ("create", MEMBER, "Add a rule to a security group", "POST", ""),
            ("delete", MEMBER, "Remove a rule from a security group", "DELETE", "/{security_group_rule_id}")),
    *_rules("os-volumes:", "/os-volumes", ("list", READER, "List volumes", "GET", ""),
            ("detail", READER, "List volumes with details", "GET", "/detail"),
            ("show", READER, "Show a volume", "GET", "/{volume_id}"),
            ("create", MEMBER, "Create a volume", "POST", ""),
            ("delete", MEMBER, "Delete a volume", "DELETE", "/{volume_id}")),
    *_rules("os-volumes:snapshots:", "/os-snapshots", ("list", READER, "List snapshots", "GET", ""),
            ("detail", READER, "List snapshots with details", "GET", "/detail"),
            ("show", READER, "Show a snapshot", "GET", "/{snapshot_id}"),
            ("create", MEMBER, "Create a snapshot", "POST", ""),
            ("delete", MEMBER, "Delete a snapshot", "DELETE", "/{snapshot_id}")),
    *_rules("os-baremetal-nodes:", "/os-baremetal-nodes", ("list", ADMIN, "List bare metal nodes", "GET", ""),
            ("show", ADMIN, "Show a bare metal node", "GET", "/{node_id}")),
]
