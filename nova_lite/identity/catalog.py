"""The catalog: which services there are and under which URLs, all derived from the one URL of this cloud."""

import uuid
from dataclasses import dataclass

from nova_lite.conf import CONF

_SPACE = uuid.UUID("6c0f2a6e-7a0e-4f0c-8f39-0d5b6f0d3a11")
INTERFACES = ("public", "internal", "admin")


@dataclass(frozen=True)
class Service:
    """``path`` is what clients expect below the root: Nova and Keystone with their version, others without."""

    type: str
    name: str
    path: str
    description: str

    @property
    def id(self):
        return uuid.uuid5(_SPACE, self.type).hex


@dataclass(frozen=True)
class Endpoint:
    service: Service
    interface: str
    url: str

    @property
    def id(self):
        return uuid.uuid5(_SPACE, f"{self.service.type}/{self.interface}").hex


SERVICES = (
    Service("identity", "keystone", "/identity/v3", "Who may come in"),
    Service("compute", "nova", "/compute/v2.1", "Servers"),
    Service("image", "glance", "/image", "Images"),
    Service("network", "neutron", "/network", "Networks"),
)


def endpoints(root_url):
    """Every Endpoint under ``root_url`` ("http://host:8774")."""
    return [Endpoint(service, interface, root_url + service.path)
            for service in SERVICES for interface in INTERFACES]


def catalog(root_url):
    """The catalog as a token carries it."""
    region = CONF.identity.region
    return [{"id": service.id, "type": service.type, "name": service.name,
             "endpoints": [{"id": each.id, "interface": each.interface, "url": each.url,
                            "region_id": region, "region": region}
                           for each in endpoints(root_url) if each.service is service]}
            for service in SERVICES]
