"""Operations on a resource that the engine knows by its entry of the registry alone: a toy with a table of its own."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions, failpoints
from nova_lite.common.context import RequestContext
from nova_lite.conductor import auditor
from nova_lite.conductor.effects import base, completion
from nova_lite.db import audit, cloud, locks, operations, resources, service_changes, steps
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation as OperationRow
from nova_lite.db.models.servers import Server
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.ledger import Ledger
from nova_lite.network.api import API as Network
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import OPERATIONS, SERVER, Operation, OperationState, Subject, Task, Vm
from tests.unit.test_operations import make_server

OWNER, ADMIN = RequestContext("user", "project", ("member",)), RequestContext("root", "project", ("admin",))
TOY = "toy"
_TOYS = sa.Table(
    "toys", sa.MetaData(), sa.Column("id", sa.String(36), primary_key=True), sa.Column("project_id", sa.String(64)),
    sa.Column("mood", sa.String(32)), sa.Column("doing", sa.String(32)), sa.Column("kept_by", sa.String(32)),
    sa.Column("shelf", sa.String(64)), sa.Column("wound_at", sa.DateTime), sa.Column("updated_at", sa.DateTime),
    sa.Column("deleted_at", sa.DateTime))
WIND = Operation("wind_toy", frozenset({"still"}), "winding", "moving", None, "wind", resource=TOY)
HALT = Operation("halt_toy", frozenset({"moving", "still"}), "halting", "still", "broken", "halt", resource=TOY)
SCRAP = Operation("scrap_toy", frozenset({"still", "moving", "broken"}), "scrapping", "scrapped", "broken", "scrap",
                  interrupts=frozenset({"winding", "halting"}), overtakes=True, heeds_lock=False, resource=TOY)
BOX = "box"
_BOXES = sa.Table(
    "boxes", sa.MetaData(), sa.Column("id", sa.String(36), primary_key=True), sa.Column("project_id", sa.String(64)),
    sa.Column("status", sa.String(32)), sa.Column("task", sa.String(32)), sa.Column("updated_at", sa.DateTime),
    sa.Column("deleted_at", sa.DateTime))
PACK = Operation("pack_toy", frozenset({"still"}), "packing", "packed", None, "pack", resource=TOY, subjects=(
    Subject(BOX, frozenset({"empty"}), "filling", "full", "torn"),))
BURN = Operation("burn_box", frozenset({"empty", "full", "torn"}), "burning", "burnt", "torn", "burn",
                 interrupts=frozenset({"filling"}), overtakes=True, resource=BOX)


class ToyNotFound(exceptions.NotFound):
    template = "No toy {toy_id}."


class ToyLocked(exceptions.Conflict):
    template = "Toy {toy_id} is locked."


class ToyNotReady(exceptions.Conflict):
    template = "Toy {toy_id} is on no shelf."


class BoxNotFound(exceptions.NotFound):
    template = "No box {box_id}."


class InvalidBox(exceptions.Conflict):
    template = "Cannot {operation} box {box_id} while its {attribute} is {state}."


class InvalidToy(exceptions.Conflict):
    template = "Cannot {operation} toy {toy_id} while its {attribute} is {state}."


@pytest.fixture(autouse=True)
def toys(database, monkeypatch):
    """The toy is a type of resource, behind servers in the order of locks."""
    with db.writer() as session:
        _TOYS.create(session.connection())
        _BOXES.create(session.connection())
    monkeypatch.setitem(resources.RESOURCES, BOX, resources.Resource(
        _BOXES, BoxNotFound, None, None, InvalidBox, "box_id", "status", "task"))
    monkeypatch.setitem(resources.RESOURCES, TOY, resources.Resource(
        _TOYS, ToyNotFound, ToyLocked, ToyNotReady, InvalidToy, "toy_id", "mood", "doing", "kept_by", "shelf"))
    for row in (WIND, HALT, SCRAP, PACK, BURN):
        monkeypatch.setitem(OPERATIONS, row.name, row)


@pytest.fixture
def effects(toys, monkeypatch):
    monkeypatch.setattr(base, "ToyEffect", ToyEffect, raising=False)
    for name in (WIND.name, HALT.name, SCRAP.name):
        monkeypatch.setitem(OPERATIONS, name, _with_effect(OPERATIONS[name]))
    return completion.Completion(base.Services(None, None))


def _with_effect(row):
    return Operation(**{**{name: getattr(row, name) for name in Operation.__dataclass_fields__},
                        "effect": "base.ToyEffect"})


class ToyEffect(base.Effect):
    """A toy that was wound knows when."""

    def succeeded(self, session, operation, outcome):
        return {"wound_at": now()} if operation.name == WIND.name else {}


def toy(**values):
    row = {"id": new_id(), "project_id": "project", "mood": "still", "shelf": "h1"} | values
    with db.writer() as session:
        session.execute(sa.insert(_TOYS), row)
    return row["id"]


def begin(toy_id, row=WIND, context=OWNER, **more):
    with db.writer() as session:
        return operations.begin(session, context, toy_id, row, **more)[0]


def lease(operation_id, worker="w1", seconds=15):
    with db.writer() as session:
        return operations.lease(session, operation_id, "h1", worker, seconds)


def finish(leased, error=None, **columns):
    with db.writer() as session:
        operations.finish(session, leased, error, **columns)


def state(toy_id):
    with db.reader() as session:
        return tuple(session.execute(sa.select(_TOYS.c.mood, _TOYS.c.doing).where(_TOYS.c.id == toy_id)).one())


def operation(operation_id):
    with db.reader() as session:
        return operations.get(session, operation_id)


def test_of_two_who_claim_a_toy_one_wins():
    mine = toy()
    operation_id = begin(mine)
    with pytest.raises(InvalidToy, match=f"Cannot wind toy {mine} while its doing is winding."):
        begin(mine)
    row = operation(operation_id)
    assert (row.resource_type, row.resource_id, row.place, row.previous) == (TOY, mine, "h1", {"mood": "still"})
    assert state(mine) == ("still", "winding")


@pytest.mark.parametrize(("values", "error", "text"), [
    ({"deleted_at": datetime.datetime(2026, 1, 1)}, ToyNotFound, "No toy"),
    ({"kept_by": "owner"}, ToyLocked, "is locked"),
    ({"shelf": None}, ToyNotReady, "is on no shelf"),
    ({"mood": "broken"}, InvalidToy, "while its mood is broken"),
])
def test_a_toy_refuses_in_the_words_of_its_type(values, error, text):
    mine = toy(**values)
    with pytest.raises(error, match=text):
        begin(mine)
    with pytest.raises(error, match=text), db.reader() as session:
        operations.check(session, OWNER, mine, WIND)
    assert state(mine)[1] is None


def test_an_administrator_may_begin_on_a_locked_toy():
    begin(toy(kept_by="owner"), context=ADMIN)


def test_a_toy_that_succeeds_goes_to_the_state_that_the_table_names():
    mine = toy()
    leased = lease(begin(mine))
    finish(leased, wound_at=now())
    assert state(mine) == ("moving", None)
    assert operation(leased.id).state == OperationState.DONE


@pytest.mark.parametrize(("row", "after"), [(WIND, "still"), (HALT, "broken")])
def test_a_toy_that_fails_goes_to_the_state_that_the_table_names(row, after):
    mine = toy()
    leased = lease(begin(mine, row))
    finish(leased, "no")
    assert state(mine) == (after, None)
    with db.reader() as session:
        assert [(each.name, each.outcome, each.detail) for each in steps.of(session, leased.id)] == [
            ("begin", "Error", "no")]


def test_a_journalled_step_shows_what_is_done_to_the_toy():
    mine = toy()
    leased = lease(begin(mine))
    with db.writer() as session:
        operations.journal(session, leased.id, leased.attempt, "turn", host="h1", seconds=15, resource=(TOY, mine),
                           task="turning")
    assert state(mine) == ("still", "turning")


def test_a_worker_whose_lease_ran_out_is_fenced():
    operation_id = begin(toy())
    first = lease(operation_id, seconds=-1)
    with db.reader() as session:
        assert [each.id for each in operations.due(session, notified_before=-1)] == [operation_id]
    second = lease(operation_id, "w2")
    with pytest.raises(exceptions.Fenced):
        finish(first)
    with pytest.raises(exceptions.Fenced), db.writer() as session:
        operations.journal(session, operation_id, first.attempt, "late", host="h1", seconds=15)
    finish(second)
    assert operation(operation_id).state == OperationState.DONE


def test_an_overtaking_operation_cancels_what_runs_on_the_toy():
    mine = toy()
    leased = lease(begin(mine))
    scrap = begin(mine, SCRAP)
    assert operation(leased.id).state == OperationState.CANCELLED
    assert "Cancelled by scrap" in operation(leased.id).error
    with pytest.raises(exceptions.Fenced):
        finish(leased)
    finish(lease(scrap))
    assert state(mine) == ("scrapped", None)


def test_a_toy_past_its_deadline_fails_by_what_can_be_read(effects):
    mine = toy()
    operation_id = begin(mine, HALT)
    with db.writer() as session:
        session.execute(sa.update(OperationRow).values(deadline=now() - datetime.timedelta(seconds=1)))
    with db.writer() as session:
        assert operations.overdue(session) == [operation_id]
        row = operations.get_without_json(session, operation_id)
        effects.fail(session, row, base.Failure(500, "It took too long."))
    assert state(mine) == ("broken", None)
    assert operation(operation_id).error == "It took too long."


def test_the_effect_of_a_toy_adds_columns(effects):
    mine = toy()
    leased = lease(begin(mine))
    with db.writer() as session:
        effects.succeed(session, operations.held(session, leased.id))
    with db.reader() as session:
        assert session.scalar(sa.select(_TOYS.c.wound_at)) is not None


def test_an_operation_of_an_unknown_name_leaves_the_toy_as_it_was(monkeypatch):
    mine = toy()
    leased = lease(begin(mine))
    monkeypatch.delitem(OPERATIONS, WIND.name)
    with db.writer() as session:
        operations.abandon(session, leased, "unknown")
    assert state(mine) == ("still", None)


def test_an_operation_of_an_unknown_type_ends_without_its_resource(monkeypatch):
    mine = toy()
    leased = lease(begin(mine))
    monkeypatch.delitem(OPERATIONS, WIND.name)
    monkeypatch.delitem(resources.RESOURCES, TOY)
    with db.writer() as session:
        operations.abandon(session, operations.get_without_json(session, leased.id), "unknown")
    assert operation(leased.id).state == OperationState.FAILED
    assert state(mine) == ("still", "winding")


def test_resources_are_locked_by_type_then_by_id():
    assert resources.in_order({(TOY, "a"), ("server", "b"), ("unknown", "c"), ("server", "a")}) == [
        ("server", "a"), ("server", "b"), (TOY, "a")]
    with db.writer() as session:
        locks.resources(session, [(TOY, toy.__name__), ("unknown", "c")])


def box(status="empty", **values):
    row = {"id": new_id(), "project_id": "project", "status": status} | values
    with db.writer() as session:
        session.execute(sa.insert(_BOXES), row)
    return row["id"]


def box_state(box_id):
    with db.reader() as session:
        return tuple(session.execute(sa.select(_BOXES.c.status, _BOXES.c.task).where(_BOXES.c.id == box_id)).one())


def pack():
    """(toy id, box id, the operation as leased)"""
    mine, its = toy(), box()
    return mine, its, lease(begin(mine, PACK, subjects=[(BOX, its)]))


@pytest.mark.parametrize(("values", "text"), [
    ({"status": "full"}, "status is full"), ({"task": "filling"}, "task is filling")])
def test_an_operation_claims_both_resources_or_none(values, text):
    mine, its = toy(), box(**values)
    with pytest.raises(InvalidBox, match=text):
        begin(mine, PACK, subjects=[(BOX, its)])
    assert state(mine) == ("still", None)
    its = box()
    with pytest.raises(ToyNotFound):
        begin("nowhere", PACK, subjects=[(BOX, its)])
    assert box_state(its) == ("empty", None)


@pytest.mark.parametrize(("error", "toy_after", "box_after"), [(None, "packed", "full"), ("no", "still", "torn")])
def test_an_operation_that_ends_frees_both_resources(error, toy_after, box_after):
    mine, its, leased = pack()
    assert (state(mine), box_state(its)) == (("still", "packing"), ("empty", "filling"))
    finish(leased, error)
    assert (state(mine), box_state(its)) == ((toy_after, None), (box_after, None))


def test_an_operation_that_is_overtaken_at_its_first_resource_frees_the_second():
    mine, its, leased = pack()
    begin(mine, Operation(**{**vars(SCRAP), "interrupts": frozenset({"packing"})}))
    assert (state(mine), box_state(its)) == (("still", "scrapping"), ("torn", None))
    with pytest.raises(exceptions.Fenced):
        finish(leased)


def test_an_operation_that_is_overtaken_at_its_second_resource_frees_the_first():
    mine, its, leased = pack()
    begin(its, BURN)
    assert (state(mine), box_state(its)) == (("still", None), ("empty", "burning"))
    assert operation(leased.id).state == OperationState.CANCELLED
    with pytest.raises(exceptions.Fenced):
        finish(leased)


def test_an_operation_of_an_unknown_name_leaves_both_resources_as_they_were(monkeypatch):
    mine, its, leased = pack()
    monkeypatch.delitem(OPERATIONS, PACK.name)
    with db.writer() as session:
        operations.abandon(session, leased, "unknown")
    assert (state(mine), box_state(its)) == (("still", None), ("empty", None))


# ---- second resources, as the auditor and a restored database see them

def test_a_server_that_an_operation_claimed_as_its_second_is_busy_and_no_drift(monkeypatch):
    lend = Operation("lend_toy", frozenset({"still"}), "lending", "lent", None, "lend", resource=TOY, subjects=(
        Subject(SERVER, frozenset({"active"}), Task.UPDATING_PASSWORD, "active"),))
    monkeypatch.setitem(OPERATIONS, lend.name, lend)
    server, mine = make_server(), toy()
    operation_id = begin(mine, lend, subjects=[(SERVER, server.id)])
    with db.reader() as session:
        [view] = audit.views_of(session, [server.id])
    assert view.server.task_state == Task.UPDATING_PASSWORD
    assert [each.id for each in view.operations] == [operation_id] and auditor.task(view, None) == []
    with db.writer() as session:
        assert cloud.restored(session, 1) == 1
        [view] = audit.views_of(session, [server.id])
    assert (view.server.task_state, view.operations, state(mine)) == (None, [], ("still", None))


def test_a_database_that_was_set_back_frees_second_resources():
    mine, its, _ = pack()
    with db.writer() as session:
        assert cloud.restored(session, 1) == 1
    assert (state(mine), box_state(its)) == (("still", None), ("empty", None))


def test_an_operation_whose_server_does_not_exist_frees_its_second_resource(monkeypatch):
    fill = Operation("fill_box", frozenset({Vm.ACTIVE}), Task.REBUILDING, Vm.ACTIVE, None, "fill", subjects=(
        Subject(BOX, frozenset({"empty"}), "filling", "full", "torn"),))
    monkeypatch.setitem(OPERATIONS, fill.name, fill)
    server, its = make_server(), box()
    operation_id = begin(server.id, fill, subjects=[(BOX, its)])
    with db.writer() as session:
        session.execute(sa.update(Server).where(Server.id == server.id).values(deleted_at=now()))
    auditor.Auditor(Network()).examine()
    assert operation(operation_id).state == OperationState.CANCELLED
    assert box_state(its) == ("empty", None)


class Died(Exception):
    """The process died at a point."""


def _die_at(point):
    def hit(name):
        if name == point:
            failpoints.watch(None)
            raise Died(name)
    failpoints.watch(hit)


def _wind(mine):
    """A toy is wound, as its owner, a conductor and its host do it; each begins where the one before it came to."""
    with db.reader() as session:
        found = operations.due(session, notified_before=-1)
    operation_id = found[0].id if found else begin(mine)
    leased = lease(operation_id)
    with db.writer() as session:
        operations.journal(session, leased.id, leased.attempt, "turn", host="h1", seconds=15)
    finish(leased)


def _points():
    seen = []
    failpoints.watch(lambda name: name.startswith("wind_toy.") and seen.append(name))
    _wind(toy())
    failpoints.watch(None)
    return seen


POINTS = [f"wind_toy.{transition}.{moment}" for transition in ("accept", "lease.host", "journal.turn", "finish")
          for moment in ("before_commit", "after_commit")]


def test_a_toy_passes_the_points_of_its_operation():
    assert _points() == POINTS


@pytest.mark.parametrize("point", POINTS)
def test_an_operation_on_a_toy_succeeds_after_a_crash_at_any_point(point):
    mine = toy()
    _die_at(point)
    with pytest.raises(Died):
        _wind(mine)
    with db.writer() as session:
        operations.release(session, place="h1")
    if state(mine) != ("moving", None):
        _wind(mine)
    assert state(mine) == ("moving", None)
    with db.reader() as session:
        rows = session.execute(sa.select(OperationRow.state, OperationRow.lease_until)).all()
    assert rows == [(OperationState.DONE, None)]


def changed(operation_id, toy_id, service):
    """A service has made a change for an operation; its row's id."""
    of = operation(operation_id)
    change = Change(service, "wrap", {})
    with db.writer() as session:
        service_changes.record_done(session, of, change, {})
    assert of.resource_id == toy_id
    return service_changes.marker(operation_id, change)


