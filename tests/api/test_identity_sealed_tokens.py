"""Texts that are no tokens of this release, and tokens that delegations made."""

import os
import time

import orjson
import pytest

from nova_lite.identity import current_roles, delegation, keys, tokens
from nova_lite.identity.keys import Keys
from tests.identity_service import Service

_OLDER = [2, "u", "demo", "default", "project", "p", "demo", "default", ["member"], ["password"], ["a"], 1.5, 9e9, 1,
          False]


@pytest.fixture
def service(first_users):
    return Service()


@pytest.fixture
def logged(caplog):
    """Fails the test if anything is logged as an error, or with a traceback."""
    yield
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL") or each.exc_info]


def sealed(values):
    """A text that holds ``values``, sealed with the cloud's key."""
    return Keys().seal(values if isinstance(values, bytes) else orjson.dumps(values))


def contents(text):
    return orjson.loads(Keys().open(text.encode()))


def refused(service, text):
    """Whether a text is 401 as the caller's token, and 404 as the one that an administrator asks about."""
    asked = service.call("GET", "/auth/projects", token=text)
    subject = service.admin("GET", "/auth/tokens", X_Subject_Token=text)
    exchanged = service.call("POST", "/auth/tokens", {"auth": {"identity": {"methods": ["token"],
                                                                            "token": {"id": text}}}})
    return (asked.status_int, subject.status_int, exchanged.status_int) == (401, 404, 404)


def test_a_token_is_sealed_as_named_fields_with_a_version(service):
    values = contents(service.token("demo"))
    assert values["version"] == tokens._VERSION
    assert (values["user_name"], values["scope_name"], values["roles"]) == ("demo", "demo", ["member", "reader"])
    assert not {"trust_id", "app_credential_id", "access_token_id", "group_ids", "fixed"} & values.keys()


@pytest.mark.parametrize("values", [_OLDER, [], {}, 7, "text", None, b"not JSON", b"", b"\xff"], ids=repr)
def test_a_sealed_text_of_another_release_is_refused_without_an_error(service, logged, values):
    assert refused(service, sealed(values))


@pytest.mark.parametrize("change", [{"version": 2}, {"version": 4}, {"version": "3"}, {"limit": "new"},
                                    {"user_id": ...}, {"revision": ..., "version": ...}, {"audit_ids": ...}], ids=repr)
def test_a_mapping_of_another_version_or_with_other_names_is_refused(service, logged, change):
    values = {name: value for name, value in (contents(service.token("demo")) | change).items()
              if value is not ...}
    assert refused(service, sealed(values))


def test_every_truncated_token_is_refused(service, logged):
    token = service.token("demo")
    for length in range(1, len(token), 7):
        assert service.call("GET", "/auth/projects", token=token[:length]).status_int == 401
        assert service.call("GET", "/auth/projects", token=token[length:]).status_int == 401
    assert service.call("GET", "/auth/projects", token=token).status_int == 200


def test_a_token_with_any_one_character_changed_is_refused(service, logged):
    token = service.token("demo")
    body = token.rstrip("=")
    for place in range(0, len(body) - 1, 5):         # the last character may have bits that say nothing
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1:]
        assert service.call("GET", "/auth/projects", token=changed).status_int == 401, place


@pytest.mark.parametrize("spoil", [lambda text: text + "x", lambda text: " " + text + " x", lambda text: text * 2,
                                   lambda text: text[::-1], lambda text: "x" * 9000, lambda text: text + "\xe9",
                                   lambda text: text.swapcase()])
def test_a_token_with_added_characters_is_refused(service, logged, spoil):
    assert service.call("GET", "/auth/projects", token=spoil(service.token("demo"))).status_int == 401


def test_a_token_sealed_with_a_foreign_key_is_refused(service, logged, tmp_path):
    values = Keys().open(service.token().encode())
    assert refused(service, Keys(str(tmp_path / "other")).seal(values))


def test_a_token_that_was_opened_before_is_void_once_its_key_is_deleted(service, monkeypatch):
    monkeypatch.setattr(keys, "_LOOK_EVERY", 0)
    old = service.token("demo")
    assert service.call("GET", "/auth/projects", token=old).status_int == 200
    new = keys.rotate()
    assert service.call("GET", "/auth/projects", token=old).status_int == 200
    os.unlink(os.path.join(os.path.dirname(new), "1"))
    assert service.call("GET", "/auth/projects", token=old).status_int == 401
    assert service.call("GET", "/auth/projects", token=service.token("demo")).status_int == 200


