"""How servers are on networks: their addresses, interfaces and security groups, all to be read only."""

from nova_lite.api.compute.schemas import server_details as schema
from nova_lite.api.compute.views import server_network as view
from nova_lite.api.compute.views.servers import addresses
from nova_lite.api.wsgi import validation
from nova_lite.common import exception
from nova_lite.network.listing import Ask


class Addresses:
    """/servers/{id}/ips: what the server's view shows, without types and MACs."""

    def __init__(self, doors):
        self._compute = doors.compute

    @validation.query(schema.NO_QUERY)
    def index(self, req, server_id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:ips:index", server)
        return {"addresses": addresses(server, extended=False)}

    @validation.query(schema.NO_QUERY)
    def show(self, req, server_id, id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:ips:show", server)
        found = addresses(server, extended=False)
        if id not in found:
            raise exception.NotFound("Instance is not a member of specified network")
        return {id: found[id]}


class Interfaces:
    """/servers/{id}/os-interface: the server's ports."""

    def __init__(self, doors):
        self._compute = doors.compute
        self._network = doors.network

    @validation.query(schema.NO_QUERY)
    def index(self, req, server_id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-attach-interfaces:list", server)
        ports = self._ports(req, server)
        return {"interfaceAttachments": [view.interface(req, port) for port in ports]}

    @validation.query(schema.NO_QUERY)
    def show(self, req, server_id, id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-attach-interfaces:show", server)
        port = next((each for each in self._ports(req, server) if each["id"] == id), None)
        if port is None:
            raise exception.NotFound(f"Port id {id} could not be found.")
        return {"interfaceAttachment": view.interface(req, port)}

    def _ports(self, req, server):
        """In the guest's order; what a port's owner claims in device_id does not count."""
        ports = self._network.ports.list(req.context, Ask(filters={"device_id": [server.id]}))
        return sorted((port for port in ports if port["server_id"] == server.id), key=lambda port: port["nic_index"])


class SecurityGroups:
    """/servers/{id}/os-security-groups: the groups of the server's ports."""

    def __init__(self, doors):
        self._compute = doors.compute
        self._network = doors.network

    @validation.query(schema.NO_QUERY)
    def index(self, req, server_id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-security-groups:list", server)
        ports = self._network.ports.list(req.context, Ask(filters={"device_id": [server.id]}))
        ids = sorted({group for port in ports if port["server_id"] == server.id for group in port["security_groups"]})
        groups = self._network.security_groups.list(req.context, Ask(filters={"id": ids})) if ids else []
        names = {group["id"]: group["name"] for group in groups}
        return {"security_groups": [view.security_group(group, names) for group in groups]}
