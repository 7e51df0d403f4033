"""QoS policies: their rules, the networks and ports that they are for, and who may use them."""

import pytest

from nova_lite.network.planes.capabilities import PLANES, Capability
from nova_lite.objects import qos_rules
from tests.api.test_network_api import refused
from tests.network_service import USERS, service  # noqa: F401

ERIN = USERS["erin"][0]
NOWHERE = "00000000-0000-0000-0000-000000000000"
BODIES = {"bandwidth_limit": {"max_kbps": 1000}, "dscp_marking": {"dscp_mark": 26},
          "minimum_bandwidth": {"min_kbps": 100}, "packet_rate_limit": {"max_kpps": 10},
          "minimum_packet_rate": {"min_kpps": 1}}
OTHERS = {"bandwidth_limit": {"max_kbps": "2000", "max_burst_kbps": 300, "direction": "ingress"},
          "dscp_marking": {"dscp_mark": "10"}, "minimum_bandwidth": {"min_kbps": 7, "direction": "ingress"},
          "packet_rate_limit": {"max_kpps": "20", "max_burst_kpps": 3, "direction": "ingress"},
          "minimum_packet_rate": {"min_kpps": "2", "direction": "any"}}


class Policies:
    """Makes QoS policies and rules as an administrator."""

    def __init__(self, network):
        self._network = network

    def make(self, **said):
        answer = self._network.call("POST", "/qos/policies", {"policy": said}, "admin")
        assert answer.status_int == 201, answer.text
        return answer.json["policy"]

    def rule(self, policy, kind="bandwidth_limit", **said):
        answer = self.add(policy, kind, **said)
        assert answer.status_int == 201, answer.text
        return answer.json[f"{kind}_rule"]

    def add(self, policy, kind, user="admin", **said):
        return self._network.call("POST", f"/qos/policies/{policy['id']}/{kind}_rules", {f"{kind}_rule": said}, user)

    def show(self, policy, user="admin"):
        return self._network.find(f"/qos/policies/{policy['id']}", user)


@pytest.fixture
def policies(service):  # noqa: F811
    return Policies(service)


def test_a_policy_shows_what_it_is_and_its_rules(service, policies):  # noqa: F811
    made = policies.make(name="gold", description="d", shared="true", project_id="pa")
    assert set(made) == {"id", "name", "description", "project_id", "tenant_id", "shared", "is_default", "rules",
                         "created_at", "updated_at", "revision_number", "tags"}
    assert (made["shared"], made["is_default"], made["rules"], made["project_id"]) == (True, False, [], "pa")
    rules = {kind: policies.rule(made, kind, **body) for kind, body in BODIES.items()}
    shown = policies.show(made)
    assert shown["rules"] == [
        {"qos_policy_id": made["id"], "type": kind, **rule} for kind, rule in sorted(rules.items())]
    assert shown["revision_number"] == made["revision_number"] + len(BODIES)
    assert service.find("/qos/policies?name=gold") == [shown] and service.find("/qos/policies?name=silver") == []


@pytest.mark.parametrize("kind", BODIES)
def test_rules_are_made_changed_and_deleted(service, policies, kind):  # noqa: F811
    policy = policies.make(project_id="pa")
    made, at = policies.rule(policy, kind, **BODIES[kind]), f"/qos/policies/{policy['id']}/{kind}_rules"
    usual = {name: each for name, each in qos_rules.DEFAULTS.items() if name in qos_rules.TYPES[kind]}
    assert made == {"id": made["id"], **usual, **BODIES[kind]}
    assert service.find(at) == [made] and service.find(f"{at}/{made['id']}") == made
    name, = (each for each in BODIES[kind])
    assert service.find(f"{at}?{name}={BODIES[kind][name]}") == [made] and service.find(f"{at}?{name}=3") == []
    wanted = {f"{kind}_rule": OTHERS[kind]}
    changed = service.call("PUT", f"{at}/{made['id']}", wanted, "admin").json[f"{kind}_rule"]
    assert changed == made | {key: int(each) if str(each).isdigit() else each for key, each in OTHERS[kind].items()}
    refused(service.call("PUT", f"{at}/{made['id']}", wanted), 403, "PolicyNotAuthorized", f"update_policy_{kind}_rule")
    assert service.call("DELETE", f"{at}/{made['id']}", user="admin").status_int == 204
    refused(service.call("GET", f"{at}/{made['id']}", user="admin"), 404, "QosRuleNotFound",
            f"QoS rule {made['id']} for policy {policy['id']} could not be found.")


