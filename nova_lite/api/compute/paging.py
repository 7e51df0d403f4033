"""Limit, marker and sort order as requests give them."""

from nova_lite.common import exceptions, integers
from nova_lite.conf import CONF


def last(query, name, default=None):
    """The value of a query parameter; given several times, the last one counts."""
    values = query.get(name)
    return values[-1] if values else default


def limit_and_marker(req):
    """``(limit, marker)``: at most ``max_limit`` items, after the one the marker names (None: from the start)."""
    most = CONF.compute_api.max_limit
    limit = last(req.query, "limit")
    return min(int(limit), most) if limit is not None else most, last(req.query, "marker")


def sort_of(req, ignored=()):
    """[(key, direction)], each key once; keys without a direction take the last one given, "desc" where there is none.

    :raises BadRequest: a direction is neither.
    """
    keys = [each.strip() for each in req.query.get("sort_key", ())] or ["created_at"]
    directions = [each.strip() for each in req.query.get("sort_dir", ())] or ["desc"]
    if not {"asc", "desc"}.issuperset(directions):
        raise exceptions.BadRequest("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'")
    directions += directions[-1:] * (len(keys) - len(directions))
    made = {}
    for key, direction in zip(keys, directions, strict=False):
        made.setdefault(key, direction)
    return [(key, direction) for key, direction in made.items() if key not in ignored]


def limit_and_offset(req):
    """``(limit, offset)`` of the older lists, which count instead of naming a marker."""
    most = CONF.compute_api.max_limit
    limit = last(req.query, "limit")
    return min(int(limit), most) if limit else most, integers.within(last(req.query, "offset") or 0)
