"""Users, projects, domains, roles and grants over HTTP: what Keystone answers, and who may ask."""

import threading

import pytest

from nova_lite.identity import passwords
from tests.identity_service import Service


@pytest.fixture
def service(first_users):
    return Service()


def test_a_user_is_created_shown_changed_and_deleted(service):
    made = service.made("user", name="zoe", password="pw", email="z@example.org")
    assert made["links"]["self"].endswith(f"/identity/v3/users/{made['id']}")
    assert (made["email"], made["domain_id"], made["enabled"]) == ("z@example.org", "default", True)
    assert "password" not in made and "password_hash" not in made
    change = {"user": {"name": "zoe2", "enabled": "false"}}
    changed = service.admin("PATCH", f"/users/{made['id']}", change).json["user"]
    assert (changed["name"], changed["enabled"], changed["email"]) == ("zoe2", False, "z@example.org")
    assert service.admin("GET", f"/users/{made['id']}").json["user"] == changed
    assert service.admin("DELETE", f"/users/{made['id']}").status_int == 204
    gone = service.admin("GET", f"/users/{made['id']}")
    assert gone.json == {"error": {"code": 404, "title": "Not Found",
                                   "message": f"Could not find user: {made['id']}."}}


@pytest.mark.parametrize("kind, body, status, message", [
    ("user", {}, 400, "Invalid input for field/attribute user. Value: {}. 'name' is a required property"),
    ("user", {"name": 3}, 400, "Invalid input for field/attribute name. Value: 3. 3 is not of type 'string'"),
    ("user", {"name": "demo"}, 409,
     "Conflict occurred attempting to store user - Duplicate entry found with name demo at domain ID default."),
    ("user", {"name": "x", "domain_id": "nope"}, 404, "Could not find domain: nope."),
    ("project", {"name": " "}, 400, r"Invalid input for field/attribute name. Value:  . ' ' does not match '[\\S]+'"),
    ("project", {"name": ""}, 400, "Invalid input for field/attribute name. Value: . '' should be non-empty"),
    ("project", {"name": "x", "domain_id": "nope"}, 400, "Could not find domain: nope."),
    ("project", {"name": "x", "parent_id": "nope"}, 400, "Could not find project: nope."),
    ("role", {"name": "member"}, 409,
     "Conflict occurred attempting to store role - Duplicate entry found with name member."),
])
def test_a_bad_creation_is_refused_in_keystones_words(service, kind, body, status, message):
    answer = service.admin("POST", f"/{kind}s", {kind: body})
    assert (answer.status_int, answer.json["error"]["message"]) == (status, message)


@pytest.mark.parametrize("body, message", [
    ({"id": "x"}, "Cannot change ID"), ({"domain_id": "x"}, "Cannot change Domain ID")])
def test_ids_of_identity_resources_cannot_be_updated(service, body, message):
    answer = service.admin("PATCH", f"/users/{service.user_id('demo')}", {"user": body})
    assert (answer.status_int, answer.json["error"]["message"]) == (400, message)


def test_lists_filter_page_and_link_to_themselves(service):
    for name in ("a", "b", "c"):
        service.made("project", name=name)
    body = service.admin("GET", "/projects?name=b").json
    assert [each["name"] for each in body["projects"]] == ["b"]
    assert body["links"] == {"next": None, "previous": None,
                             "self": "http://localhost:80/identity/v3/projects?name=b"}
    seen, path = [], "/projects?limit=2"
    while path:
        page = service.admin("GET", path).json
        seen += [each["id"] for each in page["projects"]]
        path = page["links"]["next"] and page["links"]["next"].partition("/identity/v3")[2]
    assert len(seen) == len(set(seen)) == 6
    assert service.admin("GET", "/users?enabled=false").json["users"] == []
    assert service.admin("GET", "/projects?enabled=x").status_int == 400


def test_a_project_keeps_unknown_attributes_of_its_creation(service):
    made = service.made("project", name="p", description="d", bogus=1, tags=["t"])
    assert (made["bogus"], made["tags"], made["parent_id"], made["is_domain"]) == (1, ["t"], "default", False)


def test_a_domain_is_disabled_before_it_goes_with_all_in_it(service):
    domain = service.made("domain", name="d1")
    user = service.made("user", name="u", password="pw", domain_id=domain["id"])
    project = service.made("project", name="p", domain_id=domain["id"])
    service.grant(user["id"])
    path = f"/projects/{project['id']}/users/{user['id']}/roles/{service.role_id('member')}"
    assert service.admin("PUT", path).status_int == 204
    refused = service.admin("DELETE", f"/domains/{domain['id']}")
    assert (refused.status_int, refused.json["error"]["message"]) == (
        403, "Cannot delete a domain that is enabled, please disable it first.")
    service.admin("PATCH", f"/domains/{domain['id']}", {"domain": {"enabled": False}})
    assert service.admin("DELETE", f"/domains/{domain['id']}").status_int == 204
    assert service.admin("GET", f"/users/{user['id']}").status_int == 404
    assert service.admin("GET", f"/role_assignments?user.id={user['id']}").json["role_assignments"] == []


