"""Work that waits for a dead host: deletions end, builds move, the rest waits; and nothing is judged in haste."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conductor import dead_hosts, strangers
from nova_lite.conductor.flows.build import Build
from nova_lite.conductor.flows.endings import Endings
from nova_lite.conductor.poison import Poison
from nova_lite.conductor.recovery import Recovery
from nova_lite.conf import CONF
from nova_lite.db import operations, services
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server, Service
from nova_lite.objects.states import OPERATIONS, OperationState, Task, Vm
from tests.unit.test_operations import OWNER, begin, lease, make_server, operation, state_of


class Network:
    released = ()

    def release(self, _session, server_id):
        self.released += (server_id,)


class Bell:
    """Stands where a doorbell would ring: the compute RPC, and the conductor's flows."""

    def __init__(self):
        self.rung = []

    def ring(self, _context, host, name, operation_id):
        self.rung.append((host, name, operation_id))

    def flow(self, _context, operation_id):
        self.rung.append(("conductor", operation_id))


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


class Room:
    """A conductor's watch and recovery over hosts h1 and h2."""

    def __init__(self, clock):
        self.hears = True
        self.clock = clock
        self.bell = Bell()
        self.network = Network()
        endings = Endings(self.network, None)
        self.watch = dead_hosts.Watch(lambda: self.hears)
        self.recovery = Recovery({"create": self.bell.flow, "delete": self.bell.flow}, self.bell, self.watch,
                                 dead_hosts.Executor("c1", endings), Poison(endings))
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
            session.execute(sa.update(Operation).values(rung_at=None))
            for host in self.watch.dead():
                services.stopped(session, host, "nova-compute")
        self.recovery.look()


