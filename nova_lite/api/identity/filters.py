"""The filters that each list of identity knows, as Keystone has them; a query that names another is 400.

A filter that is ignored finds too much, and a client may delete what it found.
"""

import dataclasses
import functools
import re

from oslo_utils import strutils, timeutils

from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.common.names import folded

_ANY = {"type": "string"}
_ID = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-zA-Z0-9-]+$"}
_NAME = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"[\S]+"}
_BOOLEAN = {"enum": ["True", "TRUE", "true", "False", "FALSE", "false", "", "1", "0", "y", "Y", "n", "N",
                     "on", "ON", "off", "OFF", "yes", "no"]}
_COMPARATORS = {"contains": str.__contains__, "startswith": str.startswith, "endswith": str.endswith}
_MOMENT = re.compile(r"(?:(lt|lte|gt|gte|eq|neq):)?(.+)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Filter:
    """``schema`` of one value.  ``kind`` says what it does:

    text: equals, and has comparators (``name__icontains``); exact: equals; boolean; tags: a predicate of a list of
    tags; flag: is no filter, and left to the controller; nothing: is known, and no row here can match it.
    """

    kind: str
    schema: dict = dataclasses.field(default_factory=lambda: _ANY)


_TEXT, _ID_TEXT = Filter("text"), Filter("text", _ID)
_EXACT, _FLAG, _NOTHING, _TAGS = Filter("exact"), Filter("flag"), Filter("nothing"), Filter("tags")
_PAGE = {"limit": Filter("flag", {"type": "string", "pattern": "^[0-9]+$"}), "marker": _FLAG}
_NAMED = {"name": Filter("text", _NAME)}
_ENABLED = {"enabled": Filter("boolean", _BOOLEAN)}
_SHOWN_PROJECT = {"domain_id": _ID_TEXT, **_NAMED, **_ENABLED}

#: list -> {filter: Filter}.  Users are sorted by their ids whatever is asked for, as Keystone does.
LISTS = {
    "users": {"domain_id": _ID_TEXT, **_ENABLED, **_NAMED, "default_project_id": _ID_TEXT, "idp_id": _NOTHING,
              "protocol_id": _NOTHING, "unique_id": _NOTHING, "password_expires_at": _NOTHING, "sort_key": _FLAG,
              "sort_dir": Filter("flag", {"enum": ["asc", "desc"]}), **_PAGE},
    "projects": {**_SHOWN_PROJECT, "parent_id": _ID_TEXT, "is_domain": Filter("boolean", _BOOLEAN), "tags": _TAGS,
                 "tags-any": _TAGS, "not-tags": _TAGS, "not-tags-any": _TAGS, **_PAGE},
    "user_projects": _SHOWN_PROJECT,
    "domains": {**_NAMED, **_ENABLED, **_PAGE},
    "roles": {**_NAMED, "domain_id": _ID_TEXT, **_PAGE},
    "services": {"name": _TEXT, "type": _TEXT, **_PAGE},
    "endpoints": {"interface": Filter("text", {"enum": ["admin", "internal", "public"]}), "service_id": _TEXT,
                  "region_id": _TEXT, **_PAGE},
    "regions": {"parent_region_id": _EXACT},
    "role_assignments": {"user.id": _EXACT, "group.id": _EXACT, "role.id": _EXACT, "scope.project.id": _EXACT,
                         "scope.domain.id": _EXACT, "scope.system": _FLAG, "scope.OS-INHERIT:inherited_to": _FLAG,
                         "effective": _FLAG, "include_names": _FLAG, "include_subtree": _FLAG},
    "nothing": {},
}


class UnknownFilter(exceptions.BadRequest):
    template = "This list has no filter '{name}'. It has: {known}."


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a query asks a list for.

    ``equal`` is {column: value}.  ``tests`` are pairs of a column and a predicate of its value.  ``nothing``: no row
    can match.
    """

    equal: dict
    tests: tuple
    nothing: bool

    def keep(self):
        """A predicate of a Row for what ``equal`` does not say; None where that says all."""
        if not self.tests:
            return None
        return lambda row: all(test(getattr(row, name)) for name, test in self.tests)

    def of(self, items):
        """Those of ``items``, dicts as they are shown, that match."""
        if self.nothing:
            return []
        return [each for each in items if all(each[name] == value for name, value in self.equal.items())
                and all(test(each[name]) for name, test in self.tests)]


def listed(name):
    """Decorate the method that answers the list ``name``: its query is checked against the table."""
    known = LISTS[name]
    schema = _schema(known)
    pattern = _comparing(known)

    def decorate(method):
        checked = validation.query(schema)(method)

        @functools.wraps(method)
        def answered(self, req, **arguments):
            for each in req.query:
                if each not in known and not pattern.fullmatch(each):
                    raise UnknownFilter(name=each, known=", ".join(known) or "none")
            return checked(self, req, **arguments)
        answered.query_schema = schema
        return answered
    return decorate


def wanted(req, name):
    """The Wanted of a request for the list ``name``; several values of one filter must all hold."""
    known, equal, tests, nothing = LISTS[name], {}, [], False
    for given, values in req.query.items():
        column, _, comparator = given.partition("__")
        kind = known[column].kind
        for text in values:
            if comparator:
                tests.append((column, _inexact(comparator, text)))
            elif kind == "tags":
                tests.append(("tags", functools.partial(_TAG_TESTS[given], set(text.split(",")))))
            elif kind == "nothing":
                _check_moment(given, text)
                nothing = True
            elif kind != "flag":
                value = strutils.bool_from_string(text, default=True) if kind == "boolean" else text
                nothing |= equal.setdefault(column, value) != value
    return Wanted(equal, tuple(tests), nothing)


_TAG_TESTS = {
    "tags": lambda asked, tags: asked.issubset(tags),
    "tags-any": lambda asked, tags: not asked.isdisjoint(tags),
    "not-tags": lambda asked, tags: not asked.issubset(tags),
    "not-tags-any": lambda asked, tags: asked.isdisjoint(tags),
}


def _inexact(comparator, text):
    compare = _COMPARATORS[comparator.removeprefix("i")]
    if comparator.startswith("i"):
        text = folded(text)
        return lambda value: isinstance(value, str) and compare(folded(value), text)
    return lambda value: isinstance(value, str) and compare(value, text)


def _check_moment(name, text):
    if name != "password_expires_at":
        return
    try:
        timeutils.parse_isotime(_MOMENT.fullmatch(text)[2])
    except (ValueError, TypeError):
        raise exceptions.BadRequest("Timestamp not in expected format. The server could not comply with the request "
                                   "since it is either malformed or otherwise incorrect. The client is assumed to be "
                                   "in error.") from None


def _schema(known):
    made = {"type": "object", "properties": {name: {"type": "array", "items": each.schema}
                                             for name, each in known.items()}}
    if _names(known):
        made["patternProperties"] = {f"^{_comparing(known).pattern}$": {"type": "array", "items": _ANY}}
    return made


def _comparing(known):
    names = "|".join(_names(known))
    return re.compile(f"(?:{names})__i?(?:{'|'.join(_COMPARATORS)})" if names else "(?!)")


def _names(known):
    return [re.escape(name) for name, each in known.items() if each.kind == "text"]
