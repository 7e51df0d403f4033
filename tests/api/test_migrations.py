"""Migrations as they are listed, and what a server that does not migrate answers."""

import datetime

import pytest

from nova_lite import db
from nova_lite.common import context
from nova_lite.db import server_migrations, servers

WHO = context.RequestContext("alice", "pa", ("member",))
NOBODYS = "00000000-0000-4000-8000-000000000000"


def move(server_id, who=WHO, **values):
    values = {"kind": "resize", "status": "finished", "source_host": "host-1", "source_node": "node-1",
              "dest_host": "host-2", "dest_node": "node-2", "dest_ip": "10.0.0.2", "old_flavor_id": 1,
              "new_flavor_id": 2, **values}
    with db.writer() as session:
        return server_migrations.record(session, who, servers.get(session, server_id), **values)


def listed(cloud, query="", version="2.80", user="admin"):
    return cloud.get(f"/os-migrations{query}", user=user, version=version)["migrations"]


def test_a_migration_through_the_versions(cloud):
    server = cloud.make()
    id = move(server)
    old = listed(cloud, version="2.1")[0]
    assert old == {"id": id, "instance_uuid": server, "status": "finished", "source_compute": "host-1",
                   "source_node": "node-1", "dest_compute": "host-2", "dest_node": "node-2", "dest_host": "10.0.0.2",
                   "old_instance_type_id": 1, "new_instance_type_id": 2, "created_at": old["created_at"],
                   "updated_at": None}
    new = listed(cloud)[0]
    assert {key: new[key] for key in set(new) - set(old)} == {
        "migration_type": "resize", "uuid": new["uuid"], "user_id": "alice", "project_id": "pa"}
    assert "uuid" not in listed(cloud, version="2.58")[0] and "migration_type" in listed(cloud, version="2.23")[0]


def test_live_migrations_under_way_are_linked_and_shown_at_their_server(cloud):
    server = cloud.make()
    move(server)
    id = move(server, kind="live-migration", status="running", memory_total=10, memory_processed=4,
              memory_remaining=6)
    assert listed(cloud)[0]["links"][0]["href"].endswith(f"/servers/{server}/migrations/{id}")
    shown = cloud.get(f"/servers/{server}/migrations", user="admin", version="2.23")["migrations"]
    assert [(each["id"], each["memory_total_bytes"], each["memory_processed_bytes"]) for each in shown] == [(id, 10, 4)]
    one = cloud.get(f"/servers/{server}/migrations/{id}", user="admin", version="2.80")["migration"]
    assert (one["server_uuid"], one["source_compute"], one["project_id"]) == (server, "host-1", "pa")
    assert cloud.refused("GET", f"/servers/{server}/migrations/99", user="admin", version="2.23") == (
        404, f"In-progress live migration 99 is not found for server {server}.")


def test_migrations_are_filtered_and_paged(cloud):
    one, two = cloud.make(), cloud.make()
    ids = [move(one), move(two, kind="migration", status="error", source_host="host-3"), move(one, status="migrating")]

    def found(query, version="2.80"):
        return [each["id"] for each in listed(cloud, query, version)]

    assert found("") == ids[::-1]
    assert found(f"?instance_uuid={one}") == [ids[2], ids[0]]
    assert found("?migration_type=migration") == found("?status=error") == found("?source_compute=host-3") == [ids[1]]
    assert found("?host=host-2") == ids[::-1] and found("?host=nope") == []
    assert found("?user_id=alice&project_id=pb") == []
    later = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found(f"?changes-since={later}") == [] and found(f"?changes-before={later}") == ids[::-1]
    page = cloud.get("/os-migrations?limit=2", user="admin", version="2.59")
    assert [each["id"] for each in page["migrations"]] == ids[:0:-1]
    following = page["migrations_links"][0]["href"].partition("/compute/v2.1")[2]
    assert [each["id"] for each in cloud.get(following, user="admin", version="2.59")["migrations"]] == ids[:1]


@pytest.mark.parametrize(("query", "version", "message"), [
    ("marker=abc", "2.59", "Marker abc could not be found."),
    ("x=1", "2.59", "Additional properties are not allowed ('x' was unexpected)"),
    ("changes-before=2026-11-22T00:00:00", "2.59",
     "Additional properties are not allowed ('changes-before' was unexpected)"),
    ("user_id=x", "2.79", "Additional properties are not allowed ('user_id' was unexpected)"),
    ("changes-before=2026-11-22T00:00:00&changes-since=2026-11-23T00:00:00", "2.66",
     "The value of changes-since must be less than or equal to changes-before.")])
def test_an_invalid_query_for_migrations_is_refused(cloud, query, version, message):
    assert cloud.refused("GET", f"/os-migrations?{query}", user="admin", version=version) == (400, message)


def test_members_do_not_see_migrations(cloud):
    server = cloud.make()
    assert cloud.refused("GET", "/os-migrations")[0] == 403
    assert cloud.refused("GET", f"/servers/{server}/migrations", version="2.23")[0] == 403


def test_a_server_that_stays_cannot_be_hurried_or_stopped(cloud):
    server = cloud.make()
    assert cloud.refused("DELETE", f"/servers/{server}/migrations/1", user="admin", version="2.24") == (
        409, f"Instance {server} is in an invalid state for 'abort live migration'")
    path, body = f"/servers/{server}/migrations/1/action", {"force_complete": None}
    assert cloud.refused("POST", path, body, user="admin", version="2.22") == (
        409, f"Instance {server} is in an invalid state for 'force_complete'")
    assert cloud.refused("POST", path, {"force_complete": {}}, user="admin", version="2.22")[0] == 400
    assert cloud.refused("POST", path, body, user="admin", version="2.21")[0] == 404
    assert cloud.refused("DELETE", f"/servers/{server}/migrations/1", user="admin", version="2.23")[0] == 404
    for method in ("GET", "DELETE"):
        assert cloud.refused(method, f"/servers/{NOBODYS}/migrations/1", user="admin", version="2.24")[0] == 404
    cloud.call("POST", f"/servers/{server}/action", {"lock": None}, user="admin")


def test_a_migrations_own_updated_at_finds_it(cloud):
    id = move(cloud.make())
    with db.writer() as session:
        server_migrations.update(session, id, status="error")
    shown = listed(cloud)[0]["updated_at"]
    for moment in (shown, shown[:19]):
        assert [each["id"] for each in listed(cloud, f"?changes-since={moment}&changes-before={moment}")] == [id]
