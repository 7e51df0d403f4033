"""What users' text is taken for an address or a range, and that nothing else of it gets anywhere."""

import ipaddress

import pytest

from nova_lite.common import ip_text
from nova_lite.network.planes.linux import groups
from nova_lite.network.planes.state import Port
from nova_lite.objects.server import Address, Nic, Server

LINES = "fd00:1::%x\nconf-script=id\n#/64"


@pytest.mark.parametrize("read", [ip_text.address, ip_text.interface, ip_text.network])
@pytest.mark.parametrize("text", ["fe80::1%eth0", "fe80::%1/64", "fd00::1%\n", LINES, "10.0.0.1%a", "%", "", "x"])
def test_nothing_with_a_scope_is_read(read, text):
    with pytest.raises(ValueError):
        read(text)


def test_the_rest_is_read_as_it_is():
    assert ip_text.address("FD00::1") == ipaddress.ip_address("fd00::1")
    assert str(ip_text.interface("10.0.0.1/8")) == "10.0.0.1/8"
    assert str(ip_text.network("fd00::5/64")) == "fd00::/64"
    with pytest.raises(ValueError):
        ip_text.network("fd00::5/64", strict=True)


def test_hosts_write_no_scope_that_an_earlier_release_kept():
    address = Address.make(ip="fd00:1::5", cidr=LINES, gateway=None, dns=[], version=6, dhcp=True, subnet_id="s")
    nic = Nic.make(port_id="p", network_id="n", mac="fa:16:3e:00:00:01", mtu=1450, addresses=[address])
    port = Port.of(nic, Server.make(id="i", hostname="h", project_id="p", nics=[nic]))
    assert port.addresses[0]["cidr"] == "fd00:1::/64"
    piece = groups.of_addresses("g", ["fd00:1::%};flush/64", "fd00:2::1%;"])
    assert not [each for some in piece.elements.values() for each in some if "%" in each or "}" in each]
