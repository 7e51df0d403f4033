"""A flavor and an image that contradict each other make no server, and none takes them on."""

import pytest

from nova_lite import db
from nova_lite.db import amounts, flavors, servers

CASES = [
    ({"hw:numa_nodes": "3"}, {}, "cannot be evenly distributed"),
    ({"hw:cpu_policy": "shared"}, {"hw_cpu_policy": "dedicated"}, "not permitted to override CPU pinning"),
    ({"hw:cpu_max_cores": "1"}, {"hw_cpu_cores": "2"}, "exceeds the limits of the flavor or image"),
    ({}, {"hw_video_model": "cga"}, "Invalid image metadata. Error: Field value cga is invalid"),
    ({"pci_passthrough:alias": "gpu:1"}, {}, "PCI alias gpu is not defined"),
]


def flavor(specs):
    with db.writer() as session:
        flavors.create(session, flavorid="odd", name="odd", vcpus=2, memory_mb=512, root_gb=1, extra_specs=specs)


@pytest.mark.parametrize(("specs", "properties", "words"), CASES)
def test_a_server_is_not_created_when_flavor_and_image_contradict(cloud, specs, properties, words):
    flavor(specs)
    cloud.images.properties = properties
    answer = cloud.create(flavorRef="odd")
    assert answer.status_int == 400 and words in answer.json["badRequest"]["message"]
    assert cloud.names() == []


@pytest.mark.parametrize(("specs", "properties", "words"), CASES)
def test_a_server_is_not_resized_to_a_flavor_that_contradicts_its_image(cloud, specs, properties, words):
    server = cloud.make()
    flavor(specs)
    with db.writer() as session:
        servers.update(session, server, image_properties=properties)
    code, message = cloud.refused("POST", f"/servers/{server}/action", {"resize": {"flavorRef": "odd"}})
    assert code == 400 and words in message
    assert cloud.get(f"/servers/{server}")["server"]["status"] == "ACTIVE"


def test_a_server_is_not_rebuilt_with_an_image_that_contradicts_its_flavor(cloud):
    flavor({"hw:pmu": "true"})
    server = cloud.make(flavorRef="odd")
    cloud.images.properties = {"hw_pmu": "no"}
    image = cloud.get(f"/servers/{server}")["server"]["image"]["id"]
    assert cloud.refused("POST", f"/servers/{server}/action", {"rebuild": {"imageRef": image}}) == (
        400, "Flavor odd has hw:pmu extra spec explicitly set to True, conflicting with image tiny which has hw_pmu "
             "explicitly set to False.")


def test_the_topology_shows_the_numa_nodes_of_flavor_and_image(cloud):
    flavor({"hw:numa_nodes": "2", "hw:mem_page_size": "2048"})
    assert cloud.get(f"/servers/{cloud.make(flavorRef='odd')}/topology", version="2.78") == {
        "nodes": [{"vcpu_set": [0], "siblings": [], "memory_mb": 256},
                  {"vcpu_set": [1], "siblings": [], "memory_mb": 256}], "pagesize_kb": 2048}


@pytest.mark.parametrize(("specs", "asked"), [
    ({}, (2, 512, 3)), ({"resources:VCPU": "0", "resources:MEMORY_MB": "100", "resources:DISK_GB": "7"}, (0, 100, 7)),
    ({"resources:PCPU": "2", "resources:CUSTOM_GOLD": "1"}, (2, 512, 3)), ({"resources:MEMORY_MB": "-1"}, (2, 512, 3)),
    ({"resources:MEMORY_MB": "9" * 200}, (2, 2147483647, 3))])
def test_amounts_of_a_flavor_are_what_a_server_takes_of_its_host(specs, asked):
    kept = {"vcpus": 2, "memory_mb": 512, "root_gb": 1, "ephemeral_gb": 1, "swap_mb": 5, "extra_specs": specs}
    assert tuple(amounts.of_flavor(kept).values()) == asked


def test_an_image_may_require_a_config_drive(cloud):
    cloud.images.properties = {"img_config_drive": "mandatory"}
    assert cloud.get(f"/servers/{cloud.make()}")["server"]["config_drive"] == "True"
    cloud.images.properties = {"img_config_drive": "optional"}
    assert cloud.get(f"/servers/{cloud.make()}")["server"]["config_drive"] == ""
