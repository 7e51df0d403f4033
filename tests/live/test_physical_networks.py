"""Networks on NICs of hosts: guests and routers of two hosts on one wire with a machine outside, which is the gateway.

Needs root, and the programs of test_network_host.
"""

import contextlib
import json
import subprocess
import sys
import uuid

import pytest

from tests.clouds import until
from tests.live.namespaces import ROOT, Namespace, nic, server
from tests.live.routers import PUBLIC_GATEWAY, Router, ports_of
from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures

WORLD = "172.31.7.7"
WIRE = "physnet1"
OPTIONS = {"physical_networks": {WIRE: "nic0"}}
OUT = {"direction": "egress"}
PING = {"direction": "ingress", "protocol": "icmp"}


class Wire:
    """A switch, and a machine on it that is the gateway of both ranges and has an address of the world."""

    def __init__(self, stack):
        self.switch = Namespace("nls")
        stack.callback(self.switch.remove)
        self.outside = Namespace("nlo")
        stack.callback(self.outside.remove)
        self.switch.run("ip", "link", "add", "br0", "type", "bridge")
        self.switch.run("ip", "link", "set", "br0", "up")
        self.join(self.outside, "eth0")
        for each in ("10.199.0.1/24", f"{PUBLIC_GATEWAY}/24"):
            self.outside.run("ip", "addr", "add", each, "dev", "eth0")
        self.outside.run("ip", "addr", "add", f"{WORLD}/32", "dev", "lo")

    def join(self, other, name):
        """Give a namespace a NIC on the wire, up."""
        end = f"p{uuid.uuid4().hex[:8]}"
        self.switch.run("ip", "link", "add", end, "type", "veth", "peer", "name", name, "netns", other.name)
        self.switch.run("ip", "link", "set", end, "master", "br0", "up")
        other.run("ip", "link", "set", name, "up")
        return other


@pytest.fixture
def wire():
    with contextlib.ExitStack() as stack:
        yield Wire(stack)


def on_wire(network, ip, **more):
    return nic(network, ip, physical_network=WIRE, **more)


def plugged(make, host, its_nic, **more):  # noqa: F811
    host.ask("plug", server=server(its_nic, **more))
    return make.guest(host, its_nic)


def master(host, name="nic0"):
    return json.loads(host.run("ip", "-j", "link", "show", name).stdout)[0].get("master")


def advice(host):
    """What nova-lite doctor finds of the NIC."""
    code = "from nova_lite.network.planes.linux.uplinks import fault; print(fault('nic0'))"
    return host.run("env", f"PYTHONPATH={ROOT}", sys.executable, "-c", code).stdout.strip()


def state(host, its_nic):
    return host.ask("ports")[0][its_nic["port_id"]]["error"]


def test_guests_of_two_hosts_meet_each_other_and_a_machine_outside(make, wire):  # noqa: F811
    network, group = str(uuid.uuid4()), str(uuid.uuid4())
    hosts = [wire.join(make.host(**OPTIONS), "nic0") for _ in range(2)]
    guests = []
    for number, host in enumerate(hosts):
        its_nic = on_wire(network, f"10.199.0.{17 + number}", security_groups=[group])
        guests.append(plugged(make, host, its_nic))
        host.ask("groups", scopes=[{"scope": f"group:{group}", "rules": [OUT, PING]}])
        assert state(host, its_nic) == ""
    wire.outside.serve(80)
    for number, guest in enumerate(guests):
        lease = guest.dhcp()
        assert (lease["ip"], lease["router"]) == (f"10.199.0.{17 + number}", "10.199.0.1")
        assert lease["staticroutes"].split() == ["169.254.169.254/32", "0.0.0.0", "0.0.0.0/0", "10.199.0.1"]
        assert json.loads(guest.fetch("http://169.254.169.254/")) | {"headers": []} == {
            "network": network, "address": lease["ip"], "headers": []}
        assert guest.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
        guest.serve(22)
        traced = hosts[number].ask("trace", port=guest.nic["port_id"], address=WORLD)[0]
        assert [one[0] for one in traced] == ["device", "network", "gateway", "outside"]
    assert guests[0].reaches("10.199.0.18", 22) == guests[1].reaches("10.199.0.17", 22) == {"ping"}
    assert wire.outside.reaches("10.199.0.17", 22) == {"ping"}, "groups say who reaches a guest"
    for host in hosts:
        assert "inet" not in host.run("ip", "addr", "show", "nic0").stdout
        assert host.ask("inspect")[0]["devices"] == [f"tap{guests[hosts.index(host)].nic['port_id'][:11]}"]
        host.ask("heal")
        assert master(host) == f"nlb{network[:11]}"
    assert guests[0].pings("10.199.0.18")


