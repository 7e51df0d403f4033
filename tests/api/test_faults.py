"""The floor every service stands on, with a toy service on each mount point: paths, tokens, versions, bodies, faults.

What is asked here was asked of a real Nova, Keystone, Glance and Neutron first.
"""

import types

import pytest
from webob import Request

from nova_lite.api.wsgi import app, cors, validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.api.wsgi.dialects import DIALECTS
from nova_lite.api.wsgi.routing import Action, Route
from nova_lite.api.wsgi.service import Service
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext

PROJECT = "88fdb491f8084aeeb3864ddd507c85aa"
AUTH = {"error": {"code": 401, "title": "Unauthorized",
                  "message": "The request you have made requires authentication."}}


class Thing:
    """Says what it was asked."""

    def index(self, req):
        return {"servers": [], "user": req.context.user_id, "version": str(req.version), "url": req.base_url,
                "query": req.query}

    def show(self, req, id):
        errors = {"missing": exceptions.ServerNotFound(server_id=id), "secret": RuntimeError("password=hunter2"),
                  "policy": exceptions.PolicyNotAuthorized(action="x:y"), "busy": exceptions.Conflict("busy"),
                  "gone": exceptions.NoSpace(where="x", needed=1, free=0),
                  "internal": exceptions.Misconfigured(problem="/etc/secret", remedy="x"),
                  "no-answer": exceptions.NoAnswer(method="stop", address="compute.secret-1"),
                  "away": exceptions.BusUnavailable(reason="no route to secret:5672")}
        if id in errors:
            raise errors[id]
        return {"id": id}

    @validation.body({"type": "object", "required": ["server"]})
    def create(self, req):
        return Answer(req.body_json, 202, [("Location", "/there")])

    def stop(self, req, id):
        return 202

    def upload(self, req):
        return {"size": len(req.environ["wsgi.input"].read(int(req.environ["CONTENT_LENGTH"])))}

    def download(self, req):
        return Answer(app_iter=[b"ab", b"cd"])

    def who(self, req):
        return {"roles": list(req.context.roles), "service": list(req.context.service_roles or ()),
                "global": req.context.global_request_id,
                "seen": sorted(name for name in req.environ if name in app.FORGED)}


ROUTES = (Route("GET", "/servers", "thing:index"), Route("POST", "/servers", "thing:create"),
          Route("GET", "/servers/{id}", "thing:show"), Route("PUT", "/servers/{id}", "thing:show", since="2.55"),
          Route("GET", "/old", "thing:index", until="2.35"), Route("PUT", "/file", "thing:upload", stream=True),
          Route("GET", "/file", "thing:download"), Route("GET", "/open", "thing:index", public=True),
          Route("GET", "/who", "thing:who"))
ACTIONS = (Action("os-stop", "thing:stop"), Action("trigger_crash_dump", "thing:stop", since="2.17"))
ROLES = {"tok": ("member",), "svc": ("service",)}


def authenticate(token, request_id=None):
    if token not in ROLES:
        raise exceptions.Unauthorized
    return RequestContext("u1", PROJECT, ROLES[token], request_id=request_id)


@pytest.fixture
def cloud(conf):
    package = types.SimpleNamespace(ROUTES=ROUTES, ACTIONS=ACTIONS, controllers=lambda facades: {"thing": Thing()})
    facades = types.SimpleNamespace(identity=types.SimpleNamespace(authenticate_token=authenticate))
    made = app.App({name: Service.of(dialect, package, facades) for name, dialect in DIALECTS.items()})

    def call(path, method="GET", body=None, token="tok", **headers):
        req = Request.blank(path, method=method)
        if body is not None:
            req.body, req.content_type = body, "application/json"
        if token:
            req.headers["X-Auth-Token"] = token
        req.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return req.get_response(made)
    call.app = made
    return call


def compute(path):
    return "/compute/v2.1" + path


# ---- documents and edges

