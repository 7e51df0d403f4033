"""Routers, floating IPs and port forwardings of a host, tried with packets.  Needs root, and programs as
test_network_host.py does."""

import itertools
import json
import os
import re
import subprocess
import uuid

import pytest

from nova_lite.network.planes.linux import netns, parts
from tests.clouds import until
from tests.live.namespaces import Died, Namespace, server
from tests.live.routers import PUBLIC_GATEWAY, Router, attached, ports_of
from tests.live.talking import serving, talking
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures
from tests.live.test_network_recovery import shape

WORLD = "172.31.7.7"
#: Of the steps at which a service may be killed, one in so many is tried.
STRIDE = 9


@pytest.fixture
def site(make):  # noqa: F811
    """``site(host)`` gives a host an uplink, and returns the world behind it."""
    worlds = []

    def built(host):
        world = Namespace("nlw")
        worlds.append(world)
        host.link(world, "172.26.0.1/24", "172.26.0.2/24", "uplink")
        world.run("ip", "addr", "add", f"{WORLD}/32", "dev", "lo")
        host.run("ip", "route", "add", f"{WORLD}/32", "via", "172.26.0.2")
        return world
    yield built
    for each in worlds:
        each.remove()


def new():
    return str(uuid.uuid4())


def well(answer):
    """Apply's answer has no error."""
    assert all(not error for _, error in answer.values()), answer


def test_guests_get_everything_of_a_router_as_of_their_network_before(make, mode, site):  # noqa: F811
    one, two, public = new(), new(), new()
    host = make.host(mode)
    world = site(host)
    world.serve(80)
    first, second = attached(make, host, *ports_of(one, "10.199.0.17"), *ports_of(two, "10.198.0.17",
                                                                                  cidr="10.198.0.0/24"))
    second.serve(4000)
    assert first.reaches("10.198.0.17", 4000) == set()
    router = Router(host, public).join(one).join(two, "10.198.0.0/24")
    well(router.apply())
    assert host.ask("follows")[0] == sorted([f"network:{one}", f"network:{two}", f"router:{router.id}"])
    for guest, network, ip in ((first, one, "10.199.0.17"), (second, two, "10.198.0.17")):
        guest.run("ip", "addr", "flush", "dev", "eth0")
        lease = guest.dhcp()
        assert (lease["ip"], lease["router"]) == (ip, ip[:-1])
        metadata = json.loads(guest.fetch("http://169.254.169.254/"))
        assert (metadata["network"], metadata["address"]) == (network, ip)
        assert ip in guest.run("busybox", "nslookup", "vm17.novalocal", lease["dns"]).stdout
    assert first.reaches("10.198.0.17", 4000) == {"ping", "tcp", "udp"}
    assert first.asks("tcp", "10.198.0.17", 4000) == "10.199.0.17", "without translation"
    assert first.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    well(router.delete())
    assert len(host.namespaces()) == 2, "their own again"
    until("the guest knows its gateway anew", lambda: first.pings("10.199.0.1"), 10)
    assert first.reaches("10.198.0.17", 4000) == set()
    assert first.reaches(WORLD, 80) == {"ping", "tcp", "udp"} and first.dhcp()["ip"] == "10.199.0.17"
    assert json.loads(first.fetch("http://169.254.169.254/"))["network"] == one
    assert host.ask("strays")[0] == []


def test_a_floating_ip_leads_in_and_out(make, mode, site):  # noqa: F811
    inner, public = new(), new()
    host = make.host(mode)
    world = site(host)
    world.serve(80)
    one, two = attached(make, host, *ports_of(inner, "10.199.0.17", "10.199.0.18"))
    for each in (one, two):
        each.serve(4000)
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    well(router.apply())
    assert host.reaches("172.24.4.20", 4000) == {"ping", "tcp", "udp"}
    assert host.asks("tcp", "172.24.4.20", 4000) == PUBLIC_GATEWAY
    assert one.reaches("172.24.4.20", 4000) == {"ping", "tcp", "udp"}, "its own"
    assert one.asks("tcp", "172.24.4.20", 4000) == "172.24.4.20"
    assert two.reaches("172.24.4.20", 4000) == {"ping", "tcp", "udp"}, "its neighbour's"
    assert two.asks("tcp", "172.24.4.20", 4000) == "172.24.4.10", "under the router's address"
    assert two.asks("tcp", "10.199.0.17", 4000) == "10.199.0.18"
    assert one.reaches(WORLD, 80) == two.reaches(WORLD, 80) == {"ping", "tcp", "udp"}


