"""Ports of servers that leave their host and come back, and the order of what a network service changes for one server.

A change is not asked for while an older one of the same server is yet to be undone.
"""

import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor.auditor import Auditor
from nova_lite.conductor.effects.base import Failure, Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.flows.unshelve import Unshelve
from nova_lite.conductor.held_leases import HeldLeases
from nova_lite.db import operations, server_objects
from nova_lite.db.base import new_id
from nova_lite.db.models.servers import Server
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.ledger import Upcoming
from nova_lite.network.api import API as Network
from nova_lite.objects.operation import Outcome
from nova_lite.objects.states import OPERATIONS
from tests.changing_services import Scheduler, away, embedded, resting, world  # noqa: F401
from tests.network_service import service  # noqa: F401
from tests.remote_services import remote  # noqa: F401
from tests.unit.test_operations import OWNER

OK = Outcome.make(power_state=1, error=None, code=500, details=None)
AWAY = pytest.mark.parametrize("world", ["away"], indirect=True)


class Shelved:
    """A server with two ports that is shelved, and what offloads and unshelves it."""

    def __init__(self, world):  # noqa: F811
        self.world = world
        self.completion = Completion(Services(world.services["network"], world.services["image"]))
        self.notified = []
        world.carry_out()
        resting(world)
        copy = world.carry_out("reserve_image")["image_id"]
        with db.writer() as session:
            session.execute(sa.update(Server).values(vm_state="shelved", shelved_image_id=copy))
            session.execute(sa.delete(ServiceChange).where(ServiceChange.verb == "reserve_image"))
        world.services["network"].verbs["place_ports"].do(new_id(), world.change("place_ports").arguments)
        compute = types.SimpleNamespace(notify=lambda _context, host, name, _id: self.notified.append((host, name)))
        image = types.SimpleNamespace(show=lambda _context, _image_id: None)
        self.flow = Unshelve(image, "c1", (compute, Scheduler()), self.completion, None,
                             HeldLeases()).unshelve_server

    @property
    def bound(self):
        """How many ports are bound to a host."""
        return self.world.count("place_ports")

    def server(self):
        with db.reader() as session:
            return server_objects.row(session, self.world.server_id)

    def operation(self):
        with db.reader() as session:
            return operations.get(session, self.operation_id)

    def changes(self):
        """{verb: state} of what was changed but for the ports themselves."""
        return {each.verb: each.state for each in self.world.rows() if each.verb != "allocate_ports"}

    def lease(self, operation_id):
        with db.writer() as session:
            return operations.lease(session, operation_id, "h1", "w", 15)

    def offload(self):
        with db.writer() as session:
            operation_id, _ = operations.begin(session, OWNER, self.world.server_id, OPERATIONS["offload_server"])
        with db.writer() as session:
            self.completion.succeed(session, operations.lease(session, operation_id, "h1", "w", 15), OK)

    def unshelve(self):
        with db.writer() as session:
            self.operation_id, _ = operations.begin(
                session, OWNER, self.world.server_id, OPERATIONS["unshelve_server"],
                {"image_id": self.server().shelved_image_id})
        self.go_on()

    def go_on(self):
        self.flow(OWNER, self.operation_id)


@pytest.fixture
def shelved(world):  # noqa: F811
    made = Shelved(world)
    assert made.bound == 2
    return made


# ---- leaving a host and coming back

def test_the_ports_of_an_offloaded_server_are_bound_to_no_host(shelved):
    shelved.offload()
    shelved.world.settle()
    assert (shelved.server().host, shelved.bound, len(shelved.world.nics())) == (None, 0, 2)
    assert "unwanted" not in shelved.changes().values()


def test_the_ports_of_an_unshelved_server_are_bound_before_its_host_begins(shelved):
    shelved.offload()
    shelved.world.settle()
    shelved.unshelve()
    assert (shelved.notified, shelved.bound) == ([("h1", "unshelve_server")], 2)
    assert shelved.changes()["place_ports"] == "done"
    with db.writer() as session:
        shelved.completion.succeed(session, operations.lease(session, shelved.operation_id, "h1", "w", 15), OK)
    shelved.world.settle()
    assert (shelved.server().vm_state, shelved.bound, len(shelved.world.nics())) == ("active", 2, 2)
    assert "done" not in shelved.changes().values()