@pytest.mark.parametrize("kind", qos_rules.ALIASED)
def test_rules_are_found_by_their_ids_alone(service, policies, kind):  # noqa: F811
    policy = policies.make(project_id="pa")
    made, name = policies.rule(policy, kind, **BODIES[kind]), f"alias_{kind}_rule"
    at = f"/qos/{name}s/{made['id']}"
    assert service.find(at) == made
    refused(service.call("GET", at, user="bob"), 404, "HTTPNotFound", "could not be found")
    assert service.call("PUT", at, {name: BODIES[kind]}, "admin").json == {name: made}
    refused(service.call("DELETE", at), 403, "PolicyNotAuthorized", f"delete_alias_{kind}_rule")
    assert service.call("DELETE", at, user="admin").status_int == 204
    refused(service.call("GET", at, user="admin"), 404, "QosRuleNotFound", made["id"])
    other = next(each for each in qos_rules.ALIASED if each != kind)
    made = policies.rule(policy, kind, **BODIES[kind])
    refused(service.call("GET", f"/qos/alias_{other}_rules/{made['id']}", user="admin"), 404, "QosRuleNotFound")


def test_several_rules_come_at_once_or_none_do(service, policies):  # noqa: F811
    policy = policies.make()
    at = f"/qos/policies/{policy['id']}/bandwidth_limit_rules"
    two = [{"max_kbps": 1}, {"max_kbps": 2, "direction": "ingress"}]
    refused(service.call("POST", at, {"bandwidth_limit_rules": [*two, {"max_kbps": 3}]}, "admin"), 409,
            "QoSRulesConflict")
    assert policies.show(policy)["rules"] == []
    assert len(service.call("POST", at, {"bandwidth_limit_rules": two}, "admin").json["bandwidth_limit_rules"]) == 2


def test_a_policy_has_one_rule_of_a_type_and_direction(service, policies):  # noqa: F811
    policy = policies.make()
    first = policies.rule(policy, max_kbps=1000)
    refused(policies.add(policy, "bandwidth_limit", max_kbps=7), 409, "QoSRulesConflict",
            f"Rule bandwidth_limit conflicts with rule {first['id']} which already exists in QoS Policy "
            f"{policy['id']}.")
    second = policies.rule(policy, max_kbps=7, direction="ingress")
    refused(service.call("PUT", f"/qos/policies/{policy['id']}/bandwidth_limit_rules/{second['id']}",
                         {"bandwidth_limit_rule": {"direction": "egress"}}, "admin"), 409, "QoSRulesConflict")
    policies.rule(policy, "dscp_marking", dscp_mark=0)
    refused(policies.add(policy, "dscp_marking", dscp_mark=8), 409, "QoSRulesConflict", "dscp_marking")


def test_a_limit_is_not_below_what_is_promised(policies):
    policy = policies.make()
    policies.rule(policy, max_kbps=1000)
    refused(policies.add(policy, "minimum_bandwidth", min_kbps=1001), 409, "QoSRuleParameterConflict",
            "the existing rule of type bandwidth_limit has value 1000")
    policies.rule(policy, "minimum_bandwidth", min_kbps=500, direction="ingress")
    refused(policies.add(policy, "bandwidth_limit", max_kbps=499, direction="ingress"), 409,
            "QoSRuleParameterConflict", "minimum_bandwidth has value 500")


