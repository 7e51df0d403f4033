"""A network that is shared with other projects: what they may do on it, and what stays its owner's."""

import pytest

from nova_lite.network import exceptions
from tests.api.test_network_api import refused
from tests.network_service import context, service  # noqa: F401


@pytest.fixture
def shared(service):  # noqa: F811
    """(network, subnet) of bob's project, shared with everybody."""
    network, subnet = service.net(user="bob")
    assert service.call("PUT", f"/networks/{network['id']}", {"network": {"shared": True}}, "admin").status_int == 200
    return network, subnet


@pytest.mark.parametrize(("said", "rule"), [
    ({"fixed_ips": [{"ip_address": "10.1.0.9"}]}, "create_port:fixed_ips:ip_address"),
    ({"mac_address": "fa:16:3e:00:00:09"}, "create_port:mac_address"),
    ({"device_owner": "network:dhcp"}, "create_port:device_owner"),
    ({"port_security_enabled": True}, "create_port:port_security_enabled"),
    ({"binding:host_id": "host1"}, "create_port:binding:host_id"),
    ({"binding:profile": {"a": "b"}}, "create_port:binding:profile")])
def test_only_the_network_owner_sets_restricted_attributes_of_a_new_port(service, shared, said, rule):  # noqa: F811
    network, _ = shared
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"], **said}}), 403,
            "PolicyNotAuthorized", rule)
    assert service.find("/ports", "admin") == []
    if not rule.startswith("create_port:binding"):
        service.make("port", "bob", network_id=network["id"], **said)


def test_projects_that_share_a_network_may_create_ports_and_choose_the_subnet(service, shared):  # noqa: F811
    network, subnet = shared
    for said in ({}, {"fixed_ips": [{"subnet_id": subnet["id"]}]}, {"device_owner": "compute:nova"},
                 {"mac_address": "fa:16:3e:00:00:01", "binding:vnic_type": "normal"}):
        service.make("port", "bob" if "mac_address" in said else "alice", network_id=network["id"], **said)
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"]}}, "carl"), 403,
            "PolicyNotAuthorized", "create_port")


@pytest.mark.parametrize(("said", "rule"), [
    # The gateway's: no port is given that by chance.
    ({"fixed_ips": [{"ip_address": "10.1.0.1"}]}, "update_port:fixed_ips"),
    ({"fixed_ips": []}, "update_port:fixed_ips"), ({"device_owner": "network:dhcp"}, "update_port:device_owner"),
    ({"mac_address": "fa:16:3e:00:00:09"}, "update_port:mac_address"),
    ({"binding:host_id": "x"}, "update_port:binding:host_id")])
def test_only_the_network_owner_changes_restricted_attributes_of_a_port(service, shared, said, rule):  # noqa: F811
    port = service.make("port", network_id=shared[0]["id"])
    refused(service.call("PUT", f"/ports/{port['id']}", {"port": said}), 403, "PolicyNotAuthorized", rule)
    assert service.find(f"/ports/{port['id']}") == port


def test_a_port_owner_may_send_the_present_values_of_restricted_attributes(service, shared):  # noqa: F811
    port = service.make("port", network_id=shared[0]["id"])
    said = {name: port[name] for name in ("mac_address", "fixed_ips", "device_owner", "device_id", "name")}
    answer = service.call("PUT", f"/ports/{port['id']}", {"port": said})
    assert answer.json["port"] == port
    only_ip = [{"ip_address": port["fixed_ips"][0]["ip_address"]}]
    assert service.call("PUT", f"/ports/{port['id']}", {"port": {"fixed_ips": only_ip}}).json["port"] == port


def test_servers_cannot_choose_addresses_on_a_shared_network(service, shared):  # noqa: F811
    network, _ = shared
    with pytest.raises(exceptions.AddressNotAllowed):
        service.facade.validate(context("alice"), [{"uuid": network["id"], "fixed_ip": "10.1.0.9"}], 1)
    _, (nic,) = service.boot([{"uuid": network["id"], "fixed_ip": "10.1.0.9"}], user="bob")
    assert nic.addresses[0].ip == "10.1.0.9"
    assert len(service.boot([{"uuid": network["id"]}])[1]) == 1


def test_a_network_stays_shared_while_other_projects_use_it(service, shared):  # noqa: F811
    network, _ = shared
    path, unshare = f"/networks/{network['id']}", {"network": {"shared": False}}
    mine = service.make("port", "bob", network_id=network["id"])
    port = service.make("port", network_id=network["id"])
    refused(service.call("PUT", path, unshare, "admin"), 409, "InvalidSharedSetting", network["id"])
    assert service.call("DELETE", f"/ports/{port['id']}").status_int == 204
    building = service.server(service.facade.validate(context(), [{"uuid": network["id"]}], 1))
    refused(service.call("PUT", path, unshare, "admin"), 409, "InvalidSharedSetting")
    service.allocate(building)
    service.release(building)
    service.end(building)
    assert service.call("PUT", path, unshare, "admin").json["network"]["shared"] is False
    assert service.find("/ports", "bob") == [mine]


def test_the_owner_of_a_shared_network_sees_all_ports_and_deletes_unused_ones(service, shared):  # noqa: F811
    network, _ = shared
    port = service.make("port", network_id=network["id"])
    _, (nic,) = service.boot([{"uuid": network["id"]}])
    assert {each["id"] for each in service.find("/ports", "bob")} == {port["id"], nic.port_id}
    refused(service.call("PUT", f"/ports/{port['id']}", {"port": {"name": "x"}}, "bob"), 403, "PolicyNotAuthorized")
    refused(service.call("DELETE", f"/ports/{nic.port_id}", user="bob"), 403, "PolicyNotAuthorized")
    assert service.call("DELETE", f"/ports/{port['id']}", user="bob").status_int == 204
    foreign = service.make("port", "bob", network_id=network["id"])
    refused(service.call("GET", f"/ports/{foreign['id']}"), 404, "PortNotFound")
    refused(service.call("DELETE", f"/ports/{foreign['id']}"), 404, "PortNotFound")


def test_quotas_bound_the_addresses_that_a_project_takes_of_a_shared_network(service, shared, conf):  # noqa: F811
    network, _ = shared
    assert service.find("/quotas/pa")["port"] == 500
    conf.set_override("quota_port", 2, "network")
    service.make("port", network_id=network["id"])
    many = [{"subnet_id": shared[1]["id"]}] * 17
    assert service.call("POST", "/ports", {"port": {"network_id": network["id"], "fixed_ips": many}}).status_int == 400
    service.boot([{"uuid": network["id"]}])
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"]}}), 409, "OverQuota", "['port']")
    service.make("port", "bob", network_id=network["id"])


def test_a_server_has_only_so_many_nics(service, shared, conf):  # noqa: F811
    conf.set_override("max_nics_per_server", 2, "network")
    wanted = {"uuid": shared[0]["id"]}
    with pytest.raises(exceptions.TooManyNics, match="at most 2 .*this asks for 3"):
        service.facade.validate(context(), [wanted] * 3, 1)
    assert len(service.boot([wanted] * 2)[1]) == 2
