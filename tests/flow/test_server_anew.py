"""Servers made anew or mended from another disk, on the fake driver."""

from tests import clouds
from tests.flow.test_server_rest import settle


def test_a_rebuilt_server_runs_again_and_a_stopped_one_stays_off(cloud):
    server_id = cloud.boot()["id"]
    image = cloud.image_id()
    shown = settle(cloud, server_id, "rebuild", "ACTIVE", {"imageRef": image, "name": "new"})
    assert (shown["name"], shown["OS-EXT-STS:power_state"]) == ("new", 1)
    settle(cloud, server_id, "os-stop", "SHUTOFF")
    assert settle(cloud, server_id, "rebuild", "SHUTOFF", {"imageRef": image})["OS-EXT-STS:power_state"] == 4


def test_a_rebuild_mends_a_server_in_error(cloud):
    server_id = cloud.boot()["id"]
    cloud.act(server_id, "os-resetState", {"state": "error"}, user="admin")
    assert cloud.act(server_id, "rebuild", {"imageRef": cloud.image_id()}).status == 202
    clouds.until("it runs", lambda: cloud.show(server_id)["status"] == "ACTIVE")


def test_a_rebuild_that_asks_to_preserve_ephemeral_disks_ends_in_error(cloud):
    server_id = cloud.boot()["id"]
    cloud.act(server_id, "rebuild", {"imageRef": cloud.image_id(), "preserve_ephemeral": True})
    shown = clouds.until("it failed", lambda: (server := cloud.show(server_id))["status"] == "ERROR" and server)
    assert "preserving ephemeral" in shown["fault"]["message"]


def test_a_rebuild_from_another_image_asks_the_scheduler_and_one_from_its_own_does_not(cloud):
    server = cloud.boot()
    other = image_of(cloud, "other")
    assert settle(cloud, server["id"], "rebuild", "ACTIVE", {"imageRef": other})["image"]["id"] == other
    settle(cloud, server["id"], "rebuild", "ACTIVE", {"imageRef": other})
    ways = [[each["event"] for each in action_of(cloud, server["id"], each["request_id"])["events"]]
            for each in cloud.get(f"/compute/v2.1/servers/{server['id']}/os-instance-actions").body["instanceActions"]
            if each["action"] == "rebuild"]
    assert ["conductor_schedule" in each for each in ways] == [False, True]        # the newest first


def image_of(cloud, name, **properties):
    made = cloud.post("/image/v2/images", {"name": name, "disk_format": "raw", "container_format": "bare",
                                           **properties}).body["id"]
    assert cloud.request("PUT", f"/image/v2/images/{made}/file", data=b"x" * 512, headers={
        "Content-Type": "application/octet-stream"}).status == 204
    return made


def action_of(cloud, server_id, request_id):
    return cloud.get(f"/compute/v2.1/servers/{server_id}/os-instance-actions/{request_id}",
                     user="admin").body["instanceAction"]


def test_an_image_that_the_host_cannot_run_leaves_guest_and_image_as_they_were(cloud):
    server = cloud.boot()
    other = image_of(cloud, "arm", hw_architecture="aarch64")
    assert cloud.act(server["id"], "rebuild", {"imageRef": other}).status == 202
    shown = clouds.until("it failed", lambda: (now := cloud.show(server["id"]))["status"] == "ERROR" and now)
    assert shown["fault"]["message"] == (
        "No valid host was found. 1 host: 1 cannot run images of this kind.")
    assert (shown["image"]["id"], shown["OS-EXT-STS:power_state"]) == (server["image"]["id"], 1)
    cloud.act(server["id"], "os-resetState", {"state": "active"}, user="admin")
    settle(cloud, server["id"], "os-stop", "SHUTOFF")
    cloud.delete(f"/image/v2/images/{other}")


def test_a_server_is_rescued_and_comes_back(cloud):
    server_id = cloud.boot()["id"]
    assert settle(cloud, server_id, "rescue", "RESCUE")["OS-EXT-STS:power_state"] == 1
    assert cloud.act(server_id, "os-stop").status == 409
    settle(cloud, server_id, "unrescue", "ACTIVE")
    settle(cloud, server_id, "os-stop", "SHUTOFF")
    settle(cloud, server_id, "rescue", "RESCUE", {"rescue_image_ref": cloud.image_id()})
    settle(cloud, server_id, "unrescue", "ACTIVE")
