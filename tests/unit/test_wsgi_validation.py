"""Bodies and queries against schemas: what passes, and in which words the rest is refused."""

import json
import types

import pytest

from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.formats import FORMATS
from nova_lite.api.wsgi.microversion import Version
from nova_lite.common import exceptions

SERVER = {"type": "object", "additionalProperties": False, "required": ["server"], "properties": {"server": {
    "type": "object", "additionalProperties": False, "required": ["name"], "properties": {
        "name": {"type": "string", "format": "name", "minLength": 1, "maxLength": 255},
        "count": {"type": ["integer", "string"], "pattern": "^[0-9]*$", "minimum": 1, "maximum": 10},
        "mode": {"enum": ["AUTO", "MANUAL"]},
        "metadata": {"type": "object", "additionalProperties": False,
                     "patternProperties": {"^[a-z]+$": {"type": "string", "maxLength": 5}}},
        "networks": {"type": "array", "items": {"type": "object", "properties": {
            "uuid": {"type": "string", "format": "uuid"}}}}}}}}


class Controller:
    @validation.body(SERVER)
    def create(self, req):
        return req.body_json

    @validation.body(validation.Since({"2.1": {"type": "object", "properties": {"old": {}},
                                               "additionalProperties": False},
                                       "2.19": {"type": "object", "properties": {"new": {}},
                                                "additionalProperties": False}}))
    def update(self, req):
        return req.body_json

    @validation.query({"type": "object", "properties": {"limit": {"type": "array", "maxItems": 1, "items": {
        "type": "string", "pattern": "^[0-9]*$"}}}, "patternProperties": {"^tag-": {}}})
    def index(self, req):
        return req.query


def request(body=None, query=None, version=Version(2, 1)):
    made = types.SimpleNamespace(body_json=body, query=query, version=version, old=False,
                                 raw_body=json.dumps(body).encode())
    made.narrow_query = lambda value: setattr(made, "query", value)
    return made


def refusal(body):
    with pytest.raises(exceptions.ValidationError) as refused:
        Controller().create(request(body))
    return str(refused.value)


@pytest.mark.parametrize("server", [
    {"name": "a"}, {"name": "é 漢"}, {"name": "a", "count": 10}, {"name": "a", "count": "10"},
    {"name": "a", "metadata": {"k": "v"}}, {"name": "a", "networks": [{"uuid": "b" * 32}]}])
def test_a_body_that_fits_the_schema_passes(server):
    assert Controller().create(request({"server": server})) == {"server": server}


@pytest.mark.parametrize("body, message", [
    (None, "None is not of type 'object'"), ([], "[] is not of type 'object'"),
    ({}, "'server' is a required property"),
    ({"server": {}}, "Invalid input for field/attribute server. Value: {}. 'name' is a required property"),
    ({"server": {"name": 3}}, "Invalid input for field/attribute name. Value: 3. 3 is not of type 'string'"),
    ({"server": {"name": ""}}, "Invalid input for field/attribute name. Value: . '' should be non-empty"),
    ({"server": {"name": " a"}}, "An invalid 'name' value was provided. The name must be: printable characters. "
                                 "Can not start or end with whitespace."),
    ({"server": {"name": "a\0"}}, "An invalid 'name' value was provided. The name must be: printable characters. "
                                  "Can not start or end with whitespace."),
    ({"server": {"name": "a", "x": 1, "y": 2}},
     "Invalid input for field/attribute server. Value: {'name': 'a', 'x': 1, 'y': 2}. "
     "Additional properties are not allowed ('x', 'y' were unexpected)"),
    ({"server": {"name": "a", "count": 0}},
     "Invalid input for field/attribute count. Value: 0. 0 is less than the minimum of 1"),
    ({"server": {"name": "a", "count": "11"}},
     "Invalid input for field/attribute count. Value: 11. 11 is greater than the maximum of 10"),
    ({"server": {"name": "a", "mode": "x"}},
     "Invalid input for field/attribute mode. Value: x. 'x' is not one of ['AUTO', 'MANUAL']"),
    ({"server": {"name": "a", "metadata": {"k": 1}}},
     "Invalid input for field/attribute k. Value: 1. 1 is not of type 'string'"),
    ({"server": {"name": "a", "networks": [{"uuid": "x"}]}},
     "Invalid input for field/attribute uuid. Value: x. 'x' is not a 'uuid'")])
def test_a_body_that_does_not_fit_the_schema_is_refused_with_novas_message(body, message):
    assert refusal(body) == message


@pytest.mark.parametrize("value", ["\0", "a\0b", "\\\0", {"\0": "x"}, ["\0"]])
def test_text_that_postgresql_cannot_keep_is_refused(value):
    with pytest.raises(exceptions.ValidationError, match="NUL"):
        Controller().update(request({"old": value}))
    with pytest.raises(exceptions.ValidationError, match="NUL"):
        Controller().index(request(query={"tag-a": ["1", "\0"]}))


@pytest.mark.parametrize("value", ["\\u0000", "u0000", "\\\\u0000", "\1"])
def test_text_that_only_looks_like_nul_passes(value):
    assert Controller().update(request({"old": value})) == {"old": value}


def test_a_schema_holds_from_its_version_until_the_next():
    controller = Controller()
    for version in (Version(2, 1), Version(2, 18)):
        controller.update(request({"old": 1}, version=version))
    for version in (Version(2, 19), Version(2, 104)):
        controller.update(request({"new": 1}, version=version))
        with pytest.raises(exceptions.ValidationError):
            controller.update(request({"old": 1}, version=version))


def test_a_query_keeps_only_parameters_that_the_schema_names():
    assert Controller().index(request(query={"limit": ["3"], "bogus": ["x"], "tag-a": ["1"]})) == {
        "limit": ["3"], "tag-a": ["1"]}


@pytest.mark.parametrize("query, message", [
    ({"limit": ["x"]}, "Invalid input for query parameters limit. Value: x. 'x' does not match '^[0-9]*$'"),
    ({"limit": ["1", "2"]}, "Invalid input for query parameters limit. Value: ['1', '2']. ['1', '2'] is too long")])
def test_a_bad_query_names_its_parameter(query, message):
    with pytest.raises(exceptions.ValidationError) as refused:
        Controller().index(request(query=query))
    assert str(refused.value) == message


def test_methods_carry_their_schemas():
    assert Controller.create.body_schema is SERVER
    assert isinstance(Controller.update.body_schema, validation.Since)
    assert Controller.index.query_schema["type"] == "object"


@pytest.mark.parametrize("name, good, bad", [
    ("uuid", "b5a0f5ea-7a6c-4f6f-9ee7-7e1d4a1f6c55", "b5a0"), ("base64", "aGVsbG8=", "a"),
    ("cidr", "10.0.0.0/8", "10.0.0.0"), ("ipv4", "1.2.3.4", "1.2.3.400"), ("ipv6", "::1", "1.2.3.4"),
    ("ipv6", "fe80::1", "fe80::1%eth0"),
    ("date-time", "2024-01-01T00:00:00Z", "yesterday"), ("regex", "a+", "("), ("uri", "http://x/y", "/y"),
    ("az_name", "nova", "a:b"), ("name_with_leading_trailing_spaces", " a ", "  "), ("description", "a b", "a\n")])
def test_formats_accept_good_values_and_refuse_bad_ones(name, good, bad):
    assert FORMATS[name](good) and not FORMATS[name](bad)
