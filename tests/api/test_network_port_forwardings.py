"""Port forwardings: ports of floating IPs that lead to guests."""

import pytest

from nova_lite.objects.desired_router import of_router
from tests.api.test_network_api import NOWHERE, refused
from tests.api.test_network_external import public  # noqa: F401
from tests.api.test_network_floating_ips import routed, take, update  # noqa: F401
from tests.network_service import service  # noqa: F401


@pytest.fixture
def setting(service, public, routed):  # noqa: F811
    """(floating IP, port, router)"""
    return take(service, public), service.make("port", network_id=routed[0]["id"]), routed[2]


def forward(service, floating, port, user="alice", **said):  # noqa: F811
    body = {"internal_port_id": port["id"], "protocol": "tcp", **said}
    return service.call("POST", f"/floatingips/{floating['id']}/port_forwardings", {"port_forwarding": body}, user)


def test_a_port_of_a_floating_ip_leads_to_a_guest(service, setting):  # noqa: F811
    floating, port, router = setting
    ip = port["fixed_ips"][0]["ip_address"]
    answer = forward(service, floating, port, external_port=2222, internal_port="22", description="ssh")
    made, path = answer.json["port_forwarding"], f"/floatingips/{floating['id']}/port_forwardings"
    brief = {"id": made["id"], "protocol": "tcp", "internal_ip_address": ip, "internal_port_id": port["id"],
             "external_port": 2222, "internal_port": 22}
    assert answer.status_int == 201 and made == {**brief, "description": "ssh", "external_port_range": "2222:2222",
                                                 "internal_port_range": "22:22"}
    assert service.find(path) == [made] and service.find(f"{path}/{made['id']}") == made
    shown = service.find(f"/floatingips/{floating['id']}")
    assert (shown["port_forwardings"], shown["router_id"], shown["status"], shown["port_id"]) == (
        [brief], router["id"], "ACTIVE", None)
    for query, found in (("protocol=tcp", 1), ("protocol=udp", 0), ("external_port=2222", 1), ("limit=1", 1)):
        assert len(service.find(f"{path}?{query}")) == found, query
    changed = service.call("PUT", f"{path}/{made['id']}", {"port_forwarding": {"external_port": 2200}})
    assert changed.json["port_forwarding"]["external_port_range"] == "2200:2200"
    assert service.call("DELETE", f"{path}/{made['id']}").status_int == 204
    refused(service.call("GET", f"{path}/{made['id']}"), 404, "PortForwardingNotFound")
    assert service.find(f"/floatingips/{floating['id']}")["router_id"] is None


def test_forwardings_are_listed_page_by_page(service, setting):  # noqa: F811
    floating, port, _ = setting
    for number in (7, 5, 6):
        forward(service, floating, port, external_port=number, internal_port=number)
    url, seen = f"/floatingips/{floating['id']}/port_forwardings?sort_key=external_port&limit=2", []
    while url:
        page = service.call("GET", url).json
        seen += [each["external_port"] for each in page["port_forwardings"]]
        url = next((each["href"].partition("/v2.0")[2] for each in page["port_forwardings_links"]
                    if each["rel"] == "next"), None)
    assert seen == [5, 6, 7]


def test_ranges_lead_port_by_port_or_all_to_one(service, setting):  # noqa: F811
    floating, port, _ = setting
    made = forward(service, floating, port, external_port_range="8000:8009", internal_port_range="80:89")
    assert (made.json["port_forwarding"]["external_port"], made.json["port_forwarding"]["internal_port_range"]) == (
        None, "80:89")
    assert forward(service, floating, port, external_port_range="9000:9009", internal_port=443).status_int == 201
    for said, words in (
            ({"external_port_range": "10:12", "internal_port_range": "10:11"}, "must be N-N or 1-N"),
            ({"external_port": 8005, "internal_port": 7}, "external_port_range. The following ranges collide"),
            ({"external_port": 7000, "internal_port": 85}, "internal_port_range. The following ranges collide"),
            ({"external_port": 7000, "internal_port": 7, "internal_ip_address": "10.1.0.222"}, "is not suitable")):
        refused(forward(service, floating, port, **said), 400, "BadRequest", words)
    assert forward(service, floating, port, protocol="udp", external_port=8005, internal_port=85).status_int == 201
    for said in ({"external_port_range": "9:8", "internal_port": 1}, {"external_port": 0, "internal_port": 1},
                 {"external_port": 70000, "internal_port": 1}, {"external_port": 7}, {"protocol": "icmp"}):
        assert forward(service, floating, port, **said).status_int == 400, said


