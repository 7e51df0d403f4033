"""What becomes of real guests: looked at from inside by ssh, and from outside through libvirt."""

import base64
import os
import time

import libvirt
import pytest

from tests import clouds
from tests.live import test_real_server
from tests.live.test_real_server import boot, log_in, ssh

key, shared = test_real_server.key, test_real_server.shared                                 # fixtures
shared_key, shared_server = test_real_server.shared_key, test_real_server.shared_server     # likewise
SMALL, LARGE = "live-small", "live-large"


@pytest.fixture
def flavors(cloud):
    """Two sizes that the test's guest runs in, the second larger in each way."""
    made = {SMALL: (1, 192, 1), LARGE: (2, 320, 2)}
    for name, (vcpus, ram, disk) in made.items():
        body = {"flavor": {"name": name, "id": name, "vcpus": vcpus, "ram": ram, "disk": disk}}
        assert cloud.post("/compute/v2.1/flavors", body, user="admin").status == 200
    yield
    for name in made:
        cloud.delete(f"/compute/v2.1/flavors/{name}", user="admin")


def act(cloud, server, action, status, argument=None, **rest):
    answer = cloud.act(server["id"], action, argument, **rest)
    assert answer.status in (200, 202, 204), answer.text
    return cloud.wait_for(server["id"], status)


def copy(cloud, server, action, argument):
    """The image that a server was copied into."""
    image_id = cloud.act(server["id"], action, argument, version="2.45").body["image_id"]
    clouds.until("it is copied", lambda: cloud.show(server["id"])["OS-EXT-STS:task_state"] is None, 120)
    image = cloud.get(f"/image/v2/images/{image_id}").body
    assert image["status"] == "active", cloud.output()
    return image


def guest(libvirtd, server):
    """(libvirt's state, memory in MiB, processors) of the domain."""
    connection = libvirt.open(libvirtd.uri)
    try:
        state, memory, _, processors, _ = connection.lookupByUUIDString(server["id"]).info()
        return state, memory // 1024, processors
    finally:
        connection.close()


def uptime(key, server):
    """Seconds that the guest's own clock has counted since it booted."""
    return float(log_in(key, server, "cut -d' ' -f1 /proc/uptime"))


def processor_time(libvirtd, server):
    """Nanoseconds that the guest's processors have run."""
    connection = libvirt.open(libvirtd.uri)
    try:
        return sum(each[2] for each in connection.lookupByUUIDString(server["id"]).vcpus()[0])
    finally:
        connection.close()


def test_a_snapshot_of_a_running_guest_boots_with_the_files_it_wrote(cloud, key):
    server = boot(cloud, name="copied", key_name="live")
    log_in(key, server, "echo mine > /root/mark; sync")
    boot_id = log_in(key, server, "cat /proc/sys/kernel/random/boot_id")
    image = copy(cloud, server, "createImage", {"name": "copy"})
    assert log_in(key, server, "cat /proc/sys/kernel/random/boot_id") == boot_id
    cloud.delete_server(server["id"])
    second = cloud.boot(name="second", key_name="live", imageRef=image["id"])
    assert log_in(key, second, "cat /root/mark") == "mine\n"
    cloud.delete_server(second["id"])
    assert cloud.delete(f"/image/v2/images/{image['id']}").status == 204
    assert os.listdir(os.path.join(cloud.state_dir, "instances")) == []


def test_a_resized_guest_has_the_memory_and_goes_back_with_its_disk(cloud, key, flavors, libvirtd):
    server = boot(cloud, name="sized", key_name="live", flavorRef=SMALL)
    log_in(key, server, "echo before > /root/mark; sync")
    act(cloud, server, "resize", "VERIFY_RESIZE", {"flavorRef": LARGE})
    assert guest(libvirtd, server)[1:] == (320, 2)
    assert int(log_in(key, server, "grep MemTotal /proc/meminfo | tr -dc 0-9")) > 200 * 1024
    assert log_in(key, server, "nproc; cat /root/mark") == "2\nbefore\n"
    assert int(log_in(key, server, "cat /sys/block/vda/size")) == 2 << 21
    log_in(key, server, "echo after > /root/mark; sync")
    act(cloud, server, "revertResize", "ACTIVE")
    assert log_in(key, server, "nproc; cat /root/mark") == "1\nbefore\n"
    act(cloud, server, "resize", "VERIFY_RESIZE", {"flavorRef": LARGE})
    assert cloud.act(server["id"], "confirmResize").status == 204
    cloud.wait_for(server["id"], "ACTIVE")
    assert sorted(os.listdir(os.path.join(cloud.state_dir, "instances", server["id"]))) == ["console.log", "disk"]


def address(server):
    return server["addresses"]["private"][0]["addr"]


