"""The hosts that have networks, as agents, and their zones."""

import datetime

import pytest

from nova_lite import db
from nova_lite.common import clock
from nova_lite.db.models.servers import ComputeNode, Service
from tests.api.test_network_api import NOWHERE, refused
from tests.api.test_network_capabilities import linux  # noqa: F401
from tests.network_service import service  # noqa: F401


@pytest.fixture
def hosts():
    """Three, the last of which is silent, and in a zone of its own; and a service without networks."""
    now = clock.now()
    with db.writer() as session:
        for name, seen, zone in (("a", now, None), ("b", now, "east"),
                                 ("c", now - datetime.timedelta(hours=1), "west")):
            session.add(Service(host=name, binary="nova-compute", topic="compute", last_seen_at=seen))
            session.add(ComputeNode(host=name, hypervisor_hostname=name, hypervisor_type="fake", hypervisor_version=1,
                                    host_ip="10.0.0.1", vcpus=1, memory_mb=1, disk_gb=1, availability_zone=zone))
        session.add(Service(host="a", binary="nova-scheduler", topic="scheduler", last_seen_at=now))


def named(rows):
    return [each["host"] for each in rows]


def test_agents_are_the_hosts_that_have_networks(service, hosts):  # noqa: F811
    found = service.find("/agents?sort_key=host", "admin")
    assert [(each["host"], each["alive"], each["availability_zone"]) for each in found] == [
        ("a", True, "nova"), ("b", True, "east"), ("c", False, "west")]
    first = found[0]
    assert first["admin_state_up"] is True and first["binary"] == "nova-compute"
    assert first["configurations"]["plane"] == "fake" and "routers" in first["configurations"]["capabilities"]
    assert datetime.datetime.strptime(first["heartbeat_timestamp"], "%Y-%m-%d %H:%M:%S")
    assert service.find(f"/agents/{first['id']}", "admin") == first
    refused(service.call("GET", f"/agents/{NOWHERE}", user="admin"), 404, "AgentNotFound", NOWHERE)


def test_agents_are_filtered_sorted_and_paged(service, hosts):  # noqa: F811
    for query, wanted in (("alive=false", "c"), ("alive=True", "ab"), ("host=b", "b"), ("availability_zone=west", "c"),
                          ("binary=x", ""), ("admin_state_up=False", "")):
        assert named(service.find(f"/agents?sort_key=host&{query}", "admin")) == list(wanted), query
    page = service.call("GET", "/agents?limit=2&sort_key=host&sort_dir=desc", user="admin").json
    assert named(page["agents"]) == ["c", "b"]
    rest = service.call("GET", page["agents_links"][0]["href"].partition("/v2.0")[2], user="admin").json
    assert named(rest["agents"]) == ["a"]
    back = service.call("GET", rest["agents_links"][-1]["href"].partition("/v2.0")[2], user="admin").json
    assert named(back["agents"]) == ["c", "b"]
    assert service.find("/agents?fields=host&host=a", "admin") == [{"host": "a"}]
    for wrong in ("bogus=1", "alive=perhaps", f"marker={NOWHERE}"):
        assert service.call("GET", f"/agents?{wrong}", user="admin").status_int in (400, 404), wrong


def test_only_operators_see_agents(service, hosts):  # noqa: F811
    one = service.find("/agents", "admin")[0]
    assert service.find("/agents") == []
    refused(service.call("GET", f"/agents/{one['id']}"), 404, "HTTPNotFound")


def test_everyone_sees_the_zones_of_hosts(service, hosts):  # noqa: F811
    found = service.find("/availability_zones")
    assert found == [{"name": name, "resource": kind, "state": state} for name, state in (
        ("east", "available"), ("nova", "available"), ("west", "unavailable")) for kind in ("network", "router")]
    assert len(service.find("/availability_zones?state=unavailable")) == 2
    assert service.find("/availability_zones?name=east&resource=router") == [found[1]]
    assert service.call("GET", "/availability_zones?bogus=1").status_int == 400


def test_a_plane_without_routers_has_zones_of_networks_alone(linux, hosts):  # noqa: F811
    assert {each["resource"] for each in linux.find("/availability_zones")} == {"network"}
