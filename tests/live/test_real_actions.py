"""What else users and operators do with a server, on one real guest with the hardware that its flavor asks for."""

import os

import libvirt
import pytest

from nova_lite.virt.libvirt.xml.domain import Domain
from tests import clouds
from tests.live import conftest
from tests.live.test_real_server import boot, domains, log_in, ssh

HARDWARE = {"hw:cpu_cores": "2", "hw:numa_nodes": "1", "hw:watchdog_action": "reset", "hw:serial_port_count": "2",
            "hw_rng:rate_bytes": "65536", "hw:vif_multiqueue_enabled": "true", "quota:disk_total_iops_sec": "5000",
            "hw:pmu": "false"}
#: Flavors: name -> (processors, memory, disk, extra specs)
FLAVORS = {"act-small": (2, 256, 1, HARDWARE), "act-large": (1, 320, 1, {})}
#: An operator's windows: deleted servers are kept, resizes confirmed at once, shelved servers stay on their host.
WINDOWS = "[compute]\nreclaim_instance_interval = {reclaim}\nresize_confirm_window = 1\nshelved_offload_time = -1\n"


@pytest.fixture(scope="module")
def key(real_cloud, tmp_path_factory):
    made = real_cloud.post("/compute/v2.1/os-keypairs", {"keypair": {"name": "actions"}}).body["keypair"]
    path = tmp_path_factory.mktemp("keys") / "key"
    path.write_text(made["private_key"])
    path.chmod(0o600)
    yield str(path)
    real_cloud.delete("/compute/v2.1/os-keypairs/actions")


@pytest.fixture(scope="module")
def server(real_cloud, key):
    """One guest for all tests here; the last of them deletes it."""
    for name, (vcpus, ram, disk, specs) in FLAVORS.items():
        body = {"flavor": {"name": name, "id": name, "vcpus": vcpus, "ram": ram, "disk": disk}}
        assert real_cloud.post("/compute/v2.1/flavors", body, user="admin").status == 200
        assert real_cloud.post(f"/compute/v2.1/flavors/{name}/os-extra_specs", {"extra_specs": specs}, user="admin",
                               version="2.86").status == 200
    made = boot(real_cloud, name="acted", key_name="actions", flavorRef="act-small", metadata={"role": "first"})
    log_in(key, made)
    yield made
    real_cloud.delete_server(made["id"])
    for name in FLAVORS:
        real_cloud.delete(f"/compute/v2.1/flavors/{name}", user="admin")


@pytest.fixture(scope="module")
def second_image(real_cloud, guest_image):
    """The guest image once more, as one to rescue from by a disk of its own."""
    made = real_cloud.post("/image/v2/images", {
        "name": "rescuer", "disk_format": "qcow2", "container_format": "bare", "hw_rescue_device": "disk",
        "hw_rescue_bus": "virtio"}).body["id"]
    with open(guest_image, "rb") as file:
        assert real_cloud.request("PUT", f"/image/v2/images/{made}/file", data=file, headers={
            "Content-Type": "application/octet-stream"}).status == 204
    yield made
    real_cloud.delete(f"/image/v2/images/{made}")


def domain(libvirtd, server):
    """(virDomain's state, Domain as libvirt has it)"""
    connection = libvirt.open(libvirtd.uri)
    try:
        found = connection.lookupByUUIDString(server["id"])
        return found.state()[0], Domain.parse(found.XMLDesc())
    finally:
        connection.close()


def act(cloud, server, action, status, argument=None, **rest):
    answer = cloud.act(server["id"], action, argument, **rest)
    assert answer.status in (200, 202, 204), answer.text
    return cloud.wait_for(server["id"], status)


def http(method, path, body=""):
    """The command that asks the metadata service from inside."""
    return (f"printf '{method} {path} HTTP/1.0\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}' | "
            "nc 169.254.169.254 80")


def inside(key, server, command):
    return ssh(key, server["addresses"]["private"][0]["addr"], command)


def test_the_guest_has_the_hardware_of_its_flavor(real_cloud, server, key, libvirtd):
    cpus = "/sys/devices/system/cpu/cpu[01]/topology"
    assert inside(key, server, f"cat {cpus}/physical_package_id {cpus}/core_id").split() == ["0", "0", "0", "1"]
    assert "0x25ab" in inside(key, server, "cat /sys/bus/pci/devices/*/device")         # the watchdog
    assert inside(key, server, "grep -c 16550A /proc/tty/driver/serial").strip() == "2"
    assert "rx-1" in inside(key, server, "ls /sys/class/net/eth0/queues")
    _, made = domain(libvirtd, server)
    assert (made.sockets, made.cores, made.threads, made.pmu) == (1, 2, 1, "off")
    assert [cell.cpus for cell in made.cells] == ["0-1"] and made.numa_nodes == "0"
    assert (made.rng.rate_bytes, made.disks[0].total_iops_sec, made.watchdog.action) == (65536, 5000, "reset")


