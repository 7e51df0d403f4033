"""The network API through the WSGI application: answers as Neutron gives them."""

import re

import pytest

from nova_lite import db
from nova_lite.db.models.networks import Subnet
from nova_lite.network.listing import EVERYTHING
from tests.network_service import context, service  # noqa: F401

NOWHERE = "4f7ce51b-d49e-41a4-b197-000000000000"


def refused(answer, status, kind, text=""):
    assert answer.status_int == status, answer.text
    error = answer.json["NeutronError"]
    assert error["type"] == kind and text in error["message"] and error["detail"] == ""


def test_a_network_shows_neutrons_attributes(service):  # noqa: F811
    network = service.make("network", name="one", admin_state_up=True, mtu=1400)
    assert (network["name"], network["status"], network["mtu"], network["subnets"]) == ("one", "ACTIVE", 1400, [])
    assert network["project_id"] == network["tenant_id"] == "pa" and network["shared"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", network["created_at"])
    assert service.find(f"/networks/{network['id']}") == network
    assert "provider:network_type" not in network
    assert service.find(f"/networks/{network['id']}", "admin")["provider:network_type"] == "local"


def test_a_project_sees_its_own_and_shared_networks_only(service):  # noqa: F811
    mine, theirs = service.make("network", name="mine"), service.make("network", "bob", name="theirs")
    shared = service.make("network", "admin", name="all", shared=True)
    assert {each["name"] for each in service.find("/networks")} == {"mine", "all"}
    assert {each["name"] for each in service.find("/networks", "admin")} == {"mine", "theirs", "all"}
    for method, body in (("GET", None), ("PUT", {"network": {"name": "x"}}), ("DELETE", None)):
        refused(service.call(method, f"/networks/{theirs['id']}", body), 404, "NetworkNotFound")
    assert service.call("PUT", f"/networks/{shared['id']}", {"network": {"name": "x"}}).status_int == 403
    assert service.call("DELETE", f"/networks/{shared['id']}").status_int == 403
    assert service.call("GET", f"/networks/{mine['id']}", user="carl").status_int == 200
    assert service.call("DELETE", f"/networks/{mine['id']}", user="carl").status_int == 403


@pytest.mark.parametrize("kind", ["networks", "subnets", "ports", "security-groups", "security-group-rules"])
def test_a_user_without_a_project_sees_no_network_resources(service, kind):  # noqa: F811
    """Dora's roles are on a domain."""
    network, _ = service.net()
    service.make("port", network_id=network["id"])
    assert service.find(f"/{kind}") != []
    assert service.find(f"/{kind}", "dora") == []
    assert service.facade.networks.list(context("dora"), EVERYTHING) == []
    assert service.facade.ports.list(context("dora"), EVERYTHING) == []


def test_lists_are_filtered_sorted_and_paged(service):  # noqa: F811
    for name in ("a", "b", "c"):
        service.make("network", name=name)
    assert service.find("/networks?name=b&fields=name") == [{"name": "b"}]
    assert len(service.find("/networks?name=a&name=c")) == 2
    assert service.find("/networks?shared=True") == [] and service.find("/networks?status=DOWN") == []
    assert len(service.find("/networks?router:external=False&status=ACTIVE&tenant_id=pa")) == 3
    page = service.call("GET", "/networks?limit=2&sort_key=name&sort_dir=desc").json
    assert [each["name"] for each in page["networks"]] == ["c", "b"]
    link = page["networks_links"][0]
    assert link["rel"] == "next" and link["href"].startswith("http://localhost:80/network/v2.0/networks?")
    rest = service.call("GET", link["href"].partition("/v2.0")[2]).json
    assert [each["name"] for each in rest["networks"]] == ["a"]
    assert [each["rel"] for each in rest["networks_links"]] == ["previous"]


def test_a_sort_key_counts_once_however_often_it_is_named(service):  # noqa: F811
    first, *_ = [service.make("network", name=name) for name in ("a", "b", "c")]
    many = "sort_key=name&sort_dir=asc&" * 400
    assert [each["name"] for each in service.find(f"/networks?{many}marker={first['id']}")] == ["b", "c"]


@pytest.mark.parametrize("query", ["bogus=1", "limit=x", "limit=-1", "shared=perhaps", "sort_key=nothing"])
def test_an_invalid_query_for_networks_is_refused(service, query):  # noqa: F811
    assert service.call("GET", f"/networks?{query}").status_int == 400


@pytest.mark.parametrize("body", [
    "{", "[]", {"networ": {}}, {"network": {"bogus": 1}}, {"network": {"name": 5}}, {"network": {"name": "x" * 256}},
    {"network": {"mtu": 5}}, {"network": {"mtu": "x"}}, {"network": {"admin_state_up": "off"}},
    {"network": {"shared": "maybe"}}, {"network": {"tenant_id": "pb"}}, {"network": None}, {"network": []}])
def test_an_invalid_network_is_refused(service, body):  # noqa: F811
    assert service.call("POST", "/networks", body).status_int == 400
    assert service.find("/networks") == []


def test_only_an_operator_shares_networks_and_makes_them_for_others(service):  # noqa: F811
    assert service.call("POST", "/networks", {"network": {"shared": True}}).status_int == 403
    made = service.make("network", "admin", name="x", tenant_id="pb")
    assert made["project_id"] == "pb"
    assert service.call("PUT", f"/networks/{made['id']}", {"network": {"shared": True}}, "bob").status_int == 403


def test_a_subnet_gets_its_gateway_and_pool(service):  # noqa: F811
    network, subnet = service.net("10.1.0.77/24")
    assert (subnet["cidr"], subnet["gateway_ip"]) == ("10.1.0.0/24", "10.1.0.1")
    assert subnet["allocation_pools"] == [{"start": "10.1.0.2", "end": "10.1.0.254"}]
    assert (subnet["enable_dhcp"], subnet["dns_nameservers"], subnet["host_routes"]) == (True, [], [])
    assert service.find(f"/networks/{network['id']}")["subnets"] == [subnet["id"]]
    middle = service.make("subnet", network_id=network["id"], cidr="10.2.0.0/29", ip_version="4", gateway_ip="10.2.0.3")
    assert middle["allocation_pools"] == [{"start": "10.2.0.1", "end": "10.2.0.2"},
                                          {"start": "10.2.0.4", "end": "10.2.0.6"}]
    none = service.make("subnet", network_id=network["id"], cidr="10.3.0.0/24", ip_version=4, gateway_ip=None)
    assert none["gateway_ip"] is None and none["allocation_pools"][0]["start"] == "10.3.0.1"


@pytest.mark.parametrize(("body", "status", "kind"), [
    ({"cidr": "10.1.0.128/25"}, 400, "InvalidInput"), ({"cidr": "10.5.0.0/33"}, 400, "InvalidInput"),
    ({"cidr": "10.5.0.0/31"}, 400, "InvalidInput"), ({"cidr": "0.0.0.0/0"}, 400, "InvalidInput"),
    ({"cidr": "169.254.0.0/16"}, 400, "InvalidInput"), ({"cidr": "127.0.0.0/8"}, 400, "InvalidInput"),
    ({"cidr": "10.5.0.0/24", "ip_version": 6}, 400, "InvalidInput"),
    ({"cidr": "2001:db8::/64", "ip_version": 4}, 400, "InvalidInput"),
    ({"cidr": "10.5.0.0/24", "ip_version": 5}, 400, "HTTPBadRequest"), ({}, 400, "BadRequest"),
    ({"cidr": "10.5.0.0/24", "gateway_ip": "10.5.0.0"}, 400, "InvalidInput"),
    ({"cidr": "10.5.0.0/24", "network_id": NOWHERE}, 404, "NetworkNotFound"),
    ({"cidr": "10.5.0.0/24", "allocation_pools": [{"start": "10.5.0.9", "end": "10.5.0.2"}]}, 400,
     "InvalidAllocationPool"),
    ({"cidr": "10.5.0.0/24", "allocation_pools": [{"start": "10.5.0.9", "end": "10.6.0.2"}]}, 400,
     "OutOfBoundsAllocationPool"),
    ({"cidr": "10.5.0.0/24", "allocation_pools": [{"start": "10.5.0.1", "end": "10.5.0.9"}]}, 409,
     "GatewayConflictWithAllocationPools"),
    ({"cidr": "10.5.0.0/24", "allocation_pools": [{"start": "10.5.0.2", "end": "10.5.0.9"},
                                                  {"start": "10.5.0.9", "end": "10.5.0.12"}]}, 409,
     "OverlappingAllocationPools")])
def test_an_invalid_subnet_is_refused(service, body, status, kind):  # noqa: F811
    network, _ = service.net()
    answer = service.call("POST", "/subnets", {"subnet": {"network_id": network["id"], "ip_version": 4} | body})
    refused(answer, status, kind)
    assert len(service.find("/subnets")) == 1


def test_a_project_may_use_any_range_that_guests_can_have(service, conf):  # noqa: F811
    network = service.make("network")

    def ask(cidr, user="alice"):
        return service.call("POST", "/subnets", {"subnet": {
            "network_id": network["id"], "ip_version": 4, "cidr": cidr}}, user)

    for cidr in ("127.1.0.0/16", "169.254.169.0/24", "169.254.64.0/18", "224.0.0.0/8", "240.0.0.0/8", "0.0.0.0/8",
                 "168.0.0.0/7"):
        refused(ask(cidr), 400, "InvalidInput")
        refused(ask(cidr, "admin"), 400, "InvalidInput")
    for cidr in ("8.8.8.0/24", "10.0.0.0/8", "172.32.0.0/16"):
        assert ask(cidr).status_int == 201
    conf.set_override("transit_range", "100.127.0.0/16", "network")
    refused(ask("100.64.0.0/10"), 400, "InvalidInput", "100.127.0.0/16, which no guest may have")
    conf.set_override("project_ranges", ["11.1.0.0/16"], "network")
    refused(ask("11.2.0.0/24"), 400, "InvalidInput", "11.1.0.0/16")
    assert ask("11.1.7.0/24").status_int == 201
    assert ask("11.2.0.0/24", "admin").status_int == 201


@pytest.mark.parametrize(("user", "cidr", "marked"), [
    ("alice", "10.10.1.0/24", False), ("admin", "10.10.1.0/24", True), ("admin", "10.0.0.0/8", False)])
def test_hosts_reach_ranges_of_administrators_within_those_of_the_option(service, user, cidr, marked):  # noqa: F811
    network = service.make("network")
    asked = {"network_id": network["id"], "ip_version": 4, "cidr": cidr}
    made = service.call("POST", "/subnets", {"subnet": asked | {"host_access": True}}, user)
    assert made.status_int == 400, "it is no word of the API"
    made = service.call("POST", "/subnets", {"subnet": asked}, user)
    with db.reader() as session:
        assert session.get(Subnet, made.json["subnet"]["id"]).host_access == marked


def test_a_subnet_changes_and_goes_while_nothing_uses_it(service):  # noqa: F811
    network, subnet = service.net()
    path = f"/subnets/{subnet['id']}"
    changed = service.call("PUT", path, {"subnet": {"name": "n", "dns_nameservers": ["9.9.9.9"]}}).json["subnet"]
    assert (changed["name"], changed["dns_nameservers"], changed["revision_number"]) == ("n", ["9.9.9.9"], 2)
    refused(service.call("PUT", path, {"subnet": {"gateway_ip": "10.1.0.200"}}), 409,
            "GatewayConflictWithAllocationPools")
    assert service.call("PUT", path, {"subnet": {"cidr": "10.9.0.0/24"}}).status_int == 400
    port = service.make("port", network_id=network["id"])
    refused(service.call("DELETE", path), 409, "SubnetInUse")
    refused(service.call("DELETE", f"/networks/{network['id']}"), 409, "NetworkInUse", port["id"])
    assert service.call("DELETE", f"/ports/{port['id']}").status_int == 204
    assert service.call("DELETE", path).status_int == 204
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 204
    refused(service.call("GET", path), 404, "SubnetNotFound", "could not be found")


def test_a_port_gets_a_mac_an_address_and_the_default_group(service):  # noqa: F811
    network, subnet = service.net()
    port = service.make("port", network_id=network["id"], name="p", admin_state_up=True)
    assert re.fullmatch(r"fa:16:3e(:[0-9a-f]{2}){3}", port["mac_address"])
    fixed, = port["fixed_ips"]
    assert fixed["subnet_id"] == subnet["id"] and fixed["ip_address"].startswith("10.1.0.")
    default, = service.find("/security-groups?name=default")
    assert port["security_groups"] == [default["id"]]
    assert (port["status"], port["device_id"]) == ("DOWN", "")
    assert service.find(f"/ports?fixed_ips=ip_address%3D{fixed['ip_address']}&fields=id") == [{"id": port["id"]}]
    assert service.find("/ports?fixed_ips=ip_address%3D10.9.9.9") == []
    assert service.find(f"/ports?mac_address={port['mac_address'].upper()}") == [port]
    assert "binding:host_id" in service.find(f"/ports/{port['id']}", "admin") and "binding:host_id" not in port
    refused(service.call("GET", f"/ports/{port['id']}", user="bob"), 404, "PortNotFound")


@pytest.mark.parametrize(("body", "status", "kind"), [
    ({"fixed_ips": [{"ip_address": "10.1.0.50"}]}, 409, "IpAddressAlreadyAllocated"),
    ({"fixed_ips": [{"ip_address": "10.1.0.1"}]}, 409, "IpAddressAlreadyAllocated"),
    ({"fixed_ips": [{"ip_address": "10.1.0.255"}]}, 400, "InvalidIpForNetwork"),
    ({"fixed_ips": [{"ip_address": "10.7.0.5"}]}, 400, "InvalidIpForNetwork"),
    ({"fixed_ips": [{"ip_address": "nonsense"}]}, 400, "HTTPBadRequest"), ({"fixed_ips": [{}]}, 400, "HTTPBadRequest"),
    ({"fixed_ips": [{"subnet_id": NOWHERE}]}, 400, "InvalidInput"),
    ({"mac_address": "FA:16:3E:11:22:33"}, 409, "MacAddressInUse"), ({"mac_address": "zz"}, 400, "InvalidInput"),
    ({"mac_address": "01:00:5e:00:00:01"}, 400, "InvalidInput"), ({"network_id": NOWHERE}, 404, "NetworkNotFound"),
    ({"security_groups": [NOWHERE]}, 404, "SecurityGroupNotFound"),
    ({"port_security_enabled": "perhaps"}, 400, "HTTPBadRequest")])
def test_an_invalid_port_is_refused(service, body, status, kind):  # noqa: F811
    network, _ = service.net()
    service.make("port", network_id=network["id"], mac_address="fa:16:3e:11:22:33",
                 fixed_ips=[{"ip_address": "10.1.0.50"}])
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"]} | body}), status, kind)
    assert len(service.find("/ports")) == 1


def test_a_network_or_security_group_of_another_project_is_404(service):  # noqa: F811
    network, _ = service.net(user="bob")
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"]}}), 404, "NetworkNotFound")
    refused(service.call("POST", "/subnets", {"subnet": {"network_id": network["id"], "cidr": "10.8.0.0/24",
                                                         "ip_version": 4}}), 404, "NetworkNotFound")
    mine, _ = service.net()
    group = service.make("security_group", "bob", name="g")
    refused(service.call("POST", "/ports", {"port": {"network_id": mine["id"], "security_groups": [group["id"]]}}), 404,
            "SecurityGroupNotFound")


def test_an_unbound_port_can_be_updated(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.50"}])
    path = f"/ports/{port['id']}"
    changed = service.call("PUT", path, {"port": {"name": "n", "security_groups": [], "fixed_ips": [
        {"ip_address": "10.1.0.50"}, {"ip_address": "10.1.0.51"}]}}).json["port"]
    assert (changed["name"], changed["security_groups"]) == ("n", [])
    assert [each["ip_address"] for each in changed["fixed_ips"]] == ["10.1.0.50", "10.1.0.51"]
    assert service.call("PUT", path, {"port": {"mac_address": "fa:16:3e:00:00:01"}}).status_int == 403
    assert service.call("PUT", path, {"port": {"mac_address": "fa:16:3e:00:00:01"}}, "admin").status_int == 200


def test_a_servers_port_shows_its_server_and_the_server_its_groups(service):  # noqa: F811
    network, _ = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    path = f"/ports/{nic.port_id}"
    service.works(nic)
    shown = service.find(f"/ports?device_id={server_id}")[0]
    assert (shown["id"], shown["status"], shown["device_owner"]) == (nic.port_id, "ACTIVE", "compute:nova")
    refused(service.call("PUT", path, {"port": {"device_id": "x"}}), 409, "PortBound", server_id)
    group = service.make("security_group", name="web")
    service.call("PUT", path, {"port": {"security_groups": [group["id"]]}})
    assert service.row(server_id).security_groups == ["web"]
    service.call("PUT", f"/security-groups/{group['id']}", {"security_group": {"name": "www"}})
    assert service.row(server_id).security_groups == ["www"]
    service.call("PUT", f"/networks/{network['id']}", {"network": {"name": "renamed"}})
    assert service.row(server_id).addresses[0]["network"] == "renamed"


def test_device_owner_and_device_id_never_bind_a_port_to_a_server(service):  # noqa: F811
    mine, _ = service.net()
    theirs, _ = service.net("10.2.0.0/24", "bob")
    server_id, _ = service.boot([{"uuid": mine["id"]}])
    service.make("port", "bob", network_id=theirs["id"], device_id=server_id, device_owner="compute:nova")
    assert len(service.allocate(server_id)) == 1
    service.release(server_id)
    assert len(service.find("/ports", "bob")) == 1


def test_a_rule_says_whether_it_is_of_the_default_group(service):  # noqa: F811
    default, = service.find("/security-groups")
    made = service.make("security_group", name="web")
    rule = service.make("security_group_rule", security_group_id=made["id"], direction="ingress", protocol="tcp")
    for group, wanted in ((default["id"], True), (made["id"], False)):
        shown = service.find(f"/security-groups/{group}")["security_group_rules"]
        assert {each["belongs_to_default_sg"] for each in shown} == {wanted}
        found = service.find(f"/security-group-rules?belongs_to_default_sg={wanted}")
        assert sorted(each["id"] for each in found) == sorted(each["id"] for each in shown)
    assert rule["belongs_to_default_sg"] is False
    assert service.find(f"/security-group-rules/{rule['id']}") == rule
    assert service.call("GET", "/security-group-rules?belongs_to_default_sg=perhaps").status_int == 400


def test_an_operator_who_lists_a_projects_groups_sees_its_default_one(service):  # noqa: F811
    """Of the first project that is named; for others nothing is made."""
    assert [(each["name"], each["project_id"]) for each in service.find("/security-groups?project_id=pz", "admin")] == [
        ("default", "pz")]
    assert service.find("/security-groups?project_id=py") == []
    assert service.find("/security-groups?project_id=py&name=x", "admin") == []
    for nobody in ("", "9" * 65):           # the database of some clouds would refuse to keep a longer one
        assert service.find(f"/security-groups?project_id={nobody}", "admin") == []
    assert {each["project_id"] for each in service.find("/security-groups", "admin")} >= {"py", "pz"}


def test_a_project_has_its_default_group_with_neutrons_rules(service):  # noqa: F811
    group, = service.find("/security-groups")
    assert group["name"] == "default" and group["stateful"] is True
    rules = {(each["direction"], each["ethertype"], each["remote_group_id"]) for each in group["security_group_rules"]}
    assert rules == {("egress", "IPv4", None), ("egress", "IPv6", None),
                     ("ingress", "IPv4", group["id"]), ("ingress", "IPv6", group["id"])}
    assert service.find("/security-groups") == [group]
    refused(service.call("POST", "/security-groups", {"security_group": {"name": "default"}}), 409,
            "SecurityGroupDefaultAlreadyExists")
    refused(service.call("PUT", f"/security-groups/{group['id']}", {"security_group": {"name": "x"}}), 409,
            "SecurityGroupCannotUpdateDefault")
    refused(service.call("DELETE", f"/security-groups/{group['id']}"), 409, "SecurityGroupCannotRemoveDefault")


def test_a_group_is_made_used_and_deleted(service):  # noqa: F811
    group = service.make("security_group", name="web", description="d")
    assert len(group["security_group_rules"]) == 2
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], security_groups=[group["id"]])
    path = f"/security-groups/{group['id']}"
    refused(service.call("DELETE", path), 409, "SecurityGroupInUse")
    service.call("DELETE", f"/ports/{port['id']}")
    assert service.call("DELETE", path).status_int == 204
    refused(service.call("GET", path), 404, "SecurityGroupNotFound", "does not exist")