def test_the_root_lists_services_for_programs_and_people(cloud):
    answer = cloud("/", token=None)
    assert {each["name"]: each["links"][0]["href"] for each in answer.json["services"]}["compute"] == \
        "http://localhost:80/compute/v2.1"
    assert answer.json["auth_url"] == "http://localhost:80/identity/v3"
    assert answer.json["versions"] == cloud("/identity", token=None).json["versions"]
    assert "<a href=" in cloud("/", token=None, Accept="text/html").text
    assert cloud("/healthcheck", token=None).text == "OK"
    assert cloud("/nowhere", token=None).status_int == 404


@pytest.mark.parametrize("path, status, version", [
    ("/compute", 200, lambda body: body["versions"][0]), ("/compute/", 200, lambda body: body["versions"][0]),
    ("/compute/v2.1", 200, lambda body: body["version"]), ("/compute/v2.1/", 200, lambda body: body["version"]),
    ("/compute/nowhere", 300, lambda body: body["choices"][0]),
    ("/identity", 300, lambda body: body["versions"]["values"][0]), ("/identity/v3", 200, lambda body: body["version"]),
    ("/image", 300, lambda body: body["versions"][0]), ("/image/versions", 200, lambda body: body["versions"][0]),
    ("/network/", 200, lambda body: body["versions"][0])])
def test_version_documents_need_no_token_and_link_to_where_they_were_asked(cloud, path, status, version):
    answer = cloud(path, token=None, Host="cloud.example:8774")
    assert answer.status_int == status
    found = version(answer.json)
    assert found["id"].startswith("v") and found["status"]
    assert found["links"][0]["href"].startswith("http://cloud.example:8774/" + path.split("/")[1] + "/v")


@pytest.mark.parametrize("mount", ["/image/v2", "/network/v2.0"])
def test_other_version_urls_require_a_token(cloud, mount):
    assert cloud(mount, token=None).status_int == 401


def test_proxy_headers_are_ignored_unless_they_are_configured_as_trusted(cloud, conf):
    headers = {"X_Forwarded_Host": "pub.example", "X_Forwarded_Proto": "https", "X_Forwarded_Prefix": "/cloud"}
    assert cloud(compute("/servers"), **headers).json["url"] == "http://localhost:80/compute/v2.1"
    conf.set_override("trust_proxy_headers", True, "api")
    assert cloud(compute("/servers"), **headers).json["url"] == "https://pub.example/cloud/compute/v2.1"
    conf.clear_override("trust_proxy_headers", "api")


def test_a_strange_host_header_does_not_reach_links(cloud):
    assert cloud(compute("/servers"), Host='x"><script>').json["url"] == "http://localhost:80/compute/v2.1"


def test_forged_identity_is_stripped_at_the_edge(cloud):
    answer = cloud(compute("/who"), X_Roles="admin", X_User_Id="root", X_Identity_Status="Confirmed",
                   X_Service_Roles="service", X_Project_Id="p")
    assert answer.json == {"roles": ["member"], "service": [], "global": None, "seen": []}


def test_a_service_token_adds_its_roles(cloud):
    assert cloud(compute("/who"), X_Service_Token="svc").json["service"] == ["service"]
    assert cloud(compute("/who"), X_Service_Token="bad").status_int == 401


def test_request_ids_are_new_and_a_well_formed_one_is_kept_beside(cloud):
    brought = "req-11111111-2222-3333-4444-555555555555"
    answer = cloud(compute("/who"), X_OpenStack_Request_ID=brought)
    assert answer.json["global"] == brought and answer.headers["x-openstack-request-id"] != brought
    assert answer.headers["x-compute-request-id"] == answer.headers["x-openstack-request-id"]
    assert cloud(compute("/who"), X_OpenStack_Request_ID="req-x\r\nSet-Cookie: a").json["global"] is None
    assert "x-compute-request-id" not in cloud("/identity/v3/who").headers


# ---- tokens, paths, methods

@pytest.mark.parametrize("path", ["/compute/v2.1/servers", "/compute/v2.1/nowhere", "/network/v2.0/servers",
                                  "/identity/v3/servers"])
