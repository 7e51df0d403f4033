"""QoS policies and their rules."""

import dataclasses

from nova_lite import db
from nova_lite.common.visibility import ALL, NO_PROJECT
from nova_lite.db.base import new_id
from nova_lite.db.models.qos import QosPolicy, QosRule
from nova_lite.db.network import qos as qos_queries
from nova_lite.db.network import rows, sharing
from nova_lite.network import exceptions, qos_exceptions
from nova_lite.network.embedded import qos
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.network.embedded.sharing import share, users_without
from nova_lite.network.listing import one
from nova_lite.network.planes.capabilities import plane_capabilities, plane_name
from nova_lite.objects import qos_rules


class QosPolicies(Resource):
    """Dicts as the columns of the model, ``shared``, ``is_default`` and ``rules``: dicts as of QosRules."""

    resource = "qos_policy"
    _query = staticmethod(qos_queries.policies)
    model = QosPolicy

    def find(self, project_id, ask, viewer=NO_PROJECT):
        """As in Neutron, a marker that the caller does not see stands for none."""
        if ask.marker is not None and not super().find(project_id, one(ask.marker)):
            ask = dataclasses.replace(ask, marker=None)
        return super().find(project_id, ask, viewer)

    @staticmethod
    def missing(policy_id):
        return qos_exceptions.QosPolicyNotFound(policy_id=policy_id)

    def _insert(self, session, context, values):
        """:param values: project_id, and name, description, is_default.

        :raises QoSPolicyDefaultAlreadyExists: the project has another default one.
        """
        values = {"id": new_id(), **values}
        is_default = values.pop("is_default", False)
        rows.insert(session, QosPolicy, values)
        if is_default:
            _make_default(session, values)
        return values["id"]

    def update(self, context, policy, values, revision=None):
        """:raises RbacPolicyInUse: it would not be shared any more, and other projects use it.
        :raises QoSPolicyDefaultAlreadyExists: as for a new one.
        """
        values = dict(values)
        with db.writer() as session:
            found = self.hold(policy["id"], revision)
            shared = share(session, self, found, values.pop("shared", None))
            wanted = values.pop("is_default", found["is_default"])
            becomes = wanted and not found["is_default"]
            self.write(found, values | ({} if wanted else {"default_for": None}), touched=shared or becomes)
            if becomes:
                _make_default(session, found)
            return self.load(ALL, found["id"], context.own_project)

    def delete(self, context, policy, revision=None):
        """Its rules go with it.  :raises QosPolicyInUse: a network, port, floating IP or router names it."""
        with db.writer() as session:
            self.hold(policy["id"], revision)
            named = qos_queries.named_by(session, policy["id"])
            if named is None and not self.remove(policy["id"]):
                named = qos_queries.named_by(session, policy["id"]) or ("network", "")
            if named is not None:
                raise qos_exceptions.QosPolicyInUse(policy_id=policy["id"], object_type=named[0], object_id=named[1])

    @staticmethod
    def check_unshared(policy, target):
        """:raises RbacPolicyInUse: projects use a policy that they may not once it is not shared with ``target``; as
            in Neutron, one that every project may use stays so while its own project uses it.
        """
        with db.reader() as session:
            users = qos_queries.users(session, policy["id"])
            owner = {policy["project_id"]} & users if target == sharing.EVERYONE else set()
            if owner - sharing.targets(session, policy["id"]) or users_without(session, policy, target, users):
                raise exceptions.RbacPolicyInUse(object_id=policy["id"], details=f"project_id={target}")

    @staticmethod
    def types(*, every=False):
        """Types of rules that hosts put in force, or every one that is known."""
        return list(qos_rules.TYPES) if every else qos_rules.served(plane_capabilities())

    @staticmethod
    def drivers(rule_type):
        """[{"name", "supported_parameters"}] of what puts rules of a type in force."""
        if rule_type not in qos_rules.served(plane_capabilities()):
            return []
        return [{"name": plane_name(), "supported_parameters": [
            {"parameter_name": name, "parameter_type": kind,
             "parameter_values": {"start": one[0], "end": one[1]} if kind == "range" else one}
            for name, (kind, one) in qos_rules.TYPES[rule_type].items()]}]


