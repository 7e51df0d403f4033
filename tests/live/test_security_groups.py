"""Security groups on real bridges and nftables, checked by packets between guests that are namespaces.  Needs root, and
the programs of test_network_host.
"""

import uuid

import pytest

from nova_lite.network.planes.linux import conntrack
from tests.live import frames
from tests.live.namespaces import nic, server
from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures

OUT = [{"direction": "egress", "ethertype": each} for each in ("IPv4", "IPv6")]
PING = {"direction": "ingress", "protocol": "icmp"}


def tcp(port, **more):
    return {"direction": "ingress", "protocol": "tcp", "port_min": port, "port_max": port, **more}


def udp(port, **more):
    return {**tcp(port, **more), "protocol": "udp"}


class Site:
    """A host, with its guests by name; each guest has one security group of its own name unless said otherwise.

    :ivar ids: {name of a security group: its id}
    """

    def __init__(self, make, **options):  # noqa: F811
        self._make = make
        self.host = make.host(**options)
        self.ids = {}
        self.guests = {}

    def id(self, group):
        return self.ids.setdefault(group, str(uuid.uuid4()))

    def plug(self, name, network, ip, groups=None, secured=True, more_addresses=(), **more):
        """A guest with its address and TCP and UDP servers at 22 and 80.  :param more: of its NIC."""
        groups = [name] if groups is None else groups
        its_nic = nic(network, ip, security_groups=[self.id(each) for each in groups],
                      port_security_enabled=secured, **more)
        its_nic["addresses"] += more_addresses
        owner = server(its_nic)
        self.host.ask("plug", server=owner)
        guest = self._make.guest(self.host, its_nic)
        guest.owner, guest.ip = owner, ip
        guest.address(f"{ip}/24", "10.199.0.1")
        guest.serve(22, 80)
        self.guests[name] = guest
        return guest

    def groups(self, *scopes):
        answers, seconds = self.host.ask("groups", scopes=list(scopes))
        assert not [error for _, error in answers.values() if error], answers
        return seconds

    def rules(self, group, *rules, **more):
        """The group has these rules."""
        return self.groups({"scope": f"group:{self.id(group)}", "rules": list(rules), **more})

    def regroup(self, guest, *groups):
        """The guest's port has these groups."""
        self.change(guest, security_groups=[self.id(each) for each in groups])

    def change(self, guest, **values):
        """The guest's port is changed."""
        its_nic = guest.nic
        its_nic["revision"] = its_nic.get("revision", 0) + 1
        its_nic |= values
        answers, _ = self.host.ask("apply", scopes=[{
            "scope": "host:here", "revision": 1, "whole": False, "servers": [guest.owner]}])
        assert answers == {"host:here": [1, ""]}

    def connections(self, text):
        """Lines of the kernel's table of connections with this text, but of those that were ended."""
        lines = self.host.run("cat", "/proc/net/nf_conntrack").stdout.splitlines()
        return [each for each in lines if text in each and f"mark={conntrack.ENDED} " not in each]


@pytest.fixture
def site(make):  # noqa: F811
    return Site(make)


@pytest.fixture
def net():
    return str(uuid.uuid4())


@pytest.fixture
def pair(site, net):
    """Guests "a" and "b", which may send and receive nothing."""
    return site.plug("a", net, "10.199.0.11"), site.plug("b", net, "10.199.0.12")


def test_nothing_comes_in_by_default_and_a_rule_opens_what_it_says(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT)
    assert one.reaches(two.ip, 80) == set()
    assert one.reaches("10.199.0.1", 1) == {"ping"}, "the gateway is no guest"
    assert one.fetch("http://169.254.169.254/"), "answers to what it asked come in"
    site.rules("b", *OUT, tcp(80))
    assert one.reaches(two.ip, 80) == {"tcp"} and one.reaches(two.ip, 22) == set()
    site.rules("b", *OUT, tcp(80), udp(22), PING)
    assert one.reaches(two.ip, 80) == {"tcp", "ping"} and one.reaches(two.ip, 22) == {"udp", "ping"}
    site.rules("b", *OUT)
    assert one.reaches(two.ip, 80) == set()


def test_without_a_rule_nothing_goes_out_but_dhcp_works(site, net):
    one = site.plug("a", net, "10.199.0.11")
    one.run("ip", "addr", "flush", "dev", "eth0")
    assert one.dhcp()["ip"] == "10.199.0.11"
    assert not one.pings("10.199.0.1")
    site.rules("a", {"direction": "egress", "protocol": "icmp"})
    assert one.pings("10.199.0.1") and one.fetch("http://169.254.169.254/") is None


