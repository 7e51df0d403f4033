"""What servers get of the network: requests refused in Nova's words, ports made, found again and given back."""

import pytest

from nova_lite import db
from nova_lite.common import kernel_routes
from nova_lite.conf import CONF
from nova_lite.db import interfaces
from nova_lite.network import exceptions
from tests.network_service import context, service  # noqa: F401

NOWHERE = "4f7ce51b-d49e-41a4-b197-000000000000"


def refusal(service, kind, requested, count=1, groups=(), user="alice"):  # noqa: F811
    with pytest.raises(kind) as caught:
        service.facade.validate(context(user), requested, count, groups)
    return str(caught.value), caught.value.status


def test_a_server_without_requested_networks_gets_the_only_network(service):  # noqa: F811
    assert service.facade.validate(context(), None, 1) == []
    network, _ = service.net()
    service.net("10.2.0.0/24", "bob")
    wanted = [{"network": network["id"], "port": None, "fixed_ip": None, "tag": None}]
    assert service.facade.validate(context(), None, 1) == wanted
    assert service.facade.validate(context(), "auto", 1) == wanted
    assert service.facade.validate(context(), "none", 1) == []
    service.net("10.3.0.0/24")
    assert refusal(service, exceptions.NetworkAmbiguous, None) == (
        "Multiple possible networks found, use a Network ID to be more specific.", 409)
    assert refusal(service, exceptions.NetworkAmbiguous, "auto")[1] == 409


def test_networks_that_are_not_there_are_refused(service):  # noqa: F811
    network, _ = service.net(user="bob")
    for unknown in (NOWHERE, network["id"]):
        assert refusal(service, exceptions.RequestedNetworkNotFound, [{"uuid": unknown}]) == (
            f"Network {unknown} could not be found.", 400)
    assert service.facade.validate(context("admin"), [{"uuid": network["id"]}], 1)[0]["network"] == network["id"]
    empty = service.make("network", name="empty")
    assert refusal(service, exceptions.NetworkRequiresSubnet, [{"uuid": empty["id"]}]) == (
        f"Network {empty['id']} requires a subnet in order to boot instances on.", 400)


def test_addresses_are_checked_before_anything_is_made(service):  # noqa: F811
    network, _ = service.net()
    service.boot([{"uuid": network["id"], "fixed_ip": "10.1.0.50"}])

    def asking(ip):
        return [{"uuid": network["id"], "fixed_ip": ip}]
    assert refusal(service, exceptions.FixedIpNotInNetwork, asking("10.7.0.1"))[1] == 400
    assert "already in use on instance" in refusal(service, exceptions.FixedIpInUse, asking("10.1.0.50"))[0]
    assert refusal(service, exceptions.FixedIpInUse, asking("10.1.0.1"))[1] == 400
    service.call("PUT", f"/networks/{network['id']}", {"network": {"shared": True}}, "admin")
    with pytest.raises(exceptions.AddressNotAllowed):           # nor does bob learn who has it
        service.facade.validate(context("bob"), asking("10.1.0.50"), 1)
    assert refusal(service, exceptions.OneAddressManyServers, asking("10.1.0.51"), 2)[1] == 400


