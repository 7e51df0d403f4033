"""Servers copied into images: the actions createImage and createBackup."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer


class Snapshot:
    """202; from 2.45 with the image's id, before with where it is.  404: no such server.  409: not in this state.

    403: to 2.38, more metadata than a server may have.
    """

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.CREATE_IMAGE)
    def image(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:servers:create_image", server)
        asked = req.body_json["createImage"]
        image_id = self._compute.snapshot.image(req.context, server, asked["name"].strip(), self._metadata(req, asked))
        return _made(req, image_id, f"{req.root_url}/image")

    @validation.body(schema.CREATE_BACKUP)
    def backup(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-create-backup", server)
        asked = req.body_json["createBackup"]
        rotation = int(asked["rotation"])
        image_id = self._compute.snapshot.backup(
            req.context, server, asked["name"].strip(), self._metadata(req, asked),
            backup_type=asked["backup_type"], rotation=rotation)
        return _made(req, image_id, req.base_url if rotation else None)

    def _metadata(self, req, asked):
        items = asked.get("metadata", {})
        if not req.at_least("2.39"):
            self._compute.limits.check_image_metadata(req.context, len(items))
        return items


def _made(req, image_id, service):
    """:param service: whose URL leads to the image, as Nova has it: Glance's or its own; None: it is gone at once."""
    if req.at_least("2.45"):
        return Answer({"image_id": image_id}, 202)
    return Answer(None, 202, [("Location", f"{service}/images/{image_id}")] if service else [])
