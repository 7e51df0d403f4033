"""Aggregates, the zones they make, and what a zone with servers refuses."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import rpc
from nova_lite.compute.rpcapi import VERSION
from nova_lite.db import aggregates
from nova_lite.db.models.servers import Service
from tests.compute_service import DRAFT, IMAGE, NOWHERE

NODE = {"host": "host-1"}


def make(cloud, name="a", **more):
    answer = cloud.call("POST", "/os-aggregates", {"aggregate": {"name": name, **more}}, user="admin")
    assert answer.status_int == 200, answer.text
    return answer.json["aggregate"]["id"]


def act(cloud, id, action, values, version=None):
    return cloud.call("POST", f"/os-aggregates/{id}/action", {action: values}, user="admin", version=version)


def message(answer):
    (fault,) = answer.json.values()
    return fault["code"], fault["message"]


def zones(cloud):
    return [each["zoneName"] for each in cloud.get("/os-availability-zone")["availabilityZoneInfo"]]


def test_an_aggregate_is_made_shown_renamed_and_deleted(cloud):
    made = cloud.call("POST", "/os-aggregates", {"aggregate": {"name": "a"}}, user="admin").json["aggregate"]
    assert set(made) == {"id", "name", "created_at", "updated_at", "deleted_at", "deleted", "availability_zone"}
    shown = cloud.get(f"/os-aggregates/{made['id']}", user="admin")["aggregate"]
    assert {**shown, "hosts": None, "metadata": None} == {**made, "hosts": None, "metadata": None}
    assert len(cloud.get("/os-aggregates", user="admin", version="2.41")["aggregates"][0]["uuid"]) == 36
    renamed = cloud.call("PUT", f"/os-aggregates/{made['id']}", {"aggregate": {"name": " b "}}, user="admin")
    assert renamed.json["aggregate"]["name"] == "b"
    answer = cloud.call("DELETE", f"/os-aggregates/{made['id']}", user="admin")
    assert (answer.status_int, answer.body) == (200, b"")
    assert cloud.refused("GET", f"/os-aggregates/{made['id']}", user="admin") == (
        404, f"Aggregate {made['id']} could not be found.")


def test_an_invalid_aggregate_request_is_refused_with_novas_message(cloud):
    make(cloud), make(cloud, "b")
    for answer in (cloud.call("POST", "/os-aggregates", {"aggregate": {"name": "a"}}, user="admin"),
                   cloud.call("PUT", "/os-aggregates/2", {"aggregate": {"name": "a"}}, user="admin")):
        assert message(answer) == (409, "Aggregate a already exists.")
    assert cloud.refused("GET", "/os-aggregates/x", user="admin") == (
        400, "Invalid input received: id must be an integer")
    for id in ("99", "-1", "9" * 20):
        assert cloud.refused("GET", f"/os-aggregates/{id}", user="admin") == (
            404, f"Aggregate {id} could not be found.")
    for body in ({}, {"name": ""}, {"name": 1}, {"name": "c", "availability_zone": ""}, {"name": "c", "x": 1},
                 {"name": "c", "availability_zone": "x:y"}, {"availability_zone": "z"}):
        assert cloud.call("POST", "/os-aggregates", {"aggregate": body}, user="admin").status_int == 400
    assert message(act(cloud, 1, "nope", {})) == (400, "There is no such action: nope")


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "/os-aggregates", None), ("GET", "/os-aggregates/1", None), ("DELETE", "/os-aggregates/1", None),
    ("POST", "/os-aggregates", {"aggregate": {"name": "a"}}), ("PUT", "/os-aggregates/1", {"aggregate": {"name": "a"}}),
    ("POST", "/os-aggregates/1/action", {"add_host": NODE}), ("POST", "/os-aggregates/1/action", {"remove_host": NODE}),
    ("POST", "/os-aggregates/1/action", {"set_metadata": {"metadata": {}}}),
    ("POST", "/os-aggregates/1/images", {"cache": [{"id": IMAGE}]})])
def test_members_may_not_use_aggregates(cloud, method, path, body):
    assert cloud.refused(method, path, body, version="2.81")[0] == 403


def test_hosts_are_added_to_and_removed_from_an_aggregate(cloud):
    id = make(cloud)
    assert message(act(cloud, id, "add_host", {"host": "nope"})) == (404, "Compute host nope could not be found.")
    assert act(cloud, id, "add_host", NODE).json["aggregate"]["hosts"] == ["host-1"]
    assert message(act(cloud, id, "add_host", NODE)) == (409, f"Aggregate {id} already has host host-1.")
    assert message(cloud.call("DELETE", f"/os-aggregates/{id}", user="admin")) == (
        400, f"Cannot remove host from aggregate {id}. Reason: Host aggregate is not empty.")
    assert act(cloud, id, "remove_host", NODE).json["aggregate"]["hosts"] == []
    assert message(act(cloud, id, "remove_host", NODE)) == (404, f"Cannot remove host host-1 in aggregate {id}")
    assert message(act(cloud, 99, "remove_host", NODE)) == (404, "Cannot remove host host-1 in aggregate 99")
    assert message(act(cloud, 99, "add_host", NODE)) == (404, "Aggregate 99 could not be found.")


def test_aggregate_metadata_is_merged_and_null_removes_a_key(cloud):
    id = make(cloud, availability_zone="z")
    shown = act(cloud, id, "set_metadata", {"metadata": {"k": "v", "x": None}}).json["aggregate"]
    assert shown["metadata"] == {"availability_zone": "z", "k": "v"}
    assert act(cloud, id, "set_metadata", {"metadata": {"k": None}}).json["aggregate"]["metadata"] == {
        "availability_zone": "z"}
    for zone in (None, ""):
        assert message(act(cloud, id, "set_metadata", {"metadata": {"availability_zone": zone}})) == (
            400, f"Cannot update metadata of aggregate {id}. Reason: Aggregate a does not support empty named "
                 "availability zone.")
    assert act(cloud, id, "set_metadata", {"metadata": {"k": 1}}).status_int == 400


def test_an_aggregate_makes_a_zone_of_its_hosts(cloud):
    server = cloud.make()
    cloud.settle(server, host=None)
    assert zones(cloud) == ["nova"]
    id = make(cloud, availability_zone="z")
    act(cloud, id, "add_host", NODE)
    assert zones(cloud) == ["z"]
    detail = cloud.get("/os-availability-zone/detail", user="admin")["availabilityZoneInfo"]
    assert [(each["zoneName"], list(each["hosts"])) for each in detail] == [("internal", ["host-1"]), ("z", ["host-1"])]
    compute = cloud.get("/os-services?binary=nova-compute", user="admin")["services"][0]
    assert compute["zone"] == "z"
    cloud.settle(server, host="host-1")
    for query in (f"/{server}", "/detail"):
        shown = cloud.get(f"/servers{query}")
        assert (shown.get("server") or shown["servers"][0])["OS-EXT-AZ:availability_zone"] == "z"
    assert cloud.create(availability_zone="z").status_int == 202
    assert cloud.refused("POST", "/servers", {"server": {
        "name": "x", "flavorRef": "42", "imageRef": IMAGE, "networks": "none", "availability_zone": "nova"}},
        version="2.37") == (400, "The requested availability zone is not available")
    with db.writer() as session:
        session.execute(sa.update(Service).where(Service.binary == "nova-compute").values(disabled=True))
    assert cloud.create(availability_zone="z").status_int == 400


def test_a_host_belongs_to_one_availability_zone_only(cloud):
    first, second = make(cloud, "a", availability_zone="z1"), make(cloud, "b", availability_zone="z2")
    third = make(cloud, "c")
    act(cloud, first, "add_host", NODE)
    act(cloud, third, "add_host", NODE)
    assert message(act(cloud, second, "add_host", NODE)) == (
        409, f"Cannot add host to aggregate {second}. Reason: One or more hosts already in availability zone(s) "
             "['z1'].")
    assert message(act(cloud, third, "set_metadata", {"metadata": {"availability_zone": "z2"}})) == (
        400, f"Cannot update metadata of aggregate {third}. Reason: One or more hosts already in availability zone(s) "
             "['z1'].")
    assert message(cloud.call("PUT", f"/os-aggregates/{third}", {"aggregate": {"availability_zone": "z2"}},
                              user="admin"))[0] == 400
    assert act(cloud, third, "set_metadata", {"metadata": {"availability_zone": "z1"}}).status_int == 200
    act(cloud, first, "remove_host", NODE)
    assert zones(cloud) == ["z1"]
    act(cloud, third, "remove_host", NODE)
    assert zones(cloud) == ["nova"]


def test_a_server_never_changes_its_zone(cloud):
    id = make(cloud, availability_zone="z")
    server = cloud.make()
    refused = message(act(cloud, id, "add_host", NODE))
    assert refused[0] == 409 and "from 'None' to 'z'" in refused[1]
    cloud.settle(server, host=None)
    act(cloud, id, "add_host", NODE)
    cloud.settle(server, host="host-1")
    refused = message(act(cloud, id, "remove_host", NODE))
    assert refused[0] == 409 and "1 instance(s)" in refused[1]
    assert message(cloud.call("PUT", f"/os-aggregates/{id}", {"aggregate": {"availability_zone": "y"}},
                              user="admin")) == (
        400, f"Cannot update aggregate {id}. Reason: One or more hosts contain instances in this zone.")


def test_the_scheduler_reads_the_aggregate_metadata_of_a_host(cloud):
    for number, items in enumerate(({"ssd": "true"}, {"ssd": "false", "x": "y"})):
        id = make(cloud, f"a{number}")
        act(cloud, id, "set_metadata", {"metadata": items})
        act(cloud, id, "add_host", NODE)
    with db.reader() as session:
        assert aggregates.by_host(session) == {"host-1": [{"ssd": "true"}, {"ssd": "false", "x": "y"}]}


def test_deleting_a_service_removes_its_host_from_aggregates(cloud):
    id = make(cloud)
    act(cloud, id, "add_host", NODE)
    service = cloud.get("/os-services?binary=nova-compute", user="admin", version="2.53")["services"][0]["id"]
    assert cloud.call("DELETE", f"/os-services/{service}", user="admin", version="2.53").status_int == 204
    assert cloud.get(f"/os-aggregates/{id}", user="admin")["aggregate"]["hosts"] == []


def test_hosts_are_asked_to_cache_images(cloud):
    cached = []

    class Endpoint:
        target = rpc.Target(version=VERSION)

        def cache_images(self, context, images):
            cached.extend(each.id for each in images)

    server = rpc.server("compute", "host-1", [Endpoint()])
    server.start()
    try:
        id = make(cloud)
        act(cloud, id, "add_host", NODE)

        def post(*ids, version="2.81"):
            return cloud.call("POST", f"/os-aggregates/{id}/images", {"cache": [{"id": each} for each in ids]},
                              user="admin", version=version)

        assert post(IMAGE).status_int == 202
        assert post(IMAGE, version="2.80").status_int == 404
        assert message(post(NOWHERE)) == (400, f"Image {NOWHERE} could not be found.")
        assert message(post(DRAFT)) == (400, f"Image {DRAFT} is not active.")
        assert message(post(IMAGE, IMAGE)) == (400, "Duplicate images in request")
        assert post().status_int == 400
    finally:
        server.stop()
    assert cached == [IMAGE]
