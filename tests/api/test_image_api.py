"""The image API through the WSGI application: answers as Glance gives them."""

import re

import pytest

from nova_lite.common import exceptions, unit_of_work
from nova_lite.db import session
from nova_lite.image import builtin
from tests import fresh_database
from tests.image_service import context, qcow2, service  # noqa: F401

SHOWN = {"name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status", "checksum",
         "protected", "min_ram", "min_disk", "owner", "os_hidden", "os_hash_algo", "os_hash_value", "id", "created_at",
         "updated_at", "tags", "self", "file", "schema"}


def patch(service, image, *changes, user="alice"):  # noqa: F811
    return service.call("PATCH", f"/images/{image['id']}", list(changes), user)


def replace(name, value):
    return {"op": "replace", "path": f"/{name}", "value": value}


def test_a_new_image_is_queued_and_shows_everything(service):  # noqa: F811
    answer = service.call("POST", "/images", {"name": "one", "os_distro": "x", "tags": ["b", "b", "a"], "min_ram": 64})
    assert answer.status_int == 201
    image = answer.json
    assert set(image) == SHOWN | {"os_distro"}
    assert (image["status"], image["visibility"], image["owner"]) == ("queued", "shared", "pa")
    assert (image["os_distro"], image["tags"], image["min_ram"]) == ("x", ["b", "a"], 64)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", image["created_at"])
    assert answer.headers["Location"] == f"http://localhost:80/image/v2/images/{image['id']}"
    assert service.show(image["id"]) == image
    assert service.call("GET", f"/images/{image['id']}/tasks").json == {"tasks": []}


@pytest.mark.parametrize(("body", "status", "text"), [
    ({"name": 5}, 400, "name"), ({"disk_format": "xyz"}, 400, "'xyz' is not one of"),
    ({"container_format": "xyz"}, 400, "'xyz' is not one of"), ({"visibility": "foo"}, 400, "visibility"),
    ({"id": "not-a-uuid"}, 400, "id"), ({"min_ram": -1}, 400, "min_ram"), ({"min_disk": "1"}, 400, "min_disk"),
    ({"min_disk": 99999999999}, 400, "min_disk"), ({"foo": 1}, 400, "foo"), ({"name": "x" * 256}, 400, "name"),
    ({"protected": "true"}, 400, "protected"), ({"tags": "x"}, 400, "tags"), ([1], 400, ""),
    ({"status": "active"}, 403, "Attribute 'status' is read-only."), ({"size": 4}, 403, "read-only"),
    ({"checksum": "x"}, 403, "read-only"), ({"self": "x"}, 403, "read-only"), ({"created_at": "x"}, 403, "read-only"),
    ({"locations": []}, 403, "Attribute 'locations' is reserved."), ({"location": "x"}, 403, "reserved"),
    ({"os_glance_x": "x"}, 403, "reserved"), ({"owner": "pb"}, 403, "not permitted to create images owned by 'pb'"),
    ({"visibility": "public"}, 403, "You are not authorized to complete publicize_image action."),
    ({"name": "a\0b"}, 400, "name"), ({"p": "a\0b"}, 400, "p"), ({"p\0q": "x"}, 400, ""), ({"": "x"}, 400, ""),
    ({"p" * 256: "x"}, 400, ""),
    ({"tags": [str(n) for n in range(129)]}, 413, "Attempted: 129, Maximum: 128"),
    ({f"p{n}": "x" for n in range(129)}, 413, "Attempted: 129, Maximum: 128")])
def test_an_invalid_image_is_refused(service, body, status, text):  # noqa: F811
    answer = service.call("POST", "/images", body, Accept="text/plain")
    assert answer.status_int == status
    assert text in answer.text
    assert service.names() == []


def test_a_client_may_choose_the_id_but_never_one_that_was_used(service):  # noqa: F811
    chosen = "11111111-1111-4111-8111-11111111111A"
    assert service.create(id=chosen)["id"] == chosen.lower()
    again = {"id": chosen}
    assert service.call("POST", "/images", again, user="bob").status_int == 409
    service.call("DELETE", f"/images/{chosen.lower()}")
    answer = service.call("POST", "/images", again, user="bob")         # or others' scripts would boot bob's
    assert answer.status_int == 409
    assert "already exists!" in answer.text


def test_admin_may_create_for_others_and_publish(service):  # noqa: F811
    assert service.create("admin", owner="pb", visibility="public")["owner"] == "pb"


