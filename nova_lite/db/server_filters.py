"""How filters and sort keys of server lists become SQL that means the same on every database."""

import functools
import re

import orjson
import re2
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from nova_lite.common.regular_expressions import LONGEST, compiled
from nova_lite.db import changes, patterns
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import Vm

_SERVERS = Server.__table__
#: For lists, what is soft deleted is deleted.
_IS_DELETED = sa.or_(_SERVERS.c.deleted_at.is_not(None), _SERVERS.c.vm_state == Vm.SOFT_DELETED)

#: What is shown as ``updated``.
_CHANGED = sa.func.coalesce(_SERVERS.c.updated_at, _SERVERS.c.created_at)

#: Filters that compare; a list means any of its values.
_EXACT = {"project_id": _SERVERS.c.project_id, "user_id": _SERVERS.c.user_id, "image": _SERVERS.c.image_id,
          "vm_state": _SERVERS.c.vm_state,
          "task_state": _SERVERS.c.task_state, "uuid": _SERVERS.c.id, "host": _SERVERS.c.host}
#: Filters that match a regular expression anywhere in the column.
_REGEX = {
    "name": _SERVERS.c.display_name, "description": _SERVERS.c.description, "hostname": _SERVERS.c.hostname,
    "key_name": _SERVERS.c.key_name,
    "node": _SERVERS.c.host, "reservation_id": _SERVERS.c.reservation_id,
    "availability_zone": _SERVERS.c.availability_zone,
    "locked_by": _SERVERS.c.locked_by, "access_ip_v4": _SERVERS.c.access_ipv4, "access_ip_v6": _SERVERS.c.access_ipv6,
    "created_at": sa.cast(_SERVERS.c.created_at, sa.String(32)),
    "launched_at": sa.cast(_SERVERS.c.launched_at, sa.String(32)),
    "terminated_at": sa.cast(_SERVERS.c.terminated_at, sa.String(32))}
_NUMBERS = {"power_state": _SERVERS.c.power_state, "launch_index": _SERVERS.c.launch_index}
#: Columns that Nova has and that are the same for every server here.
_CONSTANTS = {"kernel_id": "", "ramdisk_id": "", "root_device_name": "/dev/vda", "progress": "0"}

_SORT = {
    "access_ip_v4": _SERVERS.c.access_ipv4, "access_ip_v6": _SERVERS.c.access_ipv6,
    "auto_disk_config": _SERVERS.c.disk_config,
    "availability_zone": _SERVERS.c.availability_zone, "config_drive": _SERVERS.c.config_drive,
    "created_at": _SERVERS.c.created_at,
    "display_description": _SERVERS.c.description, "display_name": _SERVERS.c.display_name, "host": _SERVERS.c.host,
    "hostname": _SERVERS.c.hostname, "image_ref": _SERVERS.c.image_id, "key_name": _SERVERS.c.key_name,
    "launch_index": _SERVERS.c.launch_index, "launched_at": _SERVERS.c.launched_at, "locked": _SERVERS.c.locked_by,
    "locked_by": _SERVERS.c.locked_by, "node": _SERVERS.c.host, "power_state": _SERVERS.c.power_state,
    "project_id": _SERVERS.c.project_id,
    "task_state": _SERVERS.c.task_state, "terminated_at": _SERVERS.c.terminated_at, "updated_at": _SERVERS.c.updated_at,
    "user_id": _SERVERS.c.user_id, "uuid": _SERVERS.c.id, "vm_state": _SERVERS.c.vm_state}


def conditions(filters):
    """What rows must meet, as conditions for ``patterns.page``; None where nothing can match.

    :param filters: {name: value} in the API's words, but with values parsed: ``changes-since`` and ``changes-before``
        naive UTC datetimes, ``deleted``, ``locked``, ``config_drive`` and ``auto_disk_config`` bools, tags lists,
        ``task_state`` possibly ("reboot", None).  ``deleted`` absent means both.
    :raises BadRequest: a regular expression is not one that ``regular_expressions.compiled`` takes.
    """
    found = [each for name, value in filters.items() for each in _conditions(name, value)]
    return None if any(each is False for each in found) else [each for each in found if each is not True]


def _conditions(name, value):
    """SQL, Matchers, or True or False where it is known without asking."""
    if name in _EXACT:
        column = _EXACT[name]
        return [column.in_(value) if isinstance(value, list | tuple | set) else column == value]
    if name in _REGEX:
        return [matches(_REGEX[name], value)]
    if name in _NUMBERS:
        return [_NUMBERS[name] == int(value) if re.fullmatch(r"\d{1,9}", value) else False]
    if name in _CONSTANTS:
        return [compiled(value).search(_CONSTANTS[name]) is not None]
    if name in _ADDRESSES:
        return _address(_ADDRESSES[name], value)
    if name in _TAGS:
        return [patterns.Matcher(sa.cast(_SERVERS.c.tags, sa.Text),
                                 functools.partial(_has_tags, _TAGS[name], frozenset(value)))]
    return [_SPECIAL[name](value)]


