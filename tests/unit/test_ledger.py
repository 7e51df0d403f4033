"""Changes of other services: one contract for those that are embedded and those behind HTTP, and what the ledger keeps.

The remote services choose ids themselves, lose answers, are slow and refuse.
"""

import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions, unit_of_work
from nova_lite.compute.actions.snapshot import Snapshot, take_back
from nova_lite.conductor.auditor import Auditor
from nova_lite.conductor.effects.base import Failure, Services
from nova_lite.conductor.effects.delete import RestoreServer
from nova_lite.conductor.effects.shelve import ShelveServer, UnshelveServer
from nova_lite.conductor.effects.snapshot import BackupServer
from nova_lite.db import operations, server_objects, service_changes
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.network.api import API as Network
from nova_lite.objects.operation import Outcome
from nova_lite.objects.states import OPERATIONS
from tests.changing_services import CHANGES, away, embedded, flow, resting, snapshot, world  # noqa: F401
from tests.network_service import service  # noqa: F401
from tests.remote_services import remote  # noqa: F401
from tests.unit.test_operations import OWNER

pytestmark = pytest.mark.slow        # they wait for real deadlines

OK = Outcome.make(power_state=None, error=None, code=500, details=None)


# ---- the contract of every verb

@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_asked_for_again_is_the_same_change(world, name):  # noqa: F811
    verb, arguments = world.verb(name)
    marker = new_id()
    world.prepare(name)
    first = verb.do(marker, arguments)
    made = world.count(name)
    assert made and verb.do(marker, arguments) == first
    assert world.count(name) == made


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_undone_by_its_marker_as_often_as_one_likes(world, name):  # noqa: F811
    verb, arguments = world.verb(name)
    marker = new_id()
    world.prepare(name)
    verb.undo(marker, arguments)
    verb.do(marker, arguments)
    for _ in range(2):
        verb.undo(marker, arguments)
        assert world.count(name) == 0


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_on_record_with_what_follows_it(world, name):  # noqa: F811
    world.prepare(name)
    result = world.carry_out(name)
    [row] = world.rows()
    assert (row.state, row.result, row.operation_id, row.next_try_at) == ("done", result, world.operation.id, None)
    assert world.carry_out(name) == result and len(world.rows()) == 1


def test_compute_keeps_the_interfaces_of_new_ports(world):  # noqa: F811
    ports = world.carry_out()["ports"]
    assert [nic.port_id for nic in world.nics()] == ports
    world.give_back()
    assert world.nics() == []


def test_a_change_that_is_given_back_is_undone_when_settled(world):  # noqa: F811
    world.carry_out()
    world.end()
    world.give_back()
    world.settle()
    assert (world.state, world.count("allocate_ports")) == ("undone", 0)
    world.settle()
    assert world.state == "undone"


@pytest.mark.parametrize(("effect", "name"), [
    (ShelveServer, "shelve_server"), (UnshelveServer, "unshelve_server"), (RestoreServer, "restore_server")])
def test_the_copy_of_a_server_that_was_shelved_is_deleted(world, effect, name):  # noqa: F811
    copy = world.carry_out("reserve_image")["image_id"]
    with db.writer() as session:
        session.execute(sa.update(Server).values(shelved_image_id=copy))
    operation = types.SimpleNamespace(id=new_id(), resource_id=world.server_id, resource_type="server", attempt=1,
                                      name=name, args={"target_id": "another", "image_id": copy},
                                      previous={"vm_state": "active"})
    with db.writer() as session:
        effect(Services(world.services["network"], world.services["image"])).succeeded(
            session, operation, OK)
    world.settle()
    assert world.count("reserve_image") == 0


# ---- embedded: one transaction

def test_an_embedded_change_is_undone_with_its_transaction(embedded):  # noqa: F811
    def then(_session, _result):
        raise exceptions.Fenced(operation_id="o", attempt=1)
    with pytest.raises(exceptions.Fenced):
        embedded.carry_out(then=then)
    assert embedded.rows() == [] and embedded.count("allocate_ports") == 0 and embedded.nics() == []


# ---- remote: what can happen between two processes

