"""The part of the compute API's table that operators use most: limits, hosts, aggregates, groups, what was used."""

from nova_lite.api.compute.aggregates import Aggregates
from nova_lite.api.compute.assisted_snapshots import AssistedSnapshots
from nova_lite.api.compute.external_events import ExternalEvents
from nova_lite.api.compute.hypervisors import Hypervisors
from nova_lite.api.compute.migrations import Migrations, ServerMigrations
from nova_lite.api.compute.network_info import NetworkInfo
from nova_lite.api.compute.quota_classes import QuotaClasses
from nova_lite.api.compute.quotas import Limits, QuotaSets
from nova_lite.api.compute.route_helpers import action, route
from nova_lite.api.compute.server_groups import ServerGroups
from nova_lite.api.compute.server_password import ServerPassword
from nova_lite.api.compute.services import Services, Zones
from nova_lite.api.compute.shares import Shares
from nova_lite.api.compute.usage import AuditLog, Usage
from nova_lite.api.compute.volume_attachments import VolumeAttachments

CONTROLLERS = {
    "limits": Limits, "quota_sets": QuotaSets, "quota_classes": QuotaClasses, "services": Services, "zones": Zones,
    "hypervisors": Hypervisors, "server_groups": ServerGroups, "aggregates": Aggregates, "usage": Usage,
    "audit_log": AuditLog, "migrations": Migrations, "server_migrations": ServerMigrations,
    "assisted_snapshots": AssistedSnapshots, "external_events": ExternalEvents, "server_password": ServerPassword,
    "shares": Shares, "volume_attachments": VolumeAttachments,
    "network_info": NetworkInfo,
}

_QUOTA, _CLASSES, _HYPERVISORS = "os-quota-sets", "os-quota-class-sets", "os-hypervisors"
_MOVES, _SHARES = "servers:migrations", "os-server-shares"
_ASSISTED = "os-assisted-volume-snapshots"
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

    route("GET", "/os-simple-tenant-usage", "usage:index", "os-simple-tenant-usage:list"),
    route("GET", "/os-simple-tenant-usage/{id}", "usage:show", "os-simple-tenant-usage:show"),
    route("GET", "/os-instance_usage_audit_log", "audit_log:index", "os-instance-usage-audit-log:list"),
    route("GET", "/os-instance_usage_audit_log/{id}", "audit_log:show", "os-instance-usage-audit-log:show"),

    route("GET", "/os-migrations", "migrations:index", "os-migrations:index"),
    route("GET", "/servers/{server_id}/migrations", "server_migrations:index", f"{_MOVES}:index", "2.23"),
    route("GET", "/servers/{server_id}/migrations/{id}", "server_migrations:show", f"{_MOVES}:show", "2.23"),
    route("DELETE", "/servers/{server_id}/migrations/{id}", "server_migrations:delete", f"{_MOVES}:delete", "2.24"),

    route("POST", "/os-server-external-events", "external_events:create", "os-server-external-events:create"),
    route("GET", "/servers/{server_id}/os-server-password", "server_password:index", "os-server-password:show"),
    route("DELETE", "/servers/{server_id}/os-server-password", "server_password:clear", "os-server-password:clear"),
    route("POST", "/os-assisted-volume-snapshots", "assisted_snapshots:create", f"{_ASSISTED}:create"),
    route("DELETE", "/os-assisted-volume-snapshots/{id}", "assisted_snapshots:delete", f"{_ASSISTED}:delete"),
    *(route(method, f"/servers/{{server_id}}/os-volume_attachments{path}", f"volume_attachments:{name}",
            f"os-volumes-attachments:{name}") for method, path, name in (
        ("GET", "", "index"), ("POST", "", "create"), ("GET", "/{id}", "show"), ("PUT", "/{id}", "update"),
        ("DELETE", "/{id}", "delete"))),
    route("GET", "/servers/{server_id}/shares", "shares:index", f"{_SHARES}:index", "2.97"),
    route("POST", "/servers/{server_id}/shares", "shares:create", f"{_SHARES}:create", "2.97"),
    route("GET", "/servers/{server_id}/shares/{id}", "shares:show", f"{_SHARES}:show", "2.97"),
    route("DELETE", "/servers/{server_id}/shares/{id}", "shares:delete", f"{_SHARES}:delete", "2.97"),
)

ACTIONS = (
    action("injectNetworkInfo", "network_info:inject", "os-admin-actions:inject_network_info"),
    action("add_host", "aggregates:add_host", f"{_AGGREGATES}:add_host", on=_AGGREGATES),
    action("remove_host", "aggregates:remove_host", f"{_AGGREGATES}:remove_host", on=_AGGREGATES),
    action("set_metadata", "aggregates:set_metadata", f"{_AGGREGATES}:set_metadata", on=_AGGREGATES),
    action("force_complete", "server_migrations:force_complete", f"{_MOVES}:force_complete",
           on="servers/{server_id}/migrations", since="2.22"),
)
