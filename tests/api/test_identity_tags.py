"""Tags of a project by their own routes."""

import pytest

from tests.identity_service import Service


@pytest.fixture
def service(first_users):
    return Service()


def test_tags_are_listed_added_asked_for_taken_and_replaced(service):
    path = f"/projects/{service.made('project', name='p', tags=['a'])['id']}/tags"

    def tags():
        return service.admin("GET", path).json["tags"]
    assert service.admin("GET", path).json == {"tags": ["a"], "links": {
        "self": f"http://localhost:80/identity/v3{path}"}}
    added = service.admin("PUT", f"{path}/b c")
    assert (added.status_int, service.admin("PUT", f"{path}/b c").status_int, tags()) == (201, 201, ["a", "b c"])
    assert added.headers["Location"].endswith(f"{path}/b%20c") and added.body == b""
    assert [service.admin(method, f"{path}/a").status_int for method in ("GET", "HEAD", "DELETE", "GET", "DELETE")] == [
        204, 204, 204, 404, 404]
    assert service.admin("DELETE", f"{path}/a").json["error"]["message"] == "Could not find project tag: a."
    assert service.admin("PUT", path, {"tags": ["x", "y"]}).json["tags"] == tags() == ["x", "y"]
    assert (service.admin("DELETE", path).status_int, tags()) == (204, [])


@pytest.mark.parametrize("call", [("PUT", "/,", None), ("PUT", "/" + "x" * 256, None), ("PUT", "", {"tags": ["a,b"]}),
                                  ("PUT", "", {"tags": ["a", "a"]}), ("PUT", "", {}), ("PUT", "", {"tags": "a"}),
                                  ("PUT", "/eighty-first", None), ("GET", "?tags=x", None)])
def test_an_invalid_tag_or_one_too_many_is_refused(service, call):
    method, rest, body = call
    path = f"/projects/{service.made('project', name='p', tags=[str(each) for each in range(80)])['id']}/tags"
    assert service.admin(method, path + rest, body).status_int == 400
    assert len(service.admin("GET", path).json["tags"]) == 80


def test_tags_are_shown_to_all_who_see_the_project_and_changed_by_administrators(service):
    own, other = (f"/projects/{service.project_id(name)}/tags" for name in ("demo", "admin"))
    token = service.token("demo")
    assert service.call("GET", own, token=token).status_int == 200
    for method, path, body in (("GET", other, None), ("PUT", own, {"tags": []}), ("PUT", f"{own}/a", None),
                               ("DELETE", own, None), ("DELETE", f"{own}/a", None), ("GET", f"{other}/a", None)):
        assert service.call(method, path, body, token).status_int == 403, (method, path)
    assert service.admin("GET", "/projects/nope/tags").status_int == 404


def test_tags_of_an_immutable_project_stay(service):
    path = f"/projects/{service.made('project', name='p', options={'immutable': True}, tags=['a'])['id']}/tags"
    for method, rest, body in (("PUT", "", {"tags": []}), ("PUT", "/b", None), ("DELETE", "", None),
                               ("DELETE", "/a", None)):
        assert service.admin(method, path + rest, body).status_int == 403
    assert service.admin("GET", path).json["tags"] == ["a"]
