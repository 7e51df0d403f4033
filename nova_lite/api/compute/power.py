"""Servers go on and off: the actions os-start, os-stop and reboot."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation

_POLICY = "os_compute_api:servers:"


class Power:
    """Each answers 202 and returns at once.  404: no such server.  409: not in this state, or locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.START)
    def start(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "start", server)
        self._compute.power.start(req.context, server)
        return 202

    @validation.body(schema.STOP)
    def stop(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "stop", server)
        self._compute.power.stop(req.context, server)
        return 202

    @validation.body(schema.REBOOT)
    def reboot(self, req, id):
        """SOFT asks the guest to restart itself; HARD cuts its power."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "reboot", server)
        hard = req.body_json["reboot"]["type"].upper() == "HARD"
        begin = self._compute.power.hard_reboot if hard else self._compute.power.reboot
        begin(req.context, server)
        return 202
