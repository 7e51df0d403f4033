"""What a host of many networks costs with nothing to do: CPU and memory, its dnsmasqs included; needs root.

``python -m bench.idle_host [SECONDS]``: 200 ports in 50 networks, 20 of them behind routers, in a namespace of this
machine, for 120 seconds.  The ports have no devices.
"""

import contextlib
import os
import sys
import tempfile
import time
import uuid

from tests.live.namespaces import Host, nic, server
from tests.live.routers import Router

PORTS, NETWORKS, ROUTERS = 200, 50, 20
_TICKS = os.sysconf("SC_CLK_TCK")


def _cpu(pids):
    """Seconds of CPU (user and system) of processes since they began."""
    spent = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            spent += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    return spent / _TICKS


def _memory(pids):
    """MiB of memory that is theirs alone, or their part of what they share."""
    kib = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            kib += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return kib / 1024


def main(seconds):
    with contextlib.ExitStack() as stack:
        host = Host(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(host.remove)
        host.start()
        bare = _memory([host._process.pid])
        networks, group = [str(uuid.uuid4()) for _ in range(NETWORKS)], str(uuid.uuid4())
        nics = [nic(networks[number % NETWORKS], f"10.{number % NETWORKS}.0.{10 + number // NETWORKS}",
                    cidr=f"10.{number % NETWORKS}.0.0/24", gateway=f"10.{number % NETWORKS}.0.1",
                    security_groups=[group]) for number in range(PORTS)]
        plugged = host.ask("plug", server=server(*nics))[1]
        host.ask("groups", scopes=[{"scope": f"group:{group}", "rules": [{"direction": "egress"}]}])
        public, routed = str(uuid.uuid4()), 0
        for number, network in enumerate(networks[:ROUTERS]):
            router = Router(host, public, f"172.24.4.{10 + number}").join(network, f"10.{number}.0.0/24")
            began = time.monotonic()
            assert all(not error for _, error in router.apply().values())
            routed += time.monotonic() - began
        pids = [host._process.pid, *host.dnsmasqs()]
        print(f"plugging: {plugged:.1f} s; a router: {routed / ROUTERS:.2f} s; "
              f"one look at everything: {host.ask('heal')[1]:.2f} s")
        print(f"memory: {_memory(pids):.0f} MiB in {len(pids)} processes, {bare:.0f} of them before the first network: "
              f"{(_memory(pids) - bare) / NETWORKS:.2f} MiB a network")
        host.ask("restore")                     # from now on it looks every 30 seconds
        before = _cpu(pids)
        time.sleep(seconds)
        print(f"idle: {(_cpu(pids) - before) / seconds * 100:.2f} % of a core (promised is below 1)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
