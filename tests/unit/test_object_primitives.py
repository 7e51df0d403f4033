import pytest
from oslo_versionedobjects import base

from nova_lite.objects.base import Object
from nova_lite.objects.desired_state import DesiredPort
from nova_lite.objects.server import Address, Nic


def port():
    address = Address.make(ip="10.0.0.5", cidr="10.0.0.0/24", gateway=None, dns=["1.1.1.1"], dhcp=True, subnet_id="s",
                           routes=[])
    nic = Nic.make(port_id="p", network_id="n", mac="fa:16:3e:00:00:01", mtu=1500, tag=None, addresses=[address],
                   revision=1, dhcp_options=[{"name": "router", "value": "10.0.0.1"}])
    return DesiredPort.make(nic=nic, server_id="s", project_id="p", hostname="h")


def test_an_object_has_the_primitive_that_the_library_makes():
    own = port()
    assert own.obj_to_primitive() == base.VersionedObject.obj_to_primitive(own)


def test_an_object_comes_back_from_its_primitive_as_the_library_reads_it():
    primitive = port().obj_to_primitive()
    back, expected = Object.obj_from_primitive(primitive, "context"), base.VersionedObject._obj_from_primitive.__func__(
        DesiredPort, "context", DesiredPort.VERSION, primitive)
    assert back.obj_to_primitive() == expected.obj_to_primitive() == primitive
    assert (back._context, back.VERSION, back.obj_what_changed()) == ("context", DesiredPort.VERSION, set())
    assert not back.nic.obj_attr_is_set("network_name")
    with pytest.raises(NotImplementedError):
        _ = back.nic.network_name
    back.nic.dhcp_options.append({"name": "x", "value": "y"})
    assert port().nic.dhcp_options != back.nic.dhcp_options


def test_a_value_of_another_kind_is_refused_when_an_object_is_read():
    primitive = port().obj_to_primitive()
    primitive["nova_lite_object.data"]["nic"]["nova_lite_object.data"]["mtu"] = "many"
    with pytest.raises(ValueError, match="many"):
        Object.obj_from_primitive(primitive)
