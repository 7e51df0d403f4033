"""The image facade: what compute, the REST controllers and ``nova-lite up`` ask of the image service."""

from nova_lite.common import service_backends
from nova_lite.conf import CONF
from nova_lite.db.images import Query
from nova_lite.image.embedded import Embedded
from nova_lite.image.embedded.data import FileStream
from nova_lite.image.embedded.for_servers import BOOTABLE
from nova_lite.image.store import Store

_BACKENDS = {"embedded": Embedded}


def API():  # noqa: N802
    """The backend that ``[image] backend`` names; one a process.

    Rows of images have the columns of db.models.images.Image as attributes, whatever keeps them.  A backend that is not
    ``embedded`` is asked outside of any transaction: each of its methods refuses to run in one.  It raises PeerAway
    where the service does not answer.

    For servers: ``for_server(context, image_id)`` is what hosts boot from, and ``target(row)`` what a host fills, both
    objects.Image without a token; the ``url`` of each is where hosts GET and PUT the bytes.
    ``describe(image_ids)`` gives {image id: row} of those that are known, of which size and status are used.

    What operations change: ``verbs``, as the ledger asks for them, with the arguments and results of
    image.embedded.verbs; the service may choose the ids.  ``embedded`` says whether these join its transaction,
    ``timeout`` how many seconds a request to a service that is not may take.

    ``marked()`` says what a service that is not embedded has by markers of the ledger: {marker: [ids of images]}.

    For the REST API: ``list``, ``show``, ``create``, ``update``, ``delete``, ``add_tag``, ``remove_tag``,
    ``set_active``, ``usage``, ``members``, ``upload``, and ``download``, whose file can be sought, read and closed.

    For start-up: ``find``, ``import_file``, and ``recover()``, called again and again, which cleans up what crashes of
    this cloud's processes left.
    """
    return service_backends.make("image", CONF.image.backend, _BACKENDS)


__all__ = ["API", "BOOTABLE", "Embedded", "FileStream", "Query", "Store"]