# ---- who sees and does what

@pytest.mark.parametrize(("visibility", "bob"), [("private", 404), ("shared", 404), ("community", 200),
                                                 ("public", 200)])
def test_an_image_is_shown_according_to_its_visibility(service, visibility, bob):  # noqa: F811
    image = service.create("admin", owner="pa", visibility=visibility)
    assert service.call("GET", f"/images/{image['id']}", user="bob").status_int == bob
    assert service.call("GET", f"/images/{image['id']}", user="carl").status_int == 200
    assert service.call("GET", f"/images/{image['id']}", user="admin").status_int == 200
    assert service.call("GET", f"/images/{image['id']}", user=None).status_int == 401


WRITES = [("PATCH", "", [replace("name", "x")]), ("DELETE", "", None), ("PUT", "/file", qcow2()),
          ("PUT", "/tags/x", None), ("DELETE", "/tags/x", None), ("POST", "/actions/deactivate", None),
          ("POST", "/actions/reactivate", None), ("POST", "/members", {"member": "pb"})]


@pytest.mark.parametrize(("method", "path", "body"), [*WRITES, ("GET", "/file", None), ("GET", "/members", None),
                                                      ("GET", "/tasks", None)])
def test_a_private_image_is_not_found_by_other_projects(service, method, path, body):  # noqa: F811
    image = service.create(visibility="private")
    assert service.call(method, f"/images/{image['id']}{path}", body, "bob").status_int == 404


@pytest.mark.parametrize(("method", "path", "body"), WRITES[:-1])
@pytest.mark.parametrize("user", ["bob", "carl"])
def test_a_visible_image_of_another_owner_cannot_be_changed(service, method, path, body, user):  # noqa: F811
    image = service.create("admin", owner="pa", visibility="public")
    answer = service.call(method, f"/images/{image['id']}{path}", body, user)
    assert answer.status_int == 403
    assert "You are not authorized to complete" in answer.text


def test_a_missing_image_is_404_everywhere(service):  # noqa: F811
    for method, path, body in [*WRITES, ("GET", "", None), ("GET", "/file", None), ("GET", "/members", None),
                               ("GET", "/tasks", None)]:
        for image_id in ("nope", "00000000-0000-4000-8000-000000000000"):
            answer = service.call(method, f"/images/{image_id}{path}", body)
            assert answer.status_int == 404, (method, path)
    assert "No image found with ID nope" in service.call("GET", "/images/nope").text


# ---- changing

def test_patches_add_replace_and_remove(service):  # noqa: F811
    image = service.create()
    body = patch(service, image, {"op": "add", "path": "/a", "value": "1"}, replace("a", "2"), replace("name", None),
                 {"op": "add", "path": "/~0x~1y", "value": "z"}, replace("tags", ["q"]), replace("min_disk", 3),
                 replace("os_hidden", True)).json
    assert (body["a"], body["name"], body["~x/y"], body["tags"], body["min_disk"]) == ("2", None, "z", ["q"], 3)
    body = patch(service, image, {"op": "remove", "path": "/a"}).json
    assert "a" not in body
    assert patch(service, image).json == body


@pytest.mark.parametrize(("change", "status", "text"), [
    (replace("nope", "x"), 409, "Property nope does not exist."),
    ({"op": "remove", "path": "/nope"}, 409, "Property nope does not exist."),
    ({"op": "remove", "path": "/name"}, 403, "Property name may not be removed."),
    ({"op": "remove", "path": "/id"}, 403, "Attribute 'id' is read-only."),
    (replace("id", "x"), 403, "Attribute 'id' is read-only."), (replace("status", "active"), 403, "read-only"),
    (replace("size", 5), 403, "read-only"), (replace("os_glance_x", "y"), 403, "reserved"),
    (replace("locations", []), 403, "reserved"),
    (replace("owner", "pb"), 403, "Owner can't be updated by non admin."),
    (replace("visibility", "public"), 403, "publicize_image"),
    (replace("visibility", None), 400, "None is not of type 'string'"),
    (replace("n", 5), 400, "5 is not of type 'string'"), (replace("min_ram", -1), 400, "minimum"),
    ({"op": "move", "path": "/x"}, 400, "Invalid operation: `move`"), ({"path": "/x"}, 400, "Unable to find `op`"),
    ({"op": "add", "path": "x", "value": "y"}, 400, 'does not start with "/"'),
    ({"op": "add", "path": "/a/b", "value": "y"}, 400, "Invalid JSON pointer"),
    ({"op": "add", "path": "/x"}, 400, 'requires a member named "value"'), ("x", 400, "objects")])