def test_what_each_host_answers_itself_stays_off_the_wire(make, wire):  # noqa: F811
    network = str(uuid.uuid4())
    one, two = (wire.join(make.host(**OPTIONS), "nic0") for _ in range(2))
    first = plugged(make, one, on_wire(network, "10.199.0.17"))
    second = plugged(make, two, on_wire(network, "10.199.0.18"), hostname="two")
    # A machine on the wire answers DHCP, and calls itself the metadata service.
    wire.outside.run("ip", "addr", "add", "169.254.169.254/32", "dev", "eth0")
    wire.outside.start("busybox", "httpd", "-f", "-p", "169.254.169.254:80")
    seen = wire.outside.frames()
    two.kill()
    for pid in two.dnsmasqs():
        subprocess.run(["kill", "-9", str(pid)], check=True)
    assert second.dhcp() is None, "no other host answers"
    assert first.dhcp()["ip"] == "10.199.0.17"
    assert json.loads(first.fetch("http://169.254.169.254/"))["address"] == "10.199.0.17"
    second.address("10.199.0.18/24", "10.199.0.1")
    second.run("ip", "route", "add", "169.254.169.254/32", "dev", "eth0")
    assert second.fetch("http://169.254.169.254/") is None, "nobody outside answers for it"
    assert second.pings("10.199.0.17") and second.pings("10.199.0.1"), "the control"
    came = seen.received()
    ours = [each for each in came if each[6:12].hex(":") in (first.nic["mac"], second.nic["mac"])]
    assert any(each[12:14] == b"\x08\x06" for each in ours), "ARP for the gateway: the control"
    dhcp = [each for each in came if each[12:14] == b"\x08\x00" and each[23] == 17
            and {67, 68} & {int.from_bytes(each[at:at + 2]) for at in (34, 36)}]
    assert not dhcp and not [each for each in came if bytes((169, 254, 169, 254)) in (each[26:30], each[30:34],
                                                                                     each[28:32], each[38:42])
                             and each[6:12].hex(":") != _mac(wire.outside)]


def _mac(other):
    return json.loads(other.run("ip", "-j", "link", "show", "eth0").stdout)[0]["address"]


def test_a_dhcp_server_outside_answers_where_the_subnet_has_none(make, wire):  # noqa: F811
    its_nic = on_wire(str(uuid.uuid4()), "10.199.0.17")
    its_nic["addresses"][0]["dhcp"] = False
    guest = plugged(make, wire.join(make.host(**OPTIONS), "nic0"), its_nic)
    wire.outside.start("dnsmasq", "--no-daemon", "--port=0", "--interface=eth0", "--bind-interfaces", "--user=root",
                       "--conf-file=/dev/null", "--dhcp-range=10.199.0.17,10.199.0.17", "--leasefile-ro")
    until("it answers", lambda: (guest.dhcp() or {}).get("ip") == "10.199.0.17")