@pytest.mark.parametrize("token", [None, "bad"])
def test_a_request_without_a_valid_token_is_401(cloud, path, token):
    answer = cloud(path, token=token)
    assert (answer.status_int, answer.json) == (401, AUTH)
    assert answer.headers["WWW-Authenticate"] == 'Keystone uri="http://localhost:80/identity/v3"'


def test_glance_answers_401_with_a_page(cloud):
    answer = cloud("/image/v2/servers", token=None, Accept="*/*")
    assert answer.status_int == 401 and answer.content_type == "text/html" and "401 Unauthorized" in answer.text


def test_public_routes_need_no_token(cloud):
    assert cloud(compute("/open"), token=None).json["user"] is None


@pytest.mark.parametrize("path, method, status", [
    (compute("/nowhere"), "GET", 404), (compute("/servers"), "PATCH", 404), (compute("/servers"), "HEAD", 404),
    (compute("/servers/"), "GET", 404), (compute("/servers/%00"), "GET", 404), (compute("/servers"), "OPTIONS", 200),
    ("/identity/v3/nowhere", "GET", 404), ("/identity/v3/servers", "PATCH", 405),
    ("/identity/v3/servers", "HEAD", 200), ("/identity/v3/servers/", "GET", 200),
    ("/image/v2/servers", "PATCH", 405), ("/image/v2/servers/", "GET", 404), ("/image/v2/nowhere", "GET", 404),
    ("/network/v2.0/servers.json", "GET", 200), ("/network/v2.0/servers/", "GET", 200),
    ("/network/v2.0/servers", "PATCH", 405), ("/network/v2.0/nowhere", "GET", 404)])
def test_paths_and_methods_answer_as_each_real_service_does(cloud, path, method, status):
    answer = cloud(path, method)
    assert answer.status_int == status
    if status == 405 and not path.startswith("/network"):
        assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("accept, kind", [("*/*", "text/html"), ("application/json", "application/json"),
                                          ("text/plain", "text/plain")])
def test_novas_page_for_a_missing_path_follows_accept(cloud, accept, kind):
    answer = cloud(compute("/nowhere"), Accept=accept)
    assert answer.content_type == kind and "The resource could not be found." in answer.text


def test_compute_urls_may_carry_the_tokens_project_and_no_other(cloud):
    assert cloud(compute(f"/{PROJECT}/servers")).status_int == 200
    other = cloud(compute(f"/{'1' * 32}/servers"))
    assert other.status_int == 400
    assert other.json["badRequest"]["message"] == (
        f"Malformed request URL: URL's project_id '{'1' * 32}' doesn't match Context's project_id '{PROJECT}'")


# ---- versions

def test_answers_name_the_microversion_that_was_used(cloud):
    answer = cloud(compute("/servers"), OpenStack_API_Version="compute 2.5")
    assert answer.json["version"] == "2.5"
    assert answer.headers["OpenStack-API-Version"] == "compute 2.5"
    assert answer.headers["X-OpenStack-Nova-API-Version"] == "2.5"
    assert answer.headers.getall("Vary") == ["OpenStack-API-Version", "X-OpenStack-Nova-API-Version"]
    assert "OpenStack-API-Version" not in cloud("/image/v2/servers").headers


def test_an_unsupported_version_is_406_and_a_malformed_one_400(cloud):
    beyond = cloud(compute("/servers"), OpenStack_API_Version="compute 2.999")
    assert (beyond.status_int, beyond.json) == (406, {"computeFault": {
        "code": 406, "message": "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.104."}})
    assert beyond.headers["OpenStack-API-Version"] == "compute 2.999"
    bad = cloud(compute("/servers"), OpenStack_API_Version="compute 2.x")
    assert (bad.status_int, bad.json) == (400, {"badRequest": {
        "code": 400, "message": "API Version String 2.x is of invalid format. Must be of format MajorNum.MinorNum."}})
    assert "OpenStack-API-Version" not in bad.headers


