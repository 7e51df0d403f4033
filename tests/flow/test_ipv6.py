"""Servers with IPv6 addresses on a running cloud: what the compute API shows of them, and the way of their packets."""

import ipaddress

import pytest

from tests.flow.test_network_command import NETWORK, lines, new, trace

STATEFUL, SLAAC = "fd00:11::/64", "fd00:12::/64"


@pytest.fixture(scope="module")
def cloud(shared_cloud):
    return shared_cloud


def modes(mode):
    return {"ipv6_ra_mode": mode, "ipv6_address_mode": mode}


@pytest.fixture(scope="module")
def six(cloud):
    """{name: id} of a network "both" of IPv4 and IPv6 with a server, and one of IPv6 alone, behind one router."""
    made = {"outer": new(cloud, "network", user="admin", name="outer6", **{"router:external": True})["id"]}
    for version, cidr in ((4, "203.0.113.0/24"), (6, "2001:db8:77::/64")):
        new(cloud, "subnet", user="admin", network_id=made["outer"], ip_version=version, cidr=cidr, enable_dhcp=False)
    made["both"], made["alone"] = (new(cloud, "network", name=name)["id"] for name in ("both", "alone"))
    made["router"] = new(cloud, "router", name="six", external_gateway_info={"network_id": made["outer"]})["id"]
    subnets = [new(cloud, "subnet", network_id=made["both"], ip_version=4, cidr="10.19.0.0/24"),
               new(cloud, "subnet", network_id=made["both"], ip_version=6, cidr=STATEFUL, **modes("dhcpv6-stateful")),
               new(cloud, "subnet", network_id=made["alone"], ip_version=6, cidr=SLAAC, gateway_ip="fd00:12::1",
                   dns_nameservers=["2001:db8::53"], **modes("slaac"))]
    for each in subnets:
        path = f"{NETWORK}/routers/{made['router']}/add_router_interface"
        assert cloud.put(path, {"subnet_id": each["id"]}).status == 200
    for name in ("both", "alone"):
        made[f"server on {name}"] = cloud.boot(name=f"on-{name}", networks=[{"uuid": made[name]}])["id"]
    yield made
    for name in ("both", "alone"):
        cloud.delete_server(made[f"server on {name}"])
    for each in subnets:
        path = f"{NETWORK}/routers/{made['router']}/remove_router_interface"
        assert cloud.put(path, {"subnet_id": each["id"]}).status == 200
    for path, user in ((f"routers/{made['router']}", "demo"), (f"networks/{made['both']}", "demo"),
                       (f"networks/{made['alone']}", "demo"), (f"networks/{made['outer']}", "admin")):
        assert cloud.delete(f"{NETWORK}/{path}", user=user).status == 204


def shown(cloud, server_id):
    return cloud.get(f"/compute/v2.1/servers/{server_id}").body["server"]


def address(cloud, six, name, version):
    [found] = [each for each in shown(cloud, six[f"server on {name}"])["addresses"][name] if each["version"] == version]
    return found["addr"]


def test_a_server_shows_addresses_of_both_versions(cloud, six):
    found = shown(cloud, six["server on both"])["addresses"]["both"]
    assert [each["version"] for each in found] == [4, 6]
    assert {each["OS-EXT-IPS:type"] for each in found} == {"fixed"}
    assert ipaddress.ip_address(found[1]["addr"]) in ipaddress.ip_network(STATEFUL)
    [alone] = shown(cloud, six["server on alone"])["addresses"]["alone"]
    digits = bytes.fromhex(alone["OS-EXT-IPS-MAC:mac_addr"].replace(":", ""))
    assert ipaddress.ip_address(alone["addr"]).packed[8:] == bytes(
        [digits[0] ^ 2, *digits[1:3], 0xFF, 0xFE, *digits[3:]])
    [interface] = cloud.get(f"/compute/v2.1/servers/{six['server on alone']}/os-interface").body["interfaceAttachments"]
    assert [each["ip_address"] for each in interface["fixed_ips"]] == [alone["addr"]]


def test_servers_are_found_by_ipv6_addresses(cloud, six):
    wanted = address(cloud, six, "alone", 6)
    found = cloud.get(f"/compute/v2.1/servers?ip6={wanted}", version="2.5").body["servers"]
    assert [each["id"] for each in found] == [six["server on alone"]]
    assert cloud.get("/compute/v2.1/servers?ip6=fd00:99::", version="2.5").body["servers"] == []


def test_an_interface_comes_with_the_address_that_is_asked_for(cloud, six):
    server_id = six["server on alone"]
    path = f"/compute/v2.1/servers/{server_id}/os-interface"
    asked = {"net_id": six["both"], "fixed_ips": [{"ip_address": "FD00:11::0:77"}]}
    answer = cloud.post(path, {"interfaceAttachment": asked})
    assert answer.status == 200, answer.text
    made = answer.body["interfaceAttachment"]
    assert [each["ip_address"] for each in made["fixed_ips"]] == ["fd00:11::77"]
    refused = cloud.post(path, {"interfaceAttachment": {
        "net_id": six["alone"], "fixed_ips": [{"ip_address": "fd00:12::77"}]}})
    assert refused.status == 400 and "fd00:12::77" in refused.text
    assert cloud.delete(f"{path}/{made['port_id']}").status == 202


def test_a_packet_finds_its_way_by_the_router_that_announces_itself(cloud, six):
    source, target = address(cloud, six, "alone", 6), address(cloud, six, "both", 6)
    arrives, steps = trace(cloud, "on-alone", "on-both", "icmp")
    assert arrives and "security group default" in steps[-1] and "lets it in by its rule" in steps[-1]
    assert steps[0].endswith(f"sends ipv6-icmp from {source} to {target}")
    assert steps[2] == f"router six ({six['router']}) passes it to network both ({six['both']})"
    arrives, steps = trace(cloud, "on-alone", "2001:db8:99::1", "udp/53")
    assert arrives and "with its own address as source, for which the external network needs a route back" in steps[-2]
    assert trace(cloud, "on-alone", "198.51.100.7")[1] == [
        f"port {cloud.get(NETWORK + '/ports?device_id=' + six['server on alone']).body['ports'][0]['id']} has no IPv4 "
        f"address"]
    assert "whether the world has a route to" in trace(cloud, "2001:db8:99::1", target)[1][-1]


def test_modes_of_subnets_are_drawn(cloud, six):
    assert f"subnet {SLAAC}: gateway fd00:12::1, slaac, announced as slaac" in lines(cloud, "alone")
    assert (f"subnet {STATEFUL}: gateway fd00:11::, dhcpv6-stateful, announced as dhcpv6-stateful"
            in lines(cloud, "both"))
    drawn = lines(cloud, "six")
    assert f"interface fd00:12::1 on network alone ({six['alone']})" in drawn
    [outer] = [each for each in drawn if each.startswith("gateway to network outer6")]
    assert "source addresses become 203.0.113." in outer and "; by 2001:db8:77:" in outer
