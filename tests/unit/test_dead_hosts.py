"""Work that waits for a dead host: deletions end, builds move, the rest waits; no host is declared dead in haste."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor import dead_hosts, unplaced_guests
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.failed_operations import FailedOperations
from nova_lite.conductor.flows.build import Build
from nova_lite.conductor.held_leases import HeldLeases
from nova_lite.conductor.recovery import Recovery
from nova_lite.conf import CONF
from nova_lite.db import operations, service_changes, services, steps
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server, Service
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import OPERATIONS, OperationState, Task, Vm
from tests.unit.test_operations import OWNER, begin, lease, make_server, operation, state_of


class Network:
    """Ports of servers, that an operation of theirs made."""

    embedded = True

    def __init__(self):
        self.verbs, self.released = {"allocate_ports": self}, []

    def undo(self, _marker, arguments):
        self.released.append(arguments["server_id"])


class Notifier:
    """Stands for the compute RPC and the conductor's flows; records their notifications."""

    def __init__(self):
        self.notified = []

    def notify(self, _context, host, name, operation_id):
        self.notified.append((host, name, operation_id))

    def flow(self, _context, operation_id):
        self.notified.append(("conductor", operation_id))


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


class Site:
    """A conductor's watch and recovery over hosts h1 and h2."""

    def __init__(self, clock):
        self.receives = True
        self.clock = clock
        self.notifier = Notifier()
        self.network = Network()
        completion = Completion(Services(self.network, None))
        self.watch = dead_hosts.Watch(lambda: self.receives)
        flows = {"build_server": self.notifier.flow, "delete_server": self.notifier.flow}
        self.recovery = Recovery(flows, self.notifier, self.watch,
                                 dead_hosts.Executor("c1", completion), FailedOperations(completion))
        self.alive("h1", "h2")

    def alive(self, *hosts):
        with db.writer() as session:
            for host in hosts:
                services.seen(session, host, "nova-compute", "compute")

    def pass_time(self, seconds, *alive):
        """Time goes by while only these hosts show life."""
        end = self.clock.now + seconds
        self.watch.look()
        while self.clock.now < end:
            self.clock.now += 10
            self.alive(*alive)
            self.watch.look()

    def look(self):
        """One look of the recovery, at which everything open is due; the dead hosts' last signs are old by then."""
        with db.writer() as session:
            session.execute(sa.update(Operation).values(last_notified_at=None))
            for host in self.watch.dead():
                services.stopped(session, host, "nova-compute")
        self.recovery.look()


