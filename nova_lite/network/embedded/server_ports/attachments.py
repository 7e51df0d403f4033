"""Attach and detach ports of existing servers, add and remove addresses; refused with Nova's errors.

Every method joins the open transaction.
"""

import contextlib

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db import locks
from nova_lite.db.models.networks import Port
from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import paging, rows
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import server_ports as server_port_queries
from nova_lite.network import exceptions
from nova_lite.network.embedded import floating
from nova_lite.network.embedded.resource import check_revision
from nova_lite.network.embedded.resources import ports
from nova_lite.network.embedded.resources.trunks import check_deletable
from nova_lite.network.embedded.server_ports import allocation, info_cache
from nova_lite.network.embedded.server_ports.requests import (
    Requests,
    check_choice,
    check_external,
    check_nics,
)


class Attachments:
    """NICs of servers that exist.  :param changes: a desired_state.Changes."""

    def __init__(self, changes):
        self._changes = changes

    def attach(self, context, server, wanted, marker=None):
        """Make a port the server's last NIC; returns its id.

        :param server: a row: id, project_id, host, availability_zone.
        :param wanted: {"network", "port", "fixed_ip", "tag"}, each None where nothing is asked; with neither network
            nor port it is the only network there is.
        :param marker: of the change that attaches it; None: none does.
        :raises AttachedPortNotFound, RequestedPortInUse, RequestedPortNotUsable: of a port.
        :raises RequestedPortNamedOtherwise: it has another name than the server.
        :raises AttachedNetworkNotFound, AttachmentAmbiguous, NoNetworkToAttach, SubnetNeeded: of a network.
        :raises TooManyNics: it has as many as a server may.  :raises AddressNotAllowed: others choose addresses there.
        :raises ExternalNetworkAttachForbidden: NICs on it are an operator's to give.
        :raises FixedIpTaken, FixedIpNotInNetwork, NoMoreFixedIps, PortLimitExceeded: of what a new port needs.
        """
        with db.writer() as session:
            locks.server(session, server.id)
            present = server_port_queries.nic_indexes(session, server.id)
            check_nics(len(present) + 1)
            last = max(present, default=-1)
            nic = allocation.nic(server, wanted, last + 1) | {"marker": marker}
            if wanted["port"]:
                port_id = _take(session, context, server, wanted["port"], nic)
            else:
                port_id = _make(session, context, server, wanted, nic)
            self._changes.groups(session)
            info_cache.push(session, server.id)
            return port_id

    def detach(self, server_id, port_id):
        """Delete a port that was made for the server, or unbind its user's own; any other port is left alone."""
        with db.writer() as session:
            locks.server(session, server_id)
            floating.release(session, self._changes, server_port_queries.made_for(session, server_id, port_id))
            server_port_queries.drop_ports(session, server_id, port_id)
            self._changes.groups(session)
            info_cache.push(session, server_id)

    def give_up(self, server_id, port_id, *, revision=None):
        """Mark a port to be deleted by ``detach``, also where its user made it.

        :raises RevisionNumberConstraintFailed: it is not in the ``revision`` that its user knows (None: any).
        :raises PortNotOfServer: it is no NIC of the server.  :raises PortInUseAsTrunkParent: a trunk has it.
        """
        with db.writer() as session:
            self.check_attached(server_id, port_id)
            found, = port_queries.ports(session, ALL, paging.Page({"id": [port_id]}))
            check_revision(found, revision)
            check_deletable(found)
            rows.update(session, Port, port_id, {"made_for_server": True})

    def check_attached(self, server_id, port_id):
        """:raises PortNotOfServer: it is no NIC of the server."""
        with db.reader() as session:
            if port_id not in {each["id"] for each in of_server(session, server_id)}:
                raise exceptions.PortNotOfServer(port_id=port_id)

    def add_address(self, context, server_id, network_id, marker=None):
        """Give the server's first NIC in a network one address more; (port id, address).

        :param marker: as for ``attach``.
        :raises NetworkNotOfServer: it has none there.  :raises NoMoreFixedIps:
        :raises AddressNotAllowed: the network is another project's.
        """
        with db.writer() as session:
            locks.server(session, server_id)
            port = next((each for each in of_server(session, server_id) if each["network_id"] == network_id), None)
            if port is None:
                raise exceptions.NetworkNotOfServer(server_id=server_id)
            check_choice(context, "update_port", _ownership(session, context, network_id), port["project_id"])
            with _words(network_id):
                ip = ports.one_more(session, port, marker)
            self._changes.groups(session)
            info_cache.push(session, server_id)
            return port["id"], ip

    def remove_address(self, server_id, port_id, ip):
        """Remove an address from a port of the server, if it has it; one that its MAC makes stays."""
        with db.writer() as session:
            locks.server(session, server_id)
            if address_queries.is_automatic(session, port_id, ip):
                return
            floating.release(session, self._changes, [port_id], [ip])
            address_queries.remove_ip(session, port_id, ip)
            self._changes.port(session, port_id)
            self._changes.groups(session)
            info_cache.push(session, server_id)


def of_server(session, server_id):
    """The server's ports as dicts, in the guest's order; what a port's owner claims in device_id does not count."""
    found = port_queries.ports(session, ALL, paging.Page({"device_id": [server_id]}))
    return sorted((each for each in found if each["server_id"] == server_id), key=lambda each: each["nic_index"])


def _take(session, context, server, port_id, nic):
    found = port_queries.ports(session, context.visible_project, paging.Page({"id": [port_id]}))
    if not found:
        raise exceptions.AttachedPortNotFound(port_id=port_id)
    port, = found
    if port["project_id"] != server.project_id:
        raise exceptions.RequestedPortNotUsable(port_id=port_id)
    allocation.check_name(server, port_id, port["dns_name"])
    if port["server_id"] or port["device_id"] or not server_port_queries.take_port(session, port_id, server.host, nic):
        raise exceptions.RequestedPortInUse(port_id=port_id)
    return port_id


def _make(session, context, server, wanted, nic):
    network_id = wanted["network"] or _only(session, server.project_id)
    allocation.hold_network(session, network_id)
    found = network_queries.networks(session, context.visible_project, paging.Page({"id": [network_id]}))
    if not found:
        raise exceptions.AttachedNetworkNotFound(network_id=network_id)
    check_external(context, found[0])
    if not found[0]["subnets"]:
        raise exceptions.SubnetNeeded
    Requests.reserve(server.project_id, [{}], 1, 1)
    ip = wanted["fixed_ip"]
    if ip:
        check_choice(context, "create_port", found[0], server.project_id)
    with _words(network_id, ip):
        values = {"project_id": server.project_id, "made_for_server": True, "host": server.host, **nic}
        return ports.add(session, network_id, values, [{"ip_address": ip}] if ip else None, None)


def _ownership(session, context, network_id):
    return network_queries.ownership(session, network_id, context.own_project)


def _only(session, project_id):
    found = network_queries.for_servers(session, project_id)
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
    except (exceptions.InvalidIpForNetwork, exceptions.AllocationOnAutoAddressSubnet) as error:
        raise exceptions.FixedIpNotInNetwork(ip=ip, network_id=network_id) from error
