"""Logging in, scopes, what a token says, and how it ends."""

import time

import pytest

from nova_lite.identity.api import API
from tests.identity_service import Service

MALFORMED = ("The server could not comply with the request since it is either malformed or otherwise incorrect. "
             "The client is assumed to be in error.")
USER = {"name": "admin", "domain": {"id": "default"}, "password": "admin-pw"}


@pytest.fixture
def service(first_users):
    return Service()


def test_a_project_token_shows_user_project_roles_and_catalog(service):
    answer = service.login()
    token = answer.json["token"]
    assert answer.status_int == 201
    assert token["methods"] == ["password"]
    assert token["user"]["name"] == "admin" and token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert token["project"]["name"] == "admin" and token["is_domain"] is False
    assert [role["name"] for role in token["roles"]] == ["admin", "manager", "member", "reader"]
    assert {service["type"] for service in token["catalog"]} == {"identity", "compute", "image", "network"}
    assert len(token["audit_ids"]) == 1
    assert token["expires_at"].endswith("Z") and token["expires_at"] > token["issued_at"]


def test_the_catalog_is_made_from_the_host_header_or_from_the_configured_url(service, conf):
    def urls(**headers):
        body = service.admin("GET", "/auth/catalog", **headers).json
        return {each["type"]: {endpoint["interface"]: endpoint["url"] for endpoint in each["endpoints"]}
                for each in body["catalog"]}
    assert urls(Host="cloud:8774")["compute"] == dict.fromkeys(
        ("public", "internal", "admin"), "http://cloud:8774/compute/v2.1")
    conf.set_override("public_endpoint", "https://cloud.example.org/", "api")
    try:
        assert urls()["identity"]["public"] == "https://cloud.example.org/identity/v3"
    finally:
        conf.clear_override("public_endpoint", "api")


@pytest.mark.parametrize("scope, key", [
    ({"system": {"all": True}}, "system"), ({"project": {"name": "admin", "domain": {"name": "Default"}}}, "project")])
def test_a_scope_is_the_system_or_a_project_by_name(service, scope, key):
    token = service.login(scope=scope).json["token"]
    assert key in token and token["roles"]


@pytest.mark.parametrize("scope", [None, "unscoped", {"unscoped": {}}])
def test_an_unscoped_token_has_neither_roles_nor_catalog(service, scope):
    token = service.login(scope=scope).json["token"]
    assert not {"roles", "catalog", "project", "system"} & set(token)


def test_a_login_without_a_scope_gets_the_users_default_project(service):
    service.made("user", name="eve", password="pw", default_project_id=service.project_id("demo"))
    assert "project" not in service.login("eve", password="pw", scope=None).json["token"]
    service.grant(service.user_id("eve"))
    assert service.login("eve", password="pw", scope=None).json["token"]["project"]["name"] == "demo"
    assert "project" not in service.login("eve", password="pw", scope="unscoped").json["token"]


def test_a_domain_token_needs_a_role_on_the_domain(service):
    scope = {"domain": {"id": "default"}}
    assert service.login(scope=scope).status_int == 401
    path = f"/domains/default/users/{service.user_id('admin')}/roles/{service.role_id('admin')}"
    assert service.admin("PUT", path).status_int == 204
    assert service.login(scope=scope).json["token"]["domain"] == {"id": "default", "name": "Default"}


@pytest.mark.parametrize("user, password, scope", [
    ("admin", "wrong", None), ("nobody", "wrong", None), ("demo", "demo-pw", {"system": {"all": True}}),
    ("demo", "demo-pw", {"project": {"id": "nope"}}),
    ("demo", "demo-pw", {"project": {"name": "admin", "domain": {"id": "default"}}}),
    ("demo", "demo-pw", {"project": {"name": "demo", "domain": {"id": "nope"}}})])
def test_every_refused_login_looks_the_same(service, user, password, scope):
    answer = service.login(user, password, scope)
    assert answer.status_int == 401
    assert answer.json == {"error": {"code": 401, "title": "Unauthorized",
                                     "message": "The request you have made requires authentication."}}
    assert answer.headers["WWW-Authenticate"] == 'Keystone uri="http://localhost:80/identity/v3"'


@pytest.mark.slow
def test_an_unknown_user_takes_as_long_as_a_wrong_password(service, conf):
    conf.set_override("password_hash_rounds", 9, "identity")
    service.made("user", name="slow", password="pw")

    def cost(user):
        def once():
            started = time.process_time()       # others on this machine do not count
            service.login(user, "wrong", None)
            return time.process_time() - started
        once()
        return sorted(once() for _ in range(7))[3]
    known, unknown = cost("slow"), cost("nobody")
    assert 0.5 < known / unknown < 2, (known, unknown)


