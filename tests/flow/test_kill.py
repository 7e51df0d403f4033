"""kill -9 in the middle of an operation: after the next start it ends by itself and leaves nothing behind."""

import pytest

from tests import clouds
from tests.flow.conftest import CONCURRENCY, LAYOUT

#: Fake guests take this long to come, go and change, so that there is a middle to be killed in.
SLOW = "[fake]\ndelay = 1.5\n[operations]\nlease = 5\nnotify_again = 2\n"


@pytest.fixture(scope="module")
def killed(layout, tmp_path_factory):
    made = clouds.Cloud(layout(options=SLOW), tmp_path_factory.mktemp("killed"), CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def fragile(killed):
    """A cloud to be killed, without servers."""
    killed.start()
    yield killed
    for server in killed.get("/compute/v2.1/servers").body["servers"]:
        killed.delete_server(server["id"])


VICTIMS = ["nova-lite"] if LAYOUT == "single" else ["compute", "conductor", "api"]


def kill_and_start(cloud, victim):
    cloud.kill(victim)
    cloud.start()


@pytest.mark.parametrize("victim", VICTIMS)
def test_operations_end_though_their_processes_are_killed(fragile, victim):
    stopping, deleting = (fragile.boot(name=name)["id"] for name in ("stopping", "deleting"))
    creating = fragile.create(name="creating").body["server"]["id"]
    assert fragile.act(stopping, "os-stop").status == 202
    assert fragile.delete(f"/compute/v2.1/servers/{deleting}").status == 204
    kill_and_start(fragile, victim)
    fragile.wait_for(stopping, "SHUTOFF")
    fragile.wait_gone(deleting)
    assert fragile.wait_for(creating, "ACTIVE")["addresses"]["private"]
    for server_id in (stopping, creating):
        fragile.delete_server(server_id)
    assert_nothing_is_left(fragile)


def test_a_delete_overtakes_a_create(fragile):
    server_id = fragile.create().body["server"]["id"]
    clouds.until("the build has started", lambda: fragile.show(server_id)["OS-EXT-STS:task_state"] == "spawning")
    fragile.delete_server(server_id)
    assert_nothing_is_left(fragile)


def assert_nothing_is_left(cloud):
    node = cloud.get("/compute/v2.1/os-hypervisors/detail", user="admin").body["hypervisors"][0]
    assert (node["vcpus_used"], node["memory_mb_used"], node["local_gb_used"]) == (0, 0, 0)
    owners = {port["device_owner"] for port in cloud.get("/network/v2.0/ports", user="admin").body["ports"]}
    assert not {each for each in owners if each.startswith("compute:")}
    assert cloud.get("/compute/v2.1/limits").body["limits"]["absolute"]["totalInstancesUsed"] == 0
