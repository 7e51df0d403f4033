"""Lists of the network API: found and sorted by whatever is shown, page by page in both directions."""

import pytest

from nova_lite.api.network import routes
from nova_lite.objects import qos_rules
from tests import fresh_database
from tests.network_service import service  # noqa: F401

KINDS = ("networks", "subnets", "ports", "security-groups", "security-group-rules", "rbac-policies",
         "subnetpools", "address-scopes", "address-groups", "default-security-group-rules", "routers", "floatingips",
         "qos/policies", "trunks", "segments")
#: What is shown and is neither found nor sorted by, in Neutron neither: lists, objects, and what follows from others;
#: and what some of a kind alone have.
NOT_FOUND_BY = {
    "networks": {"subnets", "availability_zone_hints", "availability_zones", "ipv4_address_scope",
                 "ipv6_address_scope", "dns_domain", "is_default"},
    "qos/policies": {"rules"}, "trunks": {"sub_ports"}, "segments": set(),
    "subnets": {"allocation_pools", "dns_nameservers", "host_routes", "service_types"},
    "ports": {"allowed_address_pairs", "extra_dhcp_opts", "binding:profile", "binding:vif_details", "dns_name",
              "dns_domain", "dns_assignment", "qos_network_policy_id", "resource_request",
              "trunk_details"},
    "security-groups": {"security_group_rules"},
    "security-group-rules": {"normalized_cidr", "tags"}, "rbac-policies": set(),
    "subnetpools": {"prefixes"}, "address-scopes": set(), "address-groups": {"addresses"},
    "default-security-group-rules": set(),
    "routers": {"external_gateway_info", "routes", "availability_zone_hints", "availability_zones"},
    "floatingips": {"port_details", "port_forwardings", "dns_name", "dns_domain", "qos_policy_id",
                    "qos_network_policy_id"}}
UNSORTED = {"tags", "fixed_ips", "security_groups"}


@pytest.fixture
def some(service):  # noqa: F811
    """Two of every kind, with what a list shows of them to an operator: {kind: [views]}"""
    def fill():
        for number in (1, 2):
            network = service.make("network", name=f"net{number}", mtu=1400 + number, tags=["t", f"t{number}"])
            service.make("subnet", network_id=network["id"], cidr=f"10.{number}.0.0/24", ip_version=4,
                         name=f"s{number}", gateway_ip=None if number == 1 else f"10.{number}.0.1",
                         enable_dhcp=number == 1)
            group = service.make("security_group", name=f"g{number}", description="Documented")
            service.make("security_group_rule", security_group_id=group["id"], direction="ingress", protocol="tcp",
                         port_range_min=number, port_range_max=number, remote_ip_prefix=f"10.{number}.0.0/24")
            service.make("port", network_id=network["id"], name=f"p{number}", security_groups=[group["id"]])
            scope = service.make("address_scope", name=f"scope{number}", ip_version=4 if number == 1 else 6)
            pool = {"prefixes": ["10.9.0.0/16"]} if number == 1 else {"prefixes": ["fd00::/48"], "default_quota": 3}
            service.make("subnetpool", "admin", name=f"pool{number}", project_id="pa", address_scope_id=scope["id"],
                         is_default=number == 1, **pool)
            addresses = service.make("address_group", name=f"a{number}", addresses=[f"10.{number}.0.0/16"])
            service.make("security_group_rule", security_group_id=group["id"], direction="egress", protocol="tcp",
                         remote_address_group_id=addresses["id"])
            service.make("default_security_group_rule", "admin", direction="ingress", protocol="tcp",
                         port_range_min=number, port_range_max=number, remote_ip_prefix=f"10.{number}.0.0/24",
                         used_in_default_sg=number == 1)
            service.make("router", "admin", name=f"r{number}", admin_state_up=number == 1, project_id="pa")
            outer = service.make("network", "admin", name=f"x{number}", project_id="pa", **{"router:external": True})
            service.make("subnet", "admin", network_id=outer["id"], cidr=f"172.24.{number}.0/24", ip_version=4,
                         project_id="pa")
            service.make("floatingip", "admin", floating_network_id=outer["id"], project_id="pa",
                         description=number * "d")
            policy = {"name": f"q{number}", "project_id": "pa", "is_default": number == 1, "shared": number == 2}
            assert service.call("POST", "/qos/policies", {"policy": policy}, "admin").status_int == 201
            parent = service.make("port", network_id=network["id"])
            service.make("trunk", name=f"t{number}", port_id=parent["id"], admin_state_up=number == 1)
            service.make("segment", "admin", network_id=network["id"], network_type="local", name=f"s{number}")
            service.make("rbac_policy", object_type="network", object_id=network["id"], action="access_as_shared",
                         target_tenant=f"{number}" * 32)

    fresh_database.filled("two of every kind", fill)
    return {kind: service.find(f"/{kind}", "admin") for kind in KINDS}


