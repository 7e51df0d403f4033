"""Flavors, private ones, and extra specs."""

import pytest


def flavor(cloud, version="2.61", **values):
    body = {"flavor": {"name": "small", "id": "s", "ram": 128, "vcpus": 1, "disk": 2, **values}}
    return cloud.call("POST", "/flavors", body, user="admin", version=version)


def test_a_flavor_is_made_shown_described_and_removed(cloud):
    made = flavor(cloud, swap="5", rxtx_factor="2.5", description="d",
                  **{"OS-FLV-EXT-DATA:ephemeral": 3}).json["flavor"]
    assert made == {
        "id": "s", "name": "small", "ram": 128, "disk": 2, "swap": 5, "OS-FLV-EXT-DATA:ephemeral": 3, "vcpus": 1,
        "os-flavor-access:is_public": True, "OS-FLV-DISABLED:disabled": False, "rxtx_factor": 2.5, "description": "d",
        "extra_specs": {}, "links": [{"rel": "self", "href": "http://localhost:80/compute/v2.1/flavors/s"},
                                     {"rel": "bookmark", "href": "http://localhost:80/compute/flavors/s"}]}
    assert cloud.get("/flavors/s", version="2.61") == {"flavor": made}
    described = cloud.call("PUT", "/flavors/s", {"flavor": {"description": None}}, user="admin", version="2.55").json
    assert described["flavor"]["description"] is None
    assert cloud.call("DELETE", "/flavors/s", user="admin").status_int == 202
    assert cloud.refused("GET", "/flavors/s") == (404, "Flavor s could not be found.")


def test_flavor_fields_appear_in_their_microversions_only(cloud):
    keys = {version: set(cloud.get("/flavors/42", version=version)["flavor"])
            for version in ("2.1", "2.55", "2.61", "2.102")}
    assert keys["2.55"] - keys["2.1"] == {"description"}
    assert keys["2.61"] - keys["2.55"] == {"extra_specs"}
    assert keys["2.61"] - keys["2.102"] == {"rxtx_factor", "OS-FLV-DISABLED:disabled"}
    assert cloud.get("/flavors/42")["flavor"]["swap"] == ""
    assert cloud.get("/flavors/42", version="2.75")["flavor"]["swap"] == 0


def test_a_flavor_created_without_an_id_gets_a_uuid(cloud):
    assert len(flavor(cloud, id=None).json["flavor"]["id"]) == 36


@pytest.mark.parametrize(("values", "words"), [
    ({"id": "x", "name": "m1.nano"}, "Flavor with name m1.nano already exists."),
    ({"id": "42"}, "Flavor with ID 42 already exists.")])
def test_a_second_flavor_of_the_same_name_or_id_is_refused(cloud, values, words):
    answer = flavor(cloud, **values)
    assert (answer.status_int, answer.json["conflictingRequest"]["message"]) == (409, words)


def test_only_administrators_manage_flavors(cloud):
    made = {"flavor": {"name": "x", "ram": 1, "vcpus": 1, "disk": 1}}
    for method, path, body in (("POST", "/flavors", made), ("DELETE", "/flavors/42", None),
                               ("PUT", "/flavors/42", {"flavor": {"description": "x"}}),
                               ("POST", "/flavors/42/os-extra_specs", {"extra_specs": {}}),
                               ("GET", "/flavors/42/os-flavor-access", None)):
        assert cloud.refused(method, path, body, version="2.55")[0] == 403


def test_lists_are_filtered_sorted_and_paged(cloud):
    for number, ram in enumerate((32, 256, 512)):
        flavor(cloud, name=f"f{number}", id=f"f{number}", ram=ram, disk=number * 10)

    def ids(query, **rest):
        return [each["id"] for each in cloud.get(f"/flavors?{query}", **rest)["flavors"]]

    assert ids("") == ["42", "f0", "f1", "f2"]
    assert ids("minRam=100") == ["f1", "f2"]
    assert ids("minDisk=15") == ["f2"]
    assert ids("sort_key=memory_mb&sort_dir=desc") == ["f2", "f1", "42", "f0"]
    assert ids("name=f", version="2.102") == ids("name=^F.$", version="2.102") == ["f0", "f1", "f2"]
    assert ids("name=(nano|^f2)$", version="2.102") == ["42", "f2"]
    assert ids("name=", version="2.102") == ids("name=f1", version="2.74") == ids("")
    assert cloud.refused("GET", "/flavors?name=f1", version="2.101")[0] == 400
    page = cloud.get("/flavors/detail?limit=3")
    assert [each["id"] for each in page["flavors"]] == ["42", "f0", "f1"]
    following = page["flavors_links"][0]["href"].removeprefix("http://localhost:80/compute/v2.1")
    assert [each["id"] for each in cloud.get(following)["flavors"]] == ["f2"]
    assert ids("sort_key=memory_mb&sort_dir=desc&limit=2&marker=f1") == ["42", "f0"]


