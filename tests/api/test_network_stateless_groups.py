"""Security groups that are stateless."""

import pytest

from nova_lite import db
from nova_lite.network import exceptions
from tests.api.test_network_api import refused
from tests.api.test_network_capabilities import linux  # noqa: F401
from tests.network_service import context, service  # noqa: F401

LESS = {"stateful": False}
MIXED = "Cannot apply both stateful and stateless security groups on the same port at the same time"


def test_a_group_is_stateful_unless_it_is_said(service):  # noqa: F811
    plain, less = service.make("security_group", name="a"), service.make("security_group", name="b", stateful="false")
    assert (plain["stateful"], less["stateful"]) == (True, False)
    assert [each["id"] for each in service.find("/security-groups?stateful=False")] == [less["id"]]
    changed = service.call("PUT", f"/security-groups/{plain['id']}", {"security_group": LESS}).json["security_group"]
    assert changed["stateful"] is False and changed["revision_number"] > plain["revision_number"]


def test_a_group_with_ports_stays_as_it_is(service):  # noqa: F811
    network, group = service.net()[0], service.make("security_group", name="a")
    port = service.make("port", network_id=network["id"], security_groups=[group["id"]])
    path = f"/security-groups/{group['id']}"
    refused(service.call("PUT", path, {"security_group": LESS}), 409, "SecurityGroupInUse", group["id"])
    assert service.call("PUT", path, {"security_group": {"stateful": True, "name": "b"}}).status_int == 200
    service.call("DELETE", f"/ports/{port['id']}")
    assert service.call("PUT", path, {"security_group": LESS}).status_int == 200


def test_a_port_is_in_groups_of_one_kind(service):  # noqa: F811
    network, less = service.net()[0], service.make("security_group", name="less", **LESS)["id"]
    plain = service.make("security_group", name="plain")["id"]
    body = {"port": {"network_id": network["id"], "security_groups": [less, plain]}}
    refused(service.call("POST", "/ports", body), 409, "SecurityGroupConflict", MIXED)
    port = service.make("port", network_id=network["id"], security_groups=[less])
    refused(service.call("PUT", f"/ports/{port['id']}", {"port": {"security_groups": [less, plain]}}), 409,
            "SecurityGroupConflict", MIXED)
    server_id, _ = service.boot([{"port": port["id"]}])
    with db.writer(), pytest.raises(exceptions.SecurityGroupConflict):
        service.facade.memberships.join(context(), server_id, plain)
    assert service.find(f"/ports/{port['id']}")["security_groups"] == [less]


def test_a_plane_that_lets_replies_through_has_no_stateless_group(linux):  # noqa: F811
    refused(linux.call("POST", "/security-groups", {"security_group": {"name": "a", **LESS}}), 400, "InvalidInput",
            "leave stateful True")
    group = linux.make("security_group", name="a", stateful=True)
    refused(linux.call("PUT", f"/security-groups/{group['id']}", {"security_group": LESS}), 400, "InvalidInput")
    assert "stateful-security-group" not in {each["alias"] for each in linux.find("/extensions")}
