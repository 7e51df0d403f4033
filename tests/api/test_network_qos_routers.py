"""QoS policies of floating IPs and of routers' gateways."""

import pytest

from nova_lite.network.planes.capabilities import PLANES, Capability
from tests.api.test_network_api import NOWHERE, refused
from tests.network_service import service  # noqa: F401

NAME, OF_NETWORK = "qos_policy_id", "qos_network_policy_id"


def policy(service, project="pa", **said):  # noqa: F811
    made = service.call("POST", "/qos/policies", {"policy": {"name": "q", "project_id": project, **said}}, "admin")
    assert made.status_int == 201, made.text
    return made.json["policy"]["id"]


@pytest.fixture
def outer(service):  # noqa: F811
    """An external network."""
    made = service.make("network", "admin", name="outer", **{"router:external": True})
    service.make("subnet", "admin", network_id=made["id"], cidr="172.24.4.0/24", ip_version=4)
    return made["id"]


def test_a_floating_ip_gets_keeps_and_loses_a_policy(service, outer):  # noqa: F811
    own, other = policy(service), policy(service)
    made = service.make("floatingip", floating_network_id=outer, qos_policy_id=own)
    assert (made[NAME], made[OF_NETWORK]) == (own, None)
    path = f"/floatingips/{made['id']}"
    changed = service.call("PUT", path, {"floatingip": {NAME: other}}).json["floatingip"]
    assert (changed[NAME], changed["revision_number"]) == (other, made["revision_number"] + 1)
    assert service.call("PUT", path, {"floatingip": {}}).json["floatingip"][NAME] == other
    assert service.call("PUT", path, {"floatingip": {NAME: None}}).json["floatingip"][NAME] is None
    assert service.make("floatingip", floating_network_id=outer)[NAME] is None


