"""What a router costs: throughput of a guest to the world by our router, beside the same way made by hand; needs root.

``python -m bench.routed [TURNS]``: in namespaces of this machine, TCP streams of two seconds, in turns, from a guest by
its bridge, the router, the external network's bridge and gateway and the host to a world behind it.  By hand there are
the same links, bridges and namespaces, and one rule of masquerading instead of ours of security groups, anti-spoofing,
translation and protection of the host.
"""

import contextlib
import statistics
import subprocess
import sys
import tempfile
import uuid

from tests.live.namespaces import Guest, Host, Namespace, nic, server
from tests.live.routers import Router

WORLD, SECONDS = "172.31.7.7", 2
_OUT = {"direction": "egress"}
_RECEIVE = """
import socket
with socket.create_server(("0.0.0.0", 7)) as listening:
    print("ready", flush=True)
    while True:
        one = listening.accept()[0]
        space = bytearray(1 << 20)
        while one.recv_into(space):
            pass
        one.close()
"""
_SEND = """
import socket, sys, time
with socket.create_connection((sys.argv[1], 7), 10) as one:
    chunk, sent, began = b"x" * (1 << 17), 0, time.monotonic()
    while time.monotonic() < began + float(sys.argv[2]):
        sent += one.send(chunk)
    print(sent / (time.monotonic() - began))
"""


def _world(stack, host):
    """A world behind a host's uplink, which takes what it is sent."""
    world = Namespace("nlw")
    stack.callback(world.remove)
    host.link(world, "172.26.0.1/24", "172.26.0.2/24", "uplink")
    world.run("ip", "addr", "add", f"{WORLD}/32", "dev", "lo")
    host.run("ip", "route", "add", f"{WORLD}/32", "via", "172.26.0.2")
    receiver = subprocess.Popen(world._command(sys.executable, "-S", "-c", _RECEIVE), stdout=subprocess.PIPE, text=True)
    stack.callback(receiver.kill)
    assert receiver.stdout.readline() == "ready\n"
    return world


def ours(stack):
    """A guest behind a router with a gateway, as its Namespace."""
    directory, group = stack.enter_context(tempfile.TemporaryDirectory()), str(uuid.uuid4())
    host = Host(directory)
    stack.callback(host.remove)
    host.start()
    _world(stack, host)
    one = nic(str(uuid.uuid4()), "10.199.0.17", security_groups=[group])
    host.ask("plug", server=server(one))
    guest = Guest(host, one, directory)
    stack.callback(guest.remove)
    guest.address("10.199.0.17/24", "10.199.0.1")
    guest.run("ip", "link", "set", "eth0", "mtu", "1450")
    host.ask("groups", scopes=[{"scope": f"group:{group}", "rules": [_OUT]}])
    applied = Router(host, str(uuid.uuid4())).join(one["network_id"]).apply()
    assert all(not error for _, error in applied.values()), applied
    return guest


def by_hand(stack):
    """The same of ip and nft alone."""
    guest, host, router, gateway = (stack.enter_context(_namespace()) for _ in range(4))
    world = _world(stack, host)
    for bridge in ("inner", "outer"):
        host.run("ip", "link", "add", bridge, "type", "bridge")
        host.run("ip", "link", "set", bridge, "up")
    _join(host, "inner", guest, "eth0", "10.199.0.17/24")
    _join(host, "inner", router, "in", "10.199.0.1/24")
    _join(host, "outer", router, "out", "172.24.4.10/24")
    _join(host, "outer", gateway, "in", "172.24.4.1/24")
    host.link(gateway, "169.254.64.1/30", "169.254.64.2/30", "wan0")
    for each, way in ((guest, "10.199.0.1"), (router, "172.24.4.1"), (gateway, "169.254.64.1")):
        each.run("ip", "route", "add", "default", "via", way)
    world.run("ip", "route", "add", "169.254.64.0/30", "via", "172.26.0.1")
    for each in (host, router, gateway):
        each.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    gateway.run("nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
                       "add rule ip nat post oifname wan0 masquerade")
    gateway.run("ip", "route", "add", "10.199.0.0/24", "via", "172.24.4.10")
    return guest


@contextlib.contextmanager
def _namespace():
    made = Namespace("nlm")
    try:
        yield made
    finally:
        made.remove()


def _join(host, bridge, other, name, address):
    end = f"{bridge[:2]}{other.name[-8:]}"
    host.run("ip", "link", "add", end, "type", "veth", "peer", "name", name, "netns", other.name)
    host.run("ip", "link", "set", end, "master", bridge, "up")
    other.run("ip", "addr", "add", address, "dev", name)
    other.run("ip", "link", "set", name, "mtu", "1450", "up")


def main(turns):
    with contextlib.ExitStack() as stack:
        guests = {"ours": ours(stack), "by hand": by_hand(stack)}
        found = {name: [] for name in guests}
        for _ in range(turns):
            for name, guest in guests.items():
                done = guest.run(sys.executable, "-S", "-c", _SEND, WORLD, str(SECONDS))
                found[name].append(float(done.stdout) / 1e9)
    for name, each in found.items():
        print(f"{name}: {statistics.median(each):.2f} GB/s (median of {turns}; most {max(each):.2f})")
    pairs = [one / other for one, other in zip(*found.values(), strict=True)]
    print(f"ratio {statistics.median(pairs):.3f} (median of pairs; promised is at least 0.9)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
