"""What hypervisors and people at hypervisors do to a cloud with real guests: it stays usable, and its records true."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import uuid

import libvirt
import pytest

from nova_lite.network.planes.linux import netns
from nova_lite.network.planes.linux.parts import Parts, cloud_of, prefix
from tests import clouds, hypervisor, tiny_guest

OPTIONS = """
resume_guests_state_on_host_boot = {resume}
[libvirt]
connection_uri = {uri}
virt_type = qemu
call_timeout = 2
start_timeout = 5
acpi_interval = 1
[compute]
shutdown_timeout = 3
[operations]
lease = 4
notify_again = 1
report_interval = 1
sync_power_interval = 2
[audit]
interval = 1
[image]
reserved_mb = 0
"""
TIMEOUT = 60


@pytest.fixture(scope="module")
def tiny_cloud(libvirtd):
    """``nova-lite up`` on real libvirt whose guests are the smallest there are."""
    home = tempfile.mkdtemp(prefix="cloud-", dir=libvirtd.run_dir)
    os.chmod(home, 0o755)
    warm_up(libvirtd)
    cloud = clouds.Cloud(clouds.Single("libvirt", OPTIONS.format(uri=libvirtd.uri, resume=False)), home)
    try:
        cloud.start()
        upload(cloud, "tiny", tiny_guest.disk(hypervisor.GREETING))
        yield cloud
    finally:
        libvirtd.start()
        cloud.remove()
        shutil.rmtree(home)


def warm_up(libvirtd):
    """A new libvirtd takes seconds to learn what QEMU can; the short times of these tests are not for that."""
    with asked(libvirtd) as live:
        live.getCapabilities()


@pytest.fixture
def cloud(tiny_cloud):
    yield tiny_cloud
    for server in tiny_cloud.get("/compute/v2.1/servers").body["servers"]:
        tiny_cloud.delete_server(server["id"])


@contextlib.contextmanager
def asked(libvirtd):
    """A connection of libvirt's own."""
    live = libvirt.open(libvirtd.uri)
    try:
        yield live
    finally:
        live.close()


@pytest.fixture
def raw(libvirtd):
    """Asks libvirt directly: ``with raw() as live: live.listAllDomains()``."""
    return lambda: asked(libvirtd)


@pytest.fixture
def by_hand(raw):
    """Defines domains as a person at the host would; they are gone after the test."""
    made = []

    def define(xml, start=False):
        with raw() as live:
            domain = live.defineXML(xml)
            made.append(domain.UUIDString())
            if start:
                domain.create()
            return made[-1]
    yield define
    with raw() as live:
        for server_id in made:
            hypervisor.forget(live, server_id)


def upload(cloud, name, content, disk_format="raw"):
    """The id of a new public image."""
    answer = cloud.post("/image/v2/images", {"name": name, "disk_format": disk_format, "container_format": "bare",
                                             "visibility": "public"}, user="admin")
    assert answer.status == 201, answer.text
    image_id = answer.body["id"]
    answer = cloud.request("PUT", f"/image/v2/images/{image_id}/file", user="admin", data=content,
                           headers={"Content-Type": "application/octet-stream"})
    assert answer.status == 204, answer.text
    return image_id


def boot(cloud, **fields):
    return cloud.boot(**({"networks": "none"} | fields))["id"]


def runs_at(libvirtd, server_id):
    """Whether libvirt runs the server's guest; None where there is no such domain."""
    with asked(libvirtd) as live:
        return _runs(live, server_id)


def _runs(live, server_id):
    try:
        return bool(live.lookupByUUIDString(server_id).isActive())
    except libvirt.libvirtError:
        return None


def runs(raw, server_id):
    """As ``runs_at``."""
    with raw() as live:
        return _runs(live, server_id)


def compute(cloud):
    services = cloud.get("/compute/v2.1/os-services?binary=nova-compute", user="admin", version="2.100")
    return services.body["services"][0]


def settled(cloud, server_id):
    """The server once nothing is being done to it."""
    def rests():
        server = cloud.show(server_id)
        return server if server["OS-EXT-STS:task_state"] is None else None
    return clouds.until("the operation ended", rests, TIMEOUT)


def last_action(cloud, server_id, name):
    actions = cloud.get(f"/compute/v2.1/servers/{server_id}/os-instance-actions").body["instanceActions"]
    return next(each for each in actions if each["action"] == name)


def quick(usual, call, *args, **more):
    """What a call returns; beside the usual time it takes less than one of the hypervisor may (``call_timeout``)."""
    took, answer = timed(call, *args, **more)
    assert took < 1.5 + usual, f"{args} had to wait for the hypervisor"
    return answer


