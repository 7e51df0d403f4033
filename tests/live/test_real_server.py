"""Real guests through the real API: boot, log in, look inside, stop, start, crash, delete - and nothing is left."""

import base64
import os
import subprocess
import sys

import libvirt
import pytest

from tests import clouds
from tests.live.conftest import connect

SCRIPT = b"#!/bin/sh\necho ran-user-data > /root/proof\n"


@pytest.fixture
def key(cloud, tmp_path):
    """The path of a private key that the API generated, and its keypair's name."""
    with connect(cloud) as demo:
        made = demo.compute.create_keypair(name="live")
        path = tmp_path / "key"
        path.write_text(made.private_key)
        path.chmod(0o600)
        yield str(path)
        demo.compute.delete_keypair(made)


def ssh(key, address, command, timeout=20):
    """What a command inside the guest prints; None while it does not answer."""
    done = subprocess.run(
        ["ssh", "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
         "UserKnownHostsFile=/dev/null",
         "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5", f"root@{address}", command],
        capture_output=True, text=True, timeout=timeout, check=False)
    return done.stdout if done.returncode == 0 else None


def boot(cloud, **fields):
    image = next(each["id"] for each in cloud.get("/image/v2/images").body["images"] if each["name"] == "guest")
    return cloud.boot(imageRef=image, **fields)


def address_of(server):
    return server["addresses"]["private"][0]["addr"]


def log_in(key, server, command="true"):
    """Wait until a command runs inside; what it printed."""
    address = address_of(server)
    answers = []

    def answered():
        answers.append(ssh(key, address, command))
        return answers[-1] is not None

    clouds.until(f"ssh to {address}", answered, 240)
    return answers[-1]


def domains(libvirtd):
    connection = libvirt.open(libvirtd.uri)
    try:
        return {each.UUIDString(): each.isActive() for each in connection.listAllDomains()}
    finally:
        connection.close()


def devices(cloud):
    """Names of the bridges and taps of the cloud's networks and ports, whether they are there or not."""
    kinds = (("networks", "nlb"), ("ports", "tap"))
    return {f"{prefix}{each['id'][:11]}" for kind, prefix in kinds
            for each in cloud.get(f"/network/v2.0/{kind}", user="admin").body[kind]}


def present(names):
    """Which of these network devices the machine has."""
    return set(names) & set(os.listdir("/sys/class/net"))


def dnsmasqs(cloud):
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"dnsmasq" in words and cloud.state_dir.encode() in words:
            found.add(int(pid))
    return found


def test_a_guest_is_what_was_asked_for_and_leaves_nothing(cloud, key, libvirtd):
    server = boot(cloud, name="hello", key_name="live", metadata={"role": "web"},
                  user_data=base64.b64encode(SCRIPT).decode())
    assert log_in(key, server, "hostname").strip() == "hello"
    address = address_of(server)
    assert "ran-user-data" in clouds.until("user data ran", lambda: ssh(key, address, "cat /root/proof"))
    asked = ssh(key, address, "printf 'GET /openstack/latest/meta_data.json HTTP/1.0\\r\\n\\r\\n' | "
                              "nc 169.254.169.254 80")
    assert server["id"] in asked
    assert '"role": "web"' in asked or '"role":"web"' in asked
    assert address in ssh(key, address, "printf 'GET /latest/meta-data/local-ipv4 HTTP/1.0\\r\\n\\r\\n' | "
                                        "nc 169.254.169.254 80")
    assert int(ssh(key, address, "df -k / | awk 'NR==2{print $2}'")) > 700_000      # the root grew to the flavor's disk
    console = cloud.act(server["id"], "os-getConsoleOutput", {}).body["output"]
    assert "hello" in console
    assert len(dnsmasqs(cloud)) == 1
    made = devices(cloud)
    assert present(made) == made and len(made) == 2
    cloud.delete_server(server["id"])
    assert server["id"] not in domains(libvirtd)
    assert present(made) == set()
    assert dnsmasqs(cloud) == set()
    assert os.listdir(os.path.join(cloud.state_dir, "instances")) == []
    assert cloud.get("/network/v2.0/ports?device_owner=compute:nova", user="admin").body["ports"] == []


def test_stop_start_and_reboot_reach_the_guest(cloud, key, libvirtd):
    server = boot(cloud, name="power", key_name="live")
    first = log_in(key, server, "cat /proc/sys/kernel/random/boot_id")
    cloud.act(server["id"], "reboot", {"type": "SOFT"})
    cloud.wait_for(server["id"], "ACTIVE")
    second = log_in(key, server, "cat /proc/sys/kernel/random/boot_id")
    assert second != first
    cloud.act(server["id"], "os-stop")
    cloud.wait_for(server["id"], "SHUTOFF")
    assert domains(libvirtd)[server["id"]] == 0
    cloud.act(server["id"], "os-start")
    cloud.wait_for(server["id"], "ACTIVE")
    third = log_in(key, server, "cat /proc/sys/kernel/random/boot_id")
    assert third not in (first, second)
    cloud.act(server["id"], "reboot", {"type": "HARD"})
    cloud.wait_for(server["id"], "ACTIVE")
    assert log_in(key, server, "cat /proc/sys/kernel/random/boot_id") not in (first, second, third)


