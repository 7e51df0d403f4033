"""/qos/policies/{policy_id}/bandwidth_limit_rules and the like, and /qos/alias_bandwidth_limit_rules and the like."""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.common.visibility import ALL
from nova_lite.network.listing import Ask
from nova_lite.network.qos_exceptions import QosPolicyNotFound
from nova_lite.objects import qos_rules

_NUMBERS = ("max_kbps", "max_burst_kbps", "min_kbps", "dscp_mark", "max_kpps", "max_burst_kpps", "min_kpps")


class _Rules:
    """Rules of one type.  They are whose the policy is; others to whom that is shared see them in it alone.

    :cvar rule_type: of qos_rules.TYPES.
    """

    rule_type = filters = None

    def __init__(self, network):
        self._policies = network.qos_policies
        self._rules = network.qos_rules
        self._name = f"{self.rule_type}_rule"

    def index(self, req, policy_id):
        policy, asked = self._policy(req, policy_id, "get"), self.filters.ask(req.query)
        ask = Ask({**asked.filters, "qos_policy_id": [policy["id"]], "type": [self.rule_type]}, asked.sort,
                  asked.limit, asked.marker, asked.reverse)
        shown = [views.qos_rule(each) for each in self._rules.list(req.context, ask)]
        return listing.page(req, f"{self._name}s", shown, ask, path=f"qos/policies/{policy['id']}/{self._name}s")

    def create(self, req, policy_id):
        """409: the policy has such a rule."""
        policy = self._policy(req, policy_id, "create")
        said, several = attributes.resources(req, self._name, f"{self._name}s")
        made = self._rules.add(policy, self.rule_type, [_values(each) for each in said])
        return attributes.made(self._name, f"{self._name}s", [views.qos_rule(each) for each in made], several)

    def show(self, req, policy_id, id):
        found = self._rules.of(self._policy(req, policy_id, "get"), self.rule_type, id)
        return {self._name: listing.only(views.qos_rule(found), set(req.query.get("fields", ())))}

    def update(self, req, policy_id, id):
        policy = self._policy(req, policy_id, "update")
        return self._updated(req, policy, id, self._name)

    def _updated(self, req, policy, id, name):
        found = self._rules.of(policy, self.rule_type, id)
        changed = self._rules.update(policy, found, _values(req.body_json[name]))
        return {name: views.qos_rule(changed)}

    def delete(self, req, policy_id, id):
        policy = self._policy(req, policy_id, "delete")
        self._rules.remove_from(policy, self._rules.of(policy, self.rule_type, id))
        return 204

    def _policy(self, req, policy_id, action, kind="policy"):
        """The policy, which the caller may change so.

        A new rule in another's policy is refused, not hidden, as Neutron does it; and in one that is not there, too.
        """
        try:
            policy = self._policies.load(ALL, policy_id)
        except QosPolicyNotFound:
            if action == "create":
                self._must(req, f"{action}_{kind}", None)
            raise
        known = {} if action == "create" else {"id": policy["id"]}
        self._must(req, f"{action}_{kind}", policy["project_id"], **known)
        return policy

    def _must(self, req, what, project_id, **known):
        req.context.can(f"{what}_{self._name}", {
            **known, "project_id": project_id, "ext_parent:project_id": project_id})

    # ---- by their ids alone

    def _alias(self, req, id, action):
        return self._policy(req, self._rules.policy_of(self.rule_type, id), action, "alias")

    def show_alias(self, req, id):
        found = self._rules.of(self._alias(req, id, "get"), self.rule_type, id)
        return {f"alias_{self._name}": listing.only(views.qos_rule(found), set(req.query.get("fields", ())))}

    def update_alias(self, req, id):
        return self._updated(req, self._alias(req, id, "update"), id, f"alias_{self._name}")

    def delete_alias(self, req, id):
        policy = self._alias(req, id, "delete")
        self._rules.remove_from(policy, self._rules.of(policy, self.rule_type, id))
        return 204


def _values(said):
    return attributes.values({name: value for name, value in said.items() if name not in ("project_id", "tenant_id")})


def _of(rule_type):
    """The controller of rules of one type, with the schemas of its bodies and queries."""
    filters = listing.Filters({"id": ("id", str), **{
        name: (name, listing.number if name in _NUMBERS else str) for name in qos_rules.TYPES[rule_type]}},
        common={}, tagged=False)
    return type("QosRules", (_Rules,), {
        "rule_type": rule_type, "filters": filters,
        "index": validation.query(filters.schema)(_Rules.index),
        "create": validation.body(schemas.QOS_RULE_CREATE[rule_type])(_Rules.create),
        "update": validation.body(schemas.QOS_RULE_UPDATE[rule_type])(_Rules.update),
        **({"update_alias": validation.body(schemas.QOS_ALIAS_UPDATE[rule_type])(_Rules.update_alias)}
           if rule_type in qos_rules.ALIASED else {})})


#: {type: controller}
RULES = {each: _of(each) for each in qos_rules.TYPES}