def test_old_backups_are_a_debt_while_their_service_is_away(away, remote):  # noqa: F811
    images = [away.services["image"].verbs["reserve_image"].do(new_id(), {"values": {}})["image_id"] for _ in range(3)]
    args = {"target_id": images[-1], "backup_type": "daily", "rotation": "2"}
    with db.writer() as session:
        BackupServer(Services(away.services["network"], away.services["image"])).succeeded(
            session, types.SimpleNamespace(**vars(away.operation) | {"name": "backup_server"}, args=args,
                                           previous={"vm_state": "active"}), OK)
    remote.break_down = 1
    away.settle()
    assert (away.state, away.count_images()) == ("unwanted", 3)
    away.settle()
    assert {each["id"] for each in remote.things.values()} == set(images[1:])


def test_a_change_whose_answer_is_lost_is_adopted(away, remote):  # noqa: F811
    remote.lose = 1
    with pytest.raises(exceptions.PeerAway):
        away.carry_out()
    assert (away.state, away.count("allocate_ports")) == ("wanted", 1)
    assert len(away.carry_out()["ports"]) == 2
    assert (away.state, away.count("allocate_ports")) == ("done", 2)


def test_a_change_is_on_record_before_it_is_asked_for(away, remote):  # noqa: F811
    remote.delay = 1.0
    with pytest.raises(exceptions.PeerAway):
        away.carry_out()
    [row] = away.rows()
    assert row.state == "wanted" and row.next_try_at > now()


def test_a_crash_after_the_effect_leaves_a_change_that_is_adopted(away):  # noqa: F811
    def crash(_session, _result):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        away.carry_out(then=crash)
    assert (away.state, away.count("allocate_ports"), away.nics()) == ("wanted", 2, [])
    away.carry_out()
    assert (away.state, away.count("allocate_ports")) == ("done", 2)


def test_a_half_done_change_of_an_ended_operation_is_undone_twice(away, remote):  # noqa: F811
    """The request whose answer nobody had may come later than the first undo."""
    remote.lose = 1
    with pytest.raises(exceptions.PeerAway):
        away.carry_out()
    away.settle()
    assert away.state == "wanted"               # its operation is open
    away.end()
    away.settle()
    assert away.state == "unwanted"
    away.settle()
    assert (away.state, away.count("allocate_ports")) == ("unwanted", 0)
    [row] = away.rows()
    remote.service.answer("POST", "/ports", {"marker": row.id, "index": 1, "server_id": away.server_id})
    away.settle()
    assert (away.state, away.count("allocate_ports")) == ("undone", 0)


def test_a_change_that_is_given_back_while_it_is_made_is_no_longer_wanted(away):  # noqa: F811
    with pytest.raises(exceptions.Fenced):
        verb = away.services["network"].verbs["allocate_ports"]
        make, verb.do = verb.do, lambda *args: (make(*args), away.give_back())[0]
        away.carry_out()
    assert away.state == "unwanted"
    away.settle()
    away.settle()
    assert (away.state, away.count("allocate_ports"), away.nics()) == ("undone", 0, [])


@pytest.mark.parametrize("answer", ["made", "lost", "refused"])
def test_what_is_made_after_its_undo_because_who_asked_was_held_up_is_undone_once_more(away, remote, answer):  # noqa: F811
    verb = away.services["network"].verbs["allocate_ports"]
    make = verb.do

    def held_up(*args):
        away.end()
        for _ in range(3):
            away.settle()
        assert away.state == "undone"
        if answer == "refused":
            remote.made_before_refused = 1
        remote.lose = answer == "lost"
        return make(*args)
    verb.do = held_up
    with pytest.raises(exceptions.NovaLiteError):
        away.carry_out()
    assert (away.state, away.count("allocate_ports") > 0) == ("unwanted", True)
    away.settle()
    assert (away.state, away.count("allocate_ports"), away.nics()) == ("undone", 0, [])


def test_a_change_that_was_given_back_is_never_made_again(world):  # noqa: F811
    world.carry_out()
    world.give_back()
    with pytest.raises(exceptions.Fenced):
        world.carry_out()


def test_a_refused_change_has_failed_and_is_not_asked_for_again(away, remote):  # noqa: F811
    remote.refuse = 1
    with pytest.raises(exceptions.Conflict):
        away.carry_out()
    away.end()
    assert away.state == "unwanted"
    for _ in range(2):
        away.settle()
    [row] = away.rows()
    assert (row.state, row.next_try_at) == ("failed", None) and "refused" in row.error
    asked = len(remote.requests)
    away.settle()
    assert len(remote.requests) == asked
    with pytest.raises(exceptions.ChangeRefused):
        away.carry_out()


