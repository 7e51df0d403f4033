"""Operations that break the engine: a few tries, then they end as failed with a text, whatever is wrong with them."""

import json

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.failed_operations import TRIES, FailedOperations, guarded
from nova_lite.db import history, operations, server_objects, timeline
from nova_lite.db.models.operations import Operation
from nova_lite.objects.states import OPERATIONS, Task, Vm
from tests.unit.test_dead_hosts import Network
from tests.unit.test_operations import OWNER, begin, make_server, state_of


@pytest.fixture
def failed_operations(database):
    return FailedOperations(Completion(Services(Network(), None)))


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


def test_an_operation_that_breaks_the_engine_gets_a_few_tries(failed_operations):
    operation_id = begin(make_server(), "stop_server")
    for _ in range(TRIES - 1):
        with pytest.raises(TypeError):
            guarded(failed_operations, fails, operation_id)
        assert ended(operation_id).finished_at is None
    with pytest.raises(exceptions.Fenced):
        guarded(failed_operations, fails, operation_id)
    assert ended(operation_id).state == "failed"
    assert "TypeError" in ended(operation_id).error


def test_errors_that_code_expects_never_count(failed_operations):
    operation_id = begin(make_server(), "stop_server")

    def away(_operation_id):
        raise exceptions.DatabaseUnavailable(reason="gone")

    for _ in range(TRIES * 2):
        with pytest.raises(exceptions.DatabaseUnavailable):
            guarded(failed_operations, away, operation_id)
    assert ended(operation_id).finished_at is None


@pytest.mark.parametrize("column", ["args", "previous"])
@pytest.mark.parametrize("text", ["no json", "[1, 2]", "null", ""])
def test_damaged_rows_are_ended_without_being_read(failed_operations, column, text):
    server = make_server(vm_state=Vm.STOPPED)
    operation_id = begin(server, "start_server")
    damaged(operation_id, column, text)
    failed_operations.set_aside(operation_id, "It is damaged.")
    assert ended(operation_id)[:2] == ("failed", "It is damaged.")
    assert state_of(server) == (Vm.STOPPED, None)
    begin(server, "start_server")
    with db.reader() as session:        # its history can be read all the same
        listed = (*history.page(session, server.id), *timeline.operations(session, server.id))
        assert [each.id for each in listed].count(operation_id) == 2
        assert history.by_request(session, server.id, OWNER.request_id).resource_id == server.id


@pytest.mark.parametrize("text", ["no json", "[1, 2]", "null", ""])
def test_a_server_with_a_damaged_operation_can_be_deleted(database, text):
    server = make_server()
    damaged(begin(server, "snapshot_server"), "args", text)
    begin(server, "delete_server")


def test_a_build_that_is_set_aside_leaves_a_server_in_error_that_says_why(failed_operations):
    server = make_server(vm_state=Vm.BUILDING, host=None, task_state=Task.SCHEDULING)
    with db.writer() as session:
        operation_id = operations.record(session, OWNER, OPERATIONS["build_server"], server.id, server)
    damaged(operation_id, "args", "{")
    failed_operations.set_aside(operation_id, "It is damaged.")
    assert state_of(server) == (Vm.ERROR, None)


def test_a_name_of_a_newer_release_can_be_ended(failed_operations):
    server = make_server()
    operation_id = begin(server, "stop_server")
    broken(operation_id, name="teleport")
    failed_operations.set_aside(operation_id, "Too late.")
    assert ended(operation_id).state == "failed"
    assert state_of(server) == (Vm.ACTIVE, None)


def test_an_operation_without_a_server_can_be_ended(failed_operations):
    operation_id = begin(make_server(), "stop_server")
    broken(operation_id, resource_id="gone")
    failed_operations.set_aside(operation_id, "Nobody there.")
    assert ended(operation_id).state == "failed"


def test_a_step_that_was_handed_over_is_not_ended_by_its_repeated_outcome(database):
    """The first report was committed and its answer lost; the second finds the operation elsewhere."""
    operation_id = begin(make_server(), "stop_server")
    with db.writer() as session:
        attempt = operations.lease(session, operation_id, "h1", "w1", 15).attempt
        operations.hand_over(session, operation_id, attempt, "conductor")
    with db.writer() as session, pytest.raises(exceptions.Fenced):
        operations.hand_over(session, operation_id, attempt, "conductor")


def test_a_rebuild_that_is_set_aside_before_it_began_has_the_image_it_had(failed_operations):
    server = make_server(image_id="new")
    before = {"before": json.dumps({"image_id": "old", "image_properties": {}})}
    with db.writer() as session:
        operation_id, _ = operations.begin(session, OWNER, server.id, OPERATIONS["rebuild_server"], before)
    failed_operations.set_aside(operation_id, "It took too long.")
    with db.reader() as session:
        assert server_objects.row(session, server.id).image_id == "old"