def test_a_flavor_that_this_host_does_not_support_is_named_in_the_fault(real_cloud, server):
    specs = {"hw:tpm_version": "2.0"}
    body = {"flavor": {"name": "act-tpm", "id": "act-tpm", "vcpus": 1, "ram": 192, "disk": 1}}
    assert real_cloud.post("/compute/v2.1/flavors", body, user="admin").status == 200
    real_cloud.post("/compute/v2.1/flavors/act-tpm/os-extra_specs", {"extra_specs": specs}, user="admin")
    refused = real_cloud.create(name="tpm", flavorRef="act-tpm").body["server"]["id"]
    fault = real_cloud.wait_for(refused, "ERROR")["fault"]
    real_cloud.delete_server(refused)
    real_cloud.delete("/compute/v2.1/flavors/act-tpm", user="admin")
    assert "swtpm is not installed" in fault["message"]
    assert not os.path.exists(os.path.join(real_cloud.state_dir, "instances", refused))


def test_new_metadata_reaches_the_guest(real_cloud, server, key):
    path = f"/compute/v2.1/servers/{server['id']}"
    assert real_cloud.post(f"{path}/metadata", {"metadata": {"role": "second"}}).status == 200
    assert real_cloud.request("PUT", f"{path}/tags/blue", version="2.26").status == 201
    assert real_cloud.get(f"{path}/tags", version="2.26").body == {"tags": ["blue"]}
    clouds.until("the guest reads it", lambda: "second" in inside(
        key, server, http("GET", "/openstack/latest/meta_data.json")))


def test_a_guest_leaves_its_password_for_its_owner(real_cloud, server, key):
    refused = real_cloud.act(server["id"], "changePassword", {"adminPass": "new"})
    assert (refused.status, refused.body["conflictingRequest"]["message"]) == (409, "QEMU guest agent is not enabled")
    place = "/openstack/latest/password"
    assert " 200 " in inside(key, server, http("POST", place, "c2VhbGVk"))
    assert " 409 " in inside(key, server, http("POST", place, "bGF0ZXI="))
    assert real_cloud.get(f"/compute/v2.1/servers/{server['id']}/os-server-password").body == {"password": "c2VhbGVk"}


def test_diagnostics_are_the_guests(real_cloud, server):
    diagnostics = real_cloud.get(f"/compute/v2.1/servers/{server['id']}/diagnostics", user="admin", version="2.48").body
    assert (diagnostics["state"], diagnostics["driver"], diagnostics["num_cpus"]) == ("running", "libvirt", 2)
    assert diagnostics["memory_details"]["maximum"] == 256
    assert diagnostics["nic_details"][0]["mac_address"] == server["addresses"]["private"][0]["OS-EXT-IPS-MAC:mac_addr"]
    assert diagnostics["nic_details"][0]["rx_octets"] > 0 and diagnostics["disk_details"][0]["read_bytes"] > 0


def test_a_crash_dump_is_an_nmi_to_the_guest(real_cloud, server, key):
    assert real_cloud.act(server["id"], "trigger_crash_dump", version="2.17").status == 202
    clouds.until("the kernel logs it", lambda: "NMI received" in inside(key, server, "dmesg"))


def test_a_locked_server_is_left_alone(real_cloud, server, libvirtd):
    assert real_cloud.act(server["id"], "lock", {"locked_reason": "audit"}, user="admin", version="2.73").status == 202
    assert real_cloud.show(server["id"])["locked_reason"] == "audit"
    assert real_cloud.act(server["id"], "os-stop").status == 409
    assert domain(libvirtd, server)[0] == libvirt.VIR_DOMAIN_RUNNING
    assert real_cloud.act(server["id"], "unlock", user="admin").status == 202


def test_a_state_that_was_reset_does_not_touch_the_guest(real_cloud, server, key):
    boot_id = inside(key, server, "cat /proc/sys/kernel/random/boot_id")
    assert real_cloud.act(server["id"], "os-resetState", {"state": "error"}, user="admin").status == 202
    assert real_cloud.show(server["id"])["status"] == "ERROR"
    assert real_cloud.act(server["id"], "os-resetState", {"state": "active"}, user="admin").status == 202
    assert real_cloud.show(server["id"])["status"] == "ACTIVE"
    assert inside(key, server, "cat /proc/sys/kernel/random/boot_id") == boot_id


def test_a_backup_rotation_keeps_only_the_newest_backups(real_cloud, server):
    def backup(name):
        made = real_cloud.act(server["id"], "createBackup", {"name": name, "backup_type": "daily", "rotation": 1},
                              version="2.45").body["image_id"]
        clouds.until("it is there", lambda: real_cloud.get(f"/image/v2/images/{made}").body["status"] == "active", 120)
        real_cloud.wait_for(server["id"], "ACTIVE")
        return made

    first, second = backup("one"), backup("two")
    assert real_cloud.get(f"/image/v2/images/{first}").status == 404
    kept = real_cloud.get(f"/image/v2/images/{second}").body
    assert (kept["name"], kept["backup_type"]) == ("two", "daily")
    assert real_cloud.delete(f"/image/v2/images/{second}").status == 204


