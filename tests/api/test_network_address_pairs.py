"""Allowed address pairs of ports, as Neutron has them."""

import pytest

from tests.api.test_network_api import refused
from tests.api.test_network_capabilities import linux  # noqa: F401
from tests.network_service import service  # noqa: F401

ONE = {"ip_address": "10.1.0.99"}


def put(service, port, **said):  # noqa: F811
    return service.call("PUT", f"/ports/{port['id']}", {"port": said})


def test_a_pair_has_the_ports_mac_unless_it_says_one(service):  # noqa: F811
    network, _ = service.net()
    said = [ONE, {"ip_address": "10.2.0.0/16", "mac_address": "FA-16-3E-00-00-07"}, {"ip_address": "fd00::1"}]
    port = service.make("port", network_id=network["id"], allowed_address_pairs=said)
    assert port["allowed_address_pairs"] == [
        {"mac_address": port["mac_address"], **ONE}, {"mac_address": "fa:16:3e:00:00:07", "ip_address": "10.2.0.0/16"},
        {"mac_address": port["mac_address"], "ip_address": "fd00::1"}]
    assert service.find(f"/ports/{port['id']}") == port
    assert service.make("port", network_id=network["id"])["allowed_address_pairs"] == []
    again = put(service, port, allowed_address_pairs=port["allowed_address_pairs"]).json["port"]
    assert again == port, "no revision more"
    less = put(service, port, allowed_address_pairs=[ONE]).json["port"]
    assert less["allowed_address_pairs"] == port["allowed_address_pairs"][:1]
    assert less["revision_number"] > port["revision_number"]
    assert put(service, port, allowed_address_pairs=None).json["port"]["allowed_address_pairs"] == []


def test_a_new_mac_is_that_of_new_pairs_alone(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], allowed_address_pairs=[ONE])
    mac = "fa:16:3e:00:00:09"
    body = {"port": {"mac_address": mac}}
    moved = service.call("PUT", f"/ports/{port['id']}", body, "admin").json["port"]
    assert moved["allowed_address_pairs"] == port["allowed_address_pairs"]
    body["port"] |= {"mac_address": "fa:16:3e:00:00:0a", "allowed_address_pairs": [ONE]}
    moved = service.call("PUT", f"/ports/{port['id']}", body, "admin").json["port"]
    assert moved["allowed_address_pairs"] == [{"mac_address": "fa:16:3e:00:00:0a", **ONE}]


@pytest.mark.parametrize(("pairs", "kind", "text"), [
    ([{"mac_address": "fa:16:3e:00:00:01"}], "AllowedAddressPairsMissingIP", "must contain ip_address"),
    ([ONE, ONE], "DuplicateAddressPairInRequest", "mac_address None ip_address 10.1.0.99"),
    ([ONE | {"mac_address": each} for each in ("fa:16:3e:00:00:01", "FA:16:3E:00:00:01")],
     "DuplicateAddressPairInRequest", "mac_address fa:16:3e:00:00:01 ip_address 10.1.0.99"),
    ([ONE, ONE | {"mac_address": "fa:16:3e:11:22:33"}], "DuplicateAddressPairInRequest", "fa:16:3e:11:22:33"),
    ([{"ip_address": f"10.1.0.{number}"} for number in range(11)], "AllowedAddressPairExhausted", "the maximum 10."),
    ([{"ip_address": "nonsense"}], "HTTPBadRequest", "'nonsense' is not a valid IP address"),
    ([{"ip_address": "10.1.0.0/33"}], "HTTPBadRequest", "'10.1.0.0/33' is not a valid IP subnet"),
    ([{"ip_address": "10.1.0.0/255.255.255.0"}], "HTTPBadRequest", "'10.1.0.0/24' is recommended"),
    ([{"ip_address": "10.1.0.0/00"}], "HTTPBadRequest", "'0.0.0.0/0' is recommended"),
    ([{"ip_address": "fe80::1%eth0"}], "HTTPBadRequest", "is not a valid IP address"),
    ([{"ip_address": "224.0.0.1"}], "HTTPBadRequest", "'224.0.0.1' cannot be a multicast IP address"),
    ([ONE | {"mac_address": "01:00:5e:00:00:01"}], "InvalidInput", "01:00:5e:00:00:01"),
    ([ONE | {"mac_address": None}], "HTTPBadRequest", "mac_address"), ([ONE | {"x": "y"}], "HTTPBadRequest", "x"),
    ("10.1.0.99", "HTTPBadRequest", "allowed_address_pairs"), (["10.1.0.99"], "HTTPBadRequest", "10.1.0.99")])
