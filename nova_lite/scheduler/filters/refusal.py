"""Why a host will not do."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Refusal:
    """What a filter answers where it refuses a host.

    :ivar reason: in words for tenants, said of several hosts ("lack memory"); it names no host.
    :ivar detail: the numbers of this host, for administrators.
    :ivar has, asked: how near the host was, where that is a number a tenant may see; in ``unit``.
    :ivar most: what ``has`` is called of the host that has most of it.
    """

    reason: str
    detail: str = ""
    has: float | None = None
    asked: float | None = None
    unit: str = ""
    most: str = "largest free"
