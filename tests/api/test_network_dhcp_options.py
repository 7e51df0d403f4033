"""DHCP options of ports."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401


def option(name="bootfile-name", value="pxelinux.0", **more):
    return {"opt_name": name, "opt_value": value, **more}


def put(service, port, *options):  # noqa: F811
    return service.call("PUT", f"/ports/{port['id']}", {"port": {"extra_dhcp_opts": list(options)}})


def test_a_change_keeps_the_options_that_it_does_not_name(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], extra_dhcp_opts=[option(), option("150", "10.1.0.9")])
    shown = [option(ip_version=4), option("150", "10.1.0.9", ip_version=4)]
    assert port["extra_dhcp_opts"] == shown and service.find(f"/ports/{port['id']}") == port
    assert put(service, port).json["port"] == port
    changed = put(service, port, option(value="other", ip_version="4"), option("mtu", "1400")).json["port"]
    assert changed["extra_dhcp_opts"] == [option(value="other", ip_version=4), shown[1],
                                          option("mtu", "1400", ip_version=4)]
    assert changed["revision_number"] > port["revision_number"]
    less = put(service, port, option(value=None), option("mtu", None), option("ntp-server", None)).json["port"]
    assert less["extra_dhcp_opts"] == shown[1:]
    body = {"port": {"extra_dhcp_opts": None}}
    assert service.call("PUT", f"/ports/{port['id']}", body).json["port"]["extra_dhcp_opts"] == shown[1:]


def test_some_options_may_be_empty_and_what_is_none_is_not_kept(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], extra_dhcp_opts=[option("router", ""), option("mtu", None)])
    assert port["extra_dhcp_opts"] == [option("router", "", ip_version=4)]


@pytest.mark.parametrize(("said", "text"), [
    (option("bogus"), "'bogus' is no option that a port may have"), (option("54", "10.0.0.1"), "'54' is no option"),
    (option("option:router", "x"), "is no option"), (option("tag:x", "y"), "is no option"),
    (option("dhcp-script", "/bin/sh"), "is no option"), (option("66\ndhcp-script=x", "y"), "is no option"),
    (option("255", "10.0.0.1"), "is no option"), (option("mtu", ""), "has an empty value"),
    (option(value="a\nb"), "printable ASCII"), (option(value='"'), "printable ASCII"),
    (option(value="a #b"), "printable ASCII"), (option(value="\\"), "printable ASCII"),
    (option(value=" a"), "printable ASCII"), (option(value="\u00e9"), "printable ASCII"),
    (option(ip_version=6), "'bootfile-name' is no option that a port may have"), (option(ip_version=5), "5"),
    ({"opt_name": "mtu"}, "opt_value"), ({"opt_value": "mtu"}, "opt_name"), (option(x=1), "x"),
    (option(value="x" * 256), "x"), (option("6" * 65), "6"), (option(value=5), "5"), ("mtu", "mtu")])
def test_what_no_port_can_have_is_refused(service, said, text):  # noqa: F811
    network, _ = service.net()
    body = {"port": {"network_id": network["id"], "extra_dhcp_opts": [said]}}
    refused(service.call("POST", "/ports", body), 400, "HTTPBadRequest", text)
    port = service.make("port", network_id=network["id"])
    refused(put(service, port, said), 400, "HTTPBadRequest", text)
    assert service.find(f"/ports/{port['id']}") == port


def test_the_nic_of_a_server_has_them(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], extra_dhcp_opts=[option()])
    server_id, (nic,) = service.boot([{"port": port["id"]}])
    assert nic.dhcp_options == [{"name": "bootfile-name", "value": "pxelinux.0"}]
    put(service, port, option(value=None))
    assert service.facade.describe([server_id])[server_id].nics[0].dhcp_options == []
