"""Servers with ephemeral disks and swap, on the fake driver: their guests have them whatever is done to the servers."""

import pytest

from tests.flow.test_resize import held
from tests.flow.test_server_rest import settle

BLANK = {"boot_index": -1, "source_type": "blank", "destination_type": "local"}


@pytest.fixture
def flavors(cloud):
    """(small, large, none): ids of flavors by their local disks."""
    sizes = {"disks-small": (1, 256), "disks-large": (2, 512), "disks-none": (0, 0)}
    for name, (ephemeral, swap) in sizes.items():
        flavor = {"name": name, "id": name, "vcpus": 1, "ram": 64, "disk": 1, "OS-FLV-EXT-DATA:ephemeral": ephemeral,
                  "swap": swap}
        cloud.post("/compute/v2.1/flavors", {"flavor": flavor}, user="admin")
    yield tuple(sizes)
    for name in sizes:
        cloud.delete(f"/compute/v2.1/flavors/{name}", user="admin")


def disks(cloud, server_id):
    """How many disks the guest has."""
    shown = cloud.get(f"/compute/v2.1/servers/{server_id}/diagnostics", user="admin", version="2.48").body
    return shown["num_disks"]


def boot(cloud, flavor, *wanted):
    root = {"boot_index": 0, "uuid": cloud.image_id(), "source_type": "image", "destination_type": "local"}
    return cloud.boot(flavorRef=flavor, block_device_mapping_v2=[root, *({**BLANK, **each} for each in wanted)])["id"]


def test_a_server_has_the_disks_of_its_flavor_or_those_it_asked_for(cloud, flavors):
    small, large, none = flavors
    empty = held(cloud)
    assert [disks(cloud, cloud.boot(flavorRef=each)["id"]) for each in flavors] == [3, 3, 1]
    server_id = boot(cloud, large, {"volume_size": 1}, {"guest_format": "swap", "volume_size": 64})
    assert disks(cloud, server_id) == 3
    for server in cloud.get("/compute/v2.1/servers").body["servers"]:
        cloud.delete_server(server["id"])
    assert held(cloud) == empty


def test_local_disks_survive_reboot_rescue_rebuild_and_shelve(cloud, flavors):
    server_id = boot(cloud, flavors[0], {"volume_size": 1, "guest_format": "ext3"})
    for action, argument, status in (("reboot", {"type": "HARD"}, "ACTIVE"), ("rescue", {}, "RESCUE"),
                                     ("unrescue", None, "ACTIVE"),
                                     ("rebuild", {"imageRef": cloud.image_id()}, "ACTIVE"),
                                     ("shelve", None, "SHELVED_OFFLOADED"), ("unshelve", None, "ACTIVE")):
        settle(cloud, server_id, action, status, argument)
    assert disks(cloud, server_id) == 3


def test_a_resize_adds_disks_and_takes_none_away(cloud, flavors):
    small, large, none = flavors
    server_id = cloud.boot(flavorRef=none)["id"]
    settle(cloud, server_id, "resize", "VERIFY_RESIZE", {"flavorRef": small})
    assert disks(cloud, server_id) == 3
    settle(cloud, server_id, "revertResize", "ACTIVE")
    assert disks(cloud, server_id) == 1
    asked = boot(cloud, large, {"volume_size": 2})
    for server, flavor in ((asked, small), (cloud.boot(flavorRef=large)["id"], none)):
        assert cloud.act(server, "resize", {"flavorRef": flavor}).status == 202
        assert cloud.wait_for(server, "ACTIVE")["flavor"]["original_name"] == large
        path = f"/compute/v2.1/servers/{server}/os-instance-actions"
        action = cloud.get(path).body["instanceActions"][0]
        assert (action["action"], action["message"]) == ("resize", "Error")
        shown = cloud.get(f"{path}/{action['request_id']}", user="admin", version="2.84").body["instanceAction"]
        assert any("ephemeral disks" in (each["details"] or "") for each in shown["events"])
