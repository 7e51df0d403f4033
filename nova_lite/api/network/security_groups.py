"""/security-groups and /security-group-rules"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection, ident
from nova_lite.api.wsgi import validation
from nova_lite.network import canonical

GROUP_FILTERS = listing.Filters({"name": ("name", str), "shared": ("shared", listing.boolean),
                                 "stateful": ("stateful", listing.boolean)})
RULE_FILTERS = listing.Filters({
    "security_group_id": ("security_group_id", str), "direction": ("direction", str),
    "ethertype": ("ethertype", canonical.ethertype), "protocol": ("protocol", canonical.protocol_or_any),
    "remote_ip_prefix": ("remote_ip_prefix", canonical.prefix), "remote_group_id": ("remote_group_id", str),
    "remote_address_group_id": ("remote_address_group_id", str),
    "port_range_min": ("port_range_min", listing.number), "port_range_max": ("port_range_max", listing.number),
    "belongs_to_default_sg": ("belongs_to_default_sg", listing.boolean)}, tagged=False)


class SecurityGroups(Collection):
    name, plural, filters = "security_group", "security_groups", GROUP_FILTERS

    def __init__(self, network):
        super().__init__(network.security_groups)

    @validation.query(GROUP_FILTERS.schema)
    def index(self, req):
        """A project's ``default`` group is there at the first look."""
        return self._index(req)

    @validation.body(schemas.GROUP_CREATE)
    def create(self, req):
        return self._create(req)

    @validation.body(schemas.GROUP_UPDATE)
    def update(self, req, id):
        return self._update(req, id)

    @staticmethod
    def _view(req, row):
        return views.security_group(row)


class SecurityGroupRules(Collection):
    """A rule belongs to whoever owns its group."""

    name, plural, filters = "security_group_rule", "security_group_rules", RULE_FILTERS

    def __init__(self, network):
        super().__init__(network.security_group_rules)
        self._groups = network.security_groups

    def list(self, context, ask):
        return [row | {"security_group:project_id": row["project_id"]} for row in super().list(context, ask)]

    @validation.query(RULE_FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.RULE_CREATE)
    def create(self, req):
        return self._create(req, parented=True)

    def _new(self, req, said):
        values = attributes.owned(req, said)
        group = self._groups.get(req.context, values["security_group_id"])
        req.context.can("create_security_group_rule", self._target(req, {"project_id": group["project_id"]}))
        return values | {"project_id": group["project_id"]}

    def _target(self, req, row):
        return {**ident(row), "project_id": row["project_id"], "security_group:project_id": row["project_id"]}

    @staticmethod
    def _view(req, row):
        return views.security_group_rule(row)