@pytest.mark.parametrize("method, path, version, status", [
    ("PUT", "/servers/a", "2.54", 404), ("PUT", "/servers/a", "2.55", 200),
    ("GET", "/old", "2.35", 200), ("GET", "/old", "2.36", 404)])
def test_routes_exist_in_their_microversions_only(cloud, method, path, version, status):
    answer = cloud(compute(path), method, OpenStack_API_Version=f"compute {version}")
    assert answer.status_int == status
    if status == 404:
        assert answer.json == {"itemNotFound": {"code": 404, "message": "The resource could not be found."}}


# ---- bodies

@pytest.mark.parametrize("path, body, status, message", [
    (compute("/servers"), b"{bad", 400, "Malformed request body"),
    (compute("/servers"), b"", 400, "None is not of type 'object'"),
    (compute("/servers"), b"\xff", 400, "Malformed request body"),
    (compute("/servers"), b"[" * 5000, 400, "Malformed request body"),
    ("/image/v2/servers", b"{bad", 400, "Malformed JSON in request body."),
    ("/network/v2.0/servers", b"{bad", 400, "Body contains invalid data")])
def test_malformed_bodies_are_refused(cloud, path, body, status, message):
    answer = cloud(path, "POST", body)
    assert answer.status_int == status and message in answer.text.replace("&#x27;", "'")


@pytest.mark.parametrize("kind, status", [
    ("application/json", 202), ("application/json; charset=UTF-8", 202), ("text/plain", 202), ("", 202),
    ("application/vnd.openstack.compute+json", 202), ("application/xml", 415), ("multipart/form-data", 415)])
def test_compute_speaks_json_only(cloud, kind, status):
    answer = cloud(compute("/servers"), "POST", b'{"server": 1}', Content_Type=kind)
    assert answer.status_int == status
    if status == 415:
        assert answer.json == {"badMediaType": {"code": 415, "message": "Unsupported Content-Type"}}


def test_a_body_beyond_the_limit_is_413_before_anything_else(cloud):
    answer = cloud(compute("/servers"), "POST", b"x" * 114689, token=None)
    assert answer.status_int == 413 and "114688" in answer.text
    assert cloud("/image/v2/file", "PUT", b"x" * 200000).json == {"size": 200000}


def test_a_chunked_body_is_limited_too(cloud):
    class Endless:
        def read(self, size):
            return b"x" * size
    req = Request.blank(compute("/servers"), method="POST")
    req.headers.update({"X-Auth-Token": "tok", "Transfer-Encoding": "chunked"})
    req.environ["wsgi.input"] = Endless()
    req.environ.pop("CONTENT_LENGTH", None)
    assert req.get_response(cloud.app).status_int == 413


@pytest.mark.parametrize("length", ["-1", "x", "1_0", "٣"])
def test_a_length_that_is_no_number_is_400(cloud, length):
    assert cloud(compute("/servers"), "POST", Content_Length=length).status_int == 400


@pytest.mark.parametrize("body, status, message", [
    (b'{"os-stop": null}', 202, None), (b'{"os-stop": null, "b": 1}', 400, "Malformed request body"),
    (b'{"nosuch": null}', 400, "There is no such action: nosuch"), (b"{}", 400, "Malformed request body"),
    (b"[]", 400, "Malformed request body"), (b"", 400, "Malformed request body"),
    (b'{"trigger_crash_dump": null}', 404, "The resource could not be found.")])
def test_an_action_is_named_by_the_only_key_of_its_body(cloud, body, status, message):
    answer = cloud(compute("/servers/a/action"), "POST", body)
    assert answer.status_int == status
    assert message is None or next(iter(answer.json.values()))["message"] == message


def test_a_query_is_utf_8_or_refused(cloud):
    assert cloud(compute("/servers?name=%C3%A9&effective")).json["query"] == {"name": ["é"], "effective": [""]}
    refused = cloud(compute("/servers?name=%ff"))
    assert (refused.status_int, refused.json["badRequest"]["message"]) == (400, "Query string is not UTF-8 encoded")
    assert cloud(compute("/servers?" + "&".join(["a=1"] * 1001))).status_int == 400


