"""Servers that are deleted softly: off, hidden, restored, and reclaimed when their time is over."""

import pytest

from tests import clouds


@pytest.fixture(scope="module")
def soft_cloud(layout, tmp_path_factory):
    kind = layout(options="[compute]\nreclaim_instance_interval = 3\n")
    made = clouds.Cloud(kind, tmp_path_factory.mktemp("soft"))
    try:
        yield made.start()
    finally:
        made.stop()


def softly_deleted(cloud):
    server_id = cloud.boot()["id"]
    assert cloud.delete(f"/compute/v2.1/servers/{server_id}").status == 204
    assert cloud.wait_for(server_id, "SOFT_DELETED")["OS-EXT-STS:power_state"] == 4
    assert cloud.get("/compute/v2.1/servers").body["servers"] == []
    return server_id


def test_a_restored_server_runs_and_is_not_reclaimed(soft_cloud):
    server_id = softly_deleted(soft_cloud)
    assert soft_cloud.act(server_id, "restore").status == 202
    assert soft_cloud.wait_for(server_id, "ACTIVE")["OS-EXT-STS:power_state"] == 1
    assert soft_cloud.act(server_id, "forceDelete").status == 202
    soft_cloud.wait_gone(server_id)


def test_a_soft_deleted_server_is_reclaimed_after_its_interval(soft_cloud):
    server_id = softly_deleted(soft_cloud)
    soft_cloud.wait_gone(server_id)
