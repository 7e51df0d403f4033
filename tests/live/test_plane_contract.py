"""Linux keeps the planes' contract, on real bridges, dnsmasq and nftables.  Needs root, and the programs of
test_network_host.
"""

import pytest

from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures
from tests.plane_contract import PlaneContract


class Plane:
    """A LinuxPlane in a process on a machine of its own."""

    def __init__(self, host):
        self.host = host

    def ask(self, method, **arguments):
        return self.host.ask(method, **arguments)[0]

    def device(self, its_nic):
        tap, bridge = "tap" + its_nic["port_id"][:11], "nlb" + its_nic["network_id"][:11]
        self.host.run("ip", "link", "add", tap, "type", "veth", "peer", "name", "end" + tap[3:])
        self.host.run("ip", "link", "set", tap, "master", bridge, "up")

    def no_device(self, its_nic):
        self.host.run("ip", "link", "del", "tap" + its_nic["port_id"][:11])


@pytest.fixture
def plane(make):  # noqa: F811
    return Plane(make.host())


class TestLinux(PlaneContract):
    pass
