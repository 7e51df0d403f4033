"""A host's network after its service was killed, at every step, and after other accidents.  Needs root, and programs as
test_network_host.py does."""

import itertools
import json
import os
import re
import subprocess
import uuid

import pytest

from nova_lite.network.planes.linux import bridge, parts
from tests.live.namespaces import Died, Namespace, nic, server
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures

#: Every step is tried, each test takes one of so many.
SHARDS = 4
ACCESS = {"host_access_ranges": ["10.199.0.0/24"]}


def shape(host):
    """Everything of a host's network that is there, as far as its names say."""
    namespaces = host.namespaces()
    return {"bridges": host.bridges(), "namespaces": namespaces, "links": host.links(),
            "tables": sorted(re.findall(r"^table (.*nova_lite\S*)", host.rules(), re.MULTILINE)),
            "files": sorted(os.listdir(os.path.join(host.state_dir, "network"))),
            "dnsmasq": len(host.dnsmasqs()), "routes": host.run("ip", "route").stdout.count("10.199.0.0/24"),
            "inside": [re.findall(r"inet (\S+)", Namespace("", each).run("ip", "-4", "addr").stdout)[:3]
                       for each in namespaces],
            "rules": [Namespace("", each).run("nft", "list", "ruleset").stdout.count("\n") for each in namespaces]}


NOTHING = {"bridges": [], "namespaces": [], "links": [], "tables": [], "files": [], "dnsmasq": 0, "routes": 0,
           "inside": [], "rules": []}


def dies(host, step, method, **arguments):
    """Whether the host's process was killed at that step of a call."""
    host.ask("die_at", step=step)
    try:
        host.ask(method, **arguments)
    except Died:
        host.kill()
        return True
    return False


@pytest.mark.parametrize("first", range(1, SHARDS + 1))
def test_the_next_start_completes_the_network_of_a_service_killed_at_any_step(make, first):  # noqa: F811
    mine = server(nic(str(uuid.uuid4()), "10.199.0.17", access=True))
    host = make.host(**ACCESS)
    host.ask("plug", server=mine)
    whole = shape(host)
    assert (len(whole["links"]), whole["dnsmasq"], whole["routes"], len(whole["tables"])) == (2, 1, 1, 4)
    steps = 0
    host.ask("unplug", server=mine)
    assert shape(host) == NOTHING
    for step in itertools.count(first, SHARDS):
        plugging = dies(host, step, "plug", server=mine)
        if plugging:
            host.start()
            host.ask("sync", servers=[mine])
        assert shape(host) == whole, f"killed at change {step} while plugging"
        host.kill()
        host.start()
        unplugging = dies(host, step, "unplug", server=mine)
        if unplugging:
            host.start()
            host.ask("sync", servers=[])
        assert shape(host) == NOTHING, f"killed at change {step} while unplugging"
        if not plugging and not unplugging:
            break
        host.kill()
        host.start()
        steps += plugging + unplugging
    assert steps > 30 / SHARDS, "it was killed at that many steps"


def test_a_guest_whose_network_is_completed_after_a_kill_is_reachable(make):  # noqa: F811
    mine = nic(str(uuid.uuid4()), "10.199.0.17", access=True)
    host = make.host(**ACCESS)
    assert dies(host, 12, "plug", server=server(mine))
    host.start()
    host.ask("sync", servers=[server(mine)])
    guest = make.guest(host, mine)
    assert guest.dhcp()["ip"] == "10.199.0.17" and host.pings("10.199.0.17")
    assert json.loads(guest.fetch("http://169.254.169.254/"))["address"] == "10.199.0.17"


def test_a_restart_loses_no_packet_and_no_connection(make, mode):  # noqa: F811
    mine = nic(str(uuid.uuid4()), "10.199.0.17", access=True)
    host = make.host(mode, **ACCESS)
    host.ask("plug", server=server(mine))
    guest = make.guest(host, mine)
    guest.dhcp()
    world = Namespace("nlw")
    try:
        host.link(world, "172.24.4.1/24", "172.24.4.2/24", "uplink")
        world.run("ip", "addr", "add", "172.31.7.7/32", "dev", "lo")
        host.run("ip", "route", "add", "172.31.7.7/32", "via", "172.24.4.2")
        pinging = [subprocess.Popen(["nsenter", f"--net=/run/netns/{who.name}", "ping", "-i", "0.01", "-w", "6", "-q",
                                     address], stdout=subprocess.PIPE, text=True)
                   for who, address in ((guest, "172.31.7.7"), (guest, "10.199.0.1"), (host, "10.199.0.17"))]
        host.kill()
        host.start()
        host.ask("sync", servers=[server(mine)])
        host.ask("heal")
        for each in pinging:
            said = each.communicate()[0]
            sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", said).groups())
            # The last one may be under way when its time is over.
            assert sent > 100 and sent - received <= 1, said
    finally:
        world.remove()


