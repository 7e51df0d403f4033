"""The auditor: every kind of drift is found, what is safe is mended, what is true is left alone, and all is counted."""

import contextlib
import dataclasses
import datetime
import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common.context import RequestContext
from nova_lite.compute.actions import network_info
from nova_lite.compute.tasks.audit import Audit
from nova_lite.compute.tasks.running import Running
from nova_lite.conductor import host_audit, unplaced_guests
from nova_lite.conductor.auditor import Auditor
from nova_lite.conductor.endpoints.audit import Audits
from nova_lite.conf import CONF
from nova_lite.db import (
    allocations,
    audit,
    drifts,
    interfaces,
    new_servers,
    operations,
    quota_usage,
    quotas,
    server_moves,
    server_objects,
    services,
)
from nova_lite.db.base import new_id, now
from nova_lite.db.models.audit import Drift, Look
from nova_lite.db.models.networks import Port, PortBinding
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.server_migrations import ServerMigration
from nova_lite.db.models.servers import Allocation, ComputeNode, Interface, Quota, Server, Service
from nova_lite.db.network import quotas as network_quotas
from nova_lite.network.api import API as Network
from nova_lite.network.planes.fake import FakePlane
from nova_lite.objects import drift
from nova_lite.objects.allocation import Purpose
from nova_lite.objects.drift import KINDS, HostReport
from nova_lite.objects.server import Image
from nova_lite.objects.states import OPERATIONS, Power, Task, Vm
from nova_lite.virt.fake import FakeDriver

HOST = "h1"
OWNER = RequestContext("user", "project", ("member",))
FLAVOR = {"flavorid": "1", "name": "tiny", "vcpus": 2, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 2,
          "swap_mb": 1025, "rxtx_factor": 1.0, "is_public": True, "extra_specs": {}}
ASKED = {"vcpus": 2, "memory_mb": 64, "disk_gb": 5}
USED = {"vcpus_used": 2, "memory_mb_used": 64, "disk_gb_used": 5}


@pytest.fixture
def network(database):
    made = Network()
    made.ensure_default_network("project")
    return made


@pytest.fixture
def server(network):
    """One server as a whole cloud leaves it: placed, counted, with a port."""
    with db.writer() as session:
        session.add(ComputeNode(host=HOST, hypervisor_hostname=HOST, hypervisor_type="fake", hypervisor_version=1,
                                host_ip="192.0.2.1", vcpus=8, memory_mb=8192, disk_gb=100))
        session.flush()
        services.seen(session, HOST, "nova-compute", "compute")
    return make_server(network)


def make_server(network, **values):
    row = {"id": new_id(), "project_id": "project", "user_id": "user", "display_name": "s", "hostname": "s",
           "vm_state": Vm.ACTIVE, "power_state": 1, "flavor": FLAVOR, "requested_networks": [{"auto": True}]} | values
    with db.writer() as session:
        made = new_servers.insert(session, [row])[0]
        assert allocations.claim(session, made.id, HOST, ASKED)
        network.allocate(server_objects.row(session, made.id))
    return made


def change(model, where, **values):
    with db.writer() as session:
        session.execute(sa.update(model).where(where).values(**values))
        if model is Server:
            for server_id in session.execute(sa.select(Server.id).where(where)).scalars().all():
                quota_usage.count(session, server_id)


def insert(model, **values):
    with db.writer() as session:
        session.execute(sa.insert(model).values(**values))


def remove(model, where):
    with db.writer() as session:
        session.execute(sa.delete(model).where(where))


def rows(model):
    with db.reader() as session:
        return session.execute(sa.select(model.__table__)).all()


def of_server(server):
    return next(row for row in rows(Server) if row.id == server.id)


def look(network, repair=True):
    """{kind: finding} of one look."""
    found, _ = Auditor(network, repair).examine()
    assert all(each.kind in KINDS for each in found)
    return {each.kind: each for each in found}


def begin(server, name="stop_server", **values):
    with db.writer() as session:
        operation_id, _ = operations.begin(session, OWNER, server.id, OPERATIONS[name])
    if values:
        change(Operation, Operation.id == operation_id, **values)
    return operation_id