def test_an_unshelve_that_fails_leaves_the_ports_bound_to_no_host(shelved):
    shelved.offload()
    shelved.world.settle()
    shelved.unshelve()
    with db.writer() as session:
        shelved.completion.fail(session, operations.lease(session, shelved.operation_id, "h1", "w", 15),
                                Failure(500, "no"))
    shelved.world.settle()
    assert (shelved.server().vm_state, shelved.server().host) == ("shelved_offloaded", None)
    assert (shelved.bound, len(shelved.world.nics())) == (0, 2)
    assert "unwanted" not in shelved.changes().values()


def test_the_ports_of_an_embedded_service_follow_in_one_transaction(embedded):  # noqa: F811
    its = Shelved(embedded)
    its.offload()
    assert (its.bound, its.changes()) == (0, {})
    its.unshelve()
    with db.writer() as session:
        its.completion.fail(session, operations.lease(session, its.operation_id, "h1", "w", 15), Failure(500, "no"))
    assert (its.bound, its.changes()) == (0, {"place_ports": "undone"})


@AWAY
def test_an_unbind_that_fails_again_and_again_is_found_by_the_audit(shelved, remote):  # noqa: F811
    shelved.offload()
    remote.refuse = 3
    found = []
    for _ in range(4):
        shelved.world.settle()
        found.append([each.detail for each in Auditor(Network()).examine_all() if each.kind == "change_owed"])
    assert [len(each) for each in found] == [0, 0, 1, 0] and "place_ports" in found[2][0]
    assert shelved.bound == 0


# ---- in order

@AWAY
def test_an_unshelve_waits_until_the_ports_are_unbound_from_the_host_before(shelved, remote):  # noqa: F811
    shelved.offload()
    shelved.unshelve()
    asked = list(remote.requests)
    assert shelved.notified == [] and shelved.operation().waits_for is not None
    remote.break_down = 1
    shelved.world.settle()
    assert remote.requests != asked and shelved.operation().waits_for is not None and shelved.bound == 2
    shelved.world.settle()          # the debt, and then what waited for it, in one look or two
    shelved.world.settle()
    assert (shelved.operation().waits_for, shelved.bound) == (None, 2)
    shelved.go_on()
    assert (shelved.notified, shelved.changes()["place_ports"]) == ([("h1", "unshelve_server")], "done")


@AWAY
def test_a_change_waits_until_an_older_one_is_undone_and_says_so(world, remote):  # noqa: F811
    world.carry_out()
    world.give_back()
    asked = len(remote.requests)
    world.operation.id = new_id()
    with pytest.raises(exceptions.ChangeNotInTurn, match="allocate_ports"):
        world.carry_out("attach_port")
    assert len(remote.requests) == asked
    [row] = [each for each in world.rows() if each.verb == "attach_port"]
    assert row.state == "wanted" and "allocate_ports" in row.error
    world.settle()
    world.carry_out("attach_port")
    assert world.count("attach_port") == 1


@AWAY
def test_what_no_operation_waits_for_yet_is_not_on_record(world, remote):  # noqa: F811
    world.carry_out()
    world.give_back()
    upcoming = Upcoming(new_id(), "attach_interface", world.server_id)
    with pytest.raises(exceptions.ChangeNotInTurn):
        world.ledger.carry_out(upcoming, [world.change("attach_port")], lambda *_: None)
    assert [each.verb for each in world.rows()] == ["allocate_ports"]


@AWAY
@pytest.mark.parametrize("verb", ["allocate_ports", "reserve_image"])
def test_what_is_owed_elsewhere_holds_up_nothing(world, remote, verb):  # noqa: F811
    """Of another server, or of another service."""
    world.carry_out(verb)
    world.give_back()
    if verb == "allocate_ports":
        with db.writer() as session:
            session.execute(sa.update(ServiceChange).values(resource_id=new_id()))
    world.operation.id = new_id()
    world.carry_out("attach_port")
    assert [each.state for each in world.rows() if each.verb == "attach_port"] == ["done"]


@AWAY
def test_a_copy_is_made_while_an_older_one_is_yet_to_be_deleted(world, remote):  # noqa: F811
    world.carry_out("reserve_image")
    world.give_back()
    world.operation.id = new_id()
    world.carry_out("reserve_image")
    assert world.count_images() == 2


@AWAY
def test_what_was_done_before_a_debt_is_not_asked_for_again(world, remote):  # noqa: F811
    result = world.carry_out()
    with db.writer() as session:
        session.execute(sa.insert(ServiceChange).values(
            id="debt", operation_id=new_id(), resource_id=world.server_id, service="network", verb="place_ports",
            state="unwanted"))
    assert world.carry_out() == result