def test_rules_are_kept_as_they_are_said(service):  # noqa: F811
    group = service.make("security_group", name="web")
    said = {"security_group_id": group["id"], "direction": "ingress", "protocol": "TCP", "port_range_min": "22",
            "port_range_max": 22, "remote_ip_prefix": "10.0.0.5/8"}
    rule = service.make("security_group_rule", **said)
    assert (rule["ethertype"], rule["protocol"], rule["port_range_min"]) == ("IPv4", "tcp", 22)
    assert (rule["remote_ip_prefix"], rule["normalized_cidr"]) == ("10.0.0.5/8", "10.0.0.0/8")
    refused(service.call("POST", "/security-group-rules", {"security_group_rule": said}), 409,
            "SecurityGroupRuleExists", rule["id"])
    service.make("security_group_rule", security_group_id=group["id"], direction="ingress", protocol="icmp")
    service.make("security_group_rule", security_group_id=group["id"], direction="egress", protocol=6)
    assert len(service.find(f"/security-group-rules?security_group_id={group['id']}")) == 5
    assert service.call("DELETE", f"/security-group-rules/{rule['id']}").status_int == 204
    refused(service.call("GET", f"/security-group-rules/{rule['id']}"), 404, "SecurityGroupRuleNotFound")


@pytest.mark.parametrize(("said", "status", "kind"), [
    ({"protocol": "tcp", "port_range_min": 23, "port_range_max": 22}, 400, "SecurityGroupInvalidPortRange"),
    ({"protocol": "tcp", "port_range_min": 22}, 400, "SecurityGroupInvalidPortRange"),
    ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 70000}, 400, "SecurityGroupInvalidPortValue"),
    ({"port_range_min": 23, "port_range_max": 23}, 400, "SecurityGroupProtocolRequiredWithPorts"),
    ({"protocol": "icmp", "port_range_max": 8}, 400, "SecurityGroupMissingIcmpType"),
    ({"protocol": "icmp", "port_range_min": 300}, 400, "SecurityGroupInvalidIcmpValue"),
    ({"protocol": "foo"}, 400, "SecurityGroupRuleInvalidProtocol"), ({"protocol": 256}, 400,
                                                                     "SecurityGroupRuleInvalidProtocol"),
    ({"direction": "sideways"}, 400, "HTTPBadRequest"), ({"port_range_min": "x"}, 400, "SecurityGroupInvalidPortValue"),
    ({"ethertype": "IPv6", "remote_ip_prefix": "10.0.0.0/8"}, 400, "SecurityGroupRuleParameterConflict"),
    ({"remote_ip_prefix": "abc"}, 400, "InvalidCIDR"), ({"security_group_id": NOWHERE}, 404, "SecurityGroupNotFound"),
    ({"remote_group_id": NOWHERE}, 404, "SecurityGroupNotFound"),
    ({"remote_group_id": NOWHERE, "remote_ip_prefix": "10.0.0.0/8"}, 400, "SecurityGroupMultipleRemoteEntites")])
