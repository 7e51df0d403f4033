"""Subnet pools and address scopes: what they hold, ranges of subnets from them, and who may use them."""

import pytest

from nova_lite.network.embedded.resources import subnet_pools
from tests.api.test_network_api import refused
from tests.network_service import USERS, service  # noqa: F401

ERIN = USERS["erin"][0]
NOWHERE = "00000000-0000-0000-0000-000000000000"
LENGTHS = {"default_prefixlen": 24, "min_prefixlen": 20, "max_prefixlen": 28}


def pool(service, user="alice", **said):  # noqa: F811
    return service.make("subnetpool", user, **{"name": "p", "prefixes": ["10.10.0.0/16"], **LENGTHS, **said})


@pytest.fixture
def subnet(service):  # noqa: F811
    """``subnet(network id or None, user, **said)``: the answer to a request for a subnet of a network, or a new one."""
    def ask(network_id=None, user="alice", **said):
        network_id = network_id or service.make("network", user)["id"]
        return service.call("POST", "/subnets", {"subnet": {"network_id": network_id, "ip_version": 4, **said}}, user)
    return ask


def test_a_pool_shows_the_fewest_prefixes_and_lengths_as_texts(service):  # noqa: F811
    made = service.make("subnetpool", name="p", prefixes=["10.1.1.0/24", "10.1.0.0/24", "10.1.0.7/25"],
                        default_prefixlen="26", min_prefixlen=24, max_prefixlen=30, default_quota=4, tags=["t"])
    assert made == service.find(f"/subnetpools/{made['id']}")
    shown = {name: made[name] for name in ("prefixes", "default_prefixlen", "min_prefixlen", "max_prefixlen",
                                           "default_quota", "ip_version", "is_default", "shared", "address_scope_id")}
    assert shown == {"prefixes": ["10.1.0.0/23"], "default_prefixlen": "26", "min_prefixlen": "24",
                     "max_prefixlen": "30", "default_quota": 4, "ip_version": 4, "is_default": False,
                     "shared": False, "address_scope_id": None}
    plain = service.make("subnetpool", name="p", prefixes=["10.0.0.0/8"])
    assert [plain[name] for name in ("min_prefixlen", "default_prefixlen", "max_prefixlen")] == ["8", "8", "32"]
    assert service.make("subnetpool", name="p", prefixes=["fd00::/8"])["min_prefixlen"] == "64"


@pytest.mark.parametrize(("said", "status", "error", "words"), [
    ({"prefixes": []}, 400, "EmptySubnetPoolPrefixList", "Empty"),
    ({"prefixes": ["10.0.0.0/8", "fd00::/8"]}, 400, "PrefixVersionMismatch", "Cannot mix"),
    ({"prefixes": ["x"]}, 400, "HTTPBadRequest", "'x' is not a valid IP subnet"),
    ({"prefixes": ["10.0.0.1"]}, 400, "HTTPBadRequest", "'10.0.0.1' is not a valid IP subnet"),
    ({"prefixes": None}, 400, "HTTPBadRequest", "prefixes"),
    ({"name": ""}, 400, "HTTPBadRequest", "name"),
    ({"default_quota": -1}, 400, "HTTPBadRequest", "default_quota"),
    ({"min_prefixlen": 30}, 400, "IllegalSubnetPoolPrefixBounds", "min_prefixlen=30, max_prefixlen=28"),
    ({"max_prefixlen": 40}, 400, "IllegalSubnetPoolPrefixBounds", "max_prefixlen=40, ip_version_max=32"),
    ({"default_prefixlen": 4}, 400, "IllegalSubnetPoolPrefixBounds", "default_prefixlen=4, min_prefixlen=20"),
    ({"default_prefixlen": 29}, 400, "IllegalSubnetPoolPrefixBounds", "default_prefixlen=29, max_prefixlen=28"),
    ({"shared": True}, 403, "PolicyNotAuthorized", "create_subnetpool:shared"),
    ({"is_default": True}, 403, "PolicyNotAuthorized", "create_subnetpool:is_default"),
    ({"address_scope_id": NOWHERE}, 404, "AddressScopeNotFound", NOWHERE)])
def test_a_pool_that_makes_no_sense_is_refused(service, said, status, error, words):  # noqa: F811
    body = {"name": "p", "prefixes": ["10.10.0.0/16"], **LENGTHS, **said}
    refused(service.call("POST", "/subnetpools", {"subnetpool": body}), status, error, words)
    assert service.find("/subnetpools", "admin") == []


