"""Values made from the schemas of requests: those a schema takes, and those broken in one place or more.

``valid`` speaks the part of JSON Schema that this project's schemas are written in, and is only mostly right: what it
makes is bent by rules that no schema states, and what a route answers to it is checked in every case.
"""

import copy
import re
import string

from hypothesis import strategies as st

#: What clients send where something else belongs; whatever a place is for, some of these are not.
ODD = (
    None, True, False, 0, -1, 1, 1.5, 2**31 - 1, 2**31, -2**31 - 1, 2**63, 2**64, 10**30, 1e308,
    float("nan"), float("inf"), "", " ", "\0", "a\0b", "\ud800", "\u202e", "\u0663", "caf\u00e9", "\U0001f4a5", "\n",
    "x" * 256, "x" * 70000,
    "1", "-1", "1.5", "1e5", "+1", " 1", "1_000", "nan", "Infinity", "2147483648", "9" * 30, "9" * 5000, "True", "null",
    "../../etc/passwd", "%s%n", "';--", "[", "(?P<", "*", "a:b", "in:\"", "2014-13-45", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "00000000-0000-0000-0000-000000000000", "0.0.0.0/0", "::1", "fe80::1%eth0",
    [], {}, [[]], [None], [{}], {"": ""}, {"id": None}, ["x"] * 300)
TEXTS = tuple(each for each in ODD if isinstance(each, str))

_WORDS = st.sampled_from(("one", "two", "a-b", "x1", "1", "0", "10")) | st.text(
    string.ascii_letters + string.digits + "-_.\u00e9\u4e16", max_size=12)
_JSON = st.recursive(st.none() | st.booleans() | st.integers(-5, 2**33) | _WORDS,
                     lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORDS, inner, max_size=2),
                     max_leaves=3)
_FORMATS = {
    "base64": st.sampled_from(("", "eA==", "aGVsbG8=", "aGVsbG8gd29ybGQ=")),
    "cidr": st.sampled_from(("10.0.0.0/8", "192.0.2.1/32", "2001:db8::/64", "0.0.0.0/0")),
    "date-time": st.sampled_from(("2026-01-02T03:04:05Z", "2026-01-02 03:04:05", "2026-01-02T03:04:05+02:00",
                                  "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z")),
    "ip": st.sampled_from(("192.0.2.7", "10.1.0.9", "2001:db8::7", "2001:DB8:0::9", "::")),
    "ipv4": st.sampled_from(("192.0.2.7", "10.0.0.1", "0.0.0.0", "255.255.255.255", "10.1.0.9")),
    "ipv6": st.sampled_from(("2001:db8::7", "::", "::ffff:192.0.2.1")),
    "regex": st.sampled_from(("one", "^s", ".*", "[a-z]+", "a|b", "active", "$", "(?i)x", "x{2,3}", "\\d", "(a)\\1")),
    "uri": st.sampled_from(("http://example.org/x", "glance://images/da0aea1b-3020-4569-a8c6-a56423f31f73")),
    "uuid": st.uuids().map(str) | st.sampled_from(("DA0AEA1B-3020-4569-A8C6-A56423F31F73",
                                                   "da0aea1b30204569a8c6a56423f31f73")),
}


#: What is optional by its schema, and without which there is nothing to do.
LIKELY = {"imageRef"}


