"""What guests, their hosts and the world may ask of each other, tried with packets.  Needs root, and programs as
test_network_host.py does."""

import json
import os
import uuid

import pytest

from nova_lite.network.planes.linux import bridge
from tests.live.namespaces import Namespace, nic, server
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures

WORLD, NEAR, HERE = "172.31.7.7", "172.24.4.2", "172.24.4.1"


@pytest.fixture
def site(make):  # noqa: F811
    """``site(host)`` gives a host an uplink, and returns the world behind it: WORLD is beyond a router, NEAR is not."""
    worlds = []

    def built(host):
        world = Namespace("nlw")
        worlds.append(world)
        host.link(world, f"{HERE}/24", f"{NEAR}/24", "uplink")
        world.run("ip", "addr", "add", f"{WORLD}/32", "dev", "lo")
        host.run("ip", "route", "add", f"{WORLD}/32", "via", NEAR)
        return world
    yield built
    for each in worlds:
        each.remove()


def attached(make, host, *nics):  # noqa: F811
    """Guests with their addresses, one for each NIC, whose networks the host has."""
    for each in nics:
        host.ask("plug", server=server(each))
    guests = [make.guest(host, each) for each in nics]
    for guest in guests:
        assert guest.dhcp()["ip"] == guest.nic["addresses"][0]["ip"]
    return guests


def test_guests_on_two_networks_of_one_range_do_not_reach_each_other(make, mode, site):  # noqa: F811
    nics = [nic(str(uuid.uuid4()), "10.199.0.17") for _ in range(2)]
    neighbour = nic(nics[0]["network_id"], "10.199.0.18")
    host = make.host(mode)
    world = site(host)
    world.serve(80)
    one, two, beside = attached(make, host, *nics, neighbour)
    beside.serve(4000)
    assert one.reaches("10.199.0.18", 4000) == {"ping", "tcp", "udp"}, "its neighbour in its own network"
    assert two.reaches("10.199.0.18", 4000) == set()
    for guest in (one, two):
        assert guest.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
        assert guest.asks("tcp", WORLD, 80) == HERE, "under the host's address"
        metadata = json.loads(guest.fetch("http://169.254.169.254/"))
        assert (metadata["network"], metadata["address"]) == (guest.nic["network_id"], "10.199.0.17")
    assert "10.199.0.18" in one.run("busybox", "nslookup", "one.novalocal", "10.199.0.1").stdout
    assert "10.199.0.18" not in two.run("busybox", "nslookup", "one.novalocal", "10.199.0.1").stdout


def test_a_guest_reaches_nothing_of_its_host(make, site):  # noqa: F811
    own, other = nic(str(uuid.uuid4()), "10.199.0.17"), nic(str(uuid.uuid4()), "10.198.0.17", cidr="10.198.0.0/24",
                                                            gateway="10.198.0.1", access=True)
    host = make.host(host_access_ranges=["10.198.0.0/24"])
    world = site(host)
    host.run("ip", "addr", "add", "10.77.0.1/16", "dev", "lo")
    host.serve(22, 53, 5672)
    guest, reachable = attached(make, host, own, other)
    inside = host.inside(own["network_id"])
    inside.serve(8080, 22)
    try:
        addresses = [HERE, "10.77.0.1", *host.transit(own["network_id"]), *host.transit(other["network_id"])]
        assert world.reaches(HERE, 5672) == {"ping", "tcp", "udp"}, "the control"
        for who in (guest, reachable):
            assert who.scan(addresses, (22, 53, 5672, 8080)) == {}
        assert {key[:2] for key in guest.scan(["10.199.0.1"], (22, 8080))} == {("ping", "10.199.0.1")}
        assert guest.scan(["169.254.169.254"], (22, 8080)) == {}
        # Around the namespace: frames to the bridge itself, and to whatever the host's stack would take.
        mac = bridge.own_mac(own["network_id"])
        guest.run("ip", "route", "del", "default")
        guest.run("ip", "neigh", "replace", "10.199.0.99", "lladdr", mac, "dev", "eth0")
        guest.run("ip", "route", "add", "default", "via", "10.199.0.99")
        assert guest.scan([*addresses, NEAR, WORLD], (22, 53, 5672)) == {}
        for address in (HERE, "10.77.0.1"):
            asked = guest.run("busybox", "arping", "-c", "1", "-w", "1", "-I", "eth0", address, check=False)
            assert "Received 0" in asked.stdout, "the host answers for none of its addresses there"
    finally:
        inside.remove()