def test_only_administrators_filter_flavors_by_is_public(cloud):
    for text in ("x", ""):
        assert len(cloud.get(f"/flavors?is_public={text}")["flavors"]) == 1
        assert cloud.refused("GET", f"/flavors?is_public={text}", user="admin") == (
            400, f"Invalid is_public filter [{text}]")


@pytest.mark.parametrize("pattern", ["[", r"(a)\1", "(?=a)", "x" * 300])
def test_a_name_that_is_no_regular_expression_of_re2_is_refused(cloud, pattern):
    assert cloud.refused("GET", f"/flavors?name={pattern}", version="2.102")[0] == 400


@pytest.mark.parametrize(("pattern", "found"), [("^[st]mall$", 1), ("(a*)*b", 0), ("A.L$", 1)])
def test_a_name_filter_is_a_regular_expression(cloud, pattern, found):
    flavor(cloud)
    assert len(cloud.get(f"/flavors?name={pattern}", version="2.102")["flavors"]) == found


def test_a_private_flavor_is_for_the_projects_with_access(cloud):
    flavor(cloud, **{"os-flavor-access:is_public": False})
    assert cloud.refused("GET", "/flavors/s")[0] == 404
    assert cloud.create(flavorRef="s").status_int == 400
    added = cloud.call("POST", "/flavors/s/action", {"addTenantAccess": {"tenant": "pa"}}, user="admin").json
    assert added == {"flavor_access": [{"flavor_id": "s", "tenant_id": "pa"}]}
    assert cloud.get("/flavors/s/os-flavor-access", user="admin") == added
    assert cloud.get("/flavors/s")["flavor"]["name"] == "small"
    assert [each["id"] for each in cloud.get("/flavors")["flavors"]] == ["42", "s"]
    assert cloud.refused("GET", "/flavors/s", user="bob")[0] == 404
    assert [each["id"] for each in cloud.get("/flavors?is_public=false", user="admin")["flavors"]] == ["s"]
    assert len(cloud.get("/flavors?is_public=None", user="admin")["flavors"]) == 2
    assert [each["id"] for each in cloud.get("/flavors", user="admin")["flavors"]] == ["42"]
    cloud.call("POST", "/flavors/s/action", {"addTenantAccess": {"tenant": "padmin"}}, user="admin")
    assert [each["id"] for each in cloud.get("/flavors", user="admin")["flavors"]] == ["42", "s"]
    cloud.call("POST", "/flavors/s/action", {"removeTenantAccess": {"tenant": "padmin"}}, user="admin")
    nobody = {"addTenantAccess": {"tenant": "nope"}}
    assert cloud.refused("POST", "/flavors/s/action", nobody, user="admin") == (
        400, "Project ID nope is not a valid project.")
    again = {"addTenantAccess": {"tenant": "pa"}}
    assert cloud.refused("POST", "/flavors/s/action", again, user="admin")[0] == 409
    assert cloud.call("POST", "/flavors/s/action", {"removeTenantAccess": {"tenant": "pa"}}, user="admin").json == {
        "flavor_access": []}
    assert cloud.refused("POST", "/flavors/s/action", {"removeTenantAccess": {"tenant": "pa"}}, user="admin")[0] == 404
    assert cloud.refused("GET", "/flavors/42/os-flavor-access", user="admin") == (
        404, "Access list not available for public flavors.")


def test_extra_specs_are_set_one_by_one_or_together(cloud):
    path = "/flavors/42/os-extra_specs"
    body = {"extra_specs": {"hw:a": "1", "weight": 5}}
    assert cloud.call("POST", path, body, user="admin").json == body
    assert cloud.get(path) == {"extra_specs": {"hw:a": "1", "weight": "5"}}
    assert cloud.call("PUT", f"{path}/hw:a", {"hw:a": "2"}, user="admin").json == {"hw:a": "2"}
    assert cloud.get(f"{path}/hw:a") == {"hw:a": "2"}
    assert cloud.call("DELETE", f"{path}/hw:a", user="admin").status_int == 200
    assert cloud.refused("GET", f"{path}/hw:a") == (404, "Flavor 42 has no extra specs with key hw:a.")


def test_servers_keep_their_flavor_when_it_is_deleted(cloud):
    server = cloud.make()
    cloud.call("DELETE", "/flavors/42", user="admin")
    assert cloud.get(f"/servers/{server}", version="2.47")["server"]["flavor"]["original_name"] == "m1.nano"