def test_a_stable_rescue_adds_a_disk_and_boots_from_it(real_cloud, server, key, second_image, libvirtd):
    answer = real_cloud.act(server["id"], "rescue", {"rescue_image_ref": second_image}, version="2.87")
    assert answer.status == 200, answer.text
    real_cloud.wait_for(server["id"], "RESCUE")
    disks = {os.path.basename(each.file): each for each in domain(libvirtd, server)[1].disks}
    assert (disks["disk"].target, disks["disk.rescue"].target) == ("vda", "vdb")
    assert disks["disk.rescue"].boot_order < disks["disk"].boot_order
    assert {"vda", "vdb"} <= set(log_in(key, server, "ls /sys/block").split())
    act(real_cloud, server, "unrescue", "ACTIVE")
    assert len(domain(libvirtd, server)[1].disks) == 1


def test_a_rebuilt_server_has_the_new_image_and_name(real_cloud, server, key, second_image):
    before = real_cloud.get(f"/compute/v2.1/servers/{server['id']}/os-server-password").body
    answer = real_cloud.act(server["id"], "rebuild", {"imageRef": second_image, "name": "anew",
                                                      "metadata": {"role": "third"}, "adminPass": "Secret-9"})
    assert answer.status == 202 and answer.body["server"]["adminPass"] == "Secret-9"
    real_cloud.wait_for(server["id"], "ACTIVE")
    shown = real_cloud.show(server["id"])
    assert (shown["name"], shown["image"]["id"], shown["metadata"]) == ("anew", second_image, {"role": "third"})
    log_in(key, server)
    clouds.until("the guest knows its new name", lambda: '"name":"anew"' in inside(
        key, server, http("GET", "/openstack/latest/meta_data.json")).replace(": ", ":"))
    assert before["password"]


def until_soft_deleted(cloud, libvirtd, server):
    """Wait until the API says that it is, which is after its guest was cut off."""
    clouds.until("it is soft-deleted", lambda: cloud.show(server["id"])["status"] == "SOFT_DELETED", 120)
    assert domain(libvirtd, server)[0] == libvirt.VIR_DOMAIN_SHUTOFF


def test_resizes_shelved_and_deleted_servers_follow_their_configured_intervals(real_cloud, server, libvirtd):
    """Resized and confirmed, shelved and taken away by hand, deleted and restored, and at last reclaimed."""
    usual, server_id = conftest.options(libvirtd), server["id"]
    try:
        real_cloud.restart(usual + WINDOWS.format(reclaim=3600))
        assert real_cloud.act(server_id, "resize", {"flavorRef": "act-large"}).status == 202
        clouds.until("it is confirmed", lambda: real_cloud.show(server_id)["status"] == "ACTIVE"
                     and domain(libvirtd, server)[1].vcpus == 1, 150)
        assert domain(libvirtd, server)[1].memory == 320 << 10
        assert real_cloud.act(server_id, "shelve").status == 202
        clouds.until("it is shelved", lambda: real_cloud.show(server_id)["status"] == "SHELVED", 120)
        assert domain(libvirtd, server)[0] == libvirt.VIR_DOMAIN_SHUTOFF
        act(real_cloud, server, "shelveOffload", "SHELVED_OFFLOADED", user="admin")
        assert os.listdir(os.path.join(real_cloud.state_dir, "instances")) == []
        act(real_cloud, server, "unshelve", "ACTIVE")
        assert real_cloud.delete(f"/compute/v2.1/servers/{server_id}").status == 204
        until_soft_deleted(real_cloud, libvirtd, server)
        act(real_cloud, server, "restore", "ACTIVE")
        assert domain(libvirtd, server)[0] == libvirt.VIR_DOMAIN_RUNNING
        assert real_cloud.delete(f"/compute/v2.1/servers/{server_id}").status == 204
        until_soft_deleted(real_cloud, libvirtd, server)
        real_cloud.restart(usual + WINDOWS.format(reclaim=1))
        real_cloud.wait_gone(server_id)
        spare = boot(real_cloud, name="spare", networks="none")["id"]
        assert real_cloud.act(spare, "forceDelete").status == 202
        real_cloud.wait_gone(spare)
        assert os.listdir(os.path.join(real_cloud.state_dir, "instances")) == [] and domains(libvirtd) == {}
        assert real_cloud.get("/network/v2.0/ports?device_owner=compute:nova", user="admin").body["ports"] == []
    finally:
        real_cloud.restart(usual)
