"""QoS policies of networks, ports, floating IPs and routers: who may give and take which, and what is refused."""

from nova_lite.db import locks
from nova_lite.db.models.qos import QosPolicy
from nova_lite.db.network import paging, rows
from nova_lite.db.network import qos as qos_queries
from nova_lite.network import qos_exceptions
from nova_lite.network.embedded.served import check_capable
from nova_lite.network.planes.capabilities import Capability, plane_capabilities
from nova_lite.objects import qos_rules
from nova_lite.objects.desired_state import of_host

NAME = "qos_policy_id"
#: Of their policies only limits of bandwidth have an effect, in Neutron too, and other rules are no mistake.
_OF_ROUTERS = ("floatingip", "router")


def check_new(session, context, values, kind):
    """Check the policy that a resource is to have, which stays until the transaction ends.

    :param values: of the new one; NAME is absent or None: none.
    :param kind: "network", "port", "floatingip" or "router" (whose gateway it is for).
    :raises QosPolicyNotFound: the caller does not see it.  :raises QosRuleNotSupported, QosRuleNotSupportedByNetwork:
    """
    policy_id = values.get(NAME)
    if policy_id is not None:
        check_capable(Capability.QOS, f"put no QoS policies in force: leave {NAME} None")
        if kind in _OF_ROUTERS:
            check_capable(Capability.QOS_ROUTERS, "put no QoS policies of floating IPs and of routers in force: leave "
                                                  f"their {NAME} None")
        hold_policy(session, policy_id)
        _check_rules(_seen(session, context, policy_id), kind, values.get("id", ""))


def hold_policy(session, policy_id):
    """A policy stays until the transaction ends.  :param policy_id: None: there is none to hold."""
    if policy_id is not None:
        rows.lock(session, QosPolicy, policy_id, writing=False)


def check_change(session, context, found, values, kind):
    """As ``check_new``, of a resource (a dict) that may have another policy by ``values``.

    :raises PolicyRemoveAuthorizationError: the caller does not see the one that it has.
    """
    before = found[NAME]
    if NAME in values and values[NAME] != before:
        if before is not None and not _policies(session, context.visible_project, before):
            raise qos_exceptions.PolicyRemoveAuthorizationError(policy_id=before)
        check_new(session, context, {"id": found["id"], NAME: values[NAME]}, kind)


def _policies(session, project_id, policy_id):
    return qos_queries.policies(session, project_id, paging.Page({"id": [policy_id]}))


def _seen(session, context, policy_id):
    found = _policies(session, context.visible_project, policy_id)
    if not found:
        raise qos_exceptions.QosPolicyNotFound(policy_id=policy_id)
    return found[0]


def _unserved(policy):
    """The type of one of its rules that hosts do not put in force; None."""
    served = qos_rules.served(plane_capabilities())
    return next((each["type"] for each in policy["rules"] if each["type"] not in served), None)


def _check_rules(policy, kind, resource_id):
    unserved = _unserved(policy)
    if unserved and kind == "network":
        raise qos_exceptions.QosRuleNotSupportedByNetwork(rule_type=unserved, network_id=resource_id)
    if unserved and kind == "port":
        raise qos_exceptions.QosRuleNotSupported(rule_type=unserved, port_id=resource_id)


def check_served(session, policy):
    """:raises QosRuleNotSupported, QosRuleNotSupportedByNetwork: a policy (a dict) that is in use has such rules."""
    if _unserved(policy):
        port_id = qos_queries.port_under(session, policy["id"])
        named = ("port", port_id) if port_id else qos_queries.named_by(session, policy["id"])
        if named:
            _check_rules(policy, *named)


def check_bounds(policy, values):
    """Refuse a limit below what is promised in the same direction, and the other way round.

    :param values: what is said of a new or changed rule: as in Neutron, one that names no direction is compared with
        the rules of both.
    """
    for each in policy["rules"]:
        if values.get("direction") not in (None, each.get("direction")):
            continue
        for name, other, crossed in (("max_kbps", "min_kbps", lambda said, there: there > said),
                                     ("min_kbps", "max_kbps", lambda said, there: there < said)):
            if name in values and each.get(other) is not None and crossed(values[name], each[other]):
                raise qos_exceptions.QoSRuleParameterConflict(
                    rule_value=values[name], policy_id=policy["id"], existing_rule=each["type"],
                    existing_value=each[other])


def check_mixed(policy, rule):
    """:raises QoSRuleParameterConflict: a policy (a dict) would promise packets both in one direction and in any."""
    for each in policy["rules"]:
        if rule["type"] == each["type"] == qos_rules.MINIMUM_PACKET_RATE and each["id"] != rule["id"] and (
                (rule["direction"] == qos_rules.ANY) is not (each["direction"] == qos_rules.ANY)):
            raise qos_exceptions.QoSRuleParameterConflict(
                rule_value=rule["direction"], policy_id=policy["id"], existing_rule=each["type"],
                existing_value=each["direction"])


def check_duplicate(policy, rule):
    """:raises QoSRulesConflict: a policy has another rule of the type and direction of one (a dict)."""
    for each in policy["rules"]:
        if each["id"] != rule["id"] and (each["type"], each.get("direction")) == (rule["type"], rule.get("direction")):
            raise qos_exceptions.QoSRulesConflict(new_rule_type=rule["type"], rule_id=each["id"],
                                                  policy_id=policy["id"])


def hold(session, network_id, policy_id):
    """No rule of the policy of a new port changes until the transaction ends, which may show it on a server.

    :param policy_id: the port's own; None: its network's.
    """
    if locks.are_needed(session):
        policy_id = policy_id or qos_queries.of_network(session, network_id)
        if policy_id is not None:
            rows.lock(session, QosPolicy, policy_id, writing=False)


def ports_changed(session, changes, which):
    """Other rules are for servers' ports than before; their hosts are notified.

    :param changes: a desired_state.Changes.  :param which: a condition on ports.
    """
    for host in qos_queries.ports_changed(session, which):
        changes.notify(session, [host], of_host(host))
