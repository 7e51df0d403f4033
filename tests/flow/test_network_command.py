"""``nova-lite network`` beside a running cloud: what a person sees of a port's way to the world, and of a packet's."""

import json
import os
import subprocess
import sys

import pytest

from tests import clouds

NETWORK = "/network/v2.0"


def command(cloud, action, *wanted):
    return subprocess.run(
        [sys.executable, "-m", "nova_lite.cmd.nova_lite", "network", action, "--state-dir", cloud.state_dir,
         "--config-file", os.path.join(cloud.directory, "test.conf"), *wanted],
        cwd=clouds.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})


def show(cloud, *wanted):
    return command(cloud, "show", *wanted)


def trace(cloud, *wanted):
    """(whether the packet arrives, [what happens to it])"""
    done = command(cloud, "trace", "--json", *wanted)
    assert done.returncode in (0, 1), done.stderr
    made = json.loads(done.stdout)
    assert made["arrives"] == (done.returncode == 0)
    return made["arrives"], made["steps"]


def lines(cloud, wanted):
    done = show(cloud, wanted)
    assert done.returncode == 0, done.stderr
    return [line.lstrip("│├└─ ") for line in done.stdout.splitlines()]


def new(cloud, kind, *, user="demo", path=None, **fields):
    answer = cloud.post(f"{NETWORK}/{path or kind.replace('_', '-') + 's'}", {kind: fields}, user=user)
    assert answer.status == 201, answer.text
    return answer.body[kind]


@pytest.fixture(scope="module")
def cloud(shared_cloud):
    """The shared cloud, whose servers stay for all tests of this file."""
    yield shared_cloud
    for server in shared_cloud.get("/compute/v2.1/servers").body["servers"]:
        shared_cloud.delete_server(server["id"])


@pytest.fixture(scope="module")
def edge(cloud):
    """{name: id} of a network "app" with a server "web", behind a router "edge" to an external network "world"."""
    world = new(cloud, "network", user="admin", name="world", **{"router:external": True})["id"]
    new(cloud, "subnet", user="admin", network_id=world, ip_version=4, cidr="203.0.113.0/24", enable_dhcp=False)
    app = new(cloud, "network", name="app")["id"]
    subnet = new(cloud, "subnet", network_id=app, ip_version=4, cidr="10.9.0.0/24")["id"]
    router = new(cloud, "router", name="edge", external_gateway_info={"network_id": world})["id"]
    assert cloud.put(f"{NETWORK}/routers/{router}/add_router_interface", {"subnet_id": subnet}).status == 200
    assert cloud.put(f"{NETWORK}/routers/{router}", {"router": {"routes": [
        {"destination": "10.77.0.0/16", "nexthop": "10.9.0.77"}]}}).status == 200
    group = new(cloud, "security_group", name="web")["id"]
    for rule in ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 89},
                 {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0, "remote_ip_prefix": "10.9.0.0/24"},
                 {"remote_group_id": group}):
        new(cloud, "security_group_rule", security_group_id=group, direction="ingress", ethertype="IPv4", **rule)
    server = cloud.boot(name="web", networks=[{"uuid": app}], security_groups=[{"name": "web"}])["id"]
    [port] = cloud.get(f"{NETWORK}/ports?device_id={server}").body["ports"]
    floating = new(cloud, "floatingip", floating_network_id=world)
    new(cloud, "port_forwarding", path=f"floatingips/{floating['id']}/port_forwardings", protocol="tcp",
        external_port=2222, internal_port=22, internal_ip_address=port["fixed_ips"][0]["ip_address"],
        internal_port_id=port["id"])
    yield {"app": app, "world": world, "edge": router, "web": server, "port": port["id"],
           "address": port["fixed_ips"][0]["ip_address"], "floating": floating["floating_ip_address"]}
    cloud.delete_server(server)
    for path in (f"floatingips/{floating['id']}", f"security-groups/{group}"):
        assert cloud.delete(f"{NETWORK}/{path}").status == 204
    assert cloud.put(f"{NETWORK}/routers/{router}", {"router": {"routes": []}}).status == 200
    assert cloud.put(f"{NETWORK}/routers/{router}/remove_router_interface", {"subnet_id": subnet}).status == 200
    for path, user in ((f"routers/{router}", "demo"), (f"networks/{app}", "demo"), (f"networks/{world}", "admin")):
        assert cloud.delete(f"{NETWORK}/{path}", user=user).status == 204


def gateway(cloud, edge):
    router = cloud.get(f"{NETWORK}/routers/{edge['edge']}").body["router"]
    return router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]