def test_the_first_roles_are_immutable(service):
    id = service.role_id("member")
    assert service.admin("DELETE", f"/roles/{id}").status_int == 403
    assert service.admin("PATCH", f"/roles/{id}", {"role": {"description": "x"}}).status_int == 403
    own = service.made("role", name="operator")
    assert service.admin("PATCH", f"/roles/{own['id']}", {"role": {"description": "x"}}).json["role"][
        "description"] == "x"
    assert service.admin("DELETE", f"/roles/{own['id']}").status_int == 204


def test_an_immutable_project_changes_only_after_the_option_is_lifted(service):
    id = service.made("project", name="p", options={"immutable": True})["id"]
    refused = service.admin("PATCH", f"/projects/{id}", {"project": {"name": "q"}})
    assert (refused.status_int, refused.json["error"]["message"]) == (
        403, f'Unable to update immutable project resource: `{id}. Set resource option "immutable" to false first.')
    assert service.admin("DELETE", f"/projects/{id}").status_int == 403
    lifted = {"project": {"name": "q", "options": {"immutable": False}}}
    assert service.admin("PATCH", f"/projects/{id}", lifted).json["project"]["name"] == "q"
    assert service.admin("DELETE", f"/projects/{id}").status_int == 204


def test_a_grant_is_made_twice_asked_for_and_taken(service):
    id = service.made("user", name="u", password="pw")["id"]
    assert [service.grant(id, method=each).status_int for each in
            ("HEAD", "PUT", "PUT", "HEAD", "GET", "DELETE", "DELETE", "HEAD")] == [
                404, 204, 204, 204, 204, 204, 404, 404]


@pytest.mark.parametrize("ids, kind", [(("nope", "demo", "member"), "project"), (("demo", "nope", "member"), "user"),
                                       (("demo", "demo", "nope"), "role")])
def test_a_grant_with_an_unknown_id_names_the_missing_resource(service, ids, kind):
    project, user, role = (each if each == "nope" else getattr(service, f"{what}_id")(each)
                           for each, what in zip(ids, ("project", "user", "role"), strict=True))
    answer = service.admin("PUT", f"/projects/{project}/users/{user}/roles/{role}")
    assert (answer.status_int, answer.json["error"]["message"]) == (404, f"Could not find {kind}: nope.")


def test_system_roles_and_effective_assignments_are_listed(service):
    id = service.made("user", name="u", password="pw")["id"]
    assert service.admin("PUT", f"/system/users/{id}/roles/{service.role_id('member')}").status_int == 204
    assert [each["name"] for each in service.admin("GET", f"/system/users/{id}/roles").json["roles"]] == ["member"]
    direct = service.admin("GET", f"/role_assignments?user.id={id}&include_names").json["role_assignments"]
    assert [(each["role"]["name"], each["scope"]) for each in direct] == [("member", {"system": {"all": True}})]
    assert direct[0]["user"]["domain"] == {"id": "default", "name": "Default"}
    effective = service.admin("GET", f"/role_assignments?user.id={id}&effective=1&include_names=1")
    assert [each["role"]["name"] for each in effective.json["role_assignments"]] == ["member", "reader"]
    assert "prior_role" in effective.json["role_assignments"][1]["links"]


def test_role_inferences_list_the_implied_roles(service):
    inferences = service.admin("GET", "/role_inferences").json["role_inferences"]
    assert {each["prior_role"]["name"]: [role["name"] for role in each["implies"]] for each in inferences} == {
        "admin": ["manager"], "manager": ["member"], "member": ["reader"]}


ADMIN_ONLY = [("GET", "/users", "list_users"), ("GET", "/users/nope", "get_user"),
              ("GET", "/projects", "list_projects"), ("GET", "/projects/nope", "get_project"),
              ("GET", "/roles", "list_roles"),
              ("GET", "/domains", "list_domains"), ("GET", "/domains/nope", "get_domain"),
              ("GET", "/services", "list_services"), ("GET", "/endpoints", "list_endpoints"),
              ("GET", "/role_assignments", "list_role_assignments"), ("DELETE", "/users/nope", "delete_user")]


@pytest.mark.parametrize("method, path, rule", ADMIN_ONLY)
def test_a_member_gets_the_same_403_whether_a_resource_exists_or_not(service, method, path, rule):
    answer = service.call(method, path, token=service.token("demo"))
    assert answer.status_int == 403
    assert answer.json == {"error": {
        "code": 403, "title": "Forbidden",
        "message": f"You are not authorized to perform the requested action: identity:{rule}."}}


