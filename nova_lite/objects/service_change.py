"""What another service changes for an operation."""

import dataclasses
import enum


class ChangeState(enum.StrEnum):
    WANTED = "wanted"           # asked for, perhaps done: the answer is not known yet
    DONE = "done"
    FAILED = "failed"           # refused, and nothing of it is left
    UNWANTED = "unwanted"       # a debt: to be undone
    UNDONE = "undone"


@dataclasses.dataclass(frozen=True)
class Change:
    """:ivar service: "network" or "image".  :ivar verb: one that the service's facade has in ``verbs``.

    :ivar arguments: what the verb is given, as JSON.
    """

    service: str
    verb: str
    arguments: dict