def test_management_networks_are_reached_only_as_far_as_an_operator_says(make, site):  # noqa: F811
    one = nic(str(uuid.uuid4()), "10.199.0.17")
    host = make.host(reachable_ranges=["172.24.4.3/32"], protected_ranges=["172.31.8.0/24"])
    world = site(host)
    for address in ("172.24.4.3/32", "172.31.8.1/32", "172.31.9.1/32"):
        world.run("ip", "addr", "add", address, "dev", "lo")
    for address in ("172.31.8.1", "172.31.9.1"):
        host.run("ip", "route", "add", address, "via", NEAR)
    world.serve(80)
    guest, = attached(make, host, one)
    assert host.reaches(NEAR, 80) and host.reaches("172.31.8.1", 80), "the control"
    assert guest.reaches(NEAR, 80) == set(), "the host is connected to it"
    assert guest.reaches("172.31.8.1", 80) == set(), "it is protected"
    assert guest.reaches("172.24.4.3", 80) == {"ping", "tcp", "udp"}, "it is excepted"
    assert guest.reaches("172.31.9.1", 80) == {"ping", "tcp", "udp"}, "it is the world"


@pytest.mark.parametrize("address", ["172.31.7.7", "172.24.4.1", "127.0.0.1"])
def test_guests_names_are_answered_by_a_server_they_do_not_reach(make, site, tmp_path, address):  # noqa: F811
    """A private one beyond a router, one of the host's own, one on its loopback; a range of guests that holds it."""
    network = str(uuid.uuid4())
    one = nic(network, "172.17.0.17", cidr="172.0.0.0/8", gateway="172.17.0.1")
    host = make.host(dns_servers=[address])
    world = site(host)
    where = world if address == WORLD else host
    pid = str(tmp_path / "resolver.pid")
    where.run("dnsmasq", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--pid-file={pid}", "--bind-interfaces",
              f"--listen-address={address}", "--address=/far.example/203.0.113.9", "--user=root")
    try:
        guest, = attached(make, host, one)
        answer = guest.run("busybox", "nslookup", "far.example", "172.17.0.1", check=False).stdout
        assert "203.0.113.9" in answer
        here, _ = host.transit(network)
        for asked in {address, here, HERE} - {"127.0.0.1"}:
            guest.run("ip", "route", "replace", f"{asked}/32", "via", "172.17.0.1")
            answer = guest.run("timeout", "3", "busybox", "nslookup", "far.example", asked, check=False).stdout
            assert "203.0.113.9" not in answer, asked
    finally:
        os.kill(int((tmp_path / "resolver.pid").read_text()), 9)


def test_a_large_range_lies_beside_others_and_hides_none_of_them(make, site):  # noqa: F811
    large = nic(str(uuid.uuid4()), "10.10.0.17", cidr="10.0.0.0/8", gateway="10.0.0.1")
    usual = nic(str(uuid.uuid4()), "10.10.0.17", cidr="10.10.0.0/20", gateway="10.10.0.1", access=True)
    host = make.host(host_access_ranges=["10.10.0.0/20"])
    world = site(host)
    world.serve(80)
    host.run("ip", "addr", "add", "10.77.0.1/16", "dev", "lo")
    first, second = attached(make, host, large, usual)
    first.serve(22)
    second.serve(22)
    assert host.asks("tcp", "10.10.0.17", 22) == "10.10.0.1", "the one with a way in"
    assert first.reaches(WORLD, 80) and second.reaches(WORLD, 80)
    assert first.reaches("10.77.0.1", 80) == set()


