"""Subnets of IPv6: their ranges, gateways, pools and modes, and what of them Neutron refuses."""

import urllib.parse

import pytest

from tests.api.test_network_api import refused
from tests.api.test_network_capabilities import linux  # noqa: F401
from tests.network_service import service  # noqa: F401

BOTH = ("ipv6_ra_mode", "ipv6_address_mode")


def modes(mode):
    return dict.fromkeys(BOTH, mode)


def subnet(service, network, cidr="fd00:1::/64", user="alice", **said):  # noqa: F811
    return service.make("subnet", user, network_id=network["id"], cidr=cidr, ip_version=6, **said)


def test_a_subnet_has_the_address_of_all_routers_as_gateway_and_all_others_in_its_pool(service):  # noqa: F811
    network = service.make("network", name="six")
    made = subnet(service, network, "FD00:1:0::77/64")
    assert (made["cidr"], made["gateway_ip"], made["ip_version"]) == ("fd00:1::/64", "fd00:1::", 6)
    assert made["allocation_pools"] == [{"start": "fd00:1::1", "end": "fd00:1::ffff:ffff:ffff:ffff"}]
    assert (made["ipv6_ra_mode"], made["ipv6_address_mode"], made["enable_dhcp"]) == (None, None, True)
    assert service.find(f"/subnets/{made['id']}") == made
    other = subnet(service, network, "fd00:2::/120", gateway_ip="FD00:2::0:9")
    assert other["gateway_ip"] == "fd00:2::9" and other["allocation_pools"] == [
        {"start": "fd00:2::1", "end": "fd00:2::8"}, {"start": "fd00:2::a", "end": "fd00:2::ff"}]
    two, one = (subnet(service, network, cidr, enable_dhcp=False) for cidr in ("fd00:3::/127", "fd00:4::9/128"))
    assert (two["gateway_ip"], two["allocation_pools"]) == ("fd00:3::", [{"start": "fd00:3::1", "end": "fd00:3::1"}])
    assert (one["gateway_ip"], one["allocation_pools"]) == ("fd00:4::9", [{"start": "fd00:4::9", "end": "fd00:4::9"}])


@pytest.mark.parametrize("gateway", ["fd00:1::1", "fe80::1", "2001:db8::1", None])
def test_a_gateway_may_be_of_the_link_or_elsewhere(service, gateway):  # noqa: F811
    made = subnet(service, service.make("network", name="six"), gateway_ip=gateway)
    assert made["gateway_ip"] == gateway
    pool = {"start": "fd00:1::2" if gateway == "fd00:1::1" else "fd00:1::1", "end": "fd00:1::ffff:ffff:ffff:ffff"}
    assert made["allocation_pools"] == [pool]


@pytest.mark.parametrize("mode", ["slaac", "dhcpv6-stateful", "dhcpv6-stateless"])
def test_modes_are_kept_and_found(service, mode):  # noqa: F811
    network = service.make("network", name="six")
    plain = subnet(service, network, "fd00:9::/64")
    several = [subnet(service, network, f"fd00:{number}::/64", **said) for number, said in enumerate((
        modes(mode), {"ipv6_ra_mode": mode}, {"ipv6_address_mode": mode}))]
    assert [[each[name] for name in BOTH] for each in several] == [[mode, mode], [mode, None], [None, mode]]
    for number, name in enumerate(BOTH, 1):
        found = {each["id"] for each in service.find(f"/subnets?{name}={mode}")}
        assert found == {several[0]["id"], several[number]["id"]}
        assert plain["id"] in {each["id"] for each in service.find(f"/subnets?{name}=")}
    assert service.find(f"/subnets?sort_key=ipv6_ra_mode&sort_dir=desc&ipv6_address_mode={mode}")[0] == several[0]
    assert service.find("/subnets?ip_version=4") == [] and len(service.find("/subnets?ip_version=6")) == 4


