"""DNS names of ports, and DNS domains."""

import pytest

from nova_lite import db
from nova_lite.network import exceptions
from nova_lite.network.planes.state import Port
from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401


def put(service, port, **said):  # noqa: F811
    return service.call("PUT", f"/ports/{port['id']}", {"port": said})


def test_a_port_is_assigned_its_name_or_one_of_its_address(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.5"}])
    assert (port["dns_name"], port["dns_domain"]) == ("", "")
    assert port["dns_assignment"] == [{"ip_address": "10.1.0.5", "hostname": "host-10-1-0-5",
                                       "fqdn": "host-10-1-0-5.novalocal."}]
    named = put(service, port, dns_name="Web", dns_domain="Example.ORG.").json["port"]
    assert (named["dns_name"], named["dns_domain"]) == ("web", "example.org.")
    assert named["dns_assignment"] == [{"ip_address": "10.1.0.5", "hostname": "web", "fqdn": "web.novalocal."}]
    full = put(service, port, dns_name="web.novalocal.").json["port"]["dns_assignment"]
    assert full == [{"ip_address": "10.1.0.5", "hostname": "web.novalocal.", "fqdn": "web.novalocal."}]
    assert put(service, port, dns_name="", fixed_ips=[]).json["port"]["dns_assignment"] == []


def test_networks_and_floating_ips_keep_what_they_are_given(service):  # noqa: F811
    outer = service.make("network", "admin", dns_domain="example.org.", **{"router:external": True})
    service.make("subnet", "admin", network_id=outer["id"], cidr="172.24.4.0/24", ip_version=4)
    assert outer["dns_domain"] == "example.org." and service.net()[0]["dns_domain"] == ""
    changed = service.call("PUT", f"/networks/{outer['id']}", {"network": {"dns_domain": ""}}, "admin").json["network"]
    assert changed["dns_domain"] == "" and changed["revision_number"] > outer["revision_number"]
    floating = service.make("floatingip", floating_network_id=outer["id"], dns_name="web", dns_domain="example.org.")
    assert (floating["dns_name"], floating["dns_domain"]) == ("web", "example.org.")
    refused(service.call("PUT", f"/floatingips/{floating['id']}", {"floatingip": {"dns_name": "x"}}), 400,
            "HTTPBadRequest", "dns_name")


@pytest.mark.parametrize(("said", "text"), [
    ({"dns_name": "-web"}, "Name '-web' must not start or end with a hyphen"),
    ({"dns_name": "a..b"}, "Encountered an empty component"), ({"dns_name": "."}, "Encountered an empty component"),
    ({"dns_name": "a_b"}, "can only be alphanumeric or a hyphen"), ({"dns_name": "a\n"}, "can only be alphanumeric"),
    ({"dns_name": "x" * 64}, "1-63 characters long"), ({"dns_name": "web.1"}, "TLD '1' must not be all numeric"),
    ({"dns_name": "web.example.org."}, "those of this cloud's domain, novalocal."),
    ({"dns_name": "novalocal."}, "those of this cloud's domain"),
    ({"dns_name": ".".join(["a" * 60] * 4 + ["bbb"])}, "longer than 255 characters"), ({"dns_name": None}, "None"),
    ({"dns_domain": "example.org"}, "'example.org' is not a FQDN"), ({"dns_domain": "a_b."}, "alphanumeric"),
    ({"dns_domain": 5}, "5")])
def test_what_is_no_name_is_refused(service, said, text):  # noqa: F811
    network, _ = service.net()
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"], **said}}), 400, "HTTPBadRequest",
            text)
    port = service.make("port", network_id=network["id"])
    refused(put(service, port, **said), 400, "HTTPBadRequest", text)


def test_a_servers_port_has_its_hostname_and_none_of_another_name(service):  # noqa: F811
    network, _ = service.net()
    _, (nic,) = service.boot([{"uuid": network["id"]}])
    port = service.find(f"/ports/{nic.port_id}")
    assert port["dns_name"] == "s" and port["dns_assignment"][0]["fqdn"] == "s.novalocal."
    assert nic.hostname is None
    mine = service.make("port", network_id=network["id"], dns_name="s")
    _, (nic,) = service.boot([{"port": mine["id"]}])
    assert nic.hostname == "s"
    other = service.make("port", network_id=network["id"], dns_name="other")
    with db.writer(), pytest.raises(exceptions.RequestedPortNamedOtherwise, match="other"):
        service.boot([{"port": other["id"]}])


def test_hosts_answer_to_a_new_name(service):  # noqa: F811
    network, _ = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)
    row = service.row(server_id)
    assert Port.of(nic, row).hostname == "s"
    assert put(service, {"id": nic.port_id}, dns_name="web").json["port"]["dns_name"] == "web"
    nic, = service.facade.describe([server_id])[server_id].nics
    assert Port.of(nic, row).hostname == "web"
