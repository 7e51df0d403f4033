"""Doorbells twice, late and to the wrong door, poison in rows and messages, and workers that sleep past their lease."""

import json
import time
import uuid

import amqp
import pytest

from nova_lite.common import exception, rpc
from nova_lite.common.context import RequestContext
from tests import clouds
from tests.faults.real import rooms

OPTIONS = rooms.OPTIONS.replace("lease = 5", "lease = 9") + """
[DEFAULT]
rpc_response_timeout = 10
[database]
statement_timeout = 4
[fake]
delay = 0.3
"""
ASKER = RequestContext("user", "project", is_admin=True)


@pytest.fixture(scope="module")
def bus(room):
    """This very process on the room's bus: ``bus(topic, host)`` is a client."""
    rpc.init(room.layout.bus)
    yield lambda topic, host=None: rpc.client(topic).to(host, timeout=5)
    rpc.cleanup()


@pytest.fixture(scope="module")
def channel(room):
    """A bare AMQP channel, for what our own client would never send."""
    with rooms.amqp_connection(room.layout.bus) as connection:
        yield connection.channel()


@pytest.fixture(autouse=True)
def empty(room):
    yield
    room.clear()


def rings(bus, host, operation_id):
    """Every doorbell a host has, for one operation."""
    from nova_lite.compute.rpcapi import DOORBELLS
    for method in sorted(set(DOORBELLS.values())):
        bus("compute", host).cast(ASKER, method, operation_id=operation_id)


def boots(room, server_id):
    """How often a guest was booted, as its host remembers it."""
    with open(f"{rooms.host_dir(room, room.host_of(server_id))}/fake/{server_id}") as file:
        return json.load(file)["boots"]


def operation_of(room, server_id, name):
    row, = room.query("SELECT * FROM operations WHERE server_id = :id AND name = :name", id=server_id, name=name)
    return row


def steps_of(room, operation_id):
    return [(row.name, row.attempt) for row in room.query(
        "SELECT name, attempt FROM operation_steps WHERE operation_id = :id ORDER BY id", id=operation_id)]


# ---- doorbells

def test_doorbells_that_ring_twice_do_it_once(room, bus):
    server = room.boot()
    host = room.host_of(server["id"])
    assert room.act(server["id"], "reboot", {"type": "SOFT"}).status == 202
    operation = operation_of(room, server["id"], "reboot")
    for _ in range(5):
        rings(bus, host, operation.id)
    room.wait_for(server["id"], "ACTIVE")
    time.sleep(1)
    assert boots(room, server["id"]) == 2
    assert steps_of(room, operation.id) == [("network", 1), ("reboot", 1)]
    room.check(whole=rooms.now())


def test_doorbells_that_come_an_hour_late_change_nothing(room, bus):
    """After its operation has ended, and the server has gone on, a bell is a bell for nothing."""
    server = room.boot()
    host = room.host_of(server["id"])
    ended = [row.id for row in room.query("SELECT id FROM operations WHERE server_id = :id", id=server["id"])]
    room.act(server["id"], "os-stop")
    room.wait_for(server["id"], "SHUTOFF")
    ended.append(operation_of(room, server["id"], "stop").id)
    room.act(server["id"], "os-start")
    room.wait_for(server["id"], "ACTIVE")
    room.write("UPDATE operations SET created_at = created_at - interval '1 hour', finished_at = finished_at - "
               "interval '1 hour' WHERE id = :id", id=ended[0])
    room.write("UPDATE operation_steps SET started_at = started_at - interval '1 hour', finished_at = finished_at - "
               "interval '1 hour' WHERE operation_id = :id", id=ended[0])
    before = room.query("SELECT * FROM operations ORDER BY id"), boots(room, server["id"])
    for other in room.layout.hosts:
        for operation_id in ended:
            rings(bus, other, operation_id)
    bus("conductor").cast(ASKER, "build_servers", operation_ids=ended)
    for operation_id in ended:
        bus("conductor").cast(ASKER, "delete_server", operation_id=operation_id)
    time.sleep(2)
    assert (room.query("SELECT * FROM operations ORDER BY id"), boots(room, server["id"])) == before
    assert room.show(server["id"])["status"] == "ACTIVE"
    assert host == room.host_of(server["id"])
    room.check(whole=rooms.now())


def test_bells_at_the_wrong_door_are_not_answered(room, bus):
    """A host cannot lead what waits at another, nor a conductor what waits at a host."""
    server = room.boot()
    host = room.host_of(server["id"])
    other = next(each for each in room.layout.hosts if each != host)
    room.freeze(host)
    try:
        assert room.act(server["id"], "os-stop").status == 202
        operation = operation_of(room, server["id"], "stop")
        rings(bus, other, operation.id)
        bus("conductor").cast(ASKER, "build_servers", operation_ids=[operation.id])
        time.sleep(2)
        assert operation_of(room, server["id"], "stop").attempt == 0
    finally:
        room.thaw(host)
    room.wait_for(server["id"], "SHUTOFF")
    room.check(whole=rooms.now())


# ---- workers that sleep

def test_a_host_that_sleeps_past_its_lease_is_fenced(room):
    """Its server is deleted meanwhile as an operator would have it: what it writes when it wakes is refused."""
    server = room.boot()
    host = room.host_of(server["id"])
    assert room.act(server["id"], "os-stop").status == 202
    clouds.until("the step runs", lambda: room.query(
        "SELECT 1 FROM operation_steps WHERE name = 'stop' AND outcome IS NULL"))
    room.freeze(host)
    time.sleep(1)
    assert room.delete(f"/compute/v2.1/servers/{server['id']}").status == 204
    time.sleep(11)
    room.thaw(host)
    whole = rooms.now()
    room.wait_gone(server["id"])
    stop = operation_of(room, server["id"], "stop")
    assert (stop.state, stop.attempt) == ("cancelled", 2)
    room.check(whole=whole)


