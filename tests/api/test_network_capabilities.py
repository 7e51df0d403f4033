"""What the data plane cannot do, the network API does not offer."""

import pytest

from nova_lite.network.planes.capabilities import PLANES, Capability
from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401 - built by the fixture below, after the option is set


@pytest.fixture
def linux(conf, request, monkeypatch):
    """The network service on the plane linux as it would be without routers, and without what ports may lack."""
    conf.set_override("plane", "linux", "network")
    monkeypatch.setitem(PLANES, "linux", PLANES["linux"] - {
        Capability.ROUTERS, Capability.PORT_SECURITY, Capability.ADDRESS_PAIRS, Capability.ADMIN_STATE,
        Capability.OUTSIDE_GATEWAYS, Capability.STATELESS_GROUPS, Capability.IPV6})
    return request.getfixturevalue("service")


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "/routers", None), ("POST", "/routers", {"router": {}}), ("GET", "/routers/x", None),
    ("PUT", "/routers/x/add_router_interface", {}), ("GET", "/routers/x/tags", None),
    ("PUT", "/routers/x/tags/t", None),
    ("GET", "/floatingips", None), ("POST", "/floatingips", {"floatingip": {"floating_network_id": "x"}}),
    ("GET", "/floatingip_pools", None), ("GET", "/floatingip-pools", None),
    ("GET", "/floatingips/x/port_forwardings", None)])
def test_routers_and_floating_ips_are_not_there_without_a_plane_that_has_them(linux, method, path, body):
    for user in ("alice", "admin"):
        refused(linux.call(method, path, body, user), 404, "HTTPNotFound", "The resource could not be found.")


def test_their_extensions_are_not_named(linux):
    named = {each["alias"] for each in linux.find("/extensions")}
    assert "security-group" in named and not {"router", "external-net", "floatingip-pools"} & named
    assert not {"router", "floatingip"} & {each["name"] for each in linux.find("/")}
    refused(linux.call("GET", "/extensions/router"), 404, "ExtensionNotFound", "router")


def test_without_routers_there_is_no_service_provider(linux):
    assert linux.find("/service-providers") == []


def test_no_network_is_external_without_routers(linux):
    body = {"network": {"name": "n", "router:external": True}}
    refused(linux.call("POST", "/networks", body, "admin"), 400, "InvalidInput", "[network] plane = linux")
    made = linux.make("network", name="n")
    refused(linux.call("PUT", f"/networks/{made['id']}", {"network": {"router:external": True}}, "admin"), 400,
            "InvalidInput", "have no routers")
    policy = {"rbac_policy": {"object_type": "network", "object_id": made["id"], "action": "access_as_external",
                              "target_tenant": "*"}}
    refused(linux.call("POST", "/rbac-policies", policy, "admin"), 400, "InvalidInput", "have no routers")
    kept = {"network": {"router:external": False}}
    assert linux.call("PUT", f"/networks/{made['id']}", kept, "admin").status_int == 200