def test_a_port_is_drawn_with_every_rule_on_its_way_to_the_world(cloud, edge):
    found = lines(cloud, edge["web"])
    assert found[0].startswith(f"port {edge['port']}: {edge['address']}, ACTIVE, of server web ({edge['web']}), fa:16")
    assert f"on network app ({edge['app']})" in found
    assert "subnet 10.9.0.0/24: gateway 10.9.0.1, DHCP" in found
    at = found.index("lets in by 3 rules of 1 group")
    assert found[at + 1:at + 4] == [
        "IPv4 any protocol from members of web  (web)", "IPv4 icmp type 8 code 0 from 10.9.0.0/24  (web)",
        "IPv4 tcp/80-89 from 0.0.0.0/0  (web)"]
    assert "IPv6 any protocol to ::/0  (web)" in found
    at = found.index(f"floating IP {edge['floating']}")
    assert found[at + 1] == f"tcp/2222 leads to {edge['address']} 22"
    at = found.index(f"router edge ({edge['edge']}) at 10.9.0.1")
    assert found[at + 1:at + 3] == [
        "to 10.77.0.0/16 by 10.9.0.77",
        f"gateway to network world ({edge['world']}): source addresses become {gateway(cloud, edge)}"]


def test_networks_and_routers_are_drawn_by_name(cloud, edge):
    assert lines(cloud, "app") == [
        f"network app ({edge['app']}): MTU {cloud.get(NETWORK + '/networks/' + edge['app']).body['network']['mtu']}",
        "subnet 10.9.0.0/24: gateway 10.9.0.1, DHCP", f"router edge ({edge['edge']}): an interface at 10.9.0.1",
        f"port {edge['port']}: {edge['address']}, ACTIVE, of server web ({edge['web']})"]
    assert lines(cloud, "edge") == [
        f"router edge ({edge['edge']})", f"interface 10.9.0.1 on network app ({edge['app']})",
        "route to 10.77.0.0/16 by 10.9.0.77", f"floating IP {edge['floating']}",
        f"tcp/2222 leads to {edge['address']} 22",
        f"gateway to network world ({edge['world']}): source addresses become {gateway(cloud, edge)}"]
    world = lines(cloud, "world")
    assert ", external" in world[0]
    assert f"router edge ({edge['edge']}): its gateway at {gateway(cloud, edge)}" in world


def test_a_program_gets_the_same_as_json(cloud, edge):
    [made] = json.loads(show(cloud, edge["port"], "--json").stdout)
    assert (made["kind"], made["id"], made["status"]) == ("port", edge["port"], "ACTIVE")
    assert made["server"]["id"] == edge["web"]
    assert [each["name"] for each in made["routers"]] == ["edge"]
    assert {each["ip"] for each in made["floating_ips"]} == {edge["floating"]}


def test_what_is_not_there_or_is_there_twice_is_refused(cloud, edge):
    done = show(cloud, "nothing")
    assert done.returncode == 2 and "no network, router, port, or server with ports, of the id or name nothing" in (
        done.stderr)
    second = new(cloud, "network", name="app")["id"]
    try:
        done = show(cloud, "app")
        assert done.returncode == 2
        assert "have the name app" in done.stderr
        assert f"network {edge['app']}" in done.stderr and f"network {second}" in done.stderr
    finally:
        assert cloud.delete(f"{NETWORK}/networks/{second}").status == 204


def test_a_packet_from_outside_comes_in_by_a_forwarding_and_a_rule(cloud, edge):
    arrives, steps = trace(cloud, "198.51.100.7", edge["floating"], "tcp/2222")
    assert not arrives
    assert steps[0] == f"outside sends tcp/2222 from 198.51.100.7 to {edge['floating']}"
    assert steps[1] == (f"router edge ({edge['edge']}) translates the floating IP {edge['floating']}: tcp/22 from "
                        f"198.51.100.7 to {edge['address']}")
    group = cloud.get(f"{NETWORK}/security-groups?name=web").body["security_groups"][0]["id"]
    assert steps[-1] == (f"no rule of the security groups of port {edge['port']} lets it in: web ({group}) has 3 rules "
                         f"for that")
    rule = new(cloud, "security_group_rule", security_group_id=group, direction="ingress", ethertype="IPv4",
               protocol="tcp", port_range_min=22, port_range_max=22)["id"]
    arrives, steps = trace(cloud, "198.51.100.7", "web", "tcp/2222")
    assert arrives and steps[-1] == f"security group web ({group}) lets it in by its rule {rule}"
    assert cloud.delete(f"{NETWORK}/security-group-rules/{rule}").status == 204
    assert trace(cloud, "198.51.100.7", edge["floating"], "tcp/80") == (False, [
        f"outside sends tcp/80 from 198.51.100.7 to {edge['floating']}",
        f"floating IP {edge['floating']} has no forwarding for tcp/80 from 198.51.100.7 to {edge['floating']}"])


