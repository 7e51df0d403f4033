"""Values of the network API in the one form in which they are kept, whatever form a client sends."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401


@pytest.fixture
def rule(service):  # noqa: F811
    """``rule(**said)``: the answer to a new rule of one group."""
    group = service.make("security_group", name="web")["id"]

    def make(**said):
        return service.call("POST", "/security-group-rules", {"security_group_rule": {
            "security_group_id": group, "direction": "ingress", **said}})
    return make


@pytest.mark.parametrize(("said", "kept"), [
    ({"remote_ip_prefix": "5.6.7.8"}, {"remote_ip_prefix": "5.6.7.8/32", "normalized_cidr": "5.6.7.8/32"}),
    ({"remote_ip_prefix": "10.0.0.5/255.0.0.0"}, {"remote_ip_prefix": "10.0.0.5/8", "normalized_cidr": "10.0.0.0/8"}),
    ({"remote_ip_prefix": "FE80::0001/64", "ethertype": "IPV6"}, {"remote_ip_prefix": "fe80::1/64",
                                                                  "ethertype": "IPv6"}),
    ({"remote_ip_prefix": "", "remote_group_id": None}, {"remote_ip_prefix": None}),
    ({"protocol": "icmp", "ethertype": "ipv6"}, {"protocol": "ipv6-icmp"}),
    ({"protocol": "icmpv6", "ethertype": "IPv6"}, {"protocol": "ipv6-icmp"}),
    ({"protocol": 1, "ethertype": "IPv6"}, {"protocol": "58"}), ({"protocol": "TCP"}, {"protocol": "tcp"}),
    ({"protocol": "any"}, {"protocol": None}), ({"protocol": 6}, {"protocol": "6"}),
    ({"protocol": "udp", "port_range_min": 1, "port_range_max": "65535"}, {"port_range_min": None,
                                                                           "port_range_max": None}),
    ({"protocol": "icmp", "port_range_min": 0, "port_range_max": 0}, {"port_range_min": 0, "port_range_max": 0})])
def test_a_security_group_rule_is_stored_in_canonical_form(rule, said, kept):
    made = rule(**said)
    assert made.status_int == 201, made.text
    assert {name: made.json["security_group_rule"][name] for name in kept} == kept
    refused(rule(**said), 409, "SecurityGroupRuleExists", made.json["security_group_rule"]["id"])


@pytest.mark.parametrize(("first", "again"), [
    ({"protocol": "tcp"}, {"protocol": "6"}), ({"protocol": 112}, {"protocol": "vrrp"}),
    ({"remote_ip_prefix": "0.0.0.0/0"}, {}), ({"ethertype": "IPv6", "remote_ip_prefix": "::/0"}, {"ethertype": "ipv6"}),
    ({"protocol": "58", "ethertype": "IPv6"}, {"protocol": "icmp", "ethertype": "IPv6"}),
    ({"remote_ip_prefix": "2001:DB8::/32", "ethertype": "IPv6"}, {"remote_ip_prefix": "2001:db8:0::/32",
                                                                  "ethertype": "IPv6"})])
def test_a_rule_written_in_another_form_is_a_duplicate(rule, first, again):
    assert rule(**first).status_int == 201
    refused(rule(**again), 409, "SecurityGroupRuleExists")


@pytest.mark.parametrize(("said", "kind"), [
    ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 5}, "SecurityGroupInvalidPortValue"),
    ({"protocol": "17", "port_range_min": 0, "port_range_max": 0}, "SecurityGroupInvalidPortValue"),
    ({"protocol": "ipv6-icmp"}, "SecurityGroupEthertypeConflictWithProtocol"),
    ({"protocol": "58"}, "SecurityGroupEthertypeConflictWithProtocol"),
    ({"ethertype": None}, "SecurityGroupRuleInvalidEtherType"), ({"ethertype": "IPX"},
                                                                "SecurityGroupRuleInvalidEtherType"),
    ({"protocol": "gre", "port_range_min": 5, "port_range_max": 5}, "SecurityGroupInvalidProtocolForPort"),
    ({"remote_ip_prefix": "fe80::1%eth0/64", "ethertype": "IPv6"}, "InvalidCIDR"),
    ({"protocol": "tcp", "port_range_min": 1.5, "port_range_max": 2}, "HTTPBadRequest"),
    ({"protocol": "tcp", "port_range_min": 10 ** 30, "port_range_max": 10 ** 30}, "SecurityGroupInvalidPortValue")])
def test_a_rule_that_means_nothing_is_refused(rule, said, kind):
    refused(rule(**said), 400, kind)


@pytest.mark.parametrize(("said", "kept"), [
    ("02-AB-00-00-00-01", "02:ab:00:00:00:01"), ("02ab.0000.0002", "02:ab:00:00:00:02"),
    ("02ab00000003", "02:ab:00:00:00:03"), ("2:AB:0:0:0:4", "02:ab:00:00:00:04")])
def test_a_mac_address_may_have_any_notation(service, said, kept):  # noqa: F811
    network, _ = service.net()
    assert service.make("port", network_id=network["id"], mac_address=said)["mac_address"] == kept
    assert len(service.find(f"/ports?mac_address={said}")) == 1
    again = service.call("POST", "/ports", {"port": {"network_id": network["id"], "mac_address": kept}})
    refused(again, 409, "MacAddressInUse")


@pytest.mark.parametrize("mac", ["00:00:00:00:00:00", "0000.0000.0000", "ff:ff:ff:ff:ff:ff", "02:ab:00:00:00", "",
                                 None])
def test_an_invalid_mac_address_of_a_port_is_refused(service, mac):  # noqa: F811
    network, _ = service.net()
    assert service.call("POST", "/ports", {"port": {
        "network_id": network["id"], "mac_address": mac}}).status_int == 400


def test_null_lists_are_empty_or_not_said(service):  # noqa: F811
    network, subnet = service.net(dns_nameservers=None, host_routes=None, allocation_pools=None)
    assert (subnet["dns_nameservers"], subnet["host_routes"]) == ([], [])
    assert subnet["allocation_pools"] == [{"start": "10.1.0.2", "end": "10.1.0.254"}]
    port = service.make("port", network_id=network["id"], security_groups=None, allowed_address_pairs=None)
    assert port["security_groups"] == [] and port["allowed_address_pairs"] == []
    path = f"/subnets/{subnet['id']}"
    service.call("PUT", path, {"subnet": {"dns_nameservers": ["9.9.9.9"]}})
    changed = service.call("PUT", path, {"subnet": {"dns_nameservers": None, "allocation_pools": None}}).json["subnet"]
    assert changed["dns_nameservers"] == [] and changed["allocation_pools"] == subnet["allocation_pools"]


def test_a_project_has_one_group_named_default(service):  # noqa: F811
    group = service.make("security_group", name="web")
    for name in ("default", "Default", "DEFAULT"):
        refused(service.call("POST", "/security-groups", {"security_group": {"name": name}}), 409,
                "SecurityGroupDefaultAlreadyExists")
        refused(service.call("PUT", f"/security-groups/{group['id']}", {"security_group": {"name": name}}), 409,
                "SecurityGroupDefaultAlreadyExists")
    assert len(service.find("/security-groups?name=default")) == 1
    changed = service.call("PUT", f"/security-groups/{group['id']}", {"security_group": {"name": "defaults"}})
    assert changed.json["security_group"]["name"] == "defaults"
