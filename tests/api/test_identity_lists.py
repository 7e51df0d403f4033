"""What lists of identity can be filtered by: each filter does what Keystone's does; what is no filter is refused."""

import itertools

import pytest

from nova_lite.api.identity import filters
from tests import fresh_database
from tests.identity_service import Service


@pytest.fixture
def service(first_users):
    made = Service()

    def fill():
        made.made("project", name="Blue One", tags=["blue", "one"])
        made.made("project", name="blue two", tags=["blue", "two"], enabled=False)
        made.made("project", name="none")
        made.made("user", name="Zoë", password="pw", default_project_id="abc")
        made.made("domain", name="Elsewhere", tags=["far"])
        return made.tokens

    made.tokens = dict(fresh_database.filled("things to find", fill))
    return made


def names(service, path):
    answer = service.admin("GET", path)
    assert answer.status_int == 200, answer.text
    return {each["name"] for each in answer.json[path[1:].split("?")[0]]}


FIRST = {"admin", "demo", "service"}


@pytest.mark.parametrize("query, found", [
    ("name=BLUE one", {"Blue One"}), ("name__contains=blue", {"blue two"}),
    ("name__icontains=BLUE", {"Blue One", "blue two"}), ("name__startswith=Blue", {"Blue One"}),
    ("name__endswith=two", {"blue two"}), ("name__iendswith=ONE", {"Blue One", "none"}),
    ("name__contains=%25", set()), ("tags=blue", {"Blue One", "blue two"}), ("tags=blue,two", {"blue two"}),
    ("tags=nope", set()), ("tags-any=one,two", {"Blue One", "blue two"}),
    ("not-tags=blue,one", {"blue two", "none"} | FIRST), ("not-tags-any=one,two", {"none"} | FIRST),
    ("tags=blue&not-tags-any=two", {"Blue One"}), ("enabled=false", {"blue two"}),
    ("tags=blue&enabled=true", {"Blue One"}), ("name=none&name=demo", set()), ("parent_id=nope", set()),
    ("parent_id=default&name=none", {"none"}), ("domain_id=nope&parent_id=default", set()),
    ("domain_id__startswith=def&name=none", {"none"}), ("is_domain=true", {"Default", "Elsewhere"}),
    ("is_domain=true&name=elsewhere", {"Elsewhere"}), ("is_domain=true&tags=far", {"Elsewhere"}),
    ("is_domain=true&parent_id=default", set()), ("is_domain=0&name=none", {"none"})])
def test_projects_are_found_by_their_filters(service, query, found):
    assert names(service, f"/projects?{query}") == found


def test_pages_hold_filtered_projects_and_refuse_an_unknown_marker(service):
    seen, path = [], "/projects?tags=blue&limit=1"
    while path:
        page = service.admin("GET", path).json
        seen.append([each["name"] for each in page["projects"]])
        path = page["links"]["next"] and page["links"]["next"].partition("/identity/v3")[2]
    assert sorted(seen) == [["Blue One"], ["blue two"]]
    lost = service.admin("GET", "/projects?marker=nope")
    assert (lost.status_int, lost.json["error"]["message"]) == (404, "Marker nope could not be found.")


@pytest.mark.parametrize("path, found", [
    ("/users?name__contains=zzz", set()), ("/users?name__istartswith=ZO%C3%8B", {"Zoë"}),
    ("/users?default_project_id=abc", {"Zoë"}), ("/users?idp_id=x", set()), ("/users?unique_id=x", set()),
    ("/users?password_expires_at=lt:2030-01-01T00:00:00Z", set()), ("/users?sort_key=name&name=zoë", {"Zoë"}),
    ("/domains?name__icontains=ELSE", {"Elsewhere"}), ("/domains?enabled=0", set()),
    ("/roles?name__startswith=adm", {"admin"}), ("/roles?domain_id=default", set()),
    ("/roles?domain_id__contains=d", set()), ("/services?name__contains=ova", {"nova"}), ("/services?type=nope", set()),
    ("/services?type=compute&name=glance", set())])
def test_identity_lists_are_found_by_their_filters(service, path, found):
    assert names(service, path) == found


def test_the_catalog_is_filtered_and_paged(service):
    def urls(query):
        return [each["url"] for each in service.admin("GET", f"/endpoints?{query}").json["endpoints"]]
    assert len(urls("interface=admin&region_id=RegionOne")) == 4
    assert urls("region_id=Nowhere") == [] and len(urls("region_id__startswith=Region")) == 12
    assert service.admin("GET", "/endpoints?interface=bogus").status_int == 400
    first = service.admin("GET", "/services?limit=3").json
    assert len(first["services"]) == 3 and first["truncated"]
    rest = service.admin("GET", first["links"]["next"].partition("/identity/v3")[2]).json
    assert len(rest["services"]) == 1 and rest["links"]["next"] is None
    assert service.admin("GET", "/regions?parent_region_id=RegionZero").json["regions"] == []


def test_a_users_projects_are_filtered(service):
    path = f"/users/{service.user_id('demo')}/projects"
    assert [each["name"] for each in service.admin("GET", f"{path}?name=demo").json["projects"]] == ["demo"]
    assert service.admin("GET", f"{path}?name=admin").json["projects"] == []
    assert service.admin("GET", f"{path}?tags=x").status_int == 400


