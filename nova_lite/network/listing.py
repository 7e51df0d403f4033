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


def one(resource_id):
    return Ask(filters={"id": [resource_id]})
