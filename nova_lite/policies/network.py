"""Who may do what with networks.  Names are Neutron's."""

from nova_lite.policies.base import ADMIN, MEMBER, READER, rule

_SHARED = "True:%(shared)s"


def _five(name, path, readers=READER):
    """The rules that every resource has."""
    one = f"{path}/{{id}}"
    return [
        rule(f"create_{name}", MEMBER, f"Create a {name.replace('_', ' ')}.", f"POST {path}"),
        rule(f"get_{name}", readers, f"Show or list {name.replace('_', ' ')}s.", f"GET {path}", f"GET {one}"),
        rule(f"delete_{name}", MEMBER, f"Delete a {name.replace('_', ' ')}.", f"DELETE {one}"),
    ]


def _update(name, path):
    return rule(f"update_{name}", MEMBER, f"Change a {name.replace('_', ' ')}.", f"PUT {path}/{{id}}")


RULES = [
    *_five("network", "/v2.0/networks", f"{READER} or {_SHARED}"),
    _update("network", "/v2.0/networks"),
    rule("create_network:shared", ADMIN, "Create a network that every project may use.", "POST /v2.0/networks"),
    rule("update_network:shared", ADMIN, "Share a network, or stop to.", "PUT /v2.0/networks/{id}"),
    *_five("subnet", "/v2.0/subnets", f"{READER} or {_SHARED}"),
    _update("subnet", "/v2.0/subnets"),
    *_five("port", "/v2.0/ports"),
    _update("port", "/v2.0/ports"),
    rule("update_port:mac_address", ADMIN, "Change the MAC address of a port.", "PUT /v2.0/ports/{id}"),
    *_five("security_group", "/v2.0/security-groups"),
    _update("security_group", "/v2.0/security-groups"),
    *_five("security_group_rule", "/v2.0/security-group-rules"),
    rule("get_quota", READER, "Show a project's network quota.", "GET /v2.0/quotas/{project_id}",
         "GET /v2.0/quotas/{project_id}/default"),
]
