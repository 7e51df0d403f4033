"""The journal's compare-and-swaps: of two who want the same, one wins, and a worker out of date writes nothing."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exception
from nova_lite.common.context import RequestContext
from nova_lite.db import new_servers, operations
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import OPERATIONS, OperationState, Task, Vm

OWNER = RequestContext("user", "project", ("member",))
ADMIN = RequestContext("root", "project", ("admin",))


@pytest.fixture
def server(database):
    return make_server()


def make_server(**values):
    row = {"id": new_id(), "project_id": "project", "user_id": "user", "display_name": "s", "hostname": "s",
           "vm_state": Vm.ACTIVE, "host": "h1", "flavor": {}} | values
    with db.writer() as session:
        return new_servers.insert(session, [row])[0]


def begin(server, name, context=OWNER):
    with db.writer() as session:
        return operations.begin(session, context, server.id, OPERATIONS[name])[0]


def lease(operation_id, place="h1", worker="w1", seconds=15):
    with db.writer() as session:
        return operations.lease(session, operation_id, place, worker, seconds)


def state_of(server):
    with db.reader() as session:
        return session.execute(sa.select(Server.vm_state, Server.task_state).where(Server.id == server.id)).one()


def operation(operation_id):
    with db.reader() as session:
        return operations.get(session, operation_id)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"create"}))
def test_an_operation_begins_only_where_the_table_allows_it(database, name):
    for vm_state in sorted(set(Vm) - {Vm.DELETED}):
        server = make_server(vm_state=vm_state)
        if vm_state in OPERATIONS[name].allowed:
            begin(server, name)
            assert state_of(server) == (vm_state, OPERATIONS[name].task)
        else:
            with pytest.raises(exception.InvalidState):
                begin(server, name)
            assert state_of(server) == (vm_state, None)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"create"}))
def test_a_busy_server_is_only_interrupted_as_the_table_says(database, name):
    for task in sorted(Task):
        server = make_server(vm_state=sorted(OPERATIONS[name].allowed)[0], task_state=task)
        if task in OPERATIONS[name].interrupts:
            begin(server, name)
        else:
            with pytest.raises(exception.InvalidState):
                begin(server, name)
            assert state_of(server).task_state == task


def test_a_locked_server_is_the_administrators_only(database):
    server = make_server(locked_by="owner")
    with pytest.raises(exception.ServerLocked):
        begin(server, "stop")
    begin(server, "stop", ADMIN)


def test_a_server_that_is_not_there_cannot_begin_anything(database):
    with pytest.raises(exception.ServerNotFound), db.writer() as session:
        operations.begin(session, OWNER, new_id(), OPERATIONS["stop"])


def test_a_delete_cancels_and_fences_what_runs(server):
    stopping = begin(server, "stop")
    leased = lease(stopping)
    begin(server, "delete")
    assert operation(stopping).state == OperationState.CANCELLED
    with pytest.raises(exception.Fenced), db.writer() as session:
        operations.journal(session, stopping, leased.attempt, "stop", host="h1", seconds=15)
    with pytest.raises(exception.Fenced), db.writer() as session:
        operations.finish(session, leased)
    assert state_of(server).task_state == Task.DELETING


def test_a_second_doorbell_finds_the_operation_led(server):
    operation_id = begin(server, "stop")
    lease(operation_id)
    with pytest.raises(exception.Fenced):
        lease(operation_id, worker="w2")


def test_an_operation_is_refused_to_a_host_that_is_not_its_own(server):
    with pytest.raises(exception.Fenced):
        lease(begin(server, "stop"), place="h2")


def test_a_worker_whose_lease_ran_out_is_replaced_and_fenced(server):
    operation_id = begin(server, "stop")
    first = lease(operation_id, seconds=-1)
    second = lease(operation_id, worker="w2")
    assert second.attempt == first.attempt + 1
    with db.writer() as session:
        assert operations.renew(session, {operation_id: first.attempt}, 15) == [operation_id]
        assert operations.renew(session, {operation_id: second.attempt}, 15) == []
    with pytest.raises(exception.Fenced), db.writer() as session:
        operations.finish(session, first)
    with db.writer() as session:
        operations.finish(session, second, power_state=4)
    assert state_of(server) == (Vm.STOPPED, None)


def test_a_failed_operation_leaves_the_server_as_the_table_says(server):
    operation_id = begin(server, "stop")
    leased = lease(operation_id)
    with db.writer() as session:
        operations.finish(session, leased, error="it would not")
    assert state_of(server) == (Vm.ACTIVE, None)
    assert (operation(operation_id).state, operation(operation_id).error) == (OperationState.FAILED, "it would not")


def test_the_journal_closes_each_step_when_the_next_begins(server):
    operation_id = begin(server, "stop")
    leased = lease(operation_id)
    with db.writer() as session:
        operations.journal(session, operation_id, leased.attempt, "one", host="h1", seconds=15)
        operations.journal(session, operation_id, leased.attempt, "two", host="h1", seconds=15, server_id=server.id,
                           task=Task.POWERING_OFF)
        operations.finish(session, leased, error="no")
        steps = operations.steps_of(session, operation_id)
    assert [(step.name, step.outcome, step.detail) for step in steps] == [
        ("one", "Success", None), ("two", "Error", "no")]


def test_what_nobody_took_up_is_due_again(server):
    operation_id = begin(server, "stop")
    with db.writer() as session:
        assert operations.due(session, ring_after=5) == []
        assert [each.id for each in operations.due(session, ring_after=-1)] == [operation_id]
    lease(operation_id)
    with db.reader() as session:
        assert operations.due(session, ring_after=-1) == []


def test_the_leases_of_dead_workers_are_given_up(server):
    operation_id = begin(server, "stop")
    lease(operation_id, worker="h1/nova-compute/old")
    with db.writer() as session:
        operations.release(session, place="h1", but="h1/nova-compute/new")
        assert [each.id for each in operations.due(session, ring_after=5)] == [operation_id]


def test_arguments_are_wiped_when_it_ends(server):
    with db.writer() as session:
        operation_id, _ = operations.begin(session, OWNER, server.id, OPERATIONS["stop"], {"admin_pass": "x"})
    leased = lease(operation_id)
    with db.writer() as session:
        operations.finish(session, leased)
    assert operation(operation_id).args == {}


def test_what_is_past_its_deadline_is_found(server):
    operation_id = begin(server, "stop")
    with db.writer() as session:
        assert operations.overdue(session) == []
        session.execute(sa.update(Operation).values(deadline=now() - datetime.timedelta(seconds=1)))
        assert operations.overdue(session) == [operation_id]


def steps(operation_id):
    with db.reader() as session:
        rows = operations.steps_of(session, operation_id)
    return [(row.name, row.attempt, row.outcome, row.detail) for row in rows]


def journalled(server, name="stop", step="stop", worker="w1"):
    leased = lease(begin(server, name), worker=worker)
    with db.writer() as session:
        operations.journal(session, leased.id, leased.attempt, step, host="h1", seconds=15)
    return leased


def test_a_step_whose_worker_was_lost_says_so(server):
    first = journalled(server)
    with db.writer() as session:
        operations.release(session)
    lease(first.id, worker="w2")
    assert steps(first.id) == [("stop", 1, "Error", "Interrupted: w1 was lost.")]


def test_a_cancelled_operation_says_by_what(server):
    first = journalled(server)
    begin(server, "delete")
    cause = f"Cancelled by delete (request {OWNER.request_id})."
    assert steps(first.id) == [("stop", 1, "Error", cause)]
    assert (operation(first.id).state, operation(first.id).error) == (OperationState.CANCELLED, cause)


def test_a_step_that_sends_its_operation_elsewhere_failed(server):
    first = journalled(server)
    with db.writer() as session:
        operations.hand_over(session, first.id, first.attempt, "h2", failed=("no room", "Traceback"))
    assert steps(first.id) == [("stop", 1, "Error", "no room")]


def test_what_is_given_up_is_due_at_once_and_its_worker_fenced(server):
    held = journalled(server)
    with db.writer() as session:
        operations.give_up(session, {held.id: held.attempt}, "Given up: h1 was stopped.")
        assert [each.id for each in operations.due(session, ring_after=600)] == [held.id]
    assert steps(held.id) == [("stop", 1, "Error", "Given up: h1 was stopped.")]
    with pytest.raises(exception.Fenced), db.writer() as session:
        operations.finish(session, held)
    assert lease(held.id, worker="w2").attempt == held.attempt + 2


def test_what_another_leads_by_now_is_not_given_up(server):
    held = journalled(server)
    with db.writer() as session:
        operations.give_up(session, {held.id: held.attempt - 1}, "late")
    assert operation(held.id).state == OperationState.RUNNING


def test_a_place_that_is_there_again_need_not_wait_for_the_next_ring(server):
    operation_id = begin(server, "stop")
    with db.writer() as session:
        assert not operations.due(session, ring_after=600)
        operations.release(session, place="h1", but="w2")
        assert [each.id for each in operations.due(session, ring_after=600)] == [operation_id]
