"""Real guests behind a router, through the real API: in by a floating IP, out by the router, and nothing is left."""

import json
import subprocess

import pytest

from tests import clouds, ports_and_ranges
from tests.live import test_real_server
from tests.live.test_audit_real import listed
from tests.live.test_real_server import boot, present, ssh

key = test_real_server.key          # a fixture
NETWORK = "/network/v2.0"


class Api:
    """The network API: ``make`` and what it makes are removed in the end, the last one first."""

    def __init__(self, cloud):
        self.cloud = cloud
        self._made = []

    def make(self, kind, user="demo", **values):
        answer = self.cloud.post(f"{NETWORK}/{kind}s", {kind: values}, user=user)
        assert answer.status == 201, answer.text
        path = f"{NETWORK}/{kind}s/{answer.body[kind]['id']}"
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


@pytest.fixture
def api(cloud):
    made = Api(cloud)
    yield made
    made.close()


def test_a_guest_is_reached_by_its_floating_ip_and_goes_out_by_its_router(cloud, api, key):
    inner, outer = ports_and_ranges.ranges()
    public = api.make("network", "admin", name="public", **{"router:external": True})
    api.make("subnet", "admin", network_id=public["id"], ip_version=4, cidr=outer, enable_dhcp=False)
    network = api.make("network", name="inner")
    subnet = api.make("subnet", network_id=network["id"], ip_version=4, cidr=inner)
    router = api.make("router", name="router", external_gateway_info={"network_id": public["id"]})
    api.act(router, "add", subnet)
    api.undo(lambda: api.act(router, "remove", subnet))

    server = boot(cloud, name="routed", key_name="live", networks=[{"uuid": network["id"]}])
    api.undo(lambda: cloud.delete_server(server["id"]))
    port, = cloud.get(f"{NETWORK}/ports?device_id={server['id']}").body["ports"]
    floating = api.make("floatingip", floating_network_id=public["id"], port_id=port["id"])
    address = floating["floating_ip_address"]
    assert floating["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]
    answers = []

    def inside(command):
        try:
            answers.append(ssh(key, address, command))
        except subprocess.TimeoutExpired:       # it was let go of while this was logged in
            answers.append(None)
        return answers[-1]
    clouds.until(f"ssh to {address}", lambda: inside("true") is not None, 240)
    assert "default via" in inside("ip route")
    metadata = inside("printf 'GET /openstack/latest/meta_data.json HTTP/1.0\r\n\r\n' | nc 169.254.169.254 80")
    assert json.loads(metadata[metadata.index("{"):])["uuid"] == server["id"]
    shown = cloud.show(server["id"])["addresses"]["inner"]
    assert {each["OS-EXT-IPS:type"]: each["addr"] for each in shown} == {
        "fixed": floating["fixed_ip_address"], "floating": address}
    assert listed(cloud) == set()

    path = f"{NETWORK}/floatingips/{floating['id']}"
    assert cloud.put(path, {"floatingip": {"port_id": None}}).body["floatingip"]["status"] == "DOWN"
    clouds.until("it is let go of", lambda: inside("true") is None, 30)
    assert cloud.put(path, {"floatingip": {"port_id": port["id"]}}).status == 200
    clouds.until(f"ssh to {address} again", lambda: inside("true") is not None, 30)

    made = {f"nlb{each['id'][:11]}" for each in (network, public)}
    assert present(made) == made
    cloud.delete_server(server["id"])
    clouds.until("nothing is left", lambda: present(made) == set(), 30)
    assert listed(cloud) == set()