def test_a_floating_ip_that_moves_leaves_no_connection_behind(make, site):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    world = site(host)
    one, two = attached(make, host, *ports_of(inner, "10.199.0.17", "10.199.0.18"))
    for each in (one, two):
        each.serve(4000)
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    well(router.apply())
    with serving(one, 5000), serving(two, 5000), serving(world, 5000):
        with talking(host, "172.24.4.20", 5000) as before, talking(one, WORLD, 5000) as out:
            assert before("a") == "a" and out("a") == "a"
            well(router.float("172.24.4.20", "10.199.0.17").apply())
            host.ask("heal")
            assert before("b") == "b" and out("b") == "b", "the same again changes nothing"
            well(router.float("172.24.4.20", "10.199.0.18").apply())
            assert before("c") == "" and out("c") == ""
        assert host.asks("tcp", "172.24.4.20", 4000) == PUBLIC_GATEWAY
        assert two.asks("tcp", "172.24.4.20", 4000) == "172.24.4.20", "it is the other's now"
        with talking(host, "172.24.4.20", 5000) as after:
            assert after("a") == "a"
            router.floating.clear()
            well(router.apply())
            assert after("b") == ""
    assert host.reaches("172.24.4.20", 4000) == set()


def test_tenants_of_one_range_do_not_meet_but_by_floating_ips(make):  # noqa: F811
    mine, theirs, public = new(), new(), new()
    host = make.host()
    one, beside, two = attached(make, host, *ports_of(mine, "10.199.0.17", "10.199.0.18"),
                                *ports_of(theirs, "10.199.0.17"))
    for each in (beside, two):
        each.serve(4000)
    well(Router(host, public).join(mine).float("172.24.4.20", "10.199.0.17").apply())
    well(Router(host, public, "172.24.4.11").join(theirs).float("172.24.4.21", "10.199.0.17").apply())
    assert one.reaches("10.199.0.18", 4000) == {"ping", "tcp", "udp"} and two.reaches("10.199.0.18", 4000) == set()
    assert one.reaches("172.24.4.21", 4000) == {"ping", "tcp", "udp"}
    assert one.asks("tcp", "172.24.4.21", 4000) == "172.24.4.20", "under its own floating IP"
    assert beside.asks("tcp", "172.24.4.21", 4000) == "172.24.4.10", "under its router's address"
    two.run("ip", "route", "add", "10.198.0.0/24", "via", "10.199.0.1")
    # A neighbour on the external network that knows a tenant's range does not come in.
    neighbour = Namespace("", parts.Parts(parts.cloud_of(host.state_dir), public).namespace)
    neighbour.run("ip", "route", "add", "10.199.0.0/24", "via", "172.24.4.10")
    assert neighbour.reaches("10.199.0.18", 4000) == set()


def test_ranges_of_ports_are_forwarded(make):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    one, two = attached(make, host, *ports_of(inner, "10.199.0.17", "10.199.0.18"))
    one.serve(22, 8000, 8002, 9001)
    two.serve(4000)
    well(Router(host, public).join(inner).float(
        "172.24.4.20", None, ("tcp", (2222, 2222), "10.199.0.17", (22, 22)),
        ("tcp", (8000, 8002), "10.199.0.17", (8000, 8002)), ("udp", (7000, 7002), "10.199.0.17", (9000, 9002)),
        ("tcp", (3000, 3100), "10.199.0.18", (4000, 4000))).apply())
    answers = host.scan(["172.24.4.20"], (22, 2222, 8000, 8002, 8003, 7000, 7001, 9001, 3000, 3050, 3100, 3101))
    assert {key[::2] for key in answers} == {("ping", 0), *(("tcp", each) for each in (
        2222, 8000, 8002, 3000, 3050, 3100)), ("udp", 7001)}
    assert two.asks("tcp", "172.24.4.20", 2222) == "172.24.4.10"


