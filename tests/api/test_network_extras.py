"""Tags, bindings, and that what is advertised is served."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401


def made(service):  # noqa: F811
    """Paths of one resource of every kind that has tags."""
    network, subnet = service.net()
    port, group = service.make("port", network_id=network["id"]), service.make("security_group", name="web")
    pool = service.make("subnetpool", name="p", prefixes=["10.0.0.0/8"])
    policy = service.call("POST", "/qos/policies", {"policy": {"project_id": "pa"}}, "admin").json["policy"]
    return {"networks": network["id"], "subnets": subnet["id"], "subnetpools": pool["id"],
            "routers": service.make("router")["id"], "floatingips": _floating_ip(service), "ports": port["id"],
            "security-groups": group["id"], "qos/policies": policy["id"]}


def _floating_ip(service):  # noqa: F811
    outer = service.make("network", "admin", **{"router:external": True})["id"]
    service.make("subnet", "admin", network_id=outer, cidr="172.24.4.0/24", ip_version=4)
    return service.make("floatingip", floating_network_id=outer)["id"]


@pytest.mark.parametrize("kind", [
    "networks", "subnets", "subnetpools", "ports", "routers", "floatingips", "security-groups", "qos/policies"])
def test_every_kind_of_network_resource_has_tags(service, kind):  # noqa: F811
    path = f"/{kind}/{made(service)[kind]}"
    tags, user = f"{path}/tags", "admin" if kind == "qos/policies" else "alice"
    answer = service.call("PUT", tags, {"tags": ["b", "a"]}, user=user)
    assert (answer.status_int, answer.json) == (200, {"tags": ["b", "a"]})
    assert service.call("PUT", f"{tags}/A", user=user).status_int == 201
    assert service.call("PUT", f"{tags}/A", user=user).status_int == 201
    assert sorted(service.find(path)["tags"]) == service.call("GET", tags).json["tags"] == ["A", "a", "b"]
    answer = service.call("POST", tags, {"tags": ["c", "b"]}, user=user)
    assert (answer.status_int, answer.json) == (200, {"tags": ["c", "b"]})
    assert service.call("GET", tags).json == {"tags": ["A", "a", "b", "c"]}
    assert service.call("GET", f"{tags}/c").status_int == 204
    refused(service.call("GET", f"{tags}/d"), 404, "TagNotFound", "d")
    assert service.call("DELETE", f"{tags}/c", user=user).status_int == 204
    refused(service.call("DELETE", f"{tags}/c", user=user), 404, "TagNotFound")
    assert service.call("DELETE", tags, user=user).status_int == 204 and service.find(path)["tags"] == []
    for other, status in (("carl", 403), ("bob", 404)):
        assert service.call("PUT", tags, {"tags": []}, other).status_int == status
    assert service.call("GET", tags, user="carl").json == {"tags": []}
    assert service.call("PUT", tags, {"tags": [""]}, user=user).json == service.call("GET", tags).json == {"tags": [""]}


#: What is no list of tags -> what Neutron 29 says of it.
NO_TAGS = [
    ({}, "Invalid tags body."), ([], "Invalid tags body."), ({"tags": "x"}, "'x' is not a list."),
    ({"tags": None}, "'None' is not a list."), ({"tags": [1]}, "'1' is not a valid string."),
    ({"tags": [[1]]}, "'[1]' is not a valid string."),
    ({"tags": ["x", "y", "x"]}, "Duplicate items in the list: 'x'."),
    ({"tags": ["x" * 256]}, f"'{'x' * 256}' exceeds maximum length of 255.")]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_what_are_no_tags_is_refused_in_neutrons_words(service, method):  # noqa: F811
    tags = f"/networks/{made(service)['networks']}/tags"
    for body, words in NO_TAGS:
        answer = service.call(method, tags, body)
        assert (answer.status_int, answer.json["NeutronError"]) == (400, {
            "type": "InvalidInput", "message": f"Invalid input for operation: {words}", "detail": ""})
        assert service.call(method, "/networks/nope/tags", body).status_int == 400
    refused(service.call(method, tags, "{"), 400, "MalformedRequestBody",
            "Malformed request body: Cannot understand JSON.")
    refused(service.call("PUT", f"{tags}/{'x' * 256}"), 400, "InvalidInput", "exceeds maximum length of 255.")


@pytest.mark.parametrize("kind", ["networks", "subnets", "subnetpools", "ports", "security-groups"])
def test_a_resource_has_fifty_tags_at_most(service, kind):  # noqa: F811
    tags, limit = f"/{kind}/{made(service)[kind]}/tags", "The number of tags exceed the per-resource limit of 50."
    fifty = {"tags": [str(number) for number in range(50)]}
    assert service.call("PUT", tags, fifty).json == fifty
    for method, path, body in (("PUT", f"{tags}/more", None), ("PUT", tags, {"tags": [*fifty["tags"], "more"]}),
                               ("POST", tags, {"tags": [*fifty["tags"], "more"]})):
        answer = service.call(method, path, body)
        assert (answer.status_int, answer.json["NeutronError"]) == (400, {
            "type": "BadRequest", "message": f"Bad {kind.replace('-', '_')} request: {limit}", "detail": ""})
    assert service.call("PUT", f"{tags}/1").status_int == 201


def test_tags_are_deleted_with_their_resource(service):  # noqa: F811
    network, _ = service.net(tags=["s"])
    port = service.make("port", network_id=network["id"], tags=["p"])
    assert port["tags"] == ["p"]
    assert service.call("DELETE", f"/ports/{port['id']}").status_int == 204
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 204
    assert service.find("/subnets?tags=s") == []


def test_an_operator_binds_a_port_to_a_host(service):  # noqa: F811
    network, _ = service.net()
    refused(service.call("POST", "/ports", {"port": {"network_id": network["id"], "binding:host_id": "h"}}), 403,
            "PolicyNotAuthorized", "binding:host_id")
    port = service.make("port", "admin", network_id=network["id"], **{"binding:host_id": "h", "project_id": "pa"})
    shown = {name: port[name] for name in port if name.startswith("binding:")}
    assert shown == {"binding:host_id": "h", "binding:vif_type": "bridge", "binding:vnic_type": "normal",
                     "binding:profile": {}, "binding:vif_details": {}}
    mine = service.find(f"/ports/{port['id']}")
    assert [name for name in mine if name.startswith("binding:")] == ["binding:vnic_type"]
    path = f"/ports/{port['id']}"
    refused(service.call("PUT", path, {"port": {"binding:host_id": ""}}), 403, "PolicyNotAuthorized")
    free = service.call("PUT", path, {"port": {"binding:host_id": ""}}, "admin").json["port"]
    assert (free["binding:host_id"], free["binding:vif_type"]) == ("", "unbound")
    refused(service.call("PUT", path, {"port": {"binding:profile": {"a": 1}}}, "admin"), 403, "PolicyNotAuthorized",
            "update_port:binding:profile")
    service.boot([{"port": port["id"]}])
    assert service.find(path, "admin")["binding:host_id"] == "host1"


def test_a_port_gets_a_new_random_mac(service):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"])
    answer = service.call("PUT", f"/ports/{port['id']}", {"port": {"mac_address": None}}, "admin")
    assert answer.json["port"]["mac_address"] not in (None, port["mac_address"])


def test_extensions_whose_writes_are_refused_are_not_listed(service):  # noqa: F811
    named = {each["alias"] for each in service.find("/extensions")}
    network, router = service.net()[0], f"/routers/{service.make('router')['id']}"
    writes = {"port-security": ("PUT", f"/networks/{network['id']}", {"network": {"port_security_enabled": False}}),
              "provider": ("POST", "/networks", {"network": {"provider:network_type": "local"}}),
              "external-net": ("POST", "/networks", {"network": {"router:external": True}}),
              "allowed-address-pairs": ("POST", "/ports", {"port": {
                  "network_id": network["id"], "port_security_enabled": True,
                  "allowed_address_pairs": [{"ip_address": "10.1.0.9"}]}}),
              "extraroute": ("PUT", router, {"router": {"routes": []}}),
              "ext-gw-mode": ("PUT", router, {"router": {"external_gateway_info": None}}),
              "l3-ha": ("PUT", router, {"router": {"ha": True}}), "dvr": ("PUT", router, {"router": {
                  "distributed": True}}),
              "quotas": ("PUT", "/quotas/pa", {"quota": {"port": 7}}),
              "standard-attr-tag": ("PUT", f"/networks/{network['id']}/tags", {"tags": ["a"]}),
              "binding": ("POST", "/ports", {"port": {"network_id": network["id"], "binding:host_id": "h"}}),
              "net-mtu-writable": ("PUT", f"/networks/{network['id']}", {"network": {"mtu": 1400}})}
    for alias, (method, path, body) in writes.items():
        served = service.call(method, path, body, "admin").status_int < 300
        assert served == (alias in named), alias
