"""Tags of servers: /servers/{id}/tags (from 2.26)."""

import re
from urllib.parse import quote

from nova_lite.api.compute.schemas import server_details as schema
from nova_lite.api.compute.schemas.types import OPEN_QUERY, TAG
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-server-tags:"


class Tags:
    """Changes answer 404 without the server or tag and 409 while the server is not up."""

    def __init__(self, facades):
        self._compute = facades.compute

    def _load(self, req, server_id, rule):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY + rule, server)
        return server

    @validation.query(OPEN_QUERY)
    def index(self, req, server_id):
        return {"tags": self._load(req, server_id, "index").tags}

    @validation.query(OPEN_QUERY)
    def show(self, req, server_id, id):
        """204 if the server has it."""
        if id not in self._load(req, server_id, "show").tags:
            raise exceptions.TagNotFound(server_id=server_id, tag=id)
        return 204

    @validation.body(schema.TAGS)
    def update_all(self, req, server_id):
        server = self._load(req, server_id, "update_all")
        return {"tags": self._compute.tags.replace(req.context, server, req.body_json["tags"])}

    @validation.body(schema.NO_BODY)
    def update(self, req, server_id, id):
        """201 and where it is, or 204 if the server had it."""
        server = self._load(req, server_id, "update")
        if not 1 <= len(id) <= TAG["maxLength"] or not re.search(TAG["pattern"], id):
            raise exceptions.BadRequest(f"Tag '{id}' is invalid. It must be a non empty string without characters '/' "
                                       f"and ',', of at most {TAG['maxLength']} characters.")
        if not self._compute.tags.add(req.context, server, id):
            return 204
        return Answer(None, 201, [("Location", f"{Links(req).self_}/servers/{server_id}/tags/{quote(id)}")])

    def delete(self, req, server_id, id):
        server = self._load(req, server_id, "delete")
        self._compute.tags.remove(req.context, server, id)
        return 204

    def delete_all(self, req, server_id):
        server = self._load(req, server_id, "delete_all")
        self._compute.tags.clear(req.context, server)
        return 204
