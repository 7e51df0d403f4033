"""/rbac-policies"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection, ident
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters(
    {"object_type": ("object_type", str), "object_id": ("object_id", str), "action": ("action", str),
     "target_tenant": ("target_project", str)}, common=listing.OWNED, tagged=False)


class RbacPolicies(Collection):
    """Those that the caller's project made; only administrators share with every project."""

    name, plural, filters = "rbac_policy", "rbac_policies", FILTERS

    def __init__(self, network):
        super().__init__(network.rbac_policies)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.RBAC_POLICY_CREATE)
    def create(self, req):
        return self._create(req)

    def _new(self, req, said):
        values = attributes.owned(req, said)
        for rule in ("create_rbac_policy", "create_rbac_policy:target_tenant"):
            req.context.can(rule, self._target(req, values))
        return values

    @validation.body(schemas.RBAC_POLICY_UPDATE)
    def update(self, req, id):
        """409: the project that it was for uses the resource."""
        return self._update(req, id)

    def _check_update(self, req, row, values):
        req.context.can("update_rbac_policy:target_tenant", self._target(req, row | values))

    def _target(self, req, row):
        return {**ident(row), "project_id": row["project_id"], "target_tenant": row["target_project"]}

    @staticmethod
    def _view(req, row):
        return views.rbac_policy(row)