def test_an_invalid_security_group_rule_is_refused(service, said, status, kind):  # noqa: F811
    group = service.make("security_group", name="web")
    body = {"security_group_id": group["id"], "direction": "ingress"} | said
    refused(service.call("POST", "/security-group-rules", {"security_group_rule": body}), status, kind)


def test_quotas_are_shown_and_kept(service, conf):  # noqa: F811
    conf.set_override("quota_network", 2, "network")
    assert service.find("/quotas/pa")["network"] == 2
    assert service.call("GET", "/quotas/pb").status_int == 403
    assert service.find("/quotas/pa/details")["network"] == {"limit": 2, "used": 0, "reserved": 0}
    assert service.call("GET", "/quotas/pb/details").status_int == 403
    service.make("network")
    service.make("network")
    refused(service.call("POST", "/networks", {"network": {}}), 409, "OverQuota", "['network']")


def test_discovery_lists_extensions_and_collections(service):  # noqa: F811
    aliases = {each["alias"] for each in service.find("/extensions")}
    assert {"security-group", "quotas", "net-mtu"} <= aliases
    assert service.find("/extensions/quotas")["alias"] == "quotas"
    assert service.call("GET", "/extensions/metering").status_int == 404
    assert {each["collection"] for each in service.find("/")} >= {"networks", "ports"}
    assert service.find("/availability_zones.json") == []


def test_unknown_paths_and_methods_are_answered_as_neutron_does(service):  # noqa: F811
    refused(service.call("GET", "/nosuch"), 404, "HTTPNotFound", "The resource could not be found.")
    assert service.call("PATCH", "/networks").status_int == 405
    assert service.call("GET", "/networks", user=None).status_int == 401
    assert service.call("GET", "/networks.json").status_int == 200