def test_invalid_pairs_are_refused(service, pairs, kind, text):  # noqa: F811
    network, _ = service.net()
    refused(service.call("POST", "/ports", {"port": {
        "network_id": network["id"], "mac_address": "fa:16:3e:11:22:33", "allowed_address_pairs": pairs}}), 400, kind,
        text)
    port = service.make("port", network_id=network["id"], mac_address="fa:16:3e:11:22:33")
    refused(put(service, port, allowed_address_pairs=pairs), 400, kind, text)
    assert service.find(f"/ports/{port['id']}") == port


def test_the_limit_is_configured(service, conf):  # noqa: F811
    conf.set_override("max_allowed_address_pair", 1, "network")
    network, _ = service.net()
    assert service.make("port", network_id=network["id"], allowed_address_pairs=[ONE])
    body = {"port": {"network_id": network["id"], "allowed_address_pairs": [ONE, {"ip_address": "10.1.0.98"}]}}
    refused(service.call("POST", "/ports", body), 400, "AllowedAddressPairExhausted", "the maximum 1.")


def test_pairs_need_port_security(service):  # noqa: F811
    network, _ = service.net()
    words = "Port Security must be enabled in order to have allowed address pairs on a port."
    body = {"port": {"network_id": network["id"], "port_security_enabled": False, "allowed_address_pairs": [ONE]}}
    refused(service.call("POST", "/ports", body), 409, "AddressPairAndPortSecurityRequired", words)
    port = service.make("port", network_id=network["id"], security_groups=[], allowed_address_pairs=[ONE])
    refused(put(service, port, port_security_enabled=False), 409, "AddressPairAndPortSecurityRequired", words)
    off = put(service, port, port_security_enabled=False, allowed_address_pairs=[])
    assert off.json["port"]["allowed_address_pairs"] == []
    refused(put(service, port, allowed_address_pairs=[ONE]), 409, "AddressPairAndPortSecurityRequired")


def test_only_the_owner_of_the_network_allows_pairs(service):  # noqa: F811
    network = service.make("network", "admin", name="all", shared=True)
    service.make("subnet", "admin", network_id=network["id"], cidr="10.1.0.0/24", ip_version=4)
    body = {"network_id": network["id"], "allowed_address_pairs": [ONE]}
    refused(service.call("POST", "/ports", {"port": body}), 403, "PolicyNotAuthorized",
            "create_port:allowed_address_pairs")
    port = service.make("port", network_id=network["id"], allowed_address_pairs=[])
    refused(put(service, port, allowed_address_pairs=[ONE]), 403, "PolicyNotAuthorized",
            "update_port:allowed_address_pairs")
    answer = service.call("PUT", f"/ports/{port['id']}", {"port": {"allowed_address_pairs": [ONE]}}, "admin")
    assert answer.json["port"]["allowed_address_pairs"] == [{"mac_address": port["mac_address"], **ONE}]


def test_the_nic_of_a_server_has_them(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], allowed_address_pairs=[ONE])
    server_id, (nic,) = service.boot([{"port": port["id"]}])
    assert nic.allowed_pairs == [f"{port['mac_address']},10.1.0.99"]
    put(service, port, allowed_address_pairs=[])
    assert service.facade.describe([server_id])[server_id].nics[0].allowed_pairs == []


def test_a_plane_that_drops_what_they_allow_has_none(linux):  # noqa: F811
    network, _ = linux.net()
    port = linux.make("port", network_id=network["id"], allowed_address_pairs=[])
    body = {"port": {"network_id": network["id"], "allowed_address_pairs": [ONE]}}
    refused(linux.call("POST", "/ports", body), 400, "InvalidInput", "leave allowed_address_pairs empty")
    refused(put(linux, port, allowed_address_pairs=[ONE]), 400, "InvalidInput", "leave allowed_address_pairs empty")
    assert "allowed-address-pairs" not in {each["alias"] for each in linux.find("/extensions")}
