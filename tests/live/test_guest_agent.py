"""What goes by the agent inside a guest, with QEMU's own agent in a real one: passwords, and quiet disks."""

import contextlib
import os
import subprocess

import libvirt
import pytest

from tests import clouds
from tests.live.test_real_server import address_of, log_in, ssh

_FOLDER = "/root/agent"
#: What the agent calls to change a password; busybox has none.
_CHPASSWD = r"""#!/bin/sh
while IFS=: read -r user password; do
    hash=$(mkpasswd -m sha512 "$password") && sed -i "s|^$user:[^:]*:|$user:$hash:|" /etc/shadow
done
"""
#: Its own libraries beside it, its log, and its end of the channel by whatever number the kernel gave it.
_START = f"""cd {_FOLDER} && chmod 755 chpasswd && mv chpasswd /usr/sbin/ &&
port=$(grep -l org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name) && port=${{port%/name}} &&
./ld-linux-x86-64.so.2 --library-path . ./qemu-ga -d -v -l /run/agent.log -f /run/agent.pid \
    -t /run -m virtio-serial -p /dev/${{port##*/}}"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """A folder with the agent and all it needs to run in a guest."""
    program = os.environ.get("NOVA_LITE_TEST_AGENT", "")
    if not os.path.exists(program):
        pytest.fail("NOVA_LITE_TEST_AGENT names no file: run tools/test.sh live, which fetches QEMU's guest agent")
    folder = tmp_path_factory.mktemp("agent")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = [word for line in linked.splitlines() for word in line.split() if word.startswith("/")]
    subprocess.run(["cp", "-L", program, *paths, folder], check=True)
    (folder / "chpasswd").write_text(_CHPASSWD)
    return folder


@pytest.fixture(scope="module")
def image(real_cloud, guest_image):
    """The guest image once more, as one that has an agent and wants its snapshots quiet."""
    made = real_cloud.post("/image/v2/images", {
        "name": "with agent", "disk_format": "qcow2", "container_format": "bare", "hw_qemu_guest_agent": "yes",
        "os_require_quiesce": "yes"}).body["id"]
    with open(guest_image, "rb") as file:
        assert real_cloud.request("PUT", f"/image/v2/images/{made}/file", data=file, headers={
            "Content-Type": "application/octet-stream"}).status == 204
    yield made
    real_cloud.delete(f"/image/v2/images/{made}")


@pytest.fixture
def guest(real_cloud, image, tmp_path):
    """(server, path of its owner's key) of a guest whose agent does not run yet."""
    made = real_cloud.post("/compute/v2.1/os-keypairs", {"keypair": {"name": "agent"}}).body["keypair"]
    key = tmp_path / "key"
    key.write_text(made["private_key"])
    key.chmod(0o600)
    server = real_cloud.boot(name="agent", imageRef=image, key_name="agent")
    log_in(str(key), server)
    yield server, str(key)
    real_cloud.delete_server(server["id"])
    real_cloud.delete("/compute/v2.1/os-keypairs/agent")


def start(agent, key, address):
    packed = subprocess.run(["tar", "-C", agent, "-c", "."], capture_output=True, check=True).stdout
    options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
    subprocess.run(
        ["ssh", "-i", key, *(f"-o{each}" for each in options), f"root@{address}",
         f"mkdir -p {_FOLDER} && tar -C {_FOLDER} -x"], input=packed, timeout=120, check=True)
    assert ssh(key, address, _START) is not None


def act(cloud, server, action, argument):
    """Do it and wait for its end; what went wrong, or None."""
    path = f"/compute/v2.1/servers/{server['id']}/os-instance-actions"
    before = len(cloud.get(path).body["instanceActions"])
    answer = cloud.act(server["id"], action, argument)
    assert answer.status == 202, answer.text

    def ended():
        return len(cloud.get(path).body["instanceActions"]) > before and cloud.show(
            server["id"], user="admin")["OS-EXT-STS:task_state"] is None

    clouds.until(f"{action} ends", ended, 120)
    assert cloud.show(server["id"])["status"] == "ACTIVE"
    request_id = cloud.get(path).body["instanceActions"][0]["request_id"]
    events = cloud.get(f"{path}/{request_id}", version="2.84", user="admin").body["instanceAction"]["events"]
    return next((each["details"] for each in events if each["result"] == "Error"), None)


def images(cloud):
    return {each["name"]: each["status"] for each in cloud.get("/image/v2/images").body["images"]}


@contextlib.contextmanager
def domain(libvirtd, server):  # noqa: F811
    connection = libvirt.open(libvirtd.uri)
    try:
        yield connection.lookupByUUIDString(server["id"])
    finally:
        connection.close()


def connected(libvirtd, server):  # noqa: F811
    with domain(libvirtd, server) as guest:
        return "name='org.qemu.guest_agent.0' state='connected'" in guest.XMLDesc()


def test_passwords_and_quiet_disks_go_by_the_agent(real_cloud, libvirtd, agent, guest):  # noqa: F811
    server, key = guest
    address = address_of(server)
    assert "agent does not answer" in act(real_cloud, server, "changePassword", {"adminPass": "too early"})
    assert "os_require_quiesce" in act(real_cloud, server, "createImage", {"name": "not quiet"})
    assert "not quiet" not in images(real_cloud)

    start(agent, key, address)
    clouds.until("libvirt is connected to the agent", lambda: connected(libvirtd, server), 60)
    assert act(real_cloud, server, "changePassword", {"adminPass": "Neu 'n $x"}) is None
    method, salt, hashed = ssh(key, address, "grep ^root: /etc/shadow").split(":")[1].split("$")[1:]
    assert ssh(key, address, f'mkpasswd -m sha512 -S {salt} "Neu \'n \\$x"').strip() == f"${method}${salt}${hashed}"

    assert act(real_cloud, server, "createImage", {"name": "quiet"}) is None
    assert images(real_cloud)["quiet"] == "active"
    assert ssh(key, address, "cat /run/agent.log").count('"execute":"guest-fsfreeze-freeze"') == 1
    assert ssh(key, address, "echo quiet >/root/file && cat /root/file") == "quiet\n"

    with domain(libvirtd, server) as frozen:      # as a host leaves it that dies between the two
        frozen.fsFreeze()
    delta = os.path.join(real_cloud.state_dir, "instances", server["id"], "snapshot.delta")
    open(delta, "w").close()
    assert act(real_cloud, server, "createImage", {"name": "again"}) is None
    assert images(real_cloud)["again"] == "active"
    assert ssh(key, address, "echo again >/root/file && cat /root/file") == "again\n"