def test_extra_routes_lead_to_other_routers(make):  # noqa: F811
    near, middle, far = new(), new(), new()
    host = make.host()
    one, two = attached(make, host, *ports_of(near, "10.199.0.17"), *ports_of(far, "10.197.0.17", cidr="10.197.0.0/24"))
    two.serve(4000)
    first = Router(host).join(near).join(middle, "10.198.0.0/24")
    second = Router(host).join(far, "10.197.0.0/24").join(middle, "10.198.0.0/24", "10.198.0.2")
    for each in (first, second):
        well(each.apply())
    assert one.reaches("10.197.0.17", 4000) == set()
    first.body["routes"] = [{"destination": "10.197.0.0/24", "nexthop": "10.198.0.2"}]
    second.body["routes"] = [{"destination": "10.199.0.0/24", "nexthop": "10.198.0.1"}]
    for each in (first, second):
        well(each.apply())
    assert one.reaches("10.197.0.17", 4000) == {"ping", "tcp", "udp"}
    first.body["routes"] = []
    well(first.apply())
    assert one.reaches("10.197.0.17", 4000) == set()


def test_a_router_that_is_down_passes_nothing_and_guests_keep_dhcp_and_metadata(make, site):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    world = site(host)
    one, = attached(make, host, *ports_of(inner, "10.199.0.17"))
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    well(router.apply())
    with serving(world, 5000), talking(one, WORLD, 5000) as out:
        assert out("a") == "a"
        router.body["admin_state_up"] = False
        well(router.apply())
        assert out("b") == ""
    assert not one.pings(WORLD) and not host.pings("172.24.4.20") and not one.pings("10.199.0.1")
    assert one.dhcp()["ip"] == "10.199.0.17" and one.fetch("http://169.254.169.254/")
    router.body |= {"admin_state_up": True, "snat": False}
    well(router.apply())
    assert one.pings(WORLD), "by its floating IP, without the router's address"


def test_an_interface_that_is_off_passes_nothing_and_others_do(make, site):  # noqa: F811
    inner, far, public = new(), new(), new()
    host = make.host()
    world = site(host)
    world.serve(80)
    one, two = attached(make, host, *ports_of(inner, "10.199.0.17"),
                        *ports_of(far, "10.198.0.17", cidr="10.198.0.0/24"))
    two.serve(4000)
    router = Router(host, public).join(inner).join(far, "10.198.0.0/24").float("172.24.4.20", "10.199.0.17")
    well(router.apply())
    with serving(world, 5000), talking(one, WORLD, 5000) as out:
        assert out("a") == "a" and one.reaches("10.198.0.17", 4000)
        router.body["interfaces"][0]["admin_state_up"] = False
        well(router.apply())
        assert out("b") == ""
        assert not one.pings(WORLD) and not one.pings("10.199.0.1") and not host.pings("172.24.4.20")
        assert one.reaches("10.198.0.17", 4000) == set() and not two.pings("10.199.0.17")
        assert two.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
        assert one.dhcp()["ip"] == "10.199.0.17" and one.fetch("http://169.254.169.254/")
        router.body["interfaces"][0]["admin_state_up"] = True
        well(router.apply())
    assert one.reaches("10.198.0.17", 4000) == {"ping", "tcp", "udp"} and host.pings("172.24.4.20")


def test_guests_of_a_router_reach_nothing_of_the_host_or_its_networks(make, site):  # noqa: F811
    inner, public = new(), new()
    host = make.host(protected_ranges=["172.31.8.0/24"], reachable_ranges=["172.26.0.2/32"])
    world = site(host)
    world.run("ip", "addr", "add", "172.31.8.1/32", "dev", "lo")
    world.run("ip", "addr", "add", "172.26.0.3/32", "dev", "lo")
    host.run("ip", "route", "add", "172.31.8.1/32", "via", "172.26.0.2")
    host.run("ip", "addr", "add", "10.77.0.1/16", "dev", "lo")
    for each in (host, world):
        each.serve(22, 53, 5672)
    one, = attached(make, host, *ports_of(inner, "10.199.0.17"))
    router = Router(host, public).join(inner)
    well(router.apply())
    inside = [Namespace("", parts.Parts(parts.cloud_of(host.state_dir), each).namespace)
              for each in (router.id, public)]
    try:
        for each in inside:
            each.serve(22, 8080)
        addresses = ["172.26.0.1", "10.77.0.1", *host.transit(router.id), *host.transit(public), "172.26.0.3",
                     "172.31.8.1"]
        assert world.reaches("172.26.0.1", 22), "the control"
        for _ in ("translated by the router", "by a floating IP"):
            assert one.scan(addresses, (22, 53, 5672, 8080)) == {}
            assert one.reaches("172.26.0.2", 22) == {"ping", "tcp", "udp"}, "it is excepted"
            assert {key[:2] for key in one.scan(["10.199.0.1", "172.24.4.10", PUBLIC_GATEWAY], (22, 8080))} == {
                ("ping", each) for each in ("10.199.0.1", "172.24.4.10", PUBLIC_GATEWAY)}
            assert one.scan(["169.254.169.254"], (22, 8080)) == {}
            well(router.float("172.24.4.20", "10.199.0.17").apply())
    finally:
        for each in inside:
            each.remove()