def text(value):
    return "" if value is None else str(value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_lists_filter_by_every_attribute_that_is_shown(service, some, kind):  # noqa: F811
    for name in some[kind][0].keys() - NOT_FOUND_BY[kind] - UNSORTED:
        for value in {text(each[name]) for each in some[kind]}:
            found = {each["id"] for each in service.find(f"/{kind}?{name}={value}", "admin")}
            assert found == {each["id"] for each in some[kind] if text(each[name]) == value}, (name, value)
        both = "&".join(f"{name}={text(each[name])}" for each in some[kind])
        assert len(service.find(f"/{kind}?{both}", "admin")) == len(some[kind]), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_lists_sort_by_every_attribute_that_is_shown(service, some, kind):  # noqa: F811
    for name in some[kind][0].keys() - NOT_FOUND_BY[kind] - UNSORTED:
        for direction in ("asc", "desc"):
            shown = service.find(f"/{kind}?sort_key={name}&sort_dir={direction}", "admin")
            values = [("" if each[name] is None else each[name]) for each in shown]
            known = [int(each) if name.endswith("_prefixlen") else each for each in values if each != ""]
            assert known == sorted(known, reverse=direction == "desc"), name
            ids = [each["id"] for each in shown]
            assert walked(service, kind, f"sort_key={name}&sort_dir={direction}&limit=1") == ids, name


def walked(service, kind, query, rel="next"):  # noqa: F811
    """Ids of all pages, as a client finds them by their links."""
    found, url, plural = [], f"/{kind}?{query}", kind.rpartition("/")[2].replace("-", "_")
    while url:
        answer = service.call("GET", url, user="admin").json
        shown = answer[plural]
        found += [each["id"] for each in (shown if rel == "next" else reversed(shown))]
        links = {each["rel"]: each["href"].partition("/v2.0")[2] for each in answer[f"{plural}_links"]}
        url = links.get(rel)
    return found


def test_network_lists_page_backwards(service):  # noqa: F811
    ids = [service.make("network", name=f"n{number}")["id"] for number in range(5)]
    assert walked(service, "networks", "sort_key=name&sort_dir=asc&limit=2") == ids
    assert walked(service, "networks", "sort_key=name&sort_dir=asc&limit=2&page_reverse=True", "previous") == ids[::-1]
    back = service.call("GET", f"/networks?sort_key=name&sort_dir=asc&limit=2&page_reverse=True&marker={ids[3]}").json
    assert [each["id"] for each in back["networks"]] == ids[1:3]
    assert {each["rel"] for each in back["networks_links"]} == {"next", "previous"}
    middle = service.find(f"/networks?sort_key=name&sort_dir=asc&limit=2&marker={ids[1]}&fields=name")
    assert middle == [{"name": "n2"}, {"name": "n3"}]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", [
    "bogus=1", "name__contains=x", "limit=x", "limit=-1", "sort_key=nothing&sort_dir=asc", "sort_key=id&sort_dir=up",
    "sort_key=id&sort_dir=asc&sort_dir=desc", "created_at=yesterday", "revision_number=x", "changed_since=x"])
def test_a_query_that_means_nothing_is_refused_by_every_list(service, kind, query):  # noqa: F811
    answer = service.call("GET", f"/{kind}?{query}")
    assert answer.status_int == 400 and answer.json["NeutronError"]["message"]


def test_every_list_of_network_resources_is_tested():
    lists = {each.path[1:] for each in routes.ROUTES if each.target.endswith(":index") and "tags" not in each.path}
    own_tests = {"quotas", "agents", "service-providers", "network-ip-availabilities",
                 "floatingips/{floatingip_id}/port_forwardings", "ports/{port_id}/bindings",
                 *(f"qos/policies/{{policy_id}}/{each}_rules" for each in qos_rules.TYPES)}
    assert lists == {*KINDS, *own_tests}


