"""The compute API under /v2: the oldest microversion whatever is asked, and no offence at what it does not know."""

import json

from webob import Request


def ask(cloud, method, path, body=None, **headers):
    req = Request.blank("/compute" + path, method=method, headers={"X-Auth-Token": "alice", **headers})
    if body is not None:
        req.body, req.content_type = json.dumps(body).encode(), "application/json"
    return req.get_response(cloud.app)


def test_compute_v2_0_is_listed_first_and_has_its_document(cloud):
    listed = ask(cloud, "GET", "/").json["versions"]
    assert [(each["id"], each["status"]) for each in listed] == [("v2.0", "DEPRECATED"), ("v2.1", "CURRENT")]
    for path in ("/v2", "/v2/"):
        shown = ask(cloud, "GET", path).json["version"]
        assert (shown["id"], shown["version"], shown["links"][0]["href"]) == (
            "v2.0", "", "http://localhost:80/compute/v2/")
    choices = ask(cloud, "GET", "/v3/x")
    assert choices.status_int == 300
    assert [each["links"][0]["href"] for each in choices.json["choices"]] == [
        "http://localhost:80/compute/v2/v3/x", "http://localhost:80/compute/v2.1/v3/x"]
    assert ask(cloud, "GET", "/v2x").status_int == 300


def test_compute_v2_0_ignores_microversions(cloud):
    for asked in ("compute 2.60", "compute 9.9", "compute x"):
        answer = ask(cloud, "GET", "/v2/servers", **{"OpenStack-API-Version": asked})
        assert (answer.status_int, answer.json) == (200, {"servers": []})
        assert not {"OpenStack-API-Version", "X-OpenStack-Nova-API-Version", "Vary"} & set(answer.headers)
    assert ask(cloud, "GET", "/v2/servers", **{"X-Auth-Token": ""}).status_int == 401
    assert ask(cloud, "GET", "/v2/nope").status_int == 404


def test_links_in_answers_of_compute_v2_0_lead_to_it(cloud):
    made = ask(cloud, "GET", "/v2/flavors").json["flavors"][0]
    assert made["links"][0]["href"].startswith("http://localhost:80/compute/v2/flavors/")


def test_compute_v2_0_ignores_unknown_keys_and_refuses_invalid_values(cloud):
    body = {"keypair": {"name": "old", "foo": 1}, "bar": {}}
    assert cloud.refused("POST", "/os-keypairs", body)[0] == 400
    assert ask(cloud, "POST", "/v2/os-keypairs", body).json["keypair"]["name"] == "old"
    refused = ask(cloud, "POST", "/v2/os-keypairs", {"keypair": {"name": 5}})
    assert "5 is not of type 'string'" in refused.json["badRequest"]["message"]
    refused = ask(cloud, "POST", "/v2/servers", {"server": {"name": "a", "foo": 1}}).json["badRequest"]["message"]
    assert "'flavorRef' is a required property" in refused
