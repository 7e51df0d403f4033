"""The image door: what compute, the REST floor and ``nova-lite up`` ask of the image service, whichever it is."""

from nova_lite.conf import CONF
from nova_lite.db.images import Query
from nova_lite.image.embedded import BOOTABLE, Embedded, FileStream
from nova_lite.image.store import Store

_BACKENDS = {"embedded": Embedded}


def API():  # noqa: N802
    """The door that ``[image] backend`` names; one a process."""
    return _BACKENDS[CONF.image.backend]()


__all__ = ["API", "BOOTABLE", "Embedded", "FileStream", "Query", "Store"]
