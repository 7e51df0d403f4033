"""Every route of every service, walked: what holds for all of them, whatever they do.

Requests are made from the schemas that the routes declare: each as it should be, and with a number that is too large
(or no number) in each place that a client can write to: path, query, headers, and each value in the body.
"""

import json
import random

import pytest
from webob import Request

from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.routing import Route
from nova_lite.api.wsgi.validation import Since
from tests import sampled, whole_cloud
from tests.whole_cloud import whole  # noqa: F401

#: What overflows an integer column, SQLite's integers, C's, Python's reader of numbers, and a float.
NUMBERS = (2**31, 2**63, 2**64, 10**30, -1, -2**63 - 1)
TEXTS = (*map(str, NUMBERS), "1e400", "9" * 5000)
QUERIES = ("limit", "marker", "offset", "page", "sort_key", "size_min", "min_ram", "changes-since")
HEADERS = {"OpenStack-API-Version": "compute {}", "X-OpenStack-Nova-API-Version": "2.{}",
           "Content-Range": "bytes 0-{}/*", "Range": "bytes={}-", "Content-Length": "{}", "Idempotency-Key": "{}",
           "If-Match": "revision_number={}", "X-Image-Meta-Size": "{}", "x-openstack-image-size": "{}"}
#: Bodies that are checked without a schema.
BODIES = {
    "POST /images/{id}/members": {"member": 1},
    "PATCH /images/{id}": [{"op": "replace", "path": "/min_ram", "value": 1}],
    "PUT /images/{id}/file": b"x",
    "POST /servers/{id}/action (os-getConsoleOutput)": {"os-getConsoleOutput": {"length": 1}},
    "POST /auth/tokens": {"auth": {"scope": {"project": {"id": 1}}, "identity": {
        "methods": ["password"], "password": {"user": {"id": 1, "password": 1}}}}}}
ENTRIES = [(service, entry) for service, table in whole_cloud.TABLES.items()
           for entry in (*table.ROUTES, *getattr(table, "ACTIONS", ())) if entry.target != "retired:gone"]
#: A run of everything asks a part of the routes for these thousands of numbers, and another one every day.
PARTS = 4


def each(entries):
    return pytest.mark.parametrize(("service", "entry"), entries, ids=lambda each: str(each).replace(" ", "_"))


#: A 500 that Nova has, too: the host may do it yet.
HOST_AWAY = "did not attach the network adapter device in time"


class Walked:
    """One entry of a table: how it is asked as it should be."""

    def __init__(self, cloud, service, entry):
        table = cloud.app.services[service].table
        plans = table.paths[entry.path][entry.method] if isinstance(entry, Route) else \
            table.actions[entry.on][entry.name]
        self.control = next(plan.method for plan in plans if plan.declared is entry)
        self.cloud = cloud
        self.method = getattr(entry, "method", "POST")
        self.version = (entry.until or "2.104") if service == "compute" else None
        self.template = entry.path if isinstance(entry, Route) else f"/{entry.on}/{{id}}/action"
        self.url = cloud.path(service, self.template, self.version)
        self.root = whole_cloud.ROOTS[service]
        self.queries = {*QUERIES, *(self.schema("query") or {}).get("properties", ())}
        self.body_schema = self.schema("body")
        self.body = BODIES.get(str(entry)) or (self.good(self.body_schema) if self.body_schema else None)
        if not isinstance(entry, Route) and not isinstance(self.body, dict):
            self.body = {entry.name: self.body}

    def schema(self, kind):
        made = getattr(self.control, f"{kind}_schema", None)
        if isinstance(made, Since):
            return made.schemas[made.number(microversion.parse(self.version) if self.version else None)]
        return made

    def good(self, schema):
        """A value of ``schema`` with every property that it names."""
        strategy = self.cloud.values.valid(schema)
        return json.loads(json.dumps(first_of(strategy)))

    def ask(self, url=None, body=None, headers=()):
        """Send it, check the answer, and put back what it changed."""
        req = Request.blank("/", method=self.method)
        req.environ["PATH_INFO"], _, req.environ["QUERY_STRING"] = (url or self.url).partition("?")
        body = self.body if body is None else body
        if body is not None:
            req.body = body if isinstance(body, bytes) else dumped(body)
            patch = self.method == "PATCH" and self.root.startswith("/image")
            req.content_type = "application/octet-stream" if isinstance(body, bytes) else \
                "application/openstack-images-v2.1-json-patch" if patch else "application/json"
        req.headers["X-Auth-Token"] = req.headers["X-Subject-Token"] = self.cloud.tokens["admin"]
        if self.version:
            req.headers["OpenStack-API-Version"] = f"compute {self.version}"
        req.headers.update(headers)
        try:
            answer = req.get_response(self.cloud.app)
            assert answer.body is not None
            return answer
        finally:
            if self.cloud.changed():
                self.cloud.restore()