def test_packets_are_promised_in_each_direction_or_in_any(service, policies):  # noqa: F811
    policy, kind = policies.make(), "minimum_packet_rate"
    policies.rule(policy, kind, min_kpps=1, direction="ingress")
    refused(policies.add(policy, kind, min_kpps=2, direction="any"), 409, "QoSRuleParameterConflict",
            "with value any to the policy")
    one = policies.rule(policy, kind, min_kpps=3)
    at = f"/qos/policies/{policy['id']}/{kind}_rules/{one['id']}"
    refused(service.call("PUT", at, {f"{kind}_rule": {"direction": "any"}}, "admin"), 409, "QoSRuleParameterConflict",
            "the existing rule of type minimum_packet_rate has value ingress")
    whole = policies.make()
    made = policies.rule(whole, kind, min_kpps=5, direction="any")
    refused(policies.add(whole, kind, min_kpps=2), 409, "QoSRuleParameterConflict", "has value any")
    refused(policies.add(whole, kind, min_kpps=2, direction="any"), 409, "QoSRulesConflict", made["id"])


@pytest.mark.parametrize(("kind", "said"), [
    ("packet_rate_limit", {}), ("packet_rate_limit", {"max_kpps": -1}),
    ("packet_rate_limit", {"max_kpps": 1, "direction": "any"}), ("packet_rate_limit", {"max_kbps": 1}),
    ("minimum_packet_rate", {}), ("minimum_packet_rate", {"min_kpps": 1, "direction": "both"}),
    ("bandwidth_limit", {}), ("bandwidth_limit", {"max_kbps": -1}), ("bandwidth_limit", {"max_kbps": 2 ** 31}),
    ("bandwidth_limit", {"max_kbps": 1, "direction": "any"}), ("dscp_marking", {}), ("dscp_marking", {"dscp_mark": 58}),
    ("minimum_bandwidth", {"max_kbps": 1}), ("minimum_bandwidth", {"min_kbps": "x"})])
def test_invalid_rules_are_refused(policies, kind, said):
    policy = policies.make()
    refused(policies.add(policy, kind, **said), 400, "HTTPBadRequest")
    assert policies.show(policy)["rules"] == []


def test_what_is_not_there_is_not_found(service, policies):  # noqa: F811
    policy = policies.make()
    refused(policies.add({"id": NOWHERE}, "bandwidth_limit", max_kbps=1), 404, "QosPolicyNotFound",
            f"QoS policy {NOWHERE} could not be found.")
    refused(service.call("GET", f"/qos/policies/{policy['id']}"), 404, "QosPolicyNotFound", policy["id"])
    refused(service.call("PUT", f"/qos/policies/{policy['id']}", {"policy": {"name": "n"}}), 404, "QosPolicyNotFound")


def test_members_make_no_policies_and_see_their_own(service, policies):  # noqa: F811
    refused(service.call("POST", "/qos/policies", {"policy": {"name": "n"}}), 403, "PolicyNotAuthorized",
            "create_policy")
    own, others = policies.make(project_id="pa"), policies.make(project_id="pb")
    assert [each["id"] for each in service.find("/qos/policies")] == [own["id"]]
    refused(service.call("PUT", f"/qos/policies/{own['id']}", {"policy": {"name": "n"}}), 403, "PolicyNotAuthorized")
    refused(service.call("DELETE", f"/qos/policies/{own['id']}"), 403, "PolicyNotAuthorized")
    refused(policies.add(others, "bandwidth_limit", "alice", max_kbps=1), 403, "PolicyNotAuthorized",
            "create_policy_bandwidth_limit_rule")


def test_a_project_has_one_default_policy_which_its_new_networks_get(service, policies):  # noqa: F811
    first, other = policies.make(is_default=True, project_id="pa"), policies.make(project_id="pa")
    policies.make(is_default=True, project_id="pb")
    assert [each["id"] for each in service.find("/qos/policies?is_default=true")] == [first["id"]]
    for method, path in (("PUT", f"/{other['id']}"), ("POST", "")):
        said = {"is_default": True} | ({} if path else {"project_id": "pa"})
        refused(service.call(method, f"/qos/policies{path}", {"policy": said}, "admin"), 409,
                "QoSPolicyDefaultAlreadyExists", "A default QoS policy exists for project pa.")
    assert service.make("network")["qos_policy_id"] == first["id"]
    assert service.make("network", qos_policy_id=other["id"])["qos_policy_id"] == other["id"]
    answer = service.call("PUT", f"/qos/policies/{first['id']}", {"policy": {"is_default": False}}, "admin")
    assert answer.json["policy"]["is_default"] is False
    assert service.make("network")["qos_policy_id"] is None


