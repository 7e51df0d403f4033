"""Transactions on PostgreSQL and MariaDB lock rows in one order (db/locks.py), and a deadlock's victim is done again.

A rival outside holds one row; who waits for it may have locked nothing that comes after it.
"""

import contextlib
import json
import logging
import threading
import types

import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite import db
from nova_lite.api.wsgi import app
from nova_lite.common.context import RequestContext
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.flows.build import Build
from nova_lite.conductor.held_leases import HeldLeases
from nova_lite.db import desired_state, drifts, locks, operations
from nova_lite.db.base import now
from nova_lite.db.models.servers import Flavor, Server
from nova_lite.objects.states import OPERATIONS
from tests.clouds import until
from tests.compute_service import Tokens
from tests.compute_service import cloud as compute  # noqa: F401 - a fixture
from tests.live import databases

#: What may not be locked by who waits for a server.
AFTER = ("operations", "operation_subjects", "operation_steps", "server_migrations", "quota_locks", "server_groups",
         "networks", "subnets", "security_groups", "ports", "port_bindings", "fixed_ips", "port_security_groups",
         "compute_nodes", "services", "scopes", "scope_rows")
_WAITING = {"postgresql": "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
            "mysql": "SELECT variable_value FROM information_schema.global_status "
                     "WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'"}
OWNER = RequestContext("alice", "pa", ("member",))


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def database(conf, url):
    with databases.connected(conf, url):
        yield


class World:
    """The compute and the network API, one server of alice's with a port of hers, and things that it is in."""

    def __init__(self, made):
        self.cloud = made
        self.app = app.build(types.SimpleNamespace(identity=Tokens(), network=made.network, compute=made.compute),
                             services=("compute", "network"))
        self.network = self.net("/networks", "network", name="n")["id"]
        self.net("/subnets", "subnet", network_id=self.network, cidr="10.1.0.0/24", ip_version=4)
        self.group = self.net("/security-groups", "security_group", name="web")["id"]
        self.team = made.call("POST", "/os-server-groups", {"server_group": {
            "name": "g", "policies": ["anti-affinity"]}}).json["server_group"]["id"]
        self.server = made.make(name="s", hints={"group": self.team}, networks=[{"uuid": self.network}])
        with db.writer() as session:
            operations.cancel_open(session, self.server, "The test begins.")
            made.network.allocate(self.row(session))
            session.execute(sa.insert(Flavor).values(flavorid="43", name="m2", vcpus=2, memory_mb=128, root_gb=1))
        self.port = self.send("GET", f"/network/v2.0/ports?device_id={self.server}").json["ports"][0]["id"]
        self.send("POST", f"/compute/v2.1/servers/{self.server}/action", {"addSecurityGroup": {"name": "web"}})

    def row(self, session):
        return session.execute(sa.select(Server.__table__).where(Server.id == self.server)).one()

    def net(self, path, kind, **body):
        answer = self.send("POST", f"/network/v2.0{path}", {kind: body})
        assert answer.status_int == 201, answer.text
        return answer.json[kind]

    def send(self, method, path, body=None, user="alice", **headers):
        headers |= {"X-Auth-Token": user, "OpenStack-API-Version": "compute 2.40"}
        request = Request.blank(path, method=method, headers=headers)
        if body is not None:
            request.body, request.content_type = json.dumps(body).encode(), "application/json"
        return request.get_response(self.app)

    def act(self, name, argument=None, user="alice"):
        return self.send("POST", f"/compute/v2.1/servers/{self.server}/action", {name: argument}, user)


@pytest.fixture
def world(compute, conf):  # noqa: F811
    conf.set_override("attach_timeout", 0, "compute")
    return World(compute)


@contextlib.contextmanager
def rival():
    """A connection of somebody else, rolled back at the end."""
    with db.session.engine().connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL deadlock_timeout = '60s'"))       # it is never the victim
        yield connection
        connection.rollback()


def lock(connection, table, **row):
    named = " AND ".join(f"{name} = :{name}" for name in row) or "1 = 1"
    connection.execute(sa.text(f"SELECT * FROM {table} WHERE {named} FOR UPDATE{'' if row else ' NOWAIT'}"), row)


