"""Which cloud a host is met by, and a database that is set back while conductors and hosts remember more."""

import datetime
import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import cloud_file, exceptions
from nova_lite.conductor import unplaced_guests
from nova_lite.conductor.cloud_mark import CloudMark
from nova_lite.conductor.reclaim import Reclaim
from nova_lite.conf import CONF
from nova_lite.db import cloud, operations
from nova_lite.db.base import now
from nova_lite.db.models.cloud import Cloud
from nova_lite.objects.states import OPERATIONS, Task, Vm
from tests.unit.test_operations import OWNER, make_server, operation, state_of

OURS, OTHERS = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def place(database, tmp_path):
    CONF.set_override("state_dir", str(tmp_path))
    with db.writer() as session:
        cloud.create(session, OURS)
    yield str(tmp_path)
    CONF.clear_override("state_dir")


def row():
    with db.reader() as session:
        return cloud.get(session)


def of(host, server):
    with db.reader() as session:
        return unplaced_guests.of(session, host, {server.id})[server.id]


def test_a_new_host_learns_which_cloud_it_is_of(place):
    assert CloudMark().greet("h1", None) == [OURS, 1]


def test_a_host_of_another_cloud_is_refused_with_a_remedy(place):
    with pytest.raises(exceptions.Misconfigured, match=f"Host h1 belongs to cloud {OTHERS}, and this is cloud {OURS}"):
        CloudMark().greet("h1", [OTHERS, 1])


def test_the_mark_grows_in_the_database_and_then_in_the_file(place):
    mark = CloudMark()
    mark.look()
    mark.look()
    assert (row().mark, row().restored_at, cloud_file.read(place)) == (3, None, (OURS, 3))


def test_two_conductors_raise_one_mark_without_a_false_restore(place):
    first, second = CloudMark(), CloudMark()
    for each in (first, second, second, first, second):
        each.look()
    assert (row().mark, row().restored_at) == (6, None)


def test_a_host_with_a_higher_mark_shows_that_the_database_was_restored(place):
    assert CloudMark().greet("h1", [OURS, 7]) == [OURS, 1]
    assert row().mark == 8
    assert row().restored_at is not None


def test_a_database_that_is_set_back_under_a_running_conductor_is_noticed(place):
    mark = CloudMark()
    for _ in range(3):
        mark.look()
    with db.writer() as session:
        session.execute(sa.update(Cloud).values(mark=1))
    mark.look()
    assert row().restored_at is not None
    restored = row()
    mark.look()
    assert row().restored_at == restored.restored_at        # once


def test_open_operations_of_a_restored_database_are_given_up(place):
    building = make_server(vm_state=Vm.BUILDING, task_state=Task.SCHEDULING)
    with db.writer() as session:
        build = operations.record(session, OWNER, OPERATIONS["build_server"], building.id, building)
    resting = make_server(vm_state=Vm.ACTIVE, host="h1")
    with db.writer() as session:
        stop, _ = operations.begin(session, OWNER, resting.id, OPERATIONS["stop_server"])
        assert cloud.restored(session, 5) == 2
    assert state_of(building) == (Vm.ERROR, None)
    assert state_of(resting) == (Vm.ACTIVE, None)
    for each in (build, stop):
        assert operation(each).finished_at is not None
        assert "restored from a backup" in operation(each).error


def test_guests_of_servers_of_before_a_restored_backup_are_no_orphans(place):
    unplaced, moved = make_server(vm_state=Vm.ERROR, host=None), make_server(host="h2")
    assert (of("h1", unplaced), of("h1", moved)) == (unplaced_guests.ORPHANED, unplaced_guests.ELSEWHERE)
    with db.writer() as session:
        cloud.restored(session, 5)
    assert (of("h1", unplaced), of("h1", moved)) == (unplaced_guests.UNKNOWN, unplaced_guests.UNKNOWN)
    deleted = make_server(host="h1", deleted_at=now())
    assert of("h1", deleted) == unplaced_guests.ORPHANED


def test_soft_deleted_servers_are_not_reclaimed_for_a_day_after_a_restore(place):
    """The server may have been restored by its owner after the backup was made."""
    asked = []
    reclaim = Reclaim(types.SimpleNamespace(delete_server=lambda *args: asked.append(args)))
    CONF.set_override("reclaim_instance_interval", 60, "compute")
    try:
        make_server(vm_state=Vm.SOFT_DELETED, host="h1", soft_deleted_at=datetime.datetime(1970, 1, 1))
        with db.writer() as session:
            cloud.restored(session, 5)
        reclaim.look()
        assert asked == []
        with db.writer() as session:
            session.execute(sa.update(Cloud).values(restored_at=now() - datetime.timedelta(days=1, seconds=1)))
        reclaim.look()
        assert len(asked) == 1
    finally:
        CONF.clear_override("reclaim_instance_interval", "compute")
