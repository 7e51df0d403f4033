"""Several resources in one request, and how many a project may have."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401


def counts(service):  # noqa: F811
    return {name: each["used"] for name, each in service.find("/quotas/pa/details").items()}


@pytest.fixture
def bulk(service):  # noqa: F811
    """``bulk(kind, *bodies)``: the answer to one request for several resources."""
    def make(kind, *bodies, user="alice"):
        return service.call("POST", f"/{kind.replace('_', '-')}s", {f"{kind}s": list(bodies)}, user)
    return make


def test_one_bulk_request_creates_several_resources_of_each_kind(service, bulk):  # noqa: F811
    networks = bulk("network", {"name": "a", "tags": ["t"]}, {"name": "b"}).json["networks"]
    assert [(each["name"], each["tags"]) for each in networks] == [("a", ["t"]), ("b", [])]
    first, second = (each["id"] for each in networks)
    subnets = bulk("subnet", {"network_id": second, "ip_version": 4, "cidr": "10.1.0.0/24"},
                   {"network_id": first, "ip_version": 4, "cidr": "10.2.0.0/24"}).json["subnets"]
    assert [each["network_id"] for each in subnets] == [second, first]
    ports = bulk("port", {"network_id": first}, {"network_id": second}, {"network_id": second}).json["ports"]
    assert len({each["mac_address"] for each in ports}) == 3 and all(each["fixed_ips"] for each in ports)
    group = bulk("security_group", {"name": "g"}, {"name": "h"}).json["security_groups"][0]["id"]
    rule = {"security_group_id": group, "direction": "ingress", "protocol": "tcp"}
    rules = bulk("security_group_rule", *({**rule, "port_range_min": port, "port_range_max": port}
                                          for port in (80, 443)))
    assert rules.status_int == 201 and len(rules.json["security_group_rules"]) == 2


def test_each_resource_of_a_bulk_request_may_have_its_kind_around_it(service, bulk):  # noqa: F811
    made = bulk("network", {"network": {"name": "a", "tags": ["t"]}}, {"name": "b"}).json["networks"]
    assert [(each["name"], each["tags"]) for each in made] == [("a", ["t"]), ("b", [])]
    for wrong in ({"network": {"names": "c"}}, {"network": {"name": "c"}, "mtu": 1400}, {"network": "c"},
                  {"network": {"network": {"name": "c"}}}):
        answer = bulk("network", {"name": "d"}, wrong)
        assert answer.status_int == 400 and answer.json["NeutronError"]["message"], wrong
    assert {each["name"] for each in service.find("/networks")} == {"a", "b"}


@pytest.mark.parametrize(("kind", "good", "bad", "status", "error"), [
    ("network", {"name": "a"}, {"shared": True}, 403, "PolicyNotAuthorized"),
    ("network", {"name": "a"}, {"mtu": 5}, 400, "HTTPBadRequest"),
    ("subnet", {"cidr": "10.8.0.0/24"}, {"cidr": "10.8.0.128/25"}, 400, "InvalidInput"),
    ("port", {}, {"fixed_ips": [{"ip_address": "10.1.0.1"}]}, 409, "IpAddressAlreadyAllocated"),
    ("port", {"mac_address": "fa:16:3e:00:00:01"}, {"mac_address": "FA-16-3E-00-00-01"}, 409, "MacAddressInUse"),
    ("security_group", {"name": "a"}, {"name": "Default"}, 409, "SecurityGroupDefaultAlreadyExists"),
    ("security_group_rule", {"protocol": "tcp"}, {"protocol": "6"}, 409, "DuplicateSecurityGroupRuleInPost"),
    ("security_group_rule", {"protocol": "tcp"}, {"protocol": "x"}, 400, "SecurityGroupRuleInvalidProtocol")])
def test_a_bulk_request_with_one_bad_resource_creates_none(service, bulk, kind, good, bad, status, error):  # noqa: F811
    network, _ = service.net()
    group = service.make("security_group", name="web")
    shared = {"subnet": {"network_id": network["id"], "ip_version": 4}, "port": {"network_id": network["id"]},
              "security_group_rule": {"security_group_id": group["id"], "direction": "ingress"}}.get(kind, {})
    before = counts(service)
    refused(bulk(kind, {**shared, **good}, {**shared, **bad}), status, error)
    assert counts(service) == before
    assert bulk(kind, {**shared, **good}).status_int == 201


def test_rules_made_together_belong_to_one_group(service, bulk):  # noqa: F811
    groups = [service.make("security_group", name=name)["id"] for name in ("a", "b")]
    refused(bulk("security_group_rule", *({"security_group_id": each, "direction": "ingress"} for each in groups)), 400,
            "SecurityGroupNotSingleGroupRules")


@pytest.mark.parametrize("body", [{}, {"networks": []}, {"networks": {}}, {"network": {}, "networks": [{}]},
                                  {"networks": [None]}])
def test_a_body_has_one_resource_or_a_list(service, body):  # noqa: F811
    assert service.call("POST", "/networks", body).status_int == 400
    assert service.find("/networks") == []


@pytest.mark.parametrize("kind", ["network", "subnet", "port", "security_group_rule"])
def test_a_bulk_request_is_checked_against_the_quota_as_a_whole(service, bulk, conf, kind):  # noqa: F811
    network, _ = service.net()
    group = service.make("security_group", name="web")["id"]
    body = {"network": lambda number: {}, "port": lambda number: {"network_id": network["id"]},
            "subnet": lambda number: {"network_id": network["id"], "ip_version": 4, "cidr": f"10.{number}.0.0/24"},
            "security_group_rule": lambda number: {"security_group_id": group, "direction": "ingress",
                                                   "protocol": number}}[kind]
    used = counts(service)[kind]
    conf.set_override(f"quota_{kind}", used + 2, "network")
    refused(bulk(kind, *map(body, (11, 12, 13))), 409, "OverQuota", f"['{kind}']")
    assert counts(service)[kind] == used
    assert bulk(kind, *map(body, (11, 12))).status_int == 201
    refused(bulk(kind, body(14)), 409, "OverQuota")


@pytest.mark.parametrize("looked", [True, False])
def test_a_quota_of_ten_groups_ends_at_ten_with_the_default_one(service, conf, looked):  # noqa: F811
    conf.set_override("quota_security_group", 10, "network")
    if looked:
        service.find("/security-groups")
    for number in range(9):
        service.make("security_group", name=f"g{number}")
    refused(service.call("POST", "/security-groups", {"security_group": {"name": "x"}}), 409, "OverQuota")
    assert len(service.find("/security-groups")) == 10


def test_an_operator_sets_the_quota_of_a_project(service):  # noqa: F811
    path, defaults = "/quotas/pa", service.find("/quotas/pa/default")
    assert defaults == {"network": 100, "subnet": 100, "subnetpool": -1, "port": 500, "security_group": 10,
                        "security_group_rule": 100, "rbac_policy": 10, "router": 10, "router_route": 30,
                        "floatingip": 50, "trunk": -1}
    refused(service.call("PUT", path, {"quota": {"network": 1}}), 403, "PolicyNotAuthorized", "update_quota")
    refused(service.call("DELETE", path), 403, "PolicyNotAuthorized", "delete_quota")
    refused(service.call("GET", "/quotas"), 403, "PolicyNotAuthorized", "get_quota")
    service.make("network")
    refused(service.call("PUT", path, {"quota": {"network": 0}}, "admin"), 400, "HTTPBadRequest", "already used 1")
    answer = service.call("PUT", path, {"quota": {"network": "1", "port": -1}}, "admin")
    assert answer.json["quota"] == service.find(path) == {**defaults, "network": 1, "port": -1}
    assert service.find("/quotas", "admin") == [{**answer.json["quota"], "project_id": "pa", "tenant_id": "pa"}]
    refused(service.call("POST", "/networks", {"network": {}}), 409, "OverQuota")
    assert service.call("PUT", path, {"quota": {"network": 0, "force": True}}, "admin").json["quota"]["network"] == 0
    assert service.find("/quotas/pb", "bob") == service.find("/quotas/pa/default") == defaults
    assert service.find("/quotas/pa/details")["network"] == {"limit": 0, "used": 1, "reserved": 0}
    assert service.call("DELETE", path, user="admin").status_int == 204
    refused(service.call("DELETE", path, user="admin"), 404, "TenantQuotaNotFound", "pa")
    assert service.find(path) == defaults and service.find("/quotas", "admin") == []
    for said in ({"healthmonitor": 1}, {"network": -2}, {"network": 2 ** 31}, {"network": "many"}, {"network": None}):
        assert service.call("PUT", path, {"quota": said}, "admin").status_int == 400, said
    assert service.find("/quotas/project") == {"project_id": "pa"}


def test_a_quota_counts_when_servers_are_made(service):  # noqa: F811
    network, _ = service.net()
    service.call("PUT", "/quotas/pa", {"quota": {"port": 1}}, "admin")
    service.boot([{"uuid": network["id"]}])
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"]}}), 409, "OverQuota")
