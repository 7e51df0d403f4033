"""The auditor and a remote network service: what differs is found and mended, what changes just now is left alone."""

import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.common import exceptions
from nova_lite.compute.actions.interfaces import Interfaces
from nova_lite.conductor.auditor import Auditor
from nova_lite.db import interfaces
from nova_lite.db.base import new_id
from nova_lite.db.models.servers import Server as ServerRow
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.ledger import Ledger
from nova_lite.network.api import API
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import OPERATIONS  # noqa: F401 - fills the tables that operations are of
from tests.network_service import service  # noqa: F401
from tests.remote_network_backend import Backend
from tests.remote_network_service import NetworkService
from tests.remote_services import Client, Server


class World:
    """A server with two ports at a remote service.  :ivar http: the Server."""

    def __init__(self, service, http):  # noqa: F811
        self.http, self.known = http, http.service
        self.network = API(Backend(Client(http.url, 2.0)))
        network_id = self.network.ensure_default_network("pa")
        self.server_id = service.server([{"network": network_id}] * 2)
        service.end(self.server_id, host="host1")
        self.ledger = Ledger({"network": self.network})
        self.operation = types.SimpleNamespace(id=new_id(), name="build_server", resource_type="server",
                                               resource_id=self.server_id, attempt=0)
        self.ledger.carry_out(self.operation, [Change("network", "allocate_ports", {"server_id": self.server_id})],
                              lambda _session, _results: None)

    def look(self, repair=True):
        """{kind: finding} of what the auditor finds at the service."""
        return {each.kind: each for each in Auditor(self.network, repair).examine_all()
                if each.kind in ("addresses_differ", "change_left")}

    def ports(self):
        return self.known.of_kind("ports", device_id=self.server_id)

    def nics(self):
        with db.reader() as session:
            return interfaces.nics(session, [self.server_id]).get(self.server_id, [])

    def shown(self):
        with db.reader() as session:
            return session.execute(sa.select(ServerRow.addresses, ServerRow.security_groups).where(
                ServerRow.id == self.server_id)).one()

    def change(self, **values):
        with db.writer() as session:
            session.execute(sa.update(ServiceChange).values(**values))

    def row(self):
        with db.reader() as session:
            return session.execute(sa.select(ServiceChange.__table__)).one()


@pytest.fixture
def world(service):  # noqa: F811
    with Server(NetworkService()) as http:
        yield World(service, http)


def test_a_server_whose_ports_are_as_shown_is_no_finding(world):
    assert len(world.nics()) == 2 and world.look() == {}


def test_a_port_that_the_service_deleted_is_shown_no_more(world):
    gone = world.ports()[0]
    del world.known.things[gone["id"]]
    assert not world.look(repair=False)["addresses_differ"].repaired
    assert len(world.nics()) == 2
    assert world.look()["addresses_differ"].repaired
    assert [nic.port_id for nic in world.nics()] == [world.ports()[0]["id"]]
    assert world.look() == {}


def test_a_group_that_the_service_renamed_is_shown_by_its_new_name(world):
    [group] = world.known.of_kind("groups")
    group["name"] = "other"
    assert world.look()["addresses_differ"].repaired
    assert world.shown().security_groups == ["other", "other"]


def test_a_server_whose_change_is_under_way_is_left_alone(world):
    del world.known.things[world.ports()[0]["id"]]
    world.change(state="wanted")
    assert world.look() == {} and len(world.nics()) == 2


def acting(world):
    """(the actions, what the host is asked to do)"""
    asked = []
    rpc = types.SimpleNamespace(detach_interface=lambda _context, host, _id: asked.append(host))
    return Interfaces(world.network, rpc), asked


def seen(world):
    """The server's first port, as its owner sees it."""
    return world.network.ports.get(contexts.admin(), world.ports()[0]["id"])


def test_a_servers_port_that_its_owner_deletes_goes_at_once_and_then_from_the_guest(world, conf):
    conf.set_override("attach_timeout", 0, group="compute")
    actions, asked = acting(world)
    port = seen(world)
    actions.delete_port(contexts.admin(), port)
    assert asked == ["host1"] and port["id"] not in {each["id"] for each in world.ports()}
    with pytest.raises(exceptions.InvalidState):        # one after the other
        actions.delete_port(contexts.admin(), seen(world))
    assert len(world.ports()) == 1


def test_a_port_of_a_server_without_a_host_that_its_owner_deletes_is_shown_no_more(world, service):  # noqa: F811
    service.end(world.server_id, host=None)
    actions, asked = acting(world)
    actions.delete_port(contexts.admin(), seen(world))
    assert asked == [] and [nic.port_id for nic in world.nics()] == [world.ports()[0]["id"]]


def test_a_servers_port_that_its_owner_changes_is_shown_anew(world):
    actions, _ = acting(world)
    actions.update_port(contexts.admin(), seen(world), {"fixed_ips": []})
    assert [len(nic.addresses) for nic in world.nics()] == [0, 1]
    assert world.look() == {}


def test_what_came_to_be_after_its_undo_is_found_by_its_marker_and_undone(world):
    row, network_id = world.row(), world.ports()[0]["network_id"]
    with db.writer() as session:
        world.ledger.give_back(session, world.server_id)
    world.ledger.settle()
    assert world.row().state == "undone" and world.ports() == []
    world.known.answer("POST", "/ports", {"network_id": network_id, "marker": row.id, "index": 0, "owned": True,
                                          "device_id": world.server_id, "device_owner": "compute:nova"})
    [late] = world.ports()
    found = world.look(repair=False)["change_left"]
    assert (found.subject, found.repaired) == (row.id, False) and late["id"] in found.detail
    assert world.look()["change_left"].repaired
    world.ledger.settle()
    assert world.ports() == [] and world.row().state == "undone"
    assert world.look() == {}


def test_what_has_the_marker_of_somebody_elses_cloud_is_left_alone(world):
    world.known.answer("POST", "/ports", {"network_id": world.ports()[0]["network_id"], "marker": new_id()})
    assert world.look() == {}


def test_a_service_that_does_not_answer_is_no_finding(world):
    world.http.__exit__()
    assert world.look() == {}
