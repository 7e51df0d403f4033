"""The compute API's table: /servers and everything beside it, under Nova's paths."""

from nova_lite.api.compute import operator_routes, server_action_routes
from nova_lite.api.compute.console import Console
from nova_lite.api.compute.extensions import Extensions
from nova_lite.api.compute.flavors import Access, ExtraSpecs, Flavors
from nova_lite.api.compute.instance_actions import InstanceActions
from nova_lite.api.compute.keypairs import Keypairs
from nova_lite.api.compute.legacy import routes as legacy
from nova_lite.api.compute.lock_server import Locks
from nova_lite.api.compute.power import Power
from nova_lite.api.compute.remote_consoles import ConsoleAuthTokens, RemoteConsoles
from nova_lite.api.compute.route_helpers import action as _action
from nova_lite.api.compute.route_helpers import route as _route
from nova_lite.api.compute.server_metadata import Metadata
from nova_lite.api.compute.server_network import Addresses, Interfaces, SecurityGroups
from nova_lite.api.compute.server_tags import Tags
from nova_lite.api.compute.servers import Servers

CONTROLLERS = {
    "servers": Servers, "power": Power, "console": Console, "locks": Locks, "metadata": Metadata, "tags": Tags,
    "addresses": Addresses, "interfaces": Interfaces, "security_groups": SecurityGroups, "actions": InstanceActions,
    "flavors": Flavors, "flavor_access": Access, "extra_specs": ExtraSpecs, "keypairs": Keypairs,
    "extensions": Extensions, **server_action_routes.CONTROLLERS,
    "remote_consoles": RemoteConsoles, "console_auth_tokens": ConsoleAuthTokens, **operator_routes.CONTROLLERS,
    **legacy.CONTROLLERS,
}


def controllers(facades):
    return {name: controller(facades) for name, controller in CONTROLLERS.items()}


_SERVER, _META, _TAGS = "/servers/{server_id}", "server-metadata", "os-server-tags"
_SPECS = "os-flavor-extra-specs"