def test_the_way_in_is_the_hosts_alone_and_leads_to_marked_ranges_alone(make, site):  # noqa: F811
    marked = nic(str(uuid.uuid4()), "10.199.0.17", access=True)
    plain = nic(str(uuid.uuid4()), "10.198.0.17", cidr="10.198.0.0/24", gateway="10.198.0.1")
    beyond = nic(str(uuid.uuid4()), "10.197.0.17", cidr="10.197.0.0/24", gateway="10.197.0.1", access=True)
    host = make.host(host_access_ranges=["10.198.0.0/15"])
    world = site(host)
    guests = attached(make, host, marked, plain, beyond)
    for guest in guests:
        guest.serve(22)
    assert host.reaches("10.199.0.17", 22) == {"ping", "tcp", "udp"}
    assert host.asks("tcp", "10.199.0.17", 22) == "10.199.0.1", "guests know how to answer their gateway"
    for address in ("10.198.0.17", "10.197.0.17"):
        host.run("ip", "route", "add", f"{address}/32", "via", host.transit(marked["network_id"])[1])
        assert host.reaches(address, 22) == set()
    for network, address in ((plain, "10.198.0.17"), (beyond, "10.197.0.17")):
        host.run("ip", "route", "replace", f"{address}/32", "via", host.transit(network["network_id"])[1])
        assert host.reaches(address, 22) == set(), "not even by its own link"
    for address in ("10.199.0.17", "10.198.0.17"):
        world.run("ip", "route", "add", f"{address}/32", "via", HERE)
        assert world.reaches(address, 22) == set(), "nobody is forwarded there"
    assert guests[1].reaches("10.199.0.17", 22) == set()


def test_two_clouds_on_one_machine_keep_apart(make, site):  # noqa: F811
    nics = [nic(str(uuid.uuid4()), "10.199.0.17") for _ in range(2)]
    host = make.host()
    second = make.host(machine=host)
    world = site(host)
    world.serve(80)
    host.ask("plug", server=server(nics[0]))
    second.ask("plug", server=server(nics[1]))
    one, two = make.guest(host, nics[0]), make.guest(second, nics[1])
    assert one.dhcp() and two.dhcp()
    links = [host.transit(each["network_id"]) for each in nics]
    assert not set(links[0]) & set(links[1])
    for guest, others in ((one, links[1]), (two, links[0])):
        assert guest.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
        for address in others:
            assert guest.reaches(address, 53) == set()
    host.ask("destroy_all")
    assert two.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    assert host.namespaces() == [] and len(second.namespaces()) == 1


def test_a_guest_cannot_take_its_gateways_place(make):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    liar, victim = attached(make, host, nic(network, "10.199.0.17"), nic(network, "10.199.0.18"))
    gateway = bridge.gateway_mac(network)
    assert victim.pings("10.199.0.1") and gateway in victim.run("ip", "neigh", "show", "10.199.0.1").stdout
    liar.run("ip", "addr", "add", "10.199.0.1/24", "dev", "eth0")
    liar.run("busybox", "arping", "-q", "-c", "2", "-w", "2", "-U", "-I", "eth0", "10.199.0.1", check=False)
    assert gateway in victim.run("ip", "neigh", "show", "10.199.0.1").stdout
    liar.run("ip", "link", "set", "eth0", "address", gateway)
    liar.run("busybox", "arping", "-q", "-c", "2", "-w", "2", "-U", "-I", "eth0", "10.199.0.1", check=False)
    victim.run("ip", "neigh", "flush", "all")
    liar.run("ip", "link", "set", "eth0", "down")
    assert victim.pings("10.199.0.1") and victim.fetch("http://169.254.169.254/")


def test_a_host_with_forward_policy_drop_needs_the_rules_that_doctor_prints(make, site):  # noqa: F811
    network = str(uuid.uuid4())
    one, two = (nic(network, ip, access=True) for ip in ("10.199.0.17", "10.199.0.18"))
    host = make.host(host_access_ranges=["10.199.0.0/24"])
    world = site(host)
    world.serve(80)
    host.run("iptables", "-P", "FORWARD", "DROP")
    host.run("iptables", "-A", "FORWARD", "-i", "docker0", "-j", "ACCEPT")
    host.ask("plug", server=server(one, two))
    guests = [make.guest(host, each) for each in (one, two)]
    needed = host.doctor()
    assert [each.partition(" ")[0] for each in needed] == ["iptables"] * 3
    assert host.run("sysctl", "-n", "net.bridge.bridge-nf-call-iptables").stdout.strip() == "1"
    assert guests[0].dhcp() is None, "the control: br_netfilter shows that firewall what bridges pass on"
    for command in needed:
        host.run("sh", "-c", command)
    assert host.doctor() == []
    assert guests[0].dhcp() and guests[1].dhcp()
    assert guests[0].pings("10.199.0.18") and guests[0].reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    assert json.loads(guests[0].fetch("http://169.254.169.254/"))["address"] == "10.199.0.17"
    assert host.pings("10.199.0.17")
    world.run("ip", "route", "add", "10.199.0.17/32", "via", HERE)
    assert not world.pings("10.199.0.17"), "what that firewall lets pass, ours still filters"
