"""Servers locked against change: the actions lock and unlock."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation

_POLICY = "os_compute_api:os-lock-server:"


class Locks:
    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.LOCK)
    def lock(self, req, id):
        """202.  The reason (from 2.73) is shown with the server."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "lock", server)
        asked = req.body_json["lock"] if req.at_least("2.73") else None
        self._compute.locks.lock(req.context, server, (asked or {}).get("locked_reason"))
        return 202

    @validation.body(schema.UNLOCK)
    def unlock(self, req, id):
        """202.  403: an administrator locked it."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "unlock", server)
        if not self._compute.locks.is_owners(server):
            req.context.can(_POLICY + "unlock:unlock_override", server)
        self._compute.locks.unlock(req.context, server)
        return 202
