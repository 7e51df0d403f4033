"""The compute table, its handlers, rules and schemas name each other: nothing is half there."""

import types
from unittest import mock

import pytest

from nova_lite import policies  # noqa: F401
from nova_lite.api.compute import routes
from nova_lite.api.compute.schemas import types as words
from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.routing import Route, Table
from nova_lite.api.wsgi.validation import Since
from nova_lite.common import policy

FACADES = types.SimpleNamespace(compute=mock.MagicMock(), network=mock.MagicMock(), image=mock.MagicMock(),
                              identity=mock.MagicMock())
CONTROLLERS = routes.controllers(FACADES)
ENTRIES = (*routes.ROUTES, *routes.ACTIONS)
#: Every user lists and shows flavors: no rule is asked, in Nova neither.
UNRULED = {"flavors:index", "flavors:detail", "flavors:show", "retired:gone"}
#: The image service's rules are asked instead, or none: what they answer is always the same.
UNRULED |= {"images:index", "images:detail", "images:show", "images:delete", "image_metadata:index",
            "image_metadata:create", "image_metadata:update_all", "image_metadata:show", "image_metadata:update",
            "image_metadata:delete", "bare_metal:create", "bare_metal:delete", "bare_metal:add_interface",
            "bare_metal:remove_interface", "remote_consoles:rdp"}
#: These take no body.
BODILESS = {"DELETE", "GET"}


def handler(entry):
    name, _, method = entry.target.partition(":")
    assert name in CONTROLLERS, f"no CONTROLLERS of nova_lite/api/compute/*routes.py names {name!r} ({named(entry)})"
    controller = CONTROLLERS[name]
    file = type(controller).__module__.replace(".", "/")
    assert hasattr(controller, method), f"{file}.py: {type(controller).__name__} has no {method}"
    return getattr(controller, method)


def named(entry):
    return f"{entry.method} {entry.path}" if isinstance(entry, Route) else f"action {entry.name}"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_every_route_has_a_handler_and_a_declared_rule(entry):
    assert callable(handler(entry))
    if entry.target in UNRULED:
        assert entry.policy is None
    else:
        assert entry.policy in {rule.name for rule in policy.declared()}, (
            f"no module of nova_lite/policies/ declares {entry.policy}")


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_bodies_and_queries_have_schemas(entry):
    if entry.target == "retired:gone":
        return                              # whatever is sent, the answer is 410
    method = "POST" if not isinstance(entry, Route) else entry.method
    if method not in BODILESS:
        assert hasattr(handler(entry), "body_schema"), f"no @validation.body at {entry.target}: its body is not checked"
    if method == "GET":
        assert hasattr(handler(entry), "query_schema"), (
            f"no @validation.query at {entry.target}: its query is not checked")


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_versions_are_ones_that_exist(entry):
    for text in (entry.since, entry.until):
        assert text is None or microversion.MINIMUM <= microversion.parse(text) <= microversion.MAXIMUM


def test_every_public_method_of_a_controller_has_a_route():
    reached = {entry.target for entry in ENTRIES}
    there = {f"{name}:{method}" for name, controller in CONTROLLERS.items()
             for method in dir(controller) if not method.startswith("_")}
    assert there == reached, (
        f"{', '.join(sorted(there ^ reached))}: a public method without a route, or a route without a method")


def test_the_table_can_be_built_and_finds_fixed_paths_before_ids():
    table = Table(routes.ROUTES, routes.ACTIONS, CONTROLLERS)
    assert table.match("/servers/detail") == ("/servers/detail", {})
    assert table.match("/servers/some-id/action")[0] == "/servers/{id}/action"
    assert table.match("/os-hypervisors/statistics")[0] == "/os-hypervisors/statistics"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_objects_in_body_schemas_say_which_keys_they_take(entry):
    """An object that forgets additionalProperties would let typing errors through."""
    schema = getattr(handler(entry), "body_schema", {})
    for each in schema.schemas if isinstance(schema, Since) else [schema]:
        _check_closed(each)


def _check_closed(schema):
    if schema.get("type") == "object":
        assert "additionalProperties" in schema, f"write it with closed() of schemas/types.py: {schema}"
    for value in schema.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                _check_closed(each)


def test_extending_a_schema_leaves_the_original_as_it_was():
    first = words.closed(a=words.NAME)
    second = words.extended(first, b=words.NAME)
    third = words.extended(second, without=["a"])
    assert (list(first["properties"]), list(second["properties"]), list(third["properties"])) == (
        ["a"], ["a", "b"], ["b"])
