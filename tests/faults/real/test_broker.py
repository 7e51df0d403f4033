"""The broker is a doorbell: stopped, restarted, cut off or half open, it delays work and loses none."""

import statistics
import time

import pytest

from tests import clouds
from tests.faults.real import rooms
from tests.faults.real.load import Load

OPTIONS = rooms.OPTIONS + "[DEFAULT]\nrpc_response_timeout = 10\n[fake]\ndelay = 0.5\n"
FAST = 8.0      # seconds an answer may take while the broker is away


def timed(call, *args, **more):
    began = time.monotonic()
    answer = call(*args, **more)
    return answer, time.monotonic() - began


@pytest.fixture(autouse=True)
def empty(room):
    yield
    room.clear()


def assert_all_is_well(room, whole):
    began = time.monotonic()
    room.wait_final(30)
    print(f"all was final {time.monotonic() - began:.1f} s after all was well again")
    room.check(whole=whole)


def test_work_is_accepted_without_a_broker_and_goes_on_when_it_is_back(room, broker):
    stopping, deleting, running = (room.boot(name=name)["id"] for name in ("stopping", "deleting", "running"))
    broker.server.stop()
    try:
        asked = [timed(room.create, name="creating"), timed(room.act, stopping, "os-stop"),
                 timed(room.delete, f"/compute/v2.1/servers/{deleting}"), timed(room.create, name="another"),
                 timed(room.act, running, "reboot", {"type": "SOFT"}), timed(room.create, name="third")]
        assert [answer.status for answer, _ in asked] == [202, 202, 204, 202, 202, 202]
        assert max(seconds for _, seconds in asked) < FAST, [seconds for _, seconds in asked]
        _, seconds = timed(room.show, running)
        assert seconds < 1
        time.sleep(12)
        created = [answer.body["server"]["id"] for answer, _ in asked if answer.body]
        assert {room.show(each)["status"] for each in created} == {"BUILD"}, "nothing may fail for want of a broker"
    finally:
        broker.server.start()
    print(f"answers took {statistics.mean(seconds for _, seconds in asked):.2f} s on average, "
          f"{max(seconds for _, seconds in asked):.2f} s at most")
    assert_all_is_well(room, rooms.now())
    assert {room.show(each)["status"] for each in (*created, running)} == {"ACTIVE"}
    assert room.show(stopping)["status"] == "SHUTOFF"
    room.wait_gone(deleting)


def test_a_step_that_ends_without_a_broker_keeps_its_result(room, broker):
    """The guest is stopped once, although nobody could be told for longer than the lease."""
    server = room.boot()
    proxies = room.layout.of("bus", server["OS-EXT-SRV-ATTR:host"] if "OS-EXT-SRV-ATTR:host" in server
                             else room.host_of(server["id"]))
    assert room.act(server["id"], "os-stop").status == 202
    clouds.until("the step runs", lambda: room.query("SELECT 1 FROM operation_steps WHERE name = 'stop' AND outcome "
                                                     "IS NULL"))
    for each in proxies:
        each.refuse()
    time.sleep(7)
    assert room.show(server["id"])["OS-EXT-STS:task_state"] == "powering-off"
    for each in proxies:
        each.heal()
    assert_all_is_well(room, rooms.now())
    assert room.show(server["id"])["status"] == "SHUTOFF"


def test_a_restart_of_the_broker_under_load_loses_nothing(room, broker):
    with Load(room, seed=11) as load:
        time.sleep(4)
        broker.server.stop()
        broker.server.start()
        whole = rooms.now()
        time.sleep(6)
    room.promises += load.promises
    assert_all_is_well(room, whole)
    assert not load.wrong, "\n".join(load.wrong)
    assert load.accepted > 20


@pytest.mark.parametrize("fault", ["black_hole", "refuse"])
def test_a_host_cut_off_from_the_broker_holds_up_no_other(room, fault):
    here, there = room.boot(name="here"), room.boot(name="there")
    while room.host_of(there["id"]) == room.host_of(here["id"]):
        there = room.boot(name="there")
    proxy, = room.layout.of("bus", room.host_of(here["id"]))
    getattr(proxy, fault)()
    try:
        for server in (here, there):
            answer, seconds = timed(room.act, server["id"], "os-stop")
            assert (answer.status, seconds < FAST) == (202, True)
        room.wait_for(there["id"], "SHUTOFF")
        time.sleep(6)
        assert room.show(here["id"])["OS-EXT-STS:task_state"] == "powering-off"
    finally:
        proxy.heal()
    assert_all_is_well(room, rooms.now())
    assert room.show(here["id"])["status"] == "SHUTOFF"


def test_a_process_whose_queue_is_gone_notices_and_opens_it_again(room):
    """Deaf: its connection stands, the broker takes what it is sent, and nothing arrives."""
    server = room.boot()
    host = room.host_of(server["id"])
    connection = rooms.amqp_connection(room.layout.bus)
    connection.connect()
    channel = connection.channel()
    channel.queue_delete(f"compute.{host}")
    connection.close()
    began = time.monotonic()
    assert room.act(server["id"], "os-stop").status == 202
    clouds.until("the host hears again", lambda: room.show(server["id"])["status"] == "SHUTOFF", 60)
    print(f"it heard again after {time.monotonic() - began:.1f} s")
    assert_all_is_well(room, rooms.now())


def test_processes_come_back_one_by_one(room):
    """A herd that reconnects in the same moment is an outage of its own."""
    proxies = room.layout.of("bus")
    for each in proxies:
        each.refuse()
    time.sleep(6)
    seen = [len(each.arrivals) for each in proxies]
    for each in proxies:
        each.heal()
    clouds.until("all are back", lambda: all(len(each.arrivals) > before for each, before
                                             in zip(proxies, seen, strict=True)), 30)
    time.sleep(3)
    back = sorted(moment for each, before in zip(proxies, seen, strict=True) for moment in each.arrivals[before:])
    print("connections came back after", [round(each - back[0], 2) for each in back])
    fullest = max(sum(each <= moment < each + 0.2 for moment in back) for each in back)
    assert fullest <= len(back) / 2, "most came back at once"
    assert_all_is_well(room, rooms.now())
