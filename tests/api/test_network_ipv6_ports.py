"""Addresses of ports on IPv6 subnets: any, chosen ones, and those that MACs make."""

import ipaddress

import pytest

from nova_lite.common import instance_metadata
from nova_lite.network import exceptions
from nova_lite.objects.desired_state import of_host
from tests.api.test_network_api import refused
from tests.api.test_network_ipv6_subnets import modes, subnet
from tests.network_service import service  # noqa: F401

MAC, MADE = "fa:16:3e:00:00:01", "fd00:1::f816:3eff:fe00:1"
AUTOMATIC = ("slaac", "dhcpv6-stateless")


@pytest.fixture
def both(service):  # noqa: F811
    """(network, IPv4 subnet, IPv6 subnet whose addresses are chosen)"""
    network, four = service.net()
    return network, four, subnet(service, network, "fd00:9::/64", **modes("dhcpv6-stateful"))


def ips(port):
    """{subnet id: address}"""
    return {each["subnet_id"]: each["ip_address"] for each in port["fixed_ips"]}


def make(service, network, **said):  # noqa: F811
    return service.make("port", network_id=network["id"], **said)


def put(service, port, user="alice", **said):  # noqa: F811
    return service.call("PUT", f"/ports/{port['id']}", {"port": said}, user)


def create(service, network, user="alice", **said):  # noqa: F811
    return service.call("POST", "/ports", {"port": {"network_id": network["id"], **said}}, user)


def test_a_port_gets_an_address_of_each_version(service, both):  # noqa: F811
    network, four, six = both
    subnet(service, network, "fd00:8::/64")
    ports = [make(service, network) for _ in range(20)]
    assert all(set(ips(each)) == {four["id"], six["id"]} for each in ports), "of the first of each version"
    given = {ipaddress.ip_address(ips(each)[six["id"]]) for each in ports}
    assert len(given) == 20 and all(each in ipaddress.ip_network("fd00:9::/64") for each in given)


def test_a_pool_of_few_addresses_is_given_whole(service):  # noqa: F811
    network = service.make("network")
    made = subnet(service, network, allocation_pools=[{"start": "fd00:1::5", "end": "fd00:1::6"},
                                                      {"start": "fd00:1::a", "end": "fd00:1::a"}])
    given = {ips(make(service, network))[made["id"]] for _ in range(3)}
    assert given == {"fd00:1::5", "fd00:1::6", "fd00:1::a"}
    refused(create(service, network), 409, "IpAddressGenerationFailure", "No more IP addresses available on network")
    low = service.make("network")
    tiny = subnet(service, low, "2000::/126")
    assert {ips(make(service, low))[tiny["id"]] for _ in range(3)} == {"2000::1", "2000::2", "2000::3"}


def test_a_chosen_address_is_kept_in_its_one_form(service, both):  # noqa: F811
    network, four, six = both
    port = make(service, network, fixed_ips=[{"ip_address": "FD00:9:0:0::00AB"}])
    assert port["fixed_ips"] == [{"subnet_id": six["id"], "ip_address": "fd00:9::ab"}]
    for text in ("fd00:9::ab", "FD00:9::0:AB"):
        assert [each["id"] for each in service.find(f"/ports?fixed_ips=ip_address={text}")] == [port["id"]]
        refused(create(service, network, fixed_ips=[{"ip_address": text, "subnet_id": six["id"]}]), 409,
                "IpAddressAlreadyAllocated", "fd00:9::ab")
    assert [each["id"] for each in service.find("/ports?fixed_ips=ip_address_substr=9::a")] == [port["id"]]
    twice = [{"ip_address": "fd00:9::1"}, {"ip_address": "FD00:9::0:1"}]
    refused(create(service, network, fixed_ips=twice), 400, "HTTPBadRequest", "Duplicate IP address 'fd00:9::1'")
    refused(create(service, network, fixed_ips=[{"ip_address": "fd00:7::1"}]), 400, "InvalidIpForNetwork", "fd00:7::1")
    refused(create(service, network, fixed_ips=[{"ip_address": "fd00:7::1", "subnet_id": six["id"]}]), 400,
            "InvalidIpForSubnet", "fd00:7::1")
    refused(create(service, network, fixed_ips=[{"ip_address": "fd00:9::", "device_owner": "x"}]), 400,
            "HTTPBadRequest", "device_owner")
    refused(create(service, network, device_owner="compute:x", fixed_ips=[{"ip_address": "fd00:9::"}]), 400,
            "InvalidIpForNetwork", "fd00:9::")
    refused(create(service, network, fixed_ips=[{"ip_address": "fe80::1%eth0"}]), 400, "HTTPBadRequest", "ip_address")
    more = put(service, port, fixed_ips=[*port["fixed_ips"], {"subnet_id": four["id"]}]).json["port"]
    assert ips(more)[six["id"]] == "fd00:9::ab" and four["id"] in ips(more)
    again = put(service, port, fixed_ips=[{"ip_address": "FD00:9::00ab"}, {"subnet_id": four["id"]}]).json["port"]
    assert again == more, "no revision more"


