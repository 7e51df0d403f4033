"""Servers stand still and go on: the actions pause, unpause, suspend and resume."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation

_PAUSE, _SUSPEND = "os_compute_api:os-pause-server:", "os_compute_api:os-suspend-server:"


class Pause:
    """Each answers 202 and returns at once.  404: no such server.  409: not in this state, or locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.PAUSE)
    def pause(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_PAUSE + "pause", server)
        self._compute.pause.pause(req.context, server)
        return 202

    @validation.body(schema.UNPAUSE)
    def unpause(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_PAUSE + "unpause", server)
        self._compute.pause.unpause(req.context, server)
        return 202

    @validation.body(schema.SUSPEND)
    def suspend(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_SUSPEND + "suspend", server)
        self._compute.pause.suspend(req.context, server)
        return 202

    @validation.body(schema.RESUME)
    def resume(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_SUSPEND + "resume", server)
        self._compute.pause.resume(req.context, server)
        return 202
