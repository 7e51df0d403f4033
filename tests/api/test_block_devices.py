"""Ephemeral disks and swap as requests ask for them: limited by the flavor, refused with Nova's messages."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.db.models.servers import Flavor, Server
from tests.compute_service import IMAGE

ROOT = {"boot_index": 0, "uuid": IMAGE, "source_type": "image", "destination_type": "local",
        "delete_on_termination": True}
BLANK = {"boot_index": -1, "source_type": "blank", "destination_type": "local"}
EPHEMERAL = ("Ephemeral disks requested are larger than the instance type allows. If no size is given in one block "
             "device mapping, flavor ephemeral size will be used.")
INVALID = "Block Device Mapping is Invalid: "
LIMIT = INVALID + "You specified more local devices than the limit allows"
SEQUENCE = INVALID + "Boot sequence for the instance and image/block device mapping combination is not valid."


@pytest.fixture(autouse=True)
def roomy(cloud):
    """A flavor of 2 GiB for ephemeral disks and 512 MiB for swap."""
    with db.writer() as session:
        session.execute(sa.insert(Flavor).values(flavorid="roomy", name="roomy", vcpus=1, memory_mb=64, root_gb=1,
                                                 ephemeral_gb=2, swap_mb=512))
    cloud.flavor = "roomy"


def kept(answer):
    """[(format, MiB)] of what the server asked for."""
    assert answer.status_int == 202, answer.text
    with db.reader() as session:
        row = session.execute(sa.select(Server.local_disks).where(
            Server.id == answer.json["server"]["id"])).scalar_one()
    return [(each["format"], each["size_mb"]) for each in row]


def create(cloud, *disks, root=ROOT, **more):
    return cloud.create(block_device_mapping_v2=[root, *({**BLANK, **each} for each in disks)], **more)


@pytest.mark.parametrize(("disks", "found"), [
    ([{"guest_format": "ext4", "volume_size": 1}], [("ext4", "1024")]),
    ([{"volume_size": "2"}], [(None, "2048")]),
    ([{}], [(None, "2048")]),
    ([{"guest_format": "swap", "volume_size": 256, "boot_index": None}], [("swap", "256")]),
    ([{"guest_format": "swap"}], [("swap", None)]),
    ([{"volume_size": 1, "disk_bus": "scsi", "device_type": "disk", "boot_index": 1}], [(None, "1024")])])
def test_blank_disks_within_the_flavor_are_kept(cloud, disks, found):
    assert kept(create(cloud, *disks)) == found


@pytest.mark.parametrize(("disks", "message"), [
    ([{"volume_size": 3}], EPHEMERAL), ([{"volume_size": 1}, {}], EPHEMERAL),
    ([{"guest_format": "swap", "volume_size": 513}], "Swap drive requested is larger than instance type allows."),
    ([{"guest_format": "swap", "volume_size": 1}] * 2, INVALID + "More than one swap drive requested."),
    ([{"volume_size": 1}] * 2, LIMIT),
    ([{"uuid": IMAGE}], INVALID + "Invalid device UUID."),
    ([{"boot_index": 2}], SEQUENCE), ([{"boot_index": 0}], INVALID + "a blank disk cannot be the one to boot from "
                                                                     "first."),
    ([{"disk_bus": "fdc"}], INVALID + "The provided disk bus fdc is not valid; it is one of virtio, scsi, sata, ide, "
                                      "usb."),
    ([{"guest_format": "ntfs"}], INVALID + "guest_format ntfs is none of swap, ext2, ext3, ext4, xfs, vfat."),
    ([{"device_type": "cdrom"}], INVALID + "device_type cdrom is not supported for local disks; it is disk."),
    ([{"source_type": "image", "uuid": IMAGE}], INVALID + "Mapping image to local is not supported."),
    ([{"destination_type": "volume", "volume_size": 1}],
     INVALID + "volumes are not available, as this cloud has no block storage service.")])
def test_a_local_disk_that_is_invalid_or_exceeds_the_flavor_is_refused(cloud, disks, message):
    answer = create(cloud, *disks)
    assert (answer.status_int, answer.json.get("badRequest", {}).get("message")) == (400, message)


def test_the_root_disk_may_have_a_bus_and_a_tag(cloud):
    assert kept(cloud.create(block_device_mapping_v2=[{**ROOT, "disk_bus": "scsi", "tag": "os"}], version="2.42",
                             networks="none")) == [("root", None)]
    for wrong, message in (
            ({"disk_bus": "usb"}, "The provided disk bus usb is not valid; it is one of virtio, scsi, sata, ide."),
            ({"device_type": "cdrom"}, "device_type cdrom is not supported for local disks; it is disk.")):
        answer = cloud.create(block_device_mapping_v2=[{**ROOT, **wrong}])
        assert (answer.status_int, answer.json["badRequest"]["message"]) == (400, INVALID + message)


def test_blank_disks_alone_need_the_image_among_them(cloud):
    answer = cloud.create(block_device_mapping_v2=[BLANK])
    assert (answer.status_int, answer.json["badRequest"]["message"]) == (400, SEQUENCE)


def test_the_limit_of_local_disks_counts_the_root_disk_and_those_of_the_flavor(cloud, conf):
    conf.set_override("max_local_block_devices", 2, "compute")
    assert cloud.create().status_int == 400
    conf.set_override("max_local_block_devices", -1, "compute")
    assert kept(create(cloud, {"volume_size": 1}, {"volume_size": 1})) == [(None, "1024")] * 2


def test_a_volume_type_for_a_local_disk_is_refused(cloud):
    answer = create(cloud, {"volume_type": "fast"}, version="2.67")
    assert (answer.status_int, answer.json["badRequest"]["message"]) == (
        400, INVALID + "Specifying a volume_type with destination_type=local is not supported.")


def test_the_older_block_device_form_names_local_disks_by_virtual_names(cloud):
    found = kept(cloud.create(block_device_mapping=[{"virtual_name": "swap", "volume_size": 64},
                                                    {"virtual_name": "ephemeral0", "volume_size": 1}]))
    assert found == [("swap", "64"), (None, "1024")]
    answer = cloud.create(block_device_mapping=[{"virtual_name": "ephemeral"}])
    assert (answer.status_int, answer.json["badRequest"]["message"]) == (400, INVALID + "Unrecognized legacy format.")
