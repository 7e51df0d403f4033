"""What a host's start does to servers that ran: they are started again, and never cut off, however late it reports."""

import contextlib
import types

import pytest

from nova_lite import db
from nova_lite.compute.tasks.power import Power as Task
from nova_lite.conductor import host_boot
from nova_lite.conf import CONF
from nova_lite.db import operations, server_objects
from nova_lite.network.planes.fake import FakePlane
from nova_lite.objects.states import Power, Vm
from nova_lite.virt.fake import FakeDriver
from nova_lite.virt.spec import GuestSpec
from tests.unit.test_operations import make_server, state_of

FLAVOR = {"flavorid": "42", "name": "m1.nano", "vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0,
          "swap_mb": 0, "extra_specs": {}}


class Running:
    """The frame of a task with ``args``."""

    def __init__(self, server, args):
        self.job_of = types.SimpleNamespace(
            server=server, args=args, started=False, do=lambda _step, function, *args: function(*args))

    @contextlib.contextmanager
    def job(self, _context, _operation_id):
        yield self.job_of


@pytest.fixture
def server(database):
    return make_server(flavor=FLAVOR)


@pytest.fixture
def driver(server, conf):
    made = FakeDriver()
    made.build.spawn(GuestSpec(id=server.id, name="i", title="t", project_id="p", user_id="u", vcpus=1, memory_mb=1))
    return made


def recorded(server, guests):
    """The arguments of the operation that a host's start began."""
    with db.writer() as session:
        rows = server_objects.states_on_host(session, "h1", [server.id])
        host_boot.settle(session, "h1", rows, {server.id: Power.NOSTATE} | guests, True)
        found = operations.of_server(session, server.id)
    return [(each.name, each.args) for each in found]


@pytest.mark.parametrize("power", [None, Power.SHUTDOWN, Power.CRASHED])
def test_a_server_that_ran_before_the_host_booted_is_started_again_once(server, power):
    guests = {} if power is None else {server.id: power}
    assert recorded(server, guests) == recorded(server, guests) == [("hard_reboot_server", {"resume": "yes"})]
    assert state_of(server).vm_state == Vm.ACTIVE


def test_a_running_guest_is_not_started_again(server):
    assert recorded(server, {server.id: Power.RUNNING}) == []


@pytest.mark.parametrize(("args", "power", "boots"), [
    ({"resume": "yes"}, Power.RUNNING, 1), ({"resume": "yes"}, Power.SHUTDOWN, 2), ({}, Power.RUNNING, 2)])
def test_a_guest_that_runs_by_now_is_not_cut_off(server, driver, args, power, boots):
    driver.power.becomes(server.id, power)
    with db.reader() as session:
        loaded = server_objects.build(server_objects.row(session, server.id), [])
    Task(Running(loaded, args), driver, FakePlane(CONF)).hard_reboot_server(None, "o")
    assert driver.power.state(server.id) is Power.RUNNING
    assert driver.power._guests.get(server.id).boots == boots
