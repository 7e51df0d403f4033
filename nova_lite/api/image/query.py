"""The query string of GET /v2/images: filters, sorting and pages, in Glance's words."""

import csv

from oslo_utils import timeutils

from nova_lite.common import exceptions, integers
from nova_lite.conf import CONF
from nova_lite.image.api import Query

_SORT_KEYS = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
_VISIBILITIES = ("community", "public", "private", "shared", "all")
_MEMBER_STATUSES = ("pending", "accepted", "rejected", "all")
_TEXTS = frozenset({"id", "name", "status", "disk_format", "container_format", "checksum", "os_hash_algo",
                    "os_hash_value"})
#: {column: the largest number it holds}
_NUMBERS = {"size": integers.MOST_BIG, "virtual_size": integers.MOST_BIG,
            "min_disk": integers.MOST, "min_ram": integers.MOST}
_RANGES = {"size_min": ("size", "gte"), "size_max": ("size", "lte")}
_MOMENTS = frozenset({"created_at", "updated_at"})
_BOOLS = frozenset({"protected", "os_hidden"})
_COMPARISONS = frozenset({"eq", "neq", "gt", "gte", "lt", "lte"})
_NOT_FILTERS = frozenset({"limit", "marker", "sort", "sort_key", "sort_dir", "visibility", "member_status", "tag",
                          "deleted"})
_MOST = 100         # filters in one query


def read(given):
    """An image.api.Query from ``req.query``.

    :raises BadRequest: a value means nothing.
    """
    last = {name: values[-1] for name, values in given.items()}
    if sum(map(len, given.values())) > _MOST:
        raise exceptions.BadRequest("The query string has too many filters.")
    if any("\0" in text for name, values in given.items() for text in (name, *values)):
        raise exceptions.BadRequest("The query string has a NUL character.")
    where, properties = _filters(last)
    return Query(
        where=tuple(where), properties=tuple(properties), tags=tuple(given.get("tag", ())),
        visibility=_one_of(last, "visibility", _VISIBILITIES, "Invalid visibility value: {}"),
        member_status=_one_of(last, "member_status", _MEMBER_STATUSES, "Invalid status: {}") or "accepted",
        sort=tuple(_sorting(last, given)), marker=last.get("marker"), limit=_limit(last))


def _filters(last):
    """([(column, operator, value)], [(property, value)])"""
    where, properties = [("os_hidden", "eq", False)] if "os_hidden" not in last else [], []
    for name, value in last.items():
        if name in _NOT_FILTERS:
            continue
        if name == "changes-since":
            raise exceptions.BadRequest('The "changes-since" filter is no longer available on v2.')
        found = _filter(name, value)
        if found:
            where.append(found)
        else:
            properties.append((name, value))
    return where, properties


def _filter(name, value):
    """One condition on a column, or None where ``name`` is a property's."""
    if name == "owner":
        return ("project_id", "eq", value)
    if name in _TEXTS:
        if value.startswith("in:"):
            return (name, "in", next(csv.reader([value[3:]]), []))
        return (name, "eq", value)
    if name in _NUMBERS:
        return (name, "in", [integers.within(value, _NUMBERS[name])] if value.isascii() and value.isdigit() else [])
    if name in _RANGES:
        return (*_RANGES[name], _number(value))
    if name in _MOMENTS:
        return _moment(name, value)
    if name in _BOOLS:
        if value.lower() not in ("true", "false"):
            raise exceptions.BadRequest(f"Invalid value '{value}' for '{name}' filter. "
                                       "Valid values are 'true' or 'false'.")
        return (name, "eq", value.lower() == "true")
    return None


def _number(text):
    try:
        return max(-1, integers.within(text, integers.MOST_BIG))
    except ValueError:
        raise exceptions.BadRequest("Unable to filter on a range with a non-numeric value.") from None


def _moment(name, value):
    operator, colon, text = value.partition(":")
    if not colon or "-" in operator:
        operator, text = "eq", value
    if operator not in _COMPARISONS:
        raise exceptions.BadRequest("Unable to filter on a unknown operator.")
    try:
        return (name, operator, timeutils.normalize_time(timeutils.parse_isotime(text)))
    except (ValueError, OverflowError):
        raise exceptions.BadRequest(f'Bad "{name}" query filter format. Use ISO 8601 DateTime notation.') from None


def _one_of(last, name, allowed, words):
    value = last.get(name)
    if value is not None and value not in allowed:
        raise exceptions.BadRequest(words.format(value))
    return value


def _sorting(last, given):
    """(column, descending) pairs; without any, the newest first."""
    if "sort" in last:
        if "sort_key" in last or "sort_dir" in last:
            raise exceptions.BadRequest("Old and new sorting syntax cannot be combined")
        pairs = [each.strip().partition(":")[::2] for each in last["sort"].split(",")]
    else:
        keys, directions = given.get("sort_key") or ["created_at"], given.get("sort_dir") or ["desc"]
        directions += directions[-1:] * (len(keys) - len(directions))
        pairs = list(zip(keys, directions, strict=False))
    return [_sort_pair(key, direction or "desc") for key, direction in pairs]


def _sort_pair(key, direction):
    if key not in _SORT_KEYS:
        raise exceptions.BadRequest(f"Invalid sort key: {key}. It must be one of the following: "
                                   f"{', '.join(_SORT_KEYS)}.")
    if direction not in ("asc", "desc"):
        raise exceptions.BadRequest(f"Invalid sort direction: {direction}")
    return key, direction == "desc"


def _limit(last):
    text = last.get("limit")
    if text is None:
        return min(CONF.image.page_size, CONF.image.max_page_size)
    try:
        limit = int(text)
    except ValueError:
        raise exceptions.BadRequest("limit param must be an integer") from None
    if limit < 0:
        raise exceptions.BadRequest("limit param must be positive")
    return min(limit, CONF.image.max_page_size)
