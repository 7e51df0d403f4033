"""Addresses of servers that are added and removed by actions, to 2.43."""

from nova_lite.api.compute.legacy import schemas as schema
from nova_lite.api.wsgi import validation


class FixedIps:
    """The actions addFixedIp and removeFixedIp.  202, also where there is nothing to add to or remove."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.ADD_FIXED_IP)
    def add(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-multinic:add", server)
        self._compute.interfaces.add_address(req.context, server, str(req.body_json["addFixedIp"]["networkId"]))
        return 202

    @validation.body(schema.REMOVE_FIXED_IP)
    def remove(self, req, id):
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-multinic:remove", server)
        self._compute.interfaces.remove_address(req.context, server, req.body_json["removeFixedIp"]["address"])
        return 202
