"""From a list's query to an Ask, and from its rows to a page with Neutron's links."""

import datetime
from urllib.parse import urlencode

from nova_lite.common import exceptions, integers, policy
from nova_lite.network.exceptions import InvalidInput
from nova_lite.network.listing import Ask

_WORDS = ("fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse")
_TRUE, _FALSE = frozenset(("true", "1")), frozenset(("false", "0"))
_DIRECTIONS = ("asc", "desc")
_MOMENTS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S")
_MOST_TIMES = 50        # in one filter: each is two comparisons
_TAGS = ("tags", "tags-any", "not-tags", "not-tags-any")


def boolean(text):
    """A truth value as Neutron takes it in queries and bodies.  :raises InvalidInput: it is none."""
    word = str(text).lower()
    if word not in _TRUE | _FALSE:
        raise InvalidInput(detail=f"'{text}' cannot be converted to boolean.")
    return word in _TRUE


def number(text):
    """It may be beyond all columns.  :raises InvalidInput: it is no whole number."""
    try:
        return integers.within(text)
    except ValueError:
        raise InvalidInput(detail=f"'{text}' is not an integer.") from None


def moment(text):
    """A time as it is shown.  :raises InvalidInput: it is none."""
    for each in _MOMENTS:
        try:
            return datetime.datetime.strptime(text, each)
        except ValueError:
            continue
    raise InvalidInput(detail=f"'{text}' is not a time like 2026-01-31T12:00:00Z.")


#: What resources can be found and sorted by: {name in the query: (name in the Ask, conversion)}; OWNED: every one,
#: COMMON: those that have a history.
OWNED = {"id": ("id", str), "project_id": ("project_id", str), "tenant_id": ("project_id", str)}
COMMON = OWNED | {"description": ("description", str), "revision_number": ("revision_number", number),
                  "created_at": ("created_at", moment), "updated_at": ("updated_at", moment)}


class Filters:
    """The filters of one kind of resource, and what it can be sorted by: all that it shows.

    :param columns: {name in the query: (name in the Ask, conversion)} besides COMMON.
    :param constants: {name: the value that all resources have}; asking for another finds nothing.
    :param beside: {name in the query: callable(values) -> values of the Ask's filter of that name}; not to sort by.
    :param names: {name of one of ``beside``: the name of its filter in the Ask, where it is another}.
    """

    def __init__(self, columns, constants=None, beside=None, *, common=COMMON, tagged=True, names=None):
        self._columns = common | columns
        self._constants = constants or {}
        self._beside = dict(beside or {})
        self._names = names or {}
        if "updated_at" in common:
            self._beside["changed_since"] = lambda values: [moment(each) for each in values]
        if tagged:
            self._beside |= dict.fromkeys(_TAGS, _tags)

    @property
    def schema(self):
        """For ``@validation.query``: names beyond these are refused, since a filter that is ignored finds too much."""
        texts = {"type": "array", "items": {"type": "string"}}
        return {"type": "object", "additionalProperties": False,
                "properties": dict.fromkeys((*self._columns, *self._constants, *self._beside, *_WORDS), texts)}

    def ask(self, query):
        """The Ask of ``req.query``.  :raises InvalidInput: a value of the wrong type."""
        filters, nothing = {}, False
        for name, values in query.items():
            if name in self._columns:
                column, convert = self._columns[name]
                if convert is moment and len(values) > _MOST_TIMES:
                    raise InvalidInput(detail=f"'{name}' may name {_MOST_TIMES} times at most.")
                wanted = [each if each == "" else convert(each) for each in values]
                filters[column] = [each for each in filters[column] if each in wanted] if column in filters else wanted
            elif name in self._constants:
                nothing = nothing or not self._is(name, values)
            elif wanted := self._beside[name](values) if name in self._beside else None:
                filters[self._names.get(name, name)] = wanted
        if nothing:
            filters["id"] = []
        reverse = query.get("page_reverse", ["false"])[-1].lower() == "true"
        return Ask(filters, self._sort(query), _limit(query), query.get("marker", [None])[-1], reverse)

    def _is(self, name, values):
        constant = self._constants[name]
        if constant is None:
            return "" in values
        convert = boolean if isinstance(constant, bool) else str
        return constant in [convert(each) for each in values]

    def _sort(self, query):
        keys, directions = ([each for each in query.get(name, []) if each] for name in ("sort_key", "sort_dir"))
        if len(keys) != len(directions) and directions:
            raise exceptions.BadRequest("The number of sort_keys and sort_dirs must be same")
        known = {*self._columns, *self._constants}
        if unknown := [each for each in keys if each not in known]:
            raise exceptions.BadRequest(f"{unknown} is invalid attribute for sort_keys")
        if unknown := [each for each in directions if each not in _DIRECTIONS]:
            raise exceptions.BadRequest(f"{unknown} is invalid value for sort_dirs, valid value is 'asc' and 'desc'")
        made = {}                   # a key counts where it stands first
        for key, direction in zip(keys, directions or ["asc"] * len(keys), strict=True):
            if key in self._columns:
                made.setdefault(self._columns[key][0], direction == "desc")
        return tuple(made.items())


def _tags(values):
    """Lists of tags with commas between them."""
    return [tag for each in values for tag in each.split(",") if tag]


def _limit(query):
    try:
        limit = integers.within(query["limit"][-1]) if "limit" in query else 0
    except ValueError:
        limit = -1
    if limit < 0:
        raise exceptions.BadRequest(f"Limit must be an integer 0 or greater and not '{query['limit'][-1]}'")
    return limit or None


def seen(context, rule, kind, ask):
    """The rows of ``kind`` that ``context`` may see; who may see nothing gets an empty list, as from Neutron.

    Nothing is read for a token whose scope the rule is not for: it would be all there is, for an administrator.
    """
    if not policy.is_for(context, rule):
        return []
    rows = kind.list(context, ask)
    return rows if context.may(rule) else [row for row in rows if context.may(rule, row)]


def page(req, plural, shown, ask, key="id", path=None):
    """The answer to a list request; with a limit, it says where the next and the previous page are.

    :param shown: the views.  :param key: what of a view is the marker of a page that begins behind it.
    :param path: of the list, behind the service's; None: as ``plural`` is called.
    """
    fields, path = set(req.query.get("fields", ())), path or plural.replace("_", "-")
    answer = {plural: [only(each, fields) for each in shown]}
    if ask.limit is not None:
        short = len(shown) < ask.limit
        last, first = ([each[key] for each in some] for some in (shown[-1:], shown[:1]))
        links = [_link(req, path, "next", last)] if ask.reverse or not short else []
        links += [_link(req, path, "previous", first)] if not ask.reverse or not short else []
        answer[f"{plural}_links"] = links
    return answer


def _link(req, path, rel, at):
    query = [(name, each) for name, values in req.query.items() if name not in ("marker", "page_reverse")
             for each in values]
    query += [("marker", each) for each in at] + ([("page_reverse", "True")] if rel == "previous" else [])
    return {"rel": rel, "href": f"{req.base_url}/{path}?{urlencode(query)}"}


def only(shown, fields):
    """A view with the asked ``fields`` (a set); none asked means all."""
    return {name: value for name, value in shown.items() if name in fields} if fields else shown