def test_a_member_sees_its_own_user_and_project_only(service):
    token, id = service.token("demo"), service.user_id("demo")
    for path in (f"/users/{id}", f"/users/{id}/projects", f"/projects/{service.project_id('demo')}",
                 "/domains/default", "/regions", "/regions/RegionOne"):
        assert service.call("GET", path, token=token).status_int == 200, path
    assert service.call("GET", f"/projects/{service.project_id('admin')}", token=token).status_int == 403


def test_a_system_reader_sees_all_and_changes_nothing(service):
    id = service.made("user", name="audit", password="pw")["id"]
    service.admin("PUT", f"/system/users/{id}/roles/{service.role_id('reader')}")
    token = service.token("audit", password="pw", scope={"system": {"all": True}})
    assert service.call("GET", "/users", token=token).status_int == 200
    assert service.call("POST", "/users", {"user": {"name": "x"}}, token).status_int == 403


def test_a_manager_of_a_domain_manages_that_domain_only(service):
    domain = service.made("domain", name="d1")["id"]
    boss = service.made("user", name="boss", password="pw", domain_id=domain)["id"]
    service.admin("PUT", f"/domains/{domain}/users/{boss}/roles/{service.role_id('manager')}")
    login = service.call("POST", "/auth/tokens", {"auth": {
        "identity": {"methods": ["password"], "password": {"user": {"id": boss, "password": "pw"}}},
        "scope": {"domain": {"id": domain}}}})
    token = login.headers["X-Subject-Token"]
    made = service.call("POST", "/users", {"user": {"name": "u", "domain_id": domain}}, token)
    assert made.status_int == 201
    body = {"project": {"name": "p", "domain_id": domain}}
    project = service.call("POST", "/projects", body, token).json["project"]["id"]
    grant = f"/projects/{project}/users/{made.json['user']['id']}/roles/"
    assert service.call("PUT", grant + service.role_id("member"), token=token).status_int == 204
    assert service.call("PUT", grant + service.role_id("admin"), token=token).status_int == 403
    assert service.call("POST", "/users", {"user": {"name": "u", "domain_id": "default"}}, token).status_int == 403
    assert service.call("GET", f"/users/{service.user_id('demo')}", token=token).status_int == 403


def test_the_wrong_old_password_changes_nothing(service):
    id = service.user_id("demo")
    body = {"user": {"original_password": "wrong", "password": "other"}}
    assert service.call("POST", f"/users/{id}/password", body).status_int == 401
    assert service.call("POST", "/users/nope/password", body).status_int == 401
    assert service.call("POST", f"/users/{id}/password", {"user": {"password": "n"}}).status_int == 400
    assert service.login("demo").status_int == 201


def test_one_of_two_password_changes_with_the_same_old_password_succeeds(service, monkeypatch):
    """Checking a password takes long, and another request may be answered in between."""
    id = service.user_id("demo")
    verify, waiting = passwords.Verifier.verify, [{"user": {"original_password": "demo-pw", "password": "first"}}]

    def overtaken(self, *given):
        found = verify(self, *given)
        if waiting:
            other = threading.Thread(target=service.call, args=("POST", f"/users/{id}/password", waiting.pop()))
            other.start()
            other.join()
        return found

    monkeypatch.setattr(passwords.Verifier, "verify", overtaken)
    body = {"user": {"original_password": "demo-pw", "password": "second"}}
    assert service.call("POST", f"/users/{id}/password", body).status_int == 401
    assert service.login("demo", password="second").status_int == 401
    assert service.login("demo", password="first").status_int == 201


def test_services_and_endpoints_are_those_of_the_catalog(service):
    services = service.admin("GET", "/services?type=compute").json["services"]
    assert [each["name"] for each in services] == ["nova"]
    endpoints = service.admin("GET", f"/endpoints?interface=public&service_id={services[0]['id']}").json["endpoints"]
    assert [each["url"] for each in endpoints] == ["http://localhost:80/compute/v2.1"]
    assert service.admin("GET", f"/endpoints/{endpoints[0]['id']}").json["endpoint"] == endpoints[0]
    assert service.admin("GET", "/services/nope").json["error"]["message"] == "Could not find service: nope."


@pytest.mark.parametrize("method, path, status", [
    ("PUT", "/projects", 405), ("GET", "/nowhere", 404), ("OPTIONS", "/projects", 200), ("HEAD", "/regions", 200),
    ("GET", "/regions/", 200), ("GET", "/users/%00", 404)])
def test_paths_and_methods_answer_as_keystones(service, method, path, status):
    answer = service.admin(method, path)
    assert answer.status_int == status
    assert answer.headers["Vary"] == "X-Auth-Token" and answer.headers["x-openstack-request-id"].startswith("req-")
    if path == "/projects":
        assert answer.headers["Allow"].startswith("GET, HEAD")
