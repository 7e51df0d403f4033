"""Of a server's backups only the newest stay."""

import logging

from nova_lite.common import context as contexts
from nova_lite.common import exception
from nova_lite.db.images import Query

LOG = logging.getLogger(__name__)
_MOST = 1000


def rotate(images, operation):
    """Delete the oldest backups of the operation's server beyond its rotation.

    Only those of the project that owns the new one: what an image says it is a backup of, its owner wrote.
    :param images: the image door.  :param operation: the row of a createBackup, as it was before it ended.
    """
    try:
        owner = images.show(contexts.admin(), operation.args["target_id"]).project_id
    except exception.NotFound:              # deleted already: the next backup counts
        return
    wanted = (("image_type", "backup"), ("backup_type", operation.args["backup_type"]),
              ("instance_uuid", operation.server_id))
    found = images.list(contexts.admin(), Query(where=(("project_id", "eq", owner),), properties=wanted,
                                                visibility="all", limit=_MOST))
    for image in found[int(operation.args["rotation"]):]:
        try:
            images.delete(contexts.admin(), image.id)
        except exception.NovaLiteError as error:
            LOG.warning("Backup %s was not deleted: %s", image.id, error)
