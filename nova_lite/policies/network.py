"""Who may do what with networks.  Names and checks are Neutron's.

A target holds project_id, and where a network is concerned ``network:project_id`` (its owner) and ``shared``; that of a
port has its ``device_owner`` too, that of a rule of a security group ``security_group:project_id``.
"""

from oslo_policy import policy

from nova_lite.objects import qos_rules
from nova_lite.policies import field_check  # noqa: F401
from nova_lite.policies.base import ADMIN, rule

_SERVICE = "rule:service_api"
_MANAGER, _MEMBER, _READER = (f"role:{role} and project_id:%(project_id)s" for role in ("manager", "member", "reader"))
_NET_MANAGER, _NET_MEMBER, _NET_READER = (f"role:{role} and rule:network_owner"
                                          for role in ("manager", "member", "reader"))
_SHARED = "rule:shared"


def _any(*checks):
    return " or ".join(f"({each})" for each in checks)


_ADMIN_OR_SERVICE = _any(ADMIN, _SERVICE)
_ADMIN_OR_MEMBER, _ADMIN_OR_READER = _any(ADMIN, _MEMBER), _any(ADMIN, _READER)
_ADMIN_OR_NET_MEMBER = _any(ADMIN, _NET_MEMBER)
_SUBNET_MEMBER = _any(_MEMBER, _ADMIN_OR_NET_MEMBER)
_SUBNET_TAGS = _any(_READER, _SHARED, "rule:external_network", ADMIN, _NET_READER)
_SUBNET_READER = _any(_SUBNET_TAGS, _SERVICE)
_ON_OWN_NETWORK = _any(_ADMIN_OR_SERVICE, _NET_MEMBER)
_ON_ANY_NETWORK = _any(_ON_OWN_NETWORK, _SHARED)
_MEMBER_OR_SERVICE = _any(_ADMIN_OR_MEMBER, _SERVICE)
_GROUP_MEMBER, _GROUP_READER = (_any(ADMIN, f"role:{role} and rule:sg_owner") for role in ("member", "reader"))

#: What the rules below are made of.
WORDS = [policy.RuleDefault(name, check) for name, check in (
    ("network_owner", "project_id:%(network:project_id)s"),
    ("sg_owner", "project_id:%(security_group:project_id)s"),
    ("ext_parent_owner", "project_id:%(ext_parent:project_id)s"),
    ("shared", "field:networks:shared=True"),
    ("external", "field:networks:router:external=True"),
    ("external_network", "field:subnets:router:external=True"),
    ("shared_subnetpools", "field:subnetpools:shared=True"),
    ("shared_address_scopes", "field:address_scopes:shared=True"),
    ("shared_address_groups", "field:address_groups:shared=True"),
    ("shared_security_group", "field:security_groups:shared=True"),
    ("shared_qos_policy", "field:policies:shared=True"),
    ("restrict_wildcard", f"(not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*) or "
                          f"{ADMIN}"),
    ("network_device", "field:port:device_owner=~^network:"),
    ("compute_device", "field:port:device_owner=~^compute:"),
    ("baremetal_device", "field:port:device_owner=~^baremetal:"),
    ("manila_device", "field:port:device_owner=~^manila:"),
)]

_ROUTERS, _FLOATING = "/v2.0/routers", "/v2.0/floatingips"
_BINDINGS = "/v2.0/ports/{port_id}/bindings"
_PORTS, _PORT = ("POST /v2.0/ports",), ("PUT /v2.0/ports/{id}",)
_DEVICE_OWNER = _any("not rule:network_device", _ADMIN_OR_SERVICE, _NET_MEMBER)