@pytest.mark.parametrize("inner", ["[" * 150 + "]" * 150, '{"a":' * 150 + "1" + "}" * 150])
def test_bodies_nested_too_deep_to_be_stored_are_refused(cloud, inner):
    body = '{"server": %s}'
    assert cloud(compute("/servers"), "POST", (body % inner).encode()).status_int == 400
    wide = "[" + "[1]," * 500 + "[]]"
    assert cloud(compute("/servers"), "POST", (body % wide).encode()).status_int == 202


# ---- answers

def test_answers_carry_status_headers_and_streams(cloud):
    made = cloud(compute("/servers"), "POST", b'{"server": 1}')
    assert (made.status, made.headers["Location"], made.json) == ("202 Accepted", "/there", {"server": 1})
    streamed = cloud("/image/v2/file")
    assert "Content-Length" not in streamed.headers and streamed.body == b"abcd"
    stopped = cloud(compute("/servers/a/action"), "POST", b'{"os-stop": null}')
    assert stopped.body == b"" and stopped.headers["Content-Length"] == "0"


# ---- faults

@pytest.mark.parametrize("id, mount, status, body", [
    ("missing", "/compute/v2.1", 404, {"itemNotFound": {"code": 404,
                                                        "message": "Instance missing could not be found."}}),
    ("missing", "/identity/v3", 404, {"error": {"code": 404, "message": "Instance missing could not be found.",
                                                "title": "Not Found"}}),
    ("missing", "/network/v2.0", 404, {"NeutronError": {"type": "ServerNotFound", "detail": "",
                                                        "message": "Instance missing could not be found."}}),
    ("policy", "/compute/v2.1", 403, {"forbidden": {"code": 403,
                                                    "message": "Policy doesn't allow x:y to be performed."}}),
    ("policy", "/identity/v3", 403, {"error": {"code": 403, "title": "Forbidden", "message":
                                               "You are not authorized to perform the requested action: x:y."}}),
    ("busy", "/compute/v2.1", 409, {"conflictingRequest": {"code": 409, "message": "busy"}}),
    ("busy", "/network/v2.0", 409, {"NeutronError": {"type": "HTTPConflict", "message": "busy", "detail": ""}}),
    ("gone", "/compute/v2.1", 507, {"computeFault": {"code": 507,
                                                     "message": "No space left in x: 1 bytes needed, 0 free."}})])
def test_errors_take_the_shape_of_their_service(cloud, id, mount, status, body):
    answer = cloud(f"{mount}/servers/{id}")
    assert (answer.status_int, answer.json) == (status, body)


@pytest.mark.parametrize("id", ["no-answer", "away"])
def test_hosts_and_addresses_are_for_the_log_alone(cloud, id, caplog):
    answer = cloud(compute(f"/servers/{id}"))
    assert (answer.status_int, answer.headers["Retry-After"]) == (503, "5")
    assert "secret" not in answer.text and "secret" in caplog.text


@pytest.mark.parametrize(("path", "method"), [
    ("/compute/v2.1/servers/a%0AFORGED", "GET"), ("/compute/v2.1/servers?x=%1B", "\x1b[2J"),
    ("/compute/v2.1/servers/secret?%0D", "GET")])
def test_control_characters_of_clients_are_escaped_in_the_log(cloud, path, method, caplog):
    caplog.set_level("INFO")
    cloud(path, method)
    [line] = [each.getMessage() for each in caplog.records if "status:" in each.getMessage()]
    assert line.isprintable()


def test_neutrons_errors_for_missing_paths_and_methods_have_types(cloud):
    assert cloud("/network/v2.0/nowhere").json["NeutronError"]["type"] == "HTTPNotFound"
    assert cloud("/network/v2.0/servers", "PATCH").json["NeutronError"]["type"] == "HTTPMethodNotAllowed"


def test_errors_of_the_image_api_are_html_pages(cloud):
    answer = cloud("/image/v2/servers/missing", Accept="*/*")
    assert answer.content_type == "text/html" and "Instance missing could not be found.<br /><br />" in answer.text
    assert cloud("/image/v2/servers/missing", Accept="application/json").json["title"] == "Not Found"


