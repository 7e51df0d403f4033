"""The websocket proxies: pages and websockets on one port, each websocket relayed to the one guest its token is for.

Heads of requests are read by h11 and websockets by the core without sockets of the library ``websockets``; here are
sockets, threads and rules.  A connection makes one request.  The library's own reader of heads refuses HEAD, and POST
with a body, before we could answer them.  Its servers accept connections without the limits that all our servers
share, and need a third thread, or a loop of their own, for each console.
"""

import contextlib
import http.cookies
import logging
import socket
import time
import urllib.parse

import h11
from websockets import datastructures, frames, http11, protocol, server
from websockets import exceptions as ws_exceptions

from nova_lite.common import concurrency, exceptions
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_HEAD = 10.0            # seconds for the request's whole head
_WRITE = 30.0           # seconds in which a page must have been taken
_PIECE = 65536
_LOOK = 5.0             # seconds a guest may take nothing until we look whether the browser is still there
_STUCK = 60.0           # seconds a guest may take nothing of what its browser sent
#: Seconds of silence until the system asks whether the other side is there, between two questions, and how many.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 20), (socket.TCP_KEEPCNT, 3))
_ESTABLISHED = 1        # tcp_info.tcpi_state
_FRAME = 512 << 10      # bytes of a frame from the browser, which is held until it is whole; messages have no limit
_NO_LOG = logging.getLogger(f"{__name__}.frames")
_NO_LOG.setLevel(logging.WARNING)       # below it are the frames, and in them the passwords that people type
_PAGE_HEADERS = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
                 ("Cache-Control", "no-cache"), ("Connection", "close")]


class Proxy:
    """A service, as cmd.services has them.

    :param connector: console.connect.Connector.
    :param pages: what GET answers.  :param origins: console.origins.Origins.
    """

    database = True
    share = 0.5
    servers = ()

    def __init__(self, sockets, connector, pages, origins):
        self._sockets = sockets
        self._connector = connector
        self._pages = pages
        self._origins = origins
        self._connections = concurrency.Connections(concurrency.Limits(
            connections=CONF.console.max_connections, per_address=CONF.console.max_connections_per_address,
            exempt=concurrency.exempt_networks(), head=_HEAD))
        self._closed = False

    def start(self):
        for each in self._sockets:
            each.listen(128)
            concurrency.spawn(self._accept, each)

    def stop(self, _seconds):
        """Consoles that are open are closed: their users connect again."""
        self._closed = True
        for each in self._sockets:
            _hang_up(each)
        for each in self._connections:
            each.cut()
        return True

    def _accept(self, listening):
        while not self._closed:
            try:
                self._admit(*listening.accept())
            except Exception as error:
                if self._closed:
                    return
                LOG.debug("A console's connection was not accepted: %s", error)
                self._connections.close_one_for_another()
                concurrency.sleep(0.1)          # out of descriptors or threads: let some go

    def _admit(self, client, address):
        connection = self._connections.admit(client, address)
        if connection is None:
            return
        try:
            concurrency.spawn(self._serve, connection)
        except Exception:
            self._connections.forget(connection)
            client.close()
            raise

    def _serve(self, connection):
        client = connection.socket
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = _request(connection)
            if request is not None:
                self._answer(client, request)
        except (OSError, ValueError, h11.ProtocolError, ws_exceptions.WebSocketException) as error:
            LOG.debug("A console's connection ended: %s", error)
        except Exception:
            LOG.exception("A console's connection failed")
        finally:
            self._connections.forget(connection)
            _hang_up(client)

    def _answer(self, client, request):
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in request.headers}
        target = urllib.parse.urlsplit(request.target.decode("ascii"))
        if _is_upgrade(request, headers):
            self._console(client, request, headers, target)
        elif request.method in (b"GET", b"HEAD"):
            self._send(client, *self._pages.get(urllib.parse.unquote(target.path)), request.method == b"HEAD")
        else:
            self._send(client, 405, "text/plain", b"Only GET is understood here.\n")

    def _send(self, client, status, kind, body, head_only=False):
        _send_page(client, (status, kind, b"" if head_only else body), len(body),
                   [("Content-Security-Policy", f"frame-ancestors {self._origins.ancestors()}")])

    def _console(self, client, request, headers, target):
        if not self._origins.allow(headers):
            return _refuse(client, 403, "a page of another site may not open one here")
        answer = _shake_hands(request)
        if answer.status_code != 101:
            return _refuse(client, answer.status_code, "it does not ask for a websocket as RFC 6455 says")
        try:
            guest, server_id = self._connector.open(_token(target, headers))
        except exceptions.NovaLiteError as error:
            return _refuse(client, error.status, error)
        try:
            LOG.info("A console of server %s is opened", server_id)
            client.sendall(answer.serialize())
            _Relay(client, guest).run()
            LOG.info("A console of server %s is closed", server_id)
        finally:
            _hang_up(guest)


def _request(connection):
    """The h11.Request; None where the client said nothing.  :raises TimeoutError: it takes longer than ``_HEAD``."""
    reader, end = h11.Connection(h11.SERVER, max_incomplete_event_size=16384), time.monotonic() + _HEAD
    client = connection.socket
    while True:
        event = reader.next_event()
        if isinstance(event, h11.Request):
            connection.busy()
            return event
        if event is not h11.NEED_DATA:
            return None
        client.settimeout(max(end - time.monotonic(), 0.001))       # who sends byte by byte has no longer than others
        piece = client.recv(_PIECE)
        connection.received(len(piece))
        reader.receive_data(piece)


