"""What a host says of its guests' power is what was so when it asked its hypervisor, and overwrites nothing newer."""

import types

import pytest

from nova_lite import db
from nova_lite.compute.tasks.host import Host
from nova_lite.compute.tasks.running import Running
from nova_lite.conf import CONF
from nova_lite.db import services
from nova_lite.db.base import now
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import Power, Vm
from tests.unit.test_audit import HOST, change, network, of_server, server  # noqa: F401


def test_what_a_hypervisor_said_before_a_server_changed_is_void(server):  # noqa: F811
    asked_at = now()
    change(Server, Server.id == server.id, vm_state=Vm.STOPPED, power_state=Power.SHUTDOWN, updated_at=now())
    with db.writer() as session:
        services.power_reported(session, HOST, {server.id: Power.RUNNING}, asked_at)
    assert of_server(server).vm_state == Vm.STOPPED
    with db.writer() as session:
        services.power_reported(session, HOST, {server.id: Power.RUNNING}, now())
    assert of_server(server).vm_state == Vm.ACTIVE


class Wire:
    """The conductor as a host reports power to it, without a wire.

    :ivar said: [({server id: power}, the monotonic time before the hypervisor was asked)]
    """

    def __init__(self):
        self.said = []

    def report_power(self, _context, host, guests, seen_at):
        assert host == HOST
        self.said.append((guests, seen_at))

    def orphaned(self, _context, _host, _server_ids):
        return []


class Hypervisor:
    """One guest.  :ivar asking: called while its power is asked for."""

    def __init__(self, power):
        self._power = power
        self.power = self.host = self
        self.asking = lambda: None

    def state(self, _server_id):
        self.asking()
        return self._power

    def guests(self):
        self.asking()
        return {"s": self._power}


@pytest.fixture
def host(conf, tmp_path):
    """A Host, its Wire, its Hypervisor, and {server id: its job} of those that are worked on."""
    CONF.set_override("host", HOST)
    CONF.set_override("state_dir", str(tmp_path))
    wire, hypervisor = Wire(), Hypervisor(Power.RUNNING)
    running = Running(HOST, "w", wire)
    yield Host(running, (hypervisor, None, None), wire, "w", None), wire, hypervisor, running._jobs
    CONF.clear_override("host")
    CONF.clear_override("state_dir")


def test_an_announcement_that_comes_late_is_not_believed(host):
    made, wire, _, _ = host
    made.guest_changed("s", Power.SHUTDOWN)
    assert [guests for guests, _ in wire.said] == [{"s": Power.RUNNING}]


@pytest.mark.parametrize("report", ["report_guests", "guest_changed"])
def test_what_a_task_changes_while_the_hypervisor_is_asked_is_left_to_the_task(host, report):
    made, wire, hypervisor, busy = host
    hypervisor.asking = lambda: busy.update(s=1)
    made.report_guests() if report == "report_guests" else made.guest_changed("s", Power.RUNNING)
    assert [guests for guests, _ in wire.said if guests] == []


@pytest.mark.parametrize("report", ["report_guests", "guest_changed", "report_guest"])
def test_a_report_is_as_old_as_the_question_to_the_hypervisor(host, report, monkeypatch):
    made, wire, hypervisor, _ = host
    clock = types.SimpleNamespace(moment=100.0)
    monkeypatch.setattr("nova_lite.compute.tasks.host.time", types.SimpleNamespace(monotonic=lambda: clock.moment))
    hypervisor.asking = lambda: setattr(clock, "moment", 107.0)
    getattr(made, report)(*{"report_guests": (), "guest_changed": ("s", Power.RUNNING), "report_guest": ("s",)}[report])
    assert wire.said == [({"s": Power.RUNNING}, 100.0)]
