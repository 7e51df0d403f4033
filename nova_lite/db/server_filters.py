"""How filters and sort keys of server lists become SQL that means the same on every database."""

import contextlib
import re

import orjson
import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db import patterns
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import Vm

_T = Server.__table__
#: For lists, what is soft deleted is deleted.
_IS_DELETED = sa.or_(_T.c.deleted_at.is_not(None), _T.c.vm_state == Vm.SOFT_DELETED)

#: Filters that compare; a list means any of its values.
_EXACT = {"project_id": _T.c.project_id, "user_id": _T.c.user_id, "image": _T.c.image_id, "vm_state": _T.c.vm_state,
          "task_state": _T.c.task_state, "uuid": _T.c.id, "host": _T.c.host}
#: Filters that match a regular expression anywhere in the column.
_REGEX = {
    "name": _T.c.display_name, "description": _T.c.description, "hostname": _T.c.hostname, "key_name": _T.c.key_name,
    "node": _T.c.host, "reservation_id": _T.c.reservation_id, "availability_zone": _T.c.availability_zone,
    "locked_by": _T.c.locked_by, "access_ip_v4": _T.c.access_ipv4, "access_ip_v6": _T.c.access_ipv6,
    "created_at": sa.cast(_T.c.created_at, sa.String(32)), "launched_at": sa.cast(_T.c.launched_at, sa.String(32)),
    "terminated_at": sa.cast(_T.c.terminated_at, sa.String(32))}
_NUMBERS = {"power_state": _T.c.power_state, "launch_index": _T.c.launch_index}
#: Columns that Nova has and that are the same for every server here.
_CONSTANTS = {"kernel_id": "", "ramdisk_id": "", "root_device_name": "/dev/vda", "progress": "0"}

_SORT = {
    "access_ip_v4": _T.c.access_ipv4, "access_ip_v6": _T.c.access_ipv6, "auto_disk_config": _T.c.disk_config,
    "availability_zone": _T.c.availability_zone, "config_drive": _T.c.config_drive, "created_at": _T.c.created_at,
    "display_description": _T.c.description, "display_name": _T.c.display_name, "host": _T.c.host,
    "hostname": _T.c.hostname, "image_ref": _T.c.image_id, "key_name": _T.c.key_name,
    "launch_index": _T.c.launch_index, "launched_at": _T.c.launched_at, "locked": _T.c.locked_by,
    "locked_by": _T.c.locked_by, "node": _T.c.host, "power_state": _T.c.power_state, "project_id": _T.c.project_id,
    "task_state": _T.c.task_state, "terminated_at": _T.c.terminated_at, "updated_at": _T.c.updated_at,
    "user_id": _T.c.user_id, "uuid": _T.c.id, "vm_state": _T.c.vm_state}
_WILD = {".*": "%", ".": "_"}


#: PostgreSQL's and MariaDB's word for a regular expression that they cannot read.
_UNREADABLE = frozenset(("2201B", 1139))


