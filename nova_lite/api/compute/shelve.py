"""Servers taken off their hosts and back: the actions shelve, shelveOffload and unshelve."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation
from nova_lite.compute.api import KEEP_ZONE

_POLICY = "os_compute_api:os-shelve:"


class Shelve:
    """Each answers 202.  404: no such server.  409: not in this state, or locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.SHELVE)
    def shelve(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "shelve", server)
        self._compute.shelve.shelve(req.context, server)
        return 202

    @validation.body(schema.SHELVE_OFFLOAD)
    def offload(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "shelve_offload", server)
        self._compute.shelve.offload(req.context, server)
        return 202

    @validation.body(schema.UNSHELVE)
    def unshelve(self, req, id):
        """From 2.77 into a zone, from 2.91 also out of one or, by administrators, to a host.  400: there is none."""
        server = self._compute.servers.get(req.context, id)
        req.context.can(_POLICY + "unshelve", server)
        asked = (req.body_json["unshelve"] or {}) if req.at_least("2.77") else {}
        host = asked.get("host")
        if host:
            req.context.can(_POLICY + "unshelve_to_host", server)
        self._compute.shelve.unshelve(req.context, server, zone=asked.get("availability_zone", KEEP_ZONE), host=host)
        return 202
