"""The part of the compute API's table that operators use most: limits, hosts, aggregates, groups, what was used."""

from nova_lite.api.compute.aggregates import Aggregates
from nova_lite.api.compute.hypervisors import Hypervisors
from nova_lite.api.compute.quota_classes import QuotaClasses
from nova_lite.api.compute.quotas import Limits, QuotaSets
from nova_lite.api.compute.server_groups import ServerGroups
from nova_lite.api.compute.services import Services, Zones
from nova_lite.api.compute.table import action, route

CONTROLLERS = {
    "limits": Limits, "quota_sets": QuotaSets, "quota_classes": QuotaClasses, "services": Services, "zones": Zones,
    "hypervisors": Hypervisors, "server_groups": ServerGroups, "aggregates": Aggregates,
}

_QUOTA, _CLASSES, _HYPERVISORS = "os-quota-sets", "os-quota-class-sets", "os-hypervisors"
_GROUPS, _AGGREGATES = "os-server-groups", "os-aggregates"

ROUTES = (
    route("GET", "/limits", "limits:index", "limits"),
    route("GET", "/os-quota-sets/{id}", "quota_sets:show", f"{_QUOTA}:show"),
    route("PUT", "/os-quota-sets/{id}", "quota_sets:update", f"{_QUOTA}:update"),
    route("DELETE", "/os-quota-sets/{id}", "quota_sets:delete", f"{_QUOTA}:delete"),
    route("GET", "/os-quota-sets/{id}/detail", "quota_sets:detail", f"{_QUOTA}:detail"),
    route("GET", "/os-quota-sets/{id}/defaults", "quota_sets:defaults", f"{_QUOTA}:defaults"),

    route("GET", "/os-availability-zone", "zones:index", "os-availability-zone:list"),
    route("GET", "/os-availability-zone/detail", "zones:detail", "os-availability-zone:detail"),
    route("GET", "/os-services", "services:index", "os-services:list"),
    route("PUT", "/os-services/{id}", "services:update", "os-services:update"),
    route("DELETE", "/os-services/{id}", "services:delete", "os-services:delete"),
    route("GET", "/os-hypervisors", "hypervisors:index", f"{_HYPERVISORS}:list"),
    route("GET", "/os-hypervisors/detail", "hypervisors:detail", f"{_HYPERVISORS}:list-detail"),
    route("GET", "/os-hypervisors/statistics", "hypervisors:statistics", f"{_HYPERVISORS}:statistics", None, "2.87"),
    route("GET", "/os-hypervisors/{id}", "hypervisors:show", f"{_HYPERVISORS}:show"),
    route("GET", "/os-hypervisors/{id}/uptime", "hypervisors:uptime", f"{_HYPERVISORS}:uptime", None, "2.87"),
    route("GET", "/os-hypervisors/{id}/search", "hypervisors:search", f"{_HYPERVISORS}:search", None, "2.52"),
    route("GET", "/os-hypervisors/{id}/servers", "hypervisors:servers", f"{_HYPERVISORS}:servers", None, "2.52"),

    route("GET", "/os-quota-class-sets/{id}", "quota_classes:show", f"{_CLASSES}:show"),
    route("PUT", "/os-quota-class-sets/{id}", "quota_classes:update", f"{_CLASSES}:update"),

    route("GET", "/os-server-groups", "server_groups:index", f"{_GROUPS}:index"),
    route("POST", "/os-server-groups", "server_groups:create", f"{_GROUPS}:create"),
    route("GET", "/os-server-groups/{id}", "server_groups:show", f"{_GROUPS}:show"),
    route("DELETE", "/os-server-groups/{id}", "server_groups:delete", f"{_GROUPS}:delete"),

    route("GET", "/os-aggregates", "aggregates:index", f"{_AGGREGATES}:index"),
    route("POST", "/os-aggregates", "aggregates:create", f"{_AGGREGATES}:create"),
    route("GET", "/os-aggregates/{id}", "aggregates:show", f"{_AGGREGATES}:show"),
    route("PUT", "/os-aggregates/{id}", "aggregates:update", f"{_AGGREGATES}:update"),
    route("DELETE", "/os-aggregates/{id}", "aggregates:delete", f"{_AGGREGATES}:delete"),
    route("POST", "/os-aggregates/{id}/images", "aggregates:images", "compute:aggregates:images", "2.81"),
)

ACTIONS = (
    action("add_host", "aggregates:add_host", f"{_AGGREGATES}:add_host", on=_AGGREGATES),
    action("remove_host", "aggregates:remove_host", f"{_AGGREGATES}:remove_host", on=_AGGREGATES),
    action("set_metadata", "aggregates:set_metadata", f"{_AGGREGATES}:set_metadata", on=_AGGREGATES),
)