def test_a_pool_changes_and_keeps_its_prefixes(service):  # noqa: F811
    made = pool(service)
    path = f"/subnetpools/{made['id']}"
    for said, error in (({"prefixes": ["10.10.0.0/24"]}, "IllegalSubnetPoolPrefixUpdate"),
                        ({"prefixes": []}, "IllegalSubnetPoolPrefixUpdate"),
                        ({"prefixes": ["fd00::/8"]}, "PrefixVersionMismatch"),
                        ({"max_prefixlen": 22}, "IllegalSubnetPoolPrefixBounds"), ({"shared": True}, "HTTPBadRequest")):
        refused(service.call("PUT", path, {"subnetpool": said}), 400, error)
    assert service.find(path) == made
    changed = service.call("PUT", path, {"subnetpool": {"prefixes": ["10.10.0.0/16", "10.11.0.0/16"], "name": "q"}})
    assert (changed.json["subnetpool"]["prefixes"], changed.json["subnetpool"]["name"]) == (["10.10.0.0/15"], "q")
    assert changed.json["subnetpool"]["revision_number"] == made["revision_number"] + 1
    refused(service.call("PUT", path, {"subnetpool": {"is_default": True}}), 403, "PolicyNotAuthorized",
            "update_subnetpool:is_default")
    refused(service.call("PUT", path, {"subnetpool": {"name": "x"}}, If_Match="revision_number=1"), 412,
            "RevisionNumberConstraintFailed")
    refused(service.call("GET", path, user="bob"), 404, "SubnetPoolNotFound", made["id"])


def test_prefixes_are_added_and_removed(service, subnet):  # noqa: F811
    made = pool(service)
    path = f"/subnetpools/{made['id']}"

    def ask(action, *prefixes, user="alice"):
        return service.call("PUT", f"{path}/{action}", {"prefixes": list(prefixes)}, user)
    assert ask("add_prefixes", "10.12.0.0/16").json == {"prefixes": ["10.10.0.0/16", "10.12.0.0/16"]}
    assert ask("remove_prefixes", "10.12.0.0/15", "10.99.0.0/16").json == {"prefixes": ["10.10.0.0/16"]}
    assert ask("remove_prefixes", "10.200.0.0/16").json == {"prefixes": ["10.10.0.0/16"]}
    assert subnet(subnetpool_id=made["id"], cidr="10.10.0.0/24").status_int == 201
    refused(ask("remove_prefixes", "10.10.0.0/28"), 400, "IllegalSubnetPoolPrefixUpdate", "in use by a subnet")
    assert ask("remove_prefixes", "10.10.128.0/17").json == {"prefixes": ["10.10.0.0/17"]}
    refused(ask("add_prefixes", "fd00::/8"), 400, "PrefixVersionMismatch")
    refused(ask("add_prefixes", "x"), 400, "HTTPBadRequest", "'x' is not a valid IP subnet")
    for bad in ({}, {"prefixes": []}, {"prefixes": "x"}, []):
        assert service.call("PUT", f"{path}/add_prefixes", bad).status_int == 400
    refused(ask("add_prefixes", "10.12.0.0/16", user="carl"), 403, "PolicyNotAuthorized", "add_prefixes")
    refused(ask("add_prefixes", "10.12.0.0/16", user="bob"), 404, "SubnetPoolNotFound")


def test_a_pool_has_only_so_many_prefixes(service, monkeypatch):  # noqa: F811
    monkeypatch.setattr(subnet_pools, "_MOST", 2)
    made = pool(service)
    path = f"/subnetpools/{made['id']}/remove_prefixes"
    refused(service.call("PUT", path, {"prefixes": ["10.10.64.0/20"]}), 400, "InvalidInput", "may have 2 prefixes")
    assert service.find(f"/subnetpools/{made['id']}") == made


