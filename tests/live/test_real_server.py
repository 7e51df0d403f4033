"""Real guests through the real API: boot, log in, look inside, stop, start, crash, delete - and nothing is left."""

import base64
import contextlib
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
    """The path of a private key that the API generated; its keypair is named "live"."""
    with keypair(cloud, "live", tmp_path) as path:
        yield path


@contextlib.contextmanager
def keypair(cloud, name, folder):
    """A keypair for the time of the block; the path of its private key."""
    with connect(cloud) as demo:
        made = demo.compute.create_keypair(name=name)
        path = folder / "key"
        path.write_text(made.private_key)
        path.chmod(0o600)
        yield str(path)
        demo.compute.delete_keypair(made)


@pytest.fixture(scope="module")
def shared_key(real_cloud, tmp_path_factory):
    """As ``key``, of the guest that tests share; its keypair is named "shared"."""
    with keypair(real_cloud, "shared", tmp_path_factory.mktemp("keys")) as path:
        yield path


@pytest.fixture(scope="module")
def shared_server(real_cloud, shared_key):
    """One guest for the tests at the end of a module, which ``shared`` gives them: to boot takes longest of all."""
    made = boot(real_cloud, name="shared", key_name="shared")
    yield made
    real_cloud.delete_server(made["id"])


@pytest.fixture
def shared(real_cloud, shared_server):
    """The guest that tests share, running; what the cloud printed is shown when a test fails."""
    if real_cloud.show(shared_server["id"])["status"] != "ACTIVE":
        assert real_cloud.act(shared_server["id"], "reboot", {"type": "HARD"}).status == 202
        real_cloud.wait_for(shared_server["id"], "ACTIVE")
    return shared_server


def ssh(key, address, command, timeout=20):
    """What a command inside the guest prints; None while it does not answer, or hangs."""
    try:
        done = subprocess.run(
            ["ssh", "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
             "UserKnownHostsFile=/dev/null",
             "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5", f"root@{address}", command],
            capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return None
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
    kinds = (("networks", "nlb"), ("ports?device_owner=compute:nova", "tap"))
    return {f"{prefix}{each['id'][:11]}" for kind, prefix in kinds
            for each in cloud.get(f"/network/v2.0/{kind}", user="admin").body[kind.partition("?")[0]]}


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


def test_a_guest_gets_its_metadata_and_user_data_and_is_deleted_without_remains(cloud, key, libvirtd):
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
    assert present(made) == made and len(made) == 3         # two bridges, for a router is between private and public
    cloud.delete_server(server["id"])
    assert server["id"] not in domains(libvirtd)
    assert present(made) == set()
    assert dnsmasqs(cloud) == set()
    assert os.listdir(os.path.join(cloud.state_dir, "instances")) == []
    assert cloud.get("/network/v2.0/ports?device_owner=compute:nova", user="admin").body["ports"] == []


def test_a_config_drive_says_all_without_a_network(cloud):
    server = boot(cloud, name="driven", networks="none", config_drive=True, adminPass="Secret-123",
                  user_data=base64.b64encode(b"#!/bin/sh\necho by-config-drive > /dev/ttyS0\n").decode())
    assert server["config_drive"] == "True"

    def console():
        text = cloud.act(server["id"], "os-getConsoleOutput", {}).body["output"]
        return text if "by-config-drive" in text else None

    assert "driven" in clouds.until("the guest read its config drive", console, 120)


def test_operations_of_a_killed_cloud_end_after_its_restart(cloud, key, libvirtd):
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


def test_the_openstack_client_manages_a_server_and_all_it_needs(cloud):
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


# ---- the guest that tests share

def test_guests_outlive_a_killed_cloud_and_are_found_again(real_cloud, shared, shared_key):
    boot_id = log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id")
    real_cloud.kill()
    assert ssh(shared_key, address_of(shared), "cat /proc/sys/kernel/random/boot_id") == boot_id
    real_cloud.start()
    assert real_cloud.show(shared["id"])["status"] == "ACTIVE"
    assert log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id") == boot_id
    ask = "printf 'GET /openstack/latest/meta_data.json HTTP/1.0\\r\\n\\r\\n' | nc 169.254.169.254 80"
    assert shared["id"] in ssh(shared_key, address_of(shared), ask)


def test_stop_start_and_reboot_reach_the_guest(real_cloud, shared, shared_key, libvirtd):
    first = log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id")
    real_cloud.act(shared["id"], "reboot", {"type": "SOFT"})
    real_cloud.wait_for(shared["id"], "ACTIVE")
    second = log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id")
    assert second != first
    real_cloud.act(shared["id"], "os-stop")
    real_cloud.wait_for(shared["id"], "SHUTOFF")
    assert domains(libvirtd)[shared["id"]] == 0
    real_cloud.act(shared["id"], "os-start")
    real_cloud.wait_for(shared["id"], "ACTIVE")
    third = log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id")
    assert third not in (first, second)
    real_cloud.act(shared["id"], "reboot", {"type": "HARD"})
    real_cloud.wait_for(shared["id"], "ACTIVE")
    assert log_in(shared_key, shared, "cat /proc/sys/kernel/random/boot_id") not in (first, second, third)


def test_a_guest_that_goes_off_by_itself_is_shown_as_off(real_cloud, shared, shared_key):
    log_in(shared_key, shared)
    ssh(shared_key, address_of(shared), "poweroff")
    assert real_cloud.wait_for(shared["id"], "SHUTOFF")["OS-EXT-STS:power_state"] == 4
    real_cloud.act(shared["id"], "os-start")
    real_cloud.wait_for(shared["id"], "ACTIVE")
    log_in(shared_key, shared)


def test_a_guest_destroyed_by_hand_is_shown_as_off(real_cloud, shared, libvirtd):
    connection = libvirt.open(libvirtd.uri)
    connection.lookupByUUIDString(shared["id"]).destroy()
    connection.close()
    real_cloud.wait_for(shared["id"], "SHUTOFF")