# ---- nothing wrong

def test_auditor_finds_no_drift_in_a_consistent_cloud(network, server):
    begin(make_server(network))
    assert look(network) == {}


def test_auditor_without_repair_changes_nothing(network, server):
    remove(Allocation, Allocation.server_id == server.id)
    assert not look(network, repair=False)["allocation_missing"].repaired
    assert rows(Allocation) == []


# ---- claims and counters

def test_a_server_that_waits_for_its_resize_to_be_confirmed_holds_the_larger_size(network, server):
    large = {**FLAVOR, "vcpus": 4, "memory_mb": 32}
    change(Server, Server.id == server.id, vm_state=Vm.RESIZED, flavor=large)
    with db.writer() as session:
        before = open_migration(session, server, new_flavor=large)
        server_moves.arrive(session, before)
    assert look(network) == {}
    assert used() == {**USED, "vcpus_used": 4}
    huge = {("h1", Purpose.HOME): {**ASKED, "vcpus": 4000}}
    with db.writer() as session:
        assert not allocations.try_hold(session, server.id, huge)
        assert allocations.try_hold(session, server.id, {("h1", Purpose.HOME): ASKED})
    assert used() == USED


def open_migration(session, server, **values):
    """The row of a server that is in a migration from its flavor on its host."""
    server_moves.begin(session, OWNER, server_objects.row(session, server.id), kind="resize", status="pre-migrating",
                       source_host=HOST, dest_host=HOST, old_flavor=FLAVOR, **values)
    return server_objects.row(session, server.id)


def test_allocations_of_a_resize_follow_its_migration(network, server):
    large = {**FLAVOR, "vcpus": 4, "memory_mb": 32}
    with db.writer() as session:
        operations.begin(session, OWNER, server.id, OPERATIONS["resize_server"])
        assert server_moves.try_start(session, open_migration(session, server, new_flavor=large))
    assert look(network) == {}
    assert held() == {(HOST, "home"): (2, 64, 5), (HOST, "move"): (2, 0, 0)}
    change(Allocation, Allocation.purpose == "move", vcpus=1)
    assert look(network)["move_allocation_differs"].repaired
    assert held() == {(HOST, "home"): (2, 64, 5), (HOST, "move"): (2, 0, 0)}


def held():
    return {(row.host, row.purpose): (row.vcpus, row.memory_mb, row.disk_gb) for row in rows(Allocation)}


def test_the_allocation_left_by_an_evacuation_is_held_until_its_host_is_clean(network, server):
    insert(Allocation, server_id=server.id, host=HOST, purpose="leftover", **ASKED)
    change(ComputeNode, ComputeNode.host == HOST, vcpus_used=4, memory_mb_used=128, disk_gb_used=10)
    insert(ServerMigration, server_id=server.id, project_id="p", user_id="u", kind="evacuation", status="done",
           source_host=HOST)
    assert look(network) == {}
    change(ServerMigration, ServerMigration.server_id == server.id, status="completed")
    assert look(network)["leftover_orphaned"].repaired
    assert held() == {(HOST, "home"): (2, 64, 5)}
    assert used() == USED


def used():
    [node] = rows(ComputeNode)
    return {name: getattr(node, name) for name in USED}


DAMAGE = {
    "allocation_missing": lambda server: remove(Allocation, Allocation.server_id == server.id),
    "allocation_differs": lambda server: change(Allocation, Allocation.server_id == server.id, vcpus=7),
    "move_allocation_differs": lambda server: insert(
        Allocation, server_id=server.id, host=HOST, purpose="move", **ASKED),
    "leftover_orphaned": lambda server: insert(
        Allocation, server_id=server.id, host=HOST, purpose="leftover", **ASKED),
    "counters_differ": lambda server: change(ComputeNode, ComputeNode.host == HOST, memory_mb_used=-5),
    "port_misplaced": lambda server: change(PortBinding, PortBinding.host == HOST, host="elsewhere"),
    "addresses_differ": lambda server: change(Server, Server.id == server.id, addresses=[], security_groups=["x"]),
    "task_orphaned": lambda server: change(Server, Server.id == server.id, task_state=Task.POWERING_ON),
}


