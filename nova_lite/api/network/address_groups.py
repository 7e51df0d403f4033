"""/address-groups"""

from nova_lite.api.network import listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters({"name": ("name", str), "description": ("description", str)}, common=listing.OWNED,
                          tagged=False)


class AddressGroups(Collection):
    """Those of the project and those shared with it."""

    name, plural, filters = "address_group", "address_groups", FILTERS

    def __init__(self, network):
        super().__init__(network.address_groups)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.ADDRESS_GROUP_CREATE)
    def create(self, req):
        return self._create(req)

    @validation.body(schemas.ADDRESS_GROUP_UPDATE)
    def update(self, req, id):
        return self._update(req, id)

    @validation.body(schemas.ADDRESSES)
    def add_addresses(self, req, id):
        """400: one is there already."""
        return self._change(req, id, "add_addresses", self._facade.add_addresses)

    @validation.body(schemas.ADDRESSES)
    def remove_addresses(self, req, id):
        """404: one is not there."""
        return self._change(req, id, "remove_addresses", self._facade.remove_addresses)

    def _load(self, req, id, action):
        """404 for who may only look at it and wants to change it, as in Neutron."""
        row = self._facade.get(req.context, id)
        unseen = {} if action == "get" else {"shared": False}
        req.context.can(f"{action}_{self.name}", self._target(req, row) | unseen)
        return row

    def _change(self, req, id, rule, change):
        group = self._facade.get(req.context, id)
        req.context.can(rule, self._target(req, group))
        return {"address_group": self._view(req, change(req.context, group, req.body_json["addresses"]))}

    @staticmethod
    def _view(req, row):
        return views.address_group(row)