@pytest.mark.parametrize("name", ["conductor1", "conductor2"])
def test_a_conductor_that_sleeps_past_its_lease_is_fenced(room, name):
    """Frozen in the middle of many builds, it wakes when the other has gone on with them: each is built once."""
    asked = [room.create(name=f"s{number}") for number in range(6)]
    assert {each.status for each in asked} == {202}
    room.freeze(name)
    try:
        for each in asked:
            room.wait_for(each.body["server"]["id"], "ACTIVE")
    finally:
        room.thaw(name)
    whole = rooms.now()
    time.sleep(2)
    assert all(boots(room, each.body["server"]["id"]) == 1 for each in asked)
    room.wait_final()
    room.check(whole=whole)


# ---- poison

def set_aside(room, operation_id):
    """The row once it has ended as failed, with a text."""
    def ended():
        row, = room.query("SELECT state, error FROM operations WHERE id = :id", id=operation_id)
        return row if row.state == "failed" else None
    row = clouds.until(f"operation {operation_id} is set aside", ended, 60)
    assert row.error
    assert any(operation_id in text for text in room.logs().values()), "no log names it"
    return row


@pytest.mark.parametrize("place", ["conductor", "host"])
def test_an_operation_with_broken_arguments_is_set_aside(room, place):
    server = room.boot()
    assert room.act(server["id"], "os-stop").status == 202
    room.wait_for(server["id"], "SHUTOFF")
    poison = str(uuid.uuid4())
    room.write(
        "INSERT INTO operations (id, name, server_id, state, place, attempt, deadline, args, previous, project_id, "
        "user_id, request_id, created_at) SELECT CAST(:poison AS VARCHAR), 'start', server_id, 'queued', "
        "CASE WHEN :place = 'host' THEN place ELSE 'conductor' END, 0, now() AT TIME ZONE 'UTC' + interval '1 hour', "
        "CAST('[1, \"broken\"]' AS JSON), previous, project_id, user_id, request_id, now() AT TIME ZONE 'UTC' "
        "FROM operations WHERE server_id = :id AND name = 'stop'", poison=poison, id=server["id"], place=place)
    room.write("UPDATE servers SET task_state = 'powering-on' WHERE id = :id", id=server["id"])
    other = room.boot(name="other")
    set_aside(room, poison)
    assert room.show(server["id"])["OS-EXT-STS:task_state"] is None
    assert room.act(server["id"], "os-start").status == 202
    room.wait_for(server["id"], "ACTIVE")
    assert room.show(other["id"])["status"] == "ACTIVE"


def test_an_operation_of_a_future_release_waits_and_ends_by_its_deadline(room):
    server = room.boot()
    poison = str(uuid.uuid4())
    room.write(
        "INSERT INTO operations (id, name, server_id, state, place, attempt, deadline, args, previous, project_id, "
        "user_id, request_id, created_at) SELECT CAST(:poison AS VARCHAR), 'teleport', server_id, 'queued', place, 0, "
        "now() AT TIME ZONE 'UTC' + interval '6 seconds', args, previous, project_id, user_id, request_id, "
        "now() AT TIME ZONE 'UTC' FROM operations WHERE server_id = :id", poison=poison, id=server["id"])
    room.write("UPDATE servers SET task_state = 'teleporting' WHERE id = :id", id=server["id"])
    assert room.boot(name="other")["status"] == "ACTIVE"
    row = set_aside(room, poison)
    assert "teleport" in row.error
    assert room.show(server["id"])["OS-EXT-STS:task_state"] is None
    assert room.act(server["id"], "os-stop").status == 202
    room.wait_for(server["id"], "SHUTOFF")
    room.write("DELETE FROM operations WHERE id = :id", id=poison)      # the checker knows this release only


def test_messages_that_nobody_understands_hold_up_nobody(room, bus, channel):
    server = room.boot()
    host = room.host_of(server["id"])
    bus("compute", host).cast(ASKER, "teleport_server", operation_id="x")
    bus("compute", host).cast(ASKER, "stop_server", unknown_argument=True)
    with pytest.raises(exception.RemoteFailure):
        bus("conductor").call(ASKER, "teleport_server", operation_id="x")
    finish = {"operation_id": "x", "attempt": 1, "outcome": {
        "nova_lite_object.name": "Outcome", "nova_lite_object.namespace": "nova_lite",
        "nova_lite_object.version": "99.0", "nova_lite_object.data": {}}}
    with pytest.raises(exception.RemoteFailure):
        bus("conductor").call(ASKER, "finish", **finish)
    for queue in (f"compute.{host}", "conductor", "scheduler"):
        for body in (b"", b"\0\xff garbage", b"[]", b'{"oslo.version": "99.0", "oslo.message": "{}"}',
                     json.dumps({"oslo.version": "2.0", "oslo.message": "not json"}).encode(),
                     json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps({"method": 7})}).encode()):
            channel.basic_publish(amqp.Message(body, content_type="application/json", content_encoding="utf-8"),
                                  "nova_lite", queue)
    assert room.act(server["id"], "os-stop").status == 202
    room.wait_for(server["id"], "SHUTOFF")
    assert room.boot(name="other")["status"] == "ACTIVE"
    assert any("teleport_server" in text for text in room.logs().values()), "no log names it"
    time.sleep(3)
    assert all(room.running(name) for name in room.names)
    room.check(whole=rooms.now())
