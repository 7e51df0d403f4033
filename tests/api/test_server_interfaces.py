"""Interfaces, addresses and security groups of servers that are there, refused in Nova's words; no host takes part."""

import threading

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common.context import RequestContext
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.failed_operations import FailedOperations
from nova_lite.conf import CONF
from nova_lite.db import operations
from nova_lite.db.models.networks import Port
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import Vm
from tests.compute_service import NOWHERE

ALICE, BOB = (RequestContext(user, project, ("member", "reader")) for user, project in (("alice", "pa"), ("bob", "pb")))


@pytest.fixture
def server(cloud):
    return cloud.make()


def network(cloud, cidr, context=ALICE, name="net"):
    """The id of a new network; without ``cidr`` it has no addresses."""
    values = {"project_id": context.project_id}
    made = cloud.network.networks.create(context, {**values, "name": name})["id"]
    if cidr:
        cloud.network.subnets.create(context, {**values, "network_id": made, "ip_version": 4, "cidr": cidr})
    return made


def port(cloud, network_id, context=ALICE, **values):
    return cloud.network.ports.create(context, {"project_id": context.project_id, "network_id": network_id,
                                                **values})["id"]


def ports():
    with db.reader() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Port))


def refused(cloud, server, *, user="alice", version="2.90", **asked):
    """(status, message), when nothing was changed."""
    before = ports()
    refusal = cloud.refused("POST", f"/servers/{server}/os-interface", {"interfaceAttachment": asked}, user=user,
                         version=version)
    assert ports() == before
    with db.reader() as session:
        assert session.scalar(sa.select(Server.task_state).where(Server.id == server)) is None
    return refusal


def act(cloud, server, action, argument, **rest):
    return cloud.call("POST", f"/servers/{server}/action", {action: argument}, **rest)


def test_an_interface_request_with_contradictory_fields_is_refused(cloud, server):
    net = network(cloud, "10.1.0.0/24")
    assert refused(cloud, server, net_id=net, port_id=NOWHERE) == (
        400, "Must not input both network_id and port_id")
    assert refused(cloud, server, fixed_ips=[{"ip_address": "10.1.0.9"}]) == (
        400, "Must input network_id when request IP address")
    assert refused(cloud, server, version="2.48", net_id=net, tag="a")[0] == 400
    assert cloud.refused("POST", f"/servers/{server}/os-interface") == (400, "None is not of type 'object'")


def test_an_interface_without_a_named_network_needs_exactly_one(cloud, server):
    assert refused(cloud, server) == (
        400, "No specific network was requested and none are available for project 'pa'.")
    empty = network(cloud, None)
    needed = (400, "Network requires port_security_enabled and subnet associated in order to apply security groups.")
    assert refused(cloud, server) == refused(cloud, server, net_id=empty) == needed
    network(cloud, "10.1.0.0/24")
    assert refused(cloud, server) == (
        400, "Multiple possible networks found, use a Network ID to be more specific.")


def test_an_interface_on_another_projects_network_is_404(cloud, server):
    theirs = network(cloud, "10.2.0.0/24", BOB)
    for unknown in (NOWHERE, theirs):
        assert refused(cloud, server, net_id=unknown) == (404, f"Network {unknown} could not be found.")


def test_an_address_must_be_there_and_free(cloud, server):
    net = network(cloud, "10.1.0.0/29")
    port(cloud, net, fixed_ips=[{"ip_address": "10.1.0.4"}])
    for taken in ("10.1.0.4", "10.1.0.1"):
        assert refused(cloud, server, net_id=net, fixed_ips=[{"ip_address": taken}]) == (
            409, f"Fixed IP {taken} is already in use.")
    assert refused(cloud, server, net_id=net, fixed_ips=[{"ip_address": "192.0.2.7"}]) == (
        400, f"Fixed IP 192.0.2.7 is not a valid ip address for network {net}.")
    for _ in range(4):
        port(cloud, net)
    assert refused(cloud, server, net_id=net) == (400, f"No fixed IP addresses available for network: {net}")


def test_a_port_must_be_there_free_and_of_the_servers_project(cloud, server):
    net, theirs = network(cloud, "10.1.0.0/24"), network(cloud, "10.2.0.0/24", BOB)
    foreign = port(cloud, theirs, BOB)
    for unknown in (NOWHERE, foreign):
        assert refused(cloud, server, port_id=unknown) == (404, f"Port id {unknown} could not be found.")
    assert refused(cloud, server, user="admin", port_id=foreign) == (
        400, f"Port {foreign} not usable for instance.")
    claimed = port(cloud, net, device_id="somebody")
    assert refused(cloud, server, port_id=claimed) == (409, f"Port {claimed} is still in use.")


def test_a_project_has_no_more_ports_than_its_quota(cloud, server):
    net = network(cloud, "10.1.0.0/24")
    port(cloud, net)
    CONF.set_override("quota_port", 1, group="network")
    assert refused(cloud, server, net_id=net) == (403, "Maximum number of ports exceeded")


@pytest.mark.parametrize("vm_state", sorted(set(Vm) - {Vm.DELETED, Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED}))
def test_interfaces_change_only_where_a_guest_can_have_them(cloud, server, vm_state):
    cloud.settle(server, vm_state=vm_state)
    url = f"/servers/{server}/os-interface"
    for method, path, body, name in (("POST", url, {}, "attach_interface"),
                                     ("DELETE", f"{url}/{NOWHERE}", None, "detach_interface")):
        assert cloud.refused(method, path, body) == (
            409, f"Cannot '{name}' instance {server} while it is in vm_state {vm_state}")


