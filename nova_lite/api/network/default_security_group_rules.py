"""/default-security-group-rules"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection, ident
from nova_lite.api.wsgi import validation
from nova_lite.network import canonical

FILTERS = listing.Filters({
    **{name: (name, str) for name in ("description", "direction", "remote_group_id", "remote_address_group_id")},
    "ethertype": ("ethertype", canonical.ethertype), "protocol": ("protocol", canonical.protocol_or_any),
    "remote_ip_prefix": ("remote_ip_prefix", canonical.prefix), "port_range_min": ("port_range_min", listing.number),
    "port_range_max": ("port_range_max", listing.number), "used_in_default_sg": ("used_in_default_sg", listing.boolean),
    "used_in_non_default_sg": ("used_in_non_default_sg", listing.boolean)},
    common={"id": ("id", str)}, tagged=False)


class DefaultSecurityGroupRules(Collection):
    """Everyone may read them, an admin change them."""

    name, plural, filters = "default_security_group_rule", "default_security_group_rules", FILTERS

    def __init__(self, network):
        super().__init__(network.default_security_group_rules)

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.DEFAULT_RULE_CREATE)
    def create(self, req):
        """409: one says the same."""
        return self._create(req)

    def _new(self, req, said):
        attributes.owner(req, said)         # refused as everywhere, though nothing of it is kept
        req.context.can("create_default_security_group_rule")
        rest = {name: value for name, value in said.items() if name not in ("project_id", "tenant_id")}
        return {"used_in_default_sg": False, "used_in_non_default_sg": True, **attributes.values(rest)}

    def _target(self, req, row):
        return ident(row)

    @staticmethod
    def _view(req, row):
        return views.default_security_group_rule(row)
