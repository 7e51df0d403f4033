"""Guests themselves: diagnostics, topology, and the actions changePassword and trigger_crash_dump."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views import topology as view
from nova_lite.api.wsgi import validation


class Guest:
    """404: no such server.  409: not in this state, or locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.query(NO_QUERY)
    def diagnostics(self, req, server_id):
        """200; from 2.48 in the same words whatever the hypervisor is.  409: it is off."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-server-diagnostics", server)
        found = self._compute.guest.diagnostics(req.context, server)
        if not req.at_least("2.48"):
            return found["legacy"]
        return {**found["standard"], "config_drive": server.config_drive}

    @validation.query(NO_QUERY)
    def topology(self, req, server_id):
        """200: the guest's NUMA nodes as its flavor and image ask for them; where they lie, its host alone knows."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("compute:server:topology:index", server)
        return view.topology(server)

    @validation.body(schema.CHANGE_PASSWORD)
    def change_password(self, req, id):
        """202.  409 also: the server's image does not say that the guest agent is there."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-admin-password", server)
        self._compute.guest.change_password(req.context, server, req.body_json["changePassword"]["adminPass"])
        return 202

    @validation.body(schema.TRIGGER_CRASH_DUMP)
    def crash(self, req, id):
        """202, and the guest gets an NMI."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:servers:trigger_crash_dump", server)
        self._compute.guest.crash(req.context, server)
        return 202