#: attribute -> (check on create, check on update); a colon more: what an entry of the attribute's list says.
PORT_ATTRIBUTES = {
    "device_id": (_MEMBER_OR_SERVICE, _MEMBER_OR_SERVICE),
    "device_owner": (_DEVICE_OWNER, _DEVICE_OWNER),
    "mac_address": (_ON_OWN_NETWORK, _any(_ADMIN_OR_SERVICE, _NET_MANAGER)),
    "fixed_ips": (_ON_ANY_NETWORK, _ON_OWN_NETWORK),
    "fixed_ips:ip_address": (_ON_OWN_NETWORK, _ON_OWN_NETWORK),
    "fixed_ips:subnet_id": (_ON_ANY_NETWORK, _ON_ANY_NETWORK),
    "port_security_enabled": (_ON_OWN_NETWORK, _ON_OWN_NETWORK),
    "binding:host_id": (_ADMIN_OR_SERVICE, _ADMIN_OR_SERVICE),
    "binding:profile": (_SERVICE, _SERVICE),
    "binding:vnic_type": (_MEMBER_OR_SERVICE, _any(_ADMIN_OR_SERVICE, _MEMBER)),
    **dict.fromkeys(("allowed_address_pairs", "allowed_address_pairs:mac_address", "allowed_address_pairs:ip_address"),
                    (_any(_ADMIN_OR_NET_MEMBER, _SERVICE),) * 2),
}
#: Attributes of ports that not everyone who sees the port sees.
PORT_SECRETS = ("binding:vif_type", "binding:vif_details", "binding:host_id", "binding:profile")
#: What a port asks of Placement, which only operators see.
PORT_REQUEST = "resource_request"
#: Attributes of routers that only operators see.
ROUTER_SECRETS = ("distributed", "ha")
#: attribute -> check on create and update; a colon more: what is said of the gateway.
ROUTER_ATTRIBUTES = {
    "distributed": ADMIN, "ha": ADMIN,
    "external_gateway_info": _ADMIN_OR_MEMBER, "external_gateway_info:network_id": _ADMIN_OR_MEMBER,
    "external_gateway_info:enable_snat": ADMIN, "external_gateway_info:external_fixed_ips": ADMIN}
#: Attributes of networks that administrators alone choose and see.
PROVIDER_ATTRIBUTES = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
#: Neutron lets no project delete a port of its servers but through Nova; here that takes the NIC from the server.
_DELETE_PORT = _any(_ADMIN_OR_SERVICE, _MEMBER, "not rule:compute_device and not rule:baremetal_device and "
                                                f"not rule:manila_device and {_NET_MEMBER}")
#: Neutron lets readers make ports on shared networks.
_CREATE_PORT = _any(_ON_OWN_NETWORK, f"role:member and {_SHARED}")


def _attributes():
    for name, (create, update) in PORT_ATTRIBUTES.items():
        yield rule(f"create_port:{name}", create, f"Choose {name} of a new port.", *_PORTS)
        yield rule(f"update_port:{name}", update, f"Change {name} of a port.", *_PORT)
    for name in (*PORT_SECRETS, PORT_REQUEST):
        yield rule(f"get_port:{name}", ADMIN if name == PORT_REQUEST else _ADMIN_OR_SERVICE, f"See {name} of a port.",
                   "GET /v2.0/ports", "GET /v2.0/ports/{id}")


def _router_attributes():
    one = f"{_ROUTERS}/{{id}}"
    for name, check in ROUTER_ATTRIBUTES.items():
        yield rule(f"create_router:{name}", check, f"Choose {name} of a new router.", f"POST {_ROUTERS}")
        yield rule(f"update_router:{name}", check, f"Change {name} of a router.", f"PUT {one}")
    for name in ROUTER_SECRETS:
        yield rule(f"get_router:{name}", ADMIN, f"See {name} of a router.", f"GET {_ROUTERS}", f"GET {one}")
    for name, words in (("add_router_interface", "Give a router an interface."),
                        ("remove_router_interface", "Take an interface from a router."),
                        ("add_extraroutes", "Add routes to a router."),
                        ("remove_extraroutes", "Take routes from a router.")):
        yield rule(name, _ADMIN_OR_MEMBER, words, f"PUT {one}/{name}")


