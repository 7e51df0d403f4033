"""The network API's table: the part of Neutron's v2.0 that servers need."""

from nova_lite.api.network.discovery import Discovery, Quotas
from nova_lite.api.network.networks import Networks
from nova_lite.api.network.ports import Ports
from nova_lite.api.network.security_groups import SecurityGroupRules, SecurityGroups
from nova_lite.api.network.subnets import Subnets
from nova_lite.api.wsgi.routing import Route


def _collection(path, name, methods=("index", "create", "show", "update", "delete")):
    """The five routes of a kind of resource."""
    one = f"{path}/{{id}}"
    where = {"index": ("GET", path, "get"), "create": ("POST", path, "create"), "show": ("GET", one, "get"),
             "update": ("PUT", one, "update"), "delete": ("DELETE", one, "delete")}
    return tuple(Route(where[each][0], where[each][1], f"{name}s:{each}", policy=f"{where[each][2]}_{name}")
                 for each in methods)


ROUTES = (
    Route("GET", "/", "discovery:resources"),
    Route("GET", "/extensions", "discovery:extensions"),
    Route("GET", "/extensions/{alias}", "discovery:extension"),
    Route("GET", "/availability_zones", "discovery:none"),
    Route("GET", "/agents", "discovery:none"),
    *_collection("/networks", "network"),
    *_collection("/subnets", "subnet"),
    *_collection("/ports", "port"),
    *_collection("/security-groups", "security_group"),
    *_collection("/security-group-rules", "security_group_rule", ("index", "create", "show", "delete")),
    Route("GET", "/quotas/{project_id}", "quotas:show", policy="get_quota"),
    Route("GET", "/quotas/{project_id}/details", "quotas:details", policy="get_quota"),
    Route("GET", "/quotas/{project_id}/default", "quotas:show", policy="get_quota"),
)


def controllers(doors):
    return {"discovery": Discovery(), "networks": Networks(doors.network), "subnets": Subnets(doors.network),
            "ports": Ports(doors.network), "security_groups": SecurityGroups(doors.network),
            "security_group_rules": SecurityGroupRules(doors.network), "quotas": Quotas(doors.network)}
