"""The journal's compare-and-swaps: of two who want the same, one wins, and a worker out of date writes nothing."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext
from nova_lite.db import new_servers, operations, steps
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
    return make_servers([values])[0]


def make_servers(several):
    """One server for each dict of values, all in one transaction."""
    rows = [{"id": new_id(), "project_id": "project", "user_id": "user", "display_name": "s", "hostname": "s",
             "vm_state": Vm.ACTIVE, "host": "h1", "flavor": {}, "launch_index": number} | values
            for number, values in enumerate(several)]
    with db.writer() as session:
        return new_servers.insert(session, rows)


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


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"build_server"}))
def test_an_operation_begins_only_where_the_table_allows_it(database, name):
    states = sorted(set(Vm) - {Vm.DELETED})
    for vm_state, server in zip(states, make_servers([{"vm_state": each} for each in states]), strict=True):
        if vm_state in OPERATIONS[name].allowed:
            begin(server, name)
            assert state_of(server) == (vm_state, OPERATIONS[name].task)
        else:
            with pytest.raises(exceptions.InvalidState):
                begin(server, name)
            assert state_of(server) == (vm_state, None)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"build_server"}))
def test_a_busy_server_is_only_interrupted_as_the_table_says(database, name):
    vm_state, tasks = min(OPERATIONS[name].allowed), sorted(Task)
    busy = make_servers([{"vm_state": vm_state, "task_state": task} for task in tasks])
    for task, server in zip(tasks, busy, strict=True):
        if task in OPERATIONS[name].interrupts:
            begin(server, name)
        else:
            with pytest.raises(exceptions.InvalidState):
                begin(server, name)
            assert state_of(server).task_state == task


def test_a_locked_server_is_the_administrators_only(database):
    server = make_server(locked_by="owner")
    with pytest.raises(exceptions.ServerLocked):
        begin(server, "stop_server")
    begin(server, "stop_server", ADMIN)


def test_a_server_that_is_not_there_cannot_begin_anything(database):
    with pytest.raises(exceptions.ServerNotFound), db.writer() as session:
        operations.begin(session, OWNER, new_id(), OPERATIONS["stop_server"])


def test_a_delete_cancels_and_fences_what_runs(server):
    stopping = begin(server, "stop_server")
    leased = lease(stopping)
    begin(server, "delete_server")
    assert operation(stopping).state == OperationState.CANCELLED
    with pytest.raises(exceptions.Fenced), db.writer() as session:
        operations.journal(session, stopping, leased.attempt, "stop", host="h1", seconds=15)
    with pytest.raises(exceptions.Fenced), db.writer() as session:
        operations.finish(session, leased)
    assert state_of(server).task_state == Task.DELETING


def test_a_second_notification_finds_the_operation_leased(server):
    operation_id = begin(server, "stop_server")
    lease(operation_id)
    with pytest.raises(exceptions.Fenced):
        lease(operation_id, worker="w2")


def test_an_operation_is_refused_to_a_host_that_is_not_its_own(server):
    with pytest.raises(exceptions.Fenced):
        lease(begin(server, "stop_server"), place="h2")


def test_a_worker_whose_lease_ran_out_is_replaced_and_fenced(server):
    operation_id = begin(server, "stop_server")
    first = lease(operation_id, seconds=-1)
    second = lease(operation_id, worker="w2")
    assert second.attempt == first.attempt + 1
    with db.writer() as session:
        assert operations.renew(session, {operation_id: first.attempt}, 15) == [operation_id]
        assert operations.renew(session, {operation_id: second.attempt}, 15) == []
    with pytest.raises(exceptions.Fenced), db.writer() as session:
        operations.finish(session, first)
    with db.writer() as session:
        operations.finish(session, second, power_state=4)
    assert state_of(server) == (Vm.STOPPED, None)


def test_a_failed_operation_leaves_the_server_as_the_table_says(server):
    operation_id = begin(server, "stop_server")
    leased = lease(operation_id)
    with db.writer() as session:
        operations.finish(session, leased, error="it would not")
    assert state_of(server) == (Vm.ACTIVE, None)
    assert (operation(operation_id).state, operation(operation_id).error) == (OperationState.FAILED, "it would not")


def test_the_journal_closes_each_step_when_the_next_begins(server):
    operation_id = begin(server, "stop_server")
    leased = lease(operation_id)
    with db.writer() as session:
        operations.journal(session, operation_id, leased.attempt, "one", host="h1", seconds=15)
        operations.journal(session, operation_id, leased.attempt, "two", host="h1", seconds=15,
                           resource=("server", server.id), task=Task.POWERING_OFF)
        operations.finish(session, leased, error="no")
        journal = steps.of(session, operation_id)
    assert [(step.name, step.outcome, step.detail) for step in journal] == [
        ("one", "Success", None), ("two", "Error", "no")]


def test_a_step_of_another_resource_than_the_operations_is_refused(server):
    other = make_server()
    operation_id = begin(server, "stop_server")
    leased = lease(operation_id)
    with pytest.raises(exceptions.Fenced), db.writer() as session:
        operations.journal(session, operation_id, leased.attempt, "stop", host="h1", seconds=15,
                           resource=("server", other.id), task=Task.DELETING)
    assert state_of(other) == (Vm.ACTIVE, None)


def test_an_operation_that_nobody_leased_is_due_again(server):
    operation_id = begin(server, "stop_server")
    with db.writer() as session:
        assert operations.due(session, notified_before=5) == []
        assert [each.id for each in operations.due(session, notified_before=-1)] == [operation_id]
    lease(operation_id)
    with db.reader() as session:
        assert operations.due(session, notified_before=-1) == []


def test_the_leases_of_dead_workers_are_given_up(server):
    operation_id = begin(server, "stop_server")
    lease(operation_id, worker="h1/nova-compute/old")
    with db.writer() as session:
        operations.release(session, place="h1", but="h1/nova-compute/new")
        assert [each.id for each in operations.due(session, notified_before=5)] == [operation_id]


def test_arguments_are_wiped_when_their_operation_ends(server):
    with db.writer() as session:
        operation_id, _ = operations.begin(session, OWNER, server.id, OPERATIONS["stop_server"], {"admin_pass": "x"})
    leased = lease(operation_id)
    with db.writer() as session:
        operations.finish(session, leased)
    assert operation(operation_id).args == {}


def test_an_operation_past_its_deadline_is_overdue(server):
    operation_id = begin(server, "stop_server")
    with db.writer() as session:
        assert operations.overdue(session) == []
        session.execute(sa.update(Operation).values(deadline=now() - datetime.timedelta(seconds=1)))
        assert operations.overdue(session) == [operation_id]


def journal_of(operation_id):
    with db.reader() as session:
        rows = steps.of(session, operation_id)
    return [(row.name, row.attempt, row.outcome, row.detail) for row in rows]


def journalled(server, name="stop_server", step="stop", worker="w1"):
    leased = lease(begin(server, name), worker=worker)
    with db.writer() as session:
        operations.journal(session, leased.id, leased.attempt, step, host="h1", seconds=15)
    return leased


def test_a_step_whose_worker_was_lost_says_so(server):
    first = journalled(server)
    with db.writer() as session:
        operations.release(session)
    lease(first.id, worker="w2")
    assert journal_of(first.id) == [("stop", 1, "Error", "Interrupted: w1 was lost.")]


def test_the_journal_of_a_cancelled_operation_names_the_one_that_cancelled_it(server):
    first = journalled(server)
    begin(server, "delete_server")
    cause = f"Cancelled by delete (request {OWNER.request_id})."
    assert journal_of(first.id) == [("stop", 1, "Error", cause)]
    assert (operation(first.id).state, operation(first.id).error) == (OperationState.CANCELLED, cause)


def test_a_step_that_sends_its_operation_elsewhere_failed(server):
    first = journalled(server)
    with db.writer() as session:
        operations.hand_over(session, first.id, first.attempt, "h2", failed=("no space", "Traceback"))
    assert journal_of(first.id) == [("stop", 1, "Error", "no space")]


def test_an_operation_that_is_given_up_is_due_at_once_and_its_worker_fenced(server):
    held = journalled(server)
    with db.writer() as session:
        operations.give_up(session, {held.id: held.attempt}, "Given up: h1 was stopped.")
        assert [each.id for each in operations.due(session, notified_before=600)] == [held.id]
    assert journal_of(held.id) == [("stop", 1, "Error", "Given up: h1 was stopped.")]
    with pytest.raises(exceptions.Fenced), db.writer() as session:
        operations.finish(session, held)
    assert lease(held.id, worker="w2").attempt == held.attempt + 2


def test_an_operation_that_another_worker_leads_is_not_given_up(server):
    held = journalled(server)
    with db.writer() as session:
        operations.give_up(session, {held.id: held.attempt - 1}, "late")
    assert operation(held.id).state == OperationState.RUNNING


def test_operations_released_for_a_host_are_due_at_once(server):
    operation_id = begin(server, "stop_server")
    with db.writer() as session:
        assert not operations.due(session, notified_before=600)
        operations.release(session, place="h1", but="w2")
        assert [each.id for each in operations.due(session, notified_before=600)] == [operation_id]
