"""The guest image by itself, under plain QEMU: what tools/guest promises to every cloud that boots it."""

import io
import json
from pathlib import Path

import pycdlib
import pytest

from tests.live.plain_qemu import Guest, missing_tools

UUID = "5b0fbb0e-6d5c-4c6e-9d2f-0a4d8f6c1e11"
USER_DATA = b"#!/bin/sh\necho user data saw $(hostname); echo once >> /root/marks\n"


@pytest.fixture(scope="module")
def image(guest_image):
    assert not missing_tools(), f"missing: {missing_tools()}"
    return Path(guest_image)


def documents(public_key, **more):
    meta_data = {
        "uuid": UUID, "name": "Kermit", "hostname": "kermit.novalocal", "launch_index": 0,
        "public_keys": {"my key": public_key + "\n"}, "meta": {"role": "frog, \"green\""}, **more,
    }  # fmt: skip
    return {"openstack/latest/meta_data.json": json.dumps(meta_data).encode(), "openstack/latest/user_data": USER_DATA}


@pytest.fixture(scope="module")
def guest(image, tmp_path_factory):
    """A pc with a metadata service, booted and ready."""
    guest = Guest(tmp_path_factory.mktemp("pc"), image, documents={})
    guest._metadata(documents(guest.public_key))
    with guest:
        guest.wait_console("=== nova-guest end ===")
        yield guest


def test_image_is_small(image):
    assert image.stat().st_size < 40 * 1024 * 1024


def test_console_shows_banner_and_login(guest):
    assert f"hostname=kermit instance={UUID} datasource=metadata" in guest.console()
    assert guest.wait_console("kermit login:|nova-guest login:")


def test_boots_in_seconds(guest):
    """Those of a processor: how soon an emulator gets them is the machine's matter."""
    guest.wait_console(r"\nup ([0-9.]+)s")
    assert guest.processor_seconds() < 30


@pytest.mark.parametrize("user", ["root", "nova"])
def test_the_key_of_the_metadata_opens_ssh(guest, user):
    assert guest.ssh("whoami", user=user) == user


def test_nova_becomes_root_by_sudo(guest):
    assert guest.ssh("sudo id -u; sudo cat /etc/shadow | wc -l", user="nova").split() == ["0", "2"]


def test_user_data_ran_and_its_output_is_on_the_console(guest):
    guest.wait_console("user data ended with status 0")
    assert "user data saw kermit" in guest.console()


def test_root_grew_to_the_disk(guest):
    assert int(guest.ssh("df -m / | awk 'NR == 2 {print $2}'")) > 200


def test_hot_plugged_disk_is_seen_with_its_serial(guest, tmp_path):
    with open(tmp_path / "extra.raw", "wb") as file:
        file.truncate(8 * 1024 * 1024)
    guest.qmp("blockdev-add", driver="file", **{"node-name": "extra"}, filename=str(tmp_path / "extra.raw"))
    guest.qmp("device_add", driver="virtio-blk-pci", id="extra", drive="extra", serial="volume-0001")
    guest.wait_console("vdb plugged in")
    assert guest.ssh("echo $(cat /sys/block/vdb/serial) $(cat /sys/block/vdb/size)").split() == ["volume-0001", "16384"]
    guest.qmp("device_del", id="extra")
    guest.wait_console("vdb removed")


def test_hot_plugged_card_asks_dhcp(guest):
    guest.qmp("netdev_add", type="user", id="net1", net="10.77.0.0/24")
    guest.qmp("device_add", driver="virtio-net-pci", netdev="net1", id="card1", mac="52:54:00:00:00:02")
    guest.wait_console("eth1 plugged in")
    probe = "for i in 1 2 3 4 5 6 7 8 9 10; do ip -4 -o addr show eth1 | grep -o 10.77.0.15 && break; sleep 1; done"
    assert guest.ssh(probe) == "10.77.0.15"