@pytest.mark.parametrize(("said", "status", "kind", "text"), [
    ({"cidr": "10.1.0.0/24"}, 400, "InvalidInput", "cidr '10.1.0.0/24' does not match the ip_version '6'."),
    ({"ip_version": 4}, 400, "InvalidInput", "cidr 'fd00:1::/64' does not match the ip_version '4'."),
    ({"cidr": "::/0"}, 400, "InvalidInput", "IPv6 subnet '::' is not supported."),
    ({"cidr": "fd00::/129"}, 400, "InvalidInput", "is not in a CIDR format."),
    ({"cidr": "fd00::/127"}, 400, "InvalidInput", "a prefix length that is incompatible with DHCP service enabled."),
    ({"cidr": "ff05::/64"}, 400, "InvalidInput", "Multicast IP subnet is not supported if enable_dhcp is True."),
    ({"cidr": "ff05::/64", "enable_dhcp": False}, 400, "InvalidInput", "which no guest may have"),
    ({"cidr": "fe80::/64"}, 400, "InvalidInput", "which no guest may have"),
    ({"cidr": "::ffff:10.0.0.0/104"}, 400, "InvalidInput", "which no guest may have"),
    ({"ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"}, 400, "InvalidInput",
     "ipv6_ra_mode set to 'slaac' with ipv6_address_mode set to 'dhcpv6-stateful' is not valid. If both attributes are "
     "set, they must be the same value."),
    ({**modes("slaac"), "enable_dhcp": False}, 400, "InvalidInput",
     "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False."),
    ({**modes("slaac"), "cidr": "fd00::/63"}, 400, "InvalidInput",
     "Invalid CIDR fd00::/63 for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the "
     "prefix to be /64."),
    ({"ipv6_ra_mode": "dhcpv6-stateless", "cidr": "fd00::/80"}, 400, "InvalidInput", "to be /64"),
    ({"ipv6_ra_mode": "slaac", "ip_version": 4, "cidr": "10.1.0.0/24"}, 400, "InvalidInput",
     "ipv6_ra_mode is not valid when ip_version is 4."),
    ({"ipv6_address_mode": "slaac", "ip_version": 4, "cidr": "10.1.0.0/24"}, 400, "InvalidInput",
     "ipv6_address_mode is not valid when ip_version is 4."),
    ({"ipv6_ra_mode": "radvd"}, 400, "HTTPBadRequest", "ipv6_ra_mode"),
    ({"gateway_ip": "10.1.0.1"}, 400, "InvalidInput", "gateway_ip '10.1.0.1' does not match the ip_version '6'."),
    ({"gateway_ip": "fe80::1%eth0"}, 400, "HTTPBadRequest", "gateway_ip"),
    ({"dns_nameservers": ["2001:db8::53", "9.9.9.9"]}, 400, "InvalidInput",
     "dns_nameserver '9.9.9.9' does not match the ip_version '6'."),
    ({"host_routes": [{"destination": "10.0.0.0/8", "nexthop": "fd00:1::9"}]}, 400, "InvalidInput",
     "destination '10.0.0.0/8' does not match the ip_version '6'."),
    ({"host_routes": [{"destination": "fd00:9::/64", "nexthop": "10.1.0.1"}]}, 400, "InvalidInput",
     "nexthop '10.1.0.1' does not match the ip_version '6'."),
    ({"allocation_pools": [{"start": "fd00:1::9", "end": "fd00:1::2"}]}, 400, "InvalidAllocationPool", "fd00:1::9"),
    ({"allocation_pools": [{"start": "10.1.0.2", "end": "10.1.0.9"}]}, 400, "InvalidAllocationPool", "10.1.0.2"),
    ({"allocation_pools": [{"start": "fd00:1::2", "end": "fd00:2::9"}]}, 400, "OutOfBoundsAllocationPool", "fd00:2::9"),
    ({"allocation_pools": [{"start": "fd00:1::", "end": "fd00:1::9"}]}, 400, "OutOfBoundsAllocationPool", "fd00:1::"),
    ({"gateway_ip": "fd00:1::5", "allocation_pools": [{"start": "fd00:1::2", "end": "fd00:1::9"}]}, 409,
     "GatewayConflictWithAllocationPools", "fd00:1::5")])