@contextlib.contextmanager
def waiting(call):
    """``call`` runs and waits for a lock while the block does; yields a list that gets its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()

    def waits():
        with db.session.engine().connect() as connection:
            return int(connection.execute(sa.text(_WAITING[connection.dialect.name])).scalar())
    until("it waits for the lock", lambda: waits() or results)
    assert not results, f"it did not wait: {results[0]}"
    yield results
    thread.join(30)
    assert results, "it still waits"


CALLS = {
    "resetState": lambda each: each.act("os-resetState", {"state": "active"}, "admin"),
    "delete": lambda each: each.send("DELETE", f"/compute/v2.1/servers/{each.server}"),
    "forceDelete": lambda each: each.act("forceDelete"),
    "stop": lambda each: each.act("os-stop"),
    "resize": lambda each: each.act("resize", {"flavorRef": "43"}),
    "createImage": lambda each: each.act("createImage", {"name": "copy"}),
    "attach": lambda each: each.send("POST", f"/compute/v2.1/servers/{each.server}/os-interface",
                                     {"interfaceAttachment": {"net_id": each.network}}),
    "detach": lambda each: each.send("DELETE", f"/compute/v2.1/servers/{each.server}/os-interface/{each.port}"),
    "addFixedIp": lambda each: each.act("addFixedIp", {"networkId": each.network}),
    "port": lambda each: each.send("PUT", f"/network/v2.0/ports/{each.port}", {"port": {
        "security_groups": [each.group]}}),
    "network's name": lambda each: each.send("PUT", f"/network/v2.0/networks/{each.network}",
                                             {"network": {"name": "other"}}),
    "automatic addresses": lambda each: each.send("POST", "/network/v2.0/subnets", {"subnet": {
        "network_id": each.network, "cidr": "fd00:1::/64", "ip_version": 6, "ipv6_ra_mode": "slaac"}}),
    "security group's name": lambda each: each.send("PUT", f"/network/v2.0/security-groups/{each.group}",
                                                    {"security_group": {"name": "other"}}),
    "removeSecurityGroup": lambda each: each.act("removeSecurityGroup", {"name": each.group}),
    "server group": lambda each: each.send("DELETE", f"/compute/v2.1/os-server-groups/{each.team}"),
    "event": lambda each: each.send("POST", "/compute/v2.1/os-server-external-events", {"events": [
        {"name": "network-changed", "server_uuid": each.server}]}, "admin"),
}


def check(world, call):
    with rival() as other:
        lock(other, "servers", id=world.server)
        with waiting(call) as results:
            for table in AFTER:
                lock(other, table)          # fails at once where a row is locked
            other.rollback()
    return results[0]


def test_requests_that_wait_for_a_servers_lock_hold_no_lock_of_its_other_rows(world, conf):
    for name, call in CALLS.items():
        answer = check(world, lambda call=call: call(world))
        late = name == "attach" and "InterfaceAttach" in answer.text or answer.status_int == 500
        assert answer.status_int < 300 or late, (name, answer.text)
        with db.writer() as session:        # as it was, for the next
            operations.cancel_open(session, world.server, "Next.")
            session.execute(sa.update(Server).where(Server.id == world.server).values(
                vm_state="active", task_state=None, deleted_at=None))


def test_a_placed_build_waits_for_its_server_first(world):
    with db.writer() as session:
        session.execute(sa.update(Server).where(Server.id == world.server).values(
            vm_state="building", task_state="scheduling"))
        operation_id = operations.record(session, OWNER, OPERATIONS["build_server"], world.server, world.row(session))
        session.execute(sa.text("UPDATE operations SET place = 'conductor' WHERE id = :id"), {"id": operation_id})
        row = operations.lease(session, operation_id, operations.CONDUCTOR, "w", 30)
    scheduler = types.SimpleNamespace(select_destinations=lambda *_: "host-1")
    flow = Build("w", (None, scheduler), Completion(Services(world.cloud.network, None)), None, HeldLeases())
    assert check(world, lambda: flow._place(OWNER, row)) == "host-1"


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}], ids=["plain", "with a key"])
def test_a_request_that_a_deadlock_undid_is_done_again(world, conf, caplog, headers):
    conf.set_override("quota_port", 9, "network")
    caplog.set_level(logging.INFO, "nova_lite.common.retry")
    world.net("/ports", "port", network_id=world.network)       # so that the project's row is there
    before = len(world.send("GET", "/network/v2.0/ports").json["ports"])
    with rival() as other:
        for number in range(50):            # MariaDB's victim is who has written less
            other.execute(sa.text("INSERT INTO audit_counters (name, label, value) VALUES ('test', :label, 1)"),
                          {"label": str(number)})
        lock(other, "networks", id=world.network)
        body = {"port": {"network_id": world.network}}
        with waiting(lambda: world.send("POST", "/network/v2.0/ports", body, **headers)) as results:
            lock(other, "quota_locks", project_id="pa")
            other.rollback()
    assert results[0].status_int == 201, results[0].text
    assert len(world.send("GET", "/network/v2.0/ports").json["ports"]) == before + 1
    assert [each for each in caplog.messages if "tried again" in each]


def test_a_port_that_a_server_takes_is_not_deleted_under_it(world):
    port = world.net("/ports", "port", network_id=world.network)["id"]
    with rival() as other:
        other.execute(sa.text("UPDATE ports SET server_id = 'x', device_id = 'x' WHERE id = :id"), {"id": port})
        with waiting(lambda: world.send("DELETE", f"/network/v2.0/ports/{port}")) as results:
            other.commit()
    assert results[0].status_int == 409, results[0].text
    assert world.send("GET", f"/network/v2.0/ports/{port}").status_int == 200


def test_concurrent_requests_that_set_the_first_quota_of_a_project_succeed(world):
    def write(*names):
        body = {"quota_set": dict.fromkeys(names, 7) | {"force": True}}
        return world.send("PUT", "/compute/v2.1/os-quota-sets/pb", body, "admin")
    orders = [("cores", "instances", "ram"), ("ram", "instances", "cores")]
    answers = databases.at_once([lambda each=each: write(*each) for each in orders * 4])
    assert [each.status_int for each in answers] == [200] * 8


def test_operations_locked_by_another_transaction_are_not_marked_as_notified(world):
    with db.writer() as session:
        ids = [operations.record(session, OWNER, OPERATIONS["stop_server"], world.server, world.row(session))
               for _ in range(3)]
    with rival() as other, db.writer() as session:
        lock(other, "operations", id=ids[1])
        assert operations.notified(session, ids) == {ids[0], ids[2]}


def test_the_auditor_purges_drifts_without_waiting_for_a_host_that_reports(world):
    with db.writer() as session:
        for part in ("host-1", "gone"):
            drifts._lock(session, part)
            session.execute(sa.text("INSERT INTO drifts (part, kind, subject, detail, state, times, first_seen_at, "
                                    "last_seen_at) VALUES (:part, 'k', 's', '', 'open', 1, :now, :now)"),
                            {"part": part, "now": now()})
    with rival() as other, db.writer() as session:
        lock(other, "audit_looks", part="host-1")
        lock(other, "drifts", part="host-1")
        if other.dialect.name == "mysql":
            session.execute(sa.text("SET SESSION innodb_lock_wait_timeout = 1"))
        drifts.keep_parts(session, {"host-1"})
        drifts.forget(session, 1)
        assert set(drifts.looks(session)) == {"host-1"}


def test_scopes_that_many_change_at_once_count_each_change(world):
    def change(*scopes):
        with db.writer() as session:
            for each in scopes:
                desired_state.changed(session, each, desired_state.PORT, ["p", "q"])
        return True
    orders = [("host:x", "host:y"), ("host:y", "host:x")]
    assert all(databases.at_once([lambda each=each: change(*each) for each in orders * 6]))
    with db.reader() as session:
        parts = desired_state.changes(session, {"host:x": 1, "host:y": 11}, {}, 10)
    assert [(each.revision, each.whole, len(each.resources)) for each in parts] == [(12, False, 2)] * 2


def test_pages_within_a_revision_have_everything_while_others_change_it(world):
    """A page is one moment, whatever is committed between its statements."""
    ids = [f"p{number:03}" for number in range(120)]

    def change(some):
        with db.writer() as session:
            desired_state.changed(session, "host:z", desired_state.PORT, some)
    change(ids)

    def keep_changing():
        for number in range(0, 7 * 100, 7):
            change([ids[number % len(ids)], ids[-1 - number % len(ids)]])

    def fetch():
        return [fetched("host:z") for _ in range(5)]
    assert databases.at_once([keep_changing, fetch]) == [None, [set(ids)] * 5]


def fetched(scope):
    """Ids of what all pages of a scope have together."""
    found, after, more = set(), {}, True
    while more:
        with db.snapshot() as session:
            [part] = desired_state.changes(session, {scope: 0}, after, 7)
        assert len(part.resources) <= 7
        found |= {key for _, key, gone in part.resources if not gone}
        after, more = {scope: part.revision}, part.more
    return found


def test_several_servers_and_nodes_are_locked_in_order(world):
    seen = []
    with db.writer() as session:
        connection = session.connection()
        sa.event.listen(connection, "before_cursor_execute", lambda _c, _k, _s, given, _x, _m: seen.append(given))
        locks.servers(session, ["c", "a", "b"])
        locks.nodes(session, {"n2", "n1"})
    assert [next(iter(each.values())) for each in seen] == ["a", "b", "c", "n1", "n2"]
