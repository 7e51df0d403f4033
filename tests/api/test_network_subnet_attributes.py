"""Host routes, service types and gateways of subnets."""

import pytest

from nova_lite.objects.desired_state import of_network
from tests.api.test_network_api import refused
from tests.api.test_network_capabilities import linux  # noqa: F401
from tests.network_service import service  # noqa: F401

ROUTE = {"destination": "10.9.0.0/16", "nexthop": "10.1.0.9"}


def put(service, subnet, **said):  # noqa: F811
    return service.call("PUT", f"/subnets/{subnet['id']}", {"subnet": said})


def test_host_routes_reach_guests(service):  # noqa: F811
    network, subnet = service.net(host_routes=[ROUTE])
    assert subnet["host_routes"] == [ROUTE] and service.find(f"/subnets/{subnet['id']}") == subnet
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)

    def routes():
        found, = service.facade.desired_state.changes("host1", {of_network(network["id"]): 0}, {})
        nic, = service.facade.describe([server_id])[server_id].nics
        assert nic.addresses[0].routes == found.networks[0].subnets[0].routes
        return nic.addresses[0].routes
    assert routes() == nic.addresses[0].routes == ["10.9.0.0/16,10.1.0.9"]
    other = {"destination": "10.8.0.0/24", "nexthop": "10.1.0.8"}
    changed = put(service, subnet, host_routes=[other, ROUTE]).json["subnet"]
    assert changed["host_routes"] == [other, ROUTE] and routes() == ["10.8.0.0/24,10.1.0.8", "10.9.0.0/16,10.1.0.9"]
    assert changed["revision_number"] > subnet["revision_number"]
    assert put(service, subnet, host_routes=None).json["subnet"]["host_routes"] == routes() == []


@pytest.mark.parametrize(("routes", "kind", "text"), [
    ([ROUTE, ROUTE], "HTTPBadRequest", "Invalid input for host_routes. Reason: Duplicate hostroute"),
    ([ROUTE | {"destination": "10.9.0.1/16"}], "HTTPBadRequest", "'10.9.0.1/16' is not a valid CIDR"),
    ([ROUTE | {"destination": "fd00::1/64"}], "HTTPBadRequest", "'fd00::1/64' is not a valid CIDR"),
    ([ROUTE | {"destination": "fd00::/64"}], "InvalidInput",
     "destination 'fd00::/64' does not match the ip_version '4'."),
    ([ROUTE | {"destination": "nonsense"}], "HTTPBadRequest", "nonsense"),
    ([ROUTE | {"nexthop": "fd00::1"}], "InvalidInput", "nexthop 'fd00::1' does not match the ip_version '4'."),
    ([ROUTE | {"nexthop": "1.2.3.4,tag:x"}], "HTTPBadRequest", "tag:x"), ([{"destination": "10.9.0.0/16"}],
                                                                        "HTTPBadRequest", "nexthop"),
    ([ROUTE | {"destination": f"10.{number}.0.0/16"} for number in range(21)], "HostRoutesExhausted",
     "The number of host routes exceeds the limit 20.")])
def test_invalid_host_routes_are_refused(service, routes, kind, text):  # noqa: F811
    network, subnet = service.net()
    body = {"subnet": {"network_id": network["id"], "ip_version": 4, "cidr": "10.2.0.0/24", "host_routes": routes}}
    refused(service.call("POST", "/subnets", body), 400, kind, text)
    refused(put(service, subnet, host_routes=routes), 400, kind, text)
    assert service.find("/subnets") == [subnet]


def test_a_port_has_addresses_of_subnets_that_are_for_it(service):  # noqa: F811
    network, plain = service.net()
    for_routers = service.make("subnet", network_id=network["id"], cidr="10.2.0.0/24", ip_version=4,
                               service_types=["network:router_gateway", "compute:nova", "network:router_gateway"])
    assert for_routers["service_types"] == ["network:router_gateway", "compute:nova"]

    def got(**said):
        return service.make("port", network_id=network["id"], **said)["fixed_ips"][0]["subnet_id"]
    assert got() == got(device_owner="baremetal:none") == plain["id"]
    _, nics = service.boot([{"uuid": network["id"]}])
    assert nics[0].addresses[0].subnet_id == for_routers["id"], "before those for any"
    body = {"port": {"network_id": network["id"], "fixed_ips": [{"subnet_id": for_routers["id"]}]}}
    refused(service.call("POST", "/ports", body), 400, "InvalidInput", "fixed_ips included invalid subnet")
    put(service, plain, service_types=["network:dhcp"])
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"]}}), 409,
            "IpAddressGenerationFailureNoMatchingSubnet", "No valid service subnet for the given device owner")
    assert put(service, plain, service_types=None).json["subnet"]["service_types"] == [] and got() == plain["id"]


@pytest.mark.parametrize("named", ["nonsense", "x:y", ""])
def test_a_service_type_is_the_owner_of_a_device(service, named):  # noqa: F811
    _, subnet = service.net()
    refused(put(service, subnet, service_types=[named]), 400, "InvalidSubnetServiceType",
            f"Subnet service type {named} does not correspond to a valid device owner.")


def test_a_gateway_may_be_outside_of_its_subnet_and_no_router_has_it(service):  # noqa: F811
    network, subnet = service.net(gateway_ip="192.0.2.1")
    assert (subnet["gateway_ip"], subnet["allocation_pools"]) == ("192.0.2.1", [
        {"start": "10.1.0.1", "end": "10.1.0.254"}])
    router = service.make("router")
    path = f"/routers/{router['id']}/add_router_interface"
    refused(service.call("PUT", path, {"subnet_id": subnet["id"]}), 400, "InvalidIpForSubnet", "192.0.2.1")
    inside = put(service, subnet, gateway_ip="10.1.0.200")
    refused(inside, 409, "GatewayConflictWithAllocationPools", "10.1.0.200")
    for wrong in ("10.1.0.0", "10.1.0.255"):
        refused(put(service, subnet, gateway_ip=wrong), 400, "InvalidInput", "Gateway is not valid on subnet")
    for wrong in ("169.254.169.254", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255"):
        refused(put(service, subnet, gateway_ip=wrong), 400, "InvalidInput", "which no gateway may have")
    assert put(service, subnet, gateway_ip="192.0.2.2").json["subnet"]["gateway_ip"] == "192.0.2.2"


def test_a_plane_whose_gateways_have_addresses_of_their_subnets_refuses_others(linux):  # noqa: F811
    network, subnet = linux.net()
    refused(put(linux, subnet, gateway_ip="192.0.2.1"), 400, "InvalidInput", "no gateways outside of their subnets")
    body = {"subnet": {"network_id": network["id"], "ip_version": 4, "cidr": "10.2.0.0/24", "gateway_ip": "192.0.2.1"}}
    refused(linux.call("POST", "/subnets", body), 400, "InvalidInput", "192.0.2.1")
    assert "subnet-service-types" in {each["alias"] for each in linux.find("/extensions")}