@pytest.mark.parametrize("mode", AUTOMATIC)
@pytest.mark.parametrize("said", [{}, {"fixed_ips": []}, {"fixed_ips": [{"ip_address": MADE}]}, "by subnet"])
def test_a_mac_makes_the_address_whatever_is_asked_for(service, both, mode, said):  # noqa: F811
    network, four, six = both
    made = subnet(service, network, **modes(mode))
    said = {"fixed_ips": [{"subnet_id": made["id"]}]} if said == "by subnet" else said
    port = make(service, network, mac_address=MAC, **said)
    assert ips(port)[made["id"]] == MADE
    assert set(ips(port)) == {made["id"]} | (set() if said else {four["id"], six["id"]})
    assert len(port["fixed_ips"]) == len(ips(port))
    other = make(service, network)
    digits = bytes.fromhex(other["mac_address"].replace(":", ""))
    assert ipaddress.ip_address(ips(other)[made["id"]]).packed[8:] == bytes(
        [digits[0] ^ 2, *digits[1:3], 0xFF, 0xFE, *digits[3:]])


@pytest.mark.parametrize("mode", [*AUTOMATIC, "dhcpv6-stateful"])
@pytest.mark.parametrize("name", ["ipv6_ra_mode", "ipv6_address_mode"])
def test_one_mode_says_how_addresses_come(service, mode, name):  # noqa: F811
    network = service.make("network")
    made = subnet(service, network, **{name: mode})
    port = make(service, network, mac_address=MAC)
    assert (ips(port)[made["id"]] == MADE) is (mode in AUTOMATIC)


def test_no_other_address_of_an_automatic_subnet_can_be_chosen(service):  # noqa: F811
    network = service.make("network")
    made = subnet(service, network, **modes("slaac"))
    words = (f"IPv6 address fd00:1::9 cannot be directly assigned to a port on subnet {made['id']} as the subnet is "
             f"configured for automatic addresses")
    wanted = [{"ip_address": "fd00:1::9"}]
    refused(create(service, network, fixed_ips=wanted), 400, "AllocationOnAutoAddressSubnet", words)
    port = make(service, network)
    refused(put(service, port, fixed_ips=wanted), 400, "AllocationOnAutoAddressSubnet", words)
    assert service.find(f"/ports/{port['id']}") == port


def test_automatic_addresses_stay_when_others_change(service, both):  # noqa: F811
    network, four, six = both
    made = subnet(service, network, **modes("slaac"))
    port = make(service, network, mac_address=MAC)
    none = put(service, port, fixed_ips=[]).json["port"]
    assert ips(none) == {made["id"]: MADE}
    assert put(service, port, fixed_ips=[]).json["port"] == none, "no revision more"
    assert put(service, port, fixed_ips=[{"subnet_id": made["id"]}]).json["port"] == none
    one = put(service, port, fixed_ips=[{"ip_address": "fd00:9::5"}]).json["port"]
    assert ips(one) == {made["id"]: MADE, six["id"]: "fd00:9::5"}
    assert one["revision_number"] > none["revision_number"]


def test_a_new_mac_makes_new_addresses(service, both):  # noqa: F811
    network, four, six = both
    made = subnet(service, network, **modes("slaac"))
    port = make(service, network, mac_address=MAC)
    moved = put(service, port, "admin", mac_address="fa:16:3e:00:00:02").json["port"]
    assert ips(moved) == ips(port) | {made["id"]: "fd00:1::f816:3eff:fe00:2"}
    both_said = put(service, port, "admin", mac_address="fa:16:3e:00:00:03", fixed_ips=[
        {"ip_address": "fd00:9::7"}, {"ip_address": "fd00:1::f816:3eff:fe00:2"}]).json["port"]
    assert ips(both_said) == {six["id"]: "fd00:9::7", made["id"]: "fd00:1::f816:3eff:fe00:3"}
    refused(put(service, port, "admin", mac_address=MAC, fixed_ips=[{"ip_address": "fd00:1::9"}]), 400,
            "AllocationOnAutoAddressSubnet")
    assert service.find(f"/ports/{port['id']}", "admin") == both_said


