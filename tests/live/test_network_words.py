"""Servers named with the words of the grammars that their names are written in keep their addresses and names.

Needs root, and programs as test_network_host.py does.
"""

import dataclasses
import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import types
import uuid

import pytest

from nova_lite.network.planes.known_groups import Groups
from nova_lite.network.planes.linux import dhcp, firewall, gateway, guard
from nova_lite.network.planes.linux.parts import Parts
from nova_lite.network.planes.linux.surroundings import Surroundings
from nova_lite.network.planes.state import Port, Segment
from tests import clouds
from tests.live.namespaces import Namespace, nic, server
from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures

#: What stands for something else in the place of a name in dnsmasq's dhcp-host lines, and numbers that are lease times.
LEASE_WORDS = ("ignore", "infinite", "IGNORE", "3d", "60", "0", "5m", "7W", "12h", "1s", "01", "999999999999",
               "1" * 63)
#: Options of dnsmasq's other files, and names with a meaning of their own.
OTHER_WORDS = ("id", "set", "tag", "net", "server", "option", "nameserver", "include", "localhost", "localdomain",
               "wpad", "isatap", "any", "none", "null", "true", "yes", "no", "on", "off", "dnsmasq", "a" * 63, "xn--a",
               "1e3", "0x10", "10.1.2.3", "-", "a--b", "all", "default", "drop", "accept")


#: DHCP options of a port's own, with whatever their values may have.
OWN_OPTIONS = (*((name, "10.1.0.9") for name in ("router", "server-ip-address", "ntp-server", "150", "tftp-server")),
               ("bootfile-name", "http://boot.example/a?b=c&d=[e];f=$(g)`h`|i<j>k'l!m~n{o}p^q_r%s@t*u+v"),
               ("classless-static-route", "10.9.0.0/16,10.1.0.9"), ("router", ""), ("mtu", "1400"), ("66", "a b, c"),
               ("domain-search", "example.org,example.net"), ("224", "0102"), ("254", "text"))


def options_of_dnsmasq():
    """Every long option that this machine's dnsmasq knows."""
    said = subprocess.run(["dnsmasq", "--help"], capture_output=True, text=True, check=False).stdout
    return sorted(set(re.findall(r"--([a-z][a-z0-9-]*[a-z0-9])", said)))


def keywords_of_nft():
    """The words of nftables' grammar, as far as its own description of expressions shows."""
    return ("add", "table", "chain", "rule", "set", "map", "element", "flush", "list", "delete", "reset", "ip", "inet",
            "arp", "bridge", "netdev", "type", "hook", "priority", "policy", "device", "fwd", "dup", "jump", "goto",
            "return", "queue", "dnat", "snat", "masquerade", "redirect", "reject", "log", "counter", "quota", "limit",
            "over", "last", "fib", "ct", "meta", "socket", "osf", "synproxy", "tproxy", "vlan", "ether", "tcp", "udp",
            "th", "icmp", "igmp", "comp", "dccp", "sctp", "secmark", "define", "include", "undefine", "handle", "index")


def test_a_guest_named_by_any_keyword_gets_its_lease_and_is_resolved(make):  # noqa: F811
    network = str(uuid.uuid4())
    names = list(dict.fromkeys([*LEASE_WORDS, *OTHER_WORDS, *keywords_of_nft()]))
    nics = [nic(network, f"10.199.1.{number}", cidr="10.199.0.0/16") for number in range(2, 2 + len(names))]
    host = make.host()
    for one, name in zip(nics, names, strict=True):
        if name in LEASE_WORDS[:3]:
            host.ask("plug", server=server(one, hostname=name))
    host.ask("sync", servers=[server(one, hostname=name) for one, name in zip(nics, names, strict=True)])
    log = os.path.join(host.state_dir, "network", network, "dnsmasq.log")
    with open(log) as file:
        assert [line for line in file if "bad" in line or "illegal" in line or "error" in line] == []
    for name in LEASE_WORDS:
        one = nics[names.index(name)]
        guest = make.guest(host, one)
        lease = guest.dhcp()
        assert (lease["ip"], lease["hostname"], lease["lease"]) == (
            one["addresses"][0]["ip"], name.lower(), "86400"), name
    asking = guest
    for name, one in zip(names, nics, strict=True):
        short = dhcp._short(types.SimpleNamespace(hostname=name if name != "-" else "guest"))
        if short != "10":
            answer = asking.run("busybox", "nslookup", f"{short}.novalocal", "10.199.0.1", check=False).stdout
            assert one["addresses"][0]["ip"] in answer, name
    answer = asking.run("busybox", "nslookup", "localhost", "10.199.0.1", check=False).stdout
    assert nics[names.index("localhost")]["addresses"][0]["ip"] not in answer.partition("Name:")[2]


