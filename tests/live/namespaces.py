"""A host and its guests for tests: network namespaces with unique names, which are always removed."""

import contextlib
import json
import os
import subprocess
import sys
import textwrap
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRIVER = os.path.join(ROOT, "tests", "live", "network_host.py")
DHCP_SCRIPT = textwrap.dedent("""\
    #!/bin/sh
    [ "$1" = bound ] || exit 0
    env
    ip addr add $ip/$mask dev $interface
    [ -n "$mtu" ] && ip link set $interface mtu $mtu
    set -- $staticroutes
    while [ $# -ge 2 ]; do ip route add $1 via $2; shift 2; done
    """)


def sh(*command, check=True, seconds=20):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done


class Namespace:
    """One network namespace; ``run`` runs a command in it."""

    def __init__(self, prefix):
        self.name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        sh("ip", "netns", "add", self.name)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command, **more):
        return sh("ip", "netns", "exec", self.name, *command, **more)

    def remove(self):
        sh("ip", "netns", "del", self.name, check=False)


class Refused(Exception):
    """What the host's part raised, as text."""


class Host(Namespace):
    """A machine in a namespace, with a HostNetwork of its own in a process that ``kill`` and ``start`` restart."""

    def __init__(self, state_dir, mode="threading", script=""):
        super().__init__("nlh")
        self.state_dir = str(state_dir)
        self._arguments = [self.state_dir, mode, script]
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, DRIVER, *self._arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": ROOT, "PYTHONWARNINGS": "ignore"})
        return self

    def ask(self, method, **arguments):
        """Call a method of HostNetwork; returns (result, seconds it took)."""
        self._process.stdin.write(json.dumps({"method": method, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the host's process ended with {self._process.wait(10)}"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"], answer["seconds"]

    def kill(self):
        """The service dies without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    def bridges(self):
        return [each["ifname"] for each in json.loads(self.run("ip", "-j", "link", "show", "type", "bridge").stdout)
                if each]

    def rules(self):
        return self.run("nft", "list", "ruleset").stdout

    def dnsmasqs(self):
        """pids of those that read a configuration of this host."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
                if words[0].endswith(b"dnsmasq") and any(self.state_dir.encode() in word for word in words):
                    found.append(int(pid))
        return found

    def remove(self):
        self.kill()
        for pid in self.dnsmasqs():
            os.kill(pid, 9)
        super().remove()


class Guest(Namespace):
    """A guest in a namespace: its NIC ``eth0`` is the other end of the port's tap."""

    def __init__(self, host, nic, directory):
        super().__init__("nlg")
        self.host, self.nic = host, nic
        self._script = os.path.join(directory, "udhcpc.sh")
        with open(self._script, "w") as file:
            file.write(DHCP_SCRIPT)
        os.chmod(self._script, 0o755)
        tap, bridge = "tap" + nic["port_id"][:11], "nlb" + nic["network_id"][:11]
        host.run("ip", "link", "add", tap, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        host.run("ip", "link", "set", tap, "master", bridge, "up")
        self.run("ip", "link", "set", "eth0", "address", nic["mac"], "up")

    def dhcp(self):
        """Ask for an address and use it; what the server said, as a dict, or None where none answered."""
        done = self.run("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "4", "-T", "1", "-O", "staticroutes",
                        "-O", "mtu", "-s", self._script, check=False)
        if done.returncode:
            return None
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)

    def address(self, ip, gateway):
        """Take an address without asking."""
        self.run("ip", "addr", "flush", "dev", "eth0")
        self.run("ip", "addr", "add", ip, "dev", "eth0")
        self.run("ip", "route", "add", "default", "via", gateway)

    def pings(self, address):
        return self.run("busybox", "ping", "-c", "1", "-W", "1", address, check=False).returncode == 0

    def fetch(self, url, *headers):
        """The body of a GET; None where nothing answered."""
        forged = [each for header in headers for each in ("-H", header)]
        done = self.run("curl", "-s", "-m", "3", *forged, url, check=False)
        return done.stdout if done.returncode == 0 else None


def nic(network_id, ip, *, cidr="10.199.0.0/24", gateway="10.199.0.1", mac=None, **more):
    """One NIC as JSON."""
    return {"port_id": str(uuid.uuid4()), "network_id": network_id, "mac": mac or f"fa:16:3e:{_mac_end()}", "mtu": 1450,
            "addresses": [{"ip": ip, "cidr": cidr, "gateway": gateway, "dhcp": gateway is not None, "dns": []}], **more}


def _mac_end():
    return ":".join(f"{byte:02x}" for byte in os.urandom(3))


def server(*nics, hostname="one", server_id=None):
    return {"id": server_id or str(uuid.uuid4()), "hostname": hostname, "nics": list(nics)}