def test_a_subnet_gets_a_free_range_of_its_pool(service, subnet):  # noqa: F811
    made = pool(service)["id"]
    first = subnet(subnetpool_id=made).json["subnet"]
    assert (first["cidr"], first["gateway_ip"], first["subnetpool_id"]) == ("10.10.0.0/24", "10.10.0.1", made)
    assert subnet(subnetpool_id=made, prefixlen=26).json["subnet"]["cidr"] == "10.10.1.0/26"
    assert subnet(subnetpool_id=made).json["subnet"]["cidr"] == "10.10.2.0/24"
    chosen = subnet(subnetpool_id=made, cidr="10.10.9.0/24", allocation_pools=[
        {"start": "10.10.9.5", "end": "10.10.9.9"}]).json["subnet"]
    assert (chosen["cidr"], chosen["allocation_pools"][0]["start"]) == ("10.10.9.0/24", "10.10.9.5")
    assert [each["id"] for each in service.find(f"/subnets?subnetpool_id={made}&cidr=10.10.9.0/24")] == [chosen["id"]]
    for cidr in ("10.10.9.128/25", "10.10.8.0/22", "10.11.0.0/24"):
        refused(subnet(subnetpool_id=made, cidr=cidr), 409, "SubnetAllocationError", "Cannot allocate requested subnet")
    assert service.call("DELETE", f"/subnets/{first['id']}").status_int == 204
    assert subnet(subnetpool_id=made).json["subnet"]["cidr"] == "10.10.0.0/24"
    refused(service.call("DELETE", f"/subnetpools/{made}"), 400, "SubnetPoolDeleteError", "existing allocations")


def test_a_full_pool_gives_nothing(service, subnet):  # noqa: F811
    made = pool(service, prefixes=["10.10.0.0/23"])["id"]
    for _ in range(2):
        assert subnet(subnetpool_id=made).status_int == 201
    refused(subnet(subnetpool_id=made), 409, "SubnetAllocationError",
            "Insufficient prefix space to allocate subnet size /24")


@pytest.mark.parametrize(("said", "status", "error", "words"), [
    ({"prefixlen": 29}, 400, "MaxPrefixSubnetAllocationError", "prefix length 29, maximum allowed prefix is 28"),
    ({"prefixlen": "16"}, 400, "MinPrefixSubnetAllocationError", "prefix length 16, minimum allowed prefix is 20"),
    ({"prefixlen": 26, "cidr": "10.10.9.0/26"}, 400, "BadRequest", "cidr and prefixlen must not be supplied together"),
    ({"allocation_pools": [{"start": "10.10.0.5", "end": "10.10.0.9"}]}, 400, "BadRequest", "allocation_pools allowed"),
    ({"use_default_subnetpool": True}, 400, "BadRequest", "cannot both be specified"),
    ({"subnetpool_id": None, "use_default_subnetpool": True}, 400, "BadRequest", "No default subnetpool"),
    ({"subnetpool_id": None}, 400, "BadRequest", "a subnetpool must be specified in the absence of a cidr"),
    ({"subnetpool_id": None, "prefixlen": 24}, 400, "BadRequest", "a subnetpool must be specified"),
    ({"ip_version": 6}, 400, "BadRequest", "Cannot allocate IPv6 subnet from IPv4 subnet pool"),
    ({"subnetpool_id": NOWHERE}, 404, "SubnetPoolNotFound", NOWHERE)])
def test_a_subnet_that_asks_too_much_of_a_pool_is_refused(service, subnet, said, status, error, words):  # noqa: F811
    made = pool(service)["id"]
    refused(subnet(**{"subnetpool_id": made, **said}), status, error, words)
    assert service.find("/subnets") == []


def test_subnets_that_name_no_pool_come_from_the_default_one(service, subnet):  # noqa: F811
    made = pool(service, "admin", is_default=True, shared=True)
    refused(service.call("POST", "/subnetpools", {"subnetpool": {
        "name": "p", "prefixes": ["10.11.0.0/16"], "is_default": True}}, "admin"), 400, "InvalidInput",
            "A default subnetpool for this IP family has already been set")
    six = service.make("subnetpool", "admin", name="six", prefixes=["fd00::/8"], is_default=True)
    assert {each["id"] for each in service.find("/subnetpools?is_default=True", "admin")} == {made["id"], six["id"]}
    got = subnet(use_default_subnetpool=True).json["subnet"]
    assert (got["subnetpool_id"], got["cidr"]) == (made["id"], "10.10.0.0/24")
    refused(subnet(use_default_subnetpool=True, ip_version=6), 400, "BadRequest", "default subnetpool found for IPv6")
    path = f"/subnetpools/{made['id']}"
    changed = service.call("PUT", path, {"subnetpool": {"is_default": False}}, "admin").json["subnetpool"]
    assert changed["is_default"] is False
    refused(subnet(use_default_subnetpool=True), 400, "BadRequest", "IPv4")
    other = pool(service, "admin", is_default=True)
    refused(service.call("PUT", path, {"subnetpool": {"is_default": True}}, "admin"), 400, "InvalidInput")
    refused(subnet(use_default_subnetpool=True), 400, "BadRequest", "IPv4")             # it is not shared
    assert subnet(user="admin", use_default_subnetpool=True).json["subnet"]["subnetpool_id"] == other["id"]


