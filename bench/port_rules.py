"""What security groups cost on a host with many ports: until a rule is in force, and of each packet; needs root.

``python -m bench.port_rules [PORTS]`` compares a host with PORTS (1,000) with one of few, both in namespaces of this
machine, in turns.  The ports but two have no devices: rules know them by name.

* *Rule in force*: from the change's arrival at the plane to the first packet of a stream of probes that it lets in.
* *Packet*: CPU time (user and system) of a guest that sends UDP packets of 18 bytes to another of the same bridge; the
  kernel takes them to the other's socket within it.
"""

import contextlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from tests.live.namespaces import Guest, Host, nic, server

_FEW, _RULES, _PACKETS, _TURNS = 10, 20, 100_000, 9
_OUT = {"direction": "egress"}
_IN = {"direction": "ingress", "protocol": "udp", "port_min": 7, "port_max": 7}
_SEND = """
import resource, socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect((sys.argv[1], 7))
began = resource.getrusage(resource.RUSAGE_SELF)
for _ in range(int(sys.argv[2])):
    one.send(b"x" * 18)
ended = resource.getrusage(resource.RUSAGE_SELF)
print(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)
"""
_PROBE = """
import socket, sys, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect((sys.argv[1], 7))
while True:
    one.send(b"x")
    time.sleep(0.0002)
"""
_RECEIVE = """
import socket, sys, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(("0.0.0.0", 7))
print("ready", flush=True)
for line in sys.stdin:
    one.setblocking(False)
    try:
        while True:
            one.recv(100)
    except BlockingIOError:
        one.setblocking(True)
    print("waiting", flush=True)
    one.recv(100)
    print(time.monotonic(), flush=True)
"""


class Site:
    """A host with this many ports, of which two have guests, which share one security group."""

    def __init__(self, stack, directory, count):
        self._group = str(uuid.uuid4())
        self._network = str(uuid.uuid4())
        self.host = Host(directory)
        stack.callback(self.host.remove)
        self.host.start()
        nics = [nic(self._network, f"10.199.{1 + number // 250}.{1 + number % 250}", cidr="10.199.0.0/16",
                    security_groups=[self._group]) for number in range(count)]
        self.plugged = self.host.ask("plug", server=server(*nics))[1]
        self.guests = []
        for each in nics[:2]:
            guest = Guest(self.host, each, directory)
            stack.callback(guest.remove)
            guest.address(each["addresses"][0]["ip"] + "/16", "10.199.0.1")
            self.guests.append(guest)
        self._address = nics[1]["addresses"][0]["ip"]
        self._ask([_OUT])
        self._prober = subprocess.Popen(self.guests[0]._command(sys.executable, "-S", "-c", _PROBE, self._address))
        self._receiver = subprocess.Popen(self.guests[1]._command(sys.executable, "-S", "-c", _RECEIVE), text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stack.callback(self._prober.kill)
        stack.callback(self._receiver.kill)
        assert self._receiver.stdout.readline() == "ready\n"

    def _ask(self, rules):
        return self.host.ask("groups", scopes=[{"scope": f"group:{self._group}", "rules": rules}])[1]

    def open(self):
        """Let the probes in."""
        self._ask([_OUT, _IN])

    def rule(self):
        """Milliseconds until a rule is in force."""
        self._ask([_OUT])
        self._receiver.stdin.write("\n")
        self._receiver.stdin.flush()
        assert self._receiver.stdout.readline() == "waiting\n"
        began = time.monotonic()
        asked = threading.Thread(target=self.open)
        asked.start()
        arrived = float(self._receiver.stdout.readline())
        asked.join()
        return (arrived - began) * 1000

    def pause(self):
        self._prober.kill()
        self._prober.wait()

    def packets(self):
        """Microseconds of CPU of one packet."""
        done = self.guests[0].run(sys.executable, "-S", "-c", _SEND, self._address, str(_PACKETS), seconds=120)
        return float(done.stdout) / _PACKETS * 1e6

    def whole(self):
        """Milliseconds of replacing all rules, as twice a minute."""
        return self.host.ask("heal")[1] * 1000


def main(count):
    with contextlib.ExitStack() as stack:
        sizes = {"few": _FEW, "many": count, "one": 2}
        sites = {name: Site(stack, stack.enter_context(tempfile.TemporaryDirectory()), size)
                 for name, size in sizes.items()}
        print(f"plugging {count} ports at once: {sites['many'].plugged:.2f} s")
        _compare("rule in force, ms", {name: sites[name].rule for name in ("few", "many")}, _RULES, sizes)
        _compare("all rules anew, ms", {name: sites[name].whole for name in ("few", "many")}, 5, sizes)
        for each in sites.values():
            each.open()
            each.pause()
        _compare("CPU of a packet, us", {name: sites[name].packets for name in ("one", "many")}, _TURNS, sizes)


def _compare(what, measures, turns, sizes):
    found = {name: [] for name in measures}
    for _ in range(turns):
        for name, measure in measures.items():
            found[name].append(measure())
    low, high = (statistics.median(each) for each in found.values())
    few, many = (sizes[name] for name in found)
    print(f"{what}: {low:.2f} at {few} ports, {high:.2f} at {many}: ratio {high / low:.2f} (medians of {turns}; least "
          f"{min(found[list(found)[0]]):.2f} and {min(found[list(found)[1]]):.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
