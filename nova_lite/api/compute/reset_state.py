"""Servers whose state is wrong: the action os-resetState."""

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation
from nova_lite.objects.states import Vm

_STATES = {"active": Vm.ACTIVE, "error": Vm.ERROR}


class ResetState:
    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.RESET_STATE)
    def reset(self, req, id):
        """202, and it is so, locked or not.  404: no such server."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-admin-actions:reset_state", server)
        self._compute.reset_state.reset(req.context, server, _STATES[req.body_json["os-resetState"]["state"]])
        return 202
