"""What Nova took away and answers 410 for ever; it asks no rule and reads no body."""

from nova_lite.api.compute.route_helpers import action, route
from nova_lite.common import exceptions


class Retired:
    def __init__(self, facades):
        pass

    def gone(self, req, **ids):
        raise exceptions.Gone("This resource is no longer available. No forwarding address is given.")


CONTROLLERS = {"retired": Retired}

#: path: methods
_PATHS = {
    "/os-agents": "GET POST", "/os-agents/{id}": "PUT DELETE",
    "/os-cells": "GET POST", "/os-cells/capacities": "GET", "/os-cells/detail": "GET", "/os-cells/info": "GET",
    "/os-cells/sync_instances": "POST", "/os-cells/{id}": "GET PUT DELETE", "/os-cells/{id}/capacities": "GET",
    "/os-certificates": "POST", "/os-certificates/{id}": "GET",
    "/os-cloudpipe": "GET POST", "/os-cloudpipe/{id}": "PUT",
    "/os-fixed-ips/{id}": "GET",
    "/os-floating-ip-dns": "GET", "/os-floating-ip-dns/{id}": "PUT DELETE",
    "/os-floating-ip-dns/{domain_id}/entries/{id}": "GET PUT DELETE",
    "/os-floating-ips-bulk": "GET POST", "/os-floating-ips-bulk/{id}": "GET PUT",
    "/os-fping": "GET", "/os-fping/{id}": "GET",
    "/os-networks": "POST", "/os-networks/add": "POST", "/os-networks/{id}": "DELETE",
    "/os-security-group-default-rules": "GET POST", "/os-security-group-default-rules/{id}": "GET DELETE",
    "/os-tenant-networks": "POST", "/os-tenant-networks/{id}": "DELETE",
    "/servers/{server_id}/consoles": "GET POST", "/servers/{server_id}/consoles/{id}": "GET DELETE",
    "/servers/{server_id}/os-virtual-interfaces": "GET",
}
#: collection: actions
_ACTIONS = {
    "os-fixed-ips": "reserve unreserve",
    "os-networks": "associate_host disassociate disassociate_host disassociate_project",
    "servers": "resetNetwork",
}

ROUTES = tuple(route(method, path, "retired:gone", None)
               for path, methods in _PATHS.items() for method in methods.split())
ACTIONS = tuple(action(name, "retired:gone", None, on=collection)
                for collection, names in _ACTIONS.items() for name in names.split())
