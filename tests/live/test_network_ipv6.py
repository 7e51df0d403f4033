"""IPv6 of networks on a host without routers, tried with packets: announcements, DHCP, names and metadata.  Needs root,
and programs as test_network_host.py does.
"""

import ipaddress
import json
import os
import shutil
import uuid

import pytest

from nova_lite.common import ipv6
from tests.clouds import until
from tests.live.namespaces import Refused, nic, server, six
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures

RANGE = "fd00:1::/64"
METADATA = "http://[fe80::a9fe:a9fe%25eth0]/openstack/latest/meta_data.json"


def dual(network, last, mode, cidr=RANGE, **more):  # noqa: F811
    """A NIC of a subnet of each IP version, of IPv6 with the address that its mode gives it."""
    made = nic(network, f"10.199.0.{last}")
    ip = str(ipv6.made_of(cidr, made["mac"])) if mode in (ipv6.SLAAC, ipv6.STATELESS) else str(
        ipaddress.ip_network(cidr).network_address) + str(last)
    made["addresses"].append(six(ip, cidr, mode, **more))
    return made


def plugged(make, host, *nics):  # noqa: F811
    """Guests, one of each NIC, whose own kernels have nothing yet."""
    for each in nics:
        host.ask("plug", server=server(each, hostname=name(each)))
    return [make.guest(host, each) for each in nics]


def name(its_nic):
    """vm17 of 10.199.0.17 and of fd00:1::17."""
    return "vm" + its_nic["addresses"][0]["ip"].replace(":", ".").rpartition(".")[2]


def of6(guest):
    return [each["ip"] for each in guest.nic["addresses"] if ":" in each["ip"]]


def use(guest, ip, length=128):
    guest.run("ip", "-6", "addr", "add", f"{ip}/{length}", "dev", "eth0", "nodad")


def has_own(guest):
    until("the guest made its address", lambda: guest.addresses6() == of6(guest), 15)


def usable_link_local(guest):
    """After the guest's kernel has seen that nobody else has its link-local address."""
    until("the link-local address", lambda: "tentative" not in guest.run(
        "ip", "-6", "addr", "show", "dev", "eth0", "scope", "link").stdout, 10)


def test_guests_make_addresses_by_slaac_and_find_names_and_metadata(make, mode):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host(mode)
    one, two = plugged(make, host, dual(network, 17, ipv6.SLAAC), dual(network, 18, ipv6.SLAAC))
    for each in (one, two):
        has_own(each)
        assert each.dhcp()["ip"] == each.nic["addresses"][0]["ip"]
    assert one.pings(of6(two)[0]) and one.pings("fd00:1::")
    found, = one.solicit().values()
    assert found == {"lifetime": 0, "managed": False, "other": False, "mtu": 1450, "prefixes": {RANGE: "LA"},
                     "dns": ["fd00:1::"]}
    assert "default" not in one.routes6(), "it leads nowhere"
    names = one.run("busybox", "nslookup", "-type=aaaa", "vm18.novalocal", "fd00:1::").stdout
    assert of6(two)[0] in names
    for each in (one, two):
        metadata = json.loads(each.fetch(METADATA, "X-Forwarded-For: 10.199.0.18"))
        assert (metadata["network"], metadata["address"]) == (network, each.nic["addresses"][0]["ip"])


def test_dhcp_gives_every_guest_its_own_address(make, mode):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host(mode)
    one, two = plugged(make, host, dual(network, 17, ipv6.STATEFUL), dual(
        network, 18, ipv6.STATEFUL, dns=["fd00:53::1"]))
    for each in (one, two):
        usable_link_local(each)
        assert each.dhcp6()["address"] == of6(each)[0]
        use(each, of6(each)[0], 64)
    found, = one.solicit().values()
    assert (found["lifetime"], found["managed"], found["prefixes"]) == (0, True, {RANGE: "L"})
    assert one.addresses6() == of6(one), "no other is made"
    assert one.dhcp6()["dns"] == ["fd00:53::1"] and "novalocal" in one.dhcp6()["search"]
    assert one.pings(of6(two)[0])
    assert host.ask("inspect")[0]["leases"].keys() == {f"{each.nic['mac']},{one['ip']}" for each in (one, two)
                                                       for one in each.nic["addresses"]}


