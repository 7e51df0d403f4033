"""Networks and ports without port security, as Neutron has them."""

import pytest

from nova_lite import db
from nova_lite.network import exceptions
from nova_lite.objects.desired_state import of_host
from tests.api.test_network_api import refused
from tests.api.test_network_capabilities import linux  # noqa: F401
from tests.network_service import context, service  # noqa: F401

OFF = {"port_security_enabled": False}
NEEDS_IT = "Port security must be enabled and port must have an IP address in order to use security groups."
HAS_GROUP = "Port has security group associated."


def off(service, **more):  # noqa: F811
    """A network without port security, with a subnet."""
    network = service.make("network", name="open", **OFF, **more)
    service.make("subnet", network_id=network["id"], cidr="10.1.0.0/24", ip_version=4)
    return network


def test_a_new_port_is_as_its_network_unless_it_is_said(service):  # noqa: F811
    network, (safe, _) = off(service), service.net()
    assert (network["port_security_enabled"], safe["port_security_enabled"]) == (False, True)
    port = service.make("port", network_id=network["id"])
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])
    port = service.make("port", network_id=network["id"], port_security_enabled="true")
    assert port["port_security_enabled"] is True and len(port["security_groups"]) == 1
    port = service.make("port", network_id=safe["id"], **OFF)
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])
    assert [each["id"] for each in service.find("/networks?port_security_enabled=false")] == [network["id"]]
    assert len(service.find("/ports?port_security_enabled=False")) == 2
    assert [each["port_security_enabled"] for each in service.find("/ports?sort_key=port_security_enabled")] == [
        False, False, True]


def test_a_networks_change_is_for_new_ports(service):  # noqa: F811
    network, _ = service.net()
    before = service.make("port", network_id=network["id"])
    changed = service.call("PUT", f"/networks/{network['id']}", {"network": OFF}).json["network"]
    assert changed["port_security_enabled"] is False
    assert changed["revision_number"] == service.find(f"/networks/{network['id']}")["revision_number"]
    assert service.find(f"/ports/{before['id']}")["port_security_enabled"] is True
    assert service.make("port", network_id=network["id"])["port_security_enabled"] is False


def test_no_port_without_it_is_in_a_security_group(service):  # noqa: F811
    network, group = service.net()[0], service.make("security_group", name="g")["id"]
    body = {"network_id": network["id"], **OFF, "security_groups": [group]}
    refused(service.call("POST", "/ports", {"port": body}), 400, "PortSecurityAndIPRequiredForSecurityGroups", NEEDS_IT)
    port = service.make("port", network_id=network["id"])
    path = f"/ports/{port['id']}"
    refused(service.call("PUT", path, {"port": OFF}), 409, "PortSecurityPortHasSecurityGroup", HAS_GROUP)
    refused(service.call("PUT", path, {"port": OFF | {"security_groups": [group]}}), 400,
            "PortSecurityAndIPRequiredForSecurityGroups")
    assert service.find(path)["port_security_enabled"] is True
    off = service.call("PUT", path, {"port": OFF | {"security_groups": []}}).json["port"]
    assert (off["port_security_enabled"], off["security_groups"]) == (False, [])
    refused(service.call("PUT", path, {"port": {"security_groups": [group]}}), 400,
            "PortSecurityAndIPRequiredForSecurityGroups")
    assert service.call("PUT", path, {"port": OFF | {"name": "same"}}).status_int == 200
    on = service.call("PUT", path, {"port": {"port_security_enabled": True}}).json["port"]
    assert (on["port_security_enabled"], on["security_groups"]) == (True, [])
    on = service.call("PUT", path, {"port": {"security_groups": [group]}}).json["port"]
    assert on["security_groups"] == [group]


def test_ports_of_the_network_itself_are_without_it(service):  # noqa: F811
    network, subnet = service.net()
    router = service.make("router")
    service.call("PUT", f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    said = service.make("port", "admin", network_id=network["id"], device_owner="network:dhcp", project_id="pa")
    assert {(each["port_security_enabled"], *each["security_groups"]) for each in service.find("/ports")} == {(False,)}
    assert said["device_owner"] == "network:dhcp"


def test_only_the_owner_of_the_network_and_operators_choose(service):  # noqa: F811
    network = service.make("network", "admin", name="all", shared=True)
    body = {"network_id": network["id"], **OFF}
    refused(service.call("POST", "/ports", {"port": body}), 403, "PolicyNotAuthorized",
            "create_port:port_security_enabled")
    port = service.make("port", network_id=network["id"], security_groups=[])
    path = f"/ports/{port['id']}"
    refused(service.call("PUT", path, {"port": OFF}), 403, "PolicyNotAuthorized", "update_port:port_security_enabled")
    assert service.call("PUT", path, {"port": OFF}, "admin").json["port"]["port_security_enabled"] is False
    mine = service.make("network")
    for method, where in (("POST", "/networks"), ("PUT", f"/networks/{mine['id']}")):
        refused(service.call(method, where, {"network": OFF}, "carl"), 403, "PolicyNotAuthorized")


@pytest.mark.parametrize("value", [None, "perhaps", 2, [], {}])
def test_what_is_no_boolean_is_refused(service, value):  # noqa: F811
    for kind, more in (("network", {}), ("port", {"network_id": service.make("network")["id"]})):
        body = {kind: {"port_security_enabled": value, **more}}
        refused(service.call("POST", f"/{kind}s", body), 400, "HTTPBadRequest", "port_security_enabled")


def test_a_server_gets_a_nic_without_groups_and_none_with(service):  # noqa: F811
    network, group = off(service), service.make("security_group", name="g")["id"]
    server_id, nics = service.boot([{"uuid": network["id"]}])
    port = service.find(f"/ports/{nics[0].port_id}")
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])
    wanted = [{"uuid": network["id"]}]
    assert service.facade.validate(context(), wanted, 1, ["default"])
    with pytest.raises(exceptions.SubnetNeeded):
        service.facade.validate(context(), wanted, 1, [group])
    with db.writer(), pytest.raises(exceptions.SubnetNeeded):
        service.facade.memberships.join(context(), server_id, group)


def test_the_host_of_a_port_is_notified(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"])
    server_id, _ = service.boot([{"port": port["id"]}])
    service.end(server_id)

    def revision():
        return service.facade.desired_state.changes("host1", {of_host("host1"): 0}, {})[0].revision
    before, row = revision(), service.find(f"/ports/{port['id']}")
    service.call("PUT", f"/ports/{port['id']}", {"port": {"port_security_enabled": True}})
    assert revision() == before
    service.call("PUT", f"/ports/{port['id']}", {"port": OFF | {"security_groups": []}})
    assert revision() > before
    assert service.find(f"/ports/{port['id']}")["revision_number"] > row["revision_number"]


def test_a_plane_that_filters_in_any_case_has_no_port_without_it(linux):  # noqa: F811
    network, _ = linux.net()
    port = linux.make("port", network_id=network["id"], port_security_enabled=True)
    for method, path, body in (
            ("POST", "/networks", {"network": OFF}), ("PUT", f"/networks/{network['id']}", {"network": OFF}),
            ("POST", "/ports", {"port": {"network_id": network["id"], **OFF}}),
            ("PUT", f"/ports/{port['id']}", {"port": OFF | {"security_groups": []}})):
        refused(linux.call(method, path, body), 400, "InvalidInput", "leave port_security_enabled True")
    assert "port-security" not in {each["alias"] for each in linux.find("/extensions")}