def test_a_policy_that_is_in_use_stays(service, policies):  # noqa: F811
    policy = policies.make(project_id="pa")
    at = f"/qos/policies/{policy['id']}"
    network = service.make("network", qos_policy_id=policy["id"])
    refused(service.call("DELETE", at, user="admin"), 409, "QosPolicyInUse",
            f"QoS Policy {policy['id']} is used by network {network['id']}.")
    service.call("PUT", f"/networks/{network['id']}", {"network": {"qos_policy_id": None}})
    port = service.make("port", network_id=network["id"], qos_policy_id=policy["id"])
    refused(service.call("DELETE", at, user="admin"), 409, "QosPolicyInUse", f"is used by port {port['id']}.")
    assert service.call("PUT", f"/ports/{port['id']}", {"port": {"qos_policy_id": None}}).status_int == 200
    assert service.call("DELETE", at, user="admin").status_int == 204


def test_ports_show_their_own_policy_and_their_networks(service, policies):  # noqa: F811
    own, shared = policies.make(project_id="pa"), policies.make(project_id="pa")
    network = service.make("network", qos_policy_id=shared["id"])
    port = service.make("port", network_id=network["id"], qos_policy_id=own["id"])
    assert (port["qos_policy_id"], port["qos_network_policy_id"]) == (own["id"], shared["id"])
    plain = service.make("port", network_id=network["id"])
    assert (plain["qos_policy_id"], plain["qos_network_policy_id"]) == (None, shared["id"])
    assert [each["id"] for each in service.find(f"/ports?qos_policy_id={own['id']}")] == [port["id"]]
    assert [each["id"] for each in service.find(f"/networks?qos_policy_id={shared['id']}")] == [network["id"]]


def test_others_policies_are_neither_given_nor_taken_away(service, policies):  # noqa: F811
    policy = policies.make()
    for path, body in (("/networks", {"network": {"qos_policy_id": policy["id"]}}),
                       ("/networks", {"network": {"qos_policy_id": NOWHERE}})):
        refused(service.call("POST", path, body), 404, "QosPolicyNotFound")
    network = service.make("network")
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"], "qos_policy_id": policy["id"]}}), 404,
            "QosPolicyNotFound", policy["id"])
    at = f"/networks/{network['id']}"
    assert service.call("PUT", at, {"network": {"qos_policy_id": policy["id"]}}, "admin").status_int == 200
    refused(service.call("PUT", at, {"network": {"qos_policy_id": None}}), 403, "PolicyRemoveAuthorizationError",
            f"Failed to remove provided policy {policy['id']} because you are not authorized.")
    service.call("PUT", f"/qos/policies/{policy['id']}", {"policy": {"shared": True}}, "admin")
    assert service.call("PUT", at, {"network": {"qos_policy_id": None}}).json["network"]["qos_policy_id"] is None


def test_a_policy_is_shared_by_rbac_and_stays_so_while_it_is_used(service, policies):  # noqa: F811
    policy = policies.make()
    shared = service.make("rbac_policy", "admin", object_type="qos_policy", object_id=policy["id"],
                          action="access_as_shared", target_tenant=ERIN)
    network = service.make("network", "erin", qos_policy_id=policy["id"])
    assert policies.show(policy, "erin")["shared"] is True
    refused(service.call("GET", f"/qos/policies/{policy['id']}"), 404, "QosPolicyNotFound")
    refused(service.call("DELETE", f"/rbac-policies/{shared['id']}", user="admin"), 409, "RbacPolicyInUse",
            f"project_id={ERIN}")
    answer = service.call("PUT", f"/qos/policies/{policy['id']}", {"policy": {"shared": True}}, "admin")
    assert answer.json["policy"]["shared"] is True
    assert service.call("DELETE", f"/rbac-policies/{shared['id']}", user="admin").status_int == 204
    refused(service.call("PUT", f"/qos/policies/{policy['id']}", {"policy": {"shared": False}}, "admin"), 409,
            "RbacPolicyInUse", "project_id=*")
    assert service.call("DELETE", f"/networks/{network['id']}", user="erin").status_int == 204
    answer = service.call("PUT", f"/qos/policies/{policy['id']}", {"policy": {"shared": False}}, "admin")
    assert answer.json["policy"]["shared"] is False


