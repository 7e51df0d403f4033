"""Messages twice, late and to the wrong host, broken rows and messages, and workers that sleep past their lease."""

import json
import time
import uuid

import amqp
import pytest

from nova_lite.common import exceptions, rpc
from nova_lite.common.context import RequestContext
from nova_lite.compute.rpcapi import VERSION
from tests import clouds
from tests.faults.real import clusters

OPTIONS = clusters.OPTIONS.replace("lease = 5", "lease = 9") + """
[DEFAULT]
rpc_response_timeout = 10
[database]
statement_timeout = 4
[fake]
delay = 0.3
"""
ASKER = RequestContext("user", "project", is_admin=True)


@pytest.fixture(scope="module")
def bus(cluster):
    """This very process on the cluster's bus: ``bus(topic, host)`` is a client."""
    rpc.init(cluster.layout.bus)
    yield lambda topic, host=None: rpc.client(topic, VERSION).to(host, timeout=5)
    rpc.cleanup()


@pytest.fixture(scope="module")
def channel(cluster):
    """A bare AMQP channel, for what our own client would never send."""
    with clusters.amqp_connection(cluster.layout.bus) as connection:
        yield connection.channel()


@pytest.fixture(autouse=True)
def empty(cluster):
    yield
    cluster.clear()


def notify_all(bus, host, operation_id):
    """Send every notification that a host has an endpoint for, for one operation."""
    from nova_lite.objects.states import OPERATIONS
    for method in sorted(OPERATIONS):
        bus("compute", host).cast(ASKER, method, operation_id=operation_id)


def boots(cluster, server_id):
    """How often a guest was booted, as its host remembers it."""
    with open(f"{clusters.host_dir(cluster, cluster.host_of(server_id))}/fake/{server_id}") as file:
        return json.load(file)["boots"]


def operation_of(cluster, server_id, name):
    row, = cluster.query("SELECT * FROM operations WHERE resource_id = :id AND name = :name", id=server_id, name=name)
    return row


def steps_of(cluster, operation_id):
    return [(row.name, row.attempt) for row in cluster.query(
        "SELECT name, attempt FROM operation_steps WHERE operation_id = :id ORDER BY id", id=operation_id)]


# ---- notifications

def test_an_operation_notified_twice_is_done_once(cluster, bus):
    server = cluster.boot()
    host = cluster.host_of(server["id"])
    assert cluster.act(server["id"], "reboot", {"type": "SOFT"}).status == 202
    operation = operation_of(cluster, server["id"], "reboot_server")
    for _ in range(5):
        notify_all(bus, host, operation.id)
    cluster.wait_for(server["id"], "ACTIVE")
    time.sleep(1)
    assert boots(cluster, server["id"]) == 2
    assert steps_of(cluster, operation.id) == [("network", 1), ("reboot", 1)]
    cluster.check(whole=clusters.now())


def test_a_notification_that_comes_an_hour_late_changes_nothing(cluster, bus):
    """After its operation has ended, and the server has gone on, a notification has no effect."""
    server = cluster.boot()
    host = cluster.host_of(server["id"])
    ended = [row.id for row in cluster.query("SELECT id FROM operations WHERE resource_id = :id", id=server["id"])]
    cluster.act(server["id"], "os-stop")
    cluster.wait_for(server["id"], "SHUTOFF")
    ended.append(operation_of(cluster, server["id"], "stop_server").id)
    cluster.act(server["id"], "os-start")
    cluster.wait_for(server["id"], "ACTIVE")
    cluster.write("UPDATE operations SET created_at = created_at - interval '1 hour', finished_at = finished_at - "
               "interval '1 hour' WHERE id = :id", id=ended[0])
    cluster.write("UPDATE operation_steps SET started_at = started_at - interval '1 hour', finished_at = finished_at - "
               "interval '1 hour' WHERE operation_id = :id", id=ended[0])
    before = cluster.query("SELECT * FROM operations ORDER BY id"), boots(cluster, server["id"])
    for other in cluster.layout.hosts:
        for operation_id in ended:
            notify_all(bus, other, operation_id)
    bus("conductor").cast(ASKER, "build_servers", operation_ids=ended)
    for operation_id in ended:
        bus("conductor").cast(ASKER, "delete_server", operation_id=operation_id)
    time.sleep(2)
    assert (cluster.query("SELECT * FROM operations ORDER BY id"), boots(cluster, server["id"])) == before
    assert cluster.show(server["id"])["status"] == "ACTIVE"
    assert host == cluster.host_of(server["id"])
    cluster.check(whole=clusters.now())