@pytest.mark.parametrize("lost", [0, 1])
def test_what_a_refused_change_made_before_it_was_refused_is_undone(away, remote, lost):  # noqa: F811
    """Of two ports the second is refused, at once or when both are asked for again after a lost answer."""
    remote.lose, remote.made_before_refused = lost, 1
    for expected in [exceptions.PeerAway] * lost + [exceptions.Conflict]:
        with pytest.raises(expected):
            away.carry_out()
    assert away.count("allocate_ports") == 1
    away.end()
    for _ in range(2):
        away.settle()
    assert (away.state, away.count("allocate_ports")) == ("failed", 0)


def damaged(row_id, **columns):
    """Write behind the ledger's back, also what is no JSON."""
    with db.writer() as session:
        for column, text in columns.items():
            session.execute(sa.text(f"UPDATE service_changes SET {column} = :text WHERE id = :id"),
                            {"text": text, "id": row_id})


@pytest.mark.parametrize("columns", [{"service": "volume"}, {"verb": "paint"}, {"arguments": "[]"}, {"arguments": "{"},
                                     {"result": "{"}], ids=str)
def test_a_damaged_change_holds_up_no_other_and_is_undone_or_found_by_the_audit(away, columns):  # noqa: F811
    away.carry_out("reserve_image")
    away.carry_out()
    ports, image = sorted(away.rows(), key=lambda row: row.service == "image")
    damaged(ports.id, **columns)
    away.end()
    away.give_back()
    damaged(ports.id, next_try_at="2020-01-01 00:00:00.000000")
    for _ in range(3):
        away.settle()
    lasts = not {"service", "verb"}.isdisjoint(columns)
    with db.reader() as session:
        states = dict(session.execute(sa.select(ServiceChange.id, ServiceChange.state)).tuples().all())
    assert states == {ports.id: "unwanted" if lasts else "undone", image.id: "undone"}
    found = [each.subject for each in Auditor(Network()).examine_all() if each.kind == "change_owed"]
    assert found == ([ports.id] if lasts else [])
    assert (away.count("allocate_ports"), away.count("reserve_image")) == (2 if lasts else 0, 0)


def test_an_undo_that_finds_nobody_is_a_debt_that_metrics_show(away, remote):  # noqa: F811
    away.carry_out()
    away.end()
    away.give_back()
    remote.delay = 1.0
    away.settle()
    with db.reader() as session:
        assert service_changes.count(session) == {("network", "unwanted"): 1}
    remote.delay = 0
    away.settle()
    with db.reader() as session:
        assert service_changes.count(session) == {}


def test_an_undo_that_fails_again_and_again_is_found_by_the_audit(away, remote):  # noqa: F811
    away.carry_out()
    away.end()
    away.give_back()
    remote.refuse = 3
    found = []
    for _ in range(4):
        away.settle()
        found.append([each.kind for each in Auditor(Network()).examine_all() if each.kind == "change_owed"])
    assert found == [[], [], ["change_owed"], []]
    assert (away.state, away.count("allocate_ports")) == ("undone", 0)


def test_a_change_that_two_settle_at_once_is_undone_once(away, remote):  # noqa: F811
    away.carry_out()
    away.give_back()
    [row] = away.rows()
    with db.writer() as session:
        assert service_changes.claim(session, row, 1)
        assert not service_changes.claim(session, row, 1)


def test_no_service_is_asked_within_a_transaction(away, remote):  # noqa: F811
    with db.writer(), pytest.raises(RuntimeError, match="within a transaction"):
        away.carry_out()
    assert remote.requests == []


# ---- the flow of a build and of a deletion, over both kinds of services

def test_a_build_goes_to_its_host_with_its_ports(flow):  # noqa: F811
    flow.build(OWNER, flow.operation_id)
    assert flow.notified == [("h1", "build_server")]
    assert len(flow.nics()) == 2 and flow.state == "done"
    with db.reader() as session:
        assert operations.get(session, flow.operation_id).place == "h1"