def test_stateless_dhcp_says_the_rest_and_options_of_ports_reach_them_alone(make):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    nics = [dual(network, each, ipv6.STATELESS) for each in (17, 18)]
    nics[0]["dhcp_options"] = [{"name": "bootfile-url", "value": "tftp://[fd00::9]/x", "version": "6"},
                               {"name": "sntp-server", "value": "fd00::9", "version": "6"},
                               {"name": "tftp-server", "value": "10.9.9.9"}]
    one, two = plugged(make, host, *nics)
    for each in (one, two):
        has_own(each)
    found, = one.solicit().values()
    assert (found["managed"], found["other"], found["prefixes"]) == (False, True, {RANGE: "LA"})
    answers = [each.dhcp6("information") for each in (one, two)]
    assert [each["dns"] for each in answers] == [["fd00:1::"]] * 2
    assert [bytes.fromhex(each["options"].get("59", "")) for each in answers] == [b"tftp://[fd00::9]/x", b""]
    assert answers[0]["options"]["31"].endswith("0009") and "31" not in answers[1]["options"]
    assert one.dhcp6()["address"] is None or one.dhcp6() is None, "addresses are none of DHCP's"


@pytest.mark.parametrize(("modes", "announced", "leased"), [
    ((None, None), False, True), ((None, ipv6.STATEFUL), False, True), ((ipv6.STATEFUL, None), True, True),
    ((None, ipv6.SLAAC), False, False)])
def test_a_subnet_is_announced_and_leased_as_its_modes_say(make, modes, announced, leased):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    one, = plugged(make, host, dual(network, 17, modes[1], ra=modes[0]))
    usable_link_local(one)
    assert bool(one.solicit()) == announced
    assert ((one.dhcp6() or {}).get("address") == of6(one)[0]) == leased


def test_a_subnet_without_a_gateway_or_with_one_outside_is_served_all_the_same(make):  # noqa: F811
    for gateway in (None, "fe80::1", "fd00:99::1"):
        network = str(uuid.uuid4())
        host = make.host()
        one, = plugged(make, host, dual(network, 17, ipv6.SLAAC, gateway=gateway))
        has_own(one)
        assert json.loads(one.fetch(METADATA))["address"] == "10.199.0.17"
        assert one.pings("fd00:1::"), "where its name server is"
        assert gateway != "fe80::1" or one.pings("fe80::1%eth0")


def test_a_network_of_ipv6_alone_works_and_leaves_nothing(make):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    mine = dual(network, 17, ipv6.SLAAC)
    del mine["addresses"][0]
    owner = server(mine)
    host.ask("plug", server=owner)
    one = make.guest(host, mine)
    has_own(one)
    assert json.loads(one.fetch(METADATA))["address"] == of6(one)[0]
    for _ in range(2):
        host.ask("heal")
    assert json.loads(one.fetch(METADATA))["address"] == of6(one)[0]
    host.ask("unplug", server=owner)
    assert (host.namespaces(), host.bridges(), host.links(), host.dnsmasqs()) == ([], [], [], [])
    assert "nova_lite" not in host.rules()


@pytest.mark.parametrize(("script", "believed"), [("", False), ("permissive", True)])
def test_a_guest_refuses_and_gives_back_no_address_of_another(make, script, believed):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host(script=script)
    one, two = plugged(make, host, dual(network, 17, ipv6.STATEFUL), dual(network, 18, ipv6.STATEFUL))
    for each in (one, two):
        usable_link_local(each)
        assert each.dhcp6()["address"] == of6(each)[0]
    victim = two.nic["mac"]
    for what in ("decline", "release"):
        answer = one.dhcp6(f"as={victim}", f"{what}={of6(two)[0]}")
        assert (answer is not None) == believed, "without anti-spoofing it would be heeded: the control"
    assert two.dhcp6()["address"] == of6(two)[0]
    assert (one.dhcp6(f"as={victim}") or {}).get("address") in (of6(one)[0], None), "it is known by its MAC"


def test_metadata_is_answered_for_the_port_that_asks_alone(make):  # noqa: F811
    """With the address of a pair, which may be another's, nobody asks; nor does a port without port security."""
    network = str(uuid.uuid4())
    host = make.host()
    victim = dual(network, 17, ipv6.SLAAC)
    local = str(ipv6.link_local(victim["mac"]))
    thief = dual(network, 18, ipv6.SLAAC) | {"allowed_pairs": [f"{victim['mac']},fd00:1::99"]}
    free = dual(network, 19, ipv6.SLAAC) | {"port_security_enabled": False}
    one, two, three = plugged(make, host, victim, thief, free)
    for each in (one, two, three):
        has_own(each)
        assert json.loads(each.fetch(METADATA))["address"] == each.nic["addresses"][0]["ip"]
    for each in (two, three):
        each.run("ip", "link", "set", "eth0", "address", victim["mac"])
        each.run("ip", "-6", "addr", "flush", "dev", "eth0")
        use(each, local, 64)
        assert each.fetch(METADATA) is None
    assert json.loads(one.fetch(METADATA))["address"] == "10.199.0.17"


