"""Remote consoles: links with tokens, and what the console proxies look up by them."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import console_tokens
from nova_lite.db.base import now
from nova_lite.db.console_tokens import find

#: protocol -> the console type that is offered for it
OFFERED = {"vnc": "novnc", "serial": "serial"}


class RemoteConsoles:
    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def create(self, context, server, protocol, kind):
        """A token for a console of ``server``, valid until its guest is stopped, moved or deleted.

        :raises ConsoleTypeUnavailable: it is not offered here.  :raises ConsoleTypeInvalid: no such type.
        :raises ServerNotReady: its guest does not run, its host does not answer, or it was stopped, moved or deleted
            meanwhile.
        """
        _check(protocol, kind)
        if server.host is None:
            raise exceptions.ServerNotReady(server_id=server.id)
        since = now()
        self._address(context, server.host, server.id, protocol)
        with db.writer() as session:
            token = console_tokens.make(session, server.id, protocol, CONF.console.token_ttl, since)
            if token is None:
                raise exceptions.ServerNotReady(server_id=server.id)
            return token

    def show(self, context, token):
        """Where a token leads: {"server_id", "protocol", "host", "port", "path"}; path "" where there is none.

        :raises ConsoleTokenNotFound: the token is unknown or expired, or its server was stopped since.
        """
        with db.reader() as session:
            found = find(session, token)
        if found is None:
            raise exceptions.ConsoleTokenNotFound
        address = self._address(context, found.host, found.server_id, found.protocol)
        return {"server_id": found.server_id, "protocol": found.protocol, **address}

    def _address(self, context, host, server_id, protocol):
        try:
            return self._rpc.open_console(context, host, server_id, protocol)
        except (exceptions.GuestNotFound, exceptions.NoAnswer) as error:
            raise exceptions.ServerNotReady(server_id=server_id) from error


def _check(protocol, kind):
    enabled = {"vnc": CONF.vnc.enabled, "serial": CONF.serial_console.enabled}
    if not enabled.get(protocol):
        raise exceptions.ConsoleTypeUnavailable(console_type=kind)
    if kind != OFFERED[protocol]:
        raise exceptions.ConsoleTypeInvalid(console_type=kind)