def test_a_notification_at_the_wrong_host_or_conductor_is_ignored(cluster, bus):
    """A host cannot lead what waits at another, nor a conductor what waits at a host."""
    server = cluster.boot()
    host = cluster.host_of(server["id"])
    other = next(each for each in cluster.layout.hosts if each != host)
    cluster.freeze(host)
    try:
        assert cluster.act(server["id"], "os-stop").status == 202
        operation = operation_of(cluster, server["id"], "stop_server")
        notify_all(bus, other, operation.id)
        bus("conductor").cast(ASKER, "build_servers", operation_ids=[operation.id])
        time.sleep(2)
        assert operation_of(cluster, server["id"], "stop_server").attempt == 0
    finally:
        cluster.thaw(host)
    cluster.wait_for(server["id"], "SHUTOFF")
    cluster.check(whole=clusters.now())


# ---- workers that sleep

def test_a_host_that_sleeps_past_its_lease_is_fenced(cluster):
    """Its server is deleted meanwhile as an operator would have it: what it writes when it wakes is refused."""
    server = cluster.boot()
    host = cluster.host_of(server["id"])
    assert cluster.act(server["id"], "os-stop").status == 202
    clouds.until("the step runs", lambda: cluster.query(
        "SELECT 1 FROM operation_steps WHERE name = 'stop' AND outcome IS NULL"))
    cluster.freeze(host)
    time.sleep(1)
    assert cluster.delete(f"/compute/v2.1/servers/{server['id']}").status == 204
    time.sleep(11)
    cluster.thaw(host)
    whole = clusters.now()
    cluster.wait_gone(server["id"])
    stop = operation_of(cluster, server["id"], "stop_server")
    assert (stop.state, stop.attempt) == ("cancelled", 2)
    cluster.check(whole=whole)


@pytest.mark.parametrize("name", ["conductor1", "conductor2"])
def test_a_conductor_that_sleeps_past_its_lease_is_fenced(cluster, name):
    """Frozen in the middle of many builds, it wakes when the other has gone on with them: each is built once."""
    asked = [cluster.create(name=f"s{number}") for number in range(6)]
    assert {each.status for each in asked} == {202}
    cluster.freeze(name)
    try:
        for each in asked:
            cluster.wait_for(each.body["server"]["id"], "ACTIVE")
    finally:
        cluster.thaw(name)
    whole = clusters.now()
    time.sleep(2)
    assert all(boots(cluster, each.body["server"]["id"]) == 1 for each in asked)
    cluster.wait_final()
    cluster.check(whole=whole)


# ---- broken operations and messages

def set_aside(cluster, operation_id):
    """The row once it has ended as failed, with a text."""
    def ended():
        row, = cluster.query("SELECT state, error FROM operations WHERE id = :id", id=operation_id)
        return row if row.state == "failed" else None
    row = clouds.until(f"operation {operation_id} is set aside", ended, 60)
    assert row.error
    assert any(operation_id in text for text in cluster.logs().values()), "no log names it"
    return row