def plain():
    """Every server, port and allocation but what counts changes."""
    counts = ("updated_at", "revision", "interfaces_version")
    return [{name: value for name, value in row._mapping.items() if name not in counts}
            for model in (Server, Port, PortBinding, Allocation, Interface) for row in rows(model)]


def test_auditor_repairs_interfaces_that_differ_from_their_ports(network, server):
    before = plain()
    remove(Interface, Interface.server_id == server.id)
    assert look(network)["addresses_differ"].repaired
    assert look(network) == {}
    assert plain() == before


@pytest.mark.parametrize("kind", DAMAGE)
def test_auditor_repairs_each_safe_kind_of_drift(network, server, kind):
    before = plain()
    DAMAGE[kind](server)
    assert look(network)[kind].repaired
    assert look(network) == {}
    assert plain() == before
    assert used() == USED


@pytest.mark.parametrize("state", ["INACTIVE", "ACTIVE"])
def test_a_port_has_one_active_binding(network, server, state):
    """None is left, or there are two."""
    if state == "INACTIVE":
        change(PortBinding, PortBinding.host == HOST, state=state)
    else:
        [port] = rows(Port)
        insert(PortBinding, port_id=port.id, host="h0", state=state, vif_type="bridge")
    assert look(network)["port_misplaced"].repaired
    assert look(network) == {}
    assert [(row.host, row.state, row.vif_type) for row in rows(PortBinding)] == [(HOST, "ACTIVE", "bridge")]


def test_a_migration_that_nothing_goes_on_with_is_closed(network, server):
    with db.writer() as session:
        open_migration(session, server, new_flavor=FLAVOR)
    assert look(network)["migration_stale"].repaired
    assert look(network) == {}
    assert [row.status for row in rows(ServerMigration)] == ["error"]


def test_a_server_on_no_host_holds_nothing(network, server):
    change(Server, Server.id == server.id, host=None)
    change(PortBinding, PortBinding.host == HOST, host="", vif_type="unbound")
    assert look(network)["allocation_unplaced"].repaired
    assert rows(Allocation) == []
    assert used() == dict.fromkeys(USED, 0)


def test_auditor_frees_allocations_ports_and_operations_of_deleted_servers(network, server):
    change(Server, Server.id == server.id, deleted_at=now(), vm_state=Vm.DELETED)
    operation_id = begin_for_nobody(server)
    found = look(network)
    assert {"allocation_orphaned", "port_orphaned", "operation_orphaned"} == set(found)
    assert found["operation_orphaned"].detail == operation_id
    assert (rows(Allocation), rows(Port)) == ([], [])
    assert used() == dict.fromkeys(USED, 0)
    assert look(network) == {}


def begin_for_nobody(server):
    with db.writer() as session:
        return operations.record(session, OWNER, OPERATIONS["stop_server"], server.id, of_server(server))


def test_a_server_on_an_unknown_host_is_listed(network, server):
    change(Server, Server.id == server.id, host="ghost")
    found = look(network)
    assert not found["host_unknown"].repaired
    assert found["host_unknown"].subject == server.id


# ---- operations

def test_auditor_fails_builds_without_an_operation(network, server):
    change(Server, Server.id == server.id, vm_state=Vm.BUILDING, task_state=None)
    assert look(network)["task_orphaned"].repaired
    assert (of_server(server).vm_state, of_server(server).fault["code"]) == (Vm.ERROR, 500)


def test_an_operation_without_its_claim_is_listed(network, server):
    begin(server)
    change(Server, Server.id == server.id, task_state=None)
    assert set(look(network)) == {"operation_unclaimed"}


def test_two_operations_of_one_server_are_listed(network, server):
    begin(server)
    begin_for_nobody(server)
    assert set(look(network)) == {"operation_crowd"}


def test_an_operation_past_its_deadline_is_listed(network, server):
    begin(server, deadline=now() - datetime.timedelta(hours=1))
    assert set(look(network)) == {"operation_overdue"}


