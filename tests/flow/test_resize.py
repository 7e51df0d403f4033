"""Servers of another size, on the fake driver: what they hold of the host follows, whichever way they go."""

import pytest

from tests import clouds
from tests.flow.test_server_rest import settle


@pytest.fixture
def large(cloud):
    flavor = {"name": "wide", "vcpus": 2, "ram": 512, "disk": 3, "id": "large"}
    cloud.post("/compute/v2.1/flavors", {"flavor": flavor}, user="admin")
    yield "large"
    cloud.delete("/compute/v2.1/flavors/large", user="admin")


def held(cloud):
    [node] = cloud.get("/compute/v2.1/os-hypervisors/detail", user="admin").body["hypervisors"]
    return node["vcpus_used"], node["memory_mb_used"], node["local_gb_used"]


def migrations(cloud, server_id):
    """Status of every migration of a server, newest first."""
    listed = cloud.get(f"/compute/v2.1/os-migrations?instance_uuid={server_id}", user="admin", version="2.59").body
    for each in listed["migrations"]:
        assert (each["migration_type"], each["source_compute"]) == ("resize", each["dest_compute"])
        assert each["old_instance_type_id"] != each["new_instance_type_id"]
    return [each["status"] for each in listed["migrations"]]


@pytest.mark.parametrize("state", ["ACTIVE", "SHUTOFF"])
def test_a_resize_is_confirmed_or_reverted(cloud, large, state):
    empty = held(cloud)
    server = cloud.boot()
    small = held(cloud)
    if state == "SHUTOFF":
        settle(cloud, server["id"], "os-stop", state)
    shown = settle(cloud, server["id"], "resize", "VERIFY_RESIZE", {"flavorRef": large})
    assert shown["flavor"]["original_name"] == "wide"
    assert shown["OS-EXT-STS:power_state"] == (1 if state == "ACTIVE" else 4)
    full = held(cloud)
    assert full[0] == empty[0] + 2
    assert migrations(cloud, server["id"]) == ["finished"]
    shown = settle(cloud, server["id"], "revertResize", state)
    assert (shown["flavor"], held(cloud)) == (server["flavor"], small)
    settle(cloud, server["id"], "resize", "VERIFY_RESIZE", {"flavorRef": large})
    assert cloud.act(server["id"], "os-start").status == 409
    assert cloud.act(server["id"], "confirmResize").status == 204
    assert cloud.wait_for(server["id"], state)["flavor"]["original_name"] == "wide"
    assert held(cloud) == full
    assert migrations(cloud, server["id"]) == ["confirmed", "reverted"]
    cloud.delete_server(server["id"])
    assert held(cloud) == empty


def test_a_resized_server_can_be_deleted(cloud, large):
    empty = held(cloud)
    server_id = cloud.boot()["id"]
    settle(cloud, server_id, "resize", "VERIFY_RESIZE", {"flavorRef": large})
    cloud.delete_server(server_id)
    assert (held(cloud), migrations(cloud, server_id)) == (empty, ["confirmed"])


def test_a_size_that_no_host_has_leaves_the_server_as_it_was(cloud):
    flavor = {"name": "huge", "vcpus": 1, "ram": 64, "disk": 900000000, "id": "huge"}
    cloud.post("/compute/v2.1/flavors", {"flavor": flavor}, user="admin")
    server = cloud.boot()
    before = held(cloud)
    assert cloud.act(server["id"], "resize", {"flavorRef": "huge"}).status == 202
    path = f"/compute/v2.1/servers/{server['id']}/os-instance-actions"
    clouds.until("it failed", lambda: cloud.get(path).body["instanceActions"][0]["message"] == "Error")
    assert migrations(cloud, server["id"]) == ["error"]
    shown = cloud.show(server["id"])
    assert (shown["status"], shown["OS-EXT-STS:task_state"], shown["flavor"]) == ("ACTIVE", None, server["flavor"])
    assert held(cloud) == before
    cloud.delete("/compute/v2.1/flavors/huge", user="admin")