def test_an_announced_prefix_makes_an_address(guest):
    probe = "for i in 1 2 3 4 5 6 7 8 9 10; do ip -6 -o addr show eth0 | grep -o 'fec0[^/]*' && break; sleep 1; done"
    assert guest.ssh(probe) == "fec0::5054:ff:fe00:1"


def test_curl_asks_the_metadata_service(guest):
    url = "http://169.254.169.254/openstack/latest/meta_data.json"
    assert json.loads(guest.ssh(f"curl {url}", user="nova"))["uuid"] == UUID
    assert json.loads(guest.ssh(f"curl -s -X POST -d some=data {url}", user="nova"))["uuid"] == UUID


def test_a_person_logs_in_on_the_serial_console(guest):
    guest.type(("login:", "nova"), ("Password:", "nova"), (r"\$ ", "echo I am $((6 * 7)) $(whoami)"),
               ("I am 42 nova", "exit"))


def test_ssh_refuses_the_password_everybody_knows(guest):
    assert "-s" in guest.ssh("ps | grep '[d]ropbear -s'").split()


def test_power_button_shuts_down(guest):
    """Within the minute that [compute] shutdown_timeout gives it.  The next test goes on with the guest that is off."""
    guest.qmp("system_powerdown")
    assert guest.process.wait(timeout=60) == 0
    assert "nova-guest: shutting down" in guest.console()


def test_next_boot_keeps_the_host_key_and_runs_user_data_no_second_time(guest):
    before = guest.wait_console("ssh-hostkey .*")
    with guest:
        guest.wait_console("=== nova-guest end ===")
        assert guest.wait_console("ssh-hostkey .*") == before
        assert guest.ssh("cat /root/marks") == "once"


def config_drive(path, files):
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident="config-2")
    made = set()
    for number, (name, body) in enumerate(files.items()):
        parts = name.split("/")
        for depth in range(1, len(parts)):
            directory = "/".join(parts[:depth])
            if directory not in made:
                made.add(directory)
                iso.add_directory("/" + directory.upper(), rr_name=parts[depth - 1], joliet_path="/" + directory)
        iso.add_fp(io.BytesIO(body), len(body), f"/{'/'.join(parts[:-1]).upper()}/F{number}.;1",
                   rr_name=parts[-1], joliet_path="/" + name)  # fmt: skip
    iso.write(str(path))
    iso.close()


NETWORK_DATA = {
    "links": [{"id": "tap1", "type": "bridge", "ethernet_mac_address": "52:54:00:00:00:01", "mtu": 1400}],
    "networks": [{
        "id": "network0", "type": "ipv4", "link": "tap1", "ip_address": "169.254.169.77", "netmask": "255.255.255.0",
        "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "169.254.169.2"}],
    }],
    "services": [{"type": "dns", "address": "169.254.169.3"}],
}  # fmt: skip


def test_config_drive_gives_password_address_and_keys_where_no_metadata_service_is(image, tmp_path):
    guest = Guest(tmp_path, image, machine="q35", drive=tmp_path / "config.iso")
    files = documents(guest.public_key, admin_pass="S3cret pass")
    files["openstack/latest/network_data.json"] = json.dumps(NETWORK_DATA).encode()
    config_drive(tmp_path / "config.iso", files)
    with guest:
        guest.wait_console("=== nova-guest end ===")
        assert f"instance={UUID} datasource=configdrive" in guest.console()
        assert "address eth0=169.254.169.77/24" in guest.console()
        guest.wait_console("user data ended with status 0")
        guest.type(("login:", "root"), ("Password:", "S3cret pass"),
                   ("# ", "ip route; ip link show eth0; cat /etc/resolv.conf"),
                   ("nameserver 169.254.169.3", "exit"))  # fmt: skip
        guest.type(("login:", "nova"), ("Password:", "S3cret pass"), (r"\$ ", "blkid -L config-2 -o device"),
                   ("/dev/vdb", "exit"))
        assert "default via 169.254.169.2 dev eth0" in guest.console()
        assert "mtu 1400" in guest.console()
        guest.qmp("system_powerdown")
        assert guest.process.wait(timeout=60) == 0
