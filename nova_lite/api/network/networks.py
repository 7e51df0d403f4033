"""/networks"""

from nova_lite.api.network import listing, owning, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

FILTERS = listing.Filters(
    {"id": ("id", str), "name": ("name", str), "description": ("description", str), "project_id": ("project_id", str),
     "tenant_id": ("project_id", str), "shared": ("shared", listing.boolean), "mtu": ("mtu", listing.number)},
    {"admin_state_up": True, "status": "ACTIVE", "router:external": False, "port_security_enabled": True,
     "provider:network_type": "local"}, ("mtu", "shared"))


class Networks:
    def __init__(self, network):
        self._networks = network.networks

    @validation.query(FILTERS.schema)
    def index(self, req):
        """Those of the project and the shared ones; an admin's list has all."""
        req.context.can("get_network")
        ask = FILTERS.ask(req.query)
        shown = [self._view(req, each) for each in self._networks.list(req.context, ask)]
        return listing.page(req, "networks", shown, ask)

    def show(self, req, id):
        network = self._networks.get(req.context, id)
        req.context.can("get_network", network)
        shown = self._view(req, network)
        return {"network": listing.only(shown, set(req.query.get("fields", ())))}

    @validation.body(schemas.NETWORK_CREATE)
    def create(self, req):
        values = owning.owned(req, "network")
        req.context.can("create_network", values)
        if values.get("shared"):
            req.context.can("create_network:shared", values)
        return Answer({"network": self._view(req, self._networks.create(req.context, values))}, 201)

    @validation.body(schemas.NETWORK_UPDATE)
    def update(self, req, id):
        network = self._networks.get(req.context, id)
        req.context.can("update_network", network)
        values = owning.values(req, "network")
        if values.get("shared", network["shared"]) != network["shared"]:
            req.context.can("update_network:shared", network)
        return {"network": self._view(req, self._networks.update(req.context, network, values))}

    def delete(self, req, id):
        """204.  409: a port is left on it."""
        network = self._networks.get(req.context, id)
        req.context.can("delete_network", network)
        self._networks.delete(req.context, network)
        return 204

    @staticmethod
    def _view(req, row):
        return views.network(row, admin=req.context.is_admin)