def test_a_guest_that_goes_off_by_itself_is_shown_as_off(cloud, key):
    server = boot(cloud, name="self", key_name="live")
    log_in(key, server)
    ssh(key, address_of(server), "poweroff")
    assert cloud.wait_for(server["id"], "SHUTOFF")["OS-EXT-STS:power_state"] == 4
    cloud.act(server["id"], "os-start")
    cloud.wait_for(server["id"], "ACTIVE")
    log_in(key, server)


def test_a_config_drive_says_all_without_a_network(cloud):
    server = boot(cloud, name="driven", networks="none", config_drive=True, adminPass="Secret-123",
                  user_data=base64.b64encode(b"#!/bin/sh\necho by-config-drive > /dev/ttyS0\n").decode())
    assert server["config_drive"] == "True"

    def console():
        text = cloud.act(server["id"], "os-getConsoleOutput", {}).body["output"]
        return text if "by-config-drive" in text else None

    assert "driven" in clouds.until("the guest read its config drive", console, 120)


def test_guests_outlive_a_killed_cloud_and_are_found_again(cloud, key):
    server = boot(cloud, name="survivor", key_name="live")
    boot_id = log_in(key, server, "cat /proc/sys/kernel/random/boot_id")
    cloud.kill()
    assert ssh(key, address_of(server), "cat /proc/sys/kernel/random/boot_id") == boot_id
    cloud.start()
    assert cloud.show(server["id"])["status"] == "ACTIVE"
    assert log_in(key, server, "cat /proc/sys/kernel/random/boot_id") == boot_id
    assert server["id"] in ssh(key, address_of(server), "printf 'GET /openstack/latest/meta_data.json HTTP/1.0\\r\\n"
                                                        "\\r\\n' | nc 169.254.169.254 80")


def test_killed_in_the_middle_everything_still_ends(cloud, key, libvirtd):
    stopping, deleting = (boot(cloud, name=name, key_name="live") for name in ("stopping", "deleting"))
    log_in(key, stopping)
    image = stopping["image"]["id"]
    creating = cloud.create(name="creating", imageRef=image).body["server"]["id"]
    cloud.act(stopping["id"], "os-stop")
    cloud.delete(f"/compute/v2.1/servers/{deleting['id']}")
    cloud.kill()
    cloud.start()
    cloud.wait_for(stopping["id"], "SHUTOFF")
    cloud.wait_gone(deleting["id"])
    cloud.wait_for(creating, "ACTIVE")
    assert domains(libvirtd) == {stopping["id"]: 0, creating: 1}
    for server_id in (stopping["id"], creating):
        cloud.delete_server(server_id)
    assert domains(libvirtd) == {}
    assert os.listdir(os.path.join(cloud.state_dir, "instances")) == []


def test_a_guest_destroyed_by_hand_is_shown_as_off(cloud, libvirtd):
    server = boot(cloud, name="victim")
    connection = libvirt.open(libvirtd.uri)
    connection.lookupByUUIDString(server["id"]).destroy()
    connection.close()
    cloud.wait_for(server["id"], "SHUTOFF")


def test_the_command_line_client_does_it_all(cloud):
    environ = {**os.environ, "OS_CLIENT_CONFIG_FILE": os.path.join(cloud.state_dir, "clouds.yaml"),
               "OS_CLOUD": "nova-lite"}

    def cli(*words):
        client = os.path.join(os.path.dirname(sys.executable), "openstack")
        done = subprocess.run([client, *words], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"openstack {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    cli("server", "create", "--flavor", "m1.nano", "--image", "guest", "--network", "private", "--wait", "by-cli")
    assert cli("server", "show", "by-cli", "-f", "value", "-c", "status") == "ACTIVE"
    assert "by-cli" in cli("server", "list", "-f", "value", "-c", "Name")
    assert "private" in cli("network", "list", "-f", "value", "-c", "Name")
    assert cli("port", "list", "-f", "value", "-c", "Status")
    assert "default" in cli("security", "group", "list", "-f", "value", "-c", "Name")
    clouds.until("the guest printed", lambda: "login" in cli("console", "log", "show", "by-cli"), 120)
    cli("server", "stop", "by-cli")
    clouds.until("it stopped", lambda: cli("server", "show", "by-cli", "-f", "value", "-c", "status") == "SHUTOFF", 90)
    cli("server", "start", "by-cli")
    clouds.until("it started", lambda: cli("server", "show", "by-cli", "-f", "value", "-c", "status") == "ACTIVE", 90)
    cli("server", "delete", "--wait", "by-cli")
    assert cli("server", "list", "-f", "value") == ""
