"""The network API's table: the part of Neutron's v2.0 that servers need."""

from nova_lite.api.network.absent import Absent
from nova_lite.api.network.address_groups import AddressGroups
from nova_lite.api.network.address_scopes import AddressScopes
from nova_lite.api.network.agents import Agents
from nova_lite.api.network.auto_topologies import AutoTopologies
from nova_lite.api.network.default_security_group_rules import DefaultSecurityGroupRules
from nova_lite.api.network.discovery import Discovery
from nova_lite.api.network.extensions import PACKET_RATES, QOS, ROUTERS, TRUNKS
from nova_lite.api.network.floating_ips import FloatingIps
from nova_lite.api.network.ip_availability import IpAvailability
from nova_lite.api.network.networks import Networks
from nova_lite.api.network.port_bindings import PortBindings
from nova_lite.api.network.port_forwardings import PortForwardings
from nova_lite.api.network.ports import Ports
from nova_lite.api.network.qos_policies import QosPolicies
from nova_lite.api.network.qos_rules import RULES
from nova_lite.api.network.quotas import Quotas
from nova_lite.api.network.rbac_policies import RbacPolicies
from nova_lite.api.network.routers import Routers
from nova_lite.api.network.security_groups import SecurityGroupRules, SecurityGroups
from nova_lite.api.network.segments import Segments
from nova_lite.api.network.service_providers import ServiceProviders
from nova_lite.api.network.subnet_pools import SubnetPools
from nova_lite.api.network.subnets import Subnets
from nova_lite.api.network.tags import Tags
from nova_lite.api.network.trunks import Trunks
from nova_lite.api.wsgi.routing import Route
from nova_lite.objects import qos_rules


def _collection(path, name, methods=("index", "create", "show", "update", "delete"), plural=None):
    """The five routes of a kind of resource."""
    plural = plural or f"{name}s"
    one = f"{path}/{{id}}"
    where = {"index": ("GET", path, "get"), "create": ("POST", path, "create"), "show": ("GET", one, "get"),
             "update": ("PUT", one, "update"), "delete": ("DELETE", one, "delete")}
    return tuple(Route(where[each][0], where[each][1], f"{plural}:{each}", policy=f"{where[each][2]}_{name}")
                 for each in methods)


def _tags(path, name, named="{}_{}:tags"):
    """The routes of the tags of a kind of resource.  :param named: how their rules are called."""
    several, one = f"{path}/{{id}}/tags", f"{path}/{{id}}/tags/{{tag}}"
    where = {"index": ("GET", several, "get"), "create": ("POST", several, "create"),
             "update_all": ("PUT", several, "update"), "delete_all": ("DELETE", several, "delete"),
             "show": ("GET", one, "get"), "update": ("PUT", one, "update"), "delete": ("DELETE", one, "delete")}
    return tuple(Route(method, each, f"{name}_tags:{target}", policy=named.format(rule, name))
                 for target, (method, each, rule) in where.items())


def _qos_rules(name):
    """The routes of a type of rules of QoS policies, below their policy and by their ids alone."""
    rule, alias = f"{name}_rule", f"/qos/alias_{name}_rules/{{id}}"
    return (*_collection(f"/qos/policies/{{policy_id}}/{rule}s", f"policy_{rule}", plural=f"{rule}s"),
            *(Route(method, alias, f"{rule}s:{target}_alias", policy=f"{action}_alias_{rule}")
              for method, target, action in (("GET", "show", "get"), ("PUT", "update", "update"),
                                             ("DELETE", "delete", "delete")) if name in qos_rules.ALIASED))


