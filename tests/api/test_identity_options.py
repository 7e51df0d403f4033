"""Options and extra attributes of users, projects, domains and roles: kept, merged, and obeyed."""

import pytest

from tests.identity_service import Service

SWITCHES = ["ignore_change_password_upon_first_use", "ignore_password_expiry", "ignore_lockout_failure_attempts",
            "lock_password", "ignore_user_inactivity", "multi_factor_auth_enabled"]


@pytest.fixture
def service(first_users):
    return Service()


@pytest.mark.parametrize("name", SWITCHES)
def test_a_users_option_is_kept_until_it_is_taken_away(service, name):
    id = service.made("user", name="u", options={name: True, "multi_factor_auth_rules": [["password"]]})["id"]
    path = f"/users/{id}"
    assert service.admin("GET", path).json["user"]["options"] == {name: True, "multi_factor_auth_rules": [["password"]]}
    changed = service.admin("PATCH", path, {"user": {"options": {name: False, "multi_factor_auth_rules": None}}})
    assert changed.json["user"]["options"] == {name: False}
    service.admin("PATCH", path, {"user": {"description": "d"}})
    assert service.admin("PATCH", path, {"user": {"options": {}}}).json["user"]["options"] == {name: False}


@pytest.mark.parametrize("options", [{"bogus": True}, {"lock_password": "yes"}, {"lock_password": 1}, [],
                                     {"multi_factor_auth_rules": "password"}, {"multi_factor_auth_rules": [[]]},
                                     {"multi_factor_auth_rules": [["password", "password"]]},
                                     {"multi_factor_auth_rules": [["password"], ["password"]]},
                                     {"multi_factor_auth_rules": [[3]]}])
def test_unknown_or_malformed_options_of_users_are_refused(service, options):
    assert service.admin("POST", "/users", {"user": {"name": "u", "options": options}}).status_int == 400


def test_a_locked_password_is_refused_as_locked_only_after_the_right_one(service):
    id = service.made("user", name="u", password="pw", options={"lock_password": True})["id"]

    def change(original):
        return service.call("POST", f"/users/{id}/password",
                            {"user": {"original_password": original, "password": "new"}})
    assert change("wrong").status_int == 401
    refused = change("pw")
    assert refused.status_int == 400 and "disallowing password changes" in refused.json["error"]["message"]
    assert service.login("u", "pw", scope=None).status_int == 201
    assert service.admin("PATCH", f"/users/{id}", {"user": {"password": "new"}}).status_int == 200
    assert service.login("u", "new", scope=None).status_int == 201


@pytest.mark.parametrize("options, status", [
    ({"multi_factor_auth_rules": [["password", "token"]]}, 401),
    ({"multi_factor_auth_rules": [["password", "token"], ["password"]]}, 201),
    ({"multi_factor_auth_rules": [["password", "totp"]]}, 201),        # totp is not offered, and so not asked for
    ({"multi_factor_auth_rules": [["totp"]]}, 201),
    ({"multi_factor_auth_rules": [["totp"], ["token"]]}, 401),
    ({"multi_factor_auth_rules": [["password", "token"]], "multi_factor_auth_enabled": False}, 201),
    ({"multi_factor_auth_enabled": True}, 201)])
def test_a_login_satisfies_multi_factor_auth_rules(service, options, status):
    service.made("user", name="u", password="pw", options=options)
    assert service.login("u", "pw", scope=None).status_int == status


@pytest.mark.parametrize("kind", ["project", "domain", "role"])
def test_an_immutable_resource_stays_unchanged_until_the_option_is_lifted(service, kind):
    made = service.made(kind, name="x", options={"immutable": True}, colour="red")
    path, body = f"/{kind}s/{made['id']}", {"description": "d", "enabled": False}
    refused = service.admin("PATCH", path, {kind: {"description": "d"}})
    assert refused.status_int == 403 and "immutable" in refused.json["error"]["message"]
    assert service.admin("PATCH", path, {kind: {"description": "d", "options": {}}}).status_int == 403
    assert service.admin("PATCH", path, {kind: {"options": {"immutable": True}}}).status_int == 403
    assert service.admin("DELETE", path).status_int == 403
    lifted = service.admin("PATCH", path, {kind: {**body, "options": {"immutable": None}}}).json[kind]
    assert (lifted["description"], lifted["options"], lifted["colour"]) == ("d", {}, "red")
    assert service.admin("DELETE", path).status_int == 204


@pytest.mark.parametrize("kind", ["user", "project", "domain", "role"])
def test_other_attributes_are_kept_shown_and_changed_one_by_one(service, kind):
    id = service.made(kind, name="x", colour="red", size={"h": 1})["id"]
    path = f"/{kind}s/{id}"
    service.admin("PATCH", path, {kind: {"colour": "blue"}})
    shown = service.admin("GET", path).json[kind]
    assert (shown["colour"], shown["size"]) == ("blue", {"h": 1})
    listed = service.admin("GET", f"/{kind}s?name=x").json[f"{kind}s"]
    assert [each["colour"] for each in listed] == ["blue"]