def test_what_no_subnet_can_be_is_refused(service, said, status, kind, text):  # noqa: F811
    network = service.make("network", name="six")
    body = {"network_id": network["id"], "cidr": "fd00:1::/64", "ip_version": 6, **said}
    refused(service.call("POST", "/subnets", {"subnet": body}), status, kind, text)
    assert service.find("/subnets") == []


def test_subnets_of_a_network_do_not_overlap_and_ranges_of_versions_cannot(service):  # noqa: F811
    network, four = service.net()
    six = subnet(service, network)
    body = {"network_id": network["id"], "cidr": "fd00:1::/48", "ip_version": 6}
    refused(service.call("POST", "/subnets", {"subnet": body}), 400, "InvalidInput", "overlaps with another subnet.")
    assert set(service.find(f"/networks/{network['id']}")["subnets"]) == {four["id"], six["id"]}


def test_a_change_of_a_subnet_is_checked_as_a_new_one(service):  # noqa: F811
    network = service.make("network", name="six")
    made = subnet(service, network, **modes("dhcpv6-stateful"))
    plain = subnet(service, network, "fd00:2::/127", enable_dhcp=False)

    def put(found, **said):
        return service.call("PUT", f"/subnets/{found['id']}", {"subnet": said})
    refused(put(made, enable_dhcp=False), 400, "InvalidInput", "Cannot disable enable_dhcp with ipv6 attributes set.")
    refused(put(made, ipv6_ra_mode="slaac"), 400, "HTTPBadRequest", "ipv6_ra_mode")
    refused(put(plain, enable_dhcp=True), 400, "InvalidInput", "incompatible with DHCP service enabled.")
    refused(put(made, gateway_ip="10.1.0.1"), 400, "InvalidInput", "does not match the ip_version '6'.")
    refused(put(made, gateway_ip="fd00:1::9"), 409, "GatewayConflictWithAllocationPools", "fd00:1::9")
    changed = put(made, gateway_ip="FE80::0001", dns_nameservers=["2001:db8::53"], enable_dhcp=True, host_routes=[
        {"destination": "FD00:9::/64", "nexthop": "FD00:1::0009"}], allocation_pools=[
        {"start": "FD00:1::0010", "end": "fd00:1::20"}]).json["subnet"]
    assert (changed["gateway_ip"], changed["dns_nameservers"]) == ("fe80::1", ["2001:db8::53"])
    assert changed["host_routes"] == [{"destination": "fd00:9::/64", "nexthop": "fd00:1::9"}]
    assert changed["allocation_pools"] == [{"start": "fd00:1::10", "end": "fd00:1::20"}]
    assert [each["id"] for each in service.find("/subnets?gateway_ip=FE80:0::1")] == [made["id"]]
    assert [each["id"] for each in service.find("/subnets?cidr=FD00:1:0::/64")] == [made["id"]]


def test_a_network_with_ipv6_has_an_mtu_that_ipv6_needs(service):  # noqa: F811
    small = service.make("network", mtu=1279)
    body = {"network_id": small["id"], "cidr": "fd00:1::/64", "ip_version": 6}
    words = f"MTU of {small['id']} is not valid, subnet requires a minimum of 1280"
    refused(service.call("POST", "/subnets", {"subnet": body}), 409, "NetworkMTUSubnetConflict", words)
    assert service.call("PUT", f"/networks/{small['id']}", {"network": {"mtu": 1280}}).status_int == 200
    assert service.call("POST", "/subnets", {"subnet": body}).status_int == 201
    refused(service.call("PUT", f"/networks/{small['id']}", {"network": {"mtu": 1279}}), 409,
            "NetworkMTUSubnetConflict", words)
    assert service.find(f"/networks/{small['id']}")["mtu"] == 1280


