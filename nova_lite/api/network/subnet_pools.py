"""/subnetpools"""

from nova_lite.api.network import listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.network.preconditions import revision
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters({
    "name": ("name", str), "shared": ("shared", listing.boolean), "is_default": ("is_default", listing.boolean),
    "address_scope_id": ("address_scope_id", str), **{each: (each, listing.number) for each in (
        "ip_version", "min_prefixlen", "max_prefixlen", "default_prefixlen", "default_quota")}})


class SubnetPools(Collection):
    """Those of the project and those shared with it."""

    name, plural, filters = "subnetpool", "subnetpools", FILTERS
    ruled = {"shared": False, "is_default": False}

    def __init__(self, network):
        super().__init__(network.subnet_pools)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.SUBNETPOOL_CREATE)
    def create(self, req):
        return self._create(req)

    @validation.body(schemas.SUBNETPOOL_UPDATE)
    def update(self, req, id):
        """400: a prefix would be missing, or the pool is in another project's address scope."""
        return self._update(req, id)

    @validation.body(schemas.PREFIXES)
    def add_prefixes(self, req, id):
        return self._change_prefixes(req, id, "add_prefixes", self._facade.add_prefixes)

    @validation.body(schemas.PREFIXES)
    def remove_prefixes(self, req, id):
        """400: a subnet has addresses of them."""
        return self._change_prefixes(req, id, "remove_prefixes", self._facade.remove_prefixes)

    def _change_prefixes(self, req, id, rule, change):
        pool = self._facade.get(req.context, id)
        req.context.can(rule, self._target(req, pool))
        return {"prefixes": change(req.context, pool, req.body_json["prefixes"], revision(req))["prefixes"]}

    @staticmethod
    def _view(req, row):
        return views.subnet_pool(row)