def test_an_operation_that_waits_for_a_silent_host_is_listed(network, server):
    begin(server, created_at=now() - datetime.timedelta(hours=1))
    assert look(network) == {}
    change(Service, Service.host == HOST, last_seen_at=now() - datetime.timedelta(hours=1))
    assert set(look(network)) == {"operation_waiting"}


def test_a_row_that_makes_no_sense_is_named_and_hides_no_other(network, server):
    broken = make_server(network)
    change(Server, Server.id == broken.id, flavor={"vcpus": "many"})
    DAMAGE["task_orphaned"](server)
    found = look(network)
    assert (found["record_damaged"].subject, found["record_damaged"].repaired) == (broken.id, False)
    assert found["task_orphaned"].repaired


@pytest.mark.parametrize("column", ["flavor", "addresses", "security_groups"])
def test_a_row_whose_json_is_damaged_is_named_and_hides_no_other(network, server, column):
    broken = make_server(network)
    with db.writer() as session:
        session.execute(sa.text(f"UPDATE servers SET {column} = '{{' WHERE id = :id"), {"id": broken.id})
    DAMAGE["task_orphaned"](server)
    found = look(network)
    assert (found["record_damaged"].subject, found["record_damaged"].repaired) == (broken.id, False)
    assert column in found["record_damaged"].detail
    assert found["task_orphaned"].repaired
    with db.reader() as session:
        assert audit.on_host(session, HOST).keys() == {server.id, broken.id}


# ---- quota

@pytest.mark.parametrize("damage", ["a change of the sums is lost", "a server was changed by hand"])
def test_auditor_corrects_wrong_sums_of_quota_usage(network, server, damage):
    assert look(network) == {}
    with db.writer() as session:
        if damage == "a change of the sums is lost":
            quota_usage.add(session, server.project_id, server.user_id, [8, 0, -3, 1, 0])
        else:
            session.execute(sa.update(Server).where(Server.id == server.id).values(flavor={**FLAVOR, "vcpus": 7}))
    found = look(network)["quota_miscounted"]
    assert found.repaired
    assert look(network) == {}
    with db.reader() as session:
        assert quota_usage.miscounted_servers(session, server.project_id) == []
        assert quota_usage.sums(session, server.project_id)["more_cores"] == 0
        assert quotas.usage(session, server.project_id)["instances"] == 1


def test_a_server_that_is_softly_deleted_uses_no_quota(network, server):
    change(Server, Server.id == server.id, vm_state=Vm.SOFT_DELETED)
    assert look(network) == {}


def test_a_project_beyond_its_quota_is_listed(network, server):
    with db.writer() as session:
        session.execute(sa.insert(Quota), {"project_id": "project", "resource": "cores", "limit": 1})
    assert look(network)["quota_exceeded"].detail == "cores: 2 of 1"


def test_a_project_beyond_its_own_quota_of_the_network_service_is_listed(network, server, conf):
    def set_limit(limit):
        with db.writer() as session:
            network_quotas.write(session, "project", {"port": limit})
    set_limit(0)
    assert look(network)["quota_exceeded"].detail == "port: 1 of 0"
    conf.set_override("quota_port", 0, "network")
    set_limit(1)
    assert look(network) == {}
    set_limit(-1)
    assert look(network) == {}
    with db.writer() as session:
        network_quotas.clear(session, "project")
    assert look(network)["quota_exceeded"].detail == "port: 1 of 0"
    conf.clear_override("quota_port", "network")


# ---- memory

def test_drift_is_counted_once_however_long_it_stays(network, server):
    change(Server, Server.id == server.id, host="ghost")
    auditor = Auditor(network, repair=False)
    for _ in range(3):
        change_turn()
        auditor.look()
    assert counters()["drift_found", "host_unknown"] == 1
    assert [(row.kind, row.state, row.times) for row in rows(Drift) if row.kind == "host_unknown"] == [
        ("host_unknown", "open", 1)]
    change(Server, Server.id == server.id, host=HOST)
    change_turn()
    auditor.look()
    assert {row.state for row in rows(Drift)} == {"gone"}