def test_ports_that_are_there_get_addresses_of_a_new_automatic_subnet(service, both):  # noqa: F811
    network, four, six = both
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)
    bare = make(service, network, fixed_ips=[], mac_address=MAC)
    elsewhere, _ = service.net("10.7.0.0/24")
    other = make(service, elsewhere)
    before = service.find(f"/ports/{nic.port_id}")
    host = of_host("host1")
    [seen] = service.facade.desired_state.changes("host1", {host: 0}, {})
    made = subnet(service, network, **modes("slaac"))
    after = service.find(f"/ports/{nic.port_id}")
    assert ips(after) == ips(before) | {made["id"]: ips(after)[made["id"]]}
    assert after["revision_number"] > before["revision_number"]
    assert ips(service.find(f"/ports/{bare['id']}")) == {made["id"]: MADE}
    assert service.find(f"/ports/{other['id']}") == other
    [news] = service.facade.desired_state.changes("host1", {host: seen.revision}, {})
    [port] = news.ports
    assert {each.ip for each in port.nic.addresses} == set(ips(after).values())
    assert {(each.ra_mode, each.address_mode) for each in port.nic.addresses} == {
        (None, None), ("dhcpv6-stateful",) * 2, ("slaac",) * 2}
    shown = service.row(server_id).addresses
    assert {each["addr"]: each["version"] for each in shown} == {
        each: ipaddress.ip_address(each).version for each in ips(after).values()}


def test_automatic_addresses_go_with_their_subnet(service, both):  # noqa: F811
    network, four, six = both
    made = subnet(service, network, **modes("slaac"))
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)
    before = service.find(f"/ports/{nic.port_id}")
    refused(service.call("DELETE", f"/subnets/{six['id']}"), 409, "SubnetInUse", six["id"])
    assert service.call("DELETE", f"/subnets/{made['id']}").status_int == 204
    after = service.find(f"/ports/{nic.port_id}")
    assert set(ips(after)) == {four["id"], six["id"]} and after["revision_number"] > before["revision_number"]
    assert {each["addr"] for each in service.row(server_id).addresses} == set(ips(after).values())
    [news] = service.facade.desired_state.changes("host1", {of_host("host1"): 0}, {})
    assert {each.ip for each in news.ports[0].nic.addresses} == set(ips(after).values())


def test_members_of_groups_have_automatic_addresses_too(service, both):  # noqa: F811
    network, four, six = both
    port = make(service, network, mac_address=MAC)
    group_id, = port["security_groups"]
    scope = f"group:{group_id}"
    [seen] = service.facade.desired_state.changes("host1", {scope: 0}, {})
    made = subnet(service, network, **modes("slaac"))
    [news] = service.facade.desired_state.changes("host1", {scope: seen.revision}, {})
    assert MADE in {ip for each in news.members for ip in each.addresses}
    service.call("DELETE", f"/subnets/{made['id']}")
    [last] = service.facade.desired_state.changes("host1", {scope: news.revision}, {})
    assert last.members and MADE not in {ip for each in last.members for ip in each.addresses}


def test_a_subnet_for_other_devices_gives_no_automatic_addresses(service, both):  # noqa: F811
    network, four, six = both
    port = make(service, network)
    made = subnet(service, network, service_types=["compute:nova"], **modes("slaac"))
    assert service.find(f"/ports/{port['id']}") == port
    assert made["id"] not in ips(make(service, network))
    assert made["id"] in ips(make(service, network, device_owner="compute:nova"))


def test_several_subnets_of_one_request_give_addresses_to_ports(service):  # noqa: F811
    network = service.make("network")
    port = make(service, network, mac_address=MAC)
    said = [{"network_id": network["id"], "ip_version": 6, "cidr": f"fd00:{number}::/64", **modes("slaac")}
            for number in (1, 2)]
    assert service.call("POST", "/subnets", {"subnets": said}).status_int == 201
    assert set(ips(service.find(f"/ports/{port['id']}")).values()) == {MADE, "fd00:2::f816:3eff:fe00:1"}
    refused(service.call("POST", "/subnets", {"subnets": [
        said[0] | {"cidr": "fd00:3::/64"}, said[0]]}), 400, "InvalidInput", "overlaps")
    assert len(ips(service.find(f"/ports/{port['id']}"))) == 2, "all or none"