def test_a_quota_of_a_pool_bounds_what_each_project_takes(service, subnet):  # noqa: F811
    made = pool(service, "admin", shared=True, default_quota=512)["id"]
    assert subnet(subnetpool_id=made, prefixlen=23).status_int == 201
    refused(subnet(subnetpool_id=made, prefixlen=28), 409, "SubnetPoolQuotaExceeded", "quota exceeded")
    assert subnet(user="bob", subnetpool_id=made, prefixlen=23).status_int == 201


def test_subnets_of_one_network_come_from_one_pool(service, subnet):  # noqa: F811
    one, other = pool(service)["id"], pool(service, prefixes=["10.20.0.0/16"])["id"]
    network = service.make("network")["id"]
    assert subnet(network, subnetpool_id=one).status_int == 201
    for said in ({"subnetpool_id": other}, {"cidr": "10.99.0.0/24"}):
        refused(subnet(network, **said), 400, "NetworkSubnetPoolAffinityError", "the same subnet pool")
    assert subnet(network, subnetpool_id=one).status_int == 201
    plain, _ = service.net("10.77.0.0/24")
    refused(subnet(plain["id"], subnetpool_id=one), 400, "NetworkSubnetPoolAffinityError")


def test_all_subnets_of_a_bulk_request_come_from_their_pools_or_none(service):  # noqa: F811
    made, (first, second) = pool(service, prefixes=["10.10.0.0/23"])["id"], (
        service.make("network")["id"] for _ in range(2))
    body = {"ip_version": 4, "subnetpool_id": made}
    ask = lambda *networks: service.call("POST", "/subnets", {"subnets": [  # noqa: E731
        {**body, "network_id": each} for each in networks]})
    refused(ask(first, second, second), 409, "SubnetAllocationError")
    assert service.find("/subnets") == []
    assert [each["cidr"] for each in ask(first, second).json["subnets"]] == ["10.10.0.0/24", "10.10.1.0/24"]


# ---- address scopes

def test_an_address_scope_is_made_shared_and_deleted(service):  # noqa: F811
    scope = service.make("address_scope", name="s", ip_version="4")
    assert scope == {"id": scope["id"], "name": "s", "ip_version": 4, "shared": False, "project_id": "pa",
                     "tenant_id": "pa"}
    path = f"/address-scopes/{scope['id']}"
    for body, status, error in (({"ip_version": 5}, 400, "HTTPBadRequest"), ({}, 400, "HTTPBadRequest"),
                                ({"ip_version": 4, "description": "x"}, 400, "HTTPBadRequest"),
                                ({"ip_version": 4, "shared": True}, 403, "PolicyNotAuthorized")):
        refused(service.call("POST", "/address-scopes", {"address_scope": body}), status, error)
    refused(service.call("PUT", path, {"address_scope": {"ip_version": 6}}), 400, "HTTPBadRequest")
    refused(service.call("PUT", path, {"address_scope": {"shared": True}}), 403, "PolicyNotAuthorized",
            "update_address_scope:shared")
    refused(service.call("GET", path, user="bob"), 404, "AddressScopeNotFound", scope["id"])
    shared = service.call("PUT", path, {"address_scope": {"shared": True, "name": "t"}}, "admin").json["address_scope"]
    assert shared == scope | {"shared": True, "name": "t"} == service.find(path, "bob")
    refused(service.call("PUT", path, {"address_scope": {"shared": False}}, "admin"), 400, "AddressScopeUpdateError",
            "can't be unshared")
    refused(service.call("PUT", path, {"address_scope": {"name": "x"}}, "bob"), 403, "PolicyNotAuthorized")
    assert service.call("DELETE", path).status_int == 204
    assert service.find("/address-scopes") == service.find("/rbac-policies", "admin") == []


