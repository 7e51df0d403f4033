"""Servers copied into images: the actions createImage and createBackup."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer


class Snapshot:
    """202; from 2.45 with the image's id, before with where it is.  404: no such server.  409: not in this state."""

    def __init__(self, doors):
        self._compute = doors.compute

    @validation.body(schema.CREATE_IMAGE)
    def image(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:servers:create_image", server)
        asked = req.body_json["createImage"]
        image_id = self._compute.snapshot.image(req.context, server, asked["name"].strip(), asked.get("metadata", {}))
        return _made(req, image_id)

    @validation.body(schema.CREATE_BACKUP)
    def backup(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-create-backup", server)
        asked = req.body_json["createBackup"]
        rotation = int(asked["rotation"])
        image_id = self._compute.snapshot.backup(
            req.context, server, asked["name"].strip(), asked.get("metadata", {}),
            backup_type=asked["backup_type"], rotation=rotation)
        return _made(req, image_id, shown=rotation > 0)


def _made(req, image_id, shown=True):
    if req.at_least("2.45"):
        return Answer({"image_id": image_id}, 202)
    return Answer(None, 202, [("Location", f"{req.root_url}/image/images/{image_id}")] if shown else [])