def test_ports_are_found_by_their_state_address_and_groups(service):  # noqa: F811
    network, subnet = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"], "fixed_ip": "10.1.0.50"}])
    service.works(nic)
    other = service.make("port", network_id=network["id"], security_groups=[], fixed_ips=[
        {"ip_address": "10.1.0.150"}, {"ip_address": "10.1.0.7"}])["id"]
    group, = service.find("/security-groups?name=default")
    for query, wanted in (
            ("status=ACTIVE", {nic.port_id}), ("status=down", {other}), ("status=BUILD", set()),
            ("fixed_ips=ip_address%3D10.1.0.50", {nic.port_id}),
            ("fixed_ips=ip_address%3D10.1.0.50&fixed_ips=ip_address%3D10.1.0.7", {nic.port_id, other}),
            (f"fixed_ips=subnet_id%3D{subnet['id']}", {nic.port_id, other}),
            (f"fixed_ips=subnet_id%3D{server_id}&fixed_ips=ip_address%3D10.1.0.7", set()),
            ("fixed_ips=ip_address_substr%3D.50", {nic.port_id}),
            ("fixed_ips=ip_address_substr%3D50", {nic.port_id, other}),
            ("fixed_ips=ip_address_substr%3D%25", set()),
            (f"security_groups={group['id']}", {nic.port_id}), (f"device_id={server_id}", {nic.port_id}),
            ("device_id=", {other}), ("device_owner=compute:nova", {nic.port_id})):
        assert {each["id"] for each in service.find(f"/ports?{query}")} == wanted, query
    assert service.call("GET", "/ports?fixed_ips=10.1.0.50").status_int == 400
    assert [each["id"] for each in service.find("/ports?binding:host_id=host1", "admin")] == [nic.port_id]


def test_resources_are_found_by_tags(service):  # noqa: F811
    for name, tags in (("a", ["red", "big"]), ("b", ["red"]), ("c", [])):
        service.make("network", name=name, tags=tags)
    for query, wanted in (
            ("tags=red", "ab"), ("tags=red,big", "a"), ("tags-any=red,big", "ab"), ("not-tags=red,big", "bc"),
            ("not-tags-any=red,big", "c"), ("tags=red&not-tags=big", "b"), ("tags=Red", "")):
        assert "".join(sorted(each["name"] for each in service.find(f"/networks?{query}"))) == wanted, query


@pytest.mark.parametrize("kind", KINDS[:4])
def test_thousands_of_tags_in_a_filter_are_no_error(service, kind):  # noqa: F811
    network, _ = service.net()
    service.make("port", network_id=network["id"])
    many = ",".join(f"t{number}" for number in range(2000))
    assert service.find(f"/{kind}?tags={many}") == service.find(f"/{kind}?tags-any={many}") == []
    assert service.find(f"/{kind}?not-tags={many}") == service.find(f"/{kind}?not-tags-any={many}") != []


def test_a_filter_names_fifty_times_at_most(service):  # noqa: F811
    times = [f"created_at=2026-01-01T00:00:{number:02}" for number in range(51)]
    assert service.find(f"/networks?{'&'.join(times[:50])}") == []
    answer = service.call("GET", f"/networks?{'&'.join(times)}")
    assert answer.status_int == 400
    assert "'created_at' may name 50 times at most" in answer.json["NeutronError"]["message"]


def test_changes_since_a_time_are_found(service):  # noqa: F811
    network = service.make("network")
    assert service.find(f"/networks?changed_since={network['updated_at']}") == [network]
    assert service.find("/networks?changed_since=2999-01-01T00:00:00") == []


def test_subnets_of_shared_networks_are_found(service):  # noqa: F811
    network, subnet = service.net()
    assert [each["id"] for each in service.find("/subnets?shared=false")] == [subnet["id"]]
    service.call("PUT", f"/networks/{network['id']}", {"network": {"shared": True}}, "admin")
    assert [each["id"] for each in service.find("/subnets?shared=True")] == [subnet["id"]]
    assert service.find("/subnets?cidr=10.1.0.0/255.255.255.0") == [subnet]
