"""Ports and addresses that servers get and give back while they live, refused as Nova refuses them.

Every method works in the caller's transaction.
"""

import contextlib

from nova_lite.db import locks
from nova_lite.db import networks as queries
from nova_lite.network import exceptions
from nova_lite.network.embedded import groups, ports, servers, summary
from nova_lite.network.embedded.requests import Requests
from nova_lite.network.embedded.room import eyes


class Attachments:
    """What is asked of a server's NICs after its birth."""

    def attach(self, session, context, server, wanted):
        """Make a port the server's last NIC; returns its id.

        :param server: a row: id, project_id, host, availability_zone.
        :param wanted: {"network", "port", "fixed_ip", "tag"}, each None where nothing is asked; with neither network
            nor port it is the only network there is.
        :raises AttachedPortNotFound, RequestedPortInUse, RequestedPortNotUsable: of a port.
        :raises AttachedNetworkNotFound, AttachmentAmbiguous, NoNetworkToAttach, SubnetNeeded: of a network.
        :raises FixedIpTaken, FixedIpNotInNetwork, NoMoreFixedIps, PortLimitExceeded: of what a new port needs.
        """
        locks.server(session, server.id)
        last = max(queries.nic_indexes(session, server.id), default=-1)
        binding = servers.binding(server, wanted, last + 1)
        if wanted["port"]:
            port_id = _take(session, context, server, wanted["port"], binding)
        else:
            port_id = _make(session, context, server, wanted, binding)
        summary.write(session, server.id)
        return port_id

    def detach(self, session, server_id, port_id):
        """Delete a port that was made for the server, or let go of its user's own; of any other, nothing."""
        locks.server(session, server_id)
        queries.drop_ports(session, server_id, port_id)
        summary.write(session, server_id)

    def check_attached(self, session, server_id, port_id):
        """:raises PortNotOfServer: it is no NIC of the server."""
        if port_id not in {each["id"] for each in of_server(session, server_id)}:
            raise exceptions.PortNotOfServer(port_id=port_id)

    def add_address(self, session, server_id, network_id):
        """Give the server's first NIC in a network one address more; (port id, address).

        :raises NetworkNotOfServer: it has none there.  :raises NoMoreFixedIps:
        """
        locks.server(session, server_id)
        port = next((each for each in of_server(session, server_id) if each["network_id"] == network_id), None)
        if port is None:
            raise exceptions.NetworkNotOfServer(server_id=server_id)
        with _words(network_id):
            ip = ports.one_more(session, port)
        summary.write(session, server_id)
        return port["id"], ip

    def port_with(self, session, server_id, ip):
        """The id of the server's port that has an address.  :raises FixedIpNotOfServer:"""
        for port in of_server(session, server_id):
            if ip in {each["ip_address"] for each in port["fixed_ips"]}:
                return port["id"]
        raise exceptions.FixedIpNotOfServer(server_id=server_id, ip=ip)

    def remove_address(self, session, server_id, port_id, ip):
        """Take an address away from a port of the server; one it does not have, nothing."""
        locks.server(session, server_id)
        queries.remove_ip(session, port_id, ip)
        summary.write(session, server_id)


def of_server(session, server_id):
    """The server's ports as dicts, in the guest's order; what a port's owner claims in device_id does not count."""
    found = queries.ports(session, None, having={"device_id": [server_id]})
    return sorted((each for each in found if each["server_id"] == server_id), key=lambda each: each["nic_index"])


def _take(session, context, server, port_id, binding):
    found = queries.ports(session, eyes(context), queries.Page({"id": [port_id]}))
    if not found:
        raise exceptions.AttachedPortNotFound(port_id=port_id)
    port, = found
    if port["project_id"] != server.project_id:
        raise exceptions.RequestedPortNotUsable(port_id=port_id)
    if port["server_id"] or port["device_id"] or not queries.take_port(session, port_id, binding):
        raise exceptions.RequestedPortInUse(port_id=port_id)
    return port_id


def _make(session, context, server, wanted, binding):
    network_id = wanted["network"] or _only(session, server.project_id)
    found = queries.networks(session, eyes(context), queries.Page({"id": [network_id]}))
    if not found:
        raise exceptions.AttachedNetworkNotFound(network_id=network_id)
    if not found[0]["subnets"]:
        raise exceptions.SubnetNeeded
    Requests.reserve(session, server.project_id, [{}], 1, 1)
    ip = wanted["fixed_ip"]
    with _words(network_id, ip):
        return ports.add(session, network_id, {"project_id": server.project_id, "made_for_server": True, **binding},
                         [{"ip_address": ip}] if ip else None, [groups.ensure_default(session, server.project_id)])


def _only(session, project_id):
    found = queries.networks(session, project_id)
    if len(found) > 1:
        raise exceptions.AttachmentAmbiguous
    if not found:
        raise exceptions.NoNetworkToAttach(project_id=project_id)
    return found[0]["id"]


@contextlib.contextmanager
def _words(network_id, ip=None):
    """Nova's words for what the network service says of a new address."""
    try:
        yield
    except exceptions.IpAddressGenerationFailure as error:
        raise exceptions.NoMoreFixedIps(network_id=network_id) from error
    except exceptions.IpAddressAlreadyAllocated as error:
        raise exceptions.FixedIpTaken(ip=ip) from error
    except exceptions.InvalidIpForNetwork as error:
        raise exceptions.FixedIpNotInNetwork(ip=ip, network_id=network_id) from error
