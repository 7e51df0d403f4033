"""Networks and ports that are switched off."""

import pytest

from nova_lite.network.planes.fake import FakePlane
from nova_lite.objects.desired_state import of_host, of_network
from tests.api.test_network_api import refused
from tests.api.test_network_capabilities import linux  # noqa: F401
from tests.network_service import service  # noqa: F401

OFF, ON = {"admin_state_up": False}, {"admin_state_up": True}


def put(service, kind, row, **said):  # noqa: F811
    return service.call("PUT", f"/{kind}s/{row['id']}", {kind: said}).json[kind]


def test_networks_and_ports_are_on_unless_it_is_said(service):  # noqa: F811
    network, _ = service.net()
    off = service.make("network", name="off", admin_state_up="false")
    port, down = (service.make("port", network_id=network["id"], **each) for each in ({}, OFF))
    assert [each["admin_state_up"] for each in (network, off, port, down)] == [True, False, True, False]
    assert [each["id"] for each in service.find("/networks?admin_state_up=False")] == [off["id"]]
    assert [each["id"] for each in service.find("/ports?admin_state_up=False")] == [down["id"]]
    assert off["status"] == "ACTIVE", "as Neutron's, whatever its state"
    assert put(service, "network", off, **ON)["admin_state_up"] is True
    assert put(service, "port", down, **ON)["admin_state_up"] is True


def apply(service, plane, network):  # noqa: F811
    scopes = dict.fromkeys((of_host("host1"), of_network(network["id"]), *plane.groups()), 0)
    changes = service.facade.desired_state.changes("host1", scopes, {})
    assert all(each.error == "" for each in plane.apply(changes, plane.moment(), lambda ports: []).values())
    states = {key: list(state.revisions) if state.works else None for key, state in plane.ports().items()}
    return service.facade.desired_state.report_ports("host1", states)


def test_a_port_that_is_switched_off_does_not_work_on_its_host(service):  # noqa: F811
    network, _ = service.net()
    server_id, nics = service.boot([{"uuid": network["id"]}])
    service.end(server_id)
    port, plane = service.find(f"/ports/{nics[0].port_id}"), FakePlane()
    plane.plug(nics, service.row(server_id))
    apply(service, plane, network)
    assert service.find(f"/ports/{port['id']}")["status"] == "ACTIVE"
    assert put(service, "port", port, **OFF)["status"] == "DOWN", "before its host is asked"
    apply(service, plane, network)
    state = plane.ports()[port["id"]]
    assert state.error == "it is switched off" and not state.works
    assert plane.trace(port["id"], "8.8.8.8")[-1] == ("nowhere", "it is switched off")
    put(service, "port", port, **ON)
    assert service.find(f"/ports/{port['id']}")["status"] == "DOWN", "until its host says that it works"
    apply(service, plane, network)
    assert service.find(f"/ports/{port['id']}")["status"] == "ACTIVE"


def test_nobody_waits_for_a_port_that_is_switched_off(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], **OFF)
    _, nics = service.boot([{"port": port["id"]}])
    assert nics[0].admin_state_up is False
    wanted = {"host": "host1", "ports": [port["id"]]}
    assert service.facade.verbs["activate_ports"].do(None, wanted) == {"active": [port["id"]]}
    put(service, "port", port, **ON)
    assert service.facade.verbs["activate_ports"].do(None, wanted) is None


def test_a_network_that_is_switched_off_has_no_dhcp(service):  # noqa: F811
    network, _ = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)

    def has_dhcp():
        scope = of_network(network["id"])
        found, = service.facade.desired_state.changes("host1", {scope: 0}, {})
        nic, = service.facade.describe([server_id])[server_id].nics
        return [each.dhcp for each in (*found.networks[0].subnets, *nic.addresses)]
    assert nic.addresses[0].dhcp is True and has_dhcp() == [True, True]
    put(service, "network", network, **OFF)
    assert has_dhcp() == [False, False]
    put(service, "network", network, **ON)
    assert has_dhcp() == [True, True]


def test_what_a_floating_ip_stands_for_says_whether_it_is_on(service):  # noqa: F811
    outer = service.make("network", "admin", **{"router:external": True})
    service.make("subnet", "admin", network_id=outer["id"], cidr="172.24.4.0/24", ip_version=4)
    network, subnet = service.net()
    router = service.make("router", external_gateway_info={"network_id": outer["id"]})
    service.call("PUT", f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    port = service.make("port", network_id=network["id"], **OFF)
    made = service.make("floatingip", floating_network_id=outer["id"], port_id=port["id"])
    assert made["port_details"]["admin_state_up"] is False and made["port_details"]["status"] == "DOWN"


def test_a_plane_that_cannot_switch_ports_off_has_none_that_is(linux):  # noqa: F811
    network, _ = linux.net()
    port = linux.make("port", network_id=network["id"], **ON)
    body = {"port": {"network_id": network["id"], **OFF}}
    refused(linux.call("POST", "/ports", body), 400, "InvalidInput", "leave admin_state_up True")
    refused(linux.call("PUT", f"/ports/{port['id']}", {"port": OFF}), 400, "InvalidInput", "leave admin_state_up True")
    assert put(linux, "network", network, **OFF)["admin_state_up"] is False, "DHCP is switched off anywhere"


@pytest.mark.parametrize("value", [None, "perhaps", 2, []])
def test_what_is_no_boolean_is_refused(service, value):  # noqa: F811
    network = service.make("network")
    for kind, more in (("network", {}), ("port", {"network_id": network["id"]})):
        refused(service.call("POST", f"/{kind}s", {kind: {"admin_state_up": value, **more}}), 400, "HTTPBadRequest",
                "admin_state_up")
