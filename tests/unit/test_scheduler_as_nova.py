"""Filters and weighers answer as Nova's own do: tests/golden/scheduler_*.jsonl have what those of Nova 34 answered.

Each line of the filters is [filter, what was asked..., whether the host of ``tests.unit.scheduling`` passed].  Cases in
which Nova's filter fails with an exception are not among them: here the host is refused then.  Nor are queries with
"not", which Nova takes for true wherever it is not the outermost.
"""

import json
import os

import pytest

from nova_lite.scheduler import weighers
from nova_lite.scheduler.filters import aggregate, capabilities, image_properties, json_query, matching
from nova_lite.scheduler.request import Group
from tests.unit.scheduling import host, request

_GOLDEN = os.path.join(os.path.dirname(os.path.dirname(__file__)), "golden")


def passes(module, asked):
    return module.needs(asked) is None or module.refuse(asked, host()) is None


def in_aggregates(refuse, metadata, **asked):
    return refuse(request(**asked), host(aggregates=metadata)) is None


ANSWERS = {
    "operators": matching.matches,
    "query": lambda query: passes(json_query, request(hints={"query": [query]})),
    "image": lambda properties: passes(image_properties, request(image_properties=properties)),
    "capabilities": lambda specs: passes(capabilities, request(extra_specs=specs)),
    "extra specs": lambda specs, metadata: in_aggregates(aggregate.extra_specs, metadata, extra_specs=specs),
    "tenants": lambda metadata: in_aggregates(aggregate.tenants, metadata),
}


def recorded(what):
    with open(os.path.join(_GOLDEN, f"scheduler_{what}.jsonl")) as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_filter_answers_as_novas_does(conf, name):
    cases = [case for kind, *case in recorded("filters") if kind == name]
    assert {case[-1] for case in cases} == {True, False}
    different = [case for case in cases if bool(ANSWERS[name](*case[:-1])) is not case[-1]]
    assert different == []


def test_hosts_have_the_same_weights_as_in_nova(conf):
    for case in recorded("weights"):
        asked = request(group=case["policy"] and Group(case["policy"], case["placed"]))
        ranked = weighers.rank(asked, [host(**each) for each in case["hosts"]])
        assert {each.host.name: each.weight for each in ranked} == pytest.approx(case["weights"], abs=1e-5), case
