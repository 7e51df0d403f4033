"""What the network API can do: its resources, extensions, zones, and quotas."""

from nova_lite.conf import CONF
from nova_lite.network.exceptions import ExtensionNotFound

_RESOURCES = ("network", "subnet", "port", "security_group", "security_group_rule")
#: alias -> what it adds.  Clients look here before they use a feature: only what has its effect is named.
EXTENSIONS = {
    "security-group": "Security groups and their rules.",
    "quotas": "Quotas of projects, as configured.",
    "quota_details": "What projects use of their quotas.",
    "net-mtu": "The MTU of networks.",
    "net-mtu-writable": "Networks of any MTU.",
    "binding": "The host of a port, for operators.",
    "provider": "How a network is made, for operators.",
    "external-net": "Which networks are external: none.",
    "port-security": "Anti-spoofing of ports.",
    "project-id": "project_id beside tenant_id.",
    "standard-attr-description": "Descriptions.",
    "standard-attr-timestamp": "Times of creation and change.",
    "standard-attr-revisions": "Numbers of revisions.",
    "sorting": "Lists in an asked order.",
    "pagination": "Lists by pages.",
}


class Discovery:
    def resources(self, req):
        """GET /v2.0/"""
        return {"resources": [{"name": each, "collection": f"{each}s",
                               "links": [{"rel": "self", "href": f"{req.base_url}/{each.replace('_', '-')}s"}]}
                              for each in _RESOURCES]}

    def extensions(self, req):
        return {"extensions": [_extension(alias) for alias in EXTENSIONS]}

    def extension(self, req, alias):
        if alias not in EXTENSIONS:
            raise ExtensionNotFound(alias=alias)
        return {"extension": _extension(alias)}

    def none(self, req):
        """Kinds that every client may list and that this service has none of."""
        return {req.path.rsplit("/", 1)[-1].removesuffix(".json").replace("-", "_"): []}


def _extension(alias):
    return {"alias": alias, "name": alias, "description": EXTENSIONS[alias], "updated": "2026-01-01T00:00:00-00:00",
            "links": []}


class Quotas:
    """As configured: the same for every project."""

    def __init__(self, network):
        self._rooms = {each: getattr(network, f"{each}s") for each in _RESOURCES}

    def show(self, req, project_id):
        req.context.can("get_quota", {"project_id": project_id})
        return {"quota": {each: _limit(each) for each in _RESOURCES}}

    def details(self, req, project_id):
        """With what the project has of each; nothing is ever reserved beforehand."""
        req.context.can("get_quota", {"project_id": project_id})
        return {"quota": {each: {"limit": _limit(each), "used": room.usage(project_id), "reserved": 0}
                          for each, room in self._rooms.items()}}


def _limit(resource):
    return CONF.network[f"quota_{resource}"]
