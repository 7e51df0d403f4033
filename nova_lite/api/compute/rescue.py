"""Servers booted from another disk to be mended: the actions rescue and unrescue."""

from nova_lite.api.compute.create_request import new_password
from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation
from nova_lite.conf import CONF


class Rescue:
    """404: no such server.  409: not in this state, or locked."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.RESCUE)
    def rescue(self, req, id):
        """200 and the password that the rescuing system's config drive has.  400: nothing boots from that image."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-rescue", server)
        asked = req.body_json["rescue"] or {}
        password = asked.get("adminPass", None) or new_password()
        self._compute.rescue.rescue(req.context, server, password, asked.get("rescue_image_ref"))
        return {"adminPass": password} if CONF.compute_api.enable_instance_password else {}

    @validation.body(schema.UNRESCUE)
    def unrescue(self, req, id):
        """202, and it boots from its own disk."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-unrescue", server)
        self._compute.rescue.unrescue(req.context, server)
        return 202