def test_a_restart_keeps_connections_and_loses_no_packet(make, mode, site):  # noqa: F811
    inner, public = new(), new()
    host = make.host(mode)
    world = site(host)
    one, = attached(make, host, *ports_of(inner, "10.199.0.17"))
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    well(router.apply())
    with serving(one, 5000), serving(world, 5000), talking(host, "172.24.4.20", 5000) as into, \
            talking(one, WORLD, 5000) as out:
        assert into("a") == "a" and out("a") == "a"
        pinging = [subprocess.Popen(["nsenter", f"--net=/run/netns/{who.name}", "ping", "-i", "0.01", "-w", "6", "-q",
                                     address], stdout=subprocess.PIPE, text=True)
                   for who, address in ((one, WORLD), (one, "10.199.0.1"), (host, "172.24.4.20"))]
        host.kill()
        host.start()
        host.ask("restore")
        assert host.ask("follows")[0] == sorted([f"network:{inner}", f"router:{router.id}"]), "without a conductor"
        well(router.apply())
        host.ask("heal")
        for each in pinging:
            said = each.communicate()[0]
            sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", said).groups())
            assert sent > 100 and sent - received <= 1, said
        assert into("b") == "b" and out("b") == "b"
    assert one.dhcp()["ip"] == "10.199.0.17" and one.fetch("http://169.254.169.254/")


def test_what_others_broke_is_healed_and_what_nobody_needs_is_removed(make, site):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    world = site(host)
    world.serve(80)
    one, = attached(make, host, *ports_of(inner, "10.199.0.17"))
    one.serve(4000)
    router = Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17")
    well(router.apply())

    def whole():
        return (host.reaches("172.24.4.20", 4000) == one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
                and one.dhcp() is not None and one.fetch("http://169.254.169.254/") is not None)
    assert whole()
    inside = Namespace("", parts.Parts(parts.cloud_of(host.state_dir), router.id).namespace)
    leg, _ = parts.leg(router.body["interfaces"][0]["port_id"])
    outer, _ = parts.leg(router.body["gateway"]["port_id"])
    for damage in (lambda: inside.run("nft", "flush", "ruleset"), lambda: host.run("ip", "link", "del", leg),
                   lambda: host.run("ip", "link", "set", outer, "nomaster"),
                   lambda: inside.run("ip", "addr", "flush", "dev", "out"),
                   lambda: netns.remove(inside.name), host.kill_dnsmasqs):
        damage()
        host.ask("heal")
        until("it is whole again", whole, 10)
    host.kill()
    for name in os.listdir(os.path.join(host.state_dir, "network")):
        if name.startswith("router-"):
            os.unlink(os.path.join(host.state_dir, "network", name))
    host.start()
    assert host.ask("strays")[0] == sorted([router.id, public])
    host.ask("heal")
    assert host.ask("strays")[0] == [] and host.namespaces() == [
        parts.Parts(parts.cloud_of(host.state_dir), inner).namespace]
    until("its own network serves it", lambda: one.reaches(WORLD, 80) and one.dhcp(), 10)
    well(router.apply())
    until("it is whole again", whole, 10)
    host.ask("destroy_all")
    assert (host.namespaces(), host.bridges(), host.links(), host.dnsmasqs()) == ([], [], [], [])
    assert "nova_lite" not in host.rules() and os.listdir(os.path.join(host.state_dir, "network")) == []


def test_nothing_is_left_of_a_router_whose_last_guest_left(make):  # noqa: F811
    inner, far, public = new(), new(), new()
    host = make.host()
    its, = ports_of(inner, "10.199.0.17")
    owner = server(its)
    host.ask("plug", server=owner)
    router = Router(host, public).join(inner).join(far, "10.198.0.0/24")
    well(router.apply())
    assert len(host.bridges()) == 3 and len(host.namespaces()) == 2
    host.ask("unplug", server=owner)
    assert (host.namespaces(), host.bridges(), host.links(), host.dnsmasqs()) == ([], [], [], [])
    assert "nova_lite" not in host.rules()
    host.ask("plug", server=owner)
    assert len(host.bridges()) == 3 and len(host.namespaces()) == 2, "what it is like is known still"