def test_drift_that_comes_back_is_counted_again(network, server):
    auditor = Auditor(network)
    for _ in range(2):
        remove(Allocation, Allocation.server_id == server.id)
        change_turn()
        auditor.look()
    assert counters()["drift_found", "allocation_missing"] == counters()["drift_repaired", "allocation_missing"] == 2
    [row] = [row for row in rows(Drift) if row.kind == "allocation_missing"]
    assert (row.state, row.times) == ("repaired", 2)


def change_turn():
    """The interval passes."""
    with db.writer() as session:
        session.execute(sa.text("UPDATE audit_looks SET turn_at = '2020-01-01 00:00:00.000000'"))


def counters():
    with db.reader() as session:
        return {(name, label): value for name, label, value in drifts.counters(session)}


def test_only_one_of_two_conductors_audits(network, server):
    DAMAGE["task_orphaned"](server)
    Auditor(network).look()
    DAMAGE["task_orphaned"](server)
    Auditor(network).look()
    assert of_server(server).task_state == Task.POWERING_ON


def test_a_clock_that_was_set_back_does_not_stop_the_auditor(network, server):
    DAMAGE["task_orphaned"](server)
    with db.writer() as session:
        drifts.ask(session, [drifts.DATABASE])
    change(Look, sa.true(), turn_at=now() + datetime.timedelta(hours=1))
    Auditor(network).look()
    assert of_server(server).task_state is None


def test_large_clouds_are_looked_at_in_pieces(network, server):
    more = [make_server(network, id=new_id()) for _ in range(3)]
    remove(Allocation, Allocation.server_id == more[2].id)
    auditor = Auditor(network)
    found, position = auditor.examine(batch=2)
    assert [each.kind for each in found] == ["counters_differ"]
    found, position = auditor.examine(position, batch=2)
    assert [each.subject for each in found if each.kind == "allocation_missing"] == [more[2].id]


def test_ended_operations_are_counted_by_name_and_outcome(network, server):
    begin(server, state="done", finished_at=now() - datetime.timedelta(minutes=1))
    for _ in range(2):
        with db.writer() as session:
            drifts.count_operations(session)
    assert counters() == {("operations", "stop_server done"): 1}


def test_a_look_costs_as_many_statements_however_many_servers_there_are(network, server):
    def statements(look):
        said = []
        sa.event.listen(db.session.engine(), "before_cursor_execute", listener := lambda *about: said.append(about[2]))
        look()
        sa.event.remove(db.session.engine(), "before_cursor_execute", listener)
        return len([each for each in said if each.startswith("SELECT")])

    def check():
        with db.snapshot() as session:
            assert host_audit.check(session, network, HOST, report())[0].findings == []

    def report():
        guests, ports = dict.fromkeys((row.id for row in rows(Server)), 1), {
            row.id: row.server_id for row in rows(Port)}
        return HostReport.make(guests=guests, halted={}, nics={}, disks=None, ports=ports, taps=None, loose=[],
                               leases=None, strays=[], images=None, leftovers=[], unknown=[], busy=[])
    few = statements(Auditor(network).examine)
    for _ in range(3):
        make_server(network)
    assert statements(Auditor(network).examine) == few <= 25
    assert statements(check) <= 4 + 2           # two of them are report's own


# ---- hosts

class Images:
    """The image facade: it has every image that is asked for."""

    def for_server(self, _context, image_id):
        return Image.make(id=image_id, name=None, disk_format="raw", size=1, virtual_size=1, checksum=None,
                          hash_algo=None, min_disk=0, min_ram=0, properties={}, path=None, url=None, token=None)


class Tokens:
    def service_token(self):
        return "token"


class Wire:
    """The conductor as a host sees it, without a wire."""

    def __init__(self, network):
        self.facades = types.SimpleNamespace(network=network, image=Images(), identity=Tokens())
        self._audits = Audits(self.facades)
        self.seen = []

    def audit_host(self, _context, host, report):
        assert isinstance(report, HostReport)
        return self._audits.audit_host(_context, host, report)

    def drift_seen(self, _context, host, findings, seconds, _asked):
        self.seen = [each for each in findings if each.sure]
        with db.writer() as session:
            drifts.record(session, host, findings)
            drifts.looked(session, host, seconds)

    def orphaned(self, _context, host, server_ids):
        with db.reader() as session:
            known = unplaced_guests.of(session, host, set(server_ids))
            return [each for each, what in known.items() if what == "orphaned"]

    def nics(self, _context, host, server_id):
        assert host == HOST
        with db.reader() as session:
            return interfaces.nics(session, [server_id]).get(server_id, [])

    def report_power(self, _context, host, guests, _seen_at):
        with db.writer() as session:
            services.power_reported(session, host, guests)