@pytest.mark.skipif(not shutil.which("ip6tables"), reason="there is no ip6tables")
def test_a_host_with_forward_policy_drop_needs_the_rules_that_doctor_prints(make):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    host.run("ip6tables", "-P", "FORWARD", "DROP")
    host.run("sysctl", "-qw", "net.bridge.bridge-nf-call-ip6tables=1", check=False)
    one, two = plugged(make, host, dual(network, 17, ipv6.SLAAC), dual(network, 18, ipv6.SLAAC))
    needed = host.doctor()
    assert [each.partition(" ")[0] for each in needed] == ["ip6tables"] * 3
    usable_link_local(one)
    assert not one.solicit(), "the control"
    for command in needed:
        host.run("sh", "-c", command)
    assert host.doctor() == []
    for each in (one, two):
        until("it is announced", each.solicit, 5)
        has_own(each)
    assert one.pings(of6(two)[0]) and one.fetch(METADATA)


def test_questions_of_guests_fill_no_file_of_the_host(make):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    one, = plugged(make, host, dual(network, 17, ipv6.STATEFUL))
    usable_link_local(one)
    assert one.dhcp() and one.dhcp6() and one.solicit()
    log = os.path.join(host.state_dir, "network", network, "dnsmasq.log")
    with open(log) as file:
        said = file.read()
    assert "DHCP" in said, "what it serves"
    assert not [line for line in said.splitlines() if one.nic["mac"] in line or "RTR-" in line]
    for _ in range(2):
        with open(log, "a") as file:            # it says so of each question that it refuses
            file.write("refused\n" * (1 << 18))
        host.ask("heal")
        assert os.path.getsize(log) < 1 << 16
    assert one.dhcp6()["address"] == of6(one)[0]


@pytest.mark.parametrize("theirs", [RANGE, "fd00:1::/62"])
def test_a_range_that_the_host_reaches_on_another_network_is_refused(make, theirs):  # noqa: F811
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    host = make.host(host_access_ranges=["fd00:1::/48"])
    first = dual(one, 17, ipv6.STATEFUL, access=True)
    second = dual(two, 18, ipv6.STATEFUL, theirs, access=True)
    mine, = plugged(make, host, first)
    guests = server(second)
    use(mine, of6(mine)[0], 64)
    for _ in range(2):
        with pytest.raises(Refused, match=f"{theirs}.*cannot be used.*{RANGE}"):
            host.ask("plug", server=guests)
        host.ask("heal")
        assert host.pings(of6(mine)[0])
        assert RANGE in host.ask("ports")[0][second["port_id"]]["error"]
        assert host.ask("ports")[0][first["port_id"]]["error"] == ""
    host.ask("unplug", server=server(first))
    host.ask("heal")
    assert host.ask("ports")[0][second["port_id"]]["error"] == "", "it is free"


@pytest.mark.parametrize("cidr", ["4000::/2", "fd00:1::/48", "fd00:1::/63", "fd00:1::/65", "fd00:1::/126"])
@pytest.mark.parametrize("gateway", [..., None, "fe80::1", "fe80::a9fe:a9fe"])
def test_no_range_keeps_a_network_from_being_served(make, cidr, gateway):  # noqa: F811
    network = str(uuid.uuid4())
    host = make.host()
    mine = nic(network, "10.199.0.17")
    ip = str(ipaddress.ip_network(cidr)[2])
    for each in (ipv6.STATEFUL, None):
        mine["addresses"][1:] = [six(ip, cidr, each, gateway=gateway)]
        host.ask("plug", server=server(mine))
        host.ask("heal")
        assert host.ask("ports")[0][mine["port_id"]]["error"] == ""
    one = make.guest(host, mine)
    assert one.dhcp()["ip"] == "10.199.0.17"
    use(one, ip)
    assert one.fetch(METADATA)


def test_of_two_networks_that_come_at_once_one_has_the_range(make):  # noqa: F811
    host = make.host(host_access_ranges=["fd00:1::/48"])
    nics = [dual(str(uuid.uuid4()), last, ipv6.STATEFUL, access=True) for last in (17, 18)]
    host.ask("sync", servers=[server(each) for each in nics])
    states = host.ask("ports")[0]
    assert sorted(bool(states[each["port_id"]]["error"]) for each in nics) == [False, True]
    host.ask("heal")
    assert host.ask("ports")[0] == states
