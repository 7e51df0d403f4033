"""What a host should have, on real bridges, dnsmasq and nftables: changes reach guests that run, and all comes back
without a conductor.  Needs root, and the programs of test_network_host.
"""

import os
import uuid

import pytest

from tests.live.namespaces import nic, server
from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures

CIDR = "10.199.0.0/24"


def network(network_id, revision, **subnet):
    """A network's body as JSON, its subnet changed."""
    values = {"cidr": CIDR, "gateway": "10.199.0.1", "dns": [], "dhcp": True, "host_access": False}
    return {"id": network_id, "revision": revision, "mtu": subnet.pop("mtu", 1450), "subnets": [{**values, **subnet}]}


@pytest.fixture
def mine():
    return nic(str(uuid.uuid4()), "10.199.0.17")


def test_a_changed_subnet_reaches_dhcp_of_a_running_guest(make, mine):  # noqa: F811
    host = make.host()
    _, first = host.ask("plug", server=server(mine))
    guest = make.guest(host, mine)
    assert guest.dhcp()["dns"] == "10.199.0.1"
    errors, seconds = host.ask("network", network=network(mine["network_id"], 2, dns=["9.9.9.9"], mtu=1400))
    assert errors == {} and seconds < 2 + first
    lease = guest.dhcp()
    assert (lease["dns"], lease["mtu"], lease["ip"]) == ("9.9.9.9", "1400", "10.199.0.17")


def test_a_port_has_dhcp_options_of_its_own(make, mine):  # noqa: F811
    own = [{"name": name, "value": value} for name, value in (("dns-server", "9.9.9.9,8.8.8.8"), ("26", "1280"))]
    other = nic(mine["network_id"], "10.199.0.18")
    host = make.host()
    host.ask("plug", server=server({**mine, "dhcp_options": own}))
    host.ask("plug", server=server(other, hostname="other"))
    guest = make.guest(host, mine)
    lease = guest.dhcp()
    assert (lease["ip"], lease["dns"], lease["mtu"], lease["router"]) == (
        "10.199.0.17", "9.9.9.9 8.8.8.8", "1280", "10.199.0.1")
    lease = make.guest(host, other).dhcp()
    assert (lease["dns"], lease["mtu"]) == ("10.199.0.1", "1450")
    host.ask("sync", servers=[server({**mine, "revision": 2}), server(other, hostname="other")])
    lease = guest.dhcp()
    assert (lease["dns"], lease["mtu"]) == ("10.199.0.1", "1450")
    host.ask("sync", servers=[server({**mine, "revision": 3, "dhcp_options": own}), server(other, hostname="other")])
    assert guest.dhcp()["mtu"] == "1280"


def test_dhcp_outlives_a_change_where_guests_of_several_projects_have_addresses(make, mine):  # noqa: F811
    """dnsmasq 2.90 would end by a fault if it were to read its hosts file anew."""
    others = [nic(mine["network_id"], f"10.199.0.{number}") for number in (18, 19)]
    host = make.host()
    host.ask("plug", server=server(mine))
    host.ask("plug", server=server(others[0], project="q"))
    guest = make.guest(host, mine)
    assert guest.dhcp()["ip"] == "10.199.0.17"
    host.ask("plug", server=server(others[1], project="r"))
    assert guest.dhcp()["ip"] == "10.199.0.17" and make.guest(host, others[1]).dhcp()["ip"] == "10.199.0.19"


def test_a_changed_gateway_answers_and_the_old_one_does_not(make, mine):  # noqa: F811
    host = make.host()
    host.ask("plug", server=server(mine))
    guest = make.guest(host, mine)
    guest.dhcp()
    assert guest.pings("10.199.0.1")
    host.ask("network", network=network(mine["network_id"], 2, gateway="10.199.0.254"))
    assert guest.pings("10.199.0.254") and not guest.pings("10.199.0.1")
    assert guest.dhcp()["router"] == "10.199.0.254"


def test_dhcp_that_is_switched_off_answers_no_more_and_rules_stay(make, mine):  # noqa: F811
    host = make.host()
    host.ask("plug", server=server(mine))
    guest = make.guest(host, mine)
    guest.address("10.199.0.18/24", "10.199.0.1")
    assert not guest.pings("10.199.0.1"), "it lies"
    host.ask("network", network=network(mine["network_id"], 2, dhcp=False))
    assert guest.dhcp() is None
    assert not guest.pings("10.199.0.1"), "it still lies"
    guest.address("10.199.0.17/24", "10.199.0.1")
    assert guest.pings("10.199.0.1")


def test_a_network_without_a_gateway_any_more_leads_nowhere(make, mine):  # noqa: F811
    host = make.host()
    host.ask("plug", server=server(mine))
    guest = make.guest(host, mine)
    guest.dhcp()
    host.ask("network", network=network(mine["network_id"], 2, gateway=None, dhcp=False))
    assert not guest.pings("10.199.0.1") and not host.namespaces() and not host.dnsmasqs()
    assert len(host.bridges()) == 1, "guests still meet"
    host.ask("network", network=network(mine["network_id"], 3))
    assert guest.pings("10.199.0.1") and guest.dhcp()["ip"] == "10.199.0.17"


def test_an_older_change_that_comes_late_has_no_effect(make, mine):  # noqa: F811
    host = make.host()
    host.ask("plug", server=server(mine))
    guest = make.guest(host, mine)
    host.ask("network", network=network(mine["network_id"], 3, dns=["9.9.9.9"]))
    host.ask("network", network=network(mine["network_id"], 2, dns=["8.8.8.8"]))
    host.ask("plug", server=server(mine))           # a task whose lease is older than both
    assert guest.dhcp()["dns"] == "9.9.9.9"


def test_a_rebooted_host_without_a_conductor_restores_the_last_state_in_force(make, mine):  # noqa: F811
    host = make.host()
    host.ask("plug", server=server(mine))
    host.ask("network", network=network(mine["network_id"], 2, dns=["9.9.9.9"]))
    bridge, = host.bridges()
    host.kill()
    for pid in host.dnsmasqs():
        os.kill(pid, 9)
    host.run("ip", "link", "del", bridge)
    host.run("nft", "flush", "ruleset")
    host.start()
    host.ask("restore")
    guest = make.guest(host, mine)
    assert guest.dhcp()["dns"] == "9.9.9.9"
    guest.address("10.199.0.18/24", "10.199.0.1")
    assert not guest.pings("10.199.0.1"), "nor may it lie"


def test_a_network_that_cannot_be_applied_is_reported_until_it_can(make):  # noqa: F811
    taken = nic(str(uuid.uuid4()), "10.199.0.17", access=True)
    host = make.host(host_access_ranges=["10.199.0.0/16"])
    host.ask("plug", server=server(nic(taken["network_id"], "10.199.0.18")))
    host.run("ip", "link", "add", "other", "type", "bridge")
    host.run("ip", "addr", "add", "10.199.0.99/25", "dev", "other")
    host.run("ip", "link", "set", "other", "up")
    wanted = network(taken["network_id"], 2, host_access=True)
    errors, _ = host.ask("network", network=wanted)
    assert "10.199.0.0/25" in errors[f"network:{taken['network_id']}"]
    host.run("ip", "link", "del", "other")
    host.ask("heal")
    assert host.ask("network", network=wanted)[0] == {}
