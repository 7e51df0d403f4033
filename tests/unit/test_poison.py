"""Operations that break the engine: a few tries, then they end as failed with a text, whatever is wrong with them."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conductor.flows.endings import Endings
from nova_lite.conductor.poison import TRIES, Poison, guarded
from nova_lite.db import history, operations, pledges, timeline
from nova_lite.db.models.operations import Operation
from nova_lite.objects.states import OPERATIONS, Task, Vm
from tests.unit.test_dead_hosts import Network
from tests.unit.test_operations import OWNER, begin, make_server, state_of


@pytest.fixture
def poison(database):
    return Poison(Endings(Network(), None))


def broken(operation_id, **values):
    """Damage a row behind the engine's back."""
    with db.writer() as session:
        session.execute(sa.update(Operation.__table__).where(Operation.id == operation_id).values(**values))


def damaged(operation_id, column, text):
    """Write what is no JSON at all."""
    with db.writer() as session:
        session.execute(sa.text(f"UPDATE operations SET {column} = :text WHERE id = :id"),
                        {"text": text, "id": operation_id})


def ended(operation_id):
    with db.reader() as session:
        return session.execute(sa.text("SELECT state, error, finished_at FROM operations WHERE id = :id"),
                               {"id": operation_id}).one()


def fails(_operation_id):
    raise TypeError("list indices must be integers")


def test_what_breaks_the_engine_gets_a_few_tries(poison):
    operation_id = begin(make_server(), "stop")
    for _ in range(TRIES - 1):
        with pytest.raises(TypeError):
            guarded(poison, fails, operation_id)
        assert ended(operation_id).finished_at is None
    with pytest.raises(exception.Fenced):
        guarded(poison, fails, operation_id)
    assert ended(operation_id).state == "failed"
    assert "TypeError" in ended(operation_id).error


def test_errors_that_code_expects_never_count(poison):
    operation_id = begin(make_server(), "stop")

    def away(_operation_id):
        raise exception.DatabaseUnavailable(reason="gone")

    for _ in range(TRIES * 2):
        with pytest.raises(exception.DatabaseUnavailable):
            guarded(poison, away, operation_id)
    assert ended(operation_id).finished_at is None


@pytest.mark.parametrize("column", ["args", "previous"])
@pytest.mark.parametrize("text", ["no json", "[1, 2]", "null", ""])
def test_damaged_rows_are_ended_without_being_read(poison, column, text):
    server = make_server(vm_state=Vm.STOPPED)
    operation_id = begin(server, "start")
    damaged(operation_id, column, text)
    poison.set_aside(operation_id, "It is damaged.")
    assert ended(operation_id)[:2] == ("failed", "It is damaged.")
    assert state_of(server) == (Vm.STOPPED, None)
    begin(server, "start")
    with db.reader() as session:        # its history can be read all the same
        told = (*history.page(session, server.id), *timeline.operations(session, server.id))
        assert [each.id for each in told].count(operation_id) == 2
        assert history.by_request(session, server.id, OWNER.request_id).server_id == server.id


@pytest.mark.parametrize("text", ["no json", "[1, 2]", "null", ""])
def test_a_server_with_a_damaged_operation_can_be_deleted(database, text):
    server = make_server()
    damaged(begin(server, "createImage"), "args", text)
    with db.reader() as session:        # what a deletion asks first
        assert pledges.promised(session, server.id, "target_id") == []
    begin(server, "delete")


def test_a_build_that_is_set_aside_leaves_a_server_in_error_that_says_why(poison):
    server = make_server(vm_state=Vm.BUILDING, host=None, task_state=Task.SCHEDULING)
    with db.writer() as session:
        operation_id = operations.record(session, OWNER, OPERATIONS["create"], server.id, server)
    damaged(operation_id, "args", "{")
    poison.set_aside(operation_id, "It is damaged.")
    assert state_of(server) == (Vm.ERROR, None)


def test_a_name_of_a_newer_release_can_be_ended(poison):
    server = make_server()
    operation_id = begin(server, "stop")
    broken(operation_id, name="teleport")
    poison.set_aside(operation_id, "Too late.")
    assert ended(operation_id).state == "failed"
    assert state_of(server) == (Vm.ACTIVE, None)


def test_an_operation_without_a_server_can_be_ended(poison):
    operation_id = begin(make_server(), "stop")
    broken(operation_id, server_id="gone")
    poison.set_aside(operation_id, "Nobody there.")
    assert ended(operation_id).state == "failed"


def test_a_step_that_was_handed_over_is_not_ended_by_its_repeated_outcome(database):
    """The first telling was committed and its answer lost; the second finds the operation elsewhere."""
    operation_id = begin(make_server(), "stop")
    with db.writer() as session:
        attempt = operations.lease(session, operation_id, "h1", "w1", 15).attempt
        operations.hand_over(session, operation_id, attempt, "conductor")
    with db.writer() as session, pytest.raises(exception.Fenced):
        operations.hand_over(session, operation_id, attempt, "conductor")