@contextlib.contextmanager
def understood():
    """Around a statement with conditions.

    :raises BadRequest: a regular expression is fine for Python, which judged it, and not for this database.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        if _UNREADABLE.isdisjoint({getattr(error.orig, "sqlstate", None), *error.orig.args[:1]}):
            raise
        raise exception.BadRequest("A regular expression of the filters is not one that this cloud's database "
                                   "understands.") from error


def conditions(filters):
    """A list of SQL conditions; None where nothing can match.

    :param filters: {name: value} in the API's words, but with values parsed: ``changes-since`` and ``changes-before``
        naive UTC datetimes, ``deleted``, ``locked``, ``config_drive`` and ``auto_disk_config`` bools, tags lists,
        ``task_state`` possibly ("reboot", None).  ``deleted`` absent means both.
    :raises BadRequest: a regular expression could take too long.
    """
    made = []
    for name, value in filters.items():
        condition = _condition(name, value)
        if condition is False:
            return None
        if condition is not True:
            made.append(condition)
    return made


def _condition(name, value):
    """SQL, or True or False where it is known without asking."""
    if name in _EXACT:
        column = _EXACT[name]
        return column.in_(value) if isinstance(value, list | tuple | set) else column == value
    if name in _REGEX:
        return matches(_REGEX[name], value)
    if name in _NUMBERS:
        return _NUMBERS[name] == int(value) if re.fullmatch(r"\d{1,9}", value) else False
    if name in _CONSTANTS:
        patterns.check(value)
        return re.search(value, _CONSTANTS[name]) is not None
    return _SPECIAL[name](value)


def matches(column, pattern):
    """``column`` matches a regular expression, case ignored, as MariaDB's REGEXP has it for Nova's users.

    Text with no more than anchors and dots becomes LIKE; the rest stays a regular expression.
    """
    patterns.check(pattern)
    like = _like(pattern)
    if like is None:
        return column.regexp_match(f"(?i){pattern}")
    return sa.func.lower(column).like(like.lower(), escape="/")


def _like(pattern):
    """The LIKE pattern that means the same; None where there is none."""
    start, end = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    parts = []
    for token in re.findall(r"\\.|\.\*|.", pattern[start:len(pattern) - end], re.DOTALL):
        if token in _WILD:
            parts.append(_WILD[token])
        elif token[-1] in "%_/" and len(token) == 1:
            parts.append("/" + token)
        elif len(token) == 2 and not token[1].isalnum():
            parts.append("/" + token[1] if token[1] in "%_/" else token[1])
        elif len(token) == 1 and token not in "\\*+?{}()|[]^$":
            parts.append(token)
        else:
            return None
    return f"{'' if start else '%'}{''.join(parts)}{'' if end else '%'}"


def _address(characters):
    """Addresses that contain this text, "^" and "$" standing for their ends; all else is literal, as Neutron has it."""
    def condition(value):
        before, after = "" if value.startswith("^") else characters, "" if value.endswith("$") else characters
        literal = re.escape(value.strip("^$").replace("\\.", "."))
        return sa.cast(_T.c.addresses, sa.Text).regexp_match(f'"addr":"{before}{literal}{after}"')
    return condition


def _tagged(tag):
    """Whether the JSON list holds ``tag``: its quoted text must follow a bracket or a comma, which no tag holds."""
    text, quoted = sa.cast(_T.c.tags, sa.Text), orjson.dumps(tag).decode()
    return sa.or_(*(sa.func.replace(text, mark + quoted, "") != text for mark in "[,"))


def _flag(column):
    return lambda value: column.is_(bool(value))


_SPECIAL = {
    "flavor": lambda value: _T.c.flavor["flavorid"].as_string() == value,
    "ip": _address("[0-9.]*"), "ip6": _address("[0-9a-f:.]*"),
    "tags": lambda tags: sa.and_(*map(_tagged, tags)),
    "tags-any": lambda tags: sa.or_(*map(_tagged, tags)),
    "not-tags": lambda tags: ~sa.and_(*map(_tagged, tags)),
    "not-tags-any": lambda tags: ~sa.or_(*map(_tagged, tags)),
    "changes-since": lambda moment: _T.c.updated_at >= moment,
    "changes-before": lambda moment: _T.c.updated_at <= moment,
    "deleted": lambda value: _IS_DELETED if value else sa.not_(_IS_DELETED),
    "locked": lambda value: _T.c.locked_by.is_not(None) if value else _T.c.locked_by.is_(None),
    "config_drive": _flag(_T.c.config_drive),
    "auto_disk_config": lambda value: _T.c.disk_config == ("AUTO" if value else "MANUAL"),
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
    for column in (_T.c.created_at, _T.c.id):
        if not any(column is known for known, _ in made):
            made.append((column, direction))
    return made


def _never_null(column):
    if not column.nullable:
        return column
    if isinstance(column.type, sa.String):
        return sa.func.coalesce(column, "")
    return sa.func.coalesce(column, _T.c.created_at)


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
    return row.created_at if default is _T.c.created_at else ""
