"""Grants to users and groups, direct and inherited: the roles in tokens, and what deletions leave."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db.models.identity import Grant, GroupMember
from nova_lite.identity import effective_roles
from tests.identity_service import Service


@pytest.fixture
def service(first_users):
    return Service()


@pytest.fixture
def group(service):
    """A group of which the user demo is a member."""
    made = service.identity.groups.create({"name": "crew", "domain_id": "default"})
    service.identity.groups.add_member(made.id, service.user_id("demo"))
    return made


@pytest.fixture
def roles(service):
    """A function that returns the names of the roles of a token of demo on the project demo."""
    token = service.token("demo")
    return lambda: sorted(service.identity.authenticate_token(token).roles)


def count(model):
    with db.reader() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model))


def test_a_members_token_gains_and_loses_the_roles_of_its_group(service, group, roles):
    actor, target, role = ("group", group.id), ("project", service.project_id("demo")), service.role_id("manager")
    assert roles() == ["member", "reader"]
    service.identity.grants.add(actor, target, role)
    assert roles() == ["manager", "member", "reader"]
    service.identity.groups.remove_member(group.id, service.user_id("demo"))
    assert roles() == ["member", "reader"]
    service.identity.groups.add_member(group.id, service.user_id("demo"))
    assert roles() == ["manager", "member", "reader"]
    service.identity.grants.remove(actor, target, role)
    assert roles() == ["member", "reader"]


def test_a_group_grant_on_another_project_changes_no_roles(service, group, roles):
    target = "project", service.project_id("admin")
    service.identity.grants.add(("group", group.id), target, service.role_id("manager"))
    assert roles() == ["member", "reader"]


@pytest.mark.parametrize("kind", ["user", "group"])
def test_an_inherited_grant_on_a_domain_reaches_its_projects_and_not_the_domain(service, group, roles, kind):
    actor = kind, {"user": service.user_id("demo"), "group": group.id}[kind]
    role = service.role_id("service")
    service.identity.grants.add(actor, ("domain", "default"), role, inherited=True)
    assert roles() == ["member", "reader", "service"]
    assert service.login("demo", scope={"domain": {"id": "default"}}).status_int == 401
    other = {"project": {"name": "admin", "domain": {"id": "default"}}}
    assert [each["name"] for each in service.login("demo", scope=other).json["token"]["roles"]] == ["service"]
    service.identity.grants.remove(actor, ("domain", "default"), role, inherited=True)
    assert roles() == ["member", "reader"]
    assert service.login("demo", scope=other).status_int == 401


def test_projects_reached_by_a_group_or_by_inheritance_are_listed(service, group):
    token = service.token("demo")

    def listed(what):
        return sorted(each["name"] for each in service.call("GET", f"/auth/{what}", token=token).json[what])
    assert (listed("projects"), listed("domains")) == (["demo"], [])
    actor, role = ("group", group.id), service.role_id("reader")
    service.identity.grants.add(actor, ("project", service.project_id("admin")), role)
    assert (listed("projects"), listed("domains")) == (["admin", "demo"], [])
    service.identity.grants.add(actor, ("domain", "default"), role)
    assert (listed("projects"), listed("domains")) == (["admin", "demo"], ["Default"])
    service.identity.grants.add(actor, ("domain", "default"), role, inherited=True)
    assert listed("projects") == ["admin", "demo", "service"]
    assert service.call("GET", "/auth/system", token=token).json["system"] == []
    service.identity.grants.add(actor, ("system", "all"), role)
    assert service.call("GET", "/auth/system", token=token).json["system"] == [{"all": True}]


def test_the_groups_that_a_token_carries_count_as_the_users_own(service):
    made = service.identity.groups.create({"name": "from outside", "domain_id": "default"})
    service.identity.grants.add(("group", made.id), ("project", service.project_id("demo")), service.role_id("service"))
    target = "project", service.project_id("demo")
    with db.reader() as session:
        found = effective_roles.held(session, service.user_id("demo"), target, [made.id])
        without = effective_roles.held(session, service.user_id("demo"), target)
    assert {each.name for each in found} - {each.name for each in without} == {"service"}


def test_the_same_role_may_be_given_directly_and_inherited(service):
    actor, target, role = ("user", service.user_id("demo")), ("domain", "default"), service.role_id("reader")
    service.identity.grants.add(actor, target, role)
    service.identity.grants.add(actor, target, role, inherited=True)
    service.identity.grants.add(actor, target, role, inherited=True)
    service.identity.grants.remove(actor, target, role)
    path = f"/domains/default/users/{actor[1]}/roles"
    assert service.admin("GET", path).json["roles"] == []
    assert service.admin("HEAD", f"{path}/{role}").status_int == 404
    service.identity.grants.remove(actor, target, role, inherited=True)
    with pytest.raises(exceptions.NotFound):
        service.identity.grants.remove(actor, target, role, inherited=True)


def test_assignments_of_groups_and_inherited_ones_are_listed_in_keystones_form(service, group):
    role = service.role_id("reader")
    service.identity.grants.add(("group", group.id), ("domain", "default"), role, inherited=True)
    [shown] = service.admin("GET", f"/role_assignments?group.id={group.id}&include_names").json["role_assignments"]
    assert shown["group"] == {"id": group.id, "name": "crew", "domain": {"id": "default", "name": "Default"}}
    assert shown["scope"] == {"domain": {"id": "default", "name": "Default"}, "OS-INHERIT:inherited_to": "projects"}
    assert shown["links"]["assignment"].endswith(
        f"/OS-INHERIT/domains/default/groups/{group.id}/roles/{role}/inherited_to_projects")
    inherited = service.admin("GET", "/role_assignments?scope.OS-INHERIT:inherited_to=projects")
    assert [each["group"]["id"] for each in inherited.json["role_assignments"]] == [group.id]


def test_a_group_needs_a_name_of_its_own_and_users_that_exist(service, group):
    with pytest.raises(exceptions.Conflict):
        service.identity.groups.create({"name": "CREW", "domain_id": "default"})
    for act in (service.identity.groups.add_member, service.identity.groups.remove_member):
        with pytest.raises(exceptions.NotFound):
            act(group.id, "nobody")
        with pytest.raises(exceptions.NotFound):
            act("nothing", service.user_id("demo"))
    with pytest.raises(exceptions.NotFound):
        service.identity.groups.remove_member(group.id, service.user_id("admin"))
    with pytest.raises(exceptions.NotFound):
        service.identity.groups.create({"name": "g", "domain_id": "nowhere"})


@pytest.mark.parametrize("gone", ["user", "group", "project", "role", "domain"])
def test_deleting_one_side_of_a_grant_deletes_the_grant(service, gone):
    before = count(Grant), count(GroupMember)
    domain = service.made("domain", name="d")["id"]
    ids = {"domain": domain, "role": service.made("role", name="r")["id"],
           "user": service.made("user", name="u", password="pw", domain_id=domain)["id"],
           "project": service.made("project", name="p", domain_id=domain)["id"],
           "group": service.identity.groups.create({"name": "g", "domain_id": domain}).id}
    service.identity.groups.add_member(ids["group"], ids["user"])
    given = [(actor, target, inherited) for actor in ("user", "group")
             for target, inherited in (("project", False), ("domain", False), ("domain", True))]
    for actor, target, inherited in given:
        service.identity.grants.add((actor, ids[actor]), (target, ids[target]), ids["role"], inherited)
    assert count(Grant) - before[0] == 6
    if gone == "group":
        service.identity.groups.delete(ids["group"])
    else:
        if gone == "domain":
            service.admin("PATCH", f"/domains/{domain}", {"domain": {"enabled": False}})
        assert service.admin("DELETE", f"/{gone}s/{ids[gone]}").status_int == 204
    left = {"user": 3, "group": 3, "project": 4, "role": 0, "domain": 0}[gone]
    assert count(Grant) - before[0] == left
    assert count(GroupMember) - before[1] == (gone in ("project", "role"))


def test_a_token_opens_nothing_once_the_group_that_gave_its_roles_is_deleted(service, group):
    eve = service.made("user", name="eve", password="pw")["id"]
    service.identity.groups.add_member(group.id, eve)
    service.identity.grants.add(("group", group.id), ("project", service.project_id("demo")), service.role_id("member"))
    token = service.token("eve", password="pw", scope={"project": {"name": "demo", "domain": {"id": "default"}}})
    assert service.call("GET", "/auth/projects", token=token).status_int == 200
    service.identity.groups.delete(group.id)
    assert service.call("GET", "/auth/projects", token=token).status_int == 401
