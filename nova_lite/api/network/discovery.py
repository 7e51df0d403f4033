"""What the network API can do: its resources, extensions and zones."""

from nova_lite.api.network.extensions import EXTENSIONS, NEEDS, ROUTERS, TRUNKS
from nova_lite.network.exceptions import ExtensionNotFound

#: The one collection whose path has the name that it has in bodies.
_ZONES = "availability_zones"
#: Collections, by the names of their resources.
_RESOURCES = {**{each: f"{each}s" for each in (
    "network", "subnet", "subnetpool", "address_scope", "port", "router", "floatingip", "security_group",
    "security_group_rule", "default_security_group_rule", "address_group", "trunk",
    "segment")},
              "agent": "agents", "service_provider": "service_providers", "availability_zone": _ZONES,
              "rbac_policy": "rbac_policies",
              "network_ip_availability": "network_ip_availabilities"}
#: What the data plane must be capable of for some of them to be there.
_NEED = {"router": ROUTERS, "floatingip": ROUTERS, "trunk": TRUNKS}


class Discovery:
    """:param network: the facade."""

    def __init__(self, network):
        self._network = network

    def resources(self, req):
        """GET /v2.0/"""
        return {"resources": [{"name": name, "collection": plural, "links": [_link(req, plural)]}
                              for name, plural in _RESOURCES.items()
                              if name not in _NEED or _NEED[name] in self._network.capabilities]}

    def extensions(self, req):
        return {"extensions": [_extension(alias) for alias in EXTENSIONS if self._is_served(alias)]}

    def extension(self, req, alias):
        if alias not in EXTENSIONS or not self._is_served(alias):
            raise ExtensionNotFound(alias=alias)
        return {"extension": _extension(alias)}

    def _is_served(self, alias):
        return alias not in NEEDS or NEEDS[alias] in self._network.capabilities


def _link(req, plural):
    return {"rel": "self", "href": f"{req.base_url}/{plural if plural == _ZONES else plural.replace('_', '-')}"}


def _extension(alias):
    one = EXTENSIONS[alias]
    return {"alias": alias, "name": one.name, "description": one.description, "updated": one.updated, "links": []}
