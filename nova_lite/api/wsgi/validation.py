"""Bodies and queries checked by JSON schema: ``@validation.body(SCHEMA)``, ``@validation.query(SCHEMA)``.

fastjsonschema accepts; only when it refuses, jsonschema is asked for the words, which are then those Nova uses.
"""

import bisect
import functools
import re

import fastjsonschema

from nova_lite.api.wsgi import microversion
from nova_lite.api.wsgi.formats import FORMATS, REASONS
from nova_lite.common import exceptions

#: A NUL in JSON text: an escape that no backslash of its own escapes.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Since:
    """Schemas by the first microversion each holds from: ``Since({"2.1": {...}, "2.19": {...}})``."""

    def __init__(self, schemas):
        pairs = sorted((microversion.parse(text), schema) for text, schema in schemas.items())
        self.versions = [version for version, _ in pairs]
        self.schemas = [schema for _, schema in pairs]

    def number(self, version):
        """Which of ``schemas`` holds in ``version`` (None: a service without microversions)."""
        return 0 if version is None else max(bisect.bisect_right(self.versions, version) - 1, 0)


def body(schema, words=None):
    """Check ``req.body_json`` before the method runs; ``schema`` is a dict (all versions) or Since.

    :param words: callable(req, error) -> what is raised instead of the error that a body is not JSON, or that the
        schema refuses it (ValidationError); None: that.
    """
    checkers = _Checkers(schema, _body_words)

    def decorate(method):
        @functools.wraps(method)
        def checked(self, req, **arguments):
            checker = checkers.of(req.version)
            if req.old:
                req.narrow_body(checker.pruned(req.body_json))
            _check(checker, req, words)
            _refuse_nul(_NUL.search(req.raw_body), "request body")
            return method(self, req, **arguments)
        checked.body_schema = schema
        return checked
    return decorate


def _check(checker, req, words):
    try:
        checker.check(req.body_json)
    except exceptions.BadRequest as error:
        raise error if words is None else words(req, error) from None


def query(schema):
    """Check ``req.query`` ({name: [values]}) and drop what the schema does not name, as Nova does."""
    checkers = _Checkers(schema, _query_words)

    def decorate(method):
        @functools.wraps(method)
        def checked(self, req, **arguments):
            if req.query:
                checker = checkers.of(req.version)
                checker.check(req.query)
                req.narrow_query(checker.named(req.query))
                _refuse_nul(any(map(_nul_in, req.query.items())), "query string")
            return method(self, req, **arguments)
        checked.query_schema = schema
        return checked
    return decorate


def _nul_in(pair):
    name, values = pair
    return "\0" in name or any("\0" in each for each in values)


def _refuse_nul(found, where):
    """PostgreSQL cannot keep a NUL in text, nor look for one."""
    if found:
        raise exceptions.ValidationError(detail=f"The {where} has a NUL character.")


class _Checkers:
    def __init__(self, schema, words):
        self._since = schema if isinstance(schema, Since) else Since({"2.1": schema})
        self._made = [Checker(each, words) for each in self._since.schemas]

    def of(self, version):
        return self._made[self._since.number(version)]


class Checker:
    """One schema, compiled at its first use."""

    def __init__(self, schema, words):
        self.schema = schema
        self._words = words

    def check(self, value):
        """:raises ValidationError: in Nova's words."""
        try:
            self._accept(value)
        except fastjsonschema.JsonSchemaValueException as error:
            raise exceptions.ValidationError(detail=self._explain(value, error)) from None

    def pruned(self, value):
        """``value`` without what the schema does not know: clients of the older version may send anything besides."""
        return _pruned(value, self.schema)

    def named(self, value):
        """``value`` without the keys that the schema neither names nor matches by pattern."""
        known = self.schema.get("properties", {})
        patterns = self._patterns
        return {key: each for key, each in value.items()
                if key in known or any(pattern.search(key) for pattern in patterns)}

    @functools.cached_property
    def _accept(self):
        formats = dict(FORMATS)
        return fastjsonschema.compile(_numbers_in_text(self.schema, formats), formats=formats, use_default=False)

    @functools.cached_property
    def _patterns(self):
        return [re.compile(each) for each in self.schema.get("patternProperties", {})]

    @functools.cached_property
    def _validator(self):
        return _validator_class()(self.schema, format_checker=_format_checker())

    def _explain(self, value, refused):
        """The first reason jsonschema finds; fastjsonschema's where the two disagree."""
        for error in self._validator.iter_errors(value):
            if isinstance(error.cause, _InvalidName):
                return f"An invalid 'name' value was provided. The name must be: {error.cause}"
            return self._words(error)
        return refused.message


def _pruned(value, schema):
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [_pruned(each, schema["items"]) for each in value]
    if not isinstance(value, dict):
        return value
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    kept = value
    if schema.get("additionalProperties") is False:
        kept = {key: each for key, each in value.items()
                if key in known or any(re.search(pattern, key) for pattern in patterns)}
    return {key: _pruned(each, known[key]) if key in known else each for key, each in kept.items()}


def _body_words(error):
    if not error.path:
        return error.message
    return f"Invalid input for field/attribute {error.path[-1]}. Value: {error.instance}. {error.message}"


def _query_words(error):
    if not error.path:
        return error.message
    return f"Invalid input for query parameters {error.path[0]}. Value: {error.instance}. {error.message}"


class _InvalidName(ValueError):
    pass


def _numbers_in_text(schema, formats):
    """``schema`` with minimum and maximum also holding for numbers written as text ("10"), as Nova's do.

    Each such pair becomes an entry of ``formats``, because fastjsonschema looks at numbers only.
    """
    if isinstance(schema, list):
        return [_numbers_in_text(each, formats) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: value if key in ("enum", "const", "required") else _numbers_in_text(value, formats)
            for key, value in schema.items()}
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(low, int | float) or isinstance(high, int | float):
        name = f"number from {low} to {high}"
        formats[name] = _between(low, high)
        made["allOf"] = [*made.get("allOf", ()), {"format": name}]
    return made


def _between(low, high):
    def check(text):
        number = _number(text)
        return number is None or ((low is None or number >= low) and (high is None or number <= high))
    return check


def _number(value):
    for kind in (int, float):
        try:
            return kind(value)
        except (ValueError, TypeError):
            continue
    return None


@functools.cache
def _validator_class():
    """jsonschema is imported at the first refusal: a process that meets none saves its memory."""
    import jsonschema

    original = jsonschema.Draft202012Validator

    def bound(keyword):
        def check(validator, limit, instance, schema):
            number = _number(instance) if isinstance(instance, str) else instance
            if number is not None:
                yield from original.VALIDATORS[keyword](validator, limit, number, schema) or ()
        return check

    return jsonschema.validators.extend(original, {key: bound(key) for key in ("minimum", "maximum")})


@functools.cache
def _format_checker():
    import jsonschema

    made = jsonschema.FormatChecker(formats=())
    for name, check in FORMATS.items():
        made.checks(name, raises=_InvalidName)(_named(name, check))
    return made


def _named(name, check):
    def checked(value):
        if name in REASONS:
            if isinstance(value, str) and check(value):
                return True
            raise _InvalidName(REASONS[name])
        return not isinstance(value, str) or check(value)
    return checked
