"""Quotas beside those of whole projects: of classes, of which "default" holds for everybody, and of single users."""

import pytest

CLASS = "/os-quota-class-sets/default"
NETWORK = {"fixed_ips", "floating_ips", "security_groups", "security_group_rules"}
GROUPS = {"server_groups", "server_group_members"}
FILES = {"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"}


def put(cloud, path, kind="quota_class_set", **limits):
    return cloud.call("PUT", path, {kind: limits}, user="admin")


def test_the_default_class_holds_for_projects_without_a_quota(cloud):
    put(cloud, "/os-quota-sets/pb", "quota_set", instances=3)
    changed = put(cloud, CLASS, instances="1", cores=7).json["quota_class_set"]
    assert (changed["instances"], changed["cores"], "id" in changed) == (1, 7, False)
    assert cloud.get(CLASS, user="admin")["quota_class_set"] == {"id": "default", **changed}
    for path in ("/os-quota-sets/pa", "/os-quota-sets/pa/defaults"):
        shown = cloud.get(path)["quota_set"]
        assert (shown["instances"], shown["cores"]) == (1, 7)
    assert cloud.get("/limits")["limits"]["absolute"]["maxTotalInstances"] == 1
    assert [cloud.create().status_int for _ in range(2)] == [202, 403]
    assert cloud.get("/os-quota-sets/pb", user="bob")["quota_set"]["instances"] == 3


def test_limits_of_other_quota_classes_are_kept_without_effect(cloud):
    assert cloud.get("/os-quota-class-sets/gold", user="admin")["quota_class_set"]["instances"] == 10
    put(cloud, "/os-quota-class-sets/gold", instances=99)
    shown = cloud.get("/os-quota-class-sets/gold", user="admin")["quota_class_set"]
    assert (shown["id"], shown["instances"], shown["cores"]) == ("gold", 99, 20)
    assert cloud.get("/os-quota-sets/pa")["quota_set"]["instances"] == 10


def test_quota_class_resources_appear_in_their_microversions_only(cloud):
    keys = {version: set(cloud.get(CLASS, user="admin", version=version)["quota_class_set"])
            for version in ("2.1", "2.49", "2.50", "2.56", "2.57", "2.104")}
    assert keys["2.1"] == keys["2.49"] and keys["2.50"] == keys["2.56"] and keys["2.57"] == keys["2.104"]
    assert (keys["2.49"] - keys["2.50"], keys["2.50"] - keys["2.49"]) == (NETWORK, GROUPS)
    assert keys["2.56"] - keys["2.57"] == FILES


@pytest.mark.parametrize(("limits", "version"), [
    ({"instances": -2}, "2.1"), ({"instances": "x"}, "2.1"), ({"instances": None}, "2.1"),
    ({"instances": 2**31}, "2.1"),
    ({"bad": 1}, "2.1"), ({"force": True}, "2.1"), ({"floating_ips": 1}, "2.50"), ({"injected_files": 1}, "2.57")])
def test_an_invalid_limit_of_a_quota_class_is_refused(cloud, limits, version):
    body = {"quota_class_set": limits}
    assert cloud.refused("PUT", CLASS, body, user="admin", version=version)[0] == 400


def test_a_quota_class_name_longer_than_255_is_refused(cloud):
    assert put(cloud, f"/os-quota-class-sets/{'x' * 255}", cores=1).status_int == 200
    answer = put(cloud, f"/os-quota-class-sets/{'x' * 256}", cores=1)
    assert (answer.status_int, answer.json["badRequest"]["message"]) == (
        400, "quota_class_name has 256 characters, more than 255.")


def test_unknown_query_parameters_of_quota_defaults_are_ignored(cloud):
    assert cloud.get("/os-quota-sets/pa/defaults?x=1", version="2.104")
    assert cloud.refused("GET", "/os-quota-sets/pa?x=1", version="2.75")[0] == 400


def test_classes_are_for_administrators(cloud):
    assert cloud.refused("GET", CLASS)[0] == cloud.refused("PUT", CLASS, {"quota_class_set": {"cores": 1}})[0] == 403


def test_a_user_has_a_part_of_the_projects_quota(cloud):
    path = "/os-quota-sets/pa?user_id=alice"
    assert put(cloud, path, "quota_set", instances=1).json["quota_set"]["instances"] == 1
    assert [cloud.get(each)["quota_set"]["instances"] for each in (path, "/os-quota-sets/pa")] == [1, 10]
    assert [cloud.create().status_int for _ in range(2)] == [202, 403]
    assert cloud.create(user="amy").status_int == 202
    used = [cloud.get(each)["quota_set"]["instances"] for each in (
        "/os-quota-sets/pa/detail?user_id=alice", "/os-quota-sets/pa/detail")]
    assert [(each["limit"], each["in_use"]) for each in used] == [(1, 1), (10, 2)]
    assert cloud.refused("PUT", path, {"quota_set": {"instances": 11}}, user="admin") == (
        400, "Quota limit 11 for instances must be less than or equal to 10.")
    assert cloud.refused("PUT", path, {"quota_set": {"instances": 0}}, user="admin") == (
        400, "Quota limit 0 for instances must be greater than or equal to already used and reserved 1.")
    assert cloud.call("DELETE", path, user="admin").status_int == 202
    assert cloud.get(path)["quota_set"]["instances"] == 10