class Values:
    """:param known: {property's name: values that exist}, which are used most of the time so that bodies get far."""

    def __init__(self, known):
        self._known = known
        self._ready = {}            # (id of a schema, name) -> (the schema, so that its id stays its own; values)

    def valid(self, schema, name=None):
        """Values that ``schema`` takes, or nearly."""
        key = (id(schema), name)
        if key not in self._ready:
            self._ready[key] = schema, self._valid(schema, name)
        return self._ready[key][1]

    def _valid(self, schema, name):
        made = self._made(schema, name)
        exists = [each for each in self._known.get(name, ()) if _fits(schema, each)]
        return _mostly(st.sampled_from(exists), made) if exists else made

    def _made(self, schema, name):
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for word in ("oneOf", "anyOf"):
            if word in schema:
                outer = {key: each for key, each in schema.items() if key != word}
                return st.one_of([self.valid(_under(outer, each), name) for each in schema[word]])
        if "if" in schema:
            return st.one_of([self.valid(schema[word], name) for word in ("then", "else")])
        kinds = schema.get("type")
        if kinds is None:
            return self._untyped(schema, name)
        return st.one_of([getattr(self, f"_{kind}")(schema, name)
                          for kind in ([kinds] if isinstance(kinds, str) else kinds)])

    def _untyped(self, schema, name):
        for kind, words in (("object", ("properties", "patternProperties")), ("array", ("items",)),
                            ("string", ("format", "pattern"))):
            if any(word in schema for word in words):
                return getattr(self, f"_{kind}")(schema, name)
        return _JSON

    def _null(self, schema, name):
        return st.none()

    def _boolean(self, schema, name):
        return st.booleans()

    def _integer(self, schema, name):
        low, high = _bounds(schema)
        return st.sampled_from(sorted({low, high})) | st.integers(low, min(high, low + 20))

    def _number(self, schema, name):
        return self._integer(schema, name) | st.sampled_from((0.5, 1.0, 2.25))

    def _string(self, schema, name):
        if "minimum" in schema or "maximum" in schema:
            return self._integer(schema, name).map(str)
        low, high = schema.get("minLength", 0), schema.get("maxLength", 255)
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if "pattern" in schema:
            return st.from_regex(schema["pattern"]).filter(lambda text: low <= len(text) <= high)
        edges = st.sampled_from(("x" * low, "x" * high, "\u4e16" * high))
        return edges | _WORDS.map(lambda text: text[:high].ljust(low, "x"))

    def _array(self, schema, name):
        items = self.valid(schema.get("items", {}), name)
        low = schema.get("minItems", 0)
        made = st.lists(items, min_size=low, max_size=min(schema.get("maxItems", 99), low + 2))
        if not schema.get("maxItems"):
            return made
        return made | items.map(lambda each: [each] * schema["maxItems"])

    def _object(self, schema, name):
        properties, required = schema.get("properties", {}), schema.get("required", ())
        fixed = {key: self.valid(properties.get(key, {}), key) for key in required}
        free = {key: self.valid(each, key) for key, each in properties.items() if key not in fixed}
        if schema.get("maxProperties") == 1 and free and not fixed:
            return st.one_of([st.fixed_dictionaries({key: each}) for key, each in free.items()])
        made = st.builds(_with_some, st.fixed_dictionaries(fixed), st.fixed_dictionaries({}, optional=free)) \
            if len(free) <= 3 else _sparse(fixed, free, LIKELY.intersection(free))
        for keys, inner in self._open_keys(schema):
            low = schema.get("minProperties", 0)
            made = st.builds(_merged, made, st.dictionaries(keys, inner, min_size=low, max_size=max(2, low)))
        return made

    def _open_keys(self, schema):
        for pattern, inner in schema.get("patternProperties", {}).items():
            yield st.from_regex(pattern or ".+").filter(lambda key: len(key) < 300), self.valid(inner)
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            yield _WORDS, self.valid(extra)


def _fits(schema, value):
    """Whether a value that exists has the type and form of this place."""
    kinds = schema.get("type", ())
    kind = {str: "string", int: "integer", type(None): "null"}[type(value)]
    return (kind in ((kinds,) if isinstance(kinds, str) else kinds)
            and ("pattern" not in schema or re.search(schema["pattern"], str(value)) is not None))


def _under(outer, inner):
    """One branch of a oneOf, with what stands beside it."""
    if "type" in outer and "type" in inner:
        outer = {key: each for key, each in outer.items() if key != "type"}
    return {**outer, **inner}


def _bounds(schema):
    low = int(schema.get("minimum", schema.get("exclusiveMinimum", -3)))
    return low, int(min(schema.get("maximum", low + 2**31), 10**40))


