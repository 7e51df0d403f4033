"""Availability zones of networks and routers, and hints of where these are wished."""

import pytest

from nova_lite import db
from nova_lite.common import clock
from nova_lite.db.models.servers import ComputeNode, Service
from tests.api.test_network_api import refused
from tests.network_service import context, service  # noqa: F401

KINDS = ("network", "router")


@pytest.fixture
def hosts():
    """host1 in the default zone, and host2 in a zone of its own."""
    with db.writer() as session:
        for name, zone in (("host1", None), ("host2", "east")):
            session.add(Service(host=name, binary="nova-compute", topic="compute", last_seen_at=clock.now()))
            session.add(ComputeNode(host=name, hypervisor_hostname=name, hypervisor_type="fake", hypervisor_version=1,
                                    host_ip="10.0.0.1", vcpus=1, memory_mb=1, disk_gb=1, availability_zone=zone))


@pytest.mark.parametrize("kind", KINDS)
def test_hints_are_kept_and_shown(service, hosts, kind):  # noqa: F811
    made = service.make(kind, availability_zone_hints=["nova", "east"])
    assert (made["availability_zone_hints"], made["availability_zones"]) == (["nova", "east"], [])
    path = f"/{kind}s/{made['id']}"
    assert service.find(path) == made and service.find(f"/{kind}s?name={made['name']}") == [made]
    assert service.make(kind, availability_zone_hints=[])["availability_zone_hints"] == []
    assert service.call("PUT", path, {kind: {"availability_zone_hints": ["nova"]}}, "admin").status_int == 400


@pytest.mark.parametrize("kind", KINDS)
def test_zones_in_hints_are_those_of_hosts(service, hosts, kind):  # noqa: F811
    refused(service.call("POST", f"/{kind}s", {kind: {"availability_zone_hints": ["nova", "west"]}}), 404,
            "AvailabilityZoneNotFound", "AvailabilityZone west could not be found.")
    refused(service.call("POST", f"/{kind}s", {kind: {"availability_zone_hints": ["x" * 250, "nova"]}}), 400,
            "InvalidInput", "Too many availability_zone_hints specified.")
    for wrong in (None, "nova", ["nova", "nova"], [1]):
        answer = service.call("POST", f"/{kind}s", {kind: {"availability_zone_hints": wrong}})
        assert answer.status_int == 400, wrong
    assert service.find(f"/{kind}s") == []


def test_networks_and_routers_are_in_the_zones_of_their_hosts(service, hosts):  # noqa: F811
    network, subnet = service.net()
    other, _ = service.net("10.2.0.0/24")
    router, idle = service.make("router"), service.make("router")
    added = service.call("PUT", f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    assert added.status_int == 200

    def zones():
        return {each["id"]: each["availability_zones"] for kind in KINDS for each in service.find(f"/{kind}s")}

    assert zones() == dict.fromkeys((network["id"], other["id"], router["id"], idle["id"]), [])
    requested = service.facade.validate(context(), [{"uuid": network["id"]}], 1, [])
    for host in ("host1", "host2"):
        service.allocate(service.server(requested), host)
    assert zones() == {network["id"]: ["east", "nova"], other["id"]: [], router["id"]: ["east", "nova"],
                       idle["id"]: []}
    assert service.find(f"/networks/{network['id']}")["availability_zones"] == ["east", "nova"]
    assert service.find(f"/routers/{router['id']}?fields=availability_zones") == {"availability_zones": [
        "east", "nova"]}