def timed(call, *args, **more):
    """(seconds it takes, what it returns)"""
    began = time.monotonic()
    answer = call(*args, **more)
    return time.monotonic() - began, answer


def usual_time(cloud):
    """Seconds that a login takes, the slowest of the requests below, on this machine and while nothing hangs."""
    cloud.log_in_again()
    return timed(cloud.token)[0]


def qemu_of(server_id):
    found = subprocess.run(["pgrep", "-f", f"qemu-system.*-uuid {server_id}"], stdout=subprocess.PIPE, text=True,
                           check=False)
    return [int(pid) for pid in found.stdout.split()]


def drifts(cloud, subject):
    """{kind: state} of what the auditor says of something."""
    with contextlib.closing(sqlite3.connect(os.path.join(cloud.state_dir, "nova_lite.sqlite"))) as database:
        return dict(database.execute("SELECT kind, state FROM drifts WHERE subject = ?", (subject,)))


def disk_of(cloud, server_id):
    return os.stat(os.path.join(cloud.state_dir, "instances", server_id, "disk")).st_ino


# ---- libvirtd hangs, dies, is away

def test_a_hung_libvirtd_delays_only_operations_that_need_it(cloud, libvirtd, raw):
    stopped, deleted, usual = boot(cloud), boot(cloud), usual_time(cloud)
    with hypervisor.hung(libvirtd):
        assert quick(usual, cloud.act, stopped, "os-stop").status == 202
        assert quick(usual, cloud.delete, f"/compute/v2.1/servers/{deleted}").status == 204
        clouds.until("the host says why nothing can be built there",
                     lambda: compute(cloud)["disabled_reason"], TIMEOUT)
        assert compute(cloud)["state"] == "up"
        assert compute(cloud)["disabled_reason"].startswith("AUTO: The hypervisor")
        assert settled(cloud, stopped)["status"] == "ACTIVE"
        assert last_action(cloud, stopped, "stop")["message"] == "Error"
        cloud.log_in_again()
        quick(usual, cloud.token)                                          # which hashes a password in a native thread
        quick(usual, upload, cloud, "meanwhile", bytes(1 << 20))
        quick(usual, cloud.get, "/compute/v2.1/servers/detail")
        unplaced = cloud.create(networks="none").body["server"]["id"]
        fault = clouds.until("it has nowhere to go", lambda: cloud.show(unplaced).get("fault"), TIMEOUT)
        assert "disabled" in fault["message"]
        assert cloud.show(deleted)["OS-EXT-STS:task_state"] == "deleting"
    cloud.wait_gone(deleted)
    assert runs(raw, deleted) is None
    clouds.until("the host takes servers again", lambda: compute(cloud)["status"] == "enabled", TIMEOUT)
    clouds.until("the server shows what its guest is",
                 lambda: cloud.show(stopped)["status"] == ("ACTIVE" if runs(raw, stopped) else "SHUTOFF"), TIMEOUT)
    cloud.act(stopped, "reboot", {"type": "HARD"})
    cloud.wait_for(stopped, "ACTIVE")
    boot(cloud)


def test_running_operations_survive_the_death_of_libvirtd(cloud, libvirtd, raw):
    running, stopping = boot(cloud), boot(cloud)
    made = cloud.create(networks="none").body["server"]["id"]
    assert cloud.act(stopping, "os-stop").status == 202
    hypervisor.kill(libvirtd)
    cloud.wait_for(stopping, "SHUTOFF")
    cloud.wait_for(made, "ACTIVE")
    assert (runs(raw, running), runs(raw, stopping), runs(raw, made)) == (True, False, True)
    assert cloud.show(running)["status"] == "ACTIVE"
    os.kill(qemu_of(running)[0], signal.SIGKILL)                # events come by the new connection
    cloud.wait_for(running, "SHUTOFF")


def test_a_libvirtd_that_is_away_fails_operations_in_time_and_deletes_wait(cloud, libvirtd, raw):
    kept, deleted = boot(cloud), boot(cloud)
    libvirtd.stop()
    try:
        assert cloud.act(kept, "os-stop").status == 202
        assert cloud.delete(f"/compute/v2.1/servers/{deleted}").status == 204
        assert settled(cloud, kept)["status"] == "ACTIVE"
        assert last_action(cloud, kept, "stop")["message"] == "Error"
        assert cloud.show(deleted)["OS-EXT-STS:task_state"] == "deleting"
        clouds.until("the host says so", lambda: compute(cloud)["status"] == "disabled", TIMEOUT)
    finally:
        libvirtd.start()
    cloud.wait_gone(deleted)
    assert (runs(raw, kept), runs(raw, deleted)) == (True, None)
    cloud.act(kept, "os-stop")
    cloud.wait_for(kept, "SHUTOFF")


