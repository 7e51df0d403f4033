"""The network of a host on real bridges, dnsmasq and nftables, with guests that are namespaces.  Needs root.

Programs: ip, dnsmasq, nft, curl and busybox (udhcpc, udhcpd, ping, nslookup).
"""

import contextlib
import json
import os
import pwd
import re
import shutil
import tempfile
import time
import uuid

import pytest

from tests.live.namespaces import ROOT, Guest, Host, Refused, nic, server

MISSING = [each for each in ("ip", "dnsmasq", "nft", "curl", "busybox") if not shutil.which(each)]
NET = "10.199.0.0/24"


@pytest.fixture(autouse=True)
def machine():
    assert os.geteuid() == 0, "these tests make network namespaces: run them as root"
    assert not MISSING, f"install {MISSING}"


@pytest.fixture(params=["threading", "eventlet"])
def mode(request):
    return request.param


@pytest.fixture
def make(tmp_path):
    """``make.host(mode)`` and ``make.guest(host, nic)``: all removed at the end."""
    with contextlib.ExitStack() as stack:
        class Make:
            @staticmethod
            def host(mode="threading", script="", state_dir=None, **more):
                made = Host(state_dir or tmp_path / uuid.uuid4().hex[:8], mode, script, **more)
                stack.callback(made.remove)
                return made.start()

            @staticmethod
            def guest(host, its_nic):
                made = Guest(host, its_nic, str(tmp_path))
                stack.callback(made.remove)
                return made
        yield Make


def test_a_guest_gets_its_address_its_routes_and_its_metadata(make, mode):
    network = str(uuid.uuid4())
    one, two = nic(network, "10.199.0.17", access=True), nic(network, "10.199.0.18", access=True)
    host = make.host(mode, host_access_ranges=["10.199.0.0/16"])
    host.ask("plug", server=server(one))
    host.ask("plug", server=server(two, hostname="two"))
    first, second = make.guest(host, one), make.guest(host, two)

    lease = first.dhcp()
    assert (lease["ip"], lease["router"], lease["dns"]) == ("10.199.0.17", "10.199.0.1", "10.199.0.1")
    assert (lease["hostname"], lease["domain"], lease["mtu"]) == ("one", "novalocal", "1450")
    assert lease["staticroutes"].split() == ["169.254.169.254/32", "10.199.0.1", "0.0.0.0/0", "10.199.0.1"]
    assert second.dhcp()["ip"] == "10.199.0.18"

    assert first.pings("10.199.0.1") and first.pings("10.199.0.18")
    assert host.run("busybox", "ping", "-c", "1", "-W", "1", "10.199.0.17").returncode == 0
    names = first.run("busybox", "nslookup", "two.novalocal", "10.199.0.1").stdout
    assert "10.199.0.18" in names

    forged = ("X-Forwarded-For: 10.199.0.18", "X-Instance-ID: 1", "X-Nova-Lite-Address: 10.199.0.18")
    metadata = json.loads(first.fetch("http://169.254.169.254/openstack/latest/meta_data.json", *forged))
    assert metadata == {"network": network, "address": "10.199.0.17",
                    "headers": ["HTTP_ACCEPT", "HTTP_HOST", "HTTP_USER_AGENT"]}


def test_guest_names_are_resolved_within_their_project_only(make, mode):
    network = str(uuid.uuid4())
    one, two, other = (nic(network, f"10.199.0.{number}") for number in (17, 18, 19))
    host = make.host(mode)
    for each, name in ((one, "one"), (two, "two")):
        host.ask("plug", server=server(each, hostname=name))
    first, second, third = (make.guest(host, each) for each in (one, two, other))
    assert first.dhcp()["hostname"] == "one" and second.dhcp()["hostname"] == "two"

    def asks(guest, name):
        return guest.run("busybox", "nslookup", name, "10.199.0.1", check=False).stdout

    assert "10.199.0.18" in asks(first, "two.novalocal")
    guest = server(other, hostname="other", project="q")
    host.ask("plug", server=guest)
    assert third.dhcp()["hostname"] == "other" and second.dhcp()["hostname"] == "two"
    for each in (first, third):
        for name in ("two.novalocal", "other.novalocal"):
            assert not {"10.199.0.18", "10.199.0.19"} & set(asks(each, name).split())
    host.ask("unplug", server=guest)
    assert "10.199.0.18" in asks(first, "two.novalocal")


