"""/networks"""

from nova_lite.api.network import listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.wsgi import validation
from nova_lite.policies.network import PROVIDER_ATTRIBUTES

FILTERS = listing.Filters(
    {"name": ("name", str), "shared": ("shared", listing.boolean), "mtu": ("mtu", listing.number),
     "router:external": ("external", listing.boolean), "is_default": ("is_default", listing.boolean),
     "admin_state_up": ("admin_state_up", listing.boolean), "qos_policy_id": ("qos_policy_id", str),
     "port_security_enabled": ("port_security_enabled", listing.boolean),
     "provider:network_type": ("network_type", str), "provider:physical_network": ("physical_network", str)},
    {"status": "ACTIVE", "provider:segmentation_id": None})
class Networks(Collection):
    name, plural, filters = "network", "networks", FILTERS
    ruled = {"shared": False, "router:external": False, "is_default": False, "port_security_enabled": True,
             **dict.fromkeys(PROVIDER_ATTRIBUTES)}

    def __init__(self, network):
        super().__init__(network.networks)

    @validation.query(FILTERS.schema)
    def index(self, req):
        """Those of the project and the shared ones; an admin's list has all."""
        return self._index(req)

    @validation.body(schemas.NETWORK_CREATE)
    def create(self, req):
        return self._create(req)

    @validation.body(schemas.NETWORK_UPDATE)
    def update(self, req, id):
        """409: it is not to be shared or external any more, and others use it so."""
        return self._update(req, id)

    def _target(self, req, row):
        return super()._target(req, row) | {"router:external": row.get("router:external", False)}

    def _view(self, req, row):
        return self._views(req, [row])[0]

    def _views(self, req, rows):
        zones = self._facade.zones([each["id"] for each in rows])
        shown = [name for name in PROVIDER_ATTRIBUTES if req.context.may(f"get_network:{name}")]
        return [views.network(each, zones.get(each["id"], []), shown) for each in rows]