def test_a_router_and_its_floating_ips_are_reached_from_outside(make, wire):  # noqa: F811
    inner, public = str(uuid.uuid4()), str(uuid.uuid4())
    host = wire.join(make.host(**OPTIONS), "nic0")
    its_nic, = ports_of(inner, "10.198.0.17", cidr="10.198.0.0/24")
    guest = plugged(make, host, its_nic)
    router = Router(host, public).join(inner, "10.198.0.0/24").float("172.24.4.20", "10.198.0.17")
    router.body["gateway"]["physical_network"] = WIRE
    assert all(not error for _, error in router.apply().values())
    assert guest.dhcp()["router"] == "10.198.0.1"
    guest.serve(4000)
    wire.outside.serve(80)
    assert guest.asks("tcp", WORLD, 80) == "172.24.4.20"
    assert wire.outside.reaches("172.24.4.20", 4000) == {"ping", "tcp", "udp"}
    assert not [each for each in host.namespaces() if each.endswith(public)], "the gateway is outside"
    assert "172.24.4" not in host.run("ip", "route").stdout
    router.float("172.24.4.20")
    router.body["revision"] += 1
    router.floating["172.24.4.20"]["revision"] += 1
    router.apply()
    assert wire.outside.reaches("172.24.4.20", 4000) == set() and guest.asks("tcp", WORLD, 80) == "172.24.4.10"
    router.delete()
    host.ask("unplug", server=server(its_nic))
    assert master(host) is None


def test_a_nic_that_is_taken_away_is_put_back_and_is_free_in_the_end(make, wire):  # noqa: F811
    host = wire.join(make.host(**OPTIONS), "nic0")
    owner = server(on_wire(str(uuid.uuid4()), "10.199.0.17"))
    its_nic, = owner["nics"]
    host.ask("plug", server=owner)
    guest = make.guest(host, its_nic)
    host.ask("heal")
    for damage in (("nomaster",), ("down",)):
        host.run("ip", "link", "set", "nic0", *damage)
        host.ask("heal")
        guest.address("10.199.0.17/24", "10.199.0.1")
        until("it is back", lambda: guest.pings("10.199.0.1"))
    host.kill()
    host.start()
    host.ask("restore")
    assert guest.pings("10.199.0.1") and host.ask("strays")[0] == []
    host.ask("unplug", server=owner)
    assert master(host) is None and host.bridges() == [] and host.ask("strays")[0] == []


@pytest.mark.parametrize("fault, words, mending", [
    (("ip", "addr", "add", "192.0.2.7/24", "dev", "nic0"), "has an address of the host's, 192.0.2.7",
     ("ip", "addr", "flush", "dev", "nic0")),
    (("sh", "-c", "ip link add br9 type bridge; ip link set nic0 master br9"), "is on another bridge",
     ("ip", "link", "del", "br9")),
    (("ip", "link", "set", "nic0", "mtu", "1400"), "passes frames of 1400 bytes, and the MTU of the network is 1450",
     ("ip", "link", "set", "nic0", "mtu", "1500")),
    (("ip", "link", "set", "nic0", "down", "name", "nic1"), "nic0 is not there",
     ("ip", "link", "set", "nic1", "name", "nic0"))])
def test_a_nic_that_is_not_to_be_had_is_named_and_left_alone_until_it_is(make, wire, fault, words, mending):  # noqa: F811
    host = wire.join(make.host(**OPTIONS), "nic0")
    host.run(*fault)
    owner = server(on_wire(str(uuid.uuid4()), "10.199.0.17"))
    with pytest.raises(Exception, match=words):
        host.ask("plug", server=owner)
    its_nic, = owner["nics"]
    assert words in state(host, its_nic)
    assert words.partition(",")[0] in advice(host) or "1400" in words
    host.run(*mending)
    assert advice(host) == ""
    host.ask("heal")
    assert advice(host) == ""
    guest = make.guest(host, its_nic)
    assert state(host, its_nic) == "" and guest.dhcp()["ip"] == "10.199.0.17" and guest.pings("10.199.0.1")


def test_a_host_without_a_nic_of_the_physical_network_says_so(make):  # noqa: F811
    host, its_nic = make.host(), on_wire(str(uuid.uuid4()), "10.199.0.17")
    with pytest.raises(Exception, match=f"no NIC of the physical network {WIRE}"):
        host.ask("plug", server=server(its_nic))
