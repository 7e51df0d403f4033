"""The enforcer: a token's scope is checked with its roles, operators change rules, the cloud itself may everything."""

import pytest

from nova_lite import policies  # noqa: F401
from nova_lite.common import context, exceptions, policy
from nova_lite.common.context import RequestContext

LIST = "os_compute_api:servers:index:get_all_tenants"
ROLES = ("admin", "manager", "member", "reader")
pytestmark = pytest.mark.usefixtures("conf")
SYSTEM, DOMAIN, PROJECT = {"system_scope": "all"}, {"domain_id": "d"}, {"project_id": "p"}


def asks(roles=ROLES, **scope):
    return RequestContext("u", roles=roles, **scope)


@pytest.fixture
def configured(conf):
    """``configured(name=value)``: the enforcer is made anew with these options of [oslo_policy]."""
    policy.enforcer()                           # registers the options
    names = set()

    def change(**options):
        for name, value in options.items():
            conf.set_override(name, value, "oslo_policy")
            names.add(name)
        policy.enforcer.cache_clear()
    yield change
    for name in names:
        conf.clear_override(name, "oslo_policy")
    policy.enforcer.cache_clear()


@pytest.mark.parametrize(("scope", "allowed"), [(PROJECT, True), (SYSTEM, False), (DOMAIN, False), ({}, True)])
def test_a_rule_of_projects_refuses_tokens_of_the_system_and_of_domains(scope, allowed):
    assert asks(**scope).may(LIST) is allowed
    if not allowed:
        with pytest.raises(exceptions.PolicyNotAuthorized, match=LIST):
            asks(**scope).can(LIST)


@pytest.mark.parametrize(("scope", "fits"), [(PROJECT, True), (SYSTEM, False), (DOMAIN, False), ({}, True)])
def test_a_rule_says_for_which_scopes_it_is_whatever_the_roles(configured, scope, fits):
    assert policy.is_for(asks((), **scope), LIST) is fits
    assert policy.is_for(asks((), **scope), "identity:get_auth_projects")
    configured(enforce_scope=False)
    assert policy.is_for(asks((), **scope), LIST)


def test_an_answer_is_remembered_for_the_scope_it_was_given_to():
    for _ in range(2):
        assert [asks(**scope).may(LIST) for scope in (PROJECT, SYSTEM, PROJECT, DOMAIN)] == [True, False, True, False]


@pytest.mark.parametrize("scope", [SYSTEM, DOMAIN])
def test_roles_alone_count_where_scope_is_not_enforced(configured, scope):
    configured(enforce_scope=False)
    assert asks(**scope).may(LIST)
    assert asks(**scope).may("identity:create_domain", {})
    assert not asks(("reader",), **scope).may(LIST)


def test_a_policy_file_changes_whom_a_rule_allows_and_not_for_which_scopes(configured, tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(f'"{LIST}": "role:reader"\n')
    configured(policy_file=str(path))
    assert asks(("reader",), **PROJECT).may(LIST)
    assert not asks(("reader",), **SYSTEM).may(LIST)
    configured(enforce_scope=False)
    assert asks(("reader",), **SYSTEM).may(LIST)


def test_the_admin_context_passes_every_rule_of_administrators():
    refused = [rule.name for rule in policy.declared() if "context_is_admin" in rule.check_str
               and not context.admin().may(rule.name, {"project_id": "p", "user_id": "u"})]
    assert refused == []
