"""What lists of identity share: pages out of a query, columns out of a body."""

import dataclasses

from oslo_utils import strutils

from nova_lite.common import exceptions, integers
from nova_lite.identity import exceptions as identity_exceptions

#: A page never has more; one row is read beyond it.
_MOST = integers.MOST - 1


def page(req, resource, wanted):
    """``(rows, marker of the next page or None)``; a limit above what there is changes nothing."""
    if wanted.nothing:
        return [], None
    limit = integers.within(req.query["limit"][-1], _MOST) if "limit" in req.query else None
    marker = req.query["marker"][-1] if "marker" in req.query else None
    if not limit:
        return resource.list(wanted.equal, marker, keep=wanted.keep()), None
    rows = resource.list(wanted.equal, marker, limit + 1, wanted.keep())
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def window(req, items):
    """As ``page``, of ``items`` that are shown already and have ids."""
    if "marker" in req.query:
        places = [place for place, each in enumerate(items) if each["id"] == req.query["marker"][-1]]
        if not places:
            raise identity_exceptions.MissingMarker(id=req.query["marker"][-1])
        items = items[places[0] + 1:]
    limit = integers.within(req.query["limit"][-1], _MOST) if "limit" in req.query else 0
    if not limit or len(items) <= limit:
        return items, None
    return items[:limit], items[limit - 1]["id"]


def flag(req, name):
    """Whether a query switches ``name`` on: "?effective", "?effective=1", whatever but "?effective=0"."""
    return name in req.query and req.query[name][-1] != "0"


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
            raise exceptions.BadRequest(f"Cannot change {called}")


def scope(context):
    """What the rule of a list looks at: with a token of a domain, that domain, since the list shows no other."""
    return {"target.domain_id": context.domain_id} if context.domain_id else {}


def in_scope(context, wanted, column="domain_id"):
    """``wanted`` that finds, with a token of a domain, only what is in it."""
    own = context.domain_id
    if own is None:
        return wanted
    return dataclasses.replace(wanted, equal={**wanted.equal, column: own},
                               nothing=wanted.nothing or wanted.equal.get(column, own) != own)


def home_domain(context):
    """The domain of what is made without naming one."""
    return context.domain_id or context.project_domain_id or "default"