def test_a_guest_cannot_use_the_address_of_another(make):
    network = str(uuid.uuid4())
    one, two = nic(network, "10.199.0.17"), nic(network, "10.199.0.18")
    host = make.host()
    host.ask("plug", server=server(one, two))
    guest = make.guest(host, one)

    guest.address("10.199.0.17/24", "10.199.0.1")
    assert guest.pings("10.199.0.1"), "the control: with its own address it reaches the host"
    guest.address("10.199.0.18/24", "10.199.0.1")
    assert not guest.pings("10.199.0.1")
    assert guest.fetch("http://169.254.169.254/") is None
    neighbours = host.run("ip", "neigh", "show", "10.199.0.18").stdout
    assert one["mac"] not in neighbours, "its ARP lies are dropped"

    guest.run("ip", "link", "set", "eth0", "address", "fa:16:3e:00:00:01")
    guest.address("10.199.0.17/24", "10.199.0.1")
    assert not guest.pings("10.199.0.1")
    guest.run("ip", "link", "set", "eth0", "address", two["mac"])
    assert guest.dhcp() is None, "another port's MAC gets no lease here"


@pytest.mark.parametrize(("script", "believed"), [("", False), ("permissive", True)])
def test_a_guest_cannot_be_a_dhcp_server(make, tmp_path, script, believed):
    network = str(uuid.uuid4())
    rogue, victim = nic(network, "10.199.0.17"), nic(network, "10.199.0.18")
    host = make.host(script=script)
    host.ask("plug", server=server(rogue, victim))
    one, two = make.guest(host, rogue), make.guest(host, victim)
    one.address("10.199.0.17/24", "10.199.0.1")
    for pid in host.dnsmasqs():
        os.kill(pid, 9)                 # the real one would win the race
    config = tmp_path / "udhcpd.conf"
    config.write_text(f"start 10.199.0.18\nend 10.199.0.18\ninterface eth0\nlease_file {tmp_path}/leases\n"
                      f"pidfile {tmp_path}/udhcpd.pid\n")
    (tmp_path / "leases").touch()
    one.run("busybox", "udhcpd", "-S", str(config))
    try:
        assert (two.dhcp() is not None) == believed, "without anti-spoofing it would be: the control"
    finally:
        os.kill(int((tmp_path / "udhcpd.pid").read_text()), 9)


def test_networks_of_one_host_do_not_reach_each_other(make):
    mine, theirs = str(uuid.uuid4()), str(uuid.uuid4())
    one = nic(mine, "10.199.0.17")
    two = nic(theirs, "10.198.0.17", cidr="10.198.0.0/24", gateway="10.198.0.1")
    host = make.host()
    host.ask("plug", server=server(one))
    host.ask("plug", server=server(two))
    first, second = make.guest(host, one), make.guest(host, two)
    assert first.dhcp() and second.dhcp()
    assert first.pings("10.199.0.1") and second.pings("10.198.0.1")
    assert not first.pings("10.198.0.17")
    assert json.loads(second.fetch("http://169.254.169.254/"))["network"] == theirs


def outer(make, host, network):
    """A machine outside, 172.24.4.2, which the host reaches.  :param network: any that the host has."""
    outside = make.guest(host, {"port_id": str(uuid.uuid4()), "mac": "fa:16:3e:00:00:99", "network_id": network})
    tap = "tap" + outside.nic["port_id"][:11]
    host.run("ip", "link", "set", tap, "nomaster")
    host.run("ip", "addr", "add", "172.24.4.1/24", "dev", tap)
    outside.run("ip", "addr", "add", "172.24.4.2/24", "dev", "eth0")
    return outside


def test_guests_go_out_under_their_hosts_address_and_nobody_comes_in(make):
    network = str(uuid.uuid4())
    one = nic(network, "10.199.0.17")
    host = make.host()
    host.ask("plug", server=server(one))
    guest = make.guest(host, one)
    outside = outer(make, host, network)
    assert guest.dhcp()
    assert guest.pings("172.24.4.2"), "the outside knows no route back: only NAT can make this work"
    outside.run("ip", "route", "add", "10.199.0.0/24", "via", "172.24.4.1")
    assert not outside.pings("10.199.0.17")


def test_unplugging_the_last_port_removes_the_network_from_the_host(make, mode):
    network = str(uuid.uuid4())
    one, two = nic(network, "10.199.0.17"), nic(network, "10.199.0.18")
    host = make.host(mode)
    host.ask("plug", server=server(one))
    host.ask("plug", server=server(two))
    host.ask("unplug", server=server(one))
    assert len(host.bridges()) == 1 and len(host.dnsmasqs()) == 1
    assert one["mac"] not in host.rules() and two["mac"] in host.rules()
    host.ask("unplug", server=server(two))
    host.ask("unplug", server=server(two))
    assert not host.bridges() and not host.dnsmasqs()
    assert "nova_lite" not in host.rules()
    assert os.listdir(os.path.join(host.state_dir, "network")) == []