def test_a_policy_is_changed_without_what_the_floating_ip_stands_for(service, outer):  # noqa: F811
    network, subnet = service.net()
    router = service.make("router", external_gateway_info={"network_id": outer})
    service.call("PUT", f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    port = service.make("port", network_id=network["id"])
    made = service.make("floatingip", floating_network_id=outer, port_id=port["id"])
    body = {"floatingip": {NAME: policy(service)}}
    changed = service.call("PUT", f"/floatingips/{made['id']}", body).json["floatingip"]
    assert (changed["port_id"], changed["router_id"]) == (port["id"], router["id"])


def test_floating_ips_and_gateways_show_the_policy_of_their_network(service, outer):  # noqa: F811
    general = policy(service, "padmin", shared=True)
    made = service.make("router", external_gateway_info={"network_id": outer})
    floating = service.make("floatingip", floating_network_id=outer)
    assert NAME not in made["external_gateway_info"]
    body = {"network": {NAME: general}}
    assert service.call("PUT", f"/networks/{outer}", body, "admin").status_int == 200
    assert service.find(f"/floatingips/{floating['id']}")[OF_NETWORK] == general
    assert service.find(f"/routers/{made['id']}")["external_gateway_info"][NAME] is None


def test_a_gateway_gets_keeps_and_loses_a_policy(service, outer):  # noqa: F811
    own, other = policy(service), policy(service)
    info = {"network_id": outer}
    made = service.make("router", external_gateway_info={**info, NAME: own})
    assert made["external_gateway_info"][NAME] == own
    path = f"/routers/{made['id']}"

    def change(said):
        answer = service.call("PUT", path, {"router": {"external_gateway_info": said}})
        assert answer.status_int == 200, answer.text
        return answer.json["router"]["external_gateway_info"]

    assert change(info)[NAME] == own
    assert change({**info, NAME: other})[NAME] == other
    assert service.call("PUT", path, {"router": {"name": "n"}}).json["router"]["external_gateway_info"][NAME] == other
    assert NAME not in change({**info, NAME: None})
    assert change({**info, NAME: own})[NAME] == own
    assert change(None) is None
    assert NAME not in change(info)
    bare = service.make("router")
    assert change(info) and bare["external_gateway_info"] is None


def test_policies_of_routers_are_in_use(service, outer):  # noqa: F811
    own = policy(service)
    floating = service.make("floatingip", floating_network_id=outer, qos_policy_id=own)
    refused(service.call("DELETE", f"/qos/policies/{own}", user="admin"), 409, "QosPolicyInUse",
            f"QoS Policy {own} is used by floatingip {floating['id']}.")
    router = service.make("router", external_gateway_info={"network_id": outer, NAME: own})
    assert service.call("DELETE", f"/floatingips/{floating['id']}").status_int == 204
    refused(service.call("DELETE", f"/qos/policies/{own}", user="admin"), 409, "QosPolicyInUse",
            f"is used by router {router['id']}.")
    assert service.call("DELETE", f"/routers/{router['id']}").status_int == 204
    assert service.call("DELETE", f"/qos/policies/{own}", user="admin").status_int == 204


def test_a_shared_policy_stays_so_while_routers_use_it(service, outer):  # noqa: F811
    own = policy(service, "padmin", shared=True)
    service.make("router", external_gateway_info={"network_id": outer, NAME: own})
    refused(service.call("PUT", f"/qos/policies/{own}", {"policy": {"shared": False}}, "admin"), 409, "RbacPolicyInUse")


def test_others_policies_are_neither_given_nor_taken_away(service, outer):  # noqa: F811
    others = policy(service, "pb")
    for each in (others, NOWHERE):
        refused(service.call("POST", "/floatingips", {"floatingip": {"floating_network_id": outer, NAME: each}}), 404,
                "QosPolicyNotFound", each)
        refused(service.call("POST", "/routers", {"router": {"external_gateway_info": {
            "network_id": outer, NAME: each}}}), 404, "QosPolicyNotFound", each)
    router = service.make("router", external_gateway_info={"network_id": outer})
    floating = service.make("floatingip", floating_network_id=outer)
    given = {"external_gateway_info": {"network_id": outer, NAME: others}}
    assert service.call("PUT", f"/routers/{router['id']}", {"router": given}, "admin").status_int == 200
    assert service.call("PUT", f"/floatingips/{floating['id']}", {"floatingip": {NAME: others}},
                        "admin").status_int == 200
    for path, body in ((f"/routers/{router['id']}", {"router": {"external_gateway_info": {
            "network_id": outer, NAME: None}}}), (f"/floatingips/{floating['id']}", {"floatingip": {NAME: None}})):
        refused(service.call("PUT", path, body), 403, "PolicyRemoveAuthorizationError", others)


def test_a_plane_that_limits_no_routers_refuses_their_policies(service, outer, monkeypatch):  # noqa: F811
    assert {Capability.QOS_ROUTERS, Capability.MINIMUM_PACKET_RATE}.isdisjoint(PLANES["linux"])
    monkeypatch.setitem(PLANES, "fake", PLANES["fake"] - {Capability.QOS_ROUTERS, Capability.MINIMUM_PACKET_RATE})
    own = policy(service)
    made = type(service)()
    for path, body in (("/floatingips", {"floatingip": {"floating_network_id": outer, NAME: own}}),
                       ("/routers", {"router": {"external_gateway_info": {"network_id": outer, NAME: own}}})):
        refused(made.call("POST", path, body), 400, "InvalidInput", "floating IPs and of routers")
    shown = made.make("floatingip", floating_network_id=outer)
    assert not {NAME, OF_NETWORK} & shown.keys()
    named = {each["alias"] for each in made.find("/extensions")}
    assert not named & {"qos-fip", "qos-fip-network-policy", "qos-gateway-ip", "qos-pps-minimum",
                        "qos-pps-minimum-rule-alias"} and "qos-pps" in named
    refused(made.call("GET", f"/qos/policies/{own}/minimum_packet_rate_rules"), 404, "HTTPNotFound")
    refused(made.call("GET", "/qos/alias_minimum_packet_rate_rules/x"), 404, "HTTPNotFound")
    assert made.find(f"/qos/policies/{own}/packet_rate_limit_rules") == []
