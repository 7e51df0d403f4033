"""The auditor on real libvirt, bridges, DHCP and files: what is broken by hand is mended, what is foreign stays."""

import contextlib
import json
import os
import subprocess
import sys
import uuid
import xml.etree.ElementTree as ET

import libvirt
import pytest

from tests import clouds
from tests.live.test_real_server import boot, domains

BOOT = 180          # seconds in which a guest under emulation, on a busy machine, heeds that a device shall go


def look(cloud):
    """What ``nova-lite audit --now --json`` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "nova_lite.cmd.nova_lite", "audit", "--state-dir", cloud.state_dir, "--config-file",
         os.path.join(cloud.directory, "test.conf"), "--now", "--json"],
        cwd=clouds.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return json.loads(done.stdout)


def mended(cloud, damage):
    """Kinds that were mended after ``damage()``; nothing is left open."""
    before = look(cloud)["drift_repaired"]
    damage()
    audit = look(cloud)
    assert audit["findings"] == []
    return {kind for kind, amount in audit["drift_repaired"].items() if amount > before.get(kind, 0)}


def listed(cloud):
    return {(each["kind"], each["subject"]) for each in look(cloud)["findings"]}


@pytest.fixture
def cloud(real_cloud):
    """The real cloud, which keeps its server from test to test."""
    return real_cloud


@pytest.fixture(scope="module")
def audited(real_cloud):
    """One guest for all tests here; the last of them leaves it a NIC that is not the cloud's."""
    made = boot(real_cloud, name="audited")
    yield made
    real_cloud.delete_server(made["id"])


@pytest.fixture
def server(cloud, audited):
    assert look(cloud)["findings"] == []
    return audited


def test_auditor_repairs_taps_rules_and_hosts_files_changed_by_hand(cloud, server):
    [port] = cloud.get(f"/network/v2.0/ports?device_id={server['id']}").body["ports"]
    tap, bridge = f"tap{port['id'][:11]}", f"nlb{port['network_id'][:11]}"
    assert mended(cloud, lambda: subprocess.run(["ip", "link", "set", tap, "nomaster"], check=True)) == {"tap_loose"}
    assert os.path.basename(os.readlink(f"/sys/class/net/{tap}/master")) == bridge

    # Where the router serves the subnet, at its port.
    [inner] = cloud.get(f"/network/v2.0/ports?network_id={port['network_id']}&device_owner=network:router_interface"
                        ).body["ports"]
    hosts = os.path.join(cloud.state_dir, "network", port["network_id"], inner["id"], "hosts")
    lease = f"{port['mac_address']},{port['fixed_ips'][0]['ip_address']},"

    def spoil():
        with open(hosts, "w") as file:
            file.write("fa:16:3e:00:00:99,10.0.0.99,unknown\n")
    for _ in range(3):                  # the host's network heals itself every 30 s, and may be faster
        found = mended(cloud, spoil)
        with open(hosts) as file:
            assert file.read().startswith(lease)
        if found:
            break
    assert found == {"lease_missing", "lease_stray"}

    cache = os.path.join(cloud.state_dir, "cache", "images")
    [base] = [name for name in os.listdir(cache) if name.startswith(server["image"]["id"])]
    size = os.path.getsize(os.path.join(cache, base))
    assert mended(cloud, lambda: os.unlink(os.path.join(cache, base))) == {"image_missing"}
    assert os.path.getsize(os.path.join(cache, base)) == size

    def leave():
        with open(os.path.join(cache, "incoming", "half.0"), "wb") as file:
            file.write(b"x")
    assert mended(cloud, leave) == {"image_leftover"}
    assert cloud.show(server["id"])["status"] == "ACTIVE"


def test_files_of_a_deleted_server_are_removed(cloud):
    gone = boot(cloud, name="gone")["id"]
    cloud.delete_server(gone)
    folder = os.path.join(cloud.state_dir, "instances", gone)
    assert mended(cloud, lambda: os.mkdir(folder)) == {"disk_orphaned"}
    assert not os.path.exists(folder)


def test_auditor_lists_unknown_guests_disks_and_images_and_leaves_them(cloud, server, libvirtd):
    unknown, files = str(uuid.uuid4()), str(uuid.uuid4())
    connection = libvirt.open(libvirtd.uri)
    xml = connection.lookupByUUIDString(server["id"]).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    name = connection.lookupByUUIDString(server["id"]).name()
    made = connection.defineXML(xml.replace(server["id"], unknown).replace(f"<name>{name}<", "<name>unknown<"))
    folder = os.path.join(cloud.state_dir, "instances", files)
    notes = os.path.join(cloud.state_dir, "cache", "images", "notes.txt")
    os.mkdir(folder)
    with open(notes, "w") as file:
        file.write("mine")
    try:
        expected = {("guest_unknown", unknown), ("disk_unknown", files), ("image_unknown", "notes.txt")}
        assert listed(cloud) == expected
        assert listed(cloud) == expected
        assert unknown in domains(libvirtd)
        assert os.path.exists(folder) and os.path.exists(notes)
    finally:
        made.undefine()
        connection.close()
        os.rmdir(folder)
        os.unlink(notes)
    assert listed(cloud) == set()


def test_the_nics_of_a_running_guest_follow_its_ports(cloud, server, libvirtd):
    [port] = cloud.get(f"/network/v2.0/ports?device_id={server['id']}").body["ports"]
    mine, strange, foreign = port["mac_address"], "fa:16:3e:00:00:99", "52:54:00:00:00:99"
    bridge = f"nlb{port['network_id'][:11]}"
    with contextlib.closing(libvirt.open(libvirtd.uri)) as connection:
        domain = connection.lookupByUUIDString(server["id"])

        def nics():
            return {each.find("mac").get("address"): each.find("alias").get("name")
                    for each in ET.fromstring(domain.XMLDesc()).findall("devices/interface")}
        for mac, target in ((strange, "<target dev='tap00c0ffee-99'/>"), (foreign, "")):
            domain.attachDeviceFlags(f"<interface type='bridge'><mac address='{mac}'/><source bridge='{bridge}'/>"
                                     f"{target}<model type='virtio'/></interface>", libvirt.VIR_DOMAIN_AFFECT_LIVE)
        before = look(cloud)["drift_repaired"]
        clouds.until("the guest let go of it", lambda: look(cloud) and set(nics()) == {mine, foreign}, BOOT)
        domain.detachDeviceAlias(nics()[mine], libvirt.VIR_DOMAIN_AFFECT_LIVE)
        clouds.until("it has gone", lambda: mine not in nics(), BOOT)
        clouds.until("it is back", lambda: look(cloud) and mine in nics())
        after = look(cloud)
        assert after["drift_repaired"]["nic_missing"] == before.get("nic_missing", 0) + 1
        assert {each["kind"] for each in after["findings"]} == {"tap_unknown"}      # that of the foreign one
        assert cloud.show(server["id"])["status"] == "ACTIVE"
