"""The checker itself: a healthy cloud passes, and each invariant is able to fail."""

import datetime
import types

import pytest
import sqlalchemy as sa

from nova_lite.common import crypt, unit_of_work
from nova_lite.compute.actions import network_info
from nova_lite.db import quota_usage
from nova_lite.db.base import new_id, now
from nova_lite.db.models import Base
from nova_lite.network.api import API as Network
from nova_lite.objects.states import Power, Vm
from tests.faults import invariants
from tests.faults.invariants import Host, Promise, View

SERVER, PORT, IMAGE, OPERATION = new_id(), new_id(), new_id(), new_id()
FLAVOR = {"vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0, "swap_mb": 0}
BEGAN = datetime.datetime(2026, 1, 1)


def at(seconds):
    return BEGAN + datetime.timedelta(seconds=seconds)


class Healthy:
    """A cloud of one server on one host; ``put`` and ``change`` damage its database."""

    def __init__(self, engine):
        self.engine = engine
        self.view = View(
            engine, {"h1": Host({SERVER: Power.RUNNING}, {PORT: SERVER}, {SERVER}, {f"tap{PORT[:11]}"}, {PORT},
                                {SERVER: {"fa:16:3e:00:00:01"}}, {"n"})},
            promises=[invariants.accepted("build_server", SERVER, "req-1")], logs={"api": "nothing of interest"},
            secrets={"a password": "hunter2"}, images={IMAGE: 7}, audit=lambda: invariants.audit(Network()))
        self.put("networks", id="n", project_id="p", mtu=1500)
        self.put("subnets", id="s", project_id="p", network_id="n", cidr="10.0.0.0/24")
        self.put("compute_nodes", host="h1", hypervisor_hostname="h1", hypervisor_type="fake", hypervisor_version=1,
                 host_ip="10.0.0.1", vcpus=8, memory_mb=512, disk_gb=10, vcpus_used=1, memory_mb_used=64,
                 disk_gb_used=1)
        self.put("services", host="h1", binary="nova-compute", topic="compute", last_seen_at=now())
        self.server()
        self.put("ports", id=PORT, project_id="p", network_id="n", mac_address="fa:16:3e:00:00:01", server_id=SERVER,
                 nic_index=0)
        self.bind("h1")
        self.put("scopes", scope="host:h1", revision=1)
        self.follow("host:h1", PORT)
        self.put("fixed_ips", port_id=PORT, subnet_id="s", ip="10.0.0.2")
        self.put("allocations", server_id=SERVER, host="h1", purpose="home", vcpus=1, memory_mb=64, disk_gb=1)
        self.put("images", id=IMAGE, status="active", size=7)
        self.operation(OPERATION)
        self.put("service_changes", id="c", operation_id=OPERATION, resource_id=SERVER, service="network",
                 verb="allocate_ports", state="done")
        for number in (0, 1):
            self.put("operation_steps", operation_id=OPERATION, name=f"step{number}", attempt=1, outcome="Success",
                     started_at=at(number), finished_at=at(number + 1))
        with engine.begin() as connection, sa.orm.Session(connection) as session:
            session.info["relaxed"] = False
            with unit_of_work.within(session):
                network_info.refresh(Network(), [SERVER])
            quota_usage.count(session, SERVER)
            session.commit()

    def server(self, **values):
        self.put("servers", **{
            "id": SERVER, "project_id": "p", "user_id": "u", "display_name": "s", "hostname": "s", "host": "h1",
            "vm_state": Vm.ACTIVE, "power_state": Power.RUNNING, "flavor": FLAVOR,
            "requested_networks": [{"network": "n"}]} | values)

    def operation(self, operation_id, **values):
        self.put("operations", **{
            "id": operation_id, "name": "build_server", "resource_type": "server", "resource_id": SERVER,
            "state": "done", "place": "h1", "attempt": 1, "deadline": at(600), "project_id": "p", "user_id": "u",
            "request_id": "req-1", "created_at": at(0), "finished_at": at(2)} | values)

    def bind(self, host, state="ACTIVE"):
        self.put("port_bindings", port_id=PORT, host=host, state=state, vif_type="bridge", up=True)

    def follow(self, scope, port_id):
        self.put("scope_rows", scope=scope, type="port", id=port_id, revision=1)

    def hold(self, server_id, purpose):
        self.put("allocations", server_id=server_id, host="h1", purpose=purpose, vcpus=0, memory_mb=0, disk_gb=0)

    def migrate(self, source, destination):
        self.put("server_migrations", id=1, server_id=SERVER, project_id="p", user_id="u", kind="migration",
                 status="migrating", source_host=source, dest_host=destination)
        self.change("servers", migration_id=1)

    def put(self, table, **values):
        with self.engine.begin() as connection:
            connection.execute(sa.insert(Base.metadata.tables[table]), values)

    def change(self, table, **values):
        with self.engine.begin() as connection:
            connection.execute(sa.update(Base.metadata.tables[table]), values)

    def drop(self, table):
        with self.engine.begin() as connection:
            connection.execute(sa.delete(Base.metadata.tables[table]))

    def remote(self, **values):
        """The server's port is a remote service's."""
        self.view.remote = types.SimpleNamespace(ports=[{
            "id": PORT, "mac_address": "fa:16:3e:00:00:01", "network_id": "n", "index": 0, "device_id": SERVER,
            "owned": True, "project_id": "p", "host": "h1", "fixed_ips": [{}], "marker": "c"} | values])

    def remote_image(self, times=1):
        """The image is a remote service's, made by the change "c"."""
        self.view.remote_images = [types.SimpleNamespace(
            id=new_id(), marker="c", name="i", status="active", deleted_at=None, properties={}) for _ in range(times)]

    @property
    def host(self):
        return self.view.hosts["h1"]


@pytest.fixture
def healthy(database):
    return Healthy(database)


def test_a_healthy_cloud_passes(healthy):
    assert invariants.check(healthy.view) == []


UNKNOWN = new_id()
#: invariant -> the damages that it alone, or it too, must see; each with a part of what it must say.
DAMAGES = {
    "ended": [("is queued at h1", lambda c: c.operation(new_id(), state="queued", finished_at=None)),
              ("ended 98.0 s after", lambda c: (setattr(c.view, "whole", at(2)), c.change("operations",
                                                                                       finished_at=at(100))))],
    "wiped": [("keeps its arguments", lambda c: c.change("operations", args={"admin_pass": "x"})),
              ("keeps its lease", lambda c: c.change("operations", lease_until=at(9)))],
    "states": [("still spawning", lambda c: c.change("servers", task_state="spawning")),
               ("its last operation build_server was done", lambda c: c.change("servers", vm_state="stopped")),
               ("does not say why", lambda c: c.change("servers", vm_state="error")),
               ("was deleted at None", lambda c: c.change("servers", vm_state="deleted"))],
    "guests": [("which is no more", lambda c: c.host.guests.update({UNKNOWN: Power.RUNNING})),
               ("is on h2", lambda c: c.change("servers", host="h2")),
               ("its guest there is missing", lambda c: c.host.guests.clear()),
               ("its guest there is SHUTDOWN", lambda c: c.host.guests.update({SERVER: Power.SHUTDOWN})),
               ("on no host", lambda c: c.change("servers", host=None))],
    "power_states": [("shows power SHUTDOWN", lambda c: c.change("servers", power_state=Power.SHUTDOWN))],
    "files": [("keeps files of", lambda c: c.host.files.add(UNKNOWN)),
              ("lacks the files", lambda c: c.host.files.clear())],
    "plugged": [("not its own", lambda c: c.host.ports.update({UNKNOWN: SERVER})),
                ("is not plugged", lambda c: c.host.ports.clear())],
    "wired": [("has NICs []", lambda c: c.host.nics.clear()), ("not []", lambda c: c.change("ports", server_id=None))],
    "devices": [("is nobody's", lambda c: c.host.taps.add("tapx")), ("is missing on", lambda c: c.host.taps.clear()),
                ("network x on h1 is nobody's", lambda c: c.host.networks.add("x")),
                ("nobody's", lambda c: c.host.leases.add("x")), ("does not know", lambda c: c.host.leases.clear())],
    "allocations": [("holds nothing", lambda c: c.drop("allocations")),
                    ("not ('h1', 1, 64, 1)", lambda c: c.change("allocations", vcpus=2)),
                    ("which is no more", lambda c: c.hold(UNKNOWN, "home")),
                    ("no migration of it is open", lambda c: c.hold(SERVER, "move")),
                    ("not its migration's other host", lambda c: (c.hold(SERVER, "move"), c.migrate("h2", "h3"))),
                    ("an evacuation did not leave", lambda c: c.hold(SERVER, "leftover")),
                    ("its migration 1 is open", lambda c: c.migrate("h1", "h1")),
                    ("on no host", lambda c: c.change("servers", host=None))],
    "counters": [("counts [2, 64, 1]", lambda c: c.change("compute_nodes", vcpus_used=2))],
    "quotas": [("0 are allowed", lambda c: c.put("quotas", project_id="p", resource="cores", limit=0)),
               ("counts {'cores': 1", lambda c: c.change("servers", flavor=FLAVOR | {"vcpus": 1.5})),
               ("counts {'cores': 0", lambda c: c.drop("quota_usages"))],
    "statuses": [("is down on h1", lambda c: c.change("port_bindings", up=False)),
                 ("is up on h1", lambda c: c.view.hosts["h1"].guests.update({SERVER: Power.SHUTDOWN}))],
    "ports": [("which is no more", lambda c: c.change("servers", deleted_at=at(9), vm_state="deleted")),
              ("has none", lambda c: c.change("ports", server_id=None, nic_index=None,
                                              made_for_server=True)),
              ("of no server and says", lambda c: c.change("ports", server_id=None)),
              ("is bound to ['h2']", lambda c: c.change("port_bindings", host="h2")),
              ("is bound to ['h1', 'h2']", lambda c: c.bind("h2")),
              ("is bound to []", lambda c: c.change("port_bindings", state="INACTIVE")),
              ("has no address", lambda c: c.drop("fixed_ips")),
              ("asked for 1 NICs", lambda c: (c.drop("fixed_ips"), c.drop("ports")))],
    "desired": [("lacks port", lambda c: c.drop("scope_rows")),
                ("lacks port", lambda c: c.change("scope_rows", gone_at=at(9))),
                ("host:h1 has port", lambda c: c.follow("host:h1", UNKNOWN)),
                ("host:h2 has port", lambda c: c.follow("host:h2", PORT)),
                ("host:h1 has port", lambda c: c.change("ports", server_id=None)),
                ("which has none such", lambda c: c.change("scope_rows", revision=2))],
    "ledger": [("is still wanted", lambda c: c.change("service_changes", state="wanted")),
               ("is still unwanted", lambda c: c.change("service_changes", state="unwanted")),
               ("is no more", lambda c: c.change("servers", deleted_at=at(9), vm_state="deleted")),
               ("did not succeed", lambda c: c.change("operations", state="failed"))],
    "marked": [("was made for a server", lambda c: c.remote(marker=None)),
               ("its change is None", lambda c: c.remote(marker="x")),
               ("its change is undone", lambda c: (c.remote(), c.change("service_changes", state="undone"))),
               ("is there twice", lambda c: (c.remote(), c.view.remote.ports.append(
                   c.view.remote.ports[0] | {"id": new_id()})))],
    "marked_images": [("its change is undone", lambda c: (c.remote_image(), c.change("service_changes",
                                                                                     state="undone"))),
                      ("is there twice", lambda c: c.remote_image(2))],
    "kept": [("keeps NICs []", lambda c: (c.remote(), c.drop("interfaces"))),
             ("its ports are []", lambda c: c.remote(device_id=""))],
    "images": [("its file is there", lambda c: c.change("images", deleted_at=at(9))),
               ("its file has 6", lambda c: c.view.images.update({IMAGE: 6})),
               ("still saving", lambda c: c.change("images", status="saving")),
               ("queued and has a file", lambda c: c.change("images", status="queued")),
               ("of no image", lambda c: c.view.images.update({"incoming/x": 1}))],
    "copies": [("that nobody makes", lambda c: c.change("images", status="queued", name="x",
                                                        properties={"instance_uuid": SERVER})),
               ("not shelved into it", lambda c: c.change("images", name="s-shelved",
                                                          properties={"instance_uuid": SERVER})),
               ("which is not there", lambda c: c.change("servers", shelved_image_id=UNKNOWN))],
    "events": [("did not", lambda c: c.change("operation_steps", finished_at=None)),
               ("ended before it began", lambda c: c.change("operation_steps", finished_at=at(-1))),
               ("of attempt 7", lambda c: c.change("operation_steps", attempt=7)),
               ("comes after 1", lambda c: c.put("operation_steps", operation_id=OPERATION, name="x", attempt=0)),
               ("had ended", lambda c: c.change("operation_steps", started_at=at(0.5))),
               ("ended before its step", lambda c: c.change("operations", finished_at=at(1))),
               ("was Error", lambda c: c.change("operation_steps", outcome="Error")),
               ("does not say why", lambda c: c.change("operations", state="failed")),
               ("came to 'Lost'", lambda c: c.change("operation_steps", outcome="Lost"))],
    "promises": [("not on record", lambda c: c.change("operations", request_id="req-2")),
                 ("it is active, None", lambda c: c.view.promises.append(invariants.deleted(SERVER))),
                 ("gone", lambda c: c.view.promises.append(Promise("x", lambda records: "gone")))],
    "secrets": [("a password stands in api", lambda c: c.view.logs.update(api="password=hunter2")),
                ("stands in table operations", lambda c: c.change("operations", args={"admin_pass": "hunter2"}))],
    "drift": [("counters_differ of h1", lambda c: c.change("compute_nodes", vcpus_used=2))],
}


def test_a_healthy_cloud_with_a_remote_network_service_violates_nothing(healthy):
    healthy.remote()
    assert [str(each) for each in invariants.check(healthy.view)] == []


def test_every_invariant_has_a_damage_of_its_own():
    assert set(DAMAGES) == {each.__name__ for each in invariants.INVARIANTS}
    assert set(invariants.GUESTS) >= set(Vm), "tests/faults/invariants.py: say in GUESTS what guests such servers have"


@pytest.mark.parametrize(("name", "words", "damage"), [
    pytest.param(name, words, damage, id=f"{name}: {words}")
    for name, damages in DAMAGES.items() for words, damage in damages])
def test_each_damage_violates_its_invariant(healthy, name, words, damage):
    damage(healthy)
    texts = [each.text for each in invariants.check(healthy.view) if each.invariant == name]
    assert any(words in text for text in texts), texts


def test_encrypted_secrets_do_not_violate_the_secrets_invariant(healthy, conf):
    healthy.operation(new_id(), state="running", finished_at=None, args={"admin_pass": crypt.seal("hunter2")})
    assert "secrets" not in {each.invariant for each in invariants.check(healthy.view)}