def _network_attributes():
    one = f"{_NETWORKS}/{{id}}"
    for name in PROVIDER_ATTRIBUTES:
        yield rule(f"create_network:{name}", ADMIN, f"Choose {name} of a new network.", f"POST {_NETWORKS}")
        yield rule(f"update_network:{name}", ADMIN, f"Change {name} of a network.", f"PUT {one}")
        yield rule(f"get_network:{name}", ADMIN, f"See {name} of a network.", f"GET {_NETWORKS}", f"GET {one}")


def _plural(words):
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _five(name, path, create, read, write, words=None):
    """The rules that every resource has.  :param words: what it is called; None: as its name."""
    one, words = f"{path}/{{id}}", words or name.replace("_", " ")
    return [rule(f"create_{name}", create, f"Create a {words}.", f"POST {path}"),
            rule(f"get_{name}", read, f"Show or list {_plural(words)}.", f"GET {path}", f"GET {one}"),
            rule(f"update_{name}", write, f"Change a {words}.", f"PUT {one}"),
            rule(f"delete_{name}", write, f"Delete a {words}.", f"DELETE {one}")]


def _tags(name, path, read, write, delete=None, words=None, named=None):
    """The rules of a kind's tags.  :param named: how they are called; None: as everywhere."""
    tags, words = f"{path}/{{id}}/tags", words or name.replace("_", " ")
    named = named or f"{{}}_{name}:tags"
    return [rule(named.format("create"), write, f"Give a {words} more tags, or a new one its first.", f"POST {tags}"),
            rule(named.format("get"), read, f"Show the tags of a {words}.", f"GET {tags}", f"GET {tags}/{{tag}}"),
            rule(named.format("update"), write, f"Change the tags of a {words}.", f"PUT {tags}", f"PUT {tags}/{{tag}}"),
            rule(named.format("delete"), delete or write, f"Remove tags of a {words}.", f"DELETE {tags}",
                 f"DELETE {tags}/{{tag}}")]


_NETWORK_TAGS = _any(_ADMIN_OR_READER, _SHARED, "rule:external")
_NETWORK_READER = _any(_NETWORK_TAGS, _SERVICE)
_PORT_TAGS = _any(ADMIN, _NET_READER, _READER)
_PORT_READER = _any(_PORT_TAGS, _SERVICE)
_SUBNETPOOLS, _SCOPES = "/v2.0/subnetpools", "/v2.0/address-scopes"
_POOL_SEEN = _any(_ADMIN_OR_READER, "rule:shared_subnetpools")
_GROUP_SEEN = _any(_ADMIN_OR_READER, "rule:shared_security_group")
_NETWORKS, _SUBNETS, _GROUPS = "/v2.0/networks", "/v2.0/subnets", "/v2.0/security-groups"
_ADDRESS_GROUPS, _FIRST_RULES = "/v2.0/address-groups", "/v2.0/default-security-group-rules"
_TRUNKS, _SEGMENTS = "/v2.0/trunks", "/v2.0/segments"
_AVAILABILITY = "/v2.0/network-ip-availabilities"
_POLICIES, _NO_WILDCARD = "/v2.0/rbac-policies", "rule:restrict_wildcard"
_GROUP_RULES, _QUOTAS = "/v2.0/security-group-rules", "/v2.0/quotas"

_QOS = "/v2.0/qos"
_QOS_POLICIES = f"{_QOS}/policies"
_ADMIN_OR_MANAGER, _QOS_SEEN = _any(ADMIN, _MANAGER), _any(_ADMIN_OR_READER, "rule:shared_qos_policy")
_QOS_RULE_MANAGER, _QOS_RULE_READER = (_any(ADMIN, f"role:{role} and rule:ext_parent_owner")
                                       for role in ("manager", "reader"))


