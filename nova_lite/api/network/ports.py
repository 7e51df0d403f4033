"""/ports"""

from nova_lite.api.network import listing, owning, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.network.exceptions import InvalidInput

FILTERS = listing.Filters(
    {"id": ("id", str), "name": ("name", str), "description": ("description", str), "project_id": ("project_id", str),
     "tenant_id": ("project_id", str), "network_id": ("network_id", str), "mac_address": ("mac_address", str.lower),
     "device_id": ("device_id", str), "device_owner": ("device_owner", str), "fixed_ips": ("fixed_ips", str),
     "security_groups": ("security_groups", str), "binding:host_id": ("host", str)},
    {"admin_state_up": True, "port_security_enabled": True}, ("network_id", "mac_address", "device_owner"))
_FIXED = ("ip_address", "subnet_id")


class Ports:
    def __init__(self, network):
        self._ports = network.ports

    @validation.query(FILTERS.schema)
    def index(self, req):
        """``fixed_ips=ip_address=10.0.0.5`` and ``fixed_ips=subnet_id=...`` find by address."""
        req.context.can("get_port")
        ask = FILTERS.ask(req.query)
        for each in ask.filters.pop("fixed_ips", ()):
            name, _, value = each.partition("=")
            if name not in _FIXED:
                raise InvalidInput(detail=f"'{each}' is no filter of fixed_ips.")
            ask.filters.setdefault(name, []).append(value)
        return listing.page(req, "ports", [self._view(req, each) for each in self._ports.list(req.context, ask)], ask)

    def show(self, req, id):
        port = self._ports.get(req.context, id)
        req.context.can("get_port", port)
        return {"port": listing.only(self._view(req, port), set(req.query.get("fields", ())))}

    @validation.body(schemas.PORT_CREATE)
    def create(self, req):
        values = owning.owned(req, "port")
        req.context.can("create_port", values)
        return Answer({"port": self._view(req, self._ports.create(req.context, values))}, 201)

    @validation.body(schemas.PORT_UPDATE)
    def update(self, req, id):
        """409: what would change is in use by a server."""
        port = self._ports.get(req.context, id)
        req.context.can("update_port", port)
        values = owning.values(req, "port")
        if values.get("mac_address", port["mac_address"]) != port["mac_address"]:
            req.context.can("update_port:mac_address", port)
        return {"port": self._view(req, self._ports.update(req.context, port, values))}

    def delete(self, req, id):
        """204.  409: a server has it."""
        port = self._ports.get(req.context, id)
        req.context.can("delete_port", port)
        self._ports.delete(req.context, port)
        return 204

    @staticmethod
    def _view(req, row):
        return views.port(row, admin=req.context.is_admin)
