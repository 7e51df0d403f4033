"""Security groups of real guests: what the API says holds for packets, within a second or two and without a restart."""

import contextlib
import subprocess

import pytest

from tests import clouds
from tests.live import test_real_server
from tests.live.conftest import connect
from tests.live.test_real_server import address_of, boot, log_in, ssh

key = test_real_server.key          # a fixture


@pytest.fixture
def group(cloud):
    """An own security group of the first project, without a rule for what comes in."""
    with connect(cloud) as first:
        made = first.network.create_security_group(name="own")
        yield made
        for each in list(first.compute.servers()):
            cloud.delete_server(each.id)
        first.network.delete_security_group(made)


def ssh_rule(group_id):
    return {"security_group_id": group_id, "direction": "ingress", "protocol": "tcp", "port_range_min": 22,
            "port_range_max": 22}


@contextlib.contextmanager
def session(key, address):
    """An open ssh connection; yields whether it is there still."""
    options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
               "ServerAliveInterval=1", "ServerAliveCountMax=3")
    process = subprocess.Popen(
        ["ssh", "-i", key, *(part for each in options for part in ("-o", each)), f"root@{address}", "echo in; cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "in\n"
        yield lambda: process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_a_guest_is_reached_while_a_rule_says_so(cloud, key, group):
    server = boot(cloud, name="guarded", key_name="live", security_groups=[{"name": "own"}])
    address = address_of(server)
    with connect(cloud) as first:
        assert ssh(key, address, "true") is None
        rule = first.network.create_security_group_rule(**ssh_rule(group.id))
        log_in(key, server)
        assert subprocess.run(["busybox", "ping", "-c", "1", "-W", "1", address], capture_output=True,
                              check=False).returncode != 0
        other = boot(cloud, name="other", key_name="live")
        log_in(key, other)
        with session(key, address) as is_open:
            first.network.delete_security_group_rule(rule)
            clouds.until("the rule is gone", lambda: ssh(key, address, "true") is None, 30)
            clouds.until("the session is cut", lambda: not is_open(), 30)
        default, = first.network.security_groups(name="default")
        first.network.create_security_group_rule(**ssh_rule(group.id), remote_group_id=default.id)
        clouds.until("members of default come in", lambda: "SSH" in (ssh(
            key, address_of(other), f"nc -w 2 {address} 22 </dev/null | head -c 3") or ""), 30)
        assert ssh(key, address, "true") is None
