"""What a new cloud has of networks before anybody asks for one."""

import ipaddress

import pytest

from nova_lite.common import kernel_routes
from nova_lite.conf import CONF
from nova_lite.network.planes import capabilities
from tests.network_service import service  # noqa: F401

KINDS = ("networks", "subnets", "routers", "ports")


def everything(service):  # noqa: F811
    return [service.find(f"/{kind}", "admin") for kind in KINDS]


def begin(service, operator="padmin"):  # noqa: F811
    service.facade.ensure_first_networks("pa", operator)
    return {each["name"]: each for each in service.find("/networks", "admin")}


def test_the_first_project_has_a_network_behind_a_router_to_an_external_one(service, monkeypatch):  # noqa: F811
    monkeypatch.setattr(kernel_routes, "present", list)         # whatever other clouds this machine has
    found = begin(service)
    assert {name: (each["project_id"], each["router:external"]) for name, each in found.items()} == {
        "private": ("pa", False), "public": ("padmin", True)}
    [router] = service.find("/routers")
    assert (router["name"], router["project_id"]) == ("private-router", "pa")
    gateway = router["external_gateway_info"]
    assert (gateway["network_id"], gateway["enable_snat"]) == (found["public"]["id"], True)
    subnets = {each["name"]: each for each in service.find("/subnets", "admin")}
    assert (subnets["public-subnet"]["cidr"], subnets["public-subnet"]["enable_dhcp"]) == ("172.24.4.0/24", False)
    [inner] = service.find(f"/ports?device_id={router['id']}&device_owner=network:router_interface")
    assert inner["fixed_ips"] == [{"subnet_id": subnets["private-subnet"]["id"],
                                   "ip_address": subnets["private-subnet"]["gateway_ip"]}]
    made = service.make("floatingip", floating_network_id=found["public"]["id"])
    assert made["floating_ip_address"].startswith("172.24.4.")


def test_what_a_project_has_already_stays_as_it_is(service):  # noqa: F811
    service.facade.ensure_default_network("pa")
    before = everything(service)
    assert begin(service).keys() == {"private"}
    assert everything(service) == before


def test_a_second_start_makes_nothing_and_mends_nothing(service):  # noqa: F811
    begin(service)
    [router] = service.find("/routers")
    [inner] = service.find(f"/ports?device_id={router['id']}&device_owner=network:router_interface")
    service.call("PUT", f"/routers/{router['id']}/remove_router_interface", {"port_id": inner["id"]})
    before = everything(service)
    begin(service)
    assert everything(service) == before


@pytest.mark.parametrize("why", ["no range is free", "no range is given", "no operator", "hosts have no routers"])
def test_without_an_external_network_the_first_one_has_no_router(service, why, monkeypatch, caplog):  # noqa: F811
    if why == "no range is free":
        monkeypatch.setattr(kernel_routes, "present", lambda: [ipaddress.ip_network("172.24.0.0/20")])
    elif why == "no range is given":
        CONF.set_override("external_ranges", [], "network")
    elif why == "hosts have no routers":
        monkeypatch.setitem(capabilities.PLANES, "linux", frozenset())
        monkeypatch.setitem(capabilities.PLANES, "fake", frozenset())
    assert begin(service, None if why == "no operator" else "padmin").keys() == {"private"}
    assert [each["name"] for each in service.find("/subnets", "admin")] == ["private-subnet"]
    assert ("external_ranges" in caplog.text) == why.startswith("no range")


def test_another_range_is_taken_where_the_first_is_in_use(service, monkeypatch):  # noqa: F811
    monkeypatch.setattr(kernel_routes, "present", lambda: [ipaddress.ip_network("172.24.4.0/23")])
    begin(service)
    assert "172.24.6.0/24" in {each["cidr"] for each in service.find("/subnets", "admin")}


def test_a_failure_half_way_leaves_nothing(service, monkeypatch):  # noqa: F811
    def fail(*_args):
        raise OSError
    monkeypatch.setattr("nova_lite.network.embedded.resources.router_interfaces.RouterInterfaces.add_subnet", fail)
    with pytest.raises(OSError):
        begin(service)
    assert everything(service) == [[], [], [], []]


def test_an_operators_own_network_of_that_name_is_left_alone(service):  # noqa: F811
    own = service.make("network", "admin", name="public")
    assert begin(service)["public"]["id"] == own["id"]
    assert not service.find("/networks?router:external=true", "admin") and not service.find("/routers", "admin")
