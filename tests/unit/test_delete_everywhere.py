"""A deletion visits every host that may have something of the server, one by one, before the server is gone."""

import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.conductor.dead_hosts import Executor
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.endpoints.leases import Leases
from nova_lite.conductor.failed_operations import FailedOperations
from nova_lite.conductor.flows.delete import Delete
from nova_lite.conductor.message_delay import MessageDelay
from nova_lite.db import operations
from nova_lite.db.models.networks import Port, PortBinding
from nova_lite.db.models.servers import Allocation, ComputeNode, Server
from nova_lite.objects.allocation import Purpose
from nova_lite.objects.operation import Outcome
from nova_lite.objects.port_binding import BindingState
from nova_lite.objects.states import OperationState
from tests.unit.test_audit import (  # noqa: F401
    ASKED,
    HOST,
    OWNER,
    begin,
    change,
    insert,
    make_server,
    network,
    of_server,
    rows,
    server,
)
from tests.unit.test_operations import operation

MOVED_FROM, MOVES_TO = "h2", "h3"


class Conductor:
    """What hosts ask of a deletion.  :ivar hosts: where it was leased, in order."""

    def __init__(self, networks):
        self.completion = Completion(Services(networks, types.SimpleNamespace(embedded=True)))
        facades = types.SimpleNamespace(network=networks, image=None, identity=None)
        self._leases = Leases({}, facades, self.completion, FailedOperations(self.completion),
                              MessageDelay())
        self.hosts = []

    def carry_out(self, operation_id):
        """The host at whose place the operation is does its part."""
        host = operation(operation_id).place
        job = self._leases.take_lease(OWNER, operation_id, host, f"{host}/w")
        self.hosts.append(host)
        self._leases.finish(OWNER, operation_id, job.attempt, Outcome.make(
            power_state=None, error=None, code=0, details=None))

    def settle(self, operation_id):
        """That host is dead."""
        self.hosts.append(f"not {operation(operation_id).place}")
        Executor("c/w", self.completion).settle(operation(operation_id), {HOST})


@pytest.fixture
def spread(network, server):  # noqa: F811
    """A server on one host of which others have something, too; one that is no host is not asked."""
    for host in (MOVED_FROM, MOVES_TO):
        insert(ComputeNode, host=host, hypervisor_hostname=host, hypervisor_type="fake", hypervisor_version=1,
               host_ip="192.0.2.2", vcpus=8, memory_mb=8192, disk_gb=100)
    insert(Allocation, server_id=server.id, host=MOVED_FROM, purpose=Purpose.LEFTOVER, **ASKED)
    [port] = rows(Port)
    for host in (MOVES_TO, "no-host"):
        insert(PortBinding, port_id=port.id, host=host, state=BindingState.INACTIVE, vif_type="bridge",
               vnic_type="normal", profile={}, vif_details={})
    return server


def is_there(made):
    return of_server(made).deleted_at is None


@pytest.mark.parametrize("dead", [(), (HOST,), (MOVED_FROM,), (MOVES_TO,)])
def test_a_deletion_visits_every_host_that_has_something_of_the_server(network, spread, dead):  # noqa: F811
    conductor, operation_id = Conductor(network), begin(spread, "delete_server")
    for host in (HOST, MOVED_FROM, MOVES_TO):
        assert is_there(spread) and operation(operation_id).place == host
        assert operation(operation_id).last_notified_at is None or host == HOST, "it is due at once"
        conductor.settle(operation_id) if host in dead else conductor.carry_out(operation_id)
    assert conductor.hosts == [f"not {each}" if each in dead else each for each in (HOST, MOVED_FROM, MOVES_TO)]
    assert operation(operation_id).state == OperationState.DONE and not is_there(spread)
    assert rows(Allocation) == rows(Port) == rows(PortBinding) == []


def test_the_deletion_of_a_server_on_no_host_visits_those_that_have_something_of_it(network, spread):  # noqa: F811
    change(Server, Server.id == spread.id, host=None)
    with db.writer() as session:
        session.execute(sa.delete(Allocation).where(Allocation.host == HOST))
        session.execute(sa.delete(PortBinding).where(PortBinding.host == HOST))
    conductor, operation_id = Conductor(network), begin(spread, "delete_server")
    assert operation(operation_id).place == operations.CONDUCTOR
    Delete("c/w", conductor.completion).delete_server(OWNER, operation_id)
    for host in (MOVED_FROM, MOVES_TO):
        assert is_there(spread) and operation(operation_id).place == host
        conductor.carry_out(operation_id)
    assert not is_there(spread) and conductor.hosts == [MOVED_FROM, MOVES_TO]


def test_a_deletion_of_which_one_host_has_all_ends_there(network, server):  # noqa: F811
    conductor, operation_id = Conductor(network), begin(server, "delete_server")
    conductor.carry_out(operation_id)
    assert operation(operation_id).state == OperationState.DONE and not is_there(server)


def test_a_host_that_fails_is_asked_again_and_those_before_it_are_not(network, spread):  # noqa: F811
    conductor, operation_id = Conductor(network), begin(spread, "delete_server")
    conductor.carry_out(operation_id)
    host = operation(operation_id).place
    job = conductor._leases.take_lease(OWNER, operation_id, host, "w")
    conductor._leases.finish(OWNER, operation_id, job.attempt, Outcome.make(
        power_state=None, error="busy", code=500, details=None))
    for each in (host, MOVES_TO):
        assert operation(operation_id).place == each
        conductor.carry_out(operation_id)
    assert conductor.hosts == [HOST, MOVED_FROM, MOVES_TO] and not is_there(spread)
