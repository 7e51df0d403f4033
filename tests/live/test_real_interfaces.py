"""Interfaces and addresses of real guests come and go while these run: seen inside, at libvirt and on the host."""

import xml.etree.ElementTree as ET

import libvirt
import pytest

from tests import clouds, ports_and_ranges
from tests.live import test_real_server
from tests.live.test_audit_real import listed
from tests.live.test_real_server import address_of, boot, devices, log_in, present, ssh

key = test_real_server.key          # a fixture
SERVERS, NETWORK = "/compute/v2.1/servers", "/network/v2.0"


@pytest.fixture
def second(cloud):
    """The id of a second network."""
    network = cloud.post(f"{NETWORK}/networks", {"network": {"name": "second"}}).body["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": ports_and_ranges.ranges()[0]}
    assert cloud.post(f"{NETWORK}/subnets", {"subnet": subnet}).status == 201
    yield network
    for server in cloud.get(SERVERS).body["servers"]:
        cloud.delete_server(server["id"])
    assert cloud.delete(f"{NETWORK}/networks/{network}").status == 204


def attach(cloud, server, network):
    answer = cloud.post(f"{SERVERS}/{server['id']}/os-interface", {"interfaceAttachment": {"net_id": network}})
    assert answer.status == 200, answer.text + cloud.output()
    return answer.body["interfaceAttachment"]


def inside(key, server):
    """{MAC: name} of the NICs that the guest's own kernel has."""
    text = log_in(key, server, "cd /sys/class/net; for each in *; do echo $each $(cat $each/address); done")
    return {mac: name for name, mac in map(str.split, text.splitlines()) if name != "lo"}


def defined(libvirtd, server, flags):
    """MACs of the guest as it runs (0), or as it is defined."""
    connection = libvirt.open(libvirtd.uri)
    try:
        text = connection.lookupByUUIDString(server["id"]).XMLDesc(flags)
    finally:
        connection.close()
    return {each.get("address") for each in ET.fromstring(text).findall("devices/interface/mac")}


def test_a_running_guest_sees_an_interface_come_and_go(cloud, key, libvirtd, second):
    server = boot(cloud, name="wired", key_name="live")
    (first,) = inside(key, server)
    made = attach(cloud, server, second)
    mac, tap = made["mac_addr"], f"tap{made['port_id'][:11]}"
    clouds.until("the guest has two NICs", lambda: set(inside(key, server)) == {first, mac})
    assert defined(libvirtd, server, 0) == defined(libvirtd, server, libvirt.VIR_DOMAIN_XML_INACTIVE) == {first, mac}
    name, ip = inside(key, server)[mac], made["fixed_ips"][0]["ip_address"]
    log_in(key, server, f"ip link set {name} up; udhcpc -n -q -f -i {name} > /dev/null 2>&1; true")
    assert f"inet {ip}/20" in log_in(key, server, f"ip addr show {name}")
    assert present([tap])
    assert listed(cloud) == set()
    assert cloud.delete(f"{SERVERS}/{server['id']}/os-interface/{made['port_id']}").status == 202
    cloud.wait_for(server["id"], "ACTIVE")
    assert set(inside(key, server)) == {first}, cloud.output()
    assert defined(libvirtd, server, 0) == defined(libvirtd, server, libvirt.VIR_DOMAIN_XML_INACTIVE) == {first}
    assert not present([tap])
    assert listed(cloud) == set()
    cloud.act(server["id"], "os-stop")
    cloud.wait_for(server["id"], "SHUTOFF")
    late = attach(cloud, server, second)
    cloud.act(server["id"], "os-start")
    cloud.wait_for(server["id"], "ACTIVE")
    assert set(inside(key, server)) == {first, late["mac_addr"]}
    made = devices(cloud)
    assert present(made) == made and len(made) == 5         # private, and public behind its router, are two bridges
    cloud.delete_server(server["id"])
    assert present(made) == set()


def test_a_guest_may_use_a_second_address_for_as_long_as_it_has_it(cloud, key):
    server = boot(cloud, name="addressed", key_name="live")
    (name,) = inside(key, server).values()
    first = address_of(server)
    cloud.act(server["id"], "addFixedIp", {"networkId": cloud.network_id()}, version="2.43")
    shown = cloud.wait_for(server["id"], "ACTIVE")["addresses"]["private"]
    (ip,) = {each["addr"] for each in shown} - {first}
    log_in(key, server, f"ip addr add {ip}/32 dev {name}")
    clouds.until("its second address answers", lambda: ssh(key, ip, "true") is not None)
    cloud.act(server["id"], "removeFixedIp", {"address": ip}, version="2.43")
    cloud.wait_for(server["id"], "ACTIVE")
    assert ssh(key, ip, "true") is None
    assert ssh(key, first, "true") is not None
