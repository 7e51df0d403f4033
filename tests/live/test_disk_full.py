"""Disks that are full, out of inodes or read-only: clear errors, nothing half-done, and work goes on with new space.

The state directory, its image store, the host's image cache and the guests' files each lie on a tiny tmpfs of their
own, that the private libvirtd sees too because it is there before.
"""

import contextlib
import os
import subprocess
import tempfile

import pytest

from nova_lite.objects.states import Power
from tests import clouds, hypervisor, tiny_guest
from tests.live.test_audit_real import look
from tests.live.test_hypervisor_faults import TIMEOUT, compute, upload

OPTIONS = """
[libvirt]
connection_uri = {uri}
virt_type = qemu
call_timeout = 5
[compute]
shutdown_timeout = 1
[operations]
lease = 4
notify_again = 1
report_interval = 1
[audit]
interval = 1
[image]
reserved_mb = 0
cache_min_age = 0
[oslo_policy]
policy_file = {policy}
"""
#: Servers' disks are as large as their images: no flavor's disk would fit here.
POLICY = '"os_compute_api:servers:create:zero_disk_flavor": ""\n'
MIB = 1 << 20
CLUSTERS = 64           # of 64 KiB: twice as much as the guests' disk has
ASKED = {"networks": "none", "flavorRef": "diskless"}
SIZES = {"": "size=48m", "images": "size=6m,nr_inodes=60", "cache/images": "size=3m", "instances": "size=2m"}


class Disk:
    """A mounted tmpfs."""

    def __init__(self, path):
        self.path = path

    def fill(self):
        """Leave not one byte."""
        with open(os.path.join(self.path, "ballast"), "ab", buffering=0) as ballast:
            for size in (MIB, 4096, 1):
                with contextlib.suppress(OSError):
                    while ballast.write(bytes(size)):
                        pass

    def fill_inodes(self):
        os.mkdir(os.path.join(self.path, "many"))
        with contextlib.suppress(OSError):
            for number in range(10_000):
                with open(os.path.join(self.path, "many", str(number)), "xb"):
                    pass

    def clear(self):
        subprocess.run(["rm", "-rf", os.path.join(self.path, "ballast"), os.path.join(self.path, "many")], check=True)

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.path], check=True)

    def files(self):
        """Names of all files of ours, with their size."""
        found = {}
        for folder, _, names in os.walk(self.path):
            found.update((os.path.relpath(os.path.join(folder, name), self.path),
                          os.path.getsize(os.path.join(folder, name))) for name in names)
        return found


@pytest.fixture(scope="module")
def disks():
    """{part of the state directory: Disk}"""
    home = tempfile.mkdtemp(prefix="nl-small-", dir="/var/tmp")
    os.chmod(home, 0o755)
    mounted = []
    try:
        for part, options in SIZES.items():
            path = os.path.join(home, "state", part) if part else os.path.join(home, "state")
            os.makedirs(path, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"{options},mode=0755", "nl-small", path], check=True)
            mounted.append(path)
        yield {part: Disk(path.rstrip("/")) for part, path in zip(SIZES, mounted, strict=True)}
    finally:
        for path in reversed(mounted):
            subprocess.run(["umount", "--lazy", path], check=True)
        subprocess.run(["rm", "-rf", home], check=True)


@pytest.fixture(scope="module")
def small_cloud(disks):
    home = os.path.dirname(disks[""].path)
    policy = os.path.join(home, "policy.yaml")
    with open(policy, "w") as file:
        file.write(POLICY)
    with contextlib.contextmanager(hypervisor.private_libvirtd)() as libvirtd:
        cloud = clouds.Cloud(clouds.Single("libvirt", OPTIONS.format(uri=libvirtd.uri, policy=policy)), home)
        try:
            cloud.start()
            flavor = {"id": "diskless", "name": "diskless", "ram": 64, "vcpus": 1, "disk": 0}
            assert cloud.post("/compute/v2.1/flavors", {"flavor": flavor}, user="admin").status == 200
            yield cloud
        finally:
            for disk in disks.values():
                disk.clear()
            with contextlib.suppress(OSError):      # the mounts below the state directory cannot be removed by it
                cloud.stop()
            hypervisor.kill_processes(b"dnsmasq", cloud.state_dir)


