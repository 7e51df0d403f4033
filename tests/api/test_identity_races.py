"""What was checked is still so when it is used: logins, tokens, roles and passwords against changes in between."""

import threading
import time

import pytest

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import identity as queries
from nova_lite.db import identity_grants
from nova_lite.identity import grants, logins, passwords, revocations
from nova_lite.identity.api import API
from tests.identity_service import Service


@pytest.fixture
def service(first_users):
    return Service()


def elsewhere(act, seconds=60):
    """Run ``act`` in another thread; returns the thread once it has ended, or waits for us."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join(seconds)
    return thread


def once(monkeypatch, owner, name, act, after=False, seconds=60):
    """The next call of ``owner.name`` has ``act`` done by somebody else before it, or after it."""
    original, waiting, threads = getattr(owner, name), [act], []

    def overtaken(*given, **named):
        found = original(*given, **named) if after or not waiting else None
        if waiting:
            threads.append(elsewhere(waiting.pop(), seconds))
            if not after:
                return original(*given, **named)
        return found
    monkeypatch.setattr(owner, name, overtaken)
    return threads


def patch(kind, name, **values):
    def change(service):
        ids = {"user": service.user_id, "project": service.project_id, "domain": lambda name: name}
        assert service.admin("PATCH", f"/{kind}s/{ids[kind](name)}", {kind: values}).status_int == 200
    return change


def own_password(service):
    body = {"user": {"original_password": "demo-pw", "password": "other"}}
    assert service.call("POST", f"/users/{service.user_id('demo')}/password", body).status_int == 204


def delete_project(service):
    assert service.admin("DELETE", f"/projects/{service.project_id('demo')}").status_int == 204


def delete_user(service):
    assert service.admin("DELETE", f"/users/{service.user_id('demo')}").status_int == 204


def take_role(service):
    assert service.grant(service.user_id("demo"), method="DELETE").status_int == 204


CHANGES = {"password set": patch("user", "demo", password="other"), "password changed": own_password,
           "user disabled": patch("user", "demo", enabled=False), "user deleted": delete_user,
           "project disabled": patch("project", "demo", enabled=False), "project deleted": delete_project,
           "domain disabled": patch("domain", "default", enabled=False), "role taken": take_role}


@pytest.mark.parametrize("name", CHANGES)
def test_a_login_is_refused_when_its_user_changes_while_the_password_is_compared(service, monkeypatch, name):
    service.admin("GET", "/users")
    once(monkeypatch, passwords.Verifier, "verify", lambda: CHANGES[name](service), after=True)
    assert service.login("demo").status_int == 401


@pytest.mark.parametrize("name", CHANGES)
def test_a_token_is_void_when_its_user_changes_while_it_is_made(service, monkeypatch, name):
    service.admin("GET", "/users")
    threads = once(monkeypatch, logins, "held", lambda: CHANGES[name](service), after=True, seconds=2)
    answer = service.login("demo")
    threads[0].join(60)
    assert answer.status_int == 201
    assert service.call("GET", "/auth/projects", token=answer.headers["X-Subject-Token"]).status_int == 401


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "role taken"])
def test_a_token_is_not_exchanged_once_it_is_void(service, monkeypatch, name):
    parent = service.token("demo")
    service.admin("GET", "/users")
    once(monkeypatch, logins.identity_revisions, "hold", lambda: CHANGES[name](service))
    answer = service.call("POST", "/auth/tokens", {"auth": {
        "identity": {"methods": ["token"], "token": {"id": parent}},
        "scope": {"project": {"name": "demo", "domain": {"id": "default"}}}}})
    assert answer.status_int in (401, 404)


def test_a_token_is_not_exchanged_once_it_is_revoked(service, monkeypatch):
    parent = service.token("demo")
    once(monkeypatch, logins.identity_revisions, "hold",
         lambda: service.call("DELETE", "/auth/tokens", token=parent, X_Subject_Token=parent))
    answer = service.call("POST", "/auth/tokens", {"auth": {"identity": {
        "methods": ["token"], "token": {"id": parent}}}})
    assert answer.status_int == 404


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["project", "user", "role"])
def test_a_grant_does_not_survive_the_concurrent_deletion_of_its_parts(service, monkeypatch, gone):
    user, role = service.made("user", name="u", password="pw")["id"], service.made("role", name="r")["id"]
    project = service.made("project", name="p")["id"]
    path = {"user": f"/users/{user}", "role": f"/roles/{role}", "project": f"/projects/{project}"}[gone]
    threads = once(monkeypatch, grants, "_all_there", lambda: service.admin("DELETE", path), after=True, seconds=2)
    given = service.admin("PUT", f"/projects/{project}/users/{user}/roles/{role}")
    threads[0].join(60)
    assert given.status_int == 204
    with db.reader() as session:
        assert identity_grants.list_(session, role_id=role) == []


def test_changes_of_other_attributes_do_not_undo_each_other(service, monkeypatch):
    id = service.user_id("demo")
    once(monkeypatch, service.identity.users, "find",
         lambda: service.admin("PATCH", f"/users/{id}", {"user": {"one": 1, "options": {"lock_password": True}}}),
         after=True)
    made = service.admin("PATCH", f"/users/{id}", {"user": {"two": 2, "options": {"ignore_password_expiry": True}}})
    assert (made.json["user"]["one"], made.json["user"]["two"]) == (1, 2)
    assert made.json["user"]["options"] == {"lock_password": True, "ignore_password_expiry": True}


@pytest.mark.slow
def test_one_of_two_users_of_one_name_created_at_once_is_409(service, monkeypatch):
    service.admin("GET", "/users")
    answers = []
    threads = once(monkeypatch, queries, "add", lambda: answers.append(
        service.admin("POST", "/users", {"user": {"name": "TWIN"}}).status_int), seconds=2)
    answers.append(service.admin("POST", "/users", {"user": {"name": "twin"}}).status_int)
    threads[0].join(60)
    assert sorted(answers) == [201, 409]


def test_a_token_keeps_the_roles_that_remain_and_gets_new_ones_at_once(service):
    id, token = service.user_id("demo"), None

    def roles():
        shown = service.admin("GET", "/auth/tokens", X_Subject_Token=token)
        return shown.status_int, sorted(each["name"] for each in shown.json.get("token", {"roles": ()})["roles"])
    service.grant(id, "service")
    token = service.token("demo")
    assert roles() == (200, ["member", "reader", "service"])
    assert service.grant(id, "member", method="DELETE").status_int == 204
    assert roles() == (200, ["service"])
    assert service.identity.authenticate_token(token).roles == ("service",)
    service.grant(id, "reader")
    assert roles() == (200, ["reader", "service"])
    service.grant(id, "service", method="DELETE")
    service.grant(id, "reader", method="DELETE")
    assert roles() == (404, [])
    assert service.call("GET", "/auth/projects", token=token).status_int == 401
    service.grant(id, "member")
    assert roles() == (200, ["member", "reader"])


def test_a_role_that_is_deleted_or_renamed_is_so_in_tokens(service):
    id, role = service.user_id("demo"), service.made("role", name="extra")["id"]
    service.grant(id, "extra")
    token = service.token("demo")
    service.admin("PATCH", f"/roles/{role}", {"role": {"name": "renamed"}})
    assert "renamed" in service.identity.authenticate_token(token).roles
    service.admin("DELETE", f"/roles/{role}")
    assert sorted(service.identity.authenticate_token(token).roles) == ["member", "reader"]


def test_other_users_and_projects_tokens_are_not_touched_by_a_role(service):
    other, token = service.made("user", name="u", password="pw")["id"], service.token("demo")
    service.grant(other)
    kept = service.identity.open_token(token)
    assert service.identity.open_token(token) is kept
    service.grant(service.user_id("demo"), "service")
    assert service.identity.open_token(token) is not kept


def test_a_change_counts_at_once_in_another_process_of_this_machine(service):
    other, token = API(), service.token("demo")
    assert sorted(other.authenticate_token(token).roles) == ["member", "reader"]
    service.grant(service.user_id("demo"), "service")
    service.grant(service.user_id("demo"), "member", method="DELETE")
    assert other.authenticate_token(token).roles == ("service",)
    service.call("DELETE", "/auth/tokens", token=token, X_Subject_Token=token)
    with pytest.raises(exceptions.Unauthorized):
        other.authenticate_token(token)


def test_a_change_counts_on_another_machine_within_a_second(service, conf, monkeypatch, tmp_path):
    other, token = API(), service.token("demo")
    other._revocations._shared._memory = bytearray(8)           # it shares no memory with this one
    assert sorted(other.authenticate_token(token).roles) == ["member", "reader"]
    service.grant(service.user_id("demo"), "service")
    monkeypatch.setattr(revocations, "_FETCH_EVERY", 0)
    assert "service" in other.authenticate_token(token).roles


def test_requests_after_a_pause_wait_until_changes_are_fetched(service, monkeypatch):
    token, later = service.token("demo"), time.monotonic() + 600
    assert service.identity.authenticate_token(token)
    fetch, answers = revocations.queries.since, []

    def slow(*given):
        time.sleep(0.3)
        return fetch(*given)
    monkeypatch.setattr(revocations.queries, "since", slow)
    monkeypatch.setattr(revocations.time, "monotonic", lambda: later)
    threads = [threading.Thread(target=lambda: answers.append(service.identity.authenticate_token(token).user_name))
               for _ in range(5)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert answers == ["demo"] * 5


def test_known_revocations_are_trusted_for_half_a_minute_without_a_database(service, monkeypatch):
    token, now = service.token("demo"), [time.monotonic()]
    assert service.identity.authenticate_token(token)

    def away(*given):
        raise exceptions.DatabaseUnavailable(reason="away")
    monkeypatch.setattr(revocations.queries, "since", away)
    monkeypatch.setattr(revocations.time, "monotonic", lambda: now[0])
    now[0] += 20
    assert service.identity.authenticate_token(token)
    now[0] += 11
    with pytest.raises(exceptions.DatabaseUnavailable):
        service.identity.authenticate_token(token)
    monkeypatch.undo()
    assert service.identity.authenticate_token(token)