ROUTES = (
    _route("GET", "/servers", "servers:index", "servers:index"),
    _route("POST", "/servers", "servers:create", "servers:create"),
    _route("GET", "/servers/detail", "servers:detail", "servers:detail"),
    _route("GET", "/servers/{id}", "servers:show", "servers:show"),
    _route("PUT", "/servers/{id}", "servers:update", "servers:update"),
    _route("DELETE", "/servers/{id}", "servers:delete", "servers:delete"),

    _route("GET", f"{_SERVER}/metadata", "metadata:index", f"{_META}:index"),
    _route("POST", f"{_SERVER}/metadata", "metadata:create", f"{_META}:create"),
    _route("PUT", f"{_SERVER}/metadata", "metadata:update_all", f"{_META}:update_all"),
    _route("GET", f"{_SERVER}/metadata/{{id}}", "metadata:show", f"{_META}:show"),
    _route("PUT", f"{_SERVER}/metadata/{{id}}", "metadata:update", f"{_META}:update"),
    _route("DELETE", f"{_SERVER}/metadata/{{id}}", "metadata:delete", f"{_META}:delete"),

    _route("GET", f"{_SERVER}/tags", "tags:index", f"{_TAGS}:index", "2.26"),
    _route("PUT", f"{_SERVER}/tags", "tags:update_all", f"{_TAGS}:update_all", "2.26"),
    _route("DELETE", f"{_SERVER}/tags", "tags:delete_all", f"{_TAGS}:delete_all", "2.26"),
    _route("GET", f"{_SERVER}/tags/{{id}}", "tags:show", f"{_TAGS}:show", "2.26"),
    _route("PUT", f"{_SERVER}/tags/{{id}}", "tags:update", f"{_TAGS}:update", "2.26"),
    _route("DELETE", f"{_SERVER}/tags/{{id}}", "tags:delete", f"{_TAGS}:delete", "2.26"),

    _route("POST", f"{_SERVER}/remote-consoles", "remote_consoles:create", "os-remote-consoles", "2.6"),
    _route("GET", "/os-console-auth-tokens/{id}", "console_auth_tokens:show", "os-console-auth-tokens"),

    _route("GET", f"{_SERVER}/ips", "addresses:index", "ips:index"),
    _route("GET", f"{_SERVER}/ips/{{id}}", "addresses:show", "ips:show"),
    _route("GET", f"{_SERVER}/os-interface", "interfaces:index", "os-attach-interfaces:list"),
    _route("POST", f"{_SERVER}/os-interface", "interfaces:create", "os-attach-interfaces:create"),
    _route("DELETE", f"{_SERVER}/os-interface/{{id}}", "interfaces:delete", "os-attach-interfaces:delete"),
    _route("GET", f"{_SERVER}/os-interface/{{id}}", "interfaces:show", "os-attach-interfaces:show"),
    _route("GET", f"{_SERVER}/os-security-groups", "security_groups:index", "os-security-groups:list"),
    _route("GET", f"{_SERVER}/os-instance-actions", "actions:index", "os-instance-actions:list"),
    _route("GET", f"{_SERVER}/os-instance-actions/{{id}}", "actions:show", "os-instance-actions:show"),

    *server_action_routes.ROUTES,

    _route("GET", "/flavors", "flavors:index", None),
    _route("POST", "/flavors", "flavors:create", "os-flavor-manage:create"),
    _route("GET", "/flavors/detail", "flavors:detail", None),
    _route("GET", "/flavors/{id}", "flavors:show", None),
    _route("PUT", "/flavors/{id}", "flavors:update", "os-flavor-manage:update", "2.55"),
    _route("DELETE", "/flavors/{id}", "flavors:delete", "os-flavor-manage:delete"),
    _route("GET", "/flavors/{flavor_id}/os-flavor-access", "flavor_access:index", "os-flavor-access"),
    _route("GET", "/flavors/{flavor_id}/os-extra_specs", "extra_specs:index", f"{_SPECS}:index"),
    _route("POST", "/flavors/{flavor_id}/os-extra_specs", "extra_specs:create", f"{_SPECS}:create"),
    _route("GET", "/flavors/{flavor_id}/os-extra_specs/{id}", "extra_specs:show", f"{_SPECS}:show"),
    _route("PUT", "/flavors/{flavor_id}/os-extra_specs/{id}", "extra_specs:update", f"{_SPECS}:update"),
    _route("DELETE", "/flavors/{flavor_id}/os-extra_specs/{id}", "extra_specs:delete", f"{_SPECS}:delete"),

    _route("GET", "/os-keypairs", "keypairs:index", "os-keypairs:index"),
    _route("POST", "/os-keypairs", "keypairs:create", "os-keypairs:create"),
    _route("GET", "/os-keypairs/{id}", "keypairs:show", "os-keypairs:show"),
    _route("DELETE", "/os-keypairs/{id}", "keypairs:delete", "os-keypairs:delete"),

    _route("GET", "/extensions", "extensions:index", "extensions"),
    _route("GET", "/extensions/{id}", "extensions:show", "extensions"),
    *operator_routes.ROUTES,
    *legacy.ROUTES,
)

ACTIONS = (
    _action("os-start", "power:start", "servers:start"),
    _action("os-stop", "power:stop", "servers:stop"),
    _action("reboot", "power:reboot", "servers:reboot"),
    *server_action_routes.ACTIONS,
    _action("os-getConsoleOutput", "console:output", "os-console-output"),
    _action("os-getVNCConsole", "remote_consoles:vnc", "os-remote-consoles", until="2.5"),
    _action("os-getSPICEConsole", "remote_consoles:spice", "os-remote-consoles", until="2.5"),
    _action("os-getSerialConsole", "remote_consoles:serial", "os-remote-consoles", until="2.5"),
    _action("os-getRDPConsole", "remote_consoles:rdp", None, until="2.5"),
    _action("addSecurityGroup", "security_groups:add", "os-security-groups:add"),
    _action("removeSecurityGroup", "security_groups:remove", "os-security-groups:remove"),
    _action("lock", "locks:lock", "os-lock-server:lock"),
    _action("unlock", "locks:unlock", "os-lock-server:unlock"),
    _action("addTenantAccess", "flavor_access:add", "os-flavor-access:add_tenant_access", on="flavors"),
    _action("removeTenantAccess", "flavor_access:remove", "os-flavor-access:remove_tenant_access", on="flavors"),
    *operator_routes.ACTIONS,
    *legacy.ACTIONS,
)