@pytest.mark.parametrize("body, message", [
    (b"{}", f"Expecting to find auth in request body. {MALFORMED}"),
    (b"", f"Expecting to find auth in request body. {MALFORMED}"),
    (b"{bad", f"Expecting to find valid JSON in request body. {MALFORMED}"),
    (b"[]", f"Expecting to find valid JSON in request body. {MALFORMED}"),
    ({"auth": {}}, "'identity' is a required property"),
    ({"auth": 3}, "3 is not of type 'object'"),
    ({"auth": {"identity": {}}}, "Invalid input for field 'identity': 'methods' is a required property"),
    ({"auth": {"identity": {"methods": ["x"]}}}, f"Expecting to find x in identity. {MALFORMED}"),
    ({"auth": {"identity": {"methods": "password"}}},
     "Invalid input for field 'identity/methods': 'password' is not of type 'array'"),
    ({"auth": {"identity": {"methods": ["password"], "password": {"user": {}}}}},
     "Invalid input for field identity/password/user: id or name must be present."),
    ({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "a"}}}}},
     f"Expecting to find domain in user. {MALFORMED}"),
    ({"auth": {"identity": {"methods": ["password"], "password": {"user": USER}}, "scope": {}}},
     f"Expecting to find system, project, domain, OS-TRUST:trust or unscoped in scope. {MALFORMED}"),
    ({"auth": {"identity": {"methods": ["password"], "password": {"user": USER}}, "scope": {"project": {}}}},
     "Invalid input for field scope/project: id or name must be present."),
    ({"auth": {"identity": {"methods": ["password"], "password": {"user": USER}},
               "scope": {"project": {"name": "admin"}}}}, f"Expecting to find domain in project. {MALFORMED}")])
def test_a_malformed_login_is_400_and_names_what_is_missing(service, body, message):
    answer = service.call("POST", "/auth/tokens", body)
    assert answer.status_int == 400
    assert answer.json == {"error": {"code": 400, "title": "Bad Request", "message": message}}


def test_a_login_must_say_that_it_is_json(service):
    answer = service.call("POST", "/auth/tokens", b"{}", Content_Type="text/plain")
    assert answer.status_int == 400
    assert answer.json["error"]["message"].startswith("Expecting to find application/json in Content-Type header.")


@pytest.mark.parametrize("methods, extra, message", [
    ([], {}, "The request you have made requires authentication."),
    (["oauth1"], {"oauth1": {}}, "Attempted to authenticate with an unsupported method.")])
def test_methods_that_are_not_offered_are_refused(service, methods, extra, message):
    answer = service.call("POST", "/auth/tokens", {"auth": {"identity": {"methods": methods, **extra}}})
    assert (answer.status_int, answer.json["error"]["message"]) == (401, message)