def test_a_removed_rule_cuts_its_connections_and_no_others(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, tcp(81), tcp(82))
    for port in (81, 82):
        two.echo(port)
    cut, stays = one.hold(two.ip, 81), one.hold(two.ip, 82)
    assert cut.works() and stays.works() and len(site.connections("dport=81 ")) == 1
    site.rules("b", *OUT, tcp(82))
    assert not site.connections("dport=81 ") and len(site.connections("dport=82 ")) == 1
    assert not cut.works() and stays.works()
    site.rules("b", *OUT, tcp(81), tcp(82))
    assert one.reaches(two.ip, 81) and stays.works()


def test_a_cut_connection_does_not_begin_anew_by_what_the_guest_sends_again(site, pair):
    """Its packets may leave, for it may begin connections, and answers to what it began may come."""
    one, two = pair
    site.rules("a", *OUT, {"direction": "ingress", "protocol": "tcp"})
    site.rules("b", *OUT, tcp(81))
    two.echo(81)
    held, seen = one.hold(two.ip, 81), one.frames()
    assert held.works()
    last = [each for each in seen.received() if each[12:14] == b"\x08\x00" and each[23] == 6
            and each[6:12] == bytes.fromhex(two.nic["mac"].replace(":", ""))][-1]
    site.rules("b", *OUT)
    two.frames().send(frames.tcp4_again(last))
    assert not held.works()
    site.rules("b", *OUT, tcp(81))
    assert one.reaches(two.ip, 81) and not held.works()


def test_a_guest_that_only_receives_keeps_its_connection_when_rules_change(site, pair):
    """Where all of a port's connections were removed, packets to it would look like new ones from outside."""
    one, two = pair
    site.rules("a", *OUT, tcp(22))
    site.rules("b", *OUT, tcp(81))
    two.echo(81)
    held = one.hold(two.ip, 81)
    assert held.works()
    before = site.connections("dport=81 ")
    site.rules("a", *OUT)
    assert [each.split("src=")[1] for each in site.connections("dport=81 ")] == [
        each.split("src=")[1] for each in before] and held.works()


def test_a_removed_egress_rule_cuts_what_goes_out(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, tcp(81))
    two.echo(81)
    held = one.hold(two.ip, 81)
    assert held.works()
    site.rules("a", {"direction": "egress", "protocol": "udp"})
    assert not held.works() and not site.connections("dport=81 ")


def test_a_port_that_loses_a_group_loses_what_that_let_in(site, net):
    one = site.plug("a", net, "10.199.0.11")
    two = site.plug("b", net, "10.199.0.12", groups=["plain", "web"])
    site.rules("a", *OUT)
    site.rules("plain", *OUT, tcp(22))
    site.rules("web", tcp(80), tcp(81))
    two.echo(81)
    held = one.hold(two.ip, 81)
    assert held.works() and one.reaches(two.ip, 80) and one.reaches(two.ip, 22), "groups add up"
    site.regroup(two, "plain")
    assert not held.works() and not one.reaches(two.ip, 80) and one.reaches(two.ip, 22)
    site.regroup(two, "plain", "web")
    assert one.reaches(two.ip, 80)


def test_members_of_a_remote_group_come_in_and_others_do_not(site, net):
    guests = {name: site.plug(name, net, f"10.199.0.{last}") for name, last in (("a", 11), ("b", 12), ("c", 13))}
    for name in ("a", "c"):
        site.rules(name, *OUT)
    site.rules("b", *OUT, tcp(80, remote_group=site.id("a")), tcp(81, remote_group=site.id("a")))
    first, target, third = (guests[each] for each in ("a", "b", "c"))
    assert not first.reaches(target.ip, 80), "its members are not known yet"
    scope = f"group:{site.id('a')}"
    site.groups({"scope": scope, "members": {first.nic["port_id"]: [first.ip]}})
    assert first.reaches(target.ip, 80) == {"tcp"} and not third.reaches(target.ip, 80)
    site.groups({"scope": scope, "members": {third.nic["port_id"]: [third.ip]}})
    assert third.reaches(target.ip, 80) == {"tcp"}
    target.echo(81)
    held = third.hold(target.ip, 81)
    assert held.works()
    site.groups({"scope": scope, "gone": [third.nic["port_id"]]})
    assert not third.reaches(target.ip, 80) and not held.works() and first.reaches(target.ip, 80)
    site.groups({"scope": scope, "members": {first.nic["port_id"]: ["10.199.0.8/29"]}})
    assert third.reaches(target.ip, 80), "an allowed pair of a member may be a range"