def test_those_with_whom_a_policy_is_shared_see_its_rules_in_it_alone(service, policies):  # noqa: F811
    policy = policies.make(shared=True)
    made = policies.rule(policy, max_kbps=1)
    assert [each["id"] for each in policies.show(policy, "erin")["rules"]] == [made["id"]]
    refused(service.call("GET", f"/qos/policies/{policy['id']}/bandwidth_limit_rules/{made['id']}", user="erin"), 404,
            "HTTPNotFound")


# ---- what hosts get

def limits(service, nic, host="host1"):  # noqa: F811
    """What a host gets of a port's limits; compute's copy says the same."""
    scope, = (each for each in service.facade.desired_state.changes(host, {f"host:{host}": 0}, {}))
    body, = (each for each in scope.ports if each.nic.port_id == nic.port_id)
    kept, = (each for each in service.facade.describe([body.server_id])[body.server_id].nics
             if each.port_id == nic.port_id)
    assert kept.qos == body.nic.qos and kept.revision == body.nic.revision
    return body.nic.qos


def test_hosts_get_the_limits_of_servers_ports_and_each_change_of_them(service, policies):  # noqa: F811
    gold, plain = policies.make(project_id="pa"), policies.make(project_id="pa")
    rule = policies.rule(gold, max_kbps=1000, max_burst_kbps=100)
    policies.rule(gold, max_kbps=3000, direction="ingress")
    policies.rule(plain, "dscp_marking", dscp_mark=26)
    network, _ = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)
    seen = [limits(service, nic)]

    def becomes(expected):
        seen.append(limits(service, nic))
        assert seen[-1] == expected
        (body,), = [list(part.ports) for part in service.facade.desired_state.changes(
            "host1", {"host:host1": 0}, {})]
        assert body.nic.revision > revisions[-1]
        revisions.append(body.nic.revision)
    revisions = [nic.revision]
    assert seen == [{}]
    at = f"/networks/{network['id']}"
    service.call("PUT", at, {"network": {"qos_policy_id": gold["id"]}})
    both = {"egress_kbps": 1000, "egress_burst": 100, "ingress_kbps": 3000, "ingress_burst": 0}
    becomes(both)
    service.call("PUT", f"/qos/policies/{gold['id']}/bandwidth_limit_rules/{rule['id']}",
                 {"bandwidth_limit_rule": {"max_kbps": 2000}}, "admin")
    becomes(both | {"egress_kbps": 2000})
    service.call("PUT", f"/ports/{nic.port_id}", {"port": {"qos_policy_id": plain["id"]}})
    becomes({"dscp_mark": 26})
    service.call("PUT", f"/ports/{nic.port_id}", {"port": {"qos_policy_id": None}})
    becomes(both | {"egress_kbps": 2000})
    service.call("DELETE", f"/qos/policies/{gold['id']}/bandwidth_limit_rules/{rule['id']}", user="admin")
    becomes({"ingress_kbps": 3000, "ingress_burst": 0})
    service.call("PUT", at, {"network": {"qos_policy_id": None}})
    becomes({})


def test_a_new_port_has_the_limits_of_its_network_at_once(service, policies):  # noqa: F811
    policy = policies.make(project_id="pa")
    policies.rule(policy, max_kbps=500)
    network, _ = service.net()
    service.call("PUT", f"/networks/{network['id']}", {"network": {"qos_policy_id": policy["id"]}})
    _, (nic,) = service.boot([{"uuid": network["id"]}])
    assert nic.qos == {"egress_kbps": 500, "egress_burst": 0} == limits(service, nic)


