"""Real guests behind a router, through the real API: in by a floating IP or by IPv6, out by the router, and nothing is
left.
"""

import dataclasses
import json

import pytest

from tests import clouds, ports_and_ranges
from tests.live import test_real_server
from tests.live.test_audit_real import listed
from tests.live.test_real_server import boot, present, ssh

shared_key = test_real_server.shared_key          # a fixture
NETWORK = "/network/v2.0"


class Api:
    """The network API: ``make`` and what it makes are removed in the end, the last one first."""

    def __init__(self, cloud):
        self.cloud = cloud
        self._made = []

    def make(self, kind, user="demo", **values):
        kinds = f"{NETWORK}/{kind.replace('_', '-')}s"
        answer = self.cloud.post(kinds, {kind: values}, user=user)
        assert answer.status == 201, answer.text
        path = f"{kinds}/{answer.body[kind]['id']}"
        self.undo(lambda: self.cloud.delete(path, user=user))
        return answer.body[kind]

    def act(self, router, action, subnet):
        answer = self.cloud.put(f"{NETWORK}/routers/{router['id']}/{action}_router_interface",
                                {"subnet_id": subnet["id"]})
        assert answer.status == 200, answer.text

    def undo(self, call):
        self._made.append(call)

    def close(self):
        for call in reversed(self._made):
            call()


@dataclasses.dataclass
class Routed:
    """A guest on a network with a subnet of each IP version, behind a router with an external network."""

    public: dict
    router: dict
    network: dict
    server: dict


def join(api, router, network, **subnet):
    """Give a network a subnet, and a router an interface in that."""
    made = api.make("subnet", network_id=network["id"], **subnet)
    api.act(router, "add", made)
    api.undo(lambda: api.act(router, "remove", made))


def boot_on(api, network, name):
    server = boot(api.cloud, name=name, key_name="shared", networks=[{"uuid": network["id"]}])
    api.undo(lambda: api.cloud.delete_server(server["id"]))
    return server


def port_of(cloud, server):
    port, = cloud.get(f"{NETWORK}/ports?device_id={server['id']}").body["ports"]
    return port


@pytest.fixture(scope="module")
def routed(real_cloud, shared_key):
    """It stays for all tests here; the last of them deletes the guest."""
    api = Api(real_cloud)
    inner, outer = ports_and_ranges.ranges()
    public = api.make("network", "admin", name="public", **{"router:external": True})
    for version, cidr in ((4, outer), (6, ports_and_ranges.ipv6_range())):
        api.make("subnet", "admin", network_id=public["id"], ip_version=version, cidr=cidr, enable_dhcp=False)
    network = api.make("network", name="inner")
    router = api.make("router", name="router", external_gateway_info={"network_id": public["id"]})
    join(api, router, network, ip_version=4, cidr=inner)
    join(api, router, network, ip_version=6, cidr=ports_and_ranges.ipv6_range(), ipv6_ra_mode="slaac",
         ipv6_address_mode="slaac")
    yield Routed(public, router, network, boot_on(api, network, "routed"))
    api.close()


@pytest.fixture
def api(real_cloud):
    made = Api(real_cloud)
    yield made
    made.close()


def inside(key, address, command, seconds=240):
    """What a command prints in a guest, once it lets us in."""
    return clouds.until(f"ssh to {address}", lambda: ssh(key, address, command), seconds)


def test_guests_of_ipv6_networks_get_addresses_and_metadata_and_reach_each_other(real_cloud, routed, api, shared_key):
    group, = real_cloud.get(f"{NETWORK}/security-groups?name=default").body["security_groups"]
    for values in ({"protocol": "ipv6-icmp"}, {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}):
        api.make("security_group_rule", security_group_id=group["id"], direction="ingress", ethertype="IPv6", **values)
    network = api.make("network", name="six")
    join(api, routed.router, network, ip_version=6, cidr=ports_and_ranges.ipv6_range(),
         ipv6_ra_mode="dhcpv6-stateful", ipv6_address_mode="dhcpv6-stateful")
    other = boot_on(api, network, "six")
    (asked,), (made,) = ([each["ip_address"] for each in port_of(real_cloud, server)["fixed_ips"]
                          if ":" in each["ip_address"]] for server in (other, routed.server))
    found = {}
    for server, address, size in ((routed.server, made, 64), (other, asked, 128)):
        # A guest without IPv4 has its key from fe80::a9fe:a9fe.
        found[address] = inside(shared_key, address, "ip -6 -o address show dev eth0 scope global; ip -6 route")
        assert f" {address}/{size} " in found[address], found[address]
        assert "default via fe80::" in found[address], found[address]
        said = inside(shared_key, address, "curl http://[fe80::a9fe:a9fe%25eth0]/openstack/latest/meta_data.json")
        assert json.loads(said)["uuid"] == server["id"]
    for here, there in ((made, asked), (asked, made)):
        assert "1 packets received" in inside(shared_key, here, f"ping6 -c 1 {there}")


def test_a_guest_is_reached_by_its_floating_ip_and_goes_out_by_its_router(real_cloud, routed, api, shared_key):
    cloud, server = real_cloud, routed.server
    port = port_of(cloud, server)
    floating = api.make("floatingip", floating_network_id=routed.public["id"], port_id=port["id"])
    address = floating["floating_ip_address"]
    assert floating["fixed_ip_address"] in {each["ip_address"] for each in port["fixed_ips"]}
    assert "default via" in inside(shared_key, address, "ip route")
    for path, shown in (("openstack/latest/meta_data.json", server["id"]), ("latest/meta-data/public-ipv4", address)):
        assert shown in inside(shared_key, address, f"curl http://169.254.169.254/{path}")
    shown = {(each["version"], each["OS-EXT-IPS:type"]): each["addr"]
             for each in cloud.show(server["id"])["addresses"]["inner"]}
    assert (shown[4, "fixed"], shown[4, "floating"]) == (floating["fixed_ip_address"], address)
    assert listed(cloud) == set()

    path = f"{NETWORK}/floatingips/{floating['id']}"
    assert cloud.put(path, {"floatingip": {"port_id": None}}).body["floatingip"]["status"] == "DOWN"
    clouds.until("it is let go of", lambda: ssh(shared_key, address, "true") is None, 30)
    assert cloud.put(path, {"floatingip": {"port_id": port["id"]}}).status == 200
    clouds.until("ssh again", lambda: ssh(shared_key, address, "true") is not None, 30)

    made = {f"nlb{each['id'][:11]}" for each in (routed.network, routed.public)}
    assert present(made) == made
    cloud.delete_server(server["id"])
    clouds.until("nothing is left", lambda: present(made) == set(), 30)
    assert listed(cloud) == set()
