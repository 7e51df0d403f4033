"""The broker is a doorbell: stopped, restarted or cut off, it delays work and loses none."""

import statistics
import time

FAST = 8.0      # seconds an answer may take while the broker is away


def timed(call, *args, **more):
    began = time.monotonic()
    answer = call(*args, **more)
    return answer, time.monotonic() - began


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
    back = time.monotonic()
    room.wait_final(30)
    print(f"all was final {time.monotonic() - back:.1f} s after the broker's return; answers took "
          f"{statistics.mean(seconds for _, seconds in asked):.2f} s on average")
    assert {room.show(each)["status"] for each in (*created, running)} == {"ACTIVE"}
    assert room.show(stopping)["status"] == "SHUTOFF"
    room.wait_gone(deleting)
    room.check()