@pytest.fixture
def cloud(small_cloud, disks):
    pid = small_cloud._processes["nova-lite"].pid
    yield small_cloud
    for disk in disks.values():
        disk.remount("rw")
        disk.clear()
    for server in small_cloud.get("/compute/v2.1/servers").body["servers"]:
        small_cloud.delete_server(server["id"])
    for image in small_cloud.get("/image/v2/images", user="admin").body["images"]:
        assert small_cloud.delete(f"/image/v2/images/{image['id']}", user="admin").status == 204
    assert small_cloud.running("nova-lite")
    assert small_cloud._processes["nova-lite"].pid == pid


@pytest.fixture
def tiny(cloud):
    return upload(cloud, "small", tiny_guest.disk(hypervisor.GREETING))


def queued_image(cloud):
    return cloud.post("/image/v2/images", {"name": "x", "disk_format": "raw", "container_format": "bare"}).body["id"]


def put(cloud, image_id, content):
    return cloud.request("PUT", f"/image/v2/images/{image_id}/file", data=content,
                         headers={"Content-Type": "application/octet-stream"})


def chunks(count):
    """``count`` MiB whose length is not announced."""
    for _ in range(count):
        yield bytes(MIB)


def status(cloud, image_id):
    return cloud.get(f"/image/v2/images/{image_id}").body["status"]


def failed(cloud, **fields):
    """The fault of a server that cannot be built."""
    server_id = cloud.create(**(ASKED | fields)).body["server"]["id"]
    server = clouds.until("the build failed", lambda: (shown := cloud.show(server_id))["status"] == "ERROR" and shown,
                          TIMEOUT)
    cloud.delete_server(server_id)
    return server["fault"]


# ---- the state directory, with the database

def test_a_full_database_refuses_writes_and_recovers_once_there_is_space(cloud, disks, tiny):
    server_id = cloud.boot(imageRef=tiny, **ASKED)["id"]
    disks[""].fill()
    large = {"name": "refused", "disk_format": "raw", "container_format": "bare",
             **{f"property{number}": "x" * 255 for number in range(100)}}

    def full():                                     # the journal may have a little space of its own
        answer = cloud.post("/image/v2/images", large)
        return answer if answer.status != 201 else None
    refused = clouds.until("there is no space", full, TIMEOUT)
    assert refused.status == 503, refused.text
    before = cloud.get("/compute/v2.1/servers").body["servers"]
    refused = cloud.create(imageRef=tiny, **ASKED, name="refused", user_data="QQ==" * 10_000)
    assert refused.status == 503, refused.text
    assert refused.body["serviceUnavailable"]["code"] == 503
    assert "Nothing was changed" in refused.body["serviceUnavailable"]["message"]
    assert cloud.get("/compute/v2.1/servers").body["servers"] == before
    cloud._tokens.clear()
    assert cloud.show(server_id)["status"] == "ACTIVE"      # with a token of now
    disks[""].clear()
    clouds.until("the host shows life", lambda: compute(cloud)["state"] == "up", TIMEOUT)
    cloud.act(server_id, "os-stop")
    cloud.wait_for(server_id, "SHUTOFF")
    cloud.boot(imageRef=tiny, **ASKED, name="accepted")
    limits = cloud.get("/compute/v2.1/limits").body["limits"]["absolute"]
    assert limits["totalInstancesUsed"] == 2
    assert cloud.get("/compute/v2.1/servers?name=refused").body["servers"] == []


def test_operations_that_meet_a_full_database_end_once_there_is_space(cloud, disks, tiny):
    server_id = cloud.boot(imageRef=tiny, **ASKED)["id"]
    assert cloud.act(server_id, "os-stop").status == 202
    disks[""].fill()
    doomed = cloud.create(imageRef=tiny, **ASKED, user_data="QQ==" * 10_000)
    disks[""].clear()
    cloud.wait_for(server_id, "SHUTOFF")
    if doomed.status == 202:
        cloud.wait_for(doomed.body["server"]["id"], "ACTIVE")
    else:
        assert doomed.status == 503, doomed.text


# ---- the image store

@pytest.mark.parametrize("content", [lambda: bytes(8 * MIB), lambda: chunks(8)], ids=["announced", "not announced"])
def test_an_image_that_does_not_fit_is_refused_and_leaves_nothing(cloud, disks, content):
    image_id = queued_image(cloud)
    before = disks["images"].files()
    answer = put(cloud, image_id, content())
    assert answer.status == 413, answer.text
    assert "Image storage media is full" in answer.text
    assert status(cloud, image_id) == "queued"
    assert disks["images"].files() == before
    assert put(cloud, image_id, bytes(MIB)).status == 204
    assert status(cloud, image_id) == "active"