def test_a_token_is_exchanged_for_another_scope_with_the_same_expiry(service):
    first = service.login(scope=None)
    again = service.call("POST", "/auth/tokens", {"auth": {
        "identity": {"methods": ["token"], "token": {"id": first.headers["X-Subject-Token"]}},
        "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}).json["token"]
    assert again["methods"] == ["password", "token"]
    assert again["expires_at"] == first.json["token"]["expires_at"]
    assert again["audit_ids"][1] == first.json["token"]["audit_ids"][0]
    assert again["project"]["name"] == "admin"


def test_a_token_is_shown_to_its_owner_and_to_admins_only(service):
    admin, demo = service.token(), service.token("demo")
    shown = service.call("GET", "/auth/tokens", token=admin, X_Subject_Token=demo)
    assert shown.json["token"]["user"]["name"] == "demo" and shown.headers["X-Subject-Token"] == demo
    assert "catalog" not in service.call("GET", "/auth/tokens?nocatalog", token=admin,
                                         X_Subject_Token=demo).json["token"]
    assert service.call("GET", "/auth/tokens", token=demo, X_Subject_Token=demo).status_int == 200
    assert service.call("HEAD", "/auth/tokens", token=demo, X_Subject_Token=demo).status_int == 200
    refused = service.call("GET", "/auth/tokens", token=demo, X_Subject_Token=admin)
    assert refused.status_int == 403
    assert refused.json["error"]["message"] == \
        "You are not authorized to perform the requested action: identity:validate_token."


@pytest.mark.parametrize("headers, message", [({}, "No token in the request"),
                                              ({"X_Subject_Token": "zz"}, "Could not recognize Fernet token")])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_subject_that_is_no_token_is_404(service, method, headers, message):
    answer = service.admin(method, "/auth/tokens", **headers)
    assert (answer.status_int, answer.json["error"]["message"]) == (404, message)


def test_a_revoked_token_is_refused_with_the_next_request(service):
    token, other = service.token("demo"), service.token("demo")
    assert service.call("DELETE", "/auth/tokens", token=token, X_Subject_Token=token).status_int == 204
    assert service.call("GET", "/auth/projects", token=token).status_int == 401
    assert service.call("GET", "/auth/projects", token=other).status_int == 200
    assert service.admin("GET", "/auth/tokens", X_Subject_Token=token).status_int == 404


@pytest.mark.slow
def test_a_revocation_counts_in_another_process_within_a_second(service):
    other, token = API(), service.token("demo")
    assert other.authenticate_token(token).user_name == "demo"
    service.call("DELETE", "/auth/tokens", token=token, X_Subject_Token=token)
    time.sleep(1.05)
    with pytest.raises(Exception, match="requires authentication"):
        other.authenticate_token(token)


@pytest.mark.parametrize("change", [
    lambda service, id: service.admin("PATCH", f"/users/{id}", {"user": {"enabled": False}}),
    lambda service, id: service.admin("PATCH", f"/users/{id}", {"user": {"password": "new"}}),
    lambda service, id: service.admin("DELETE", f"/users/{id}"),
    lambda service, id: service.admin("PATCH", f"/projects/{service.project_id('demo')}",
                                      {"project": {"enabled": False}}),
    lambda service, id: service.admin("DELETE", f"/projects/{service.project_id('demo')}"),
    lambda service, id: service.grant(id, "member", "demo", "DELETE"),
    lambda service, id: service.call("POST", f"/users/{id}/password", {
        "user": {"original_password": "demo-pw", "password": "other"}}),
])
def test_a_change_that_takes_rights_away_ends_the_tokens_that_had_them(service, change):
    token, admin = service.token("demo"), service.token()
    assert change(service, service.user_id("demo")).status_int in (200, 204)
    assert service.call("GET", "/auth/catalog", token=token).status_int == 401
    assert service.call("GET", "/auth/catalog", token=admin).status_int == 200


def test_a_new_login_after_a_password_change_works_at_once(service):
    id = service.user_id("demo")
    service.call("POST", f"/users/{id}/password", {"user": {"original_password": "demo-pw", "password": "other"}})
    assert service.login("demo").status_int == 401
    token = service.token("demo", password="other")
    assert service.call("GET", "/auth/catalog", token=token).status_int == 200


def test_an_expired_token_is_refused(service, monkeypatch):
    token = service.token("demo")
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert service.call("GET", "/auth/projects", token=token).status_int == 401


def test_projects_domains_and_system_to_scope_to_are_listed(service):
    demo = service.token("demo")
    assert [each["name"] for each in service.call("GET", "/auth/projects", token=demo).json["projects"]] == ["demo"]
    assert service.call("GET", "/auth/domains", token=demo).json["domains"] == []
    assert service.call("GET", "/auth/system", token=demo).json["system"] == []
    assert service.admin("GET", "/auth/system").json["system"] == [{"all": True}]


def test_bootstrap_run_again_keeps_existing_resources(service):
    assert service.identity.bootstrap({"admin": "other"}) == {}
    assert service.login().status_int == 201


def test_a_deleted_first_user_is_made_again_only_by_the_command(service):
    [demo] = service.admin("GET", "/users?name=demo").json["users"]
    assert service.admin("DELETE", f"/users/{demo['id']}").status_int == 204
    assert service.identity.bootstrap({"demo": "again"}, repair=False) == {}
    assert service.admin("GET", "/users?name=demo").json["users"] == []
    assert service.identity.bootstrap({"demo": "again"}) == {"demo": "again"}
    assert service.login("demo", "again").status_int == 201


def test_a_service_token_carries_the_service_role_only(service):
    context = service.identity.authenticate_token(service.identity.service_token())
    assert context.roles == ("service",) and context.project_id is None and not context.is_admin


def test_a_context_is_filled_from_the_token(service):
    context = service.identity.authenticate_token(service.token("demo"), "req-x")
    assert (context.user_name, context.project_name, context.roles) == ("demo", "demo", ("member", "reader"))
    assert context.user_domain_id == context.project_domain_id == "default" and context.request_id == "req-x"
