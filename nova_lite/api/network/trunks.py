"""/trunks and their sub-ports."""

from nova_lite.api.network import listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.network.preconditions import revision
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters({"name": ("name", str), "admin_state_up": ("admin_state_up", listing.boolean),
                           "port_id": ("port_id", str), "status": ("status", str.upper)})


class Trunks(Collection):
    name, plural, filters = "trunk", "trunks", FILTERS

    def __init__(self, network):
        super().__init__(network.trunks)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.TRUNK_CREATE)
    def create(self, req):
        """404: no such port.  409: a port is of another trunk, or has a device."""
        return self._create(req)

    @validation.body(schemas.TRUNK_UPDATE)
    def update(self, req, id):
        return self._update(req, id)

    def get_subports(self, req, id):
        return {"sub_ports": self._view(req, self._act(req, id, "get_subports"))["sub_ports"]}

    @validation.body(schemas.SUBPORTS)
    def add_subports(self, req, id):
        """200 and the trunk, without its kind's name around it.  409: a port, or the VLAN, is in use."""
        return self._change(req, id, "add_subports", self._facade.add_subports)

    @validation.body(schemas.SUBPORTS)
    def remove_subports(self, req, id):
        """As ``add_subports``.  404: the trunk has no such sub-port."""
        return self._change(req, id, "remove_subports", self._facade.remove_subports)

    def _change(self, req, id, rule, change):
        row = self._act(req, id, rule)
        return self._view(req, change(req.context, row, req.body_json["sub_ports"], revision(req)))

    def _act(self, req, id, rule):
        row = self._facade.get(req.context, id)
        req.context.can(rule, self._target(req, row))
        return row

    @staticmethod
    def _view(req, row):
        return views.trunk(row)
