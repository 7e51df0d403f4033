"""The server action injectNetworkInfo, which Nova has for hypervisors that write into guests."""

from nova_lite.api.compute.schemas.types import action
from nova_lite.api.wsgi import validation


class NetworkInfo:
    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(action("injectNetworkInfo"))
    def inject(self, req, id):
        """202.  Guests here learn of their network by DHCP and metadata, which read what this writes anew."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-admin-actions:inject_network_info", server)
        self._compute.external_events.refresh(req.context, server)
        return 202