def test_an_address_given_to_another_guest_is_leased_to_it(make):
    network = str(uuid.uuid4())
    stays, old = nic(network, "10.199.0.16"), nic(network, "10.199.0.17")
    host = make.host()
    host.ask("plug", server=server(stays))
    host.ask("plug", server=server(old))
    assert make.guest(host, old).dhcp()["ip"] == "10.199.0.17"
    host.ask("unplug", server=server(old))
    new = nic(network, "10.199.0.17")
    host.ask("plug", server=server(new))
    assert make.guest(host, new).dhcp()["ip"] == "10.199.0.17"


def test_dnsmasq_gives_up_being_root_where_it_can_reach_its_files(make):
    assert pwd.getpwnam("dnsmasq"), "the package dnsmasq-base makes it"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as open_to_all:
        os.chmod(open_to_all, 0o755)
        network = str(uuid.uuid4())
        one, two = nic(network, "10.199.0.17"), nic(network, "10.199.0.18")
        host = make.host(state_dir=os.path.join(open_to_all, "state"))
        host.ask("plug", server=server(one))
        host.ask("plug", server=server(two))
        pid, = host.dnsmasqs()
        assert os.stat(f"/proc/{pid}").st_uid != 0
        assert make.guest(host, two).dhcp()["ip"] == "10.199.0.18", "it read its files again without being root"
        host.ask("destroy_all")


@pytest.mark.parametrize("unit", ["nova-lite", "nova-lite-compute"])
def test_the_rights_that_a_unit_leaves_suffice(make, unit):
    with open(os.path.join(ROOT, "etc", "nova_lite", "systemd", f"{unit}.service")) as file:
        text = file.read()
    rights = re.search("^CapabilityBoundingSet=(.*)$", text, re.MULTILINE)[1].lower().replace("cap_", "+").split()
    views = ("ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernel", "ProtectControlGroups",
             "ReadWritePaths", "PrivateMounts", "ProtectHostname", "ProtectProc")
    assert not [each for each in views if re.search(f"^{each}", text, re.MULTILINE)], "mounts must outlive the service"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as open_to_all:
        os.chmod(open_to_all, 0o755)
        mine = server(nic(str(uuid.uuid4()), "10.199.0.17"))
        host = make.host(state_dir=os.path.join(open_to_all, "state"), under=[
            "setpriv", "--no-new-privs", f"--bounding-set=-all,{','.join(rights)}"])
        host.ask("plug", server=mine)
        pid, = host.dnsmasqs()
        assert os.stat(f"/proc/{pid}").st_uid != 0
        host.ask("sync", servers=[mine])
        assert host.dnsmasqs() == [pid], "it is not started anew"
        assert make.guest(host, mine["nics"][0]).dhcp()["ip"] == "10.199.0.17"
        host.ask("sync", servers=[])
        assert not host.bridges() and not host.dnsmasqs() and not host.namespaces()


def test_guests_keep_their_network_while_the_service_is_away_and_sync_finds_it_again(make, mode):
    network, gone = str(uuid.uuid4()), str(uuid.uuid4())
    one = nic(network, "10.199.0.17")
    other = nic(gone, "10.198.0.17", cidr="10.198.0.0/24", gateway="10.198.0.1")
    mine = server(one)
    host = make.host(mode)
    host.ask("plug", server=mine)
    host.ask("plug", server=server(other))
    guest = make.guest(host, one)
    host.kill()
    before = sorted(host.dnsmasqs())
    assert len(before) == 2 and guest.dhcp()["ip"] == "10.199.0.17" and guest.pings("10.199.0.1")

    host.start()
    host.ask("sync", servers=[mine])
    after = host.dnsmasqs()
    assert len(after) == 1 and after[0] in before, "the one that is needed went on, the other is gone"
    assert len(host.bridges()) == 1
    assert json.loads(guest.fetch("http://169.254.169.254/"))["address"] == "10.199.0.17"


def test_sync_restores_the_networks_after_a_reboot(make):
    one = nic(str(uuid.uuid4()), "10.199.0.17")
    mine = server(one)
    host = make.host()
    host.ask("plug", server=mine)
    bridge, = host.bridges()
    for pid in host.dnsmasqs():
        os.kill(pid, 9)
    host.run("ip", "link", "del", bridge)
    host.run("nft", "flush", "ruleset")
    host.ask("heal")
    guest = make.guest(host, one)
    assert guest.dhcp()["ip"] == "10.199.0.17"
    assert json.loads(guest.fetch("http://169.254.169.254/"))["address"] == "10.199.0.17"