class House:
    """A host with one server's guest, in order."""

    def __init__(self, network, server, folder):
        CONF.set_override("host", HOST)
        CONF.set_override("state_dir", str(folder))
        self.wire = Wire(network)
        self.driver = FakeDriver()
        self.network = FakePlane(CONF)
        self.running = Running(HOST, "w", self.wire)
        self.audit = Audit(self.running, (self.driver, self.network, None), self.wire)
        with db.reader() as session:
            self.server = server_objects.build(server_objects.row(session, server.id),
                                               interfaces.nics(session, [server.id]).get(server.id, []))
        self.spawn(server.id, self.network.plug(self.server.nics, self.server))

    def spawn(self, server_id, vifs=()):
        from nova_lite.virt.spec import GuestSpec
        self.driver.build.spawn(GuestSpec(id=server_id, name="i", title="t", project_id="p", user_id="u", vcpus=1,
                                          memory_mb=1, vifs=tuple(vifs)))

    def wire_up(self, server_id, macs):
        """The guest's NICs change, whatever the database says."""
        guests = self.driver.power._guests
        guests.put(dataclasses.replace(guests.get(server_id), macs=tuple(macs)))

    def look(self, times=2):
        """{kind: finding} that ``times`` looks were sure of."""
        found = {}
        for _ in range(times):
            self.audit.look()
            found |= {each.kind: each for each in self.wire.seen}
        return found


@pytest.fixture
def house(network, server, tmp_path):
    yield House(network, server, tmp_path)
    CONF.clear_override("host")
    CONF.clear_override("state_dir")


def test_auditor_finds_no_drift_on_a_consistent_host(house):
    assert house.look(3) == {}


@pytest.mark.parametrize("vm_state", sorted(set(Vm) - {Vm.DELETED, Vm.BUILDING, Vm.ERROR, Vm.SHELVED_OFFLOADED}))
def test_a_server_at_rest_in_any_state_is_no_drift_and_its_lost_port_is_seen(house, network, server, vm_state):
    change(Server, Server.id == server.id, vm_state=vm_state)
    assert house.look(3) == {}
    assert look(network) == {}
    house.network.unplug(house.network.present())
    assert house.look()["port_unplugged"].repaired


def test_a_paused_server_whose_guest_vanished_is_shut_off(house, server):
    change(Server, Server.id == server.id, vm_state=Vm.PAUSED)
    house.driver.build.destroy(server.id)
    assert house.look()["guest_missing"].repaired
    assert of_server(server).vm_state == Vm.STOPPED


@pytest.mark.parametrize(("vm_state", "power", "becomes"), [
    (Vm.ACTIVE, Power.RUNNING, Vm.ACTIVE), (Vm.ACTIVE, Power.PAUSED, Vm.ACTIVE),
    (Vm.ACTIVE, Power.SHUTDOWN, Vm.STOPPED), (Vm.STOPPED, Power.RUNNING, Vm.ACTIVE),
    (Vm.STOPPED, Power.CRASHED, Vm.STOPPED), (Vm.PAUSED, Power.PAUSED, Vm.PAUSED),
    (Vm.PAUSED, Power.RUNNING, Vm.ACTIVE), (Vm.PAUSED, Power.SHUTDOWN, Vm.STOPPED),
    (Vm.SUSPENDED, Power.SHUTDOWN, Vm.SUSPENDED), (Vm.SUSPENDED, Power.PAUSED, Vm.SUSPENDED),
    (Vm.SUSPENDED, Power.RUNNING, Vm.ACTIVE), (Vm.RESCUED, Power.SHUTDOWN, Vm.RESCUED),
    (Vm.RESIZED, Power.SHUTDOWN, Vm.RESIZED), (Vm.SHELVED, Power.SHUTDOWN, Vm.SHELVED),
    (Vm.SOFT_DELETED, Power.SHUTDOWN, Vm.SOFT_DELETED), (Vm.ERROR, Power.RUNNING, Vm.ERROR)])
