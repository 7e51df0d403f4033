"""The broker only notifies: stopped, restarted, cut off or half open, it delays work and loses none."""

import statistics
import time

import pytest

from tests import clouds
from tests.faults.real import clusters
from tests.faults.real.load import Load

OPTIONS = clusters.OPTIONS + "[DEFAULT]\nrpc_response_timeout = 10\n[fake]\ndelay = 0.5\n"
FAST = 8.0      # seconds an answer may take while the broker is away, beside what it takes on this machine with one


def timed(call, *args, **more):
    began = time.monotonic()
    answer = call(*args, **more)
    return answer, time.monotonic() - began


@pytest.fixture(autouse=True)
def empty(cluster):
    yield
    cluster.clear()


def assert_all_is_well(cluster, whole):
    began = time.monotonic()
    cluster.wait_final()
    print(f"all was final {time.monotonic() - began:.1f} s after all was well again")
    cluster.check(whole=whole)


def test_work_is_accepted_without_a_broker_and_goes_on_when_it_is_back(cluster, broker):
    stopping, deleting, running = (cluster.boot(name=name)["id"] for name in ("stopping", "deleting", "running"))
    _, usual = timed(cluster.create, name="usual")
    broker.server.stop()
    try:
        asked = [timed(cluster.create, name="creating"), timed(cluster.act, stopping, "os-stop"),
                 timed(cluster.delete, f"/compute/v2.1/servers/{deleting}"), timed(cluster.create, name="another"),
                 timed(cluster.act, running, "reboot", {"type": "SOFT"}), timed(cluster.create, name="third")]
        assert [answer.status for answer, _ in asked] == [202, 202, 204, 202, 202, 202]
        assert max(seconds for _, seconds in asked) < FAST + usual, [seconds for _, seconds in asked]
        _, seconds = timed(cluster.show, running)
        assert seconds < 1 + usual
        time.sleep(12)
        created = [answer.body["server"]["id"] for answer, _ in asked if answer.body]
        assert {cluster.show(each)["status"] for each in created} == {"BUILD"}, "nothing may fail for want of a broker"
    finally:
        broker.server.start()
    print(f"answers took {statistics.mean(seconds for _, seconds in asked):.2f} s on average, "
          f"{max(seconds for _, seconds in asked):.2f} s at most")
    assert_all_is_well(cluster, clusters.now())
    assert {cluster.show(each)["status"] for each in (*created, running)} == {"ACTIVE"}
    assert cluster.show(stopping)["status"] == "SHUTOFF"
    cluster.wait_gone(deleting)


def test_a_step_that_ends_without_a_broker_keeps_its_result(cluster, broker):
    """The guest is stopped once, although nothing could be reported for longer than the lease."""
    server = cluster.boot()
    proxies = cluster.layout.of("bus", server["OS-EXT-SRV-ATTR:host"] if "OS-EXT-SRV-ATTR:host" in server
                             else cluster.host_of(server["id"]))
    assert cluster.act(server["id"], "os-stop").status == 202
    clouds.until("the step runs", lambda: cluster.query("SELECT 1 FROM operation_steps WHERE name = 'stop' AND outcome "
                                                     "IS NULL"))
    for each in proxies:
        each.refuse()
    time.sleep(7)
    assert cluster.show(server["id"])["OS-EXT-STS:task_state"] == "powering-off"
    for each in proxies:
        each.heal()
    assert_all_is_well(cluster, clusters.now())
    assert cluster.show(server["id"])["status"] == "SHUTOFF"


def test_a_restart_of_the_broker_under_load_loses_nothing(cluster, broker):
    with Load(cluster, seed=11) as load:
        time.sleep(4)
        broker.server.stop()
        broker.server.start()
        whole = clusters.now()
        time.sleep(6)
        load.until_accepted(20)
    cluster.promises += load.promises
    assert_all_is_well(cluster, whole)
    assert not load.wrong, "\n".join(load.wrong)


@pytest.mark.parametrize("fault", ["black_hole", "refuse"])
def test_a_host_cut_off_from_the_broker_holds_up_no_other(cluster, fault):
    here, there = cluster.boot(name="here"), cluster.boot(name="there")
    while cluster.host_of(there["id"]) == cluster.host_of(here["id"]):
        there = cluster.boot(name="there")
    _, usual = timed(cluster.show, here["id"])
    proxy, = cluster.layout.of("bus", cluster.host_of(here["id"]))
    getattr(proxy, fault)()
    try:
        for server in (here, there):
            answer, seconds = timed(cluster.act, server["id"], "os-stop")
            assert (answer.status, seconds < FAST + usual) == (202, True)
        cluster.wait_for(there["id"], "SHUTOFF")
        time.sleep(6)
        assert cluster.show(here["id"])["OS-EXT-STS:task_state"] == "powering-off"
    finally:
        proxy.heal()
    assert_all_is_well(cluster, clusters.now())
    assert cluster.show(here["id"])["status"] == "SHUTOFF"


def test_a_process_whose_queue_was_deleted_notices_and_declares_it_again(cluster):
    """Its connection stands, the broker takes what it is sent, and nothing arrives."""
    server = cluster.boot()
    host = cluster.host_of(server["id"])
    connection = clusters.amqp_connection(cluster.layout.bus)
    connection.connect()
    channel = connection.channel()
    channel.queue_delete(f"compute.{host}")
    connection.close()
    began = time.monotonic()
    assert cluster.act(server["id"], "os-stop").status == 202
    clouds.until("the host receives again", lambda: cluster.show(server["id"])["status"] == "SHUTOFF", 60)
    print(f"it received again after {time.monotonic() - began:.1f} s")
    assert_all_is_well(cluster, clusters.now())


def test_processes_come_back_one_by_one(cluster):
    """A herd that reconnects in the same moment is an outage of its own."""
    proxies = cluster.layout.of("bus")
    for each in proxies:
        each.refuse()
    time.sleep(6)
    seen = [len(each.arrivals) for each in proxies]
    for each in proxies:
        each.heal()
    clouds.until("all are back", lambda: all(len(each.arrivals) > before for each, before
                                             in zip(proxies, seen, strict=True)))
    time.sleep(3)
    back = sorted(moment for each, before in zip(proxies, seen, strict=True) for moment in each.arrivals[before:])
    print("connections came back after", [round(each - back[0], 2) for each in back])
    fullest = max(sum(each <= moment < each + 0.2 for moment in back) for each in back)
    assert fullest <= len(back) / 2, "most came back at once"
    assert_all_is_well(cluster, clusters.now())