def matches(column, pattern):
    """``column`` matches a regular expression, case ignored: SQL's LIKE where the pattern is ASCII text with or without
    anchors, else a patterns.Matcher.

    :raises BadRequest: see ``regular_expressions.compiled``.
    """
    like = _like(pattern)
    if like is None:
        return patterns.searching(column, pattern)
    return sa.func.lower(column).like(like.lower(), escape="/")


def _like(pattern):
    """The LIKE pattern that means the same; None where there is none without wildcards inside."""
    if not pattern.isascii() or len(pattern) > LONGEST:
        return None
    start, end = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    parts = []
    for token in re.findall(r"\\.|.", pattern[start:len(pattern) - end], re.DOTALL):
        if token in ("%", "_", "/"):
            parts.append("/" + token)
        elif len(token) == 2 and not token[1].isalnum():
            parts.append("/" + token[1] if token[1] in "%_/" else token[1])
        elif len(token) == 1 and token not in "\\.*+?{}()|[]^$":
            parts.append(token)
        else:
            return None
    return f"{'' if start else '%'}{''.join(parts)}{'' if end else '%'}"


def _address(characters, value):
    """Addresses that contain this text, "^" and "$" standing for their ends; all else is literal, as Neutron has it."""
    before, after = "" if value.startswith("^") else characters, "" if value.endswith("$") else characters
    literal = value.strip("^$").replace("\\.", ".")
    text = sa.cast(_SERVERS.c.addresses, sa.Text)
    return [text.contains(literal, autoescape=True),
            patterns.searching(text, f'"addr":"{before}{re2.escape(literal)}{after}"')]


#: Characters that addresses of a filter consist of.
_ADDRESSES = {"ip": "[0-9.]*", "ip6": "[0-9a-f:.]*"}
#: Whether a server with ``tags`` is wanted.
_TAGS = {
    "tags": lambda wanted, tags: wanted.issubset(tags),
    "tags-any": lambda wanted, tags: not wanted.isdisjoint(tags),
    "not-tags": lambda wanted, tags: not wanted.issubset(tags),
    "not-tags-any": lambda wanted, tags: wanted.isdisjoint(tags)}


def _has_tags(test, wanted, text):
    """:param text: JSON; what is damaged, and NULL, has none."""
    try:
        tags = orjson.loads(text or "[]")
    except ValueError:
        tags = ()
    return test(wanted, {each for each in tags if isinstance(each, str)} if isinstance(tags, list) else ())


class _FlavorId(sa.ColumnElement):
    """The id in the flavor that a server's row keeps; NULL where that is damaged."""

    inherit_cache = True
    type = sa.String()
    shown = _SERVERS.c.flavor["flavorid"].as_string()


@compiles(_FlavorId)
def _flavor_id(element, compiler, **options):
    return compiler.process(element.shown, **options)


@compiles(_FlavorId, "sqlite")
def _flavor_id_of_valid(element, compiler, **options):
    """SQLite alone takes what is no JSON into such a column, and fails when it looks into it."""
    column = compiler.process(_SERVERS.c.flavor, **options)
    return f"CASE WHEN json_valid({column}) THEN {compiler.process(element.shown, **options)} END"


def _flag(column):
    return lambda value: column.is_(bool(value))


_SPECIAL = {
    "flavor": lambda value: _FlavorId() == value,
    "changes-since": lambda moment: changes.since(_CHANGED, moment),
    "changes-before": lambda moment: changes.before(_CHANGED, moment),
    "deleted": lambda value: _IS_DELETED if value else sa.not_(_IS_DELETED),
    "locked": lambda value: _SERVERS.c.locked_by.is_not(None) if value else _SERVERS.c.locked_by.is_(None),
    "config_drive": _flag(_SERVERS.c.config_drive),
    "auto_disk_config": lambda value: _SERVERS.c.disk_config == ("AUTO" if value else "MANUAL"),
}


def order(sort):
    """[(SQL expression, direction)] that puts every server in one place: by the keys asked for, then age, then id.

    Missing values sort as the smallest, on every database, so that a page can begin after one.
    """
    made, direction = [], "desc"
    for key, direction in sort:
        column = _SORT.get(key)
        if column is not None:
            made.append((_never_null(column), direction))
    for column in (_SERVERS.c.created_at, _SERVERS.c.id):
        if not any(column is known for known, _ in made):
            made.append((column, direction))
    return made


def _never_null(column):
    if not column.nullable:
        return column
    if isinstance(column.type, sa.String):
        return sa.func.coalesce(column, "")
    return sa.func.coalesce(column, _SERVERS.c.created_at)


def after(ordered, row):
    """The condition that a server comes after ``row`` in this order."""
    made, equal = [], []
    for expression, direction in ordered:
        value = _value(expression, row)
        beyond = expression < value if direction == "desc" else expression > value
        made.append(sa.and_(*equal, beyond))
        equal.append(expression == value)
    return sa.or_(*made)


def _value(expression, row):
    if isinstance(expression, sa.Column):
        return row._mapping[expression]
    column, default = expression.clauses
    value = row._mapping[column]
    if value is not None:
        return value
    return row.created_at if default is _SERVERS.c.created_at else ""