ROUTES = (
    Route("GET", "/", "discovery:resources"),
    Route("GET", "/extensions", "discovery:extensions"),
    Route("GET", "/extensions/{alias}", "discovery:extension"),
    Route("GET", "/availability_zones", "agents:zones", policy="get_availability_zone"),
    Route("GET", "/service-providers", "service_providers:index", policy="get_service_provider"),
    Route("GET", "/agents", "agents:index", policy="get_agent"),
    Route("GET", "/agents/{id}", "agents:show", policy="get_agent"),
    *_collection("/networks", "network"),
    *_collection("/subnets", "subnet"),
    *_collection("/subnetpools", "subnetpool"),
    Route("PUT", "/subnetpools/{id}/add_prefixes", "subnetpools:add_prefixes", policy="add_prefixes"),
    Route("PUT", "/subnetpools/{id}/remove_prefixes", "subnetpools:remove_prefixes", policy="remove_prefixes"),
    *_collection("/address-scopes", "address_scope"),
    *_collection("/ports", "port"),
    *_collection("/ports/{port_id}/bindings", "port_binding"),
    Route("PUT", "/ports/{port_id}/bindings/{id}/activate", "port_bindings:activate", policy="activate"),
    *_collection("/routers", "router"),
    *(Route("PUT", f"/routers/{{id}}/{each}", f"routers:{each}", policy=each) for each in (
        "add_router_interface", "remove_router_interface", "add_extraroutes", "remove_extraroutes")),
    *(Route(method, "/auto-allocated-topology/{id}", f"auto_topologies:{target}",
            policy=f"{action}_auto_allocated_topology")
      for method, target, action in (("GET", "show", "get"), ("DELETE", "delete", "delete"))),
    *_collection("/floatingips", "floatingip"),
    *_collection("/floatingips/{floatingip_id}/port_forwardings", "floatingip_port_forwarding",
                 plural="port_forwardings"),
    Route("GET", "/floatingip_pools", "floatingips:pools", policy="get_floatingip_pool"),
    Route("GET", "/floatingip-pools", "floatingips:pools", policy="get_floatingip_pool"),
    *_collection("/segments", "segment"),
    *_tags("/segments", "segment", "{}_{}s_tags"),
    *_collection("/trunks", "trunk"),
    Route("GET", "/trunks/{id}/get_subports", "trunks:get_subports", policy="get_subports"),
    *(Route("PUT", f"/trunks/{{id}}/{each}", f"trunks:{each}", policy=each) for each in (
        "add_subports", "remove_subports")),
    *_tags("/trunks", "trunk"),
    *_collection("/security-groups", "security_group"),
    *_collection("/security-group-rules", "security_group_rule", ("index", "create", "show", "delete")),
    *_collection("/default-security-group-rules", "default_security_group_rule", ("index", "create", "show", "delete")),
    *_collection("/address-groups", "address_group"),
    Route("PUT", "/address-groups/{id}/add_addresses", "address_groups:add_addresses", policy="add_addresses"),
    Route("PUT", "/address-groups/{id}/remove_addresses", "address_groups:remove_addresses", policy="remove_addresses"),
    *_collection("/qos/policies", "policy", plural="policies"),
    *_tags("/qos/policies", "policy"),
    *_tags("/policies", "policy"),          # where Neutron has them, whatever its documentation says
    *(route for each in RULES for route in _qos_rules(each)),
    Route("GET", "/qos/rule-types", "policies:types", policy="get_rule_type"),
    Route("GET", "/qos/rule-types/{id}", "policies:type", policy="get_rule_type"),
    *_collection("/rbac-policies", "rbac_policy", plural="rbac_policies"),
    *_tags("/networks", "network"),
    *_tags("/subnets", "subnet"),
    *_tags("/subnetpools", "subnetpool"),
    *_tags("/ports", "port"),
    *_tags("/security-groups", "security_group"),
    Route("GET", "/network-ip-availabilities", "ip_availability:index", policy="get_network_ip_availability"),
    Route("GET", "/network-ip-availabilities/{id}", "ip_availability:show", policy="get_network_ip_availability"),
    *_tags("/routers", "router"),
    *_tags("/floatingips", "floatingip"),
    Route("GET", "/quotas", "quotas:index", policy="get_quota"),
    Route("GET", "/quotas/project", "quotas:project"),
    Route("GET", "/quotas/tenant", "quotas:tenant"),
    Route("PUT", "/quotas/{project_id}", "quotas:update", policy="update_quota"),
    Route("DELETE", "/quotas/{project_id}", "quotas:delete", policy="delete_quota"),
    Route("GET", "/quotas/{project_id}", "quotas:show", policy="get_quota"),
    Route("GET", "/quotas/{project_id}/details", "quotas:details", policy="get_quota"),
    Route("GET", "/quotas/{project_id}/default", "quotas:default", policy="get_quota"),
)


#: Controllers of kinds without tags.
_UNTAGGED = ("security_group_rules", "default_security_group_rules", "rbac_policies", "address_scopes",
             "address_groups", "port_bindings", "port_forwardings", "auto_topologies",
             *(f"{each}_rules" for each in RULES))

#: {what the data plane must be capable of: controllers that are served only then}
_NEED = {TRUNKS: ("trunks",), ROUTERS: ("routers", "floatingips", "port_forwardings", "auto_topologies"),
         QOS: ("policies", *(f"{each}_rules" for each in RULES)),
         **{capability: (f"{each}_rules",) for each, capability in PACKET_RATES.items()}}


def controllers(facades):
    network = facades.network
    made = {"networks": Networks(network), "subnets": Subnets(network),
            "subnetpools": SubnetPools(network), "address_scopes": AddressScopes(network),
            "ports": Ports(network, facades.compute.interfaces), "port_bindings": PortBindings(network),
            "security_groups": SecurityGroups(network), "security_group_rules": SecurityGroupRules(network),
            "default_security_group_rules": DefaultSecurityGroupRules(network),
            "address_groups": AddressGroups(network), "rbac_policies": RbacPolicies(network),
            "routers": Routers(network), "floatingips": FloatingIps(network),
            "port_forwardings": PortForwardings(network), "policies": QosPolicies(network),
            "auto_topologies": AutoTopologies(network), "trunks": Trunks(network),
            "segments": Segments(network),
            **{f"{name}_rules": each(network) for name, each in RULES.items()}}
    made |= {name: Absent(made[name]) for capability, names in _NEED.items() if capability not in network.capabilities
             for name in names if not isinstance(made[name], Absent)}
    tags = {f"{each.name}_tags": Tags(each) for name, each in made.items() if name not in _UNTAGGED}
    return {"discovery": Discovery(network), "quotas": Quotas(network), "ip_availability": IpAvailability(network),
            "agents": Agents(network), "service_providers": ServiceProviders(network),
            **made, **tags}