def test_remote_prefixes_and_address_groups(site, net):
    one, two = site.plug("a", net, "10.199.0.11"), site.plug("b", net, "10.199.0.99")
    target = site.plug("c", net, "10.199.0.12")
    for name in ("a", "b"):
        site.rules(name, *OUT)
    site.rules("c", *OUT, tcp(80, remote_prefix="10.199.0.11/27"), tcp(22, remote_addresses=site.id("known")))
    assert one.reaches(target.ip, 80) and not two.reaches(target.ip, 80) and not two.reaches(target.ip, 22)
    scope = {"scope": f"address_group:{site.id('known')}", "addresses": ["10.199.0.96/28", "10.199.0.99/32"]}
    site.groups(scope)
    assert two.reaches(target.ip, 22) == {"tcp"} and not one.reaches(target.ip, 22)
    site.groups(scope | {"addresses": ["10.199.0.11/32"]})
    assert not two.reaches(target.ip, 22) and one.reaches(target.ip, 22)


def test_tenants_with_the_same_addresses_do_not_meet(site):
    sides = []
    for number in range(2):
        network = str(uuid.uuid4())
        sides.append([site.plug(f"{name}{number}", network, ip)
                      for name, ip in (("client", "10.199.0.11"), ("server", "10.199.0.12"))])
        site.rules(f"client{number}", *OUT)
    site.rules("server0", *OUT, tcp(81))
    site.rules("server1", *OUT)
    for _, target in sides:
        target.echo(81)
    held = sides[0][0].hold("10.199.0.12", 81)
    assert held.works() and not sides[1][0].reaches("10.199.0.12", 81), "the same tuple is not established there"
    site.rules("server1", *OUT, tcp(81))
    other = sides[1][0].hold("10.199.0.12", 81)
    assert other.works() and len({each.split("zone=")[1].split()[0] for each in site.connections("dport=81 ")}) == 2
    site.rules("server1", *OUT)
    assert held.works() and not other.works()


def test_icmp_by_type_and_code(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, {**PING, "port_min": 13})
    assert not one.pings(two.ip)
    site.rules("b", *OUT, {**PING, "port_min": 8, "port_max": 0})
    assert one.pings(two.ip)
    assert one.run("busybox", "ping", "-c", "1", "-W", "1", "-s", "5000", two.ip).returncode == 0, "in fragments too"
    site.rules("b", *OUT, {**PING, "port_min": 8, "port_max": 1})
    assert not one.pings(two.ip)
    site.rules("b", *OUT, {"direction": "ingress", "protocol": "1"})
    assert one.pings(two.ip)


def test_stateless_groups_need_rules_for_replies_and_follow_no_connection(site, pair):
    one, two = pair
    site.rules("a", *OUT, stateful=False)
    site.rules("b", *OUT, tcp(80), stateful=False)
    assert one.reaches(two.ip, 80) == set(), "no rule lets the replies in"
    assert one.fetch("http://169.254.169.254/"), "but metadata answers"
    site.rules("a", *OUT, {"direction": "ingress", "protocol": "tcp", "remote_prefix": f"{two.ip}/32"}, stateful=False)
    assert one.reaches(two.ip, 80) == {"tcp"} and not site.connections("dport=80 ")
    site.rules("b", *OUT, tcp(80), stateful=True)
    assert one.reaches(two.ip, 80) == {"tcp"} and site.connections("dport=80 "), "one end's is followed"


def test_a_port_without_port_security_is_not_checked(site, net):
    free, other = site.plug("free", net, "10.199.0.11", secured=False), site.plug("b", net, "10.199.0.12")
    site.rules("b", *OUT)
    assert other.reaches(free.ip, 80) == {"tcp", "udp", "ping"}
    assert free.reaches(other.ip, 80) == set(), "the other's rules hold for it"
    free.address("10.199.0.77/24", "10.199.0.1")
    assert free.pings("10.199.0.1"), "it may have any address"


def test_a_port_whose_groups_are_not_known_works_as_before(site, net):
    """Its guest started under a release that did not know them."""
    old = nic(net, "10.199.0.11")
    site.host.ask("plug", server=server(old))
    guest = site._make.guest(site.host, old)
    assert guest.dhcp() and guest.pings("10.199.0.1")
    other = site.plug("b", net, "10.199.0.12")
    site.rules("b", *OUT)
    assert other.pings("10.199.0.11") and not guest.pings(other.ip)