def test_two_gateways_of_a_network_serve_each_their_own_subnet(make):  # noqa: F811
    """One subnet's gateway is a router's, the other's is nobody's; both are on one bridge."""
    network = new()
    host = make.host()
    one, two = attached(make, host, *ports_of(network, "10.199.0.17"),
                        *ports_of(network, "10.198.0.17", cidr="10.198.0.0/24"))
    well(Router(host).join(network).apply())
    assert len(host.namespaces()) == 2 and len(host.dnsmasqs()) == 2
    for _ in range(3):
        for guest, ip in ((one, "10.199.0.17"), (two, "10.198.0.17")):
            guest.run("ip", "addr", "flush", "dev", "eth0")
            lease = guest.dhcp()
            assert (lease["ip"], lease["router"]) == (ip, ip[:-1])
            assert json.loads(guest.fetch("http://169.254.169.254/"))["address"] == ip


@pytest.mark.parametrize("first", [1, 5])
def test_the_next_start_completes_or_removes_the_router_of_a_service_killed_at_any_step(make, first):  # noqa: F811
    inner, far, public = new(), new(), new()
    host = make.host()
    mine = server(*ports_of(inner, "10.199.0.17"))
    host.ask("plug", server=mine)
    router = Router(host, public).join(inner).join(far, "10.198.0.0/24").float("172.24.4.20", "10.199.0.17")
    without = made(host)
    well(router.apply())
    whole = made(host)
    assert (len(whole["links"]), len(whole["namespaces"]), len(whole["bridges"])) == (6, 2, 3)
    well(router.delete())
    assert made(host) == without
    steps = 0
    for step in itertools.count(first, STRIDE):
        coming = killed(host, step, router.apply)
        if coming:
            well(router.apply())
        assert made(host) == whole, f"killed at change {step} while the router came"
        host.kill()
        host.start()
        host.ask("restore")
        going = killed(host, step, router.delete)
        if going:
            well(router.delete())
        assert made(host) == without, f"killed at change {step} while it went"
        if not coming and not going:
            break
        host.kill()
        host.start()
        host.ask("restore")
        steps += coming + going
    assert steps > 40 / STRIDE, "it was killed at that many steps"


def killed(host, step, call):
    """Whether the host's process was killed at that step of a call; it is started again."""
    host.ask("die_at", step=step)
    try:
        call()
    except Died:
        host.kill()
        host.start()
        host.ask("restore")
        return True
    return False


def made(host):
    """As test_network_recovery.shape, with the links of routers."""
    return shape(host) | {"links": sorted(each for each in host.devices() if each.startswith(
        (parts.PORTS, parts.LINKS, parts.LEGS)))}


def test_a_reboot_brings_the_router_back_without_a_conductor(make, site):  # noqa: F811
    inner, public = new(), new()
    host = make.host()
    world = site(host)
    world.serve(80)
    one, = attached(make, host, *ports_of(inner, "10.199.0.17"))
    one.serve(4000)
    well(Router(host, public).join(inner).float("172.24.4.20", "10.199.0.17").apply())
    host.kill()
    for name in host.namespaces():
        netns.remove(name)
    for pid in host.dnsmasqs():
        os.kill(pid, 9)
    for name in (*host.links(), *host.bridges()):
        host.run("ip", "link", "del", name, check=False)
    host.run("nft", "flush", "ruleset")
    assert made(host)["links"] == []
    host.start()
    host.ask("restore")
    tap = "tap" + one.nic["port_id"][:11]
    host.run("ip", "link", "set", tap, "master", f"nlb{inner[:11]}", "up")      # as the hypervisor does it
    until("it is as it was", lambda: host.reaches("172.24.4.20", 4000) == {"ping", "tcp", "udp"}, 10)
    assert one.dhcp()["ip"] == "10.199.0.17" and one.reaches(WORLD, 80) == {"ping", "tcp", "udp"}
    assert json.loads(one.fetch("http://169.254.169.254/"))["network"] == inner
