"""What lists of identity share: filters and pages out of a query, columns out of a body."""

from oslo_utils import strutils

from nova_lite.common import exception, numbers

#: A page never has more; one row is read beyond it.
_MOST = numbers.MOST - 1
_BOOLEANS = frozenset(("enabled", "is_domain"))


def equal(req, *names):
    """{column: value} of those filters that the query names."""
    return {name: _value(name, req.query[name][-1]) for name in names if name in req.query}


def page(req, kind, room, filters):
    """``(rows, marker of the next page or None)``; a limit above what there is changes nothing."""
    limit = numbers.within(req.query["limit"][-1], _MOST) if "limit" in req.query else None
    marker = req.query["marker"][-1] if "marker" in req.query else None
    if not limit:
        return room.list(filters, marker), None
    rows = room.list(filters, marker, limit + 1)
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def flag(req, name):
    """Whether a query switches ``name`` on: "?effective", "?effective=1", not "?effective=0"."""
    return name in req.query and (req.query[name][-1] == "" or strutils.bool_from_string(req.query[name][-1]))


def columns(values, known):
    """``(columns, the rest)`` of a body's ``values``, with "enabled" made a bool."""
    made = {name: values[name] for name in known if name in values}
    if "enabled" in made:
        made["enabled"] = strutils.bool_from_string(made["enabled"])
    ignored = {*known, "id", "links"}
    return made, {name: value for name, value in values.items() if name not in ignored}


def unchanged(row, values, names):
    """:raises BadRequest: a body gives another value for one of ``names`` ({column: what it is called})."""
    for name, called in names.items():
        if values.get(name) is not None and values[name] != getattr(row, name):
            raise exception.BadRequest(f"Cannot change {called}")


def home_domain(context):
    """The domain of what is made without naming one."""
    return context.domain_id or context.project_domain_id or "default"


def _value(name, text):
    return strutils.bool_from_string(text, default=True) if name in _BOOLEANS else text
