"""A request for a list: filters, order and page, as every backend understands them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Ask:
    """One list request.

    :ivar filters: {name: wanted values}, any of which fits; values have the attribute's type.  Besides attributes:
        "tags", "tags-any", "not-tags", "not-tags-any" (texts), "changed_since" (moments), "fixed_ips" ({"ip_address",
        "subnet_id", "ip_address_substr"}: texts).
    :ivar sort: ((name, descending), ...).
    :ivar marker: id after which the page begins.
    :ivar reverse: the page ends before the marker instead.
    """

    filters: dict = dataclasses.field(default_factory=dict)
    sort: tuple = ()
    limit: int | None = None
    marker: str | None = None
    reverse: bool = False


EVERYTHING = Ask()


def page_of(rows, ask, key):
    """The page that ``ask`` wants of a short list of dicts, which are compared as texts.

    :param key: the attribute that orders what is the same, and that the marker is of: one of the rows has it.
    """
    found = [each for each in rows if all(each[name] in wanted for name, wanted in ask.filters.items())]
    found.sort(key=lambda each: each[key])
    for name, descending in reversed(ask.sort):
        found.sort(key=lambda each: str(each[name]), reverse=descending)
    if ask.reverse:
        found.reverse()
    if ask.marker is not None:
        found = found[[each[key] for each in found].index(ask.marker) + 1:]
    found = found[:ask.limit]
    return found[::-1] if ask.reverse else found


def one(resource_id):
    return Ask(filters={"id": [resource_id]})
