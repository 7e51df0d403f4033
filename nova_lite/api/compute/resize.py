"""Servers of another size: the actions resize, confirmResize and revertResize."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation

_POLICY = "os_compute_api:servers:"


class Resize:
    """404: no such server.  409: not in this state, or locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.RESIZE)
    def resize(self, req, id):
        """202.  400: no such flavor, the same one, or one without a disk.  403: over quota."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "resize", server)
        asked = req.body_json["resize"]
        self._compute.resize.resize(req.context, server, str(asked["flavorRef"]), asked.get("OS-DCF:diskConfig"))
        return 202

    @validation.body(schema.CONFIRM_RESIZE)
    def confirm(self, req, id):
        """204, and it keeps the new size."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "confirm_resize", server)
        self._compute.resize.confirm(req.context, server)
        return 204

    @validation.body(schema.REVERT_RESIZE)
    def revert(self, req, id):
        """202, and it gets size and disk as they were."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "revert_resize", server)
        self._compute.resize.revert(req.context, server)
        return 202
