"""From a token to the guest behind it."""

import socket

from nova_lite.common import context as contexts
from nova_lite.common import exceptions

_CONNECT = 5.0      # seconds


class Connector:
    """:param consoles: compute.actions.remote_consoles.RemoteConsoles.  :param protocol: the one that is let in."""

    def __init__(self, consoles, protocol):
        self._consoles = consoles
        self._protocol = protocol

    def open(self, token):
        """A socket connected to what the token is for, and the id of its server.

        The host is asked where that is at this moment, so that a port that went to another guest is never reached.
        :raises ConsoleTokenNotFound, ServerNotReady:
        """
        found = self._consoles.show(contexts.admin(), token)
        if found["protocol"] != self._protocol:
            raise exceptions.ConsoleTokenNotFound
        try:
            made = socket.create_connection((found["host"], found["port"]), _CONNECT)
        except OSError as error:
            raise exceptions.ServerNotReady(server_id=found["server_id"]) from error
        if found["path"]:
            made.sendall(found["path"].encode() + b"\n")
        return made, found["server_id"]