@st.composite
def _sparse(draw, fixed, free, likely):
    """A few of many optional keys: bodies with all of them would mostly fail at the first."""
    keys = set(draw(st.lists(st.sampled_from(sorted(free)), max_size=3, unique=True)))
    if draw(st.integers(0, 5)) != 3:
        keys |= likely
    return draw(st.fixed_dictionaries({**fixed, **{key: free[key] for key in sorted(keys)}}))


def _with_some(first, second):
    return {**first, **second}


def _merged(made, more):
    return {**more, **made}


@st.composite
def _mostly(draw, usual, other):
    return draw(other if draw(st.integers(0, 5)) == 3 else usual)


@st.composite
def _by_weight(draw, first, second, third):
    """Half of the time the first; the third seldom."""
    number = draw(st.integers(0, 9))
    return draw(first if number < 5 else second if number < 9 else third)


# ---- broken

@st.composite
def broken(draw, values):
    """A value of ``values`` with one to three places of it made wrong."""
    box = [copy.deepcopy(draw(values))]
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(_places(box))[:60]))
        _BREAKS[draw(st.sampled_from(sorted(_BREAKS)))](draw, holder, key)
    return box[0]


def _places(node):
    """(holder, key or index) of everything within ``node``, outside first."""
    for key, inner in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _replace(draw, holder, key):
    holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))


def _other_type(draw, holder, key):
    value = holder[key]
    holder[key] = draw(st.sampled_from((str(value), [value], {"x": value}, {str(value)[:40]: value})))


def _drop(draw, holder, key):
    if len(holder) > 1:
        del holder[key]
    else:
        _replace(draw, holder, key)


def _add(draw, holder, key):
    inner = holder[key]
    if isinstance(inner, dict):
        inner[draw(st.sampled_from(TEXTS))] = copy.deepcopy(draw(st.sampled_from(ODD)))
    elif isinstance(inner, list):
        inner.append(copy.deepcopy(draw(st.sampled_from((*ODD, *inner)))))
    else:
        _replace(draw, holder, key)


def _rename(draw, holder, key):
    if isinstance(holder, dict):
        holder[draw(st.sampled_from((key.upper(), key + " ", key + "s", *TEXTS)))] = holder.pop(key)
    else:
        _replace(draw, holder, key)


def _within(draw, holder, key):
    """Text that is fine but for one character."""
    if isinstance(holder[key], str):
        holder[key] = draw(st.sampled_from(("{}\0", "\0{}", "{}\ud800", " {}", "{} ", "{}\n", "{}\U0001f4a5", "-{}",
                                            "\u0661{}"))).format(holder[key])
    else:
        _replace(draw, holder, key)


_BREAKS = {"replace": _replace, "other type": _other_type, "drop": _drop, "add": _add, "rename": _rename,
           "within": _within}

# ---- what is sent

#: Bodies that are no JSON, or JSON that hurts.
RAW = (b"", b"{", b"null", b"[]", b"\"x\"", b"{}", b"\xff\xfe", b"[" * 20000, b'{"a":' * 3000 + b"1" + b"}" * 3000,
       b"[" * 1000 + b"]" * 1000, b'{"server":' * 1000 + b"1" + b"}" * 1000,
       b'{"server": NaN}', b'{"a": 1, "a": 2}', b"\xef\xbb\xbf{}", b'{"x": "\\ud800"}', b"1" * 5000)


def bodies(values, schema):
    """JSON values, or bytes to send as they are."""
    made = values.valid(schema)
    return _by_weight(made, broken(made), st.sampled_from(RAW))


@st.composite
def queries(draw, values, schema):
    """[(name, text)] for a query string."""
    given = draw(values.valid(schema))
    pairs = [(name, each) for name, many in given.items() for each in many if isinstance(each, str)]
    for _ in range(draw(st.integers(0, 2))):
        names = [*(name for name, _ in pairs), *schema.get("properties", {}), "limit", "sort_key", "\0", "caf\u00e9"]
        pairs.append((draw(st.sampled_from(names)), draw(st.sampled_from(TEXTS + ("asc", "desc", "id", "uuid")))))
    return pairs
