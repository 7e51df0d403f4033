"""The websocket proxies: pages and websockets on one port, each websocket relayed to the one guest its token is for.

HTTP is h11's and the websocket protocol wsproto's; here are sockets, threads and rules.  A connection makes one
request.
"""

import contextlib
import http.cookies
import logging
import socket
import time
import urllib.parse

import h11
import wsproto
from wsproto import events

from nova_lite.common import concurrency, exception
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_HEAD = 10.0            # seconds for the request's whole head, and for each write of an answer
_PIECE = 65536
_PAGE_HEADERS = [("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "SAMEORIGIN"),
                 ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-cache"), ("Connection", "close")]


class Proxy:
    """A service, as cmd.services has them.  :param door: console.door.Door.  :param pages: what GET answers."""

    database = True
    share = 0.5
    servers = ()

    def __init__(self, sockets, door, pages):
        self._sockets = sockets
        self._door = door
        self._pages = pages
        self._open = set()
        self._closed = False

    def start(self):
        for each in self._sockets:
            each.listen(128)
            concurrency.spawn(self._accept, each)

    def stop(self, _seconds):
        """Consoles that are open are closed: their users connect again."""
        self._closed = True
        for each in [*self._sockets, *self._open]:
            _hang_up(each)
        return True

    def _accept(self, listening):
        while not self._closed:
            try:
                client, _ = listening.accept()
            except OSError:
                if self._closed:
                    return
                concurrency.sleep(0.1)          # out of descriptors: let some go
                continue
            if len(self._open) >= CONF.console.max_connections:
                LOG.warning("A console was refused: %d are open ([console] max_connections)", len(self._open))
                client.close()
                continue
            self._open.add(client)
            concurrency.spawn(self._serve, client)

    def _serve(self, client):
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = _request(client)
            client.settimeout(_HEAD)
            if request is not None:
                self._answer(client, request)
        except (OSError, ValueError, h11.ProtocolError, wsproto.utilities.ProtocolError) as error:
            LOG.debug("A console's connection ended: %s", error)
        except Exception:
            LOG.exception("A console's connection failed")
        finally:
            self._open.discard(client)
            _hang_up(client)

    def _answer(self, client, request):
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in request.headers}
        target = urllib.parse.urlsplit(request.target.decode("ascii"))
        if headers.get("upgrade", "").lower() == "websocket":
            self._console(client, request, headers, target)
        elif request.method in (b"GET", b"HEAD"):
            _send_page(client, *self._pages.get(urllib.parse.unquote(target.path)), request.method == b"HEAD")
        else:
            _send_page(client, 405, "text/plain", b"Only GET is understood here.\n")

    def _console(self, client, request, headers, target):
        if not _from_here(headers):
            return _refuse(client, 403, "a page of another site may not open one here")
        try:
            guest, server_id = self._door.open(_token(target, headers))
        except exception.NovaLiteError as error:
            return _refuse(client, error.status, error)
        try:
            LOG.info("A console of server %s is opened", server_id)
            _Relay(client, guest, request).run()
            LOG.info("A console of server %s is closed", server_id)
        finally:
            _hang_up(guest)


def _request(client):
    """The h11.Request; None where the client said nothing.  :raises TimeoutError: it takes longer than ``_HEAD``."""
    reader, end = h11.Connection(h11.SERVER, max_incomplete_event_size=16384), time.monotonic() + _HEAD
    while True:
        event = reader.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        client.settimeout(max(end - time.monotonic(), 0.001))       # who sends byte by byte has no longer than others
        reader.receive_data(client.recv(_PIECE))


def _send_page(client, status, kind, body, head_only=False):
    lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", f"Content-Type: {kind}",
             f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in _PAGE_HEADERS), "", ""]
    client.sendall("\r\n".join(lines).encode() + (b"" if head_only else body))


def _refuse(client, status, why):
    """No websocket.  No words, either: browsers show none, and simple clients would take them for the guest's."""
    LOG.info("A console is refused: %s", why)
    _send_page(client, status, "text/plain", b"")


def _token(target, headers):
    """In the query, or in a cookie, as older pages of noVNC send it.  :raises ConsoleTokenNotFound:"""
    found = urllib.parse.parse_qs(target.query).get("token")
    if found:
        return found[0]
    with contextlib.suppress(http.cookies.CookieError):
        cookie = http.cookies.SimpleCookie(headers.get("cookie", "")).get("token")
        if cookie is not None:
            return cookie.value
    raise exception.ConsoleTokenNotFound


def _from_here(headers):
    """Whether the page that asks is of this very host, or of one that is let in.  What is no browser has no origin."""
    origin = headers.get("origin")
    if origin is None:
        return True
    page, here = (urllib.parse.urlsplit(each).hostname for each in (origin, f"//{headers.get('host', '')}"))
    return page is not None and (page == here or page in CONF.console.allowed_origins)


class _Relay:
    """Bytes of a guest to a browser's websocket and back, until one side ends."""

    def __init__(self, client, guest, request):
        self._client, self._guest = client, guest
        self._lock = concurrency.Lock()
        self._ws = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        self._ws.initiate_upgrade_connection(list(request.headers), request.target)

    def run(self):
        offered = next(iter(self._ws.events()))
        self._send(events.AcceptConnection(subprotocol="binary" if "binary" in offered.subprotocols else None))
        for each in (self._client, self._guest):
            each.settimeout(None)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        back = concurrency.spawn(self._to_client)
        try:
            self._to_guest()
        finally:
            _shut(self._guest)
            back.wait(_HEAD)

    def _send(self, event):
        with self._lock:
            self._client.sendall(self._ws.send(event))

    def _to_guest(self):
        while True:
            piece = self._client.recv(_PIECE)
            self._ws.receive_data(piece or None)
            for event in self._ws.events():
                if isinstance(event, events.Message):
                    data = event.data.encode() if isinstance(event, events.TextMessage) else event.data
                    self._guest.sendall(data)
                elif isinstance(event, events.Ping):
                    self._send(event.response())
                elif isinstance(event, events.CloseConnection):
                    with contextlib.suppress(wsproto.utilities.LocalProtocolError, OSError):
                        self._send(event.response())
                    return
            if not piece:
                return

    def _to_client(self):
        with contextlib.suppress(OSError, wsproto.utilities.LocalProtocolError):
            while piece := self._guest.recv(_PIECE):
                self._send(events.BytesMessage(data=piece))
            self._send(events.CloseConnection(code=1000, reason="The console was closed"))
        _shut(self._client)


def _shut(sock):
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _hang_up(sock):
    _shut(sock)
    sock.close()