@pytest.mark.parametrize("id", ["secret", "internal"])
@pytest.mark.parametrize("mount", ["/compute/v2.1", "/identity/v3", "/image/v2", "/network/v2.0"])
def test_an_unexpected_error_is_a_500_that_shows_only_the_request_id(cloud, mount, id):
    answer = cloud(f"{mount}/servers/{id}")
    assert answer.status_int == 500
    assert answer.headers["x-openstack-request-id"] in answer.text
    for word in ("hunter2", "/etc/secret", "Traceback", "RuntimeError"):
        assert word not in answer.text


# ---- what is repeated of a request

@pytest.mark.parametrize("mount", ["/compute/v2.1", "/identity/v3", "/image/v2", "/network/v2.0"])
def test_an_error_shortens_the_parts_of_the_request_that_it_quotes(cloud, mount):
    answer = cloud(mount + "/servers", "POST", b'{"server": 1, "' + b"x" * 70000 + b'": 1}')
    assert answer.status_int < 300
    body = b'["' + b"x" * 70000 + b'"]'
    answer = cloud(mount + "/servers", "POST", body)
    assert answer.status_int == 400 and len(answer.body) < 2000, answer.text[:200]
    if mount != "/identity/v3":         # which refuses what is no object before any schema sees it
        assert "characters" in answer.text and "is not of type 'object'" in answer.text or "required" in answer.text


# ---- pages of other hosts

ORIGIN = "https://dashboard.example"
ASKED = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT",
         "Access-Control-Request-Headers": "X-Auth-Token,Content-Type,OpenStack-API-Version"}
PATHS = ("/compute/v2.1/servers", "/identity/v3/auth/tokens", "/image/v2/images/x/file", "/network/v2.0/networks", "/")


@pytest.fixture
def browser(cloud, conf):
    conf.set_override("allowed_origin", [ORIGIN], "cors")
    application = cors.around(cloud.app)

    def call(path, method="GET", token=None, **headers):
        req = Request.blank(path, method=method, headers=headers | ({"X-Auth-Token": token} if token else {}))
        return req.get_response(application)
    return call


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_request_of_a_browser_needs_no_token(browser, path):
    answer = browser(path, "OPTIONS", **ASKED)
    assert (answer.status_int, answer.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == ASKED["Access-Control-Request-Headers"]
    assert answer.headers["Access-Control-Max-Age"] == "3600"


@pytest.mark.parametrize("path", PATHS[:4])
@pytest.mark.parametrize("token", ["tok", None])
def test_a_page_of_an_allowed_origin_may_read_answers_and_errors(browser, path, token):
    answer = browser(path, token=token, Origin=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    exposed = answer.headers["Access-Control-Expose-Headers"].split(",")
    assert {"X-Subject-Token", "X-Openstack-Request-Id", "OpenStack-API-Version"} <= set(exposed)
    assert "Origin" in answer.headers["Vary"]
    assert ("X-Auth-Token" in answer.headers["Vary"]) is path.startswith("/identity")


@pytest.mark.parametrize("headers", [{**ASKED, "Origin": "https://elsewhere.example"},
                                     {**ASKED, "Access-Control-Request-Method": "CONNECT"},
                                     {**ASKED, "Access-Control-Request-Headers": "X-Unknown"}])
def test_a_preflight_of_another_origin_or_header_is_not_allowed(browser, headers):
    assert "Access-Control-Allow-Origin" not in browser(PATHS[0], "OPTIONS", **headers).headers


def test_the_cors_middleware_is_absent_without_allowed_origins(cloud, conf):
    assert cors.around(cloud.app) is cloud.app
    assert "Access-Control-Allow-Origin" not in cloud(PATHS[0], Origin=ORIGIN).headers


def test_a_request_without_an_origin_is_answered_without_cors_headers(browser):
    assert not any(name.startswith("Access-Control") for name in browser(PATHS[0], token="tok").headers)
