"""The password that a guest made and left for its owner: /servers/{id}/os-server-password."""

from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.wsgi import validation

_POLICY = "os_compute_api:os-server-password:"


class ServerPassword:
    """It is sealed with the owner's key; only who has the private one can read it.  404: no such server."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.query(NO_QUERY)
    def index(self, req, server_id):
        """200; "" while the guest left none."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY + "show", server)
        return {"password": server.guest_password or ""}

    def clear(self, req, server_id):
        """204; the guest keeps its password, this service forgets it."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY + "clear", server)
        self._compute.servers.update(req.context, server, {"guest_password": None})
        return 204
