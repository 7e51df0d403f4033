"""What a host is told with its lease: whoever is away then is away, and what is gone for good ends the operation."""

import types

import pytest

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conductor.flows.endings import Endings
from nova_lite.conductor.manager import Endpoint
from nova_lite.conductor.poison import Poison
from nova_lite.db import operations
from nova_lite.objects.states import OPERATIONS, OperationState, Task, Vm
from tests.unit.test_operations import OWNER, make_server, operation, state_of


class Network:
    def nics(self, _session, _server_id):
        return []

    def release(self, _session, _server_id):
        pass


class Images:
    """An image service that answers with errors."""

    def __init__(self, error):
        self.error = error

    def for_server(self, _context, _image_id):
        raise self.error


def conductor(error):
    network, images = Network(), Images(error)
    endings = Endings(network, images)
    return Endpoint({}, types.SimpleNamespace(network=network, image=images, identity=None), endings, Poison(endings))


@pytest.fixture
def build(database):
    """(server, operation id) of a build that waits for h1."""
    flavor = {"vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0, "swap_mb": 0}
    server = make_server(vm_state=Vm.BUILDING, task_state=Task.SCHEDULING, image_id="i", flavor=flavor)
    with db.writer() as session:
        return server, operations.record(session, OWNER, OPERATIONS["create"], server.id, server)


@pytest.mark.parametrize("error", [exception.DatabaseUnavailable(reason="gone"), exception.NoAnswer(
    method="show", address="glance")])
def test_a_service_that_is_away_is_no_fault_of_the_operations(build, error):
    server, operation_id = build
    with pytest.raises(type(error)):
        conductor(error).take_lease(OWNER, operation_id, "h1", "w1")
    assert operation(operation_id).finished_at is None
    assert state_of(server) == (Vm.BUILDING, Task.SCHEDULING)


def test_an_image_that_is_gone_ends_the_operation(build):
    server, operation_id = build
    with pytest.raises(exception.Fenced):
        conductor(exception.ImageNotFound(image_id="i")).take_lease(OWNER, operation_id, "h1", "w1")
    assert operation(operation_id).state == OperationState.FAILED
    assert state_of(server) == (Vm.ERROR, None)
