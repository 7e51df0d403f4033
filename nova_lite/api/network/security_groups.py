"""/security-groups and /security-group-rules"""

from nova_lite.api.network import listing, owning, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

_COMMON = {"id": ("id", str), "description": ("description", str), "project_id": ("project_id", str),
           "tenant_id": ("project_id", str)}
GROUP_FILTERS = listing.Filters(_COMMON | {"name": ("name", str)}, {"stateful": True, "shared": False})
RULE_FILTERS = listing.Filters(_COMMON | {
    "security_group_id": ("security_group_id", str), "direction": ("direction", str), "ethertype": ("ethertype", str),
    "protocol": ("protocol", str), "remote_ip_prefix": ("remote_ip_prefix", str),
    "remote_group_id": ("remote_group_id", str), "port_range_min": ("port_range_min", listing.number),
    "port_range_max": ("port_range_max", listing.number)}, sortable=("direction", "ethertype", "security_group_id"))


class SecurityGroups:
    def __init__(self, network):
        self._groups = network.security_groups

    @validation.query(GROUP_FILTERS.schema)
    def index(self, req):
        """A project's ``default`` group is there at the first look."""
        req.context.can("get_security_group")
        ask = GROUP_FILTERS.ask(req.query)
        shown = [views.security_group(each) for each in self._groups.list(req.context, ask)]
        return listing.page(req, "security_groups", shown, ask)

    def show(self, req, id):
        group = self._groups.get(req.context, id)
        req.context.can("get_security_group", group)
        return {"security_group": listing.only(views.security_group(group), set(req.query.get("fields", ())))}

    @validation.body(schemas.GROUP_CREATE)
    def create(self, req):
        values = owning.owned(req, "security_group")
        req.context.can("create_security_group", values)
        return Answer({"security_group": views.security_group(self._groups.create(req.context, values))}, 201)

    @validation.body(schemas.GROUP_UPDATE)
    def update(self, req, id):
        group = self._groups.get(req.context, id)
        req.context.can("update_security_group", group)
        made = self._groups.update(req.context, group, owning.values(req, "security_group"))
        return {"security_group": views.security_group(made)}

    def delete(self, req, id):
        """204.  409: a port is in it, or it is the project's default."""
        group = self._groups.get(req.context, id)
        req.context.can("delete_security_group", group)
        self._groups.delete(req.context, group)
        return 204


class SecurityGroupRules:
    def __init__(self, network):
        self._groups = network.security_groups
        self._rules = network.security_group_rules

    @validation.query(RULE_FILTERS.schema)
    def index(self, req):
        req.context.can("get_security_group_rule")
        ask = RULE_FILTERS.ask(req.query)
        shown = [views.security_group_rule(each) for each in self._rules.list(req.context, ask)]
        return listing.page(req, "security_group_rules", shown, ask)

    def show(self, req, id):
        rule = self._rules.get(req.context, id)
        req.context.can("get_security_group_rule", rule)
        return {"security_group_rule": listing.only(views.security_group_rule(rule), set(req.query.get("fields", ())))}

    @validation.body(schemas.RULE_CREATE)
    def create(self, req):
        values = owning.owned(req, "security_group_rule")
        group = self._groups.get(req.context, values["security_group_id"])
        req.context.can("create_security_group_rule", group)
        made = self._rules.create(req.context, values)
        return Answer({"security_group_rule": views.security_group_rule(made)}, 201)

    def delete(self, req, id):
        rule = self._rules.get(req.context, id)
        req.context.can("delete_security_group_rule", rule)
        self._rules.delete(req.context, rule)
        return 204