def test_the_power_of_a_guest_decides_the_state_of_a_server_at_rest(server, vm_state, power, becomes):
    change(Server, Server.id == server.id, vm_state=vm_state, power_state=0)
    with db.writer() as session:
        services.power_reported(session, HOST, {server.id: power})
    assert (of_server(server).vm_state, of_server(server).power_state) == (becomes, power)


def test_a_difference_seen_only_once_is_no_drift(house):
    house.driver.build.destroy(house.server.id)
    assert house.look(1) == {}


def test_a_server_whose_guest_vanished_is_shut_off(house, server):
    house.driver.build.destroy(server.id)
    assert house.look()["guest_missing"].repaired
    assert (of_server(server).vm_state, of_server(server).power_state) == (Vm.STOPPED, Power.NOSTATE)
    assert house.look() == {}


def test_a_guest_of_a_deleted_server_is_removed(house, server):
    change(Server, Server.id == server.id, deleted_at=now())
    remove(Port, Port.server_id == server.id)
    found = house.look()
    assert found["guest_orphaned"].repaired
    assert found["port_stray"].repaired
    assert (house.driver.host.guests(), house.network.plugged) == ({}, {})


def test_an_unknown_guest_is_listed_and_never_touched(house):
    unknown = new_id()
    house.spawn(unknown)
    assert not house.look(4)["guest_unknown"].repaired
    assert unknown in house.driver.host.guests()


def test_a_guest_of_a_server_that_is_elsewhere_is_listed_only(house, server):
    change(Server, Server.id == server.id, host="h2")
    assert not house.look(4)["guest_elsewhere"].repaired
    assert server.id in house.driver.host.guests()


def test_a_guest_at_the_other_end_of_a_migration_stays(house, server):
    change(Server, Server.id == server.id, host="h2")
    change(Allocation, Allocation.server_id == server.id, purpose="move")
    assert house.look(4) == {}
    assert server.id in house.driver.host.guests()


def test_auditor_removes_the_guest_left_by_an_evacuation(house, server):
    change(Server, Server.id == server.id, host="h2")
    change(Allocation, Allocation.server_id == server.id, purpose="leftover")
    assert house.look()["guest_orphaned"].repaired
    assert server.id not in house.driver.host.guests()


def test_a_guest_halted_by_a_full_disk_resumes_once_there_is_space(house, server):
    house.driver.pause.halts(server.id)
    found = house.look(4)["guest_halted"]
    assert (found.repaired, found.detail) == (False, "no space left for its disk vda")
    assert house.driver.power.state(server.id) is Power.PAUSED
    house.driver.pause.full = False
    assert house.look()["guest_halted"].repaired
    assert house.driver.power.state(server.id) is Power.RUNNING
    assert of_server(server).power_state == Power.RUNNING
    assert house.look() == {}


def test_a_halted_guest_that_its_user_paused_stays_so(house, server):
    house.driver.pause.halts(server.id)
    house.driver.pause.full = False
    change(Server, Server.id == server.id, vm_state=Vm.PAUSED)
    assert house.look(4) == {}
    assert house.driver.power.state(server.id) is Power.PAUSED


@pytest.mark.parametrize("vm_state", [Vm.ACTIVE, Vm.ERROR])
def test_the_nics_of_a_running_guest_follow_its_ports(house, server, vm_state):
    change(Server, Server.id == server.id, vm_state=vm_state)
    [nic] = house.server.nics
    house.wire_up(server.id, [])
    found = house.look()
    assert set(found) == {"nic_missing"}
    assert (found["nic_missing"].repaired, found["nic_missing"].subject) == (True, nic.port_id)
    assert house.driver.host.nics() == {server.id: [nic.mac]}
    assert house.look() == {}
    house.wire_up(server.id, [nic.mac, "fa:16:3e:00:00:99"])
    assert house.look()["nic_stray"].repaired
    assert house.driver.host.nics() == {server.id: [nic.mac]}
    remove(Port, Port.server_id == server.id)
    network_info.refresh(Network(), [server.id])
    found = house.look()
    assert found["nic_stray"].repaired and found["port_stray"].repaired
    assert house.driver.host.nics() == {server.id: []}


