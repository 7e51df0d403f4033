"""What operations change at the embedded network service: found by its marker, adopted or made, and undone."""

import contextlib

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext
from nova_lite.db import server_objects
from nova_lite.db.network import addresses, port_status, server_ports
from nova_lite.network.embedded.server_ports import info_cache


class AllocatePorts:
    """The ports that a server asked for.  Its id finds them again: they are bound to it in the transaction that made
    them.

    Arguments: {"server_id"}.  Result: {"ports": their ids}.
    """

    def __init__(self, servers):
        self._servers = servers

    def do(self, marker, arguments):
        with db.writer() as session:
            nics = self._servers.allocate(server_objects.row(session, arguments["server_id"]))
        return {"ports": [nic.port_id for nic in nics]}

    def undo(self, marker, arguments):
        self._servers.release(arguments["server_id"])


class ActivatePorts:
    """Ports come to work on a host, as that host reports; nobody else makes it so.

    Arguments: {"server_id", "host", "ports": ids, "timeout": seconds}.  Result: {"active": those that are there}.
    """

    def do(self, marker, arguments):
        with db.reader() as session:
            if port_status.down(session, arguments["host"], arguments["ports"]):
                return None
        return {"active": arguments["ports"]}

    def undo(self, marker, arguments):
        """A port is what its host reports."""

    @staticmethod
    def timeout(arguments):
        return arguments.get("timeout", 0)


class ReleasePorts:
    """All ports of a server go, however it got them.  Arguments: {"server_id"}."""

    def __init__(self, servers):
        self._servers = servers

    def undo(self, marker, arguments):
        self._servers.release(arguments["server_id"])


class PlacePorts:
    """The ports of a server are bound to the host that it goes to.

    Arguments: {"server_id", "host": its name; None: none}.  Result: {}.  Undone, they are bound where the server is by
    then, to no host where it has none: so that of several that end in any order all lead to the same.
    """

    def __init__(self, servers):
        self._servers = servers

    def do(self, marker, arguments):
        with db.writer() as session:
            self._place(session, arguments["server_id"], arguments["host"])
        return {}

    def undo(self, marker, arguments):
        with db.writer() as session, contextlib.suppress(exceptions.ServerNotFound):     # its ports go as well
            self._place(session, arguments["server_id"], server_objects.row(session, arguments["server_id"]).host)

    def _place(self, session, server_id, host):
        self._servers.place(server_id, host)
        info_cache.push(session, server_id)


class AttachPort:
    """A server's next NIC, on a port that is made or is its user's.

    Arguments: {"context": RequestContext.to_dict(), "server_id", "wanted": as for ``Attachments.attach``}.
    Result: {"port": its id}.
    """

    def __init__(self, attachments):
        self._attachments = attachments

    def do(self, marker, arguments):
        with db.writer() as session:
            found = server_ports.marked(session, marker)
            return {"port": found.id if found is not None else self._attachments.attach(
                RequestContext.from_dict(arguments["context"]), server_objects.row(session, arguments["server_id"]),
                arguments["wanted"], marker)}

    def undo(self, marker, arguments):
        with db.writer() as session:
            found = server_ports.marked(session, marker)
            if found is not None:
                self._attachments.detach(*found)


class DetachPort:
    """A port of a server goes, or goes back to its user.  Arguments: {"server_id", "port"}."""

    def __init__(self, attachments):
        self._attachments = attachments

    def undo(self, marker, arguments):
        self._attachments.detach(arguments["server_id"], arguments["port"])


class AddAddress:
    """One address more for a server's first NIC in a network, or one that its port has already.

    Arguments: {"server_id"} and {"context": RequestContext.to_dict(), "network_id"} or {"port", "address"}.
    Result: {"port", "address"}.
    """

    def __init__(self, attachments):
        self._attachments = attachments

    def do(self, marker, arguments):
        with db.writer() as session:
            found = _address(session, marker, arguments)
            port_id, ip = found[1:] if found is not None else self._attachments.add_address(
                RequestContext.from_dict(arguments["context"]), arguments["server_id"], arguments["network_id"], marker)
        return {"port": port_id, "address": ip}

    def undo(self, marker, arguments):
        with db.writer() as session:
            found = _address(session, marker, arguments)
            if found is not None:
                self._attachments.remove_address(*found)


def _address(session, marker, arguments):
    """(server id, port id, address) of an AddAddress that was done; None."""
    if "address" in arguments:
        return arguments["server_id"], arguments["port"], arguments["address"]
    return addresses.marked(session, marker)


class RemoveAddress:
    """An address of a server's port goes.  Arguments: {"server_id", "port", "address"}."""

    def __init__(self, attachments):
        self._attachments = attachments

    def undo(self, marker, arguments):
        self._attachments.remove_address(arguments["server_id"], arguments["port"], arguments["address"])
