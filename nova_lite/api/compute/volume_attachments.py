"""Volumes of servers: /servers/{id}/os-volume_attachments.  There is no block storage service, so no server has one."""

from nova_lite.api.compute.schemas import volumes as schema
from nova_lite.api.compute.schemas.types import OPEN_QUERY
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-volumes-attachments:"


class VolumeAttachments:
    """404: no such server, or no such volume."""

    def __init__(self, facades):
        self._compute = facades.compute

    def _load(self, req, server_id, rule):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY + rule, server)
        return server

    @validation.query(schema.ATTACHMENTS)
    def index(self, req, server_id):
        """200; Terraform and Ansible read it with each server."""
        self._load(req, server_id, "index")
        return {"volumeAttachments": []}

    @validation.query(OPEN_QUERY)
    def show(self, req, server_id, id):
        self._load(req, server_id, "show")
        raise exceptions.NotFound(f"Instance {server_id} is not attached to volume {id}")

    @validation.body(schema.ATTACH)
    def create(self, req, server_id):
        self._load(req, server_id, "create")
        raise _missing(req.body_json["volumeAttachment"]["volumeId"])

    @validation.body(schema.REATTACH)
    def update(self, req, server_id, id):
        """To name another volume is to swap them, which is for the volume service."""
        same = req.body_json["volumeAttachment"]["volumeId"] == id
        self._load(req, server_id, "update" if same and req.at_least("2.85") else "swap")
        raise _missing(id)

    def delete(self, req, server_id, id):
        self._load(req, server_id, "delete")
        raise _missing(id)


def _missing(volume_id):
    return exceptions.NotFound(f"Volume {volume_id} could not be found.")
