"""Servers copied into images, and backed up in rotation, on the fake driver: the bytes go through the image API."""

import socket
import time

import pytest

from tests import clouds


def image(cloud, image_id):
    return cloud.get(f"/image/v2/images/{image_id}").body


def copy(cloud, server_id, action, argument):
    """The id of the image, once it is filled and the server rests."""
    answer = cloud.act(server_id, action, argument, version="2.45")
    assert answer.status == 202, answer.text
    image_id = answer.body["image_id"]
    clouds.until("it rests", lambda: cloud.show(server_id)["OS-EXT-STS:task_state"] is None)
    return image_id


@pytest.mark.parametrize(("action", "status"), [(None, "ACTIVE"), ("os-stop", "SHUTOFF"), ("pause", "PAUSED")])
def test_a_snapshot_becomes_an_image_that_servers_boot_from(cloud, action, status):
    server_id = cloud.boot()["id"]
    if action:
        cloud.act(server_id, action)
        cloud.wait_for(server_id, status)
    image_id = copy(cloud, server_id, "createImage", {"name": "copy", "metadata": {"k": "v"}})
    made = image(cloud, image_id)
    assert (made["status"], made["disk_format"], made["k"], made["min_disk"]) == ("active", "qcow2", "v", 1)
    assert cloud.show(server_id)["status"] == status
    cloud.boot(imageRef=image_id)
    assert cloud.delete(f"/image/v2/images/{image_id}").status == 204


def test_only_the_newest_backups_stay(cloud):
    server_id = cloud.boot()["id"]
    made = [copy(cloud, server_id, "createBackup", {"name": "b", "backup_type": "daily", "rotation": 2})
            for _ in range(3)]
    other = copy(cloud, server_id, "createBackup", {"name": "b", "backup_type": "weekly", "rotation": 1})

    def kept():
        found = cloud.get(f"/image/v2/images?instance_uuid={server_id}").body["images"]
        return {each["id"] for each in found} == {*made[1:], other}
    clouds.until("the oldest is gone", kept)
    copy(cloud, server_id, "createBackup", {"name": "b", "backup_type": "weekly", "rotation": 0})
    clouds.until("none of that kind is left", lambda: image(cloud, other) is None)


def test_a_snapshot_whose_image_is_gone_fails_and_the_server_is_as_it_was(cloud):
    server_id = cloud.boot()["id"]
    image_id = cloud.act(server_id, "createImage", {"name": "i"}, version="2.45").body["image_id"]
    cloud.delete(f"/image/v2/images/{image_id}")
    assert cloud.wait_for(server_id, "ACTIVE")


def test_a_delete_does_not_wait_for_the_copy_that_it_overtakes(layout, tmp_path):
    """The image service takes the bytes, says nothing, and would be waited for a minute, thirty times."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/image"
        cloud = clouds.Cloud(layout(options=f"[image]\nurl = {url}\n"), tmp_path)
        try:
            cloud.start()
            server_id = cloud.boot()["id"]
            copied = cloud.act(server_id, "createImage", {"name": "copy"}, version="2.45").body["image_id"]
            clouds.until("it is sent", lambda: (
                cloud.show(server_id)["OS-EXT-STS:task_state"] == "image_uploading"))
            began = time.monotonic()
            cloud.delete_server(server_id)
            assert time.monotonic() - began < 40
            assert image(cloud, copied) is None
        finally:
            cloud.stop()