def test_projects_may_be_kept_to_ranges_of_ipv6(service, conf):  # noqa: F811
    conf.set_override("project_ranges", ["10.0.0.0/8", "fd00::/16"], "network")
    network = service.make("network", name="six")
    subnet(service, network, "fd00:1::/64")
    body = {"network_id": network["id"], "cidr": "fd01:1::/64", "ip_version": 6}
    refused(service.call("POST", "/subnets", {"subnet": body}), 400, "InvalidInput", "must be within fd00::/16")
    assert subnet(service, network, "fd01:1::/64", "admin")


def test_ranges_come_from_pools(service):  # noqa: F811
    scope = service.make("address_scope", name="s", ip_version=6)
    pool = service.make("subnetpool", name="p", prefixes=["FD00:5::/60"], default_prefixlen=64,
                        address_scope_id=scope["id"], default_quota=3)
    assert (pool["ip_version"], pool["prefixes"], pool["min_prefixlen"]) == (6, ["fd00:5::/60"], "64")
    network = service.make("network", name="six")
    made = service.make("subnet", network_id=network["id"], ip_version=6, subnetpool_id=pool["id"], **modes("slaac"))
    assert (made["cidr"], made["gateway_ip"], made["subnetpool_id"]) == ("fd00:5::/64", "fd00:5::", pool["id"])
    named = service.make("subnet", network_id=network["id"], ip_version=6, subnetpool_id=pool["id"],
                         cidr="FD00:5:0:3::/64")
    assert named["cidr"] == "fd00:5:0:3::/64"
    assert service.find(f"/networks/{network['id']}")["ipv6_address_scope"] == scope["id"]
    body = {"subnet": {"network_id": network["id"], "ip_version": 6, "subnetpool_id": pool["id"]}}
    refused(service.call("POST", "/subnets", {"subnet": body["subnet"] | {"prefixlen": 62}}), 400,
            "MinPrefixSubnetAllocationError", "62")
    assert service.call("POST", "/subnets", body).status_int == 201
    refused(service.call("POST", "/subnets", body), 409, "SubnetPoolQuotaExceeded", "quota")
    beside = {"network_id": network["id"], "cidr": "fd00:77::/64", "ip_version": 6}
    refused(service.call("POST", "/subnets", {"subnet": beside}), 400, "NetworkSubnetPoolAffinityError")


def test_the_default_pool_is_one_of_each_version(service):  # noqa: F811
    service.make("subnetpool", "admin", name="four", prefixes=["10.128.0.0/9"], is_default=True, shared=True,
                 default_prefixlen=26)
    service.make("subnetpool", "admin", name="six", prefixes=["fd00:6::/48"], is_default=True, shared=True,
                 default_prefixlen=64)
    network = service.make("network", name="both")
    made = [service.make("subnet", network_id=network["id"], ip_version=version, use_default_subnetpool=True)["cidr"]
            for version in (4, 6)]
    assert made == ["10.128.0.0/26", "fd00:6::/64"]


@pytest.mark.parametrize(("cidr", "total"), [
    ("fd00:1::/64", 2 ** 64 - 1), ("fd00:1::/16", 2 ** 112 - 1), ("fd00:1::/120", 255)])
def test_counts_of_addresses_are_exact(service, cidr, total):  # noqa: F811
    network, four = service.net()
    made = subnet(service, network, cidr)
    service.make("port", network_id=network["id"])
    shown = service.find(f"/network-ip-availabilities/{network['id']}", "admin")
    assert (shown["total_ips"], shown["used_ips"]) == (253 + total, 2)
    assert {each["subnet_id"]: (each["ip_version"], each["total_ips"], each["used_ips"])
            for each in shown["subnet_ip_availability"]} == {four["id"]: (4, 253, 1), made["id"]: (6, total, 1)}
    assert {name: shown["ip_availability_details"][f"total_ips_in_{name}"] for name in ("subnet", "allocation_pool")} \
        == {"subnet": 254 + total + 1, "allocation_pool": 253 + total}
    listed, = service.find("/network-ip-availabilities?ip_version=6", "admin")
    assert (listed["total_ips"], listed["used_ips"]) == (total, 1)


