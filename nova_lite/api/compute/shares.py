"""Shared file systems of servers: /servers/{id}/shares (from 2.97).  There is no share service, so there are none."""

from nova_lite.api.compute.schemas import volumes as schema
from nova_lite.api.compute.schemas.types import CLOSED_QUERY
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions

_POLICY = "os_compute_api:os-server-shares:"


class Shares:
    """404: no such server or share.  409: the server must be stopped to change its shares."""

    def __init__(self, facades):
        self._compute = facades.compute

    def _load(self, req, server_id, rule):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY + rule, server)
        return server

    @validation.query(CLOSED_QUERY)
    def index(self, req, server_id):
        self._load(req, server_id, "index")
        return {"shares": []}

    @validation.query(CLOSED_QUERY)
    def show(self, req, server_id, id):
        self._load(req, server_id, "show")
        raise exceptions.ShareNotFound(share_id=id)

    @validation.body(schema.SHARE)
    def create(self, req, server_id):
        self._compute.servers.check_stopped(self._load(req, server_id, "create"), "create share")
        raise exceptions.ShareNotFound(share_id=req.body_json["share"]["share_id"])

    def delete(self, req, server_id, id):
        self._compute.servers.check_stopped(self._load(req, server_id, "delete"), "delete share")
        raise exceptions.ShareNotFound(share_id=id)
