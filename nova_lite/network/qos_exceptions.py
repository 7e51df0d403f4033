"""Why a request about QoS policies is refused; the names are Neutron's."""

from nova_lite.common import exceptions


class QosPolicyNotFound(exceptions.NotFound):
    template = "QoS policy {policy_id} could not be found."


class QosRuleNotFound(exceptions.NotFound):
    template = "QoS rule {rule_id} for policy {policy_id} could not be found."


class QosPolicyInUse(exceptions.Conflict):
    template = "QoS Policy {policy_id} is used by {object_type} {object_id}."


class QoSPolicyDefaultAlreadyExists(exceptions.Conflict):
    template = "A default QoS policy exists for project {project_id}."


class QosRuleNotSupported(exceptions.Conflict):
    template = "Rule {rule_type} is not supported by port {port_id}"


class QosRuleNotSupportedByNetwork(exceptions.Conflict):
    template = "Rule {rule_type} is not supported by network {network_id}"


class QoSRuleParameterConflict(exceptions.Conflict):
    template = ("Unable to add the rule with value {rule_value} to the policy {policy_id} as the existing rule of type "
                "{existing_rule} has value {existing_value}.")


class QoSRulesConflict(exceptions.Conflict):
    template = "Rule {new_rule_type} conflicts with rule {rule_id} which already exists in QoS Policy {policy_id}."


class PolicyRemoveAuthorizationError(exceptions.Forbidden):
    template = "Failed to remove provided policy {policy_id} because you are not authorized."


class NotAuthorized(exceptions.Forbidden):
    template = "Not authorized."
