"""How servers are on networks: their addresses, interfaces and security groups."""

import ipaddress

from nova_lite.api.compute.schemas import interfaces as schema
from nova_lite.api.compute.schemas.server_details import NO_QUERY
from nova_lite.api.compute.views import server_network as view
from nova_lite.api.compute.views.servers import addresses
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Later
from nova_lite.common import exceptions
from nova_lite.network.listing import Ask


class Addresses:
    """/servers/{id}/ips: what the server's view shows, without types and MACs."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.query(NO_QUERY)
    def index(self, req, server_id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:ips:index", server)
        return {"addresses": addresses(server, extended=False)}

    @validation.query(NO_QUERY)
    def show(self, req, server_id, id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:ips:show", server)
        found = addresses(server, extended=False)
        if id not in found:
            raise exceptions.NotFound("Instance is not a member of specified network")
        return {id: found[id]}


class Interfaces:
    """/servers/{id}/os-interface: the server's ports."""

    def __init__(self, facades):
        self._compute = facades.compute
        self._network = facades.network

    @validation.query(NO_QUERY)
    def index(self, req, server_id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-attach-interfaces:list", server)
        ports = self._ports(req, server)
        return {"interfaceAttachments": [view.interface(req, port) for port in ports]}

    @validation.query(NO_QUERY)
    def show(self, req, server_id, id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-attach-interfaces:show", server)
        port = next((each for each in self._ports(req, server) if each["id"] == id), None)
        if port is None:
            raise exceptions.NotFound(f"Port id {id} could not be found.")
        return {"interfaceAttachment": view.interface(req, port)}

    @validation.body(schema.ATTACH)
    def create(self, req, server_id):
        """200 when the guest has it.  400, 403, 404, 409: no such port or address, or none left.  500: it failed."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-attach-interfaces:create", server)
        operation_id = self._compute.interfaces.attach(req.context, server, _wanted(req.body_json))

        def attached():
            port_id = self._compute.interfaces.attached(operation_id, server.id)
            return {"interfaceAttachment": view.interface(req, self._network.ports.get(req.context, port_id))}
        return Later(operation_id, attached)

    def delete(self, req, server_id, id):
        """202, also where the server has no such port: os-instance-actions shows the result."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-attach-interfaces:delete", server)
        self._compute.interfaces.detach(req.context, server, id)
        return 202

    def _ports(self, req, server):
        """In the guest's order; what a port's owner claims in device_id does not count."""
        ports = self._network.ports.list(req.context, Ask(filters={"device_id": [server.id]}))
        return sorted((port for port in ports if port["server_id"] == server.id), key=lambda port: port["nic_index"])


def _wanted(body):
    """What network.embedded.attachments wants to know.  :raises BadRequest: it contradicts itself."""
    asked = body.get("interfaceAttachment", {})
    network, port = asked.get("net_id"), asked.get("port_id")
    ip = str(ipaddress.ip_address(asked["fixed_ips"][0]["ip_address"])) if "fixed_ips" in asked else None
    if network and port:
        raise exceptions.BadRequest("Must not input both network_id and port_id")
    if ip and not network:
        raise exceptions.BadRequest("Must input network_id when request IP address")
    return {"network": network, "port": port, "fixed_ip": ip, "tag": asked.get("tag")}


class SecurityGroups:
    """/servers/{id}/os-security-groups: the groups of the server's ports; actions to join and leave them."""

    def __init__(self, facades):
        self._compute = facades.compute
        self._network = facades.network

    @validation.query(NO_QUERY)
    def index(self, req, server_id):
        """200: each port's groups, by name; as Nova has it, a group of two ports is there twice."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can("os_compute_api:os-security-groups:list", server)
        ports = self._network.ports.list(req.context, Ask(filters={"device_id": [server.id]}))
        ids = [group for port in ports if port["server_id"] == server.id for group in port["security_groups"]]
        found = self._network.security_groups.list(req.context, Ask(filters={"id": sorted(set(ids))})) if ids else []
        groups = {each["id"]: each for each in found}
        names = {each["id"]: each["name"] for each in found}
        seen = [groups[each] for each in ids if each in groups]
        listed = sorted(seen, key=lambda each: (each["project_id"], each["name"]))
        return {"security_groups": [view.security_group(each, names) for each in listed]}

    @validation.body(schema.ADD_GROUP)
    def add(self, req, id):
        """202, and every port is in the group.  404: no such group, or no port.  400: a port is in it already."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-security-groups:add", server)
        self._compute.security_groups.add(req.context, server, req.body_json["addSecurityGroup"]["name"])
        return 202

    @validation.body(schema.REMOVE_GROUP)
    def remove(self, req, id):
        """202, and no port is in the group.  404: no such group, or no port is in it."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-security-groups:remove", server)
        self._compute.security_groups.remove(req.context, server, req.body_json["removeSecurityGroup"]["name"])
        return 202