def _qos_rules():
    for each in qos_rules.TYPES:
        name, words = f"{each}_rule", each.replace("_", " ")
        several, alias = f"{_QOS_POLICIES}/{{policy_id}}/{name}s", f"{_QOS}/alias_{name}s/{{id}}"
        one = f"{several}/{{id}}"
        yield rule(f"create_policy_{name}", _QOS_RULE_MANAGER, f"Add a {words} rule to a QoS policy.",
                   f"POST {several}")
        yield rule(f"get_policy_{name}", _QOS_RULE_READER, f"Show or list {words} rules of a QoS policy.",
                   f"GET {several}", f"GET {one}")
        yield rule(f"update_policy_{name}", _QOS_RULE_MANAGER, f"Change a {words} rule of a QoS policy.", f"PUT {one}")
        yield rule(f"delete_policy_{name}", _QOS_RULE_MANAGER, f"Delete a {words} rule of a QoS policy.",
                   f"DELETE {one}")
        if each not in qos_rules.ALIASED:
            continue
        yield rule(f"get_alias_{name}", _QOS_RULE_READER, f"Show a {words} rule by its id alone.", f"GET {alias}")
        yield rule(f"update_alias_{name}", _QOS_RULE_MANAGER, f"Change a {words} rule by its id alone.",
                   f"PUT {alias}")
        yield rule(f"delete_alias_{name}", _QOS_RULE_MANAGER, f"Delete a {words} rule by its id alone.",
                   f"DELETE {alias}")


