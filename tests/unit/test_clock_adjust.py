"""The clock of one machine is stepped: times written before are moved along, times written since stay."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common.context import RequestContext
from nova_lite.conf import CONF
from nova_lite.db import clock_adjust, new_servers, operations, services
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Service
from nova_lite.objects.states import OPERATIONS, Vm

HOUR = 3600
_OPERATIONS = Operation.__table__


@pytest.fixture
def operation_id(database):
    """A stop that a host has leased."""
    with db.writer() as session:
        services.seen(session, "h1", "nova-compute", "compute")
        server, = new_servers.insert(session, [{
            "id": new_id(), "project_id": "project", "user_id": "user", "display_name": "s", "hostname": "s",
            "vm_state": Vm.ACTIVE, "host": "h1", "flavor": {}}])
        made, _ = operations.begin(session, RequestContext("user", "project"), server.id, OPERATIONS["stop_server"])
        operations.lease(session, made, "h1", "w1", CONF.operations.lease)
        return made


def times(operation_id):
    """Seconds from now of (the lease's end, the deadline, the host's sign of life)."""
    with db.reader() as session:
        row = session.execute(sa.select(_OPERATIONS.c.lease_until, _OPERATIONS.c.deadline)
                              .where(_OPERATIONS.c.id == operation_id)).one()
        seen = session.execute(sa.select(Service.last_seen_at)).scalar_one()
    return [round((each - now()).total_seconds()) for each in (*row, seen)]


def move(operation_id, seconds):
    """Write times as the clock would have shown them before a step by -``seconds``."""
    moved = datetime.timedelta(seconds=seconds)
    with db.writer() as session:
        row = operations.get(session, operation_id)
        session.execute(sa.update(_OPERATIONS).where(_OPERATIONS.c.id == operation_id).values(
            lease_until=row.lease_until + moved, deadline=row.deadline + moved,
            last_notified_at=row.last_notified_at + moved))
        for each in session.execute(sa.select(Service.id, Service.last_seen_at)).all():
            session.execute(sa.update(Service).where(Service.id == each.id).values(
                last_seen_at=each.last_seen_at + moved), execution_options={"synchronize_session": False})


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, 5, -5])
def test_times_written_before_a_clock_step_are_moved_along(operation_id, seconds):
    before = times(operation_id)
    move(operation_id, -seconds)
    with db.writer() as session:
        clock_adjust.follow(session, seconds)
    for was, became in zip(before, times(operation_id), strict=True):
        assert was - 1 <= became <= was + 1


@pytest.mark.parametrize("seconds", [HOUR, -HOUR, 5, -5])
def test_times_written_since_a_clock_step_stay(operation_id, seconds):
    """A worker that renewed its lease just before the step was noticed keeps it, and its host is up."""
    before = times(operation_id)
    with db.writer() as session:
        clock_adjust.follow(session, seconds)
    for was, became in zip(before, times(operation_id), strict=True):
        assert was - 1 <= became <= was + 1