@pytest.mark.parametrize("place", ["conductor", "host"])
def test_an_operation_with_broken_arguments_is_set_aside(cluster, place):
    server = cluster.boot()
    assert cluster.act(server["id"], "os-stop").status == 202
    cluster.wait_for(server["id"], "SHUTOFF")
    broken = str(uuid.uuid4())
    cluster.write(
        "INSERT INTO operations (id, name, resource_type, resource_id, state, place, attempt, deadline, args, "
        "previous, project_id, user_id, request_id, created_at) SELECT CAST(:broken AS VARCHAR), 'start_server', "
        "resource_type, resource_id, 'queued', CASE WHEN :place = 'host' THEN place ELSE 'conductor' END, 0, "
        "now() AT TIME ZONE 'UTC' + interval '1 hour', "
        "CAST('[1, \"broken\"]' AS JSON), previous, project_id, user_id, request_id, now() AT TIME ZONE 'UTC' "
        "FROM operations WHERE resource_id = :id AND name = 'stop_server'", broken=broken, id=server["id"], place=place)
    cluster.write("UPDATE servers SET task_state = 'powering-on' WHERE id = :id", id=server["id"])
    other = cluster.boot(name="other")
    set_aside(cluster, broken)
    assert cluster.show(server["id"])["OS-EXT-STS:task_state"] is None
    assert cluster.act(server["id"], "os-start").status == 202
    cluster.wait_for(server["id"], "ACTIVE")
    assert cluster.show(other["id"])["status"] == "ACTIVE"


def test_an_operation_of_a_future_release_waits_and_ends_by_its_deadline(cluster):
    server = cluster.boot()
    broken = str(uuid.uuid4())
    cluster.write(
        "INSERT INTO operations (id, name, resource_type, resource_id, state, place, attempt, deadline, args, "
        "previous, project_id, user_id, request_id, created_at) SELECT CAST(:broken AS VARCHAR), 'teleport', "
        "resource_type, resource_id, 'queued', place, 0, now() AT TIME ZONE 'UTC' + interval '6 seconds', args, "
        "previous, project_id, user_id, request_id, now() AT TIME ZONE 'UTC' FROM operations WHERE resource_id = :id",
        broken=broken, id=server["id"])
    cluster.write("UPDATE servers SET task_state = 'teleporting' WHERE id = :id", id=server["id"])
    assert cluster.boot(name="other")["status"] == "ACTIVE"
    row = set_aside(cluster, broken)
    assert "teleport" in row.error
    assert cluster.show(server["id"])["OS-EXT-STS:task_state"] is None
    assert cluster.act(server["id"], "os-stop").status == 202
    cluster.wait_for(server["id"], "SHUTOFF")
    cluster.write("DELETE FROM operations WHERE id = :id", id=broken)      # the checker knows this release only


def test_unknown_messages_delay_no_other_messages(cluster, bus, channel):
    server = cluster.boot()
    host = cluster.host_of(server["id"])
    bus("compute", host).cast(ASKER, "teleport_server", operation_id="x")
    bus("compute", host).cast(ASKER, "stop_server", unknown_argument=True)
    with pytest.raises(exceptions.RemoteFailure):
        bus("conductor").call(ASKER, "teleport_server", operation_id="x")
    finish = {"operation_id": "x", "attempt": 1, "outcome": {
        "nova_lite_object.name": "Outcome", "nova_lite_object.namespace": "nova_lite",
        "nova_lite_object.version": "99.0", "nova_lite_object.data": {}}}
    with pytest.raises(exceptions.RemoteFailure):
        bus("conductor").call(ASKER, "finish", **finish)
    for queue in (f"compute.{host}", "conductor", "scheduler"):
        for body in (b"", b"\0\xff garbage", b"[]", b'{"oslo.version": "99.0", "oslo.message": "{}"}',
                     json.dumps({"oslo.version": "2.0", "oslo.message": "not json"}).encode(),
                     json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps({"method": 7})}).encode()):
            channel.basic_publish(amqp.Message(body, content_type="application/json", content_encoding="utf-8"),
                                  "nova_lite", queue)
    assert cluster.act(server["id"], "os-stop").status == 202
    cluster.wait_for(server["id"], "SHUTOFF")
    assert cluster.boot(name="other")["status"] == "ACTIVE"
    assert any("teleport_server" in text for text in cluster.logs().values()), "no log names it"
    time.sleep(3)
    assert all(cluster.running(name) for name in cluster.names)
    cluster.check(whole=clusters.now())
