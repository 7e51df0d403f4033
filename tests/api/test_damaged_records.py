"""Rows whose JSON is damaged, by a disk or a hand: lists show the others, and such a row says what is wrong."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.db import server_objects
from nova_lite.db.models.servers import Server
from nova_lite.objects import damaged_server

NO_JSON = "{"
#: Values of a column that are JSON and make no sense.
SENSELESS = [("flavor", "{}"), ("flavor", "null"), ("flavor", '"m1"'), ("addresses", "[1]"), ("addresses", "{}"),
             ("fault", '"x"'), ("image_properties", "[]"), ("metadata", "null"), ("tags", '{"a": 1}'),
             ("security_groups", "7")]
SHOWN = ["addresses", "fault", "flavor", "image_properties", "metadata", "scheduler_hints", "security_groups", "tags"]
FILTERS = ["", "?tags=a", "?not-tags=a", "?flavor=42", "?ip=10", "?name=o", "?status=ACTIVE", "?limit=1000",
           "?sort_key=display_name"]


@pytest.fixture
def damaged(cloud):
    """callable(column, text) -> the id of a server with that text in a column, beside a sound one."""
    cloud.sound, broken = cloud.make(name="sound"), cloud.make(name="broken")

    def damage(column, text):
        with db.writer() as session:
            session.execute(sa.text(f"UPDATE servers SET {column} = :text WHERE id = :id"),
                            {"text": text, "id": broken})
        return broken
    return damage


def in_error(server, column):
    assert server["status"] == "ERROR"
    assert f"is damaged ({column})" in server["fault"]["message"] and server["fault"]["code"] == 500


@pytest.mark.parametrize("column", SHOWN)
def test_a_server_whose_record_is_no_json_is_listed_in_error_beside_others(cloud, damaged, column):
    broken = damaged(column, NO_JSON)
    for user in ("alice", "admin"):
        found = {each["id"]: each for each in cloud.get(
            "/servers/detail?all_tenants=1" if user == "admin" else "/servers/detail", user=user)["servers"]}
        assert found.keys() == {cloud.sound, broken}
        assert found[cloud.sound]["status"] == "ACTIVE"
        in_error(found[broken], column)
    in_error(cloud.get(f"/servers/{broken}")["server"], column)
    assert {each["id"] for each in cloud.get("/servers")["servers"]} == {cloud.sound, broken}
    assert cloud.get(f"/servers/{cloud.sound}")["server"]["status"] == "ACTIVE"


@pytest.mark.slow
@pytest.mark.parametrize("column", SHOWN)
@pytest.mark.parametrize("query", FILTERS)
def test_filters_and_pages_go_past_a_damaged_record(cloud, damaged, column, query):
    damaged(column, NO_JSON)
    found = [each["id"] for each in cloud.get(f"/servers/detail{query}")["servers"]]
    assert cloud.sound in found or "tags=a" in query or "ip=10" in query or "flavor=42" in query


def test_a_page_may_begin_behind_a_damaged_record(cloud, damaged):
    broken = damaged("flavor", NO_JSON)
    assert [each["id"] for each in cloud.get(f"/servers/detail?marker={broken}")["servers"]] == [cloud.sound]


@pytest.mark.parametrize(("column", "text"), SENSELESS)
def test_a_record_that_makes_no_sense_breaks_no_list(cloud, damaged, column, text):
    broken = damaged(column, text)
    assert {each["id"] for each in cloud.get("/servers/detail")["servers"]} == {cloud.sound, broken}
    in_error(cloud.get(f"/servers/{broken}")["server"], column)


def test_what_needs_a_damaged_record_is_refused_and_says_why(cloud, damaged):
    broken = damaged("flavor", NO_JSON)
    for method, path, body in (("POST", "/action", {"os-stop": None}), ("GET", "/metadata", None),
                               ("POST", "/action", {"resize": {"flavorRef": "42"}})):
        status, message = cloud.refused(method, f"/servers/{broken}{path}", body)
        assert status == 409 and f"The record of server {broken} is damaged (flavor)" in message, path


@pytest.mark.parametrize(("column", "text"), [*((each, NO_JSON) for each in damaged_server.STAND_INS), *SENSELESS])
def test_a_server_whose_record_is_damaged_can_be_deleted(cloud, damaged, column, text):
    broken = damaged(column, text)
    assert cloud.call("DELETE", f"/servers/{broken}").status_int == 204
    with db.reader() as session:
        assert damaged_server.damaged(server_objects.row(session, broken)) == []
    assert cloud.get(f"/servers/{broken}")["server"]["OS-EXT-STS:task_state"] == "deleting"


def test_a_damaged_server_is_deleted_for_good_where_others_could_be_restored(cloud, damaged, conf):
    broken = damaged("flavor", NO_JSON)
    conf.set_override("reclaim_instance_interval", 600, "compute")
    assert cloud.call("DELETE", f"/servers/{broken}").status_int == 204
    conf.clear_override("reclaim_instance_interval", "compute")
    assert cloud.get(f"/servers/{broken}")["server"]["OS-EXT-STS:task_state"] == "deleting"


def test_whatever_a_server_has_in_json_has_something_that_stands_for_it():
    assert damaged_server.STAND_INS.keys() == {
        each.name for each in Server.__table__.c if isinstance(each.type, sa.JSON)}


@pytest.mark.parametrize("text", [NO_JSON, "{}", "null"])
def test_the_usage_of_a_project_goes_past_a_damaged_record(cloud, damaged, text):
    damaged("flavor", text)
    [usage] = cloud.get("/os-simple-tenant-usage?detailed=1", user="admin")["tenant_usages"]
    assert len(usage["server_usages"]) == 2
    assert cloud.get("/os-simple-tenant-usage/pa")["tenant_usage"]["total_vcpus_usage"] >= 0


def test_a_damaged_flavor_hides_no_other(cloud):
    before = {each["id"] for each in cloud.get("/flavors/detail", version="2.61")["flavors"]}
    with db.writer() as session:
        session.execute(sa.text("UPDATE flavors SET extra_specs = '{' WHERE flavorid = "
                                "(SELECT min(flavorid) FROM flavors)"))
    assert {each["id"] for each in cloud.get("/flavors/detail", version="2.61")["flavors"]} == before