PATHS = {"users": "/users", "projects": "/projects", "domains": "/domains", "roles": "/roles", "services": "/services",
         "endpoints": "/endpoints", "regions": "/regions", "role_assignments": "/role_assignments",
         "user_projects": "/users/{demo}/projects"}


@pytest.mark.parametrize("path", [*PATHS.values(), "/auth/projects", "/auth/domains", "/role_inferences",
                                  "/projects/{project}/users/{demo}/roles"])
@pytest.mark.parametrize("query", ["bogus=x", "enabled__contains=x", "name__regex=x", "email=x"])
def test_an_unknown_filter_is_400(service, path, query):
    path = path.format(demo=service.user_id("demo"), project=service.project_id("demo"))
    answer = service.admin("GET", f"{path}?{query}")
    assert answer.status_int == 400
    assert answer.json["error"]["message"].startswith(f"This list has no filter '{query.split('=')[0]}'. It has: ")


def test_every_list_of_the_filter_table_is_tested():
    assert {*PATHS, "nothing"} == set(filters.LISTS)


ASSIGNMENTS = [("effective&group.id=g", "Combining effective and group filter will always result in an empty list."),
               ("scope.domain.id=d&scope.project.id=p", "Specify a domain or project, not both"),
               ("scope.system=all&scope.project.id=p", "Specify system or project, not both"),
               ("user.id=u&group.id=g", "Specify a user or group, not both"),
               ("include_subtree", "scope.project.id must be specified if include_subtree is also specified")]


@pytest.mark.parametrize("query, message", ASSIGNMENTS)
def test_assignments_refuse_filters_that_contradict_each_other(service, query, message):
    answer = service.admin("GET", f"/role_assignments?{query}")
    assert (answer.status_int, answer.json["error"]["message"]) == (400, message)


def test_assignments_of_a_subtree_of_groups_and_inherited_ones(service):
    def count(query):
        return len(service.admin("GET", f"/role_assignments?{query}").json["role_assignments"])
    project = service.project_id("demo")
    assert count(f"scope.project.id={project}&include_subtree") == count(f"scope.project.id={project}") == 1
    assert count("group.id=g") == count("scope.OS-INHERIT:inherited_to=projects") == 0
    assert count("scope.system=all") == 1 and count("") == 3


def test_a_project_shows_its_parents_and_subtree(service):
    path = f"/projects/{service.project_id('demo')}"
    plain = service.admin("GET", path).json["project"]
    assert "parents" not in plain and "subtree" not in plain
    shown = service.admin("GET", f"{path}?parents_as_ids&subtree_as_ids").json["project"]
    assert (shown["parents"], shown["subtree"]) == ({"default": None}, None)
    shown = service.admin("GET", f"{path}?parents_as_list&subtree_as_list=1").json["project"]
    assert (shown["parents"], shown["subtree"]) == ([], [])
    assert "parents" not in service.admin("GET", f"{path}?parents_as_list=0").json["project"]
    for kind in ("parents", "subtree"):
        answer = service.admin("GET", f"{path}?{kind}_as_list&{kind}_as_ids")
        assert (answer.status_int, answer.json["error"]["message"]) == (
            400, f"Cannot use {kind}_as_list and {kind}_as_ids query params at the same time.")


def test_a_filter_looks_beyond_the_first_thousand_rows(service, monkeypatch):
    monkeypatch.setattr("nova_lite.db.identity._BATCH", 2)
    assert names(service, "/projects?name__icontains=BLUE") == {"Blue One", "blue two"}
    assert names(service, "/projects?tags=blue&limit=5") == {"Blue One", "blue two"}


@pytest.mark.parametrize("one, other", itertools.combinations(["ROLE", "role", " Role "], 2))
def test_roles_of_one_name_in_any_case_are_one(service, one, other):
    id = service.made("role", name=one)["id"]
    assert service.admin("POST", "/roles", {"role": {"name": other}}).status_int == 409
    assert names(service, f"/roles?name={other.strip()}") == {one.strip()}
    assert service.admin("DELETE", f"/roles/{id}").status_int == 204


@pytest.mark.parametrize("kind, one, other", [
    ("user", "Straße", "STRASSE"), ("project", "Été", "E\u0301te\u0301"), ("domain", "ACME", "acme"),
    ("user", " lead", "LEAD ")])
def test_names_that_differ_by_case_alone_conflict(service, kind, one, other):
    made = service.made(kind, name=one)
    assert made["name"] == one.strip()
    assert service.admin("POST", f"/{kind}s", {kind: {"name": other}}).status_int == 409
    third = service.made(kind, name="third")
    assert service.admin("PATCH", f"/{kind}s/{third['id']}", {kind: {"name": other}}).status_int == 409
    assert service.admin("PATCH", f"/{kind}s/{made['id']}", {kind: {"name": other}}).json[kind]["name"] == other.strip()
    for each in (made, third):
        service.admin("PATCH", f"/{kind}s/{each['id']}", {kind: {"enabled": False}})
        assert service.admin("DELETE", f"/{kind}s/{each['id']}").status_int == 204


def test_a_login_names_user_project_and_domain_in_any_case(service):
    answer = service.call("POST", "/auth/tokens", {"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "DEMO", "domain": {"name": "dEfault"}, "password": "demo-pw"}}},
        "scope": {"project": {"name": "Demo", "domain": {"name": "DEFAULT"}}}}})
    assert answer.json["token"]["project"]["name"] == "demo"