def _send_page(client, answer, length, headers=()):
    """:param answer: (status, content type, the bytes to send).  :param length: what Content-Length says."""
    status, kind, body = answer
    lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", f"Content-Type: {kind}",
             f"Content-Length: {length}", *(f"{name}: {value}" for name, value in [*_PAGE_HEADERS, *headers]), "", ""]
    rest, end = memoryview("\r\n".join(lines).encode() + body), time.monotonic() + _WRITE
    while rest:
        client.settimeout(max(end - time.monotonic(), 0.001))       # who reads byte by byte has no longer, either
        rest = rest[client.send(rest):]


def _refuse(client, status, why):
    """No websocket.  No words, either: browsers show none, and simple clients would take them for the guest's."""
    LOG.info("A console is refused: %s", why)
    _send_page(client, (status, "text/plain", b""), 0)


def _token(target, headers):
    """In the query, or in a cookie, as older pages of noVNC send it.  :raises ConsoleTokenNotFound:"""
    found = urllib.parse.parse_qs(target.query).get("token")
    if found:
        return found[0]
    with contextlib.suppress(http.cookies.CookieError):
        cookie = http.cookies.SimpleCookie(headers.get("cookie", "")).get("token")
        if cookie is not None:
            return cookie.value
    raise exceptions.ConsoleTokenNotFound


def _is_upgrade(request, headers):
    """Whether a request asks for a websocket; with HTTP/1.0 it cannot (RFC 9110, 7.8)."""
    able = (request.method, request.http_version) == (b"GET", b"1.1")
    return able and headers.get("upgrade", "").lower() == "websocket"


def _shake_hands(request):
    """The answer to an upgrade, a Response: its status is 101, or what says how the request was wrong.

    No extension is offered: permessage-deflate would let a short frame become a long one.
    """
    headers = datastructures.Headers((name.decode(), value.decode("latin-1")) for name, value in request.headers)
    return server.ServerProtocol(select_subprotocol=_subprotocol, logger=_NO_LOG).accept(
        http11.Request(request.target.decode("ascii"), headers))


def _subprotocol(_protocol, offered):
    return "binary" if "binary" in offered else None


class _Relay:
    """Bytes of a guest to a browser's websocket and back, until one side ends.

    ``_state`` guards the protocol, and ``_sending`` the order of what it has to send: a browser that reads slowly holds
    up the guest's bytes and the answers to its pings, but not what it sends itself.
    """

    def __init__(self, client, guest):
        self._client, self._guest = client, guest
        self._protocol = server.ServerProtocol(state=protocol.State.OPEN, max_size=(None, _FRAME), logger=_NO_LOG)
        self._state, self._sending = concurrency.Lock(), concurrency.Lock()

    def run(self):
        self._client.settimeout(None)
        self._guest.settimeout(_LOOK)
        for each in (self._client, self._guest):
            _keep_alive(each)
        back = concurrency.spawn(self._to_client)
        try:
            self._to_guest()
        finally:
            _shut(self._guest)
            back.wait(_HEAD)

    def _send(self, method=None, *arguments):
        """Send what the protocol has to send, after calling its ``method`` where one is given."""
        with self._sending:
            with self._state:
                if method is not None:
                    method(*arguments)
                data = b"".join(self._protocol.data_to_send())
            self._client.sendall(data)

    def _to_guest(self):
        while not self._protocol.close_expected() and (piece := self._client.recv(_PIECE)):
            data, answered = self._receive(piece)
            if data:
                self._write(data)
            if answered:
                self._send()

    def _write(self, data):
        """Send to the guest.

        :raises TimeoutError: it takes nothing for so long that a browser which is gone could not be noticed: what that
            sent before is still to be read.
        :raises ConnectionResetError: it takes nothing, and the browser has gone meanwhile.
        """
        rest, end = memoryview(data), time.monotonic() + _STUCK
        while rest:
            try:
                rest, end = rest[self._guest.send(rest):], time.monotonic() + _STUCK
            except TimeoutError:
                if _has_gone(self._client):
                    raise ConnectionResetError("the browser has gone while the guest read nothing") from None
                if time.monotonic() > end:
                    raise

    def _read(self):
        """What the guest says next; empty at its end."""
        while True:
            try:
                return self._guest.recv(_PIECE)
            except TimeoutError:
                pass

    def _receive(self, piece):
        """The payload for the guest in what a browser sent, and whether that is answered: pings, closes and errors."""
        with self._state:
            self._protocol.receive_data(piece)
            received, closing = self._protocol.events_received(), self._protocol.close_expected()
        data = b"".join(each.data for each in received if each.opcode in frames.DATA_OPCODES)
        return data, closing or any(each.opcode is frames.Opcode.PING for each in received)

    def _to_client(self):
        try:
            while piece := self._read():
                self._send(self._protocol.send_binary, piece)
            self._send(self._protocol.send_close, 1000, "The console was closed")
        except ws_exceptions.InvalidState:
            return          # _to_guest is closing the websocket, and has yet to send why
        except OSError:
            pass
        _shut(self._client)


def _keep_alive(sock):
    """A peer that is gone without a word is noticed in two minutes."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        for option, value in _KEEPALIVE:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _has_gone(sock):
    """Whether the other side has closed, or half closed, a TCP connection."""
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED


def _shut(sock):
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _hang_up(sock):
    _shut(sock)
    sock.close()
