"""/address-scopes"""

from nova_lite.api.network import listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters({"name": ("name", str), "ip_version": ("ip_version", listing.number),
                           "shared": ("shared", listing.boolean)}, common=listing.OWNED, tagged=False)


class AddressScopes(Collection):
    """Those of the project and those shared with it."""

    name, plural, filters, ruled = "address_scope", "address_scopes", FILTERS, {"shared": False}

    def __init__(self, network):
        super().__init__(network.address_scopes)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.ADDRESS_SCOPE_CREATE)
    def create(self, req):
        return self._create(req)

    @validation.body(schemas.ADDRESS_SCOPE_UPDATE)
    def update(self, req, id):
        """400: it would not be shared any more."""
        return self._update(req, id)

    @staticmethod
    def _view(req, row):
        return views.address_scope(row)