def _make_default(session, policy):
    if not qos_queries.try_default(session, policy["id"], policy["project_id"]):
        raise qos_exceptions.QoSPolicyDefaultAlreadyExists(project_id=policy["project_id"])


class QosRules(Resource):
    """Dicts as the columns of the model, of a policy that the caller has loaded.

    :param policies: the QosPolicies.  :param changes: a desired_state.Changes.
    """

    resource = "qos_rule"
    _query = staticmethod(qos_queries.rules)
    model = QosRule

    def __init__(self, policies, changes):
        self._policies = policies
        self._changes = changes

    @staticmethod
    def missing(rule_id, policy_id=""):
        return qos_exceptions.QosRuleNotFound(rule_id=rule_id, policy_id=policy_id)

    def of(self, policy, rule_type, rule_id):
        """:raises QosRuleNotFound: the policy (a dict) has no such rule of that type."""
        for each in policy["rules"]:
            if (each["id"], each["type"]) == (rule_id, rule_type):
                return each
        raise self.missing(rule_id, policy["id"])

    def policy_of(self, rule_type, rule_id):
        """The id of the policy that has a rule.  :raises QosRuleNotFound:"""
        found = self.load(ALL, rule_id)
        if found["type"] != rule_type:
            raise self.missing(rule_id)
        return found["qos_policy_id"]

    def add(self, policy, rule_type, several):
        """New rules of a type, all or none.

        :param several: dicts of what the type has (qos_rules.TYPES).
        :raises QoSRulesConflict: the policy has one of this type and direction.
        :raises QoSRuleParameterConflict: a limit would be below what is promised, or packets are promised both in one
            direction and in any.
        :raises QosRuleNotSupported, QosRuleNotSupportedByNetwork: hosts do not put such rules in force.
        """
        made = []

        def change(session, found):
            for values in several:
                rule = {"id": new_id(), "qos_policy_id": found["id"], "type": rule_type, **{
                    name: each for name, each in qos_rules.DEFAULTS.items() if name in qos_rules.TYPES[rule_type]},
                        **values}
                qos.check_bounds(found, values)
                qos.check_mixed(found, rule)
                qos.check_duplicate(found, rule)
                rows.insert(session, QosRule, rule)
                found["rules"].append(rule)
                made.append(rule)
        self._change(policy, change)
        return made

    def update(self, policy, rule, values):
        """Change a rule.  Raises as ``add``."""
        def change(session, found):
            present = self.of(found, rule["type"], rule["id"])
            qos.check_bounds(found, values)
            qos.check_mixed(found, present | values)
            qos.check_duplicate(found, present | values)
            changed = {name: each for name, each in values.items() if present[name] != each}
            if changed:
                rows.update(session, QosRule, rule["id"], changed)
            present.update(changed)
            return bool(changed)
        found = self._change(policy, change)
        return self.of(found, rule["type"], rule["id"])

    def remove_from(self, policy, rule):
        def change(session, found):
            self.of(found, rule["type"], rule["id"])
            rows.try_delete(session, QosRule, rule["id"])
            found["rules"] = [each for each in found["rules"] if each["id"] != rule["id"]]
        self._change(policy, change)

    def _change(self, policy, change):
        """Change a policy's rules, and what is in force on hosts by them; returns the policy with them.

        :param change: callable(session, policy) which returns False where it has changed nothing.
        """
        found = None
        while found is None:
            with db.writer() as session:
                shown_by = info_cache.shown_by(session, QosPolicy, policy["id"], qos_policy_id=policy["id"])
                if shown_by is not None:
                    found = self._policies.load(ALL, policy["id"])
                    if change(session, found) is not False:
                        qos.check_served(session, found)
                        rows.raise_revision(session, QosPolicy, policy["id"])
                        qos.ports_changed(session, self._changes, qos_queries.under_policy(policy["id"]))
                        for server_id in shown_by:
                            info_cache.push(session, server_id)
        return found


