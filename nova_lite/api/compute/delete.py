"""Servers deleted for good or taken back: the actions forceDelete and restore."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation

_POLICY = "os_compute_api:os-deferred-delete:"


class Delete:
    """Each answers 202.  404: no such server.  409: it is locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.RESTORE)
    def restore(self, req, id):
        """409 also: it is not soft deleted.  403: there is no quota for it any more."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "restore", server)
        self._compute.delete.restore(req.context, server)
        return 202

    @validation.body(schema.FORCE_DELETE)
    def force(self, req, id):
        """Whatever state it is in, and whatever is done to it."""
        server = self._compute.servers.get(req.context, id, damaged=True)
        req.context.can(_POLICY + "force", server)
        self._compute.delete.force(req.context, server)
        return 202
