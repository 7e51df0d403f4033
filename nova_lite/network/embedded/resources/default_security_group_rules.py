"""Templates of the rules that new security groups have; groups that are there keep theirs."""

from nova_lite import db
from nova_lite.db.base import new_id
from nova_lite.db.models.default_security_group_rules import DefaultSecurityGroupRule
from nova_lite.db.network import default_security_group_rules as template_queries
from nova_lite.db.network import rows
from nova_lite.network import security_exceptions as exceptions
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.resources import security_group_rules

_USES = ("used_in_default_sg", "used_in_non_default_sg")


class DefaultSecurityGroupRules(Resource):
    """Dicts as the columns of the model.  They belong to no project.

    :param address_groups: the AddressGroups that they may name.
    """

    resource = "default_security_group_rule"
    _query = staticmethod(template_queries.templates)
    model = DefaultSecurityGroupRule

    def __init__(self, address_groups):
        self._address_groups = address_groups

    @staticmethod
    def missing(rule_id):
        return exceptions.DefaultSecurityGroupRuleNotFound(rule_id=rule_id)

    def _insert(self, session, context, values):
        """:param values: as of a group's rule without its group, and used_in_default_sg, used_in_non_default_sg.

        :raises DefaultSecurityGroupRuleExists: one for the same groups says the same.
        """
        template_queries.lock(session)
        values = security_group_rules.checked(values)
        if values["remote_address_group_id"] is not None:
            self._address_groups.get(context, values["remote_address_group_id"])
        same = security_group_rules.same(values)
        for each in template_queries.templates(session, None):
            if any(each[use] and values[use] for use in _USES) and security_group_rules.same(each) == same:
                raise exceptions.DefaultSecurityGroupRuleExists(rule_id=each["id"])
        values = {"id": new_id(), **values}
        rows.insert(session, DefaultSecurityGroupRule, values)
        return values["id"]

    def delete(self, context, rule, revision=None):
        with db.writer() as session:
            self.hold(rule["id"], revision)
            rows.try_delete(session, DefaultSecurityGroupRule, rule["id"])
