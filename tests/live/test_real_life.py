"""What becomes of real guests: looked at from inside by ssh, and from outside through libvirt."""

import base64
import os
import time

import libvirt
import pytest

from tests import clouds
from tests.live import test_real_server
from tests.live.test_real_server import boot, log_in, ssh

key = test_real_server.key          # a fixture
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


def test_a_paused_guests_clock_stands_still(cloud, key, libvirtd):
    server = boot(cloud, name="paused", key_name="live")
    began, before = time.monotonic(), uptime(key, server)
    act(cloud, server, "pause", "PAUSED")
    assert guest(libvirtd, server)[0] == libvirt.VIR_DOMAIN_PAUSED
    spent, stood = processor_time(libvirtd, server), time.monotonic()
    assert ssh(key, address(server), "true") is None        # it tries for five seconds
    assert processor_time(libvirtd, server) == spent
    stood = time.monotonic() - stood
    act(cloud, server, "unpause", "ACTIVE")
    after, ended = uptime(key, server), time.monotonic()
    assert stood > 4 and 0 < after - before < ended - began - stood + 1


def test_a_suspended_guest_keeps_its_memory_over_a_restart_of_the_cloud(cloud, key, libvirtd):
    server = boot(cloud, name="suspended", key_name="live")
    boot_id = log_in(key, server, "cat /proc/sys/kernel/random/boot_id")
    pid = log_in(key, server, "sleep 100000 < /dev/null > /dev/null 2>&1 & echo $!").strip()
    act(cloud, server, "suspend", "SUSPENDED")
    assert guest(libvirtd, server)[0] == libvirt.VIR_DOMAIN_SHUTOFF
    cloud.kill()
    cloud.start()
    assert cloud.show(server["id"])["status"] == "SUSPENDED"
    act(cloud, server, "resume", "ACTIVE")
    assert log_in(key, server, "cat /proc/sys/kernel/random/boot_id") == boot_id
    assert "100000" in log_in(key, server, f"tr '\\000' ' ' < /proc/{pid}/cmdline")


def test_a_rescued_guest_has_both_disks_and_a_rebuilt_one_a_new_one(cloud, key):
    server = boot(cloud, name="rescued", key_name="live")
    log_in(key, server, "echo mine > /root/mark; sync")
    act(cloud, server, "rescue", "RESCUE")
    disks = log_in(key, server, "ls /sys/block").split()
    assert {"vda", "vdb"} <= set(disks)
    assert log_in(key, server, "cat /root/mark 2>/dev/null; echo done") == "done\n"
    act(cloud, server, "unrescue", "ACTIVE")
    assert log_in(key, server, "cat /root/mark; ls /sys/block").split()[0] == "mine"
    user_data = base64.b64encode(b"#!/bin/sh\necho anew > /root/proof\n").decode()
    image = server["image"]["id"]
    act(cloud, server, "rebuild", "ACTIVE", {"imageRef": image, "user_data": user_data}, version="2.57")
    clouds.until("the new user data ran", lambda: ssh(key, address(server), "cat /root/proof") == "anew\n", 120)
    assert log_in(key, server, "cat /root/mark 2>/dev/null; echo done") == "done\n"


def test_a_snapshot_of_a_running_guest_boots_and_has_what_was_written(cloud, key):
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


def test_a_shelved_guest_comes_back_with_its_disk(cloud, key):
    server = boot(cloud, name="shelved", key_name="live")
    log_in(key, server, "echo mine > /root/mark; sync")
    assert cloud.act(server["id"], "shelve").status == 202
    clouds.until("it is off its host", lambda: cloud.show(server["id"])["status"] == "SHELVED_OFFLOADED", 120)
    assert os.listdir(os.path.join(cloud.state_dir, "instances")) == []
    act(cloud, server, "unshelve", "ACTIVE")
    assert log_in(key, server, "cat /root/mark") == "mine\n"
    act(cloud, server, "reboot", "ACTIVE", {"type": "HARD"})
    assert log_in(key, server, "cat /root/mark") == "mine\n"


def address(server):
    return server["addresses"]["private"][0]["addr"]