def failed_looks(cloud):
    with open(os.path.join(cloud.state_dir, "log", "nova-lite.log"), errors="replace") as log:
        return log.read().count("report: The hypervisor of host")


def facts_reported_at(cloud):
    with contextlib.closing(sqlite3.connect(os.path.join(cloud.state_dir, "nova_lite.sqlite"))) as database:
        return database.execute("SELECT updated_at FROM compute_nodes").fetchone()


def test_a_host_disabled_by_an_operator_stays_disabled_when_its_hypervisor_returns(cloud, libvirtd):
    path = f"/compute/v2.1/os-services/{compute(cloud)['id']}"
    cloud.request("PUT", path, {"status": "disabled", "disabled_reason": "new disks"}, user="admin", version="2.100")
    try:
        with hypervisor.hung(libvirtd):
            looks = failed_looks(cloud)
            clouds.until("looks at it fail", lambda: failed_looks(cloud) >= looks + 2, TIMEOUT)
            assert compute(cloud)["disabled_reason"] == "new disks"
        last = facts_reported_at(cloud)
        clouds.until("facts are reported again", lambda: facts_reported_at(cloud) != last, TIMEOUT)
        assert compute(cloud)["disabled_reason"] == "new disks"
    finally:
        cloud.request("PUT", path, {"status": "enabled"}, user="admin", version="2.100")


# ---- guests change behind the cloud's back

def test_a_guest_whose_qemu_is_killed_is_off_and_starts_again(cloud, raw):
    server_id = boot(cloud)
    os.kill(qemu_of(server_id)[0], signal.SIGKILL)
    assert cloud.wait_for(server_id, "SHUTOFF")["OS-EXT-STS:power_state"] in (4, 6)
    cloud.act(server_id, "os-start")
    cloud.wait_for(server_id, "ACTIVE")
    assert runs(raw, server_id)


def test_a_guest_removed_by_hand_is_off_and_made_anew_on_its_own_disk(cloud, raw):
    server_id = boot(cloud)
    disk = disk_of(cloud, server_id)
    with raw() as live:
        hypervisor.forget(live, server_id)
    assert cloud.wait_for(server_id, "SHUTOFF")["OS-EXT-STS:power_state"] in (0, 4)
    cloud.act(server_id, "os-start")
    cloud.wait_for(server_id, "ACTIVE")
    assert runs(raw, server_id)
    assert disk_of(cloud, server_id) == disk


def test_a_guest_undefined_by_hand_goes_on_and_is_made_anew(cloud, raw):
    server_id = boot(cloud)
    with raw() as live:
        live.lookupByUUIDString(server_id).undefine()
    cloud.act(server_id, "os-stop")
    assert cloud.wait_for(server_id, "SHUTOFF")["OS-EXT-STS:power_state"] in (0, 4)
    assert runs(raw, server_id) is None
    cloud.act(server_id, "reboot", {"type": "HARD"})
    cloud.wait_for(server_id, "ACTIVE")
    os.kill(qemu_of(server_id)[0], signal.SIGKILL)
    cloud.wait_for(server_id, "SHUTOFF")


def test_a_guest_paused_by_hand_shows_it_and_can_be_stopped(cloud, raw):
    server_id = boot(cloud)
    with raw() as live:
        live.lookupByUUIDString(server_id).suspend()
    clouds.until("its power is paused", lambda: cloud.show(server_id)["OS-EXT-STS:power_state"] == 3)
    assert cloud.show(server_id)["status"] == "ACTIVE"              # nobody asked for it through the cloud
    cloud.act(server_id, "os-stop")
    cloud.wait_for(server_id, "SHUTOFF")


def test_a_power_change_without_an_event_is_found_by_the_next_sync(cloud):
    server_id = boot(cloud)
    with contextlib.closing(sqlite3.connect(os.path.join(cloud.state_dir, "nova_lite.sqlite"), timeout=10)) as database:
        database.execute("UPDATE servers SET vm_state = 'stopped', power_state = 4 WHERE id = ?", (server_id,))
        database.commit()
    assert cloud.show(server_id)["status"] == "SHUTOFF"
    cloud.wait_for(server_id, "ACTIVE")