def test_quotas_count_subnets_of_both_versions(service, conf):  # noqa: F811
    conf.set_override("quota_subnet", 2, "network")
    network, _ = service.net()
    subnet(service, network)
    body = {"network_id": network["id"], "cidr": "fd00:2::/64", "ip_version": 6}
    refused(service.call("POST", "/subnets", {"subnet": body}), 409, "OverQuota", "['subnet']")


def test_a_plane_without_ipv6_refuses_its_subnets(linux):  # noqa: F811
    network, _ = linux.net()
    body = {"network_id": network["id"], "cidr": "fd00:1::/64", "ip_version": 6, **modes("slaac")}
    refused(linux.call("POST", "/subnets", {"subnet": body}), 400, "InvalidInput",
            "The networks of this cloud ([network] plane = linux) have no IPv6 addresses.")
    option = {"opt_name": "dns-server", "opt_value": "2001:db8::53", "ip_version": 6}
    port = {"network_id": network["id"], "extra_dhcp_opts": [option]}
    refused(linux.call("POST", "/ports", {"port": port}), 400, "HTTPBadRequest", "subnets here have IPv4 only")
    rule = {"security_group_id": linux.find("/security-groups")[0]["id"], "direction": "ingress", "ethertype": "IPv6"}
    assert linux.make("security_group_rule", **rule), "rules of IPv6 hold on every plane"


def test_no_range_or_address_has_a_scope(service, conf):  # noqa: F811
    """What Python takes for the name of an interface may be lines of a configuration file."""
    network, plain = service.make("network"), service.make("network")
    subnet = service.make("subnet", network_id=plain["id"], cidr="fd00:1::/64", ip_version=6)
    pool = service.make("subnetpool", name="p", prefixes=["fd00:2::/48"], default_prefixlen=64)
    group = service.make("security_group", name="g")
    new = {"network_id": network["id"], "ip_version": 6}
    for scope in ("%eth0", "%x\nconf-script=id\n#", "%} ; flush"):
        wrong = f"fd00:2::{scope}", f"fd00:2::{scope}/64"
        for kind, body in (
                ("subnet", {**new, "cidr": wrong[1]}),
                ("subnet", {**new, "cidr": wrong[1], "subnetpool_id": pool["id"]}),
                ("subnet", {**new, "cidr": "fd00:2::/64", "gateway_ip": wrong[0]}),
                ("subnetpool", {"name": "q", "prefixes": [wrong[1]]}),
                ("port", {"network_id": plain["id"], "fixed_ips": [{"ip_address": f"fd00:1::5{scope}"}]}),
                ("port", {"network_id": plain["id"], "allowed_address_pairs": [{"ip_address": wrong[1]}]}),
                ("security_group_rule", {"security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv6",
                                         "remote_ip_prefix": wrong[1]}),
                ("address_group", {"name": "a", "addresses": [wrong[1]]})):
            answer = service.call("POST", f"/{kind.replace('_', '-')}s", {kind: body})
            assert answer.status_int in (400, 409), (kind, body, answer.text)
        for body in ({"dns_nameservers": [wrong[0]]}, {"gateway_ip": wrong[0]},
                     {"host_routes": [{"destination": wrong[1], "nexthop": "fd00:1::1"}]},
                     {"host_routes": [{"destination": "fd00:3::/64", "nexthop": wrong[0]}]},
                     {"allocation_pools": [{"start": wrong[0], "end": wrong[0]}]}):
            assert service.call("PUT", f"/subnets/{subnet['id']}", {"subnet": body}).status_int == 400, body
        assert service.call("GET", "/subnets?cidr=" + urllib.parse.quote(wrong[1])).json == {"subnets": []}
    assert service.find(f"/subnets?network_id={network['id']}") == []