def deleted(flow):  # noqa: F811
    with db.writer() as session:
        session.execute(sa.update(Server).values(vm_state="active", task_state=None))
        session.execute(sa.update(Operation).values(finished_at=now()))
        operation_id, _ = operations.begin(session, OWNER, flow.server_id, OPERATIONS["delete_server"])
        flow.completion.succeed(session, operations.lease(session, operation_id, "h1", "w", 15))


def test_a_server_that_is_deleted_leaves_no_ports(flow):  # noqa: F811
    flow.build(OWNER, flow.operation_id)
    deleted(flow)
    assert flow.nics() == []
    flow.settle()
    assert (flow.state, flow.count("allocate_ports")) == ("undone", 0)


def test_a_server_that_is_deleted_leaves_no_ports_that_no_operation_made(flow):  # noqa: F811
    """As those of a server that was there before its operations had a ledger."""
    flow.build(OWNER, flow.operation_id)
    with db.writer() as session:
        session.execute(sa.delete(ServiceChange))
    deleted(flow)
    assert flow.nics() == []
    flow.settle()
    assert flow.count("allocate_ports") == 0
    assert {each.state for each in flow.rows()} <= {"undone"}


@pytest.mark.parametrize("world", ["away"], indirect=True)
def test_a_build_that_the_network_service_refuses_fails_with_a_fault(flow, remote):  # noqa: F811
    remote.refuse = 1
    flow.build(OWNER, flow.operation_id)
    with db.reader() as session:
        server = server_objects.row(session, flow.server_id)
    assert (server.vm_state, server.fault["code"], server.host) == ("error", 409, None)
    assert flow.notified == []
    for _ in range(2):
        flow.settle()
    assert (flow.state, flow.count("allocate_ports")) == ("failed", 0)


# ---- the flow of a snapshot

def test_an_image_that_was_filled_is_its_owners(snapshot):  # noqa: F811
    assert snapshot.leased.args["target_id"] == snapshot.image_id
    assert snapshot.state == "done"
    with db.writer() as session:
        snapshot.completion.succeed(session, snapshot.leased, types.SimpleNamespace(power_state=1))
    snapshot.give_back()
    snapshot.settle()
    assert snapshot.rows() == [] and snapshot.count_images() == 1


def test_an_image_that_nobody_will_fill_goes(snapshot):  # noqa: F811
    with db.writer() as session:
        snapshot.completion.fail(session, snapshot.leased, Failure(500, "no"))
    snapshot.settle()
    assert snapshot.state == "undone" and snapshot.count_images() == 0


@pytest.mark.parametrize("text", ["no json", "[1, 2]", "null", ""])
def test_an_image_goes_with_its_operation_whatever_the_arguments_say(snapshot, text):  # noqa: F811
    with db.writer() as session:
        session.execute(sa.text("UPDATE operations SET args = :text"), {"text": text})
    with db.writer() as session:
        take_back(session, snapshot.server_id, snapshot.services["image"])
        operations.begin(session, OWNER, snapshot.server_id, OPERATIONS["delete_server"])
    snapshot.settle()
    assert snapshot.state == "undone" and snapshot.count_images() == 0


def test_what_is_given_back_is_undone_by_the_verb_that_did_it(snapshot):  # noqa: F811
    snapshot.give_back()
    snapshot.settle()
    assert snapshot.state == "undone" and snapshot.count_images() == 0


@pytest.mark.parametrize("world", ["away"], indirect=True)
def test_an_image_whose_unit_of_work_is_undone_goes(world):  # noqa: F811
    """It is asked for before the unit writes, and on record by itself."""
    rpc, server = types.SimpleNamespace(snapshot_server=lambda *_: None), resting(world)
    with pytest.raises(KeyError), unit_of_work.begin():
        Snapshot(world.services["image"], rpc).image(OWNER, server, "copy", {})
        raise KeyError
    assert (world.state, world.count_images()) == ("wanted", 1)
    for _ in range(3):
        world.settle()
    assert (world.state, world.count_images()) == ("undone", 0)


def test_a_unit_of_work_that_has_written_asks_no_service(away, remote):  # noqa: F811
    with unit_of_work.begin(), pytest.raises(RuntimeError, match="within a transaction"):
        with db.writer():
            pass
        away.carry_out()
    assert remote.requests == [] and away.rows() == []