def test_a_floating_ip_stands_for_an_address_or_has_forwardings(service, setting, public):  # noqa: F811
    floating, port, _ = setting
    ports = {"external_port": 80, "internal_port": 80}
    assert forward(service, floating, port, **ports).status_int == 201
    other = service.make("port", network_id=port["network_id"])
    refused(update(service, floating, port_id=other["id"]), 409, "FipInUseByPortForwarding")
    refused(service.call("DELETE", f"/floatingips/{floating['id']}"), 409, "FipInUseByPortForwarding")
    assert update(service, floating, description="x").json["floatingip"]["status"] == "ACTIVE"
    whole = take(service, public, port_id=other["id"])
    refused(forward(service, whole, port, external_port=81, internal_port=81), 409, "FloatingIPPortAlreadyAssociated")
    refused(forward(service, floating, other, external_port=81, internal_port=81), 409, "PortHasBindingFloatingIP")
    lonely, _ = service.net("10.2.0.0/24")
    far = service.make("port", network_id=lonely["id"])
    refused(forward(service, floating, far, external_port=82, internal_port=82), 400, "BadRequest", "is not reachable")


def test_who_forwards_ports(service, setting):  # noqa: F811
    floating, port, _ = setting
    ports = {"external_port": 80, "internal_port": 80}
    refused(forward(service, floating, port, "bob", **ports), 404, "FloatingIPNotFound")
    refused(forward(service, floating, port, "carl", **ports), 403, "PolicyNotAuthorized")
    assert service.find(f"/floatingips/{floating['id']}/port_forwardings", "carl") == []
    refused(forward(service, floating, {"id": NOWHERE}, **ports), 404, "PortNotFound")
    refused(forward(service, floating, {"id": "x"}, **ports), 400, "HTTPBadRequest", "internal_port_id")


def test_forwardings_go_with_their_ports_and_keep_interfaces(service, setting):  # noqa: F811
    floating, port, router = setting
    forward(service, floating, port, external_port=80, internal_port=80)
    subnet_id = port["fixed_ips"][0]["subnet_id"]
    path = f"/routers/{router['id']}/remove_router_interface"
    refused(service.call("PUT", path, {"subnet_id": subnet_id}), 409, "RouterInterfaceInUseByFloatingIP")
    moved = service.call("PUT", f"/ports/{port['id']}", {"port": {"fixed_ips": [{"ip_address": "10.1.0.201"}]}})
    assert moved.status_int == 200
    shown = service.find(f"/floatingips/{floating['id']}")
    assert (shown["port_forwardings"], shown["status"]) == ([], "DOWN")
    forward(service, floating, port, external_port=80, internal_port=80)
    assert service.call("DELETE", f"/ports/{port['id']}").status_int == 204
    assert service.find(f"/floatingips/{floating['id']}")["port_forwardings"] == []
    assert service.call("PUT", path, {"subnet_id": subnet_id}).status_int == 200


def test_forwardings_are_in_their_floating_ip_s_desired_state(service, setting):  # noqa: F811
    floating, port, router = setting
    scope = of_router(router["id"])
    made = forward(service, floating, port, external_port_range="8000:8009", internal_port=80).json["port_forwarding"]
    body, = service.facade.desired_state.changes("host1", {scope: 0}, {})[0].floating_ips
    assert (body.id, body.fixed_ip, body.port_id) == (floating["id"], None, None)
    rule, = body.forwardings
    assert (rule.id, rule.protocol, rule.external_first, rule.external_last, rule.ip, rule.port_id, rule.internal_first,
            rule.internal_last) == (made["id"], "tcp", 8000, 8009, made["internal_ip_address"], port["id"], 80, 80)
