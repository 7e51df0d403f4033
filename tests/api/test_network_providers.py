"""Networks on physical ones: who may make them, what is refused, and what hosts and administrators see of them."""

import ipaddress

import pytest

from nova_lite import db
from nova_lite.cmd.network import packets
from nova_lite.cmd.network.walk import Walk
from nova_lite.common.visibility import ALL
from nova_lite.conf import CONF
from nova_lite.db import interfaces
from nova_lite.db.network import ports
from nova_lite.db.network.paging import Page
from nova_lite.network.embedded import desired_routers
from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401

FLAT = {"provider:network_type": "flat", "provider:physical_network": "physnet1"}
LOCAL = {"provider:network_type": "local", "provider:physical_network": None, "provider:segmentation_id": None}


@pytest.fixture(autouse=True)
def nics():
    CONF.set_override("physical_networks", {"physnet1": "eth1", "physnet2": "eth2"}, "network")
    yield
    CONF.clear_override("physical_networks", "network")


def attributes(network):
    return {name: value for name, value in network.items() if name.startswith("provider:")}


def test_an_administrator_makes_one_network_of_a_physical_one(service):  # noqa: F811
    made = service.make("network", "admin", shared=True, **FLAT)
    assert attributes(made) == LOCAL | FLAT == attributes(service.find(f"/networks/{made['id']}", "admin"))
    assert attributes(service.find(f"/networks/{made['id']}")) == {}, "only administrators see it"
    body = {"network": {"name": "again", **FLAT}}
    refused(service.call("POST", "/networks", body, "admin"), 409, "FlatNetworkInUse",
            "Unable to create the flat network. Physical network physnet1 is in use.")
    assert not service.find("/networks?name=again", "admin"), "nothing of it is kept"
    other = service.make("network", "admin", **FLAT | {"provider:physical_network": "physnet2"})
    assert service.call("DELETE", f"/networks/{made['id']}", user="admin").status_int == 204
    assert service.make("network", "admin", **FLAT)["id"] != other["id"]


def test_networks_are_found_and_sorted_by_how_they_leave_their_host(service):  # noqa: F811
    flat, local = service.make("network", "admin", **FLAT), service.make("network", "admin", **LOCAL)
    assert attributes(local) == LOCAL

    def found(query):
        return [each["id"] for each in service.find(f"/networks?{query}", "admin")]
    assert found("provider:network_type=flat") == found("provider:physical_network=physnet1") == [flat["id"]]
    assert found("provider:network_type=local") == [local["id"]]
    assert not found("provider:network_type=vlan") and not found("provider:physical_network=physnet2")
    assert found("sort_key=provider:network_type&sort_dir=desc") == [local["id"], flat["id"]]


@pytest.mark.parametrize("said, words", [
    ({"provider:network_type": "flat"}, "physical_network required for flat provider network"),
    (FLAT | {"provider:physical_network": "other"}, "physical_network 'other' unknown for flat provider network"),
    (FLAT | {"provider:segmentation_id": 7}, "segmentation_id prohibited for flat provider network"),
    ({"provider:network_type": "local", "provider:physical_network": "physnet1"},
     "physical_network prohibited for local provider network"),
    ({"provider:network_type": "local", "provider:segmentation_id": "7"},
     "segmentation_id prohibited for local provider network"),
    ({"provider:physical_network": "physnet1"}, "network_type required"),
    ({"provider:network_type": "vlan", "provider:physical_network": "physnet1", "provider:segmentation_id": 7},
     "network_type value 'vlan' not supported"),
    ({"provider:network_type": "nothing"}, "network_type value 'nothing' not supported")])
def test_what_is_not_possible_is_refused_in_neutrons_words(service, said, words):  # noqa: F811
    refused(service.call("POST", "/networks", {"network": said}, "admin"), 400, "InvalidInput", words)
    assert not service.find("/networks", "admin")


def test_without_nics_there_are_no_flat_networks(service):  # noqa: F811
    CONF.set_override("physical_networks", {}, "network")
    refused(service.call("POST", "/networks", {"network": FLAT}, "admin"), 400, "InvalidInput",
            "Flat provider networks are disabled")


@pytest.mark.parametrize("said", [{name: value} for name, value in FLAT.items()] + [{"provider:segmentation_id": 7}])
def test_members_choose_nothing_of_it(service, said):  # noqa: F811
    mine = service.make("network")
    name, = said
    refused(service.call("POST", "/networks", {"network": said}), 403, "PolicyNotAuthorized", name)
    refused(service.call("PUT", f"/networks/{mine['id']}", {"network": said}), 403, "PolicyNotAuthorized", name)


def test_a_network_stays_where_it_is(service):  # noqa: F811
    made = service.make("network", "admin", **FLAT)
    for said in (FLAT, {"provider:network_type": "local"}, {"provider:segmentation_id": 7}):
        refused(service.call("PUT", f"/networks/{made['id']}", {"network": said}, "admin"), 400, "InvalidInput",
                "Only VLAN type networks can be updated.")
    assert attributes(service.find(f"/networks/{made['id']}", "admin")) == LOCAL | FLAT


def test_hosts_learn_of_it_with_each_port_and_each_router(service):  # noqa: F811
    network = service.make("network", "admin", shared=True, **FLAT | {"router:external": True})
    service.make("subnet", "admin", network_id=network["id"], cidr="172.24.4.0/24", ip_version=4)
    inner, _ = service.net()
    _, (outer_nic, inner_nic) = service.boot([{"uuid": network["id"]}, {"uuid": inner["id"]}])
    assert (outer_nic.physical_network, inner_nic.physical_network) == ("physnet1", None)
    router = service.make("router", external_gateway_info={"network_id": network["id"]})
    with db.reader() as session:
        body, = desired_routers.bodies(session, [router["id"]]).values()
        assert body.gateway.physical_network == "physnet1"


def test_compute_keeps_it_for_the_next_start_of_a_server(service):  # noqa: F811
    network = service.make("network", "admin", shared=True, **FLAT)
    service.make("subnet", "admin", network_id=network["id"], cidr="172.24.4.0/24", ip_version=4)
    server_id, _ = service.boot([{"uuid": network["id"]}])
    with db.reader() as session:
        kept, = interfaces.nics(session, [server_id])[server_id]
    assert kept.physical_network == "physnet1"


def test_a_trace_follows_a_packet_to_the_machines_outside(service):  # noqa: F811
    network = service.make("network", "admin", name="wire", shared=True, **FLAT)
    service.make("subnet", "admin", network_id=network["id"], cidr="172.24.4.0/24", ip_version=4)
    _, (nic,) = service.boot([{"uuid": network["id"]}])
    service.works(nic)

    def walked(target):
        with db.snapshot() as session:
            port, = ports.ports(session, ALL, Page({"id": [nic.port_id]}))
            return Walk(session).from_port(port, ipaddress.ip_address(target), packets.Kind.of("tcp/22"))[-1]
    assert walked("198.51.100.7").passes and "physical network physnet1 to the gateway 172.24.4.1" in str(
        walked("198.51.100.7"))
    assert walked("172.24.4.77").passes and "where a machine may have 172.24.4.77" in str(walked("172.24.4.77"))
