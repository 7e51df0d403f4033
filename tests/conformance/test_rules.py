"""Our rules held against those of Nova, Keystone, Glance and Neutron: of the same name, for the same scopes of tokens,
allowing the same.  What allows something else is listed in ``rules_different.tsv``, with the reason.
"""

import pytest

from nova_lite import policies  # noqa: F401
from nova_lite.common import policy
from tests.conformance import tables
from tests.conformance.policy_meaning import Formula, difference

SERVICES = ("nova", "keystone", "glance", "neutron")
THEIRS = {service: {rule.name: rule for rule in tables.rules(service)} for service in SERVICES}
#: Questions of theirs that ours put otherwise, or that always have the same answer here.
EQUAL = {
    "nova": {},
    "keystone": {
        "is_admin:1": False,                                            # the shared token of old
        "token.domain.id:%(target.user.domain_id)s": "domain_id:%(target.user.domain_id)s",
        "token.domain.id:%(target.domain.id)s": "domain_id:%(target.domain.id)s",
        "token.project.domain.id:%(target.domain.id)s": "project_domain_id:%(target.domain.id)s",
        "None:%(target.project.domain_id)s": False,                     # without a domain the target has no such key
        "None:%(target.domain_id)s": False,
        "domain_id:%(target.group.domain_id)s": False,                  # there are no groups
        "None:%(target.role.domain_id)s": True},                        # no role belongs to a domain
    "glance": {},
    "neutron": {"role:advsvc": False}}                                  # a role of old, for services
OURS = {rule.name: rule for rule in policy.declared()}


def _compared():
    """(service, name) of ours that a service has; a word that several have is the first one's."""
    seen = set()
    for service in SERVICES:
        for name in OURS:
            if name in THEIRS[service] and name not in seen:
                seen.add(name)
                yield service, name


COMPARED = list(_compared())


def test_rules_of_each_service_are_compared():
    assert {service for service, _ in COMPARED} == set(SERVICES)


@pytest.mark.parametrize(("service", "name"), COMPARED)
def test_a_rule_is_for_the_scopes_that_the_service_gives_it(service, name):
    assert tuple(OURS[name].scope_types or ()) == THEIRS[service][name].scope_types


@pytest.mark.parametrize(("service", "name"), COMPARED)
def test_a_rule_allows_the_same_roles_as_the_rule_of_the_service(service, name):
    ours = Formula(OURS[name].check_str, {each.name: each.check_str for each in OURS.values()})
    theirs = Formula(THEIRS[service][name].default, {each.name: each.default for each in THEIRS[service].values()},
                     EQUAL[service])
    found = difference(ours, theirs)
    if (service, name) in tables.rules_different():
        assert found is not None, f"{name} is as in {service}: take it out of rules_different.tsv"
    else:
        assert found is None, f"{name}: ours and that of {service} differ where only these hold: {found}"


def test_a_rule_of_our_own_has_scope_types():
    own = OURS.keys() - {name for _, name in COMPARED}
    assert not [name for name in own if not OURS[name].scope_types]


def test_rules_listed_as_different_exist_in_both_and_have_a_reason():
    assert set(tables.rules_different()) <= set(COMPARED)
    assert all(tables.rules_different().values()), "each has a reason"