def test_a_way_in_to_a_range_that_the_host_uses_is_refused_and_nothing_is_left(make):
    host = make.host(host_access_ranges=["10.199.0.0/24"])
    host.run("ip", "link", "add", "uplink", "type", "veth", "peer", "name", "uplink2")
    host.run("ip", "addr", "add", "10.199.0.200/16", "dev", "uplink")
    host.run("ip", "link", "set", "uplink", "up")
    mine = server(nic(str(uuid.uuid4()), "10.199.0.17", access=True))
    with pytest.raises(Refused, match="10.199.0.0/16"):
        host.ask("plug", server=mine)
    host.ask("unplug", server=mine)
    assert not host.bridges() and not host.dnsmasqs() and not host.namespaces()
    other = server(nic(str(uuid.uuid4()), "10.199.0.17"))
    assert host.ask("plug", server=other), "without a way in its range is nobody's business"


def test_a_subnet_without_gateway_has_dhcp_and_metadata_and_no_way_out(make):
    network = str(uuid.uuid4())
    other = nic(str(uuid.uuid4()), "10.198.0.17", cidr="10.198.0.0/24", gateway="10.198.0.1")
    one, two = (nic(network, f"10.199.0.{last}", gateway=None) for last in (17, 18))
    host = make.host()
    for each in (one, two, other):
        host.ask("plug", server=server(each))
    guest, peer, control = (make.guest(host, each) for each in (one, two, other))
    outer(make, host, network)
    answer = guest.dhcp()
    assert (answer["ip"], answer.get("router"), answer["staticroutes"]) == (
        "10.199.0.17", None, "169.254.169.254/32 0.0.0.0")
    assert peer.dhcp()["ip"] == "10.199.0.18" and guest.pings("10.199.0.18")
    guest.run("ip", "route", "replace", "169.254.169.254", "dev", "eth0")
    assert json.loads(guest.fetch("http://169.254.169.254/openstack/latest"))["address"] == "10.199.0.17"
    assert control.dhcp() and control.pings("172.24.4.2")
    guest.run("ip", "route", "replace", "default", "via", "169.254.169.254")
    assert not guest.pings("172.24.4.2")
    host.ask("unplug", server=server(other))
    for each in (one, two):
        host.ask("unplug", server=server(each))
    assert not host.bridges() and not host.dnsmasqs() and not host.namespaces()


def test_a_subnet_without_gateway_and_dhcp_is_an_isolated_bridge(make):
    network = str(uuid.uuid4())
    one = nic(network, "10.199.0.17", gateway=None, dhcp=False)
    host = make.host()
    host.ask("plug", server=server(one))
    assert len(host.bridges()) == 1 and not host.dnsmasqs()
    host.ask("unplug", server=server(one))
    assert not host.bridges()


def test_destroy_all_removes_everything_of_this_cloud_and_nothing_else(make):
    network = str(uuid.uuid4())
    host = make.host()
    host.run("nft", "add table ip somebody_elses")
    host.ask("plug", server=server(nic(network, "10.199.0.17")))
    host.kill()
    host.start()
    host.ask("destroy_all")
    assert not host.bridges() and not host.dnsmasqs()
    assert "somebody_elses" in host.rules() and "nova_lite" not in host.rules()


@pytest.mark.parametrize("script", ["", "no-library"])
def test_plugging_and_unplugging_take_tens_of_milliseconds(make, script):
    network = str(uuid.uuid4())
    host = make.host(script=script)
    host.ask("plug", server=server(nic(network, "10.199.0.2")))
    plugs, unplugs, firsts = [], [], []
    for number in range(10, 20):
        mine = server(nic(network, f"10.199.0.{number}"))
        plugs.append(host.ask("plug", server=mine)[1])
        unplugs.append(host.ask("unplug", server=mine)[1])
        alone = server(nic(str(uuid.uuid4()), "10.198.0.2", cidr="10.198.0.0/24", gateway="10.198.0.1"))
        firsts.append(host.ask("plug", server=alone)[1])
        host.ask("unplug", server=alone)
    usual = sorted(timed(host.run, "nft", "list", "tables") for _ in range(5))[2] * 1000
    medians = {name: sorted(each)[5] * 1000 for name, each in
               {"plug": plugs, "unplug": unplugs, "first plug of a network": firsts}.items()}
    print({name: f"{value:.1f} ms" for name, value in medians.items()})
    assert max(medians.values()) < 500 + 10 * usual, (medians, usual)


def timed(call, *arguments):
    """Seconds that a call takes."""
    began = time.monotonic()
    call(*arguments)
    return time.monotonic() - began