def test_a_packet_goes_out_by_rules_router_and_gateway(cloud, edge):
    arrives, steps = trace(cloud, "web", "198.51.100.7", "udp/53")
    assert arrives
    assert steps[0] == f"server web by its port {edge['port']} sends udp/53 from {edge['address']} to 198.51.100.7"
    assert "lets it out" in steps[1]
    assert steps[2:] == [
        f"router edge ({edge['edge']}) sends it to the external network world ({edge['world']}), with the gateway's "
        f"address {gateway(cloud, edge)} as source", "198.51.100.7 is beyond this cloud: reached"]
    assert trace(cloud, "web", "10.77.1.1")[1][-2:] == [
        f"router edge ({edge['edge']}) sends it to 10.9.0.77, by its route to 10.77.0.0/16",
        f"nobody on network app ({edge['app']}) has 10.9.0.77"]
    assert trace(cloud, "web", "10.9.0.1")[1][-1] == f"router {edge['edge']} itself has 10.9.0.1 and answers"


def test_why_a_packet_does_not_get_out(cloud, edge):
    path = f"{NETWORK}/routers/{edge['edge']}"
    assert cloud.put(path, {"router": {"admin_state_up": False}}).status == 200
    assert trace(cloud, "web", "198.51.100.7")[1][-1] == (
        f"router edge ({edge['edge']}) is switched off (admin_state_up)")
    assert cloud.put(path, {"router": {"admin_state_up": True}}).status == 200
    cloud.act(edge["web"], "os-stop")
    cloud.wait_for(edge["web"], "SHUTOFF")
    clouds.until("the port is down", lambda: cloud.get(
        f"{NETWORK}/ports/{edge['port']}").body["port"]["status"] == "DOWN")
    arrives, steps = trace(cloud, "web", "198.51.100.7")
    assert not arrives and steps[-1].startswith("the port is DOWN: its guest is off")
    cloud.act(edge["web"], "os-start")
    cloud.wait_for(edge["web"], "ACTIVE")


def test_private_addresses_are_not_reached_by_an_external_network(cloud, edge):
    """By whichever name: the first network's, which hosts reach, and another one's, which they do not."""
    [first] = cloud.get(f"{NETWORK}/networks?name=private").body["networks"]
    other = new(cloud, "network", name="other")["id"]
    new(cloud, "subnet", network_id=other, ip_version=4, cidr="10.88.0.0/24")
    for number, network in enumerate((first["id"], other)):
        server = cloud.boot(name=f"far{number}", networks=[{"uuid": network}])["id"]
        [port] = cloud.get(f"{NETWORK}/ports?device_id={server}").body["ports"]
        address = port["fixed_ips"][0]["ip_address"]
        arrives, steps = trace(cloud, "web", f"far{number}", "tcp/22")
        assert not arrives and steps[-1].startswith(f"{address} is an address of network "), steps
        arrives, steps = trace(cloud, "web", address, "tcp/22")
        assert arrives == (network == other), steps     # of another network, it may be anybody's in the world
        cloud.delete_server(server)
    assert cloud.delete(f"{NETWORK}/networks/{other}").status == 204


def test_neighbours_reach_each_other_by_rules_that_name_their_group(cloud, edge):
    second = cloud.boot(name="second", networks=[{"uuid": edge["app"]}], security_groups=[{"name": "web"}])["id"]
    arrives, steps = trace(cloud, "second", "web", "tcp/9999")
    assert arrives, steps
    assert steps[2] == f"it comes to server web by its port {edge['port']} on network app ({edge['app']})"
    assert "lets it in by its rule" in steps[3]
    third = cloud.boot(name="third", networks=[{"uuid": edge["app"]}], security_groups=[{"name": "default"}])["id"]
    assert not trace(cloud, "third", "web", "tcp/9999")[0]
    assert trace(cloud, "third", "web", "tcp/81")[0]
    for each in (second, third):
        cloud.delete_server(each)


@pytest.mark.parametrize("protocol", ["tcp/0", "tcp/65536", "tcp/x", "nothing", "256"])
def test_what_is_no_protocol_is_refused(cloud, protocol):
    done = command(cloud, "trace", "192.0.2.1", "192.0.2.2", protocol)
    assert (done.returncode, done.stderr) == (
        2, f"nova-lite: {protocol} is no protocol, as tcp/22, udp/53, icmp or 47 are.\n")
