"""A host and its guests for tests: network namespaces with unique names, which are always removed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import uuid

from nova_lite.network.planes.linux import netns, parts
from tests.clouds import until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROBE = os.path.join(ROOT, "tests", "live", "probe.py")
PROBE6 = os.path.join(ROOT, "tests", "live", "probe6.py")
DRIVER = os.path.join(ROOT, "tests", "live", "network_host.py")
DHCP_SCRIPT = textwrap.dedent("""\
    #!/bin/sh
    [ "$1" = bound ] || exit 0
    env
    ip addr add $ip/$mask dev $interface
    [ -n "$mtu" ] && ip link set $interface mtu $mtu
    set -- $staticroutes
    while [ $# -ge 2 ]; do
        if [ $2 = 0.0.0.0 ]; then ip route add $1 dev $interface; else ip route add $1 via $2; fi
        shift 2
    done
    """)


def sh(*command, check=True, seconds=20):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done


class Namespace:
    """One network namespace; ``run`` runs a command in it.

    :param name: of one that is there and belongs to another.
    """

    def __init__(self, prefix, name=None):
        self._servers = []
        self._is_ours = name is None
        self.name = name or f"{prefix}-{uuid.uuid4().hex[:8]}"
        if self._is_ours:
            sh("ip", "netns", "add", self.name)
            self.run("ip", "link", "set", "lo", "up")

    def serve(self, *ports):
        """Answer TCP and UDP on these ports of every address."""
        self._probe("serve", *map(str, ports))

    def echo(self, port):
        """Repeat what each TCP connection to this port says."""
        self._probe("echo", str(port))

    def hold(self, address, port):
        """A Held connection."""
        return Held(self._probe("hold", address, str(port)))

    def drain(self, port):
        """Read what one TCP connection to this port says, and then the next one."""
        self._probe("drain", str(port))

    def pour(self, address, port):
        """Say as much as can be by a TCP connection."""
        self._probe("pour", address, str(port))

    def frames(self, device="eth0"):
        """A Frames of a device."""
        return Frames(self._probe("frames", device))

    def _probe(self, *arguments):
        """A process of probe.py, which has said that it is ready."""
        process = subprocess.Popen(self._command(sys.executable, "-S", PROBE, *arguments), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self._servers.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    def asks(self, kind, address, port):
        """Who asks, as a server ("tcp" or "udp") of ``serve`` there sees it; None where none answers."""
        return self.scan([address], [port]).get((kind, address, port))

    def pings(self, address):
        if ":" in address:
            return bool(self.scan([address], []))
        return self.run("busybox", "ping", "-c", "1", "-W", "1", address, check=False).returncode == 0

    def reaches(self, address, port):
        """How an address answers here: a subset of {"ping", "tcp", "udp"}."""
        return {kind for kind, _, _ in self.scan([address], [port])}

    def solicit(self):
        """What routers announce by eth0 within a second, by their link-local addresses; fields as in probe6.py."""
        return json.loads(self.run(sys.executable, "-S", PROBE6, "routers").stdout)

    def dhcp6(self, *more):
        """What DHCPv6 answers by eth0, as in probe6.py; None: nothing.  :param more: "information", for one."""
        return json.loads(self.run(sys.executable, "-S", PROBE6, "dhcp", *more).stdout)

    def addresses6(self):
        """[address] of eth0 that may be used, but link-local ones."""
        shown = json.loads(self.run("ip", "-j", "-6", "addr", "show", "dev", "eth0", "scope", "global").stdout)
        return sorted(each["local"] for one in shown for each in one.get("addr_info", ())
                      if each and "local" in each and not each.get("tentative"))

    def routes6(self):
        """{range: next hop, or None}"""
        return {each["dst"]: each.get("gateway")
                for each in json.loads(self.run("ip", "-j", "-6", "route", "show").stdout)}

    def scan(self, addresses, ports):
        """{("ping", "tcp" or "udp", address, port): what it answered} of all that answers within a second."""
        done = self.run(sys.executable, "-S", PROBE, "scan", ",".join(addresses), ",".join(map(str, ports)))
        return {tuple(key): value for key, value in json.loads(done.stdout)}

    def link(self, other, mine, theirs, name):
        """Join two namespaces by a device of this name in both; each gets its address."""
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", other.name)
        for each, address in ((self, mine), (other, theirs)):
            each.run("ip", "addr", "add", address, "dev", name)
            each.run("ip", "link", "set", name, "up")

    def _command(self, *command):
        return ["nsenter", f"--net=/run/netns/{self.name}", *command]

    def run(self, *command, **more):
        return sh(*self._command(*command), **more)

    def start(self, *command):
        """A program that runs until the namespace is removed."""
        self._servers.append(subprocess.Popen(self._command(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def remove(self):
        for process in self._servers:
            process.kill()
            process.wait()
            process.stdout.close()
            with contextlib.suppress(OSError):
                process.stdin.close()
        if self._is_ours:
            sh("ip", "netns", "del", self.name, check=False)


class Held:
    """A TCP connection of a guest to an ``echo``."""

    def __init__(self, process):
        self._process = process

    def works(self):
        """Whether what it says now comes back within a second."""
        self._process.stdin.write("still there?\n")
        self._process.stdin.flush()
        return self._process.stdout.readline() == "open\n"


class Frames:
    """What a guest sends and receives beside its kernel."""

    def __init__(self, process):
        self._process = process

    def send(self, *frames):
        """:param frames: bytes."""
        for each in frames:
            self._process.stdin.write(each.hex() + "\n")
        self._process.stdin.flush()

    def received(self):
        """Every frame that has come, as bytes; it ends then."""
        self._process.stdin.close()
        return [bytes.fromhex(each) for each in json.loads(self._process.stdout.readline())]


class Refused(Exception):
    """What the host's part raised, as text."""


class Died(Exception):
    """The host's process ended."""


class Host(Namespace):
    """A machine in a namespace, with a LinuxPlane of its own in a process that ``kill`` and ``start`` restart.

    :param machine: another Host, on whose machine this one runs as well.  :param under: words before the command.
    :param options: of the group [network].
    """

    def __init__(self, state_dir, mode="threading", script="", machine=None, under=(), **options):
        super().__init__("nlh", machine and machine.name)
        self.state_dir = str(state_dir)
        self._under = under
        self._arguments = [self.state_dir, mode, script, json.dumps(options)]
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            self._command(*self._under, sys.executable, DRIVER, *self._arguments), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": ROOT, "PYTHONWARNINGS": "ignore"})
        return self

    def ask(self, method, **arguments):
        """Call a method of LinuxPlane; returns (result, seconds it took)."""
        self._process.stdin.write(json.dumps({"method": method, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise Died(self._process.wait(10))
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

    def kill_dnsmasqs(self):
        """Return when they have ended."""
        pids = self.dnsmasqs()
        for each in pids:
            os.kill(each, signal.SIGKILL)
        until("they have ended", lambda: not {*pids} & {*self.dnsmasqs()})

    def namespaces(self):
        """Names of the namespaces that this host's networks have."""
        return netns.present(parts.prefix(parts.cloud_of(self.state_dir)))

    def inside(self, network_id):
        """The Namespace of a network."""
        return Namespace("", parts.Parts(parts.cloud_of(self.state_dir), network_id).namespace)

    def doctor(self):
        """What nova-lite doctor would advise an operator of this machine's firewall to run."""
        code = ("import json; from nova_lite.network.planes.linux.forward_policy import lacking; "
                "print(json.dumps(lacking()))")
        return json.loads(self.run("env", f"PYTHONPATH={ROOT}", sys.executable, "-c", code).stdout)

    def links(self):
        """Names of the devices by which bridges and this host are joined to namespaces."""
        return sorted(name for name in self.devices() if name.startswith((parts.PORTS, parts.LINKS)))

    def devices(self):
        return {each["ifname"] for each in json.loads(self.run("ip", "-j", "link", "show").stdout) if each}

    def transit(self, network_id):
        """(the host's, the namespace's) address of a network's link."""
        shown = json.loads(self.run("ip", "-j", "addr", "show", parts.Parts("", network_id).link).stdout)
        here = shown[0]["addr_info"][0]["local"]
        head, _, last = here.rpartition(".")
        return here, f"{head}.{int(last) + 1}"

    def link6(self, network_id):
        """IPv6 addresses of both ends of a network's or router's link, where it has any."""
        inside = self.inside(network_id)
        ends = (self, parts.Parts("", network_id).link), (inside, "wan")
        shown = [one for each, device in ends for one in json.loads(
            each.run("ip", "-j", "-6", "addr", "show", "dev", device, "scope", "global").stdout)]
        return [each["local"] for one in shown for each in one.get("addr_info", ()) if each]

    def remove(self):
        self.kill()
        for pid in self.dnsmasqs():
            os.kill(pid, 9)
        for name in self.namespaces():
            netns.remove(name)
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

    def fetch(self, url, *headers):
        """The body of a GET; None where nothing answered."""
        forged = [each for header in headers for each in ("-H", header)]
        done = self.run("curl", "-s", "-m", "3", *forged, url, check=False)
        return done.stdout if done.returncode == 0 else None


def nic(network_id, ip, *, cidr="10.199.0.0/24", gateway="10.199.0.1", mac=None, access=False, dhcp=True, **more):
    """One NIC as JSON.  :param access: whether the host may reach it."""
    return {"port_id": str(uuid.uuid4()), "network_id": network_id, "mac": mac or f"fa:16:3e:{_mac_end()}", "mtu": 1450,
            "addresses": [{"ip": ip, "cidr": cidr, "gateway": gateway, "dhcp": dhcp, "dns": [],
                           "host_access": access}], **more}


def six(ip, cidr, mode=None, *, gateway=..., access=False, ra=..., **more):
    """An IPv6 address of a NIC as JSON.  :param mode: of its subnet, both of announcements and of addresses.
    :param ra: of announcements alone.
    """
    return {"ip": ip, "cidr": cidr, "gateway": cidr.partition("/")[0] if gateway is ... else gateway, "dhcp": True,
            "dns": [], "host_access": access, "ra_mode": mode if ra is ... else ra, "address_mode": mode, **more}


def _mac_end():
    return ":".join(f"{byte:02x}" for byte in os.urandom(3))


def server(*nics, hostname="one", server_id=None, project="p"):
    return {"id": server_id or str(uuid.uuid4()), "hostname": hostname, "project": project, "nics": list(nics)}
