"""What happens to one server at the same moment, on every database: nobody waits for another who waits for him."""

import types
from functools import partial

import pytest

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.endpoints.leases import Leases
from nova_lite.conductor.message_delay import MessageDelay
from nova_lite.db import new_servers, operations, steps
from nova_lite.db.base import new_id
from nova_lite.objects.operation import Outcome
from nova_lite.objects.states import OPERATIONS, Task, Vm
from tests.live import databases

OWNER = RequestContext("user", "project", ("member",))
ROUNDS = 15
SECONDS = 30


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def conductor(request, conf, new_database):
    with databases.connected(conf, new_database(request.param)):
        facades = types.SimpleNamespace(network=None, image=None, identity=None)
        yield Leases({}, facades, Completion(Services(None, None)), None, MessageDelay())


def rebooting():
    """A server whose host runs the second step of a reboot: (its id, the operation's)."""
    with db.writer() as session:
        server, = new_servers.insert(session, [{
            "id": new_id(), "project_id": "project", "user_id": "user", "display_name": "s", "hostname": "s",
            "vm_state": Vm.ACTIVE, "host": "h1", "flavor": {}}])
        operation_id, _ = operations.begin(session, OWNER, server.id, OPERATIONS["reboot_server"])
        operations.lease(session, operation_id, "h1", "w1", SECONDS)
        operations.journal(session, operation_id, 1, "network", host="h1", seconds=SECONDS)
    return server.id, operation_id


def delete(server_id):
    with db.writer() as session:
        operations.begin(session, OWNER, server_id, OPERATIONS["delete_server"])


def test_a_delete_races_with_reports_of_the_operation_that_it_cancels(conductor):
    """The host reports a step, a renewal and the end of the operation that a DELETE ends."""
    for _ in range(ROUNDS):
        server_id, operation_id = rebooting()
        results = databases.at_once([
            partial(delete, server_id),
            partial(conductor.journal, OWNER, operation_id, 1, "reboot", None, "h1", server_id, Task.REBOOTING),
            partial(conductor.renew, OWNER, {operation_id: 1}),
            partial(conductor.finish, OWNER, operation_id, 1, Outcome.make(power_state=1, error=None)),
        ])
        strange = [each for each in results if isinstance(each, Exception) and not isinstance(each, exceptions.Fenced)]
        assert strange == []
        with db.reader() as session:
            first, = [each for each in operations.of_server(session, server_id) if each.id == operation_id]
            assert first.finished_at is not None
            assert all(each.finished_at is not None for each in steps.of(session, operation_id))