def test_a_guest_has_its_ephemeral_disk_and_swap_and_keeps_its_files(cloud, key):
    for name, ephemeral, swap in (("live-disks", 1, 64), ("live-disks-large", 2, 128)):
        flavor = {"name": name, "id": name, "vcpus": 1, "ram": 192, "disk": 1, "OS-FLV-EXT-DATA:ephemeral": ephemeral,
                  "swap": swap}
        assert cloud.post("/compute/v2.1/flavors", {"flavor": flavor}, user="admin").status == 200
    server = boot(cloud, name="disks", key_name="live", flavorRef="live-disks", block_device_mapping_v2=[
        {"boot_index": 0, "uuid": cloud.image_id(), "source_type": "image", "destination_type": "local"},
        {"boot_index": -1, "source_type": "blank", "destination_type": "local", "guest_format": "swap"}])
    sizes = "cat /sys/block/vdb/size /sys/block/vdc/size"
    assert log_in(key, server, sizes).split() == [str(1 << 21), str(64 << 11)]
    read = "dd if=/dev/{} bs=1 skip={} count={} 2>/dev/null"
    assert log_in(key, server, read.format("vdc", 4086, 10)) == "SWAPSPACE2"
    assert log_in(key, server, read.format("vdb", 1024 + 120, 10)) == "ephemeral0"      # the label of ext4
    assert log_in(key, server, "wget -qO- http://169.254.169.254/latest/meta-data/block-device-mapping/ephemeral0"
                  ) == "/dev/vdb"
    log_in(key, server, "echo mine | dd of=/dev/vdb bs=512 seek=1000000 2>/dev/null; sync")
    mark = "dd if=/dev/vdb bs=512 skip=1000000 count=1 2>/dev/null | head -c 4"
    act(cloud, server, "resize", "VERIFY_RESIZE", {"flavorRef": "live-disks-large"})
    assert log_in(key, server, sizes).split() == [str(2 << 21), str(128 << 11)]
    assert log_in(key, server, mark) == "mine"
    act(cloud, server, "revertResize", "ACTIVE")
    assert log_in(key, server, sizes).split() == [str(1 << 21), str(64 << 11)]
    assert log_in(key, server, mark) == "mine"
    cloud.delete_server(server["id"])
    assert os.listdir(os.path.join(cloud.state_dir, "instances")) == []


# ---- the guest that tests share

def test_a_paused_guests_clock_stands_still(real_cloud, shared, shared_key, libvirtd):
    began, before = time.monotonic(), uptime(shared_key, shared)
    act(real_cloud, shared, "pause", "PAUSED")
    assert guest(libvirtd, shared)[0] == libvirt.VIR_DOMAIN_PAUSED
    spent, stood = processor_time(libvirtd, shared), time.monotonic()
    assert ssh(shared_key, address(shared), "true") is None        # it tries for five seconds
    assert processor_time(libvirtd, shared) == spent
    stood = time.monotonic() - stood
    act(real_cloud, shared, "unpause", "ACTIVE")
    after, ended = uptime(shared_key, shared), time.monotonic()
    assert stood > 4 and 0 < after - before < ended - began - stood + 1


def test_a_suspended_guest_keeps_its_memory_over_a_restart_of_the_cloud(real_cloud, shared, shared_key, libvirtd):
    boot_id = log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id")
    pid = log_in(shared_key, shared, "sleep 100000 < /dev/null > /dev/null 2>&1 & echo $!").strip()
    act(real_cloud, shared, "suspend", "SUSPENDED")
    assert guest(libvirtd, shared)[0] == libvirt.VIR_DOMAIN_SHUTOFF
    real_cloud.kill()
    real_cloud.start()
    assert real_cloud.show(shared["id"])["status"] == "SUSPENDED"
    act(real_cloud, shared, "resume", "ACTIVE")
    assert log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id") == boot_id
    assert "100000" in log_in(shared_key, shared, f"tr '\\000' ' ' < /proc/{pid}/cmdline")


def test_a_rescued_guest_has_both_disks_and_a_rebuilt_one_a_new_one(real_cloud, shared, shared_key):
    log_in(shared_key, shared, "echo mine > /root/mark; sync")
    act(real_cloud, shared, "rescue", "RESCUE")
    disks = log_in(shared_key, shared, "ls /sys/block").split()
    assert {"vda", "vdb"} <= set(disks)
    assert log_in(shared_key, shared, "cat /root/mark 2>/dev/null; echo done") == "done\n"
    act(real_cloud, shared, "unrescue", "ACTIVE")
    assert log_in(shared_key, shared, "cat /root/mark; ls /sys/block").split()[0] == "mine"
    user_data = base64.b64encode(b"#!/bin/sh\necho anew > /root/proof\n").decode()
    image = shared["image"]["id"]
    act(real_cloud, shared, "rebuild", "ACTIVE", {"imageRef": image, "user_data": user_data}, version="2.57")
    clouds.until("the new user data ran", lambda: ssh(shared_key, address(shared), "cat /root/proof") == "anew\n", 120)
    assert log_in(shared_key, shared, "cat /root/mark 2>/dev/null; echo done") == "done\n"


def test_a_shelved_guest_comes_back_with_its_disk(real_cloud, shared, shared_key):
    log_in(shared_key, shared, "echo mine > /root/mark; sync")
    assert real_cloud.act(shared["id"], "shelve").status == 202
    clouds.until("it is off its host", lambda: real_cloud.show(shared["id"])["status"] == "SHELVED_OFFLOADED", 120)
    assert os.listdir(os.path.join(real_cloud.state_dir, "instances")) == []
    act(real_cloud, shared, "unshelve", "ACTIVE")
    assert log_in(shared_key, shared, "cat /root/mark") == "mine\n"
    act(real_cloud, shared, "reboot", "ACTIVE", {"type": "HARD"})
    assert log_in(shared_key, shared, "cat /root/mark") == "mine\n"
