"""A conductor renews the leases that it holds, for as long as it holds them."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.conductor.held_leases import HeldLeases
from nova_lite.conf import CONF
from nova_lite.db import operations
from nova_lite.db.base import now
from nova_lite.db.models.operations import Operation
from nova_lite.objects.states import OPERATIONS, Task, Vm
from tests.unit.test_operations import OWNER, make_server, operation


@pytest.fixture
def leased(database):
    """A build that this conductor leads, its lease about to end."""
    server = make_server(vm_state=Vm.BUILDING, task_state=Task.SCHEDULING, host=None)
    with db.writer() as session:
        operation_id = operations.record(session, OWNER, OPERATIONS["build_server"], server.id, server)
        row = operations.lease(session, operation_id, operations.CONDUCTOR, "c1", 15)
    age(row)
    return row


def age(row):
    with db.writer() as session:
        session.execute(sa.update(Operation).where(Operation.id == row.id).values(
            lease_until=now() + datetime.timedelta(seconds=1)))


def seconds_left(row):
    until = operation(row.id).lease_until
    return None if until is None else (until - now()).total_seconds()


def test_a_lease_is_renewed_while_its_block_runs_and_not_after(leased):
    leases = HeldLeases()
    with leases.holding(leased):
        leases.renew()
        assert seconds_left(leased) > CONF.operations.lease - 2
        age(leased)
    leases.renew()
    assert seconds_left(leased) < 2


def test_an_operation_that_was_handed_over_gets_no_lease(leased):
    leases = HeldLeases()
    with leases.holding(leased):
        with db.writer() as session:
            operations.hand_over(session, leased.id, leased.attempt, "h1")
        leases.renew()
    assert seconds_left(leased) is None


def test_a_lease_that_another_worker_has_is_left_alone(leased):
    leases = HeldLeases()
    with db.writer() as session:
        operations.give_up(session, {leased.id: leased.attempt}, "Given up.")
        again = operations.lease(session, leased.id, operations.CONDUCTOR, "c2", 15)
    age(again)
    with leases.holding(leased):
        leases.renew()
    assert seconds_left(again) < 2
