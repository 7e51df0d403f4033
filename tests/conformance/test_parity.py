"""Nova's tables held against ours: routes and actions are there in their microversions and in no other, and rules have
their name, default and place.  What is not built yet is listed in ``not_yet.tsv``; who builds it takes it out.
"""

import json

import pytest
from webob import Request

from nova_lite import policies  # noqa: F401
from nova_lite.api.compute import routes
from nova_lite.api.wsgi import app, dialects
from nova_lite.api.wsgi.answer import Answer
from nova_lite.api.wsgi.routing import Table
from nova_lite.api.wsgi.service import Service
from nova_lite.common import policy
from nova_lite.common.context import RequestContext
from tests.conformance import tables

ENTRIES = [*tables.routes(), *tables.actions()]
RULES = tables.rules()
NOT_YET = tables.not_yet()
#: The versions' documents are no entry of the table.
DOCUMENTS = {"GET /", "GET /versions/{id}"}
TABLED = [entry for entry in ENTRIES if str(entry) not in DOCUMENTS]


class _Reached:
    """Stands for a controller: says which of its methods a request came to."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, method):
        return lambda req, **ids: Answer({"reached": f"{self._name}:{method}"}, 200)


def _identity(token, request_id=None):
    return RequestContext("admin", "p", ("admin", "service", "member", "reader"), request_id=request_id)


@pytest.fixture(scope="module")
def surface():
    """The compute API's real table, negotiation and routing over controllers that do nothing."""
    table = Table(routes.ROUTES, routes.ACTIONS, {name: _Reached(name) for name in routes.CONTROLLERS})
    service = Service(dialects.DIALECTS["compute"], table, _identity)
    return app.App({"compute": service})


@pytest.fixture
def reach(surface, conf):
    """``reach(entry, version)``: "controller:method" of who would answer; None where there is no such thing."""
    def ask(entry, version):
        path = "/compute/v2.1" + entry.path.replace("{", "").replace("}", "")
        req = Request.blank(path, method=entry.method)
        req.headers.update({"X-Auth-Token": "t", "OpenStack-API-Version": f"compute {version}"})
        if entry.action:
            req.body, req.content_type = json.dumps({entry.action: None}).encode(), "application/json"
        answer = req.get_response(surface)
        if answer.status_int == 200 and answer.content_type == "application/json" and "reached" in answer.json:
            return answer.json["reached"]
        assert answer.status_int == 404 or "There is no such action" in answer.text, answer.text
        return None
    return ask


def listed(kind, name):
    return (kind, str(name)) in NOT_YET


@pytest.mark.parametrize("entry", TABLED, ids=str)
def test_each_route_and_action_exists_in_its_versions_only(reach, entry):
    here = reach(entry, entry.first)
    if listed(entry.kind, entry):
        assert here is None, f"{entry} works: take it out of not_yet.tsv"
        return
    assert here is not None, f"{entry} is missing in {entry.first}"
    assert reach(entry, entry.last) == here, f"{entry} is missing or another in {entry.last}"
    assert (here == "retired:gone") == entry.retired
    if entry.first != tables.OLDEST:
        assert reach(entry, tables.before(entry.first)) is None, f"{entry} is there before {entry.first}"
    if entry.last != tables.NEWEST:
        assert reach(entry, tables.after(entry.last)) is None, f"{entry} is there after {entry.last}"


def test_every_route_and_action_is_one_of_novas():
    known = {tables.anonymous(str(entry)) for entry in ENTRIES}
    ours = {tables.anonymous(str(entry)) for entry in (*routes.ROUTES, *routes.ACTIONS)}
    assert ours <= known, f"Nova has none of {sorted(ours - known)}"


def test_entries_of_not_yet_are_novas_and_have_a_reason():
    names = {(entry.kind, str(entry)) for entry in ENTRIES} | {("rule", str(rule)) for rule in RULES}
    assert set(NOT_YET) <= names
    assert all(NOT_YET.values()), "each has a reason"


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_each_rule_has_its_name_and_default(rule):
    ours = {each.name: each.check_str for each in policy.declared()}
    if listed("rule", rule):
        assert rule.name not in ours, f"{rule} is declared: take it out of not_yet.tsv"
        return
    assert ours.get(rule.name) == rule.default


def _asked():
    """{operation without names of ids: {rules that Nova asks there}}"""
    found = {}
    for rule in RULES:
        for operation in rule.operations:
            found.setdefault(tables.anonymous(operation), set()).add(rule.name)
    return found


@pytest.mark.parametrize("entry", [*routes.ROUTES, *routes.ACTIONS], ids=str)
def test_each_route_asks_a_rule_that_nova_asks_there(entry):
    asked = _asked().get(tables.anonymous(str(entry)))
    if asked is not None and entry.policy is not None:
        assert entry.policy in asked


def test_the_versions_document_is_there(cloud):
    for path in ("", "/"):
        assert cloud.get(path, user=None)["version"]["version"] == tables.NEWEST
