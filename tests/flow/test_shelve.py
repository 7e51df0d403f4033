"""Servers off their host and back, on the fake driver: nothing of the host is held meanwhile."""

import pytest

from tests import clouds
from tests.flow.test_resize import held
from tests.flow.test_server_rest import settle


def images(cloud):
    return {each["name"] for each in cloud.get("/image/v2/images").body["images"]}


@pytest.mark.parametrize("before", [None, "os-stop", "pause"])
def test_a_shelved_server_leaves_its_host_and_comes_back(cloud, before):
    empty = held(cloud)
    server = cloud.boot(name="s")
    full = held(cloud)
    if before:
        assert cloud.act(server["id"], before).status == 202
        clouds.until("it rests", lambda: cloud.show(server["id"])["OS-EXT-STS:task_state"] is None)
    assert cloud.act(server["id"], "shelve").status == 202
    shown = cloud.wait_for(server["id"], "SHELVED_OFFLOADED")
    assert shown["OS-EXT-STS:power_state"] == 4
    assert cloud.show(server["id"], user="admin")["OS-EXT-SRV-ATTR:host"] is None
    assert held(cloud) == empty
    assert "s-shelved" in images(cloud)
    assert shown["addresses"] == server["addresses"]
    shown = settle(cloud, server["id"], "unshelve", "ACTIVE")
    assert (shown["image"]["id"], shown["addresses"]) == (server["image"]["id"], server["addresses"])
    assert held(cloud) == full
    clouds.until("its copy is gone", lambda: "s-shelved" not in images(cloud))
    settle(cloud, server["id"], "reboot", "ACTIVE", {"type": "HARD"})


def test_a_shelved_server_is_deleted_with_its_copy(cloud):
    server_id = cloud.boot(name="gone")["id"]
    assert cloud.act(server_id, "shelve").status == 202
    cloud.wait_for(server_id, "SHELVED_OFFLOADED")
    cloud.delete_server(server_id)
    assert "gone-shelved" not in images(cloud)


def test_a_shelved_server_may_stay_on_its_host(layout, tmp_path):
    cloud = clouds.Cloud(layout(options="[compute]\nshelved_offload_time = -1\n"), tmp_path)
    try:
        cloud.start()
        server_id = cloud.boot(name="stays")["id"]
        settle(cloud, server_id, "shelve", "SHELVED")
        settle(cloud, server_id, "unshelve", "ACTIVE")
        settle(cloud, server_id, "shelve", "SHELVED")
        [image] = cloud.get("/image/v2/images?name=stays-shelved").body["images"]
        assert cloud.delete(f"/image/v2/images/{image['id']}").status == 204
        settle(cloud, server_id, "unshelve", "ACTIVE")          # its disk is still here
        settle(cloud, server_id, "shelve", "SHELVED")
        settle(cloud, server_id, "shelveOffload", "SHELVED_OFFLOADED", user="admin")
        settle(cloud, server_id, "unshelve", "ACTIVE")
    finally:
        cloud.stop()


def test_unshelving_a_server_whose_image_is_gone_ends_in_error_with_a_fault(cloud):
    server_id = cloud.boot(name="lost")["id"]
    assert cloud.act(server_id, "shelve").status == 202
    cloud.wait_for(server_id, "SHELVED_OFFLOADED")
    [image] = [each["id"] for each in cloud.get("/image/v2/images?name=lost-shelved").body["images"]]
    assert cloud.delete(f"/image/v2/images/{image}").status == 204
    assert cloud.act(server_id, "unshelve").status == 202
    shown = cloud.wait_for(server_id, "ERROR")
    assert shown["fault"]["message"] == f"Unshelve attempted but the image {image} cannot be found."
    actions = cloud.get(f"/compute/v2.1/servers/{server_id}/os-instance-actions").body["instanceActions"]
    assert (actions[0]["action"], actions[0]["message"]) == ("unshelve", "Error")