def test_options_of_dnsmasq_are_valid_names_of_guests(tmp_path):
    """dnsmasq itself reads the files, and finds nothing wrong with them."""
    names = options_of_dnsmasq()
    assert len(names) > 100 and "dhcp-host" in names
    ports = tuple(port(number, name) for number, name in zip(itertools.count(2), names))
    segment = Segment(ports[0].network_id, ports)
    assert checked(tmp_path, dhcp.hosts(segment, "novalocal"), dhcp.names(segment, "novalocal")) == ""
    written = dhcp.dhcp_options(Segment(ports[0].network_id, tuple(dataclasses.replace(each, dhcp_options=(
        {"name": name, "value": value},)) for each, (name, value) in zip(ports, OWN_OPTIONS, strict=False))))
    assert written.count("tag:p") == len(OWN_OPTIONS)
    assert checked(tmp_path, dhcp.hosts(segment, "novalocal"), "", written) == ""
    assert checked(tmp_path, "", "", "tag:x,bogus\n") != "", "the control"
    spoiled = "".join(f"fa:16:3e:00:00:01,10.0.0.1,{word}\n" for word in ("id:", "x,y,z,[", "set:"))
    assert checked(tmp_path, spoiled, "") != "", "the control: it would say so"


def port(number, name):
    return Port(port_id=str(uuid.uuid4()), server_id="s", network_id="4f7ce51b-d49e-41a4-b197-0aab00000001", bridge="b",
                tap=f"tap{number}", mac=f"fa:16:3e:00:{number // 256:02x}:{number % 256:02x}", mtu=1500, hostname=name,
                addresses=({"ip": f"10.0.{number // 256}.{number % 256}", "cidr": "10.0.0.0/16", "gateway": "10.0.0.1",
                            "dns": [], "dhcp": True, "subnet_id": str(uuid.uuid4())},))


def checked(directory, hosts, names, options=""):
    """What dnsmasq says against these files once it has read them."""
    for name, text in (("hosts", hosts), ("names", names), ("options", options)):
        (directory / name).write_text(text)
    here, log = Namespace("nlw"), directory / "log"
    log.write_text("")
    try:
        here.run("ip", "addr", "add", "10.0.0.1/16", "dev", "lo")
        here.start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                   f"--pid-file={directory}/pid", "--user=root", f"--log-facility={log}",
                   f"--dhcp-hostsfile={directory}/hosts", f"--addn-hosts={directory}/names",
                   f"--dhcp-optsfile={directory}/options", "--dhcp-range=10.0.0.0,static,255.255.0.0",
                   "--leasefile-ro")
        clouds.until("dnsmasq has read all three", lambda: all(
            f"read {directory}/{name}" in log.read_text() for name in ("hosts", "names", "options")))
        said = [line for line in log.read_text().splitlines()
                if any(word in line for word in ("bad", "error", "illegal", "duplicate"))]
        return "\n".join(said)
    finally:
        here.remove()


@pytest.fixture
def rules_of(monkeypatch):
    """callable(Segment) -> the text that is loaded into nftables for its ports."""
    monkeypatch.setattr(guard.zones, "allot", lambda cloud, ids: (dict.fromkeys(ids, 1024), set()))
    monkeypatch.setattr(guard.conntrack, "of_zones", lambda zones: dict.fromkeys(zones, ()))

    def text(segment):
        loaded = []
        made = guard.Guard("c", loaded.append, lambda call, *args: call(*args), anti_spoofing=True, by_groups=True)
        made.enforce([segment], {segment.network_id: Parts("c", segment.network_id)}, Groups())
        return "".join(loaded)
    return text


def test_nftables_rules_contain_no_text_of_users(rules_of):
    """Names never come into nftables' texts: only addresses, MACs and names made of ids, which are quoted."""
    one = port(2, "drop")
    segment = Segment(one.network_id, (one,))
    options = types.SimpleNamespace(nat=True, anti_spoofing=True, transit_range="169.254.64.0/18", reachable_ranges=[])
    around = Surroundings(own=(), near=(), servers=())
    made = {one.network_id: Parts("c", one.network_id)}
    texts = [firewall.ruleset("c", [segment], made, options, around), rules_of(segment)]
    other = Segment(one.network_id, (Port(**vars(one) | {"hostname": "accept"}),))
    assert texts == [firewall.ruleset("c", [other], made, options, around), rules_of(other)]
    assert '"tap2"' in texts[1]
    for text in [*texts, gateway.ruleset(["10.0.0.1"], ["10.9.0.0/24"], (), options, around)]:
        assert "tap2 " not in text.replace('"tap2"', "")


@pytest.mark.parametrize("folder", ["with blank", "a#b", "a #b", 'quo"te', "back\\slash", "a,b", "a=b"])
def test_a_state_directory_may_have_any_name(make, folder):  # noqa: F811
    assert pwd.getpwnam("dnsmasq"), "the package dnsmasq-base makes it"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as open_to_all:
        os.chmod(open_to_all, 0o755)
        network = str(uuid.uuid4())
        one, two = nic(network, "10.199.0.17"), nic(network, "10.199.0.18")
        host = make.host(state_dir=os.path.join(open_to_all, folder))
        host.ask("plug", server=server(one))
        host.ask("plug", server=server(two))
        assert make.guest(host, two).dhcp()["ip"] == "10.199.0.18"
        directory = os.path.join(host.state_dir, "network", network)
        readable = [each for each in os.listdir(directory) if os.stat(os.path.join(directory, each)).st_mode & 0o004
                    and each not in ("pid",)]
        assert readable == [], "by nobody but root and dnsmasq"
        host.ask("destroy_all")
        shutil.rmtree(host.state_dir)
