"""Whatever is sent to any route of any API: never a 500, a fault in the service's own shape, and no half-done change.

hypothesis makes paths, queries and bodies from the schemas that the routes declare, valid ones and broken ones.  A run
takes the same examples each time; NOVA_LITE_TEST_EXAMPLES=500 makes that many for each route, and other ones each time.
"""

import os
import signal
from urllib.parse import quote

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.routing import Route
from nova_lite.api.wsgi.validation import Since
from nova_lite.db.models.servers import Flavor
from tests import sampled, schema_values, whole_cloud
from tests.whole_cloud import whole  # noqa: F401

LONG = int(os.environ.get("NOVA_LITE_TEST_EXAMPLES", 0))
SETTINGS = hypothesis.settings(
    max_examples=LONG or 25, derandomize=not LONG, database=None, deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=(hypothesis.Phase.generate,))
#: Bodies that are checked without a schema.
OPEN = {"POST /images/{id}/members": {"type": "object", "required": ["member"], "properties": {
    "member": {"type": "string"}}}, "PATCH /images/{id}": {"type": "array", "items": {
    "type": "object", "required": ["op", "path", "value"], "properties": {
        "op": {"enum": ["add", "replace", "remove"]}, "value": {},
        "path": {"enum": ["/name", "/tags", "/key", "/new", "/min_ram", "/visibility", "/protected", "/owner"]}}}}}
#: A 500 that Nova has, too: the host may do it yet.
HOST_AWAY = "did not attach the network adapter device in time"
#: A run of everything asks a part of the routes, and another one every day.
PARTS = 2
#: Longer than this, and a request hangs.
SECONDS = 30
ENTRIES = [(service, entry) for service, table in whole_cloud.TABLES.items()
           for entry in (*table.ROUTES, *getattr(table, "ACTIONS", ())) if entry.target != "retired:gone"]


def method_of(cloud, service, entry):
    controllers = cloud.app.services[service].table
    if isinstance(entry, Route):
        plans = controllers.paths[entry.path][entry.method]
    else:
        plans = controllers.actions[entry.on][entry.name]
    return next(plan.method for plan in plans if plan.declared is entry)


def schema_of(method, kind, version):
    """The schema for a body or query in ``version``; None where the method has none."""
    schema = getattr(method, f"{kind}_schema", None)
    return schema.schemas[schema.number(version)] if isinstance(schema, Since) else schema


@st.composite
def requests(draw, cloud, service, entry):
    """(HTTP method, URL, body, user, version)"""
    method = method_of(cloud, service, entry)
    version = None
    if service == "compute":
        first, last = microversion.parse(entry.since or "2.1"), microversion.parse(entry.until or "2.104")
        marks = [each.minor for kind in ("body", "query")
                 if isinstance(schema := getattr(method, f"{kind}_schema", None), Since) for each in schema.versions]
        marks = sorted({first.minor, last.minor, *(each for each in marks if first.minor <= each <= last.minor)})
        version = microversion.Version(2, draw(st.sampled_from(marks) | st.integers(first.minor, last.minor)))
    template = entry.path if isinstance(entry, Route) else f"/{entry.on}/{{id}}/action"
    odd = draw(st.sampled_from(schema_values.TEXTS)) if "{" in template and draw(st.integers(0, 7)) == 5 else None
    server = draw(st.sampled_from((cloud.servers[0],) * 4 + tuple(cloud.servers)))
    url = cloud.path(service, template, version and str(version), odd=odd, server=server)
    query = schema_of(method, "query", version)
    if query is not None:
        pairs = draw(schema_values.queries(cloud.values, query))
        url += "?" + "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
    schema = OPEN.get(str(entry)) or schema_of(method, "body", version)
    body = draw(schema_values.bodies(cloud.values, schema)) if schema is not None else None
    if not isinstance(entry, Route) and not isinstance(body, bytes | dict):
        body = {entry.name: body}
    return (getattr(entry, "method", "POST"), url, body, draw(st.sampled_from(("admin", "admin", "demo"))),
            str(version) if version else None)


def _quoted(text):
    return quote(text, safe="", errors="surrogatepass")


@pytest.fixture
def time_limit():
    """A request that takes too long fails its test instead of the run."""
    def hangs(_signal, _frame):
        raise TimeoutError(f"a request was not answered within {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, hangs)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("service", "entry"), sampled.part_of(ENTRIES, PARTS, whole_cloud.ONCE_BROKEN),
                         ids=lambda each: str(each).replace(" ", "_"))
def test_bad_input_is_refused_and_changes_nothing(whole, time_limit, service, entry):  # noqa: F811
    @SETTINGS
    @hypothesis.given(requests(whole, service, entry))
    def ask(request):
        check(whole, service, *request)

    ask()


def check(cloud, service, method, url, body, user, version):
    """Send one request, and check its answer and what it left."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    answer = cloud.send(method, url, body, user=user, version=version)
    assert answer.body is not None
    signal.setitimer(signal.ITIMER_REAL, 0)
    changed = cloud.changed()
    try:
        late = answer.status_int == 500 and HOST_AWAY in answer.text
        assert answer.status_int < 500 or answer.status_int in (501, 503) or late, answer.text
        if answer.status_int >= 400 and not late:
            if method != "HEAD":
                _check_fault(service, answer)
            assert not changed or not cloud.different(), f"refused with {answer.status_int}, and changed something"
    finally:
        if changed:
            cloud.restore()


def _check_fault(service, answer):
    status = answer.status_int
    assert answer.headers["x-openstack-request-id"].startswith("req-")
    if answer.content_type != "application/json":
        assert service == "image" or status in (404, 413), answer.text
        assert answer.text.strip()
        return
    (kind, fault), = answer.json.items()
    if service == "network":
        assert kind == "NeutronError" and set(fault) == {"type", "message", "detail"}
    elif service == "identity":
        assert kind == "error" and fault["code"] == status and fault["title"]
    else:
        assert fault["code"] == status
    assert isinstance(fault["message"], str) and fault["message"].strip()
    assert "Traceback" not in fault["message"] and "sqlalchemy" not in fault["message"]


def test_a_change_before_a_refusal_would_be_seen_and_undone(whole, monkeypatch):  # noqa: F811
    send, path = whole.send, whole.path("compute", "/servers/{id}")

    def half_done(*_, **__):
        send("DELETE", path, user="demo")
        return send("POST", "/compute/v2.1/servers", {}, user="demo")

    monkeypatch.setattr(whole, "send", half_done)
    with pytest.raises(AssertionError, match="changed something"):
        check(whole, "compute", "GET", path, None, "demo", "2.1")
    assert send("GET", path, user="demo").json["server"]["status"] == "ACTIVE"


@pytest.mark.parametrize("values", [{"name": "a\0"}, {"name": "x" * 256}, {"vcpus": 2**31},
                                    {"extra_specs": {"a": "\0"}}])
def test_sqlite_refuses_values_that_other_databases_refuse(whole, values):  # noqa: F811
    row = {"flavorid": "x", "name": "x", "vcpus": 1, "memory_mb": 1, "root_gb": 1, **values}
    with pytest.raises(whole_cloud.Refused), whole.engine.begin() as connection:
        connection.execute(sa.insert(Flavor).values(row))
