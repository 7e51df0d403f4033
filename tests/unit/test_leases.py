"""What a host gets with its lease: a service that is away delays the operation, a missing image ends it."""

import types

import pytest

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.endpoints.leases import Leases
from nova_lite.conductor.failed_operations import FailedOperations
from nova_lite.conductor.message_delay import MessageDelay
from nova_lite.db import operations
from nova_lite.objects.states import OPERATIONS, OperationState, Task, Vm
from tests.unit.test_operations import OWNER, make_server, operation, state_of


class Network:
    embedded = True

    def nics(self, _server_id):
        return []

    def release(self, _server_id):
        pass


class Images:
    """An image service that answers with errors."""

    embedded = True

    def __init__(self, error):
        self.error = error

    def for_server(self, _context, _image_id):
        raise self.error


def conductor(error):
    network, images = Network(), Images(error)
    completion = Completion(Services(network, images))
    return Leases({}, types.SimpleNamespace(network=network, image=images, identity=None), completion,
                  FailedOperations(completion), MessageDelay())


@pytest.fixture
def build(database):
    """(server, operation id) of a build that waits for h1."""
    flavor = {"vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0, "swap_mb": 0}
    server = make_server(vm_state=Vm.BUILDING, task_state=Task.SCHEDULING, image_id="i", flavor=flavor)
    with db.writer() as session:
        return server, operations.record(session, OWNER, OPERATIONS["build_server"], server.id, server)


@pytest.mark.parametrize("error", [exceptions.DatabaseUnavailable(reason="gone"), exceptions.NoAnswer(
    method="show", address="glance")])
def test_a_service_that_is_away_is_no_fault_of_the_operations(build, error):
    server, operation_id = build
    with pytest.raises(type(error)):
        conductor(error).take_lease(OWNER, operation_id, "h1", "w1")
    assert operation(operation_id).finished_at is None
    assert state_of(server) == (Vm.BUILDING, Task.SCHEDULING)


def test_an_image_that_is_gone_ends_the_operation(build):
    server, operation_id = build
    with pytest.raises(exceptions.Fenced):
        conductor(exceptions.ImageNotFound(image_id="i")).take_lease(OWNER, operation_id, "h1", "w1")
    assert operation(operation_id).state == OperationState.FAILED
    assert state_of(server) == (Vm.ERROR, None)