def test_address_pairs_and_options_of_ipv6_are_kept(service, both):  # noqa: F811
    network, _, _ = both
    options = [{"opt_name": "dns-server", "opt_value": "[2001:db8::53]", "ip_version": 6},
               {"opt_name": "ntp-server", "opt_value": "10.1.0.5", "ip_version": 4},
               {"opt_name": "59", "opt_value": "tftp://boot/x", "ip_version": 6}]
    port = make(service, network, extra_dhcp_opts=options, allowed_address_pairs=[{"ip_address": "fd00:9::/80"}])
    assert port["extra_dhcp_opts"] == options
    assert port["allowed_address_pairs"] == [{"ip_address": "fd00:9::/80", "mac_address": port["mac_address"]}]
    refused(create(service, network, extra_dhcp_opts=[options[0] | {"opt_name": "tftp-server"}]), 400,
            "HTTPBadRequest", "'tftp-server' is no option that a port may have")
    refused(create(service, network, extra_dhcp_opts=[options[0] | {"opt_name": "3"}]), 400, "HTTPBadRequest",
            "'3' is no option that a port may have")


# ---- servers

def test_a_server_asks_for_an_address_of_ipv6(service, both):  # noqa: F811
    network, four, six = both
    made = subnet(service, network, **modes("slaac"))
    _, (nic,) = service.boot([{"uuid": network["id"], "fixed_ip": "fd00:9::77"}])
    assert {each.subnet_id: each.ip for each in nic.addresses} == {
        six["id"]: "fd00:9::77", made["id"]: ips(service.find(f"/ports/{nic.port_id}"))[made["id"]]}
    for ip, error in (("fd00:9::77", exceptions.FixedIpInUse), ("fd00:1::5", exceptions.FixedIpNotInNetwork),
                      ("fd00:7::5", exceptions.FixedIpNotInNetwork), ("fd00:9::", exceptions.FixedIpNotInNetwork)):
        with pytest.raises(error, match=ip):
            service.boot([{"uuid": network["id"], "fixed_ip": ip}])


def test_network_data_names_the_modes_of_subnets(service):  # noqa: F811
    network = service.make("network")
    named = {}
    for number, (name, said) in enumerate((
            ("ipv6_slaac", modes("slaac")), ("ipv6_dhcpv6-stateless", modes("dhcpv6-stateless")),
            ("ipv6_dhcpv6-stateful", modes("dhcpv6-stateful")))):
        named[subnet(service, network, f"fd00:{number}::/64", dns_nameservers=["2001:db8::53"], **said)["id"]] = name
    _, (nic,) = service.boot([{"uuid": network["id"]}])
    shown = instance_metadata.network_data([nic])
    assert {each["type"]: each["ip_address"] for each in shown["networks"]} == {
        named[each.subnet_id]: each.ip for each in nic.addresses}
    for each in shown["networks"]:
        assert each["netmask"] == "ffff:ffff:ffff:ffff::"
        assert each["routes"][0]["network"] == each["routes"][0]["netmask"] == "::"
    assert shown["services"] == [{"type": "dns", "address": "2001:db8::53"}]


@pytest.mark.parametrize("comings", [1, 2, 5])
def test_a_subnet_is_made_though_servers_come_to_its_network_meanwhile(service, both, monkeypatch, comings):  # noqa: F811
    network, _, _ = both
    asked, check_quota = [], service.facade.subnets.check_quota

    def meanwhile(wanted):
        """Another server comes after those that are there were locked: in this transaction, as no other can write."""
        asked.append(1)
        if len(asked) <= comings:
            asked[-1] = service.boot([{"uuid": network["id"]}])[0]
        check_quota(wanted)
    monkeypatch.setattr(service.facade.subnets, "check_quota", meanwhile)
    made = subnet(service, network, **modes("slaac"))
    assert len(asked) == min(comings + 1, 3) and len(service.find("/subnets")) == 3
    if comings >= 3:
        found = service.facade.describe([asked[-1]])[asked[-1]].nics[0]
        assert made["id"] in {each.subnet_id for each in found.addresses}
        assert {each["addr"] for each in service.row(asked[-1]).addresses} == {each.ip for each in found.addresses}