def test_an_invalid_patch_changes_nothing(service, change, status, text):  # noqa: F811
    image = service.create()
    answer = service.call("PATCH", f"/images/{image['id']}", [replace("name", "changed"), change], Accept="text/plain")
    assert answer.status_int == status
    assert text in answer.text
    assert service.show(image["id"]) == image


def test_a_patch_has_its_own_content_types(service):  # noqa: F811
    image = service.create()
    url = f"/images/{image['id']}"
    assert service.call("PATCH", url, [], Content_Type="application/json").status_int == 415
    old = service.call("PATCH", url, [{"replace": "/name", "value": "old"}],
                       Content_Type="application/openstack-images-v2.0-json-patch")
    assert old.json["name"] == "old"
    assert service.call("PATCH", url, {}).status_int == 400


def test_formats_are_fixed_once_there_is_data(service):  # noqa: F811
    image = service.active()
    for name, value in (("disk_format", "raw"), ("container_format", "bare")):
        answer = patch(service, image, replace(name, value))
        assert answer.status_int == 403
        assert f"Attribute {name} can be only replaced for a queued image." in answer.text


def test_a_protected_image_is_not_deleted(service):  # noqa: F811
    image = service.create(protected=True)
    answer = service.call("DELETE", f"/images/{image['id']}")
    assert answer.status_int == 403
    assert "is protected and cannot be deleted." in answer.text
    patch(service, image, replace("protected", False))
    assert service.call("DELETE", f"/images/{image['id']}").status_int == 204
    assert service.call("GET", f"/images/{image['id']}").status_int == 404


def test_tags_are_added_and_removed(service):  # noqa: F811
    image = service.create()
    url = f"/images/{image['id']}/tags"
    assert [service.call("PUT", f"{url}/{tag}").status_int for tag in ("x", "x", "a%20b")] == [204] * 3
    assert service.show(image["id"])["tags"] == ["x", "a b"]
    assert [service.call("DELETE", f"{url}/x").status_int for _ in range(2)] == [204, 404]
    assert service.call("PUT", f"{url}/{'t' * 256}").status_int == 400


# ---- lists

@pytest.fixture
def many(service):  # noqa: F811
    def fill():
        service.create(name="a", tags=["x", "y"], os_distro="debian", visibility="private")
        service.active(name="b", tags=["x"], min_ram=64, disk_format="raw", data=bytes(100))
        service.create(name="c,d", disk_format="aki", container_format="aki", protected=True)
        service.create(name="hidden", os_hidden=True)
        service.create("bob", name="theirs")
        service.create("bob", name="common", visibility="community")
        service.create("admin", name="public", visibility="public")

    fresh_database.filled("many images", fill)
    return service


@pytest.mark.parametrize(("query", "names"), [
    ("", ["public", "c,d", "b", "a"]), ("?name=b", ["b"]), ("?name=in:a,b", ["b", "a"]),
    ('?name=in:"c,d",a', ["c,d", "a"]),
    ("?name=", []), ("?name=in:", []), ("?status=active", ["b"]), ("?status=nope", []),
    ("?visibility=public", ["public"]),
    ("?visibility=private", ["a"]), ("?visibility=shared", ["c,d", "b"]), ("?visibility=community", ["common"]),
    ("?visibility=all", ["public", "common", "c,d", "b", "a"]), ("?owner=pa", ["c,d", "b", "a"]), ("?owner=pb", []),
    ("?owner=pb&visibility=community", ["common"]), ("?disk_format=in:raw,aki", ["c,d", "b"]),
    ("?container_format=aki", ["c,d"]), ("?tag=x", ["b", "a"]), ("?tag=x&tag=y", ["a"]), ("?tag=z", []),
    ("?os_distro=debian", ["a"]), ("?os_distro=x", []), ("?min_ram=64", ["b"]), ("?min_ram=x", []),
    ("?size=100", ["b"]),
    ("?size_min=1", ["b"]), ("?size_min=1&size_max=99", []), ("?protected=true", ["c,d"]),
    ("?os_hidden=true", ["hidden"]),
    ("?created_at=gt:2020-01-01T00:00:00Z&name=a", ["a"]), ("?updated_at=lt:2020-01-01", []),
    ("?sort=name:asc", ["a", "b", "c,d", "public"]), ("?sort=disk_format:asc,name:desc", ["c,d", "public", "a", "b"]),
    ("?sort_key=name&sort_dir=asc", ["a", "b", "c,d", "public"]),
    ("?sort=size:desc,name:asc", ["b", "a", "c,d", "public"]),
    ("?member_status=all", ["public", "c,d", "b", "a"]), ("?limit=0", []), ("?limit=1", ["public"]),
    ("?id=in:x,y", []), ("?checksum=x", []), ("?deleted=true", ["public", "c,d", "b", "a"])])
