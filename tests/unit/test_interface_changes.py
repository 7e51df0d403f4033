"""NICs and addresses that come to servers and go from them, over an embedded network service and one behind HTTP."""

import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.compute.actions import interfaces as actions
from nova_lite.conductor.effects.base import Failure, Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.db import operations, server_objects
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import OPERATIONS
from tests.changing_services import MEMBER, away, embedded, wanted, world  # noqa: F401
from tests.network_service import service  # noqa: F401
from tests.remote_services import remote  # noqa: F401

GOOD, BAD = types.SimpleNamespace(power_state=1), Failure(500, "no")


@pytest.fixture
def wired(world, conf):  # noqa: F811
    """A World whose server runs on h1, with two NICs, and whose host answers nothing."""
    conf.set_override("attach_timeout", 0, group="compute")
    world.carry_out()
    world.end()
    with db.writer() as session:
        session.execute(sa.update(Server).values(vm_state="active", task_state=None, host="h1"))
    world.completion = Completion(Services(world.services["network"], world.services["image"]))
    world.asked = []
    rpc = types.SimpleNamespace(**{name: lambda _context, _host, its_id: world.asked.append(its_id) for name in (
        "attach_interface", "detach_interface", "add_fixed_ip", "remove_fixed_ip")})
    world.interfaces = actions.Interfaces(world.services["network"], rpc)
    return world


def server(wired):
    with db.reader() as session:
        return server_objects.row(session, wired.server_id)


def attach(wired):
    """The port of an attachment that its host was asked for."""
    operation_id = wired.interfaces.attach(MEMBER, server(wired), wanted(wired.network_id))
    with pytest.raises(exceptions.InterfaceAttachLate):
        wired.interfaces.attached(operation_id, wired.server_id)
    with db.reader() as session:
        return operations.get(session, wired.asked[-1]).args["port"]


def add(wired):
    wired.interfaces.add_address(MEMBER, server(wired), wired.network_id)
    with db.reader() as session:
        args = operations.get(session, wired.asked[-1]).args
    return args["port"], args["address"]


def finish(wired, failure=None):
    """The host has done what it was asked for last."""
    with db.writer() as session:
        leased = operations.lease(session, wired.asked[-1], "h1", "w", 15)
        if failure is None:
            wired.completion.succeed(session, leased, GOOD)
        else:
            wired.completion.fail(session, leased, failure)


def ports(wired):
    return [nic.port_id for nic in wired.nics()]


def addresses(wired, port_id):
    [nic] = [each for each in wired.nics() if each.port_id == port_id]
    return [each.ip for each in nic.addresses]


def settled(wired):
    for _ in range(2):
        wired.settle()
    return wired.count("attach_port"), wired.count("add_address")


def damage():
    with db.writer() as session:
        session.execute(sa.text("UPDATE operations SET args = 'no json' WHERE finished_at IS NULL"))


def delete(wired):
    with db.writer() as session:
        operation_id, _ = operations.begin(session, MEMBER, wired.server_id, OPERATIONS["delete_server"])
        wired.completion.succeed(session, operations.lease(session, operation_id, "h1", "w", 15))


def test_a_port_is_the_servers_before_its_host_is_asked_and_goes_with_the_server(wired):
    port_id = attach(wired)
    assert ports(wired)[2:] == [port_id] and wired.count("attach_port") == 3
    finish(wired)
    assert ports(wired)[2:] == [port_id]
    delete(wired)
    assert ports(wired) == [] and settled(wired) == (0, 0)


def test_a_port_that_was_not_attached_goes_and_the_others_stay(wired):
    before = ports(wired)
    attach(wired)
    damage()
    with db.writer() as session:
        wired.completion.fail(session, operations.get_without_json(session, wired.asked[-1]), BAD)
    assert ports(wired) == before and settled(wired) == (2, 0)


@pytest.mark.parametrize("begin", [attach, add])
def test_what_is_taken_back_before_it_is_cancelled_goes_whatever_the_arguments_say(wired, begin):
    before = wired.nics()
    begin(wired)
    damage()
    with db.writer() as session:
        actions.take_back(session, wired.server_id, wired.services["network"])
        operations.cancel_open(session, wired.server_id, "Cancelled.")
    assert settled(wired) == (2, 0)
    assert [[each.ip for each in nic.addresses] for nic in wired.nics()] == [
        [each.ip for each in nic.addresses] for nic in before]


def test_a_port_that_is_detached_is_the_servers_until_its_host_let_go_of_it(wired):
    port_id = attach(wired)
    finish(wired)
    wired.interfaces.detach(MEMBER, server(wired), port_id)
    assert ports(wired)[2:] == [port_id]
    finish(wired)
    assert len(ports(wired)) == 2 and settled(wired) == (2, 0)
    assert [row.verb for row in wired.rows() if row.state == "done"] == ["allocate_ports"]


def test_an_address_comes_before_the_host_is_asked_and_goes_after_it(wired):
    port_id, ip = add(wired)
    assert ip in addresses(wired, port_id) and len(addresses(wired, port_id)) == 2
    finish(wired)
    assert wired.count("add_address") == 1
    wired.interfaces.remove_address(MEMBER, server(wired), ip)
    assert ip in addresses(wired, port_id)
    finish(wired)
    assert ip not in addresses(wired, port_id) and settled(wired) == (2, 0)


def test_an_address_that_was_not_added_goes(wired):
    port_id, ip = add(wired)
    finish(wired, BAD)
    assert ip not in addresses(wired, port_id) and settled(wired) == (2, 0)


def test_what_is_not_there_to_be_taken_away_is_on_record(wired):
    wired.interfaces.detach(MEMBER, server(wired), "b0c6e9f2-0f0e-4f5e-9d3f-000000000000")
    wired.interfaces.remove_address(MEMBER, server(wired), "192.0.2.9")
    with db.reader() as session:
        found = session.execute(sa.select(Operation.error).where(Operation.state == "failed")).scalars().all()
    assert len(found) == 2 and all("could not be found" in each or "does not have fixed IP" in each for each in found)
    assert wired.asked == []


@pytest.mark.parametrize("world", ["away"], indirect=True)
@pytest.mark.parametrize("name", ["attach", "add_address"])
def test_a_request_whose_answer_the_service_lost_begins_nothing_and_leaves_nothing(wired, remote, name):  # noqa: F811
    remote.lose = 1
    wanted_of = wanted(wired.network_id) if name == "attach" else wired.network_id
    with pytest.raises(exceptions.PeerAway):
        getattr(wired.interfaces, name)(MEMBER, server(wired), wanted_of)
    assert wired.asked == [] and server(wired).task_state is None
    assert settled(wired) == (2, 0) and len(ports(wired)) == 2


@pytest.mark.parametrize("world", ["away"], indirect=True)
def test_a_port_that_the_service_cannot_delete_now_is_gone_for_compute(wired, remote):  # noqa: F811
    port_id = attach(wired)
    finish(wired)
    wired.interfaces.detach(MEMBER, server(wired), port_id)
    finish(wired)
    remote.lose = 1
    wired.settle()
    assert port_id not in ports(wired)
    assert settled(wired) == (2, 0)