def test_hosts_get_limits_of_packets(service, policies):  # noqa: F811
    policy = policies.make(project_id="pa")
    policies.rule(policy, "packet_rate_limit", max_kpps=2, max_burst_kpps=1)
    policies.rule(policy, "packet_rate_limit", max_kpps=2 ** 31 - 1, direction="ingress")
    policies.rule(policy, "minimum_packet_rate", min_kpps=1)
    network, _ = service.net()
    service.call("PUT", f"/networks/{network['id']}", {"network": {"qos_policy_id": policy["id"]}})
    _, (nic,) = service.boot([{"uuid": network["id"]}])
    assert limits(service, nic) == {"egress_pps": 2000, "egress_pps_burst": 1000,
                                    "ingress_pps": 2 ** 31 - 1, "ingress_pps_burst": 0}


def test_no_rate_is_no_limit():
    class Row:
        type, direction, max_kbps, max_burst_kbps = "bandwidth_limit", "egress", 0, 5
    assert qos_rules.limits([Row]) == {}


# ---- what planes put in force

def test_types_of_rules_are_those_that_hosts_put_in_force(service, monkeypatch):  # noqa: F811
    assert [each["type"] for each in service.find("/qos/rule-types")] == list(BODIES)
    monkeypatch.setitem(PLANES, "fake", PLANES["fake"] - {Capability.MINIMUM_BANDWIDTH})
    assert [each["type"] for each in service.find("/qos/rule-types?all_supported=true")] == [
        each for each in BODIES if each != "minimum_bandwidth"]
    assert {each["type"] for each in service.find("/qos/rule-types?all_rules=true")} == set(BODIES)
    refused(service.call("GET", "/qos/rule-types/dscp_marking"), 403, "NotAuthorized", "Not authorized.")
    shown = service.find("/qos/rule-types/dscp_marking", "admin")
    assert shown["drivers"] == [{"name": "fake", "supported_parameters": [{
        "parameter_name": "dscp_mark", "parameter_type": "values", "parameter_values": list(qos_rules.DSCP_MARKS)}]}]
    assert service.find("/qos/rule-types/minimum_bandwidth", "admin")["drivers"] == []
    refused(service.call("GET", "/qos/rule-types/none", user="admin"), 404, "HTTPNotFound")


def test_rules_that_hosts_do_not_put_in_force_are_for_no_port(service, policies, monkeypatch):  # noqa: F811
    monkeypatch.setitem(PLANES, "fake", PLANES["fake"] - {Capability.MINIMUM_BANDWIDTH})
    promised, used = policies.make(project_id="pa"), policies.make(project_id="pa")
    policies.rule(promised, "minimum_bandwidth", min_kbps=1)
    network = service.make("network")
    refused(service.call("PUT", f"/networks/{network['id']}", {"network": {"qos_policy_id": promised["id"]}}), 409,
            "QosRuleNotSupportedByNetwork", f"Rule minimum_bandwidth is not supported by network {network['id']}")
    port = service.make("port", network_id=network["id"], qos_policy_id=used["id"])
    refused(service.call("PUT", f"/ports/{port['id']}", {"port": {"qos_policy_id": promised["id"]}}), 409,
            "QosRuleNotSupported", port["id"])
    refused(policies.add(used, "minimum_bandwidth", min_kbps=1), 409, "QosRuleNotSupported",
            f"Rule minimum_bandwidth is not supported by port {port['id']}")
    assert policies.show(used)["rules"] == []


def test_without_a_plane_that_has_it_there_is_no_qos(service, conf, monkeypatch):  # noqa: F811
    monkeypatch.setitem(PLANES, "fake", PLANES["fake"] - {
        Capability.QOS, Capability.QOS_ROUTERS, Capability.PACKET_RATE, Capability.MINIMUM_PACKET_RATE})
    made = type(service)()
    refused(made.call("GET", "/qos/policies"), 404, "HTTPNotFound", "The resource could not be found.")
    refused(made.call("POST", "/networks", {"network": {"qos_policy_id": NOWHERE}}), 400, "InvalidInput", "QoS")
    named = {each["alias"] for each in made.find("/extensions")}
    assert not {each for each in named if each.startswith("qos")} - {"qos-bw-minimum-ingress"}
