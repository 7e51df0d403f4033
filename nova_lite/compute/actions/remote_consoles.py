"""Consoles that a person uses from afar: a link with a token, and what the proxies ask about it."""

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import console_tokens
from nova_lite.db.console_tokens import find

#: protocol -> the one type of it that is offered
OFFERED = {"vnc": "novnc", "serial": "serial"}


class RemoteConsoles:
    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def create(self, context, server, protocol, kind):
        """A token for one console of ``server`` while it lives on.

        :raises ConsoleTypeUnavailable: it is not offered here.  :raises ConsoleTypeInvalid: no such type.
        :raises ServerNotReady: its guest does not run, or its host does not answer.
        """
        _check(protocol, kind)
        if server.host is None:
            raise exception.ServerNotReady(server_id=server.id)
        self._address(context, server.host, server.id, protocol)
        with db.writer() as session:
            return console_tokens.make(session, server.id, protocol, CONF.console.token_ttl)

    def show(self, context, token):
        """Where a token leads: {"server_id", "protocol", "host", "port", "path"}; path "" where there is none.

        :raises ConsoleTokenNotFound: it never was one, has expired, or its server was stopped since.
        """
        with db.reader() as session:
            found = find(session, token)
        if found is None:
            raise exception.ConsoleTokenNotFound
        address = self._address(context, found.host, found.server_id, found.protocol)
        return {"server_id": found.server_id, "protocol": found.protocol, **address}

    def _address(self, context, host, server_id, protocol):
        try:
            return self._rpc.open_console(context, host, server_id, protocol)
        except (exception.GuestNotFound, exception.NoAnswer) as error:
            raise exception.ServerNotReady(server_id=server_id) from error


def _check(protocol, kind):
    enabled = {"vnc": CONF.vnc.enabled, "serial": CONF.serial_console.enabled}
    if not enabled.get(protocol):
        raise exception.ConsoleTypeUnavailable(console_type=kind)
    if kind != OFFERED[protocol]:
        raise exception.ConsoleTypeInvalid(console_type=kind)