def test_lists_filter_and_sort(many, query, names):
    assert many.names(query) == names


@pytest.mark.parametrize(("user", "names"), [
    ("bob", ["public", "common", "theirs"]), ("admin", ["public", "theirs", "c,d", "b", "a"]),
    ("carl", ["public", "c,d", "b", "a"])])
def test_images_are_listed_for_their_owners(many, user, names):
    assert many.names(user=user) == names


@pytest.mark.parametrize("query", ["sort=name:asc", "sort=size:desc,disk_format:asc", "sort_key=created_at", "tag=x",
                                   ""])
def test_image_pages_are_linked_until_the_last(many, query):
    whole, url, seen = many.names(f"?{query}"), f"/images?limit=1&{query}", []
    while url:
        body = many.call("GET", url).json
        seen += [each["name"] for each in body["images"]]
        assert "marker" not in body["first"]
        url = body.get("next", "").removeprefix("/v2")
    assert seen == whole


@pytest.mark.parametrize(("query", "text"), [
    ("limit=-1", "limit param must be positive"), ("limit=x", "limit param must be an integer"),
    ("marker=nope", "No image found with ID nope"), ("visibility=foo", "Invalid visibility value: foo"),
    ("sort=foo", "Invalid sort key: foo"), ("sort=name:up", "Invalid sort direction: up"),
    ("sort_dir=up", "Invalid sort direction"),
    ("sort=name&sort_key=name", "Old and new sorting syntax"), ("size_min=x", "range with a non-numeric value"),
    ("os_hidden=foo", "Valid values are"), ("protected=foo", "Valid values are"),
    ("member_status=foo", "Invalid status: foo"),
    ("name=a%00b", "NUL"), ("created_at=foo", "ISO 8601"), ("created_at=xx:2020-01-01", "unknown operator"),
    ("changes-since=2020", "no longer available")])
def test_a_query_that_means_nothing_is_refused(service, query, text):  # noqa: F811
    answer = service.call("GET", f"/images?{query}", Accept="text/plain")
    assert answer.status_int == 400
    assert text in answer.text


@pytest.mark.parametrize("operator", ["eq", "gte", "lte", "neq", "gt", "lt"])
def test_an_images_own_moments_find_it_by_the_second_that_is_shown(service, operator):  # noqa: F811
    created = service.create(name="one")
    for name in ("created_at", "updated_at"):
        found = service.call("GET", f"/images?{name}={operator}:{created[name]}").json["images"]
        assert len(found) == (operator in ("eq", "gte", "lte"))


def test_a_marker_that_is_an_image_of_another_project_is_refused(many):
    theirs = many.call("GET", "/images?name=theirs", user="bob").json["images"][0]["id"]
    assert many.call("GET", f"/images?marker={theirs}").status_int == 400