RULES = [
    *WORDS,
    *_five("network", _NETWORKS, _ADMIN_OR_MEMBER, _NETWORK_READER, _ADMIN_OR_MEMBER),
    rule("create_network:shared", ADMIN, "Create a network that every project may use.", f"POST {_NETWORKS}"),
    rule("update_network:shared", ADMIN, "Share a network, or stop to.", f"PUT {_NETWORKS}/{{id}}"),
    rule("create_network:router:external", ADMIN, "Create a network that routers have gateways to.",
         f"POST {_NETWORKS}"),
    rule("update_network:router:external", ADMIN, "Make a network external, or not any more.",
         f"PUT {_NETWORKS}/{{id}}"),
    rule("create_network:is_default", ADMIN, "Create the default external network.", f"POST {_NETWORKS}"),
    rule("update_network:is_default", ADMIN, "Make a network the default external one, or not any more.",
         f"PUT {_NETWORKS}/{{id}}"),
    rule("create_network:port_security_enabled", _ADMIN_OR_MEMBER, "Create a network with ports without port security.",
         f"POST {_NETWORKS}"),
    rule("update_network:port_security_enabled", _ADMIN_OR_MEMBER, "Change whether new ports have port security.",
         f"PUT {_NETWORKS}/{{id}}"),
    *_tags("network", _NETWORKS, _NETWORK_TAGS, _ADMIN_OR_MEMBER),
    *_five("subnet", _SUBNETS, _ADMIN_OR_NET_MEMBER, _SUBNET_READER, _SUBNET_MEMBER),
    rule("create_subnet:segment_id", ADMIN, "Name the segment of a new subnet.", f"POST {_SUBNETS}"),
    rule("get_subnet:segment_id", ADMIN, "See the segment of a subnet.", f"GET {_SUBNETS}", f"GET {_SUBNETS}/{{id}}"),
    *_tags("subnet", _SUBNETS, _SUBNET_TAGS, _SUBNET_MEMBER),
    *_five("subnetpool", _SUBNETPOOLS, _ADMIN_OR_MEMBER, _POOL_SEEN, _ADMIN_OR_MEMBER),
    rule("create_subnetpool:shared", ADMIN, "Create a subnet pool that every project may use.",
         f"POST {_SUBNETPOOLS}"),
    rule("create_subnetpool:is_default", ADMIN, "Create the default subnet pool.", f"POST {_SUBNETPOOLS}"),
    rule("update_subnetpool:is_default", ADMIN, "Make a subnet pool the default one, or not any more.",
         f"PUT {_SUBNETPOOLS}/{{id}}"),
    rule("add_prefixes", _ADMIN_OR_MEMBER, "Add prefixes to a subnet pool.",
         f"PUT {_SUBNETPOOLS}/{{id}}/add_prefixes"),
    rule("remove_prefixes", _ADMIN_OR_MEMBER, "Take prefixes from a subnet pool.",
         f"PUT {_SUBNETPOOLS}/{{id}}/remove_prefixes"),
    *_tags("subnetpool", _SUBNETPOOLS, _POOL_SEEN, _ADMIN_OR_MEMBER),
    *_network_attributes(),
    *_five("address_scope", _SCOPES, _ADMIN_OR_MEMBER, _any(_ADMIN_OR_READER, "rule:shared_address_scopes"),
           _ADMIN_OR_MEMBER),
    rule("create_address_scope:shared", ADMIN, "Create an address scope that every project may use.",
         f"POST {_SCOPES}"),
    rule("update_address_scope:shared", ADMIN, "Share an address scope with every project.", f"PUT {_SCOPES}/{{id}}"),
    *[each for each in _five("port", "/v2.0/ports", _CREATE_PORT, _PORT_READER, _any(_ADMIN_OR_SERVICE, _MEMBER))
      if each.name != "delete_port"],
    rule("delete_port", _DELETE_PORT, "Delete a port.", "DELETE /v2.0/ports/{id}"),
    *_attributes(),
    rule("get_port_binding", _ADMIN_OR_SERVICE, "Show or list the hosts that a port is bound to.", f"GET {_BINDINGS}",
         f"GET {_BINDINGS}/{{id}}"),
    rule("create_port_binding", _SERVICE, "Bind a port to one more host.", f"POST {_BINDINGS}"),
    # Neutron declares none of this name, and asks what is asked of all that has no rule.
    rule("update_port_binding", ADMIN, "Change a binding of a port.", f"PUT {_BINDINGS}/{{id}}"),
    rule("delete_port_binding", _SERVICE, "Unbind a port from a host.", f"DELETE {_BINDINGS}/{{id}}"),
    rule("activate", _SERVICE, "Make a binding of a port the active one.", f"PUT {_BINDINGS}/{{id}}/activate"),
    *_tags("port", "/v2.0/ports", _PORT_TAGS, _ADMIN_OR_MEMBER, _SUBNET_MEMBER),
    *_five("router", _ROUTERS, _ADMIN_OR_MEMBER, _ADMIN_OR_READER, _ADMIN_OR_MEMBER),
    *_router_attributes(),
    *_tags("router", _ROUTERS, _ADMIN_OR_READER, _ADMIN_OR_MEMBER),
    *_five("floatingip", _FLOATING, _ADMIN_OR_MEMBER, _ADMIN_OR_READER, _ADMIN_OR_MEMBER),
    rule("create_floatingip:floating_ip_address", _any(ADMIN, _MANAGER), "Choose the address of a new floating IP.",
         f"POST {_FLOATING}"),
    rule("get_auto_allocated_topology", _ADMIN_OR_READER, "Show a project's network of those made for any, or make it.",
         "GET /v2.0/auto-allocated-topology/{id}"),
    rule("delete_auto_allocated_topology", _ADMIN_OR_MEMBER, "Delete that network.",
         "DELETE /v2.0/auto-allocated-topology/{id}"),
    rule("get_floatingip_pool", _ADMIN_OR_READER, "List where floating IPs come from.", "GET /v2.0/floatingip_pools",
         "GET /v2.0/floatingip-pools"),
    *_tags("floatingip", _FLOATING, _ADMIN_OR_READER, _ADMIN_OR_MEMBER),
    *_five("floatingip_port_forwarding", f"{_FLOATING}/{{floatingip_id}}/port_forwardings",
           _any(ADMIN, "role:member and rule:ext_parent_owner"), _any(ADMIN, "role:reader and rule:ext_parent_owner"),
           _any(ADMIN, "role:member and rule:ext_parent_owner")),
    *_five("segment", _SEGMENTS, ADMIN, ADMIN, ADMIN),
    *_tags("segment", _SEGMENTS, ADMIN, ADMIN, named="{}_segments_tags"),
    *_five("trunk", _TRUNKS, _ADMIN_OR_MEMBER, _ADMIN_OR_READER, _ADMIN_OR_MEMBER),
    *_tags("trunk", _TRUNKS, _ADMIN_OR_READER, _ADMIN_OR_MEMBER),
    rule("get_subports", _ADMIN_OR_READER, "Show the sub-ports of a trunk.", f"GET {_TRUNKS}/{{id}}/get_subports"),
    rule("add_subports", _ADMIN_OR_MEMBER, "Add sub-ports to a trunk.", f"PUT {_TRUNKS}/{{id}}/add_subports"),
    rule("remove_subports", _ADMIN_OR_MEMBER, "Take sub-ports from a trunk.",
         f"PUT {_TRUNKS}/{{id}}/remove_subports"),
    *_five("security_group", _GROUPS, _ADMIN_OR_MEMBER, _GROUP_SEEN, _ADMIN_OR_MEMBER),
    *_tags("security_group", _GROUPS, _GROUP_SEEN, _ADMIN_OR_MEMBER),
    *[each for each in _five("security_group_rule", _GROUP_RULES, _GROUP_MEMBER, _GROUP_READER, _GROUP_MEMBER)
      if each.name != "update_security_group_rule"],
    *[each for each in _five("default_security_group_rule", _FIRST_RULES, ADMIN, "role:reader", ADMIN)
      if each.name != "update_default_security_group_rule"],
    *_five("address_group", _ADDRESS_GROUPS, _ADMIN_OR_MEMBER, _any(_ADMIN_OR_READER, "rule:shared_address_groups"),
           _ADMIN_OR_MEMBER),
    rule("add_addresses", _ADMIN_OR_MEMBER, "Add addresses to an address group.",
         f"PUT {_ADDRESS_GROUPS}/{{id}}/add_addresses"),
    rule("remove_addresses", _ADMIN_OR_MEMBER, "Take addresses from an address group.",
         f"PUT {_ADDRESS_GROUPS}/{{id}}/remove_addresses"),
    *_five("rbac_policy", _POLICIES, _ADMIN_OR_MEMBER, _ADMIN_OR_READER, _ADMIN_OR_MEMBER),
    rule("create_rbac_policy:target_tenant", _NO_WILDCARD, "Share a resource with every project.", f"POST {_POLICIES}"),
    rule("update_rbac_policy:target_tenant", _NO_WILDCARD, "Share a resource with every project.",
         f"PUT {_POLICIES}/{{id}}"),
    *_five("policy", _QOS_POLICIES, _ADMIN_OR_MANAGER, _QOS_SEEN, _ADMIN_OR_MANAGER, "QoS policy"),
    *_tags("policy", _QOS_POLICIES, _QOS_SEEN, _ADMIN_OR_MANAGER, words="QoS policy"),
    *_qos_rules(),
    rule("get_rule_type", "role:reader", "Show which rules QoS policies can have.", f"GET {_QOS}/rule-types",
         f"GET {_QOS}/rule-types/{{id}}"),
    rule("get_network_ip_availability", _ADMIN_OR_SERVICE, "Show how many addresses networks have left.",
         f"GET {_AVAILABILITY}", f"GET {_AVAILABILITY}/{{id}}"),
    rule("get_agent", ADMIN, "Show the hosts that have networks.", "GET /v2.0/agents", "GET /v2.0/agents/{id}"),
    rule("get_availability_zone", "role:reader", "List the zones of hosts that have networks.",
         "GET /v2.0/availability_zones"),
    rule("get_service_provider", "role:reader", "List what makes routers.", "GET /v2.0/service-providers"),
    rule("get_quota", _any(ADMIN, _MANAGER), "Show network quotas of other projects; everyone sees their own.",
         f"GET {_QUOTAS}", f"GET {_QUOTAS}/{{project_id}}", f"GET {_QUOTAS}/{{project_id}}/details",
         f"GET {_QUOTAS}/{{project_id}}/default"),
    rule("update_quota", ADMIN, "Change a project's network quota.", f"PUT {_QUOTAS}/{{project_id}}"),
    rule("delete_quota", ADMIN, "Give a project the default network quota.", f"DELETE {_QUOTAS}/{{project_id}}"),
]