def test_ports_are_checked_before_anything_is_made(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"])["id"]
    foreign, _ = service.net("10.2.0.0/24", "bob")
    theirs = service.make("port", "bob", network_id=foreign["id"])["id"]
    bare = service.make("port", network_id=network["id"], fixed_ips=[])["id"]
    for unknown in (NOWHERE, theirs):
        assert refusal(service, exceptions.RequestedPortNotFound, [{"port": unknown}]) == (
            f"Port id {unknown} could not be found.", 400)
    assert refusal(service, exceptions.RequestedPortTwice, [{"port": port}, {"port": port}])[1] == 400
    assert refusal(service, exceptions.OnePortManyServers, [{"port": port}], 2)[1] == 400
    assert refusal(service, exceptions.FixedIpWithPort, [{"port": port, "fixed_ip": "10.1.0.9"}])[1] == 400
    assert refusal(service, exceptions.RequestedPortWithoutAddress, [{"port": bare}])[1] == 400
    assert refusal(service, exceptions.RequestedPortNotUsable, [{"port": theirs}], user="admin")[1] == 400
    service.boot([{"port": port}])
    assert refusal(service, exceptions.RequestedPortInUse, [{"port": port}]) == (f"Port {port} is still in use.", 409)


def test_security_groups_are_checked_before_anything_is_made(service):  # noqa: F811
    assert refusal(service, exceptions.RequestedGroupNotFound, "none", groups=["nosuch"]) == (
        "Unable to find security_group with name or id 'nosuch'", 400)
    theirs = service.make("security_group", "bob", name="theirs")
    assert refusal(service, exceptions.RequestedGroupNotFound, "none", groups=[theirs["id"]])[1] == 400
    for _ in range(2):
        service.make("security_group", name="twin")
    assert refusal(service, exceptions.RequestedGroupAmbiguous, "none", groups=["twin"])[1] == 409
    assert service.facade.validate(context(), "none", 1, ["default"]) == []


def test_a_quota_of_ports_counts_those_that_servers_are_going_to_have(service, conf):  # noqa: F811
    network, _ = service.net()
    conf.set_override("quota_port", 4, "network")
    wanted = service.facade.validate(context(), [{"uuid": network["id"]}], 1)
    promised = service.server(wanted)
    service.boot([{"uuid": network["id"]}])

    def reserve(least, most):
        with db.writer():
            return service.facade.reserve("pa", wanted, least, most)
    assert reserve(1, 5) == 2
    with pytest.raises(exceptions.PortLimitExceeded) as refused:
        reserve(3, 5)
    assert (str(refused.value), refused.value.status) == ("Maximum number of ports exceeded", 403)
    service.allocate(promised)
    assert reserve(1, 5) == 2
    for _ in range(2):
        service.make("port", network_id=network["id"])
    assert service.call("POST", "/ports", {"port": {"network_id": network["id"]}}).status_int == 409
    own = service.find("/ports")[0]["id"]
    with db.writer():
        assert service.facade.reserve("pa", [{"network": None, "port": own}], 1, 1) == 1


def test_a_server_gets_its_nics_and_they_are_in_its_row(service):  # noqa: F811
    network, subnet = service.net(dns_nameservers=["9.9.9.9"])
    second, _ = service.net("10.2.0.0/24")
    group = service.make("security_group", name="web")
    server_id, (one, two) = service.boot([{"uuid": network["id"], "fixed_ip": "10.1.0.7"},
                                          {"uuid": second["id"], "tag": "t"}], ["web"])
    address, = one.addresses
    assert (one.network_id, one.network_name, one.mtu, one.tag) == (network["id"], "net", 1500, None)
    assert (address.ip, address.cidr, address.gateway, address.dns) == ("10.1.0.7", "10.1.0.0/24", "10.1.0.1",
                                                                         ["9.9.9.9"])
    assert (address.dhcp, address.version, address.subnet_id) == (True, 4, subnet["id"])
    assert two.tag == "t" and two.tap == "tap" + two.port_id[:11]
    row = service.row(server_id)
    assert row.addresses[0] == {"network": "net", "mac": one.mac, "addr": "10.1.0.7", "version": 4, "type": "fixed"}
    assert row.security_groups == ["web", "web"]
    assert service.find(f"/ports/{one.port_id}", "admin")["binding:host_id"] == "host1"
    with db.reader() as session:
        assert service.facade.server_at(network["id"], "10.1.0.7") == server_id
        assert service.facade.server_at(second["id"], "10.1.0.7") is None
        assert [nic.port_id for nic in interfaces.nics(session, [server_id])[server_id]] == [one.port_id, two.port_id]
    assert service.find(f"/ports/{one.port_id}")["security_groups"] == [group["id"]]


def test_allocating_again_changes_nothing(service):  # noqa: F811
    network, _ = service.net()
    server_id, first = service.boot([{"uuid": network["id"]}] * 2)
    again = service.allocate(server_id, host="host2")
    assert [nic.port_id for nic in again] == [nic.port_id for nic in first]
    assert len(service.find("/ports")) == 2
    assert service.find("/ports?fields=binding:host_id", "admin") == [{"binding:host_id": "host2"}] * 2


def test_release_deletes_made_ports_and_unbinds_given_ones(service):  # noqa: F811
    network, _ = service.net()
    mine = service.make("port", network_id=network["id"], name="mine")
    server_id, nics = service.boot([{"uuid": network["id"]}, {"port": mine["id"]}])
    assert nics[1].port_id == mine["id"]
    service.release(server_id)
    service.release(server_id)
    left, = service.find("/ports")
    assert (left["id"], left["device_id"], left["device_owner"], left["status"]) == (mine["id"], "", "", "DOWN")
    row = service.row(server_id)
    assert row.addresses == [] and row.security_groups == []
    assert service.boot([{"port": mine["id"]}])[1][0].port_id == mine["id"]


def test_one_of_two_servers_that_want_the_same_port_gets_it(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"])["id"]
    wanted = service.facade.validate(context(), [{"port": port}], 1)
    first, second = service.server(wanted), service.server(wanted)
    service.allocate(first)
    with pytest.raises(exceptions.RequestedPortInUse):
        service.allocate(second)


def test_every_address_of_a_subnet_is_given_once_and_then_none(service):  # noqa: F811
    network, _ = service.net("10.1.0.0/27")
    given = {service.boot([{"uuid": network["id"]}])[1][0].addresses[0].ip for _ in range(29)}
    assert given == {f"10.1.0.{number}" for number in range(2, 31)}
    with pytest.raises(exceptions.IpAddressGenerationFailure):
        service.boot([{"uuid": network["id"]}])
    assert len(service.find("/ports")) == 29


def test_a_full_subnet_gives_way_to_the_networks_next(service):  # noqa: F811
    network, _ = service.net("10.1.0.0/30")
    service.make("subnet", network_id=network["id"], cidr="10.2.0.0/24", ip_version=4)
    ips = [service.boot([{"uuid": network["id"]}])[1][0].addresses[0].ip for _ in range(2)]
    assert ips[0] == "10.1.0.2" and ips[1].startswith("10.2.0.")


def test_auto_makes_a_network_for_a_project_that_has_none(service):  # noqa: F811
    assert service.facade.validate(context(), "auto", 1) == [{"auto": True}]
    _, (nic,) = service.boot("auto")
    assert nic.network_name == "auto_allocated_network" and nic.addresses
    assert service.boot("auto")[1][0].network_id == nic.network_id
    assert [each["project_id"] for each in service.find("/networks")] == ["pa"]


def test_the_default_network_is_made_once_and_away_from_the_hosts_routes(service, monkeypatch):  # noqa: F811
    import ipaddress
    monkeypatch.setattr(kernel_routes, "present", lambda: [
        ipaddress.ip_network("10.0.0.0/8")])
    made = service.facade.ensure_default_network("pa")
    assert service.facade.ensure_default_network("pa") == made
    assert service.find(f"/networks/{made}")["name"] == CONF.network.default_name
    assert service.find("/subnets")[0]["cidr"] == "172.24.16.0/20"
    monkeypatch.setattr(kernel_routes, "present", lambda: [
        ipaddress.ip_network(each) for each in CONF.network.default_ranges])
    with pytest.raises(exceptions.InvalidInput, match="default_ranges"):
        service.facade.ensure_default_network("pb")


def test_routes_of_this_machine_are_read_without_the_default_one():
    found = kernel_routes.present()
    assert all(each.prefixlen for each in found)