def test_a_restart_and_a_loss_of_all_rules_keep_open_connections(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, tcp(81))
    two.echo(81)
    held = one.hold(two.ip, 81)
    assert held.works()
    site.host.kill()
    assert held.works() and one.reaches(two.ip, 80) == set()
    site.host.start().ask("restore")
    assert held.works() and one.reaches(two.ip, 80) == set() and one.reaches(two.ip, 81)
    site.host.run("nft", "flush", "ruleset")
    assert one.reaches(two.ip, 80), "the control: without rules everything passes"
    site.host.ask("heal")
    assert held.works() and one.reaches(two.ip, 80) == set() and one.reaches(two.ip, 81)


def test_without_br_netfilter_nothing_passes(site, pair):
    """Another program may switch it off; rules that are not asked must not mean that all is allowed."""
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, PING)
    assert one.pings(two.ip)
    bridge, = site.host.bridges()
    site.host.run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0")
    assert one.pings(two.ip), "that is for other bridges: this one has it by itself"
    site.host.run("ip", "link", "set", bridge, "type", "bridge", "nf_call_iptables", "0")
    assert not one.pings(two.ip)
    site.host.ask("heal")
    assert one.pings(two.ip)


def test_a_host_whose_forward_policy_is_drop_needs_what_doctor_prints(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, PING)
    site.host.run("iptables", "-P", "FORWARD", "DROP")
    assert not one.pings(two.ip), "the control"
    for command in site.host.doctor():
        site.host.run(*command.split())
    assert one.pings(two.ip) and not two.pings(one.ip)


def test_translation_of_addresses_by_others_does_not_reach_guests(site, pair):
    """As Docker's, whose ranges a tenant may use, and its published ports."""
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, tcp(80))
    site.host.run("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.199.0.0/24", "!", "-o", "docker0", "-j",
                  "MASQUERADE")
    site.host.run("iptables", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "80", "-j", "DNAT", "--to",
                  "10.199.0.1:81")
    assert one.asks("tcp", two.ip, 80) == one.ip


def test_what_is_left_of_a_mark_is_nothing(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, PING)
    site.host.run("iptables", "-t", "mangle", "-A", "FORWARD", "-m", "mark", "!", "--mark", "0")
    site.host.run("iptables", "-t", "mangle", "-A", "POSTROUTING", "-m", "mark", "!", "--mark", "0")
    site.host.run("iptables", "-t", "mangle", "-A", "PREROUTING", "-m", "mark", "!", "--mark", "0")
    assert one.pings(two.ip)
    for chain in ("FORWARD", "POSTROUTING", "PREROUTING"):
        counts = site.host.run("iptables", "-t", "mangle", "-nvxL", chain).stdout.splitlines()[2].split()
        assert counts[0] == "0", chain


def test_nothing_is_left_when_the_last_port_goes(site, pair):
    one, two = pair
    site.rules("a", *OUT)
    site.rules("b", *OUT, tcp(81))
    two.echo(81)
    assert one.hold(two.ip, 81).works()
    for guest in pair:
        site.host.ask("unplug", server=guest.owner)
    assert "nova_lite" not in site.host.rules() and not site.connections("dport=81 ")


# ---- how much is rewritten

def test_a_member_more_is_one_element_and_a_rule_more_rewrites_its_group_alone(site, pair):
    site.rules("a", *OUT)
    site.rules("b", *OUT, tcp(80, remote_group=site.id("many")))
    scope = f"group:{site.id('many')}"
    site.groups({"scope": scope, "members": {
        str(uuid.uuid4()): [f"10.{1 + number // 250}.0.{number % 250}"] for number in range(1000)}})
    site.host.ask("loaded")
    site.groups({"scope": scope, "members": {pair[0].nic["port_id"]: [pair[0].ip]}})
    text, = site.host.ask("loaded")[0]
    assert len(text.splitlines()) == 1 and text.endswith(f"{{ {pair[0].ip} }}\n") and "add element" in text
    assert pair[0].reaches(pair[1].ip, 80)
    site.rules("a", *OUT, tcp(22))
    text, = site.host.ask("loaded")[0]
    chain = f"in_{site.id('a').replace('-', '')}"
    assert {line.split()[4] for line in text.splitlines()} == {chain}
    site.plug("c", pair[0].nic["network_id"], "10.199.0.13", groups=["a"])
    texts, _ = site.host.ask("loaded")
    assert all(line.startswith("add element") for line in "".join(texts).splitlines()), texts