def test_a_list_is_one_statement_however_long(service):  # noqa: F811
    from sqlalchemy import event

    for number in range(5):
        service.create(name=str(number), a="b")
    seen = []
    event.listen(session.engine(), "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert len(service.names("?a=b&sort=name:asc")) == 5
    assert len([each for each in seen if each.startswith("SELECT")]) == 1


# ---- members

def test_a_shared_image_is_offered_seen_and_accepted(service):  # noqa: F811
    image = service.create(name="shared")
    url = f"/images/{image['id']}"
    answer = service.call("POST", f"{url}/members", {"member": "pb"})
    assert (answer.status_int, answer.json["member_id"], answer.json["status"]) == (200, "pb", "pending")
    assert service.call("POST", f"{url}/members", {"member": "pb"}).status_int == 409
    assert service.call("GET", url, user="bob").status_int == 200
    assert service.names(user="bob") == []
    assert service.names("?visibility=shared&member_status=pending", "bob") == ["shared"]
    assert service.call("PUT", f"{url}/members/pb", {"status": "accepted"}).status_int == 403   # not hers
    assert service.call("PUT", f"{url}/members/pb", {"status": "nope"}, "bob").status_int == 400
    assert service.call("PUT", f"{url}/members/pb", {"status": "accepted"}, "bob").json["status"] == "accepted"
    assert service.names(user="bob") == ["shared"]
    assert [each["member_id"] for each in service.call("GET", f"{url}/members").json["members"]] == ["pb"]
    assert service.call("GET", f"{url}/members/pb", user="bob").json["image_id"] == image["id"]
    assert service.call("POST", f"{url}/members", {"member": "pc"}, "bob").status_int == 403
    assert service.call("DELETE", url, user="bob").status_int == 403
    assert service.call("DELETE", f"{url}/members/pb").status_int == 204
    assert service.call("DELETE", f"{url}/members/pb").status_int == 404
    assert service.call("GET", url, user="bob").status_int == 404


def test_a_member_does_not_see_the_others(service):  # noqa: F811
    url = f"/images/{service.create()['id']}/members"
    for member in ("pb", "pc"):
        service.call("POST", url, {"member": member})
    assert [each["member_id"] for each in service.call("GET", url, user="bob").json["members"]] == ["pb"]


def test_only_shared_images_have_members(service):  # noqa: F811
    url = f"/images/{service.create(visibility='private')['id']}/members"
    answer = service.call("GET", url)
    assert answer.status_int == 403
    assert "Only shared images have members." in answer.text


@pytest.mark.parametrize("body", [{}, [], {"member": ""}, {"member": 5}])
def test_a_member_must_be_named(service, body):  # noqa: F811
    assert service.call("POST", f"/images/{service.create()['id']}/members", body).status_int == 400


# ---- what clients ask before they begin

def test_schemas_and_infos_are_there(service):  # noqa: F811
    assert "null" in service.call("GET", "/schemas/image").json["properties"]["name"]["type"]
    assert service.call("GET", "/schemas/images").json["properties"]["images"]["items"]["name"] == "image"
    assert service.call("GET", "/schemas/members").json["name"] == "members"
    assert service.call("GET", "/info/import").json["import-methods"]["value"] == []
    assert service.call("GET", "/info/stores").json["stores"][0]["default"] == "true"
    assert service.call("GET", "/info/stores/detail").status_int == 403
    assert service.call("GET", "/info/usage").json == {"usage": {
        "image_count_total": {"limit": 1000, "usage": 0}, "image_size_total": {"limit": 1 << 20, "usage": 0},
        "image_count_uploading": {"limit": 32, "usage": 0}}}


# ---- the facade, as compute uses it

@pytest.mark.parametrize(("body", "upload", "error"), [
    ({}, False, exceptions.ImageNotActive),
    ({"disk_format": "aki", "container_format": "aki"}, True, exceptions.ImageUnacceptable)])
def test_an_image_that_cannot_boot_is_refused_for_servers(service, body, upload, error):  # noqa: F811
    image = service.active(**body) if upload else service.create(**body)
    with pytest.raises(error):
        service.facade.for_server(context("alice"), image["id"])


def test_a_private_image_of_another_project_is_not_found_for_servers(service):  # noqa: F811
    image = service.active(visibility="private")
    with pytest.raises(exceptions.ImageNotFound, match=f"Image {image['id']} could not be found."):
        service.facade.for_server(context("bob"), image["id"])


def test_the_tiny_image_is_made_once(service):  # noqa: F811
    first = builtin.ensure(service.facade, context("admin"), "padmin")
    assert first.project_id == "padmin"
    assert builtin.ensure(service.facade, context("admin")).id == first.id
    assert service.facade.for_server(context("bob"), first.id).virtual_size == 1 << 20


def test_a_rotation_takes_only_backups_of_its_own_project(service):  # noqa: F811
    said = {"image_type": "backup", "backup_type": "daily", "instance_uuid": "s", "visibility": "public"}
    theirs = service.create("admin", **said)["id"]
    old, new = (service.create(**said | {"visibility": "private"})["id"] for _ in range(2))
    done = {"server_id": "s", "backup_type": "daily", "rotation": 1, "image_id": new}

    def rotate():
        with unit_of_work.begin():
            service.facade.verbs["rotate_backups"].undo("marker", done)

    rotate()
    assert [service.call("GET", f"/images/{each}").status_int for each in (theirs, old, new)] == [200, 404, 200]
    service.call("DELETE", f"/images/{new}")
    rotate()