# ---- domains that are none of ours, or no longer

def test_domains_that_are_not_ours_are_never_changed(cloud, raw, by_hand):
    foreign = by_hand("<domain type='qemu'><name>foreign</name><memory>8192</memory>"
                       "<os><type>hvm</type></os></domain>")
    server_id = boot(cloud)
    marked = by_hand(likeness(raw, server_id, str(uuid.uuid4())))
    cloud.delete_server(server_id)
    clouds.until("it is reported", lambda: drifts(cloud, marked).get("guest_unknown") == "open", TIMEOUT)
    cloud.kill()
    cloud.start()
    cloud.delete_server(boot(cloud))
    for each in (foreign, marked):
        assert runs(raw, each) is False
        assert cloud.get(f"/compute/v2.1/servers/{each}", user="admin").status == 404
    assert drifts(cloud, foreign) == {}


def likeness(raw, server_id, new_id):
    """A domain that carries the mark of a server's guest, under another id, and nothing else of it."""
    with raw() as live:
        xml = live.lookupByUUIDString(server_id).XMLDesc()
    mark = re.search("<metadata.*</metadata>", xml, re.DOTALL).group()
    return (f"<domain type='qemu'><name>{new_id}</name><uuid>{new_id}</uuid>{mark}<memory>8192</memory>"
            "<os><type>hvm</type></os></domain>")


def test_the_guest_of_a_deleted_server_that_appears_again_is_removed(cloud, raw, by_hand):
    server_id = boot(cloud)
    xml = likeness(raw, server_id, server_id)
    cloud.delete_server(server_id)
    by_hand(xml, start=True)
    clouds.until("it is removed as it comes up", lambda: runs(raw, server_id) is None, TIMEOUT)
    cloud.kill()
    by_hand(xml, start=True)
    cloud.start()
    assert runs(raw, server_id) is None


# ---- the machine reboots

def bridges(cloud):
    """Names of the bridges of the cloud's networks, whether they are there or not."""
    networks = cloud.get("/network/v2.0/networks", user="admin").body["networks"]
    return [Parts(cloud_of(cloud.state_dir), each["id"]).bridge for each in networks]


def namespaces(cloud):
    return netns.present(prefix(cloud_of(cloud.state_dir)))


def links(cloud):
    """The cloud's bridges, the devices on them, and its namespaces, as far as they are there."""
    found = set(namespaces(cloud))
    for each in bridges(cloud):
        with contextlib.suppress(FileNotFoundError):
            found |= {each, *os.listdir(f"/sys/class/net/{each}/brif")}
    return found


def power_cut(cloud, libvirtd):
    """All that a reboot takes away of this cloud: processes, guests, devices, rules; files stay."""
    made = bridges(cloud)
    cloud.kill()
    libvirtd.stop()
    hypervisor.kill_processes(b"qemu-system", libvirtd.run_dir)
    hypervisor.kill_processes(b"dnsmasq", cloud.state_dir)
    for each in made:
        subprocess.run(["ip", "link", "del", each], check=True)
    for each in namespaces(cloud):
        subprocess.run(["ip", "netns", "del", each], check=True)
    for family in ("netdev", "ip", "bridge"):
        subprocess.run(["nft", "delete", "table", family, cloud_of(cloud.state_dir)], check=False,
                       stderr=subprocess.DEVNULL)
    libvirtd.start()


@pytest.mark.parametrize("resume", [False, True], ids=["guests stay off", "guests are started again"])
def test_a_host_that_rebooted_shows_the_truth_and_has_its_network_again(cloud, libvirtd, raw, resume):
    ran, rested = boot(cloud, networks=[{"uuid": cloud.network_id()}]), boot(cloud)
    cloud.act(rested, "os-stop")
    cloud.wait_for(rested, "SHUTOFF")
    before = links(cloud)
    assert len(before) == 8, "two bridges, two devices on each, and the namespaces of the router and of public"
    power_cut(cloud, libvirtd)
    cloud._layout.options = OPTIONS.format(uri=libvirtd.uri, resume=resume)
    cloud.start()
    assert hypervisor.processes(b"dnsmasq", cloud.state_dir)
    if not resume:
        assert cloud.show(ran)["status"] == "SHUTOFF"
        assert runs(raw, ran) is False
        cloud.act(ran, "os-start")
    cloud.wait_for(ran, "ACTIVE")
    assert runs(raw, ran) is True
    assert links(cloud) == before
    assert cloud.show(rested)["status"] == "SHUTOFF"
    assert runs(raw, rested) is False
