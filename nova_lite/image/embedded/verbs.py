"""What operations change at the embedded image service: found by its marker, adopted or made, and undone."""

from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext

_MOST = 1000        # backups of a server that are looked at

class ReserveImage:
    """An image that an operation is going to fill; the marker is its id.

    Arguments: {"context": RequestContext.to_dict(), "values": as for ``create``}.  Result: {"image_id"}.
    """

    def __init__(self, images):
        self._images = images

    def do(self, marker, arguments):
        context = RequestContext.from_dict(arguments["context"])
        try:
            self._images.show(context, marker)
        except exceptions.ImageNotFound:
            self._images.create(context, arguments["values"] | {"id": marker})
        return {"image_id": marker}

    def undo(self, marker, arguments):
        self._images.discard(marker)


class DiscardImage:
    """Delete an image that was made for a server, and is of no use to it any more.  Arguments: {"image_id"}."""

    def __init__(self, images):
        self._images = images

    def undo(self, marker, arguments):
        self._images.discard(arguments["image_id"])


class RotateBackups:
    """Delete the oldest backups of a server beyond its rotation.

    Only those of the project that owns the newest: what an image says it is a backup of, its owner wrote.
    Arguments: {"image_id" of the newest, "server_id", "backup_type", "rotation": how many are left}.
    """

    def __init__(self, images):
        self._images = images

    def undo(self, marker, arguments):
        wanted = (("image_type", "backup"), ("backup_type", arguments["backup_type"]),
                  ("instance_uuid", arguments["server_id"]))
        found = self._images.siblings(arguments["image_id"], wanted, _MOST)
        for image in found[arguments["rotation"]:]:
            self._images.discard(image.id)
