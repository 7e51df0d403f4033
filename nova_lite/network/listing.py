"""What a client may ask of a list: filters, order, page; understood by every backend."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Ask:
    """One list request.

    :ivar filters: {name: wanted values}, any of which fits; values have the attribute's type.
    :ivar sort: ((name, descending), ...).
    :ivar marker: id after which the page begins.
    """

    filters: dict = dataclasses.field(default_factory=dict)
    sort: tuple = ()
    limit: int | None = None
    marker: str | None = None


EVERYTHING = Ask()


def one(resource_id):
    return Ask(filters={"id": [resource_id]})
