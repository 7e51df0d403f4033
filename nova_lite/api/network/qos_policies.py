"""/qos/policies and /qos/rule-types"""

from nova_lite.api.network import listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.network.qos_exceptions import NotAuthorized

FILTERS = listing.Filters({"name": ("name", str), "shared": ("shared", listing.boolean),
                           "is_default": ("is_default", listing.boolean)})
TYPE_FILTERS = listing.Filters({}, common={}, tagged=False, beside=dict.fromkeys(
    ("all_supported", "all_rules"), lambda values: [listing.boolean(each) for each in values]))
_TYPE = "get_rule_type"


class QosPolicies(Collection):
    """Those of the project and those shared with it."""

    name, plural, filters = "policy", "policies", FILTERS

    def __init__(self, network):
        super().__init__(network.qos_policies)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    def _page(self, req, shown, ask):
        return listing.page(req, self.plural, shown, ask, path="qos/policies")

    @validation.body(schemas.QOS_POLICY_CREATE)
    def create(self, req):
        """409: the project has another default policy."""
        return self._create(req)

    @validation.body(schemas.QOS_POLICY_UPDATE)
    def update(self, req, id):
        """409: it is not to be shared any more, and others use it; or the project has another default policy."""
        return self._update(req, id)

    @validation.query(TYPE_FILTERS.schema)
    def types(self, req):
        """Types of rules that hosts put in force; with ``all_rules`` every one that there is."""
        ask = TYPE_FILTERS.ask(req.query)
        every = True in ask.filters.get("all_rules", ())
        found = self._facade.types(every=every) if req.context.may(_TYPE) else []
        return listing.page(req, "rule_types", [{"type": each} for each in found], ask, key="type",
                            path="qos/rule-types")

    def type(self, req, id):
        """What puts such rules in force, and which values it takes; for operators."""
        req.context.can(_TYPE, {"id": id})
        if not req.context.is_admin:
            raise NotAuthorized
        if id not in self._facade.types(every=True):
            raise exceptions.NotFound
        return {"rule_type": {"type": id, "drivers": self._facade.drivers(id)}}

    @staticmethod
    def _view(req, row):
        return views.qos_policy(row)