def first_of(strategy):
    """One value of a strategy, the same each time, of those with most in them."""
    import hypothesis
    made = []

    @hypothesis.settings(max_examples=12, derandomize=True, database=None, deadline=None,
                         suppress_health_check=list(hypothesis.HealthCheck), phases=(hypothesis.Phase.generate,))
    @hypothesis.given(strategy)
    def take(value):
        made.append(value)

    take()
    return max(made, key=lambda each: len(json.dumps(each)))


def dumped(body):
    """JSON in which the text "1e400" is a number that no float holds."""
    return json.dumps(body).replace('"1e400"', "1e400").encode()


def replaced(value, schema, number):
    """``value`` with ``number`` in the place of each value in it, and of each that its schema names besides."""
    yield number
    schema = schema if isinstance(schema, dict) else {}
    if isinstance(value, dict):
        named = schema.get("properties", {})
        for key in sorted({*value, *named}):
            for inner in replaced(value.get(key), named.get(key), number):
                yield {**value, key: inner}
    elif isinstance(value, list):
        for index, each in enumerate(value[:1]):
            for inner in replaced(each, schema.get("items"), number):
                yield [*value[:index], inner, *value[index + 1:]]


def check_no_type_without_content(answer, method):
    if not answer.body and method != "HEAD":
        assert "Content-Type" not in answer.headers, f"{answer.status} has {answer.headers['Content-Type']}"


def check_no_error_of_ours(answer, what):
    late = answer.status_int == 500 and HOST_AWAY in answer.text
    assert answer.status_int < 500 or answer.status_int in (501, 503) or late, f"{what}: {answer.text}"


@each(ENTRIES)
def test_an_answer_without_content_has_no_content_type(whole, service, entry):  # noqa: F811
    walked = Walked(whole, service, entry)
    for body in (None, b"", b"{}"):
        check_no_type_without_content(walked.ask(body=body), walked.method)


@each(sampled.part_of(ENTRIES, PARTS, whole_cloud.ONCE_BROKEN))
def test_a_number_that_is_too_large_is_refused_without_an_error(whole, service, entry):  # noqa: F811
    walked = Walked(whole, service, entry)
    for text in TEXTS:
        for url in paths(walked, text):
            check_no_error_of_ours(walked.ask(url), url[:200])
        for name, form in HEADERS.items():
            check_no_error_of_ours(walked.ask(headers={name: form.format(text)}), f"{name}: {text[:50]}")
    if not isinstance(walked.body, bytes) and walked.body is not None:
        places = [(body, number) for number in (*NUMBERS, *TEXTS)
                  for body in replaced(walked.body, walked.body_schema, number)]
        for body, number in random.Random(str(entry)).sample(places, min(len(places), 400)):
            check_no_error_of_ours(walked.ask(body=body), f"{str(number)[:40]} in {str(body)[:500]}")


def paths(walked, text):
    """URLs with ``text`` in the place of the last id, and as the value of each query."""
    if "{" in walked.template:
        head, _, tail = walked.template.rpartition("{")
        known = walked.cloud.path(walked.root.split("/")[1], head.rstrip("/") or "/")
        yield f"{known}/{text}{tail.partition('}')[2]}"
    for name in sorted(walked.queries):
        yield f"{walked.url}?{name}={text}"