def test_an_image_store_without_inodes_refuses_uploads_as_full(cloud, disks):
    image_id = queued_image(cloud)
    disks["images"].fill_inodes()
    answer = put(cloud, image_id, bytes(MIB))
    assert answer.status == 413, answer.text
    assert status(cloud, image_id) == "queued"
    disks["images"].clear()
    assert put(cloud, image_id, bytes(MIB)).status == 204


def test_an_image_store_that_became_read_only_refuses_uploads_with_a_reason(cloud, disks):
    image_id = queued_image(cloud)
    disks["images"].remount("ro")
    answer = put(cloud, image_id, bytes(MIB))
    assert answer.status == 503, answer.text
    assert "Permission to write image storage media denied" in answer.text
    assert status(cloud, image_id) == "queued"
    disks["images"].remount("rw")
    assert put(cloud, image_id, bytes(MIB)).status == 204


# ---- the host

def test_an_image_that_does_not_fit_into_the_cache_fails_the_build_with_a_reason(cloud, disks, tiny):
    for name in disks["cache/images"].files():
        os.unlink(os.path.join(disks["cache/images"].path, name))
    disks["cache/images"].fill()
    assert "No space left in the image cache" in failed(cloud, imageRef=tiny)["message"]
    disks["cache/images"].clear()
    assert disks["cache/images"].files() == {}
    cloud.boot(imageRef=tiny, **ASKED)


def test_unused_images_are_evicted_from_a_full_cache(cloud, disks, tiny):
    kept = cloud.boot(imageRef=tiny, **ASKED)["id"]
    for number in range(4):                     # three fit
        other = upload(cloud, f"other{number}", tiny_guest.disk(f"{number}\r\n"))
        cloud.delete_server(cloud.boot(imageRef=other, **ASKED)["id"])
    assert any(name.startswith(tiny) for name in disks["cache/images"].files())
    assert cloud.show(kept)["status"] == "ACTIVE"


def test_a_build_whose_disk_does_not_fit_fails_with_a_reason_and_leaves_no_files(cloud, disks, tiny):
    disks["instances"].fill()
    message = failed(cloud, imageRef=tiny)["message"]
    assert "No space left on device" in message
    assert disks["instances"].path not in message
    assert set(disks["instances"].files()) == {"ballast"}
    disks["instances"].clear()
    cloud.boot(imageRef=tiny, **ASKED)


def large(folder, disk):
    """The qcow2 image of a disk of 8 MiB that begins with ``disk``."""
    raw, qcow2 = folder / "raw", folder / "qcow2"
    raw.write_bytes(disk)
    os.truncate(raw, 8 * MIB)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, qcow2], check=True)
    return qcow2.read_bytes()


def printed(cloud, server_id):
    return cloud.act(server_id, "os-getConsoleOutput", {}).body["output"]


def test_a_guest_that_fills_the_disk_is_paused_and_resumes_without_loss(cloud, disks, tmp_path):
    image = upload(cloud, "writer", large(tmp_path, tiny_guest.writer(CLUSTERS)), "qcow2")
    server_id = cloud.boot(imageRef=image, **ASKED)["id"]

    def power():
        return cloud.show(server_id)["OS-EXT-STS:power_state"]
    clouds.until("it stands still", lambda: power() == Power.PAUSED, TIMEOUT)
    assert cloud.show(server_id)["status"] == "ACTIVE"
    report = look(cloud)
    [found] = [each for each in report["findings"] if each["kind"] == "guest_halted"]
    assert (found["subject"], found["detail"]) == (server_id, "no space left for its disk vda")
    assert "Free space on that host's disk" in found["remedy"]
    before = printed(cloud, server_id)
    assert 0 < before.count(".") < CLUSTERS
    try:
        disks["instances"].remount("size=128m")
        ended = clouds.until("it wrote all", lambda: (text := printed(cloud, server_id))[-1] in "!?" and text, TIMEOUT)
        assert ended == before + "." * (CLUSTERS - before.count(".")) + "!"
        clouds.until("it shows as running", lambda: power() == Power.RUNNING, TIMEOUT)
        report = look(cloud)
        assert [each for each in report["findings"] if each["kind"] == "guest_halted"] == []
        assert report["drift_repaired"]["guest_halted"] == 1
    finally:
        cloud.delete_server(server_id)
        disks["instances"].remount(SIZES["instances"])
