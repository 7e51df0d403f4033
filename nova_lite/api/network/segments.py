"""/segments"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection, ident
from nova_lite.api.wsgi import validation

_COMMON = {name: each for name, each in listing.COMMON.items() if name not in ("project_id", "tenant_id")}
FILTERS = listing.Filters({
    "name": ("name", str), "network_id": ("network_id", str), "network_type": ("network_type", str),
    "physical_network": ("physical_network", str), "segmentation_id": ("segmentation_id", listing.number)},
    common=_COMMON)


class Segments(Collection):
    """For operators: what networks consist of."""

    name, plural, filters = "segment", "segments", FILTERS

    def __init__(self, network):
        super().__init__(network.segments)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.SEGMENT_CREATE)
    def create(self, req):
        """400: networks of that type there are none."""
        return self._create(req)

    def _new(self, req, said):
        attributes.owner(req, said)         # whose a segment is nobody asks, but a body may name the caller's own alone
        req.context.can("create_segment", {})
        values = attributes.values({name: each for name, each in said.items()
                                    if name not in ("project_id", "tenant_id")})
        if values.get("tags"):
            req.context.can("create_segments_tags", {})
        return values

    @validation.body(schemas.SEGMENT_UPDATE)
    def update(self, req, id):
        return self._update(req, id)

    def load_for_tags(self, req, id, action):
        """Their rules have names of their own."""
        row = self._facade.get(req.context, id)
        req.context.can(f"{action}_segments_tags", ident(row))
        return row

    def _target(self, req, row):
        return ident(row)

    @staticmethod
    def _view(req, row):
        return views.segment(row)