# ---- delegation

def token_of(service, **fields):
    """A token of demo on its project, with some fields of its own."""
    values = contents(service.token("demo")) | fields
    return sealed(values)


def exchange(service, text, **auth):
    return service.call("POST", "/auth/tokens", {"auth": {"identity": {"methods": ["token"], "token": {"id": text}},
                                                          **auth}})


@pytest.mark.parametrize("fields", [
    {"app_credential_id": "c", "methods": ["application_credential"]}, {"trust_id": "t"}, {"access_token_id": "a"},
    {"methods": ["oauth1"]}, {"methods": ["ec2credential"]}, {"methods": ["password", "oauth2_credential"]},
    {"methods": ["what comes later"]}, {"methods": []}], ids=repr)
def test_a_delegated_token_is_not_exchanged(service, fields):
    text = token_of(service, **fields)
    assert service.call("GET", "/auth/projects", token=text).status_int == 200
    answer = exchange(service, text)
    assert answer.status_int == 403
    assert answer.json["error"]["message"] == ("You are not authorized to perform the requested action: Using a "
                                               "delegated token to create another token is not allowed.")


@pytest.mark.parametrize("methods", [[each] for each in sorted(delegation.PRIMARY)] + [["password", "totp"]])
def test_a_token_that_its_user_got_in_person_is_exchanged(service, methods):
    assert exchange(service, token_of(service, methods=methods)).status_int == 201


@pytest.mark.parametrize("kind", ["app_credential", "trust", "access_token"])
def test_a_delegation_gives_only_roles_that_its_trustor_still_has(service, kind):
    text, id = token_of(service, **{f"{kind}_id": "x", "roles": ["reader"]}), service.user_id("demo")

    def roles():
        return service.identity.authenticate_token(text).roles
    service.grant(id, "service")
    assert roles() == ("reader",)
    service.grant(id, "member", method="DELETE")
    assert service.call("GET", "/auth/projects", token=text).status_int == 401
    service.grant(id, "reader")
    assert roles() == ("reader",)
    with service.identity._revocations.change() as change:
        change.void.add(f"{kind}:x")
    assert service.call("GET", "/auth/projects", token=text).status_int == 401
    assert service.call("GET", "/auth/projects", token=service.token("demo")).status_int == 200


def test_groups_of_an_identity_provider_give_roles_and_stay_in_an_exchange(service):
    made = service.identity.groups.create({"name": "from outside", "domain_id": "default"})
    target = "project", service.project_id("admin")
    service.identity.grants.add(("group", made.id), target, service.role_id("reader"))
    text = token_of(service, group_ids=[made.id])
    scope = {"project": {"id": target[1]}}
    assert exchange(service, service.token("demo"), scope=scope).status_int == 401
    answer = exchange(service, text, scope=scope)
    assert answer.status_int == 201
    again = answer.headers["X-Subject-Token"]
    assert contents(again)["group_ids"] == [made.id]
    service.identity.grants.add(("group", made.id), target, service.role_id("service"))
    assert set(service.identity.authenticate_token(again).roles) == {"reader", "service"}
    service.identity.groups.delete(made.id)
    assert service.call("GET", "/auth/projects", token=again).status_int == 401


def test_roles_are_looked_up_once_for_all_tokens_of_a_user_on_a_scope(service, monkeypatch):
    texts, asked, held = [service.token("demo") for _ in range(5)], [], current_roles.held
    monkeypatch.setattr(current_roles, "held", lambda *given: asked.append(given) or held(*given))
    service.grant(service.user_id("demo"), "service")
    for _ in range(3):
        for text in texts:
            assert "service" in service.identity.authenticate_token(text).roles
    assert len(asked) == 1


def test_an_expired_token_is_refused_in_every_way(service, monkeypatch):
    text, later = service.token("demo"), time.time() + 3700
    service.admin("GET", "/users")
    monkeypatch.setattr(time, "time", lambda: later)
    service.tokens.clear()
    assert refused(service, text)
