"""From a list's query to an Ask, and from its rows to a page with Neutron's links."""

from urllib.parse import urlencode

from nova_lite.common import exception, numbers
from nova_lite.network.exceptions import InvalidInput
from nova_lite.network.listing import Ask

_WORDS = ("fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse")
_TRUE, _FALSE = frozenset(("true", "1")), frozenset(("false", "0"))


def boolean(text):
    """A truth value as Neutron takes it in queries and bodies.  :raises InvalidInput: it is none."""
    word = str(text).lower()
    if word not in _TRUE | _FALSE:
        raise InvalidInput(detail=f"'{text}' cannot be converted to boolean.")
    return word in _TRUE


def number(text):
    """It may be beyond all columns.  :raises InvalidInput: it is no whole number."""
    try:
        return numbers.within(text)
    except ValueError:
        raise InvalidInput(detail=f"'{text}' is not an integer.") from None


class Filters:
    """The filters of one kind of resource.

    :param columns: {name in the query: (name in the Ask, conversion)}.
    :param constants: {name: the value that all resources have}; asking for another finds nothing.
    """

    def __init__(self, columns, constants=None, sortable=()):
        self._columns = columns
        self._constants = constants or {}
        self._sortable = frozenset((*sortable, "id", "name", "created_at", "updated_at"))

    @property
    def schema(self):
        """For ``@validation.query``: names beyond these are refused, since a filter that is ignored finds too much."""
        texts = {"type": "array", "items": {"type": "string"}}
        return {"type": "object", "additionalProperties": False,
                "properties": dict.fromkeys((*self._columns, *self._constants, *_WORDS), texts)}

    def ask(self, query):
        """The Ask of ``req.query``.  :raises InvalidInput: a value of the wrong type."""
        filters = {}
        for name, values in query.items():
            if name in self._columns:
                column, convert = self._columns[name]
                filters[column] = [convert(each) for each in values]
            elif name in self._constants:
                self._compare(filters, name, values)
        return Ask(filters, self._sort(query), _limit(query), query.get("marker", [None])[-1])

    def _compare(self, filters, name, values):
        constant = self._constants[name]
        convert = boolean if isinstance(constant, bool) else str
        if constant not in [convert(each) for each in values]:
            filters["id"] = []

    def _sort(self, query):
        keys, directions = query.get("sort_key", []), query.get("sort_dir", [])
        for key in keys:
            if key not in self._sortable:
                raise exception.BadRequest(f"'{key}' is invalid attribute for sort_keys")
        made = {}                   # a key counts where it stands first
        for index, key in enumerate(keys):
            made.setdefault(key, index < len(directions) and directions[index] == "desc")
        return tuple(made.items())


def _limit(query):
    limit = number(query["limit"][-1]) if "limit" in query else None
    if limit is not None and limit < 0:
        raise exception.BadRequest(f"Limit must be an integer 0 or greater and not '{limit}'")
    return limit or None


def page(req, plural, shown, ask):
    """The answer to a list request; a full page says where the next one is.

    :param shown: the views.
    """
    fields = set(req.query.get("fields", ()))
    answer = {plural: [only(each, fields) for each in shown]}
    if ask.limit is not None and len(shown) == ask.limit:
        query = [(name, each) for name, values in req.query.items() if name != "marker" for each in values]
        link = urlencode([*query, ("marker", shown[-1]["id"])])
        answer[f"{plural}_links"] = [{"rel": "next", "href": f"{req.base_url}/{plural.replace('_', '-')}?{link}"}]
    return answer


def only(shown, fields):
    """A view with the asked ``fields`` (a set); none asked means all."""
    return {name: value for name, value in shown.items() if name in fields} if fields else shown
