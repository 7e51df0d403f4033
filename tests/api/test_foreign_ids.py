"""Whoever knows the ids of what belongs to others can do nothing with them: every route with an id, from its table.

An outsider, member of a project of his own, sends what the route's schema takes, and is answered as for the id of
nothing, but where Keystone itself shows what is there.  At least one request of each route must come as far as the
question whose it is.
"""

import re

import hypothesis
import pytest
from hypothesis import strategies as st

from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.routing import Route
from nova_lite.api.wsgi.validation import Since
from tests import whole_cloud
from tests.whole_cloud import whole  # noqa: F401

SETTINGS = hypothesis.settings(max_examples=8, derandomize=True, database=None, deadline=None,
                               suppress_health_check=list(hypothesis.HealthCheck),
                               phases=(hypothesis.Phase.generate,))
#: The ids of all that is there, and one of nothing: no answer may differ between the two.
ID = re.compile("[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
NOTHING = "4f7ce51b-d49e-41a4-b197-000000000000"
#: What everybody may see.
OPEN = {
    ("compute", "GET /flavors/{id}"), ("compute", "GET /flavors/{flavor_id}/os-extra_specs"),
    ("compute", "GET /flavors/{flavor_id}/os-extra_specs/{id}"), ("compute", "GET /extensions/{id}"),
    ("compute", "GET /os-quota-sets/{id}/defaults"), ("identity", "GET /regions/{id}"),
    ("network", "GET /extensions/{alias}"), ("network", "GET /default-security-group-rules/{id}"),
    ("network", "DELETE /default-security-group-rules/{id}")}
#: Where Keystone looks for what is named, and says so, before it asks who may: 404 for nothing, else 403.
LOOKS_FIRST = re.compile(r"(PATCH|DELETE) /domains/{id}|\w+ /roles/{id}.*|"
                         r"\w+ /\w+(/{target_id})?/users/{user_id}/roles.*")
#: What nobody can do, whoever owns it; and what takes no JSON, of which test_image_api asks.
ELSEWHERE = ("/os-baremetal-nodes/{id}", "/images/{id}/file", "(os-getRDPConsole)")
#: Bodies that are checked without a schema, or by what the URL says.
BODIES = {"PATCH /images/{id}": [{"op": "replace", "path": "/name", "value": "x"}],
          "POST /images/{id}/members": {"member": "outsider"},
          "PUT /images/{image_id}/metadata/{id}": {"meta": {"key": "x"}}}
ENTRIES = [(service, entry) for service, table in whole_cloud.TABLES.items()
           for entry in (*table.ROUTES, *getattr(table, "ACTIONS", ()))
           if "{" in str(entry) and entry.target != "retired:gone" and (service, str(entry)) not in OPEN
           and not any(each in str(entry) for each in ELSEWHERE)]


@pytest.fixture(scope="module")
def outsider(whole):  # noqa: F811
    """The cloud with a user who has nothing to do with the others."""
    whole.add_outsider()
    return whole


@st.composite
def requests(draw, cloud, service, entry):
    """(HTTP method, URL, body, microversion)"""
    is_route = isinstance(entry, Route)
    table = cloud.app.services[service].table
    plans = table.paths[entry.path][entry.method] if is_route else table.actions[entry.on][entry.name]
    schema = getattr(next(plan.method for plan in plans if plan.declared is entry), "body_schema", None)
    version = microversion.parse(entry.until or "2.104") if service == "compute" else None
    if isinstance(schema, Since):
        schema = schema.schemas[schema.number(version)]
    body = BODIES.get(str(entry)) or (draw(cloud.values.valid(schema)) if schema else None)
    template = entry.path if is_route else f"/{entry.on}/{{id}}/action"
    text = version and str(version)
    return getattr(entry, "method", "POST"), cloud.path(service, template, text), body if is_route or body else {
        entry.name: None}, text


@pytest.mark.parametrize(("service", "entry"), ENTRIES, ids=lambda each: str(each).replace(" ", "_"))
def test_resources_of_another_project_are_answered_as_missing(outsider, service, entry):
    answers = []

    @SETTINGS
    @hypothesis.given(requests(outsider, service, entry))
    def ask(request):
        method, url, body, version = request
        answer = outsider.send(method, url, body, user="outsider", version=version)
        answers.append((answer.status_int, answer.text))
        assert 400 <= answer.status_int < 500, (request, answer.text)
        nothing = outsider.send(method, ID.sub(NOTHING, url), body, user="outsider", version=version)
        if service == "identity" and LOOKS_FIRST.fullmatch(str(entry)):
            assert nothing.status_int in (400, 404), (request, nothing.text)
        else:
            assert answer.status_int == nothing.status_int, (request, answer.text, nothing.text)
        assert not outsider.changed() or not outsider.different(), request

    ask()
    assert {status for status, _ in answers} & {401, 403, 404, 410}, answers