@pytest.fixture
def room(database, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(dead_hosts, "time", clock)
    return Room(clock)


DOWN = 70       # more than [operations] service_down_time


def building(placed="h1", **args):
    server = make_server(vm_state=Vm.BUILDING, task_state=Task.SCHEDULING, host=placed)
    with db.writer() as session:
        return server, operations.record(session, OWNER, OPERATIONS["create"], server.id, server, args)


def test_a_host_without_signs_of_life_is_dead(room):
    room.pass_time(DOWN, "h2")
    assert room.watch.dead() == {"h1"}
    room.pass_time(10, "h1", "h2")
    assert room.watch.dead() == set()


def test_no_host_is_dead_while_this_conductor_hears_nothing(room):
    room.hears = False
    room.pass_time(DOWN)
    assert room.watch.dead() == set()
    room.hears = True
    room.pass_time(CONF.operations.service_down_time - 20)
    assert room.watch.dead() == set()
    room.pass_time(DOWN)
    assert room.watch.dead() == {"h1", "h2"}


def test_a_clock_that_jumps_makes_no_host_dead(room):
    room.pass_time(20, "h1", "h2")
    with db.writer() as session:
        for host in ("h1", "h2"):
            services.stopped(session, host, "nova-compute")
    room.pass_time(30)
    assert room.watch.dead() == set()


def test_a_look_that_is_held_up_makes_no_host_dead(room):
    room.pass_time(20, "h1", "h2")
    room.clock.now += 10 * DOWN
    assert room.watch.dead() == set()


def test_a_host_that_says_goodbye_between_two_looks_may_come_back(room):
    room.pass_time(DOWN)
    with db.writer() as session:
        for host in ("h1", "h2"):
            services.stopped(session, host, "nova-compute")
    assert room.watch.may_come()
    room.pass_time(DOWN)
    assert not room.watch.may_come()


def test_a_host_that_is_forced_down_is_dead_at_once(room):
    with db.writer() as session:
        session.execute(sa.update(Service).where(Service.host == "h1").values(forced_down=True))
    room.watch.look()
    assert room.watch.dead() == {"h1"}


def test_a_server_of_a_dead_host_can_be_deleted(room):
    server = make_server(host="h1")
    operation_id = begin(server, "delete")
    room.pass_time(DOWN, "h2")
    room.look()
    assert operation(operation_id).state == OperationState.DONE
    assert state_of(server).vm_state == Vm.DELETED
    assert room.network.released == (server.id,)
    with db.reader() as session:
        assert [each.name for each in operations.steps_of(session, operation_id)] == ["leave_to_host"]
        assert strangers.of(session, "h1", {server.id}) == {server.id: strangers.ORPHANED}


def test_a_build_on_a_dead_host_goes_to_another(room):
    server, operation_id = building()
    lease(operation_id, seconds=-1)
    room.pass_time(DOWN, "h2")
    room.look()
    moved = operation(operation_id)
    assert (moved.place, moved.args["excluded"]) == ("conductor", ["h1"])
    assert room.bell.rung == [("conductor", operation_id)]
    with db.reader() as session:
        assert session.execute(sa.select(Server.host).where(Server.id == server.id)).scalar() is None
        assert strangers.of(session, "h1", {server.id}) == {server.id: strangers.ORPHANED}
        assert strangers.of(session, "h2", {server.id}) == {server.id: None}


@pytest.mark.parametrize("args", [{"host": "h1"}, {"excluded": ["h2"]}], ids=["asked for it", "nobody else is left"])
def test_a_build_that_can_only_be_there_waits_for_its_host(room, args):
    _, operation_id = building(**args)
    room.pass_time(DOWN, "h2")
    room.look()
    waiting = operation(operation_id)
    assert (waiting.place, waiting.state, waiting.attempt) == ("h1", OperationState.QUEUED, 0)


def test_what_only_the_host_can_do_waits_for_it(room):
    server = make_server(host="h1")
    operation_id = begin(server, "stop")
    room.pass_time(DOWN, "h2")
    room.look()
    assert operation(operation_id).state == OperationState.QUEUED
    room.pass_time(10, "h1", "h2")
    room.look()
    assert room.bell.rung == [("h1", "stop", operation_id)]


def test_a_host_that_worked_all_along_is_left_alone(room):
    _, operation_id = building()
    lease(operation_id, seconds=60)
    room.pass_time(DOWN, "h2")
    room.look()
    assert (operation(operation_id).place, operation(operation_id).worker) == ("h1", "w1")


def test_a_server_that_came_to_another_host_in_no_known_way_is_only_reported(room):
    server = make_server(host="h2")
    with db.reader() as session:
        assert strangers.of(session, "h1", {server.id, "stray"}) == {server.id: strangers.ELSEWHERE,
                                                                     "stray": strangers.UNKNOWN}


def test_a_host_that_got_the_server_back_loses_nothing(room):
    server, operation_id = building()
    lease(operation_id, seconds=-1)
    room.pass_time(DOWN, "h2")
    room.look()
    with db.writer() as session:
        session.execute(sa.update(Operation).where(Operation.id == operation_id).values(
            place="h2", finished_at=sa.func.current_timestamp()))
        operations.write_server(session, server.id, host="h1", vm_state=Vm.ACTIVE, task_state=None)
    begin(server, "stop")
    with db.writer() as session:
        operations.write_server(session, server.id, host="h2", task_state=None)
    with db.reader() as session:
        assert strangers.of(session, "h1", {server.id}) == {server.id: strangers.ELSEWHERE}


def test_an_operation_that_cannot_be_read_holds_up_no_other(room):
    poisoned, fine = (begin(make_server(), "stop") for _ in range(2))
    with db.writer() as session:
        session.execute(sa.update(Operation).where(Operation.id == poisoned).values(name="from_the_future"))
    room.bell.ring = lambda _context, host, name, operation_id: room.bell.rung.append(
        (OPERATIONS[name].name, operation_id))
    room.look()
    assert room.bell.rung == [("stop", fine)]


def test_a_server_that_no_host_ever_had_can_only_be_deleted(database):
    server = make_server(vm_state=Vm.ERROR, host=None)
    with pytest.raises(exception.ServerNotReady):
        begin(server, "reboot_hard")
    assert state_of(server).task_state is None
    begin(server, "delete")


def test_a_host_that_stopped_a_moment_ago_may_come_back_for_a_while(room):
    room.pass_time(10, "h1", "h2")
    assert not room.watch.may_come()
    with db.writer() as session:
        services.stopped(session, "h1", "nova-compute")
    assert room.watch.may_come()
    room.pass_time(DOWN, "h2")
    assert not room.watch.may_come()


def test_a_host_that_was_heard_since_the_scheduler_decided_may_come(room):
    """It is back when the conductor learns that there was none: to fail for want of it would be absurd."""
    room.pass_time(10, "h1", "h2")
    assert room.watch.may_come(down=["h1"])
    room.pass_time(DOWN, "h2")
    assert not room.watch.may_come(down=["h1"])


def test_a_build_for_which_all_hosts_were_down_a_moment_ago_waits(room):
    """The broker is back, and the scheduler was faster than the hosts."""
    class Scheduler:
        def select_destinations(self, *_):
            room.alive("h1", "h2")
            raise exception.NoValidHost(reason="2 hosts: 2 down.", down=["h1", "h2"])

    _, operation_id = building(placed=None)
    Build("c1", room.network, (room.bell, Scheduler()), Endings(room.network, None), room.watch).build_server(
        OWNER, operation_id)
    waiting = operation(operation_id)
    assert (waiting.place, waiting.state) == ("conductor", OperationState.QUEUED)


def test_a_conductor_that_begins_waits_for_hosts_that_were_silent_before_it(room):
    """After an outage of everything all hosts look down; what they are to build must not fail for that."""
    with db.writer() as session:
        services.stopped(session, "h1", "nova-compute")
    assert dead_hosts.Watch(lambda: True).may_come()


def test_a_host_that_was_forced_down_is_not_waited_for(room):
    with db.writer() as session:
        services.stopped(session, "h1", "nova-compute")
        session.execute(sa.update(Service).where(Service.host == "h1").values(forced_down=True))
    room.watch.look()
    assert not room.watch.may_come()
