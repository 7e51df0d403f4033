"""What ports that are promised something ask of Placement."""

import uuid

from nova_lite.network.planes.capabilities import PLANES, Capability
from tests.network_service import service  # noqa: F401

NAME = "resource_request"
ALIASES = {"port-resource-request", "port-resource-request-groups"}


def policy(service, **rules):  # noqa: F811
    """(the id of a new policy, {type of a rule: [ids of rules, in the order of directions]})"""
    made = service.call("POST", "/qos/policies", {"policy": {"name": "q", "project_id": "pa"}}, "admin").json["policy"]
    ids = {}
    for kind, several in rules.items():
        for said in several:
            answer = service.call("POST", f"/qos/policies/{made['id']}/{kind}_rules", {f"{kind}_rule": said}, "admin")
            assert answer.status_int == 201, answer.text
            ids.setdefault(kind, []).append(answer.json[f"{kind}_rule"]["id"])
    return made["id"], ids


def group(port, required, resources, rules):
    """The group of a port's rules of one type."""
    return {"id": str(uuid.uuid5(uuid.UUID(port["id"]), ":".join(rules))), "required": required,
            "resources": resources}


def shown(service, port):  # noqa: F811
    found = service.find(f"/ports/{port['id']}", "admin")[NAME]
    assert [each[NAME] for each in service.find(f"/ports?id={port['id']}", "admin")] == [found]
    return found


def test_a_port_asks_for_what_its_policy_promises(service):  # noqa: F811
    promised, ids = policy(
        service, minimum_bandwidth=[{"min_kbps": 1000}, {"min_kbps": 2000, "direction": "ingress"}],
        minimum_packet_rate=[{"min_kpps": 5, "direction": "any"}], bandwidth_limit=[{"max_kbps": 9000}])
    network = service.make("network")
    port = service.make("port", network_id=network["id"], qos_policy_id=promised)
    bandwidth = group(port, ["CUSTOM_NETWORK_TUNNEL_PROVIDER", "CUSTOM_VNIC_TYPE_NORMAL"], {
        "NET_BW_EGR_KILOBIT_PER_SEC": 1000, "NET_BW_IGR_KILOBIT_PER_SEC": 2000}, ids["minimum_bandwidth"])
    packets = group(port, ["CUSTOM_VNIC_TYPE_NORMAL"], {"NET_PACKET_RATE_KILOPACKET_PER_SEC": 5},
                    ids["minimum_packet_rate"])
    assert shown(service, port) == {"request_groups": [bandwidth, packets],
                                    "same_subtree": [bandwidth["id"], packets["id"]]}
    assert NAME not in port and NAME not in service.find(f"/ports/{port['id']}")


def test_a_port_on_a_physical_network_asks_for_it(service, conf):  # noqa: F811
    conf.set_override("physical_networks", {"physnet-1": "eth1"}, "network")
    promised, ids = policy(service, minimum_bandwidth=[{"min_kbps": 1000}])
    network = service.make("network", "admin", project_id="pa", **{
        "provider:network_type": "flat", "provider:physical_network": "physnet-1"})
    port = service.make("port", network_id=network["id"], qos_policy_id=promised)
    found, = shown(service, port)["request_groups"]
    assert found == group(port, ["CUSTOM_PHYSNET_PHYSNET_1", "CUSTOM_VNIC_TYPE_NORMAL"], {
        "NET_BW_EGR_KILOBIT_PER_SEC": 1000}, ids["minimum_bandwidth"])


def test_packets_are_asked_for_in_each_direction(service):  # noqa: F811
    promised, ids = policy(service, minimum_packet_rate=[{"min_kpps": 5}, {"min_kpps": 6, "direction": "ingress"}])
    port = service.make("port", network_id=service.make("network")["id"], qos_policy_id=promised)
    found, = shown(service, port)["request_groups"]
    assert found == group(port, ["CUSTOM_VNIC_TYPE_NORMAL"], {
        "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC": 5, "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC": 6},
        ids["minimum_packet_rate"])


def test_a_network_promises_for_ports_without_a_policy(service):  # noqa: F811
    promised, _ = policy(service, minimum_bandwidth=[{"min_kbps": 7}])
    limited, _ = policy(service, bandwidth_limit=[{"max_kbps": 7}])
    network = service.make("network", qos_policy_id=promised)
    port = service.make("port", network_id=network["id"])
    assert shown(service, port)["request_groups"][0]["resources"] == {"NET_BW_EGR_KILOBIT_PER_SEC": 7}
    assert service.call("PUT", f"/ports/{port['id']}", {"port": {"qos_policy_id": limited}}).status_int == 200
    assert shown(service, port) is None
    plain = service.make("port", network_id=service.make("network")["id"])
    assert shown(service, plain) is None


def test_a_plane_that_promises_nothing_shows_no_requests(service, monkeypatch):  # noqa: F811
    port = service.make("port", network_id=service.make("network")["id"])
    assert {each["alias"] for each in service.find("/extensions")} >= ALIASES
    assert Capability.MINIMUM_BANDWIDTH not in PLANES["linux"]
    monkeypatch.setitem(PLANES, "fake", PLANES["fake"] - {Capability.MINIMUM_BANDWIDTH})
    made = type(service)()
    assert NAME not in made.find(f"/ports/{port['id']}", "admin")
    assert not {each["alias"] for each in made.find("/extensions")} & ALIASES