def test_readers_and_other_projects_and_locks_cannot_change_interfaces(cloud, server):
    url = f"/servers/{server}/os-interface"
    for user, status in (("carl", 403), ("bob", 404)):
        assert cloud.refused("POST", url, {}, user=user)[0] == status
        assert cloud.refused("DELETE", f"{url}/{NOWHERE}", user=user)[0] == status
        for action, argument in (("addSecurityGroup", {"name": "default"}), ("addFixedIp", {"networkId": NOWHERE})):
            assert cloud.refused("POST", f"/servers/{server}/action", {action: argument}, user=user)[0] == status
    assert act(cloud, server, "lock", None).status_int == 202
    assert cloud.refused("POST", url, {}) == (409, f"Instance {server} is locked")
    assert cloud.refused("DELETE", f"{url}/{NOWHERE}") == (409, f"Instance {server} is locked")


def promised(cloud, server):
    """The id of the open operation that a host which does not answer was asked for."""
    CONF.set_override("attach_timeout", 0, group="compute")
    net = network(cloud, "10.1.0.0/24")
    status, words = cloud.refused("POST", f"/servers/{server}/os-interface", {"interfaceAttachment": {"net_id": net}})
    assert (status, "did not attach" in words) == (500, True)
    assert ports() == 1
    assert list(cloud.get(f"/servers/{server}")["server"]["addresses"]) == ["net"]
    assert "while it is in task_state attaching_interface" in cloud.refused(
        "POST", f"/servers/{server}/os-interface", {})[1]
    with db.reader() as session:
        return session.scalar(sa.select(Operation.id).where(Operation.name == "attach_interface"))


def test_a_port_is_not_kept_for_an_attachment_that_was_given_up(cloud, server):
    operation_id = promised(cloud, server)
    FailedOperations(Completion(Services(cloud.network, None))).set_aside(operation_id, "It took too long.")
    shown = cloud.get(f"/servers/{server}")["server"]
    assert (ports(), shown["addresses"], shown["OS-EXT-STS:task_state"], shown["status"]) == (0, {}, None, "ACTIVE")


def test_a_port_is_not_kept_for_an_attachment_that_an_administrator_cancels(cloud, server):
    promised(cloud, server)
    assert act(cloud, server, "os-resetState", {"state": "active"}, user="admin").status_int == 202
    assert (ports(), cloud.get(f"/servers/{server}")["server"]["addresses"]) == (0, {})


def test_a_port_is_not_kept_for_an_attachment_that_a_deletion_cancels(cloud, server):
    CONF.set_override("reclaim_instance_interval", 3600, group="compute")
    promised(cloud, server)
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    assert ports() == 0


def test_security_groups_are_refused_as_nova_refuses_them(cloud):
    for name in ("web", "twice", "twice"):
        cloud.network.security_groups.create(ALICE, {"project_id": "pa", "name": name})

    def refusal(server, action, name):
        return cloud.refused("POST", f"/servers/{server}/action", {action: {"name": name}})
    bare, wired = cloud.make(), cloud.make()
    give(cloud, wired, network(cloud, "10.1.0.0/24"))
    for action in ("addSecurityGroup", "removeSecurityGroup"):
        assert refusal(wired, action, "nope") == (404, "Security group nope is not found for project pa")
        assert refusal(wired, action, "twice") == (
            409, "Multiple security_group matches found for name 'twice', use an ID to be more specific.")
        assert refusal(bare, action, "web") == (404, f"instance_id {bare} could not be found as device id on any ports")
        assert refusal(wired, action, "")[0] == 400
    assert refusal(wired, "removeSecurityGroup", "web") == (
        404, f"Security group web not associated with the instance {wired}")
    assert act(cloud, wired, "addSecurityGroup", {"name": "web"}).status_int == 202
    assert refusal(wired, "addSecurityGroup", "web")[1].startswith(
        "Invalid input for security_groups. Reason: Duplicate items in the list: '")
    assert act(cloud, wired, "removeSecurityGroup", {"name": "web"}).status_int == 202
    assert [each["name"] for each in cloud.get(f"/servers/{wired}")["server"]["security_groups"]] == ["default"]


def give(cloud, server, network_id):
    """The server has a NIC, as if its host had attached it."""
    with db.writer() as session:
        row = session.execute(sa.select(Server.__table__).where(Server.id == server)).one()
        cloud.network.attachments.attach(ALICE, row, {
            "network": network_id, "port": None, "fixed_ip": None, "tag": None})


def test_old_actions_for_addresses_are_gone_from_2_44(cloud, server):
    for action, argument in (("addFixedIp", {"networkId": NOWHERE}), ("removeFixedIp", {"address": "10.1.0.2"})):
        assert act(cloud, server, action, argument, version="2.43").status_int == 202
        assert act(cloud, server, action, argument, version="2.44").status_int == 404
        assert act(cloud, server, action, None, version="2.43").status_int == 400


class Overtaken:
    """The compute RPC; before a host is notified, somebody else's DELETE has come."""

    def attach_interface(self, context, host, operation_id):
        other = threading.Thread(target=self._cancel, args=(operation_id,))
        other.start()
        other.join()

    @staticmethod
    def _cancel(operation_id):
        with db.writer() as session:
            operations.cancel_open(session, operations.get(session, operation_id).resource_id, "Cancelled by delete.")


def test_an_attachment_that_something_overtakes_is_a_conflict(cloud, server):
    cloud.compute.interfaces._rpc = Overtaken()
    asked = {"interfaceAttachment": {"net_id": network(cloud, "10.1.0.0/24")}}
    assert cloud.refused("POST", f"/servers/{server}/os-interface", asked, version="2.90") == (
        409, f"Failed to attach network adapter device to {server}: Cancelled by delete.")
