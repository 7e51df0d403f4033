"""The ports of servers: made and bound in the caller's transaction, and let go of in it."""

from nova_lite import db
from nova_lite.db import networks as queries
from nova_lite.network import exceptions
from nova_lite.network.embedded import groups, ports, summary
from nova_lite.objects.states import Vm

_SHELVED = frozenset({Vm.SHELVED, Vm.SHELVED_OFFLOADED})
_AUTO_NAME = "auto_allocated_network"


class Servers:
    """What the compute floor needs; every method but ``server_at`` takes the caller's session."""

    def __init__(self, networks):
        self._networks = networks

    def allocate(self, session, server):
        """Give a server the ports it asked for; those it has already stay.

        :param server: its row: id, project_id, host, availability_zone, vm_state, requested_networks,
            requested_groups.  One that was shelved has what was attached and detached since instead.
        :returns: all its NICs as objects.Nic, in order.
        :raises Conflict: a port or address was taken since the request was validated.
        """
        present = queries.nic_indexes(session, server.id)
        missing = set() if server.vm_state in _SHELVED else set(range(len(server.requested_networks))) - present
        group_ids = self._groups(session, server) if missing else []
        for index in sorted(missing):
            wanted = server.requested_networks[index]
            if wanted.get("port"):
                self._take(session, server, wanted, index)
            else:
                self._make(session, server, wanted, index, group_ids)
        if present:
            queries.place_ports(session, server.id, server.host)
        return summary.write(session, server.id)

    @staticmethod
    def _groups(session, server):
        named = [groups.named(session, server.project_id, each) for each in server.requested_groups]
        return list(dict.fromkeys(named)) or [groups.ensure_default(session, server.project_id)]

    @staticmethod
    def _take(session, server, wanted, index):
        if not queries.take_port(session, wanted["port"], binding(server, wanted, index)):
            raise exceptions.RequestedPortInUse(port_id=wanted["port"])

    def _make(self, session, server, wanted, index, group_ids):
        network_id = self._auto(session, server) if wanted.get("auto") else wanted["network"]
        values = {"project_id": server.project_id, "made_for_server": True, **binding(server, wanted, index)}
        ip = wanted.get("fixed_ip")
        ports.add(session, network_id, values, [{"ip_address": ip}] if ip else None, group_ids)

    def _auto(self, session, server):
        """The project's only network; where it has none, one that is made for it."""
        found = queries.networks(session, server.project_id)
        if found:
            return found[0]["id"]
        return self._networks.add_default(session, server.project_id, _AUTO_NAME)

    def nics(self, session, server_id):
        """The server's NICs as objects.Nic, in order."""
        return summary.nics_of(session, [server_id]).get(server_id, [])

    def nics_by_server(self, session, server_ids):
        """{server id: NICs} in two statements however many servers there are; those without are missing."""
        return summary.nics_of(session, list(server_ids))

    def told(self, session, server_ids):
        """{server id: (addresses, security groups)} that rows should say; servers without ports are missing."""
        return summary.told(session, list(server_ids))

    def tell(self, session, server_id):
        """Write to a server's row what its ports are."""
        summary.write(session, server_id)

    def place(self, session, server_id, host):
        """The server's ports are on ``host`` from now; None: on none."""
        queries.place_ports(session, server_id, host)

    def release(self, session, server_id):
        """Delete the ports made for a server and let go of its user's own; it has none: nothing happens."""
        queries.drop_ports(session, server_id)
        summary.write(session, server_id)

    def port_of(self, session, network_id, ip):
        """The id of the server that has an address in a network; None."""
        found = queries.holder(session, network_id, ip)
        return found.server_id if found else None

    def server_at(self, network_id, ip):
        """As ``port_of``, in a transaction of its own."""
        with db.reader() as session:
            return self.port_of(session, network_id, ip)


def binding(server, wanted, index):
    """Columns of a port that is the ``index``-th NIC of a server (its row)."""
    return {"server_id": server.id, "nic_index": index, "host": server.host, "tag": wanted.get("tag"),
            "device_id": server.id, "device_owner": f"compute:{server.availability_zone or 'nova'}"}