class Wrapping:
    """A service that wraps toys.  :ivar undone: markers."""

    timeout = 1

    def __init__(self, embedded):
        self.embedded, self.verbs, self.undone = embedded, {"wrap": self}, []

    def undo(self, marker, arguments):
        self.undone.append(marker)


@pytest.mark.parametrize("embedded", [True, False])
def test_what_was_changed_for_an_operation_that_its_second_resource_cancels_is_undone(embedded):
    mine, its = toy(), box()
    operation_id = begin(mine, PACK, subjects=((BOX, its),))
    wrapping = Wrapping(embedded)
    marker = changed(operation_id, mine, "wrapping")
    begin(its, BURN)
    Ledger({"wrapping": wrapping}).settle()
    assert wrapping.undone == [marker]
    with db.reader() as session:
        row = session.execute(sa.select(ServiceChange.__table__)).one()
    assert (row.state, row.resource_type, row.next_try_at) == ("undone", TOY, None)


def test_what_was_changed_for_an_operation_that_its_own_resource_cancels_is_left_to_who_cancels_it():
    mine, its = toy(), box()
    operation_id = begin(mine, PACK, subjects=((BOX, its),))
    changed(operation_id, mine, "wrapping")
    begin(mine, Operation(**{**vars(SCRAP), "interrupts": frozenset({"packing"})}))
    with db.reader() as session:
        assert [each.state for each in service_changes.of_operation(session, operation_id)] == ["done"]