@pytest.fixture
def site(database, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(dead_hosts, "time", clock)
    return Site(clock)


DOWN = 70       # more than [operations] service_down_time


def building(placed="h1", **args):
    server = make_server(vm_state=Vm.BUILDING, task_state=Task.SCHEDULING, host=placed)
    with db.writer() as session:
        return server, operations.record(session, OWNER, OPERATIONS["build_server"], server.id, server, args)


def test_a_host_without_signs_of_life_is_dead(site):
    site.pass_time(DOWN, "h2")
    assert site.watch.dead() == {"h1"}
    site.pass_time(10, "h1", "h2")
    assert site.watch.dead() == set()


def test_no_host_is_dead_while_this_conductor_receives_no_messages(site):
    site.receives = False
    site.pass_time(DOWN)
    assert site.watch.dead() == set()
    site.receives = True
    site.pass_time(CONF.operations.service_down_time - 20)
    assert site.watch.dead() == set()
    site.pass_time(DOWN)
    assert site.watch.dead() == {"h1", "h2"}


def test_a_clock_step_makes_no_host_dead(site):
    site.pass_time(20, "h1", "h2")
    with db.writer() as session:
        for host in ("h1", "h2"):
            services.stopped(session, host, "nova-compute")
    site.pass_time(30)
    assert site.watch.dead() == set()


def test_a_look_that_is_held_up_makes_no_host_dead(site):
    site.pass_time(20, "h1", "h2")
    site.clock.now += 10 * DOWN
    assert site.watch.dead() == set()


def test_a_host_that_says_goodbye_between_two_looks_may_come_back(site):
    site.pass_time(DOWN)
    with db.writer() as session:
        for host in ("h1", "h2"):
            services.stopped(session, host, "nova-compute")
    assert site.watch.may_come()
    site.pass_time(DOWN)
    assert not site.watch.may_come()


def test_a_host_that_is_forced_down_is_dead_at_once(site):
    with db.writer() as session:
        session.execute(sa.update(Service).where(Service.host == "h1").values(forced_down=True))
    site.watch.look()
    assert site.watch.dead() == {"h1"}


def test_a_server_of_a_dead_host_can_be_deleted(site):
    server = make_server(host="h1")
    operation_id = begin(server, "delete_server")
    with db.writer() as session:
        service_changes.record_done(session, operation(operation_id), Change("network", "allocate_ports", {
            "server_id": server.id}), {})
    site.pass_time(DOWN, "h2")
    site.look()
    assert operation(operation_id).state == OperationState.DONE
    assert state_of(server).vm_state == Vm.DELETED
    assert site.network.released == [server.id]
    with db.reader() as session:
        assert [each.name for each in steps.of(session, operation_id)] == ["leave_to_host"]
        assert unplaced_guests.of(session, "h1", {server.id}) == {server.id: unplaced_guests.ORPHANED}


def test_a_build_on_a_dead_host_goes_to_another(site):
    server, operation_id = building()
    lease(operation_id, seconds=-1)
    site.pass_time(DOWN, "h2")
    site.look()
    moved = operation(operation_id)
    assert (moved.place, moved.args["excluded"]) == ("conductor", ["h1"])
    assert site.notifier.notified == [("conductor", operation_id)]
    with db.reader() as session:
        assert session.execute(sa.select(Server.host).where(Server.id == server.id)).scalar() is None
        assert unplaced_guests.of(session, "h1", {server.id}) == {server.id: unplaced_guests.ORPHANED}
        assert unplaced_guests.of(session, "h2", {server.id}) == {server.id: None}


@pytest.mark.parametrize("args", [{"host": "h1"}, {"excluded": ["h2"]}], ids=["asked for it", "nobody else is left"])
def test_a_build_bound_to_its_host_waits_for_it(site, args):
    _, operation_id = building(**args)
    site.pass_time(DOWN, "h2")
    site.look()
    waiting = operation(operation_id)
    assert (waiting.place, waiting.state, waiting.attempt) == ("h1", OperationState.QUEUED, 0)


def test_an_operation_that_only_its_host_can_do_waits_for_it(site):
    server = make_server(host="h1")
    operation_id = begin(server, "stop_server")
    site.pass_time(DOWN, "h2")
    site.look()
    assert operation(operation_id).state == OperationState.QUEUED
    site.pass_time(10, "h1", "h2")
    site.look()
    assert site.notifier.notified == [("h1", "stop_server", operation_id)]


def test_an_operation_of_a_host_that_is_alive_is_left_alone(site):
    _, operation_id = building()
    lease(operation_id, seconds=60)
    site.pass_time(DOWN, "h2")
    site.look()
    assert (operation(operation_id).place, operation(operation_id).worker) == ("h1", "w1")


def test_a_server_that_came_to_another_host_in_no_known_way_is_only_reported(site):
    server = make_server(host="h2")
    with db.reader() as session:
        assert unplaced_guests.of(session, "h1", {server.id, "stray"}) == {server.id: unplaced_guests.ELSEWHERE,
                                                                     "stray": unplaced_guests.UNKNOWN}


def test_a_host_that_got_the_server_back_loses_nothing(site):
    server, operation_id = building()
    lease(operation_id, seconds=-1)
    site.pass_time(DOWN, "h2")
    site.look()
    with db.writer() as session:
        session.execute(sa.update(Operation).where(Operation.id == operation_id).values(
            place="h2", finished_at=sa.func.current_timestamp()))
        operations.write_resource(session, "server", server.id, host="h1", vm_state=Vm.ACTIVE, task_state=None)
    begin(server, "stop_server")
    with db.writer() as session:
        operations.write_resource(session, "server", server.id, host="h2", task_state=None)
    with db.reader() as session:
        assert unplaced_guests.of(session, "h1", {server.id}) == {server.id: unplaced_guests.ELSEWHERE}


def test_an_operation_that_cannot_be_read_holds_up_no_other(site):
    unreadable, fine = (begin(make_server(), "stop_server") for _ in range(2))
    with db.writer() as session:
        session.execute(sa.update(Operation).where(Operation.id == unreadable).values(name="from_the_future"))
    site.notifier.notify = lambda _context, host, name, operation_id: site.notifier.notified.append(
        (OPERATIONS[name].name, operation_id))
    site.look()
    assert site.notifier.notified == [("stop_server", fine)]


def test_a_server_that_no_host_ever_had_can_only_be_deleted(database):
    server = make_server(vm_state=Vm.ERROR, host=None)
    with pytest.raises(exceptions.ServerNotReady):
        begin(server, "hard_reboot_server")
    assert state_of(server).task_state is None
    begin(server, "delete_server")


def test_a_host_that_stopped_a_moment_ago_may_come_back_for_a_while(site):
    site.pass_time(10, "h1", "h2")
    assert not site.watch.may_come()
    with db.writer() as session:
        services.stopped(session, "h1", "nova-compute")
    assert site.watch.may_come()
    site.pass_time(DOWN, "h2")
    assert not site.watch.may_come()


def test_a_host_that_reported_since_the_scheduler_decided_may_come(site):
    """It is back when the conductor learns that there was none: to fail for want of it would be absurd."""
    site.pass_time(10, "h1", "h2")
    assert site.watch.may_come(down=["h1"])
    site.pass_time(DOWN, "h2")
    assert not site.watch.may_come(down=["h1"])


def test_a_build_for_which_all_hosts_were_down_a_moment_ago_waits(site):
    """The broker is back, and the scheduler was faster than the hosts."""
    class Scheduler:
        def select_destinations(self, *_):
            site.alive("h1", "h2")
            raise exceptions.NoValidHost(reason="2 hosts: 2 down.", down=["h1", "h2"])

    _, operation_id = building(placed=None)
    completion = Completion(Services(site.network, None))
    Build("c1", (site.notifier, Scheduler()), completion, site.watch, HeldLeases()).build_server(OWNER, operation_id)
    waiting = operation(operation_id)
    assert (waiting.place, waiting.state) == ("conductor", OperationState.QUEUED)


def test_a_conductor_that_begins_waits_for_hosts_that_were_silent_before_it(site):
    """After an outage of everything all hosts look down; what they are to build must not fail for that."""
    with db.writer() as session:
        services.stopped(session, "h1", "nova-compute")
    assert dead_hosts.Watch(lambda: True).may_come()


def test_a_host_that_was_forced_down_is_not_waited_for(site):
    with db.writer() as session:
        services.stopped(session, "h1", "nova-compute")
        session.execute(sa.update(Service).where(Service.host == "h1").values(forced_down=True))
    site.watch.look()
    assert not site.watch.may_come()
