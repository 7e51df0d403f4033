"""Server groups, and how servers come into them."""

import pytest

from nova_lite import db
from nova_lite.db import server_groups

NOBODYS = "00000000-0000-4000-8000-000000000000"


def make(cloud, policy="anti-affinity", **rest):
    answer = cloud.call("POST", "/os-server-groups", {"server_group": {"name": "g", "policies": [policy]}}, **rest)
    assert answer.status_int == 200, answer.text
    return answer.json["server_group"]["id"]


def post(cloud, version, **group):
    return cloud.call("POST", "/os-server-groups", {"server_group": group}, version=version)


def test_a_group_through_the_versions(cloud):
    id = make(cloud)
    assert cloud.get(f"/os-server-groups/{id}") == {"server_group": {
        "id": id, "name": "g", "policies": ["anti-affinity"], "metadata": {}, "members": []}}
    assert cloud.get(f"/os-server-groups/{id}", version="2.13")["server_group"] == {
        "id": id, "name": "g", "policies": ["anti-affinity"], "metadata": {}, "members": [], "project_id": "pa",
        "user_id": "alice"}
    assert cloud.get(f"/os-server-groups/{id}", version="2.64")["server_group"] == {
        "id": id, "name": "g", "policy": "anti-affinity", "rules": {}, "members": [], "project_id": "pa",
        "user_id": "alice"}
    assert cloud.call("DELETE", f"/os-server-groups/{id}").status_int == 204
    assert cloud.refused("GET", f"/os-server-groups/{id}") == (404, f"Instance group {id} could not be found.")


@pytest.mark.parametrize(("policy", "since"), [("affinity", "2.1"), ("anti-affinity", "2.1"),
                                               ("soft-affinity", "2.15"), ("soft-anti-affinity", "2.15")])
def test_each_group_policy_is_accepted_since_its_version(cloud, policy, since):
    assert post(cloud, "2.64", name="g", policy=policy).json["server_group"]["policy"] == policy
    assert post(cloud, since, name="g", policies=[policy]).status_int == 200
    if since != "2.1":
        assert post(cloud, "2.14", name="g", policies=[policy]).status_int == 400


def test_server_group_rules_are_for_anti_affinity_only(cloud):
    made = post(cloud, "2.64", name="g", policy="anti-affinity", rules={"max_server_per_host": "3"})
    assert made.json["server_group"]["rules"] == {"max_server_per_host": 3}
    refused = post(cloud, "2.64", name="g", policy="affinity", rules={"max_server_per_host": 3})
    assert (refused.status_int, refused.json["badRequest"]["message"]) == (
        400, "Only anti-affinity policy supports rules.")
    for rules in ({"max_server_per_host": 0}, {"max_server_per_host": "x"}, {"other": 1}, None):
        assert post(cloud, "2.64", name="g", policy="anti-affinity", rules=rules).status_int == 400


@pytest.mark.parametrize("body", [
    {}, {"name": "g"}, {"name": "", "policies": ["affinity"]}, {"name": "g", "policies": []},
    {"name": " g ", "policies": ["affinity"]}, {"name": "g\0", "policies": ["affinity"]},
    {"name": "g", "policies": ["affinity", "anti-affinity"]}, {"name": "g", "policies": [1]},
    {"name": "g", "policies": "affinity"}, {"name": "g", "policy": "affinity"},
    {"name": "g" * 256, "policies": ["affinity"]}])
def test_invalid_bodies_create_no_server_group(cloud, body):
    assert post(cloud, "2.15", **body).status_int == 400
    assert cloud.get("/os-server-groups") == {"server_groups": []}


def test_projects_see_their_own_groups_and_administrators_all(cloud):
    ours, theirs = make(cloud), make(cloud, user="bob")

    def listed(query="", **rest):
        return [each["id"] for each in cloud.get(f"/os-server-groups{query}", **rest)["server_groups"]]

    assert listed() == listed("?all_projects=1") == [ours]
    assert listed("?all_projects=0", user="admin") == [ours, theirs]
    assert listed(user="admin") == []
    assert listed("?limit=1&offset=1&all_projects", user="admin") == [theirs]
    for method in ("GET", "DELETE"):
        assert cloud.refused(method, f"/os-server-groups/{theirs}")[0] == 404
    assert cloud.get(f"/os-server-groups/{theirs}", user="admin")["server_group"]["id"] == theirs
    assert cloud.refused("POST", "/os-server-groups", {"server_group": {"name": "g", "policies": ["affinity"]}},
                         user="carl")[0] == 403
    assert cloud.refused("GET", "/os-server-groups?limit=x")[0] == 400
    assert cloud.refused("GET", "/os-server-groups?other=1", version="2.75")[0] == 400


def test_servers_join_the_group_that_their_hint_names(cloud):
    group = make(cloud)
    one = cloud.make(hints={"group": group})
    two = cloud.make(hints={"group": [group]})
    cloud.make()
    assert cloud.get(f"/os-server-groups/{group}")["server_group"]["members"] == [one, two]
    assert cloud.get("/os-server-groups")["server_groups"][0]["members"] == [one, two]
    assert cloud.get(f"/servers/{one}", version="2.71")["server"]["server_groups"] == [group]
    with db.reader() as session:
        assert [tuple(each) for each in server_groups.members(session, group)] == [(one, "host-1"), (two, "host-1")]
        assert server_groups.of_server(session, one).policy == "anti-affinity"
    cloud.call("DELETE", f"/os-server-groups/{group}")
    assert cloud.get(f"/servers/{one}", version="2.71")["server"]["server_groups"] == []


def test_a_server_with_an_unknown_group_is_refused(cloud):
    theirs = make(cloud, user="bob")
    for id in (NOBODYS, theirs):
        answer = cloud.create(hints={"group": id})
        assert (answer.status_int, answer.json["badRequest"]["message"]) == (
            400, f"Instance group {id} could not be found.")
    assert cloud.names() == []


def test_quota_limits_groups_and_members(cloud, conf):
    conf.set_override("server_groups", 1, "quota")
    conf.set_override("server_group_members", 2, "quota")
    group = make(cloud)
    assert cloud.refused("POST", "/os-server-groups", {"server_group": {"name": "g", "policies": ["affinity"]}}) == (
        403, "Quota exceeded, too many server groups.")
    assert cloud.get("/limits")["limits"]["absolute"]["totalServerGroupsUsed"] == 1
    assert cloud.get("/os-quota-sets/pa/detail")["quota_set"]["server_groups"] == {
        "limit": 1, "in_use": 1, "reserved": 0}
    cloud.make(hints={"group": group})
    refused = cloud.create(hints={"group": group}, min_count=2)
    assert (refused.status_int, refused.json["forbidden"]["message"]) == (
        403, "Quota exceeded, too many servers in group")
    assert len(cloud.names()) == 1
