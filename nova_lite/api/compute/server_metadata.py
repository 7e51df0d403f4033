"""Metadata of servers: /servers/{id}/metadata."""

from nova_lite.api.compute.schemas import server_details as schema
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:server-metadata:"


class Metadata:
    """Changes answer 403 over quota, 404 without the server or item, 409 while it is busy, locked or not up."""

    def __init__(self, facades):
        self._compute = facades.compute

    def _load(self, req, server_id, rule):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY + rule, server)
        return server

    @validation.query(schema.NO_QUERY)
    def index(self, req, server_id):
        return {"metadata": self._load(req, server_id, "index").metadata}

    @validation.query(schema.NO_QUERY)
    def show(self, req, server_id, id):
        metadata = self._load(req, server_id, "show").metadata
        if id not in metadata:
            raise exceptions.MetadataItemNotFound()
        return {"meta": {id: metadata[id]}}

    @validation.body(schema.METADATA_SET)
    def create(self, req, server_id):
        server = self._load(req, server_id, "create")
        return {"metadata": self._compute.metadata.merge(req.context, server, req.body_json["metadata"])}

    @validation.body(schema.METADATA_SET)
    def update_all(self, req, server_id):
        server = self._load(req, server_id, "update_all")
        return {"metadata": self._compute.metadata.replace(req.context, server, req.body_json["metadata"])}

    @validation.body(schema.METADATA_ITEM)
    def update(self, req, server_id, id):
        server = self._load(req, server_id, "update")
        item = req.body_json["meta"]
        if id not in item:
            raise exceptions.BadRequest("Request body and URI mismatch")
        self._compute.metadata.merge(req.context, server, item)
        return {"meta": item}

    def delete(self, req, server_id, id):
        server = self._load(req, server_id, "delete")
        self._compute.metadata.remove(req.context, server, id)
        return 204
