"""Of a server's backups only the newest stay."""

_MOST = 1000


def rotate(session, images, operation):
    """Delete the oldest backups of the operation's server beyond its rotation.

    Only those of the project that owns the new one: what an image says it is a backup of, its owner wrote.
    :param images: the image door.  :param operation: the row of a createBackup, as it was before it ended.
    """
    wanted = (("image_type", "backup"), ("backup_type", operation.args["backup_type"]),
              ("instance_uuid", operation.server_id))
    found = images.siblings(session, operation.args["target_id"], wanted, _MOST)
    for image in found[int(operation.args["rotation"]):]:
        images.discard(session, image.id)