def test_pools_of_one_scope_have_no_address_in_common(service):  # noqa: F811
    scope = service.make("address_scope", name="s", ip_version=4)["id"]
    first = pool(service, address_scope_id=scope)
    body = {"name": "p", "address_scope_id": scope, **LENGTHS}
    refused(service.call("POST", "/subnetpools", {"subnetpool": {**body, "prefixes": ["10.10.8.0/24"]}}), 409,
            "AddressScopePrefixConflict", "unique prefixes")
    refused(service.call("POST", "/subnetpools", {"subnetpool": {
        "name": "p", "address_scope_id": scope, "prefixes": ["fd00::/8"]}}), 400,
            "IllegalSubnetPoolIpVersionAssociationToAddressScope", "ip_version is not 4")
    second = pool(service, prefixes=["10.20.0.0/16"])
    path = f"/subnetpools/{second['id']}"
    changed = service.call("PUT", path, {"subnetpool": {"address_scope_id": scope}}).json["subnetpool"]
    assert changed["address_scope_id"] == scope
    refused(service.call("PUT", f"{path}/add_prefixes", {"prefixes": ["10.10.0.0/24"]}), 409,
            "AddressScopePrefixConflict")
    assert [each["id"] for each in service.find(f"/subnetpools?address_scope_id={scope}&sort_key=created_at")] == [
        first["id"], second["id"]]
    refused(service.call("DELETE", f"/address-scopes/{scope}"), 409, "AddressScopeInUse", scope)


def test_networks_show_the_scope_that_their_subnets_share(service, subnet):  # noqa: F811
    scope = service.make("address_scope", name="s", ip_version=4)["id"]
    one, two = pool(service, address_scope_id=scope)["id"], pool(service, prefixes=["10.20.0.0/16"],
                                                                 address_scope_id=scope)["id"]
    free = pool(service, prefixes=["10.30.0.0/16"])["id"]
    network = service.make("network")["id"]
    assert subnet(network, subnetpool_id=one).status_int == subnet(network, subnetpool_id=two).status_int == 201
    shown = service.find(f"/networks/{network}")
    assert (shown["ipv4_address_scope"], shown["ipv6_address_scope"]) == (scope, None)
    refused(subnet(network, subnetpool_id=free), 400, "NetworkAddressScopeAffinityError", "same address scope")
    other = service.make("address_scope", name="t", ip_version=4)["id"]
    refused(service.call("PUT", f"/subnetpools/{one}", {"subnetpool": {"address_scope_id": other}}), 400,
            "NetworkAddressScopeAffinityError")


def test_scopes_and_pools_are_shared_with_single_projects(service, subnet):  # noqa: F811
    scope = service.make("address_scope", name="s", ip_version=4)["id"]
    made = pool(service, address_scope_id=scope)["id"]

    def share(kind, object_id):
        return service.call("POST", "/rbac-policies", {"rbac_policy": {
            "object_type": kind, "object_id": object_id, "action": "access_as_shared", "target_tenant": ERIN}})
    refused(share("subnetpool", made), 400, "InvalidInput", "access to associated address scope")
    of_scope, of_pool = share("address_scope", scope).json, share("subnetpool", made).json
    assert service.find("/subnetpools?shared=True", "erin")[0]["id"] == made
    got = subnet(user="erin", subnetpool_id=made).json["subnet"]
    refused(subnet(user="bob", subnetpool_id=made), 404, "SubnetPoolNotFound")
    theirs = pool(service, "erin", prefixes=["10.20.0.0/16"], address_scope_id=scope)
    refused(service.call("PUT", f"/subnetpools/{theirs['id']}", {"subnetpool": {"name": "x"}}, "erin"), 400,
            "IllegalSubnetPoolUpdate", "shared address scope")
    for each in (of_scope, of_pool):
        path = f"/rbac-policies/{each['rbac_policy']['id']}"
        refused(service.call("DELETE", path), 409, "RbacPolicyInUse")
    assert service.call("DELETE", f"/subnets/{got['id']}", user="erin").status_int == 204
    assert service.call("DELETE", f"/subnetpools/{theirs['id']}", user="erin").status_int == 204
    for each in (of_scope, of_pool):
        assert service.call("DELETE", f"/rbac-policies/{each['rbac_policy']['id']}").status_int == 204


def test_pools_count_against_their_quota(service, conf):  # noqa: F811
    conf.set_override("quota_subnetpool", 1, "network")
    pool(service)
    refused(service.call("POST", "/subnetpools", {"subnetpool": {"name": "p", "prefixes": ["10.0.0.0/8"]}}), 409,
            "OverQuota", "['subnetpool']")


@pytest.mark.parametrize("cidr", ["junk", " ", "10.0.0.0/33", "10.0.0.0/8/1", "5", "fd00::/24"])
def test_what_is_no_range_of_its_version_comes_from_no_pool(service, cidr):  # noqa: F811
    network, pool = service.make("network"), service.make("subnetpool", name="p", prefixes=["10.0.0.0/8"])
    refused(service.call("POST", "/subnets", {"subnet": {"network_id": network["id"], "ip_version": 4, "cidr": cidr,
                                                         "subnetpool_id": pool["id"]}}), 400, "InvalidInput", cidr)
