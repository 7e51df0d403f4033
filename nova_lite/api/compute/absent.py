"""What this cloud has none of yet, listed as empty because clients ask for it beside other things."""

from nova_lite.api.compute.schemas import hosts as schema
from nova_lite.api.wsgi import validation


class Absent:
    def __init__(self, doors):
        self._compute = doors.compute

    @validation.query(schema.ATTACHMENT_LIST)
    def volume_attachments(self, req, server_id):
        """/servers/{id}/os-volume_attachments: Terraform and Ansible read it with each server.  404: no such server."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-volumes-attachments:index", server)
        return {"volumeAttachments": []}