def test_a_network_of_the_old_shape_gets_the_new_one_and_guests_keep_theirs(make):  # noqa: F811
    """Bridges had the gateway's address and MAC, and dnsmasq ran beside them."""
    mine = nic(str(uuid.uuid4()), "10.199.0.17", access=True)
    network = mine["network_id"]
    host = make.host(**ACCESS)
    name, cloud = parts.BRIDGES + network[:11], parts.cloud_of(host.state_dir)
    gateway = bridge.gateway_mac(network)
    host.run("ip", "link", "add", name, "address", gateway, "type", "bridge")
    host.run("ip", "addr", "add", "10.199.0.1/24", "dev", name)
    host.run("ip", "link", "set", name, "up")
    host.run("nft", f"add table ip {cloud}; add chain ip {cloud} prerouting; add table bridge {cloud}")
    directory = os.path.join(host.state_dir, "network", network)
    os.makedirs(directory)
    config = os.path.join(directory, "dnsmasq.conf")
    with open(config, "w") as file:
        file.write(f"interface={name}\nbind-dynamic\nno-resolv\npid-file={directory}/pid\nuser=root\n")
    host.run("dnsmasq", f"--conf-file={config}")
    old, = host.dnsmasqs()
    guest = make.guest(host, mine)
    guest.address("10.199.0.17/24", "10.199.0.1")
    assert guest.pings("10.199.0.1"), "the control"
    host.ask("sync", servers=[server(mine)])
    assert "inet " not in host.run("ip", "addr", "show", name).stdout
    assert old not in host.dnsmasqs() and len(host.dnsmasqs()) == 1
    assert gateway in guest.run("ip", "neigh", "show", "10.199.0.1").stdout
    assert guest.pings("10.199.0.1") and host.pings("10.199.0.17"), "its ARP table is still true"
    assert guest.dhcp()["ip"] == "10.199.0.17"


@pytest.mark.parametrize("accident", ["namespace", "lan", "wan", "port", "link", "rules", "host_rules", "dnsmasq",
                                      "address", "other end", "route", "mtu"])
def test_heal_restores_each_removed_part_of_a_network_at_rest(make, accident):  # noqa: F811
    mine = nic(str(uuid.uuid4()), "10.199.0.17", access=True)
    host = make.host(**ACCESS)
    host.ask("plug", server=server(mine))
    guest = make.guest(host, mine)
    host.ask("heal")
    names, inside = parts.Parts(parts.cloud_of(host.state_dir), mine["network_id"]), host.inside(mine["network_id"])
    whole = host.rules()
    {"namespace": lambda: host.run("ip", "netns", "del", names.namespace),
     "lan": lambda: inside.run("ip", "link", "del", "lan"), "wan": lambda: inside.run("ip", "link", "del", "wan"),
     "port": lambda: host.run("ip", "link", "set", names.port, "nomaster"),
     "link": lambda: host.run("ip", "link", "set", names.link, "down"),
     "rules": lambda: inside.run("nft", "flush", "ruleset"),
     "host_rules": lambda: host.run("nft", "flush", "ruleset"),
     "dnsmasq": host.kill_dnsmasqs,
     "address": lambda: inside.run("ip", "addr", "flush", "dev", "lan"),
     "other end": lambda: inside.run("sh", "-c", "ip addr flush dev lan && ip addr add 10.199.0.1 peer 10.199.0.9/24 "
                                                 "dev lan"),
     "route": lambda: inside.run("ip", "route", "del", "default"),
     "mtu": lambda: inside.run("ip", "link", "set", "lan", "mtu", "1280")}[accident]()
    host.ask("heal")
    assert guest.dhcp()["ip"] == "10.199.0.17" and host.pings("10.199.0.17")
    assert json.loads(guest.fetch("http://169.254.169.254/"))["address"] == "10.199.0.17"
    assert len(host.dnsmasqs()) == 1 and len(host.links()) == 2
    inside = host.inside(mine["network_id"])
    assert "policy drop" in inside.run("nft", "list", "ruleset").stdout and host.rules() == whole
    assert "default via" in inside.run("ip", "route").stdout and "mtu 1280" not in inside.run("ip", "link").stdout


def test_heal_sets_nothing_anew_where_nothing_has_changed(make):  # noqa: F811
    mine = nic(str(uuid.uuid4()), "10.199.0.17")
    host = make.host()
    host.ask("plug", server=server(mine))
    inside = host.inside(mine["network_id"])

    def handles():
        """Of all tables: one that is loaded anew has another."""
        return [each.run("nft", "-j", "list", "tables").stdout for each in (host, inside)]
    first = handles()
    host.ask("heal")
    rested = handles()
    assert rested != first, "the control: after a change all is set anew"
    host.ask("heal")
    assert handles() == rested
    inside.run("ip", "addr", "add", "10.55.0.1/32", "dev", "lo")
    host.ask("heal")
    assert handles() != rested


def test_devices_of_unknown_networks_are_listed_and_removed_unless_a_guest_uses_them(make):  # noqa: F811
    kept, gone = (nic(str(uuid.uuid4()), "10.199.0.17") for _ in range(2))
    host = make.host()
    for each in (kept, gone):
        host.ask("plug", server=server(each))
    make.guest(host, kept)
    host.kill()
    for each in (kept, gone):
        for name in os.listdir(os.path.join(host.state_dir, "network", each["network_id"])):
            os.unlink(os.path.join(host.state_dir, "network", each["network_id"], name))
        os.rmdir(os.path.join(host.state_dir, "network", each["network_id"]))
    host.start()
    assert host.ask("strays")[0] == [gone["network_id"]]
    host.ask("sync", servers=[])
    assert len(host.namespaces()) == 1 and host.namespaces()[0].endswith(kept["network_id"])
    host.ask("destroy_all")
    assert not host.namespaces() and not host.links() and not host.bridges() and not host.dnsmasqs()