def test_nics_of_a_guest_that_does_not_run_are_left_to_its_next_start(house, server):
    house.wire_up(server.id, [])
    house.driver.pause.pause(server.id)
    change(Server, Server.id == server.id, vm_state=Vm.PAUSED)
    assert house.look(3) == {}
    house.driver.power.becomes(server.id, Power.SHUTDOWN)
    change(Server, Server.id == server.id, vm_state=Vm.STOPPED)
    assert house.look(3) == {}


def test_nics_are_repaired_to_what_the_database_says_by_then(house, server):
    """What was examined is past: a port may have come or gone since."""
    [nic] = house.server.nics
    house.wire_up(server.id, ["fa:16:3e:00:00:99"])
    nics, house.wire.nics = house.wire.nics, lambda *_: [nic.obj_clone()]
    nic.mac, nic.port_id = "fa:16:3e:00:00:99", new_id()
    found = house.look()
    assert not found["nic_missing"].repaired and not found["nic_stray"].repaired
    assert house.driver.host.nics() == {server.id: ["fa:16:3e:00:00:99"]}
    house.wire.nics = nics
    assert house.look(1)["nic_missing"].repaired


def test_a_lost_port_is_plugged_again(house, server):
    house.network.remembered.clear()
    assert house.look()["port_unplugged"].repaired
    assert list(house.network.plugged.values()) == [server.id]


@pytest.mark.parametrize(("disks", "kind"), [
    ({}, "disk_missing"), ({"server": "the disk is gone"}, "disk_missing"),
    ({"server": "", "5f3c0bd4-3a3c-4bd0-8b0f-6a5a6a3d7d11": ""}, "disk_unknown")])
def test_disks_of_a_host_are_compared_with_its_servers(house, server, disks, kind):
    house.driver.host.disks = lambda: {server.id if key == "server" else key: value for key, value in disks.items()}
    assert set(house.look()) == {kind}


def test_taps_of_a_host_are_compared_with_its_ports(house):
    house.network.seen["devices"] = ["tapforeign"]
    assert set(house.look()) == {"tap_unknown", "tap_missing"}


def test_auditor_removes_devices_of_no_network(house):
    strays = ["5f3c0bd4-3a3c-4bd0-8b0f-6a5a6a3d7d11"]
    house.network.seen["strays"], house.network.heal = strays, strays.clear
    found = house.look()["network_stray"]
    assert (found.subject, found.repaired) == ("5f3c0bd4-3a3c-4bd0-8b0f-6a5a6a3d7d11", True)
    assert house.look(1) == {}


def test_servers_at_work_are_left_alone(house, server):
    house.wire_up(server.id, [])
    with house.running.resting(server.id):
        assert not house.look()["nic_missing"].repaired
    assert house.look(1)["nic_missing"].repaired
    house.driver.build.destroy(server.id)
    with house.running.resting(server.id) as rests:
        assert rests
        with house.running.resting(server.id) as again:
            assert not again
        assert not house.look()["guest_missing"].repaired
    change(Server, Server.id == server.id, task_state=Task.POWERING_OFF)
    assert house.look() == {}


#: What is mended once a person has made that possible.
_MADE_POSSIBLE = {"guest_halted"}


def test_every_kind_of_drift_has_a_meaning_and_a_remedy_unless_repaired():
    for kind in drift.KINDS.values():
        assert kind.means.endswith(".")
        mended = kind.name in _mended() - _MADE_POSSIBLE
        assert bool(kind.remedy) != mended, kind.name


def _mended():
    with contextlib.ExitStack():
            host = Audit(None, (None, None, None), None)
    return {*DAMAGE, *host._mends, "allocation_unplaced", "migration_stale", "allocation_orphaned", "port_orphaned",
            "operation_orphaned", "change_left",
            "quota_miscounted"}
