"""The ports of servers: created, bound and released.  Each method joins the open transaction."""

from nova_lite import db
from nova_lite.db import locks
from nova_lite.db.models.networks import Network
from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import rows
from nova_lite.db.network import server_ports as server_port_queries
from nova_lite.network import exceptions
from nova_lite.network.embedded import floating
from nova_lite.network.embedded.resources import auto_topologies, ports, security_groups
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.objects.states import Vm

_SHELVED = frozenset({Vm.SHELVED, Vm.SHELVED_OFFLOADED})


class Servers:
    """What the compute floor needs of a server's ports.

    :param networks: the Networks.  :param topologies: the AutoTopologies.  :param changes: a desired_state.Changes.
    """

    def __init__(self, networks, topologies, changes):
        self._networks = networks
        self._topologies = topologies
        self._changes = changes

    def allocate(self, server):
        """Create and bind the ports that a server asked for; those it has already stay.

        :param server: its row: id, project_id, host, availability_zone, vm_state, requested_networks,
            requested_groups.  One that was shelved has what was attached and detached since instead.
        :returns: all its NICs as objects.Nic, in order.
        :raises Conflict: a port or address was taken since the request was validated.
        """
        with db.writer() as session:
            present = server_port_queries.nic_indexes(session, server.id)
            missing = set() if server.vm_state in _SHELVED else set(range(len(server.requested_networks))) - present
            group_ids = self._groups(session, server) if missing else None
            for index in sorted(missing):
                wanted = server.requested_networks[index]
                if wanted.get("port"):
                    self._take(session, server, wanted, index)
                else:
                    self._make(session, server, wanted, index, group_ids)
            self._changes.groups(session)
            if present:
                server_port_queries.place_ports(session, server.id, server.host)
            return info_cache.push(session, server.id).nics

    @staticmethod
    def _groups(session, server):
        """Ids of the groups that were asked for; None: a network's ports are in the default one, or in none."""
        if set(server.requested_groups) <= {security_groups.DEFAULT}:
            return None
        return list(dict.fromkeys(security_groups.named(session, server.project_id, each)
                                  for each in server.requested_groups))

    @staticmethod
    def _take(session, server, wanted, index):
        check_name(server, wanted["port"], port_queries.dns_name(session, wanted["port"]))
        if not server_port_queries.take_port(session, wanted["port"], server.host, nic(server, wanted, index)):
            raise exceptions.RequestedPortInUse(port_id=wanted["port"])

    def _make(self, session, server, wanted, index, group_ids):
        network_id = self._auto(session, server) if wanted.get("auto") else wanted["network"]
        hold_network(session, network_id)
        values = {"project_id": server.project_id, "made_for_server": True, "host": server.host,
                  **nic(server, wanted, index)}
        ip = wanted.get("fixed_ip")
        ports.add(session, network_id, values, [{"ip_address": ip}] if ip else None, group_ids)

    def _auto(self, session, server):
        """The project's only network; where it has none, one that is made for it: its auto-allocated topology, or
        where an administrator has not made what that needs, one with a subnet in a range that is free.
        """
        found = network_queries.for_servers(session, server.project_id)
        if found:
            return found[0]["id"]
        if self._topologies.is_possible():
            return self._topologies.ensure(server.project_id)
        return self._networks.add_default(server.project_id, auto_topologies.NETWORK)

    def describe(self, server_ids):
        """{server id: objects.interface.ServerNetwork}; servers without ports are missing."""
        with db.reader() as session:
            return info_cache.describe(session, list(server_ids))

    def place(self, server_id, host):
        """Bind the server's ports to ``host``; None: to none."""
        with db.writer() as session:
            server_port_queries.place_ports(session, server_id, host)

    def rename(self, server_id):
        """Notify the host of the server's new hostname, which DHCP and DNS use."""
        with db.writer() as session:
            for port_id in server_port_queries.rename_ports(session, server_id):
                self._changes.port(session, port_id)
            info_cache.push(session, server_id)

    def release(self, server_id):
        """Delete the ports that were made for a server, and unbind its user's own."""
        with db.writer() as session:
            floating.release(session, self._changes, server_port_queries.made_for(session, server_id))
            server_port_queries.drop_ports(session, server_id)
            self._changes.groups(session)
            info_cache.push(session, server_id)

    def server_at(self, network_id, ip):
        """The id of the server that has an address in a network; None."""
        with db.reader() as session:
            found = address_queries.holder(session, network_id, ip)
            return found.server_id if found else None


def hold_network(session, network_id):
    """No subnet of a network comes or goes until the transaction ends, which makes a port there: before it reads
    which there are, and behind the server's row.
    """
    if locks.are_needed(session):
        rows.lock(session, Network, network_id, writing=False)


def check_name(server, port_id, name):
    """:param name: a port's own; "" or None: none.

    :raises RequestedPortNamedOtherwise: its guest would be found by another name than its server's hostname.
    """
    if name and name != server.hostname.lower():
        raise exceptions.RequestedPortNamedOtherwise(port_id=port_id, server_id=server.id, name=name,
                                                     hostname=server.hostname)


def nic(server, wanted, index):
    """Columns of a port that is the ``index``-th NIC of a server (its row)."""
    return {"server_id": server.id, "nic_index": index, "tag": wanted.get("tag"),
            "device_id": server.id, "device_owner": f"compute:{server.availability_zone or 'nova'}"}
