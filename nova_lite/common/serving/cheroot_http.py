"""HTTP/1.1 by cheroot's parser and gateway, one request at a time, on connections that are not cheroot's."""

import functools
import io
import logging

from nova_lite.common import exceptions
from nova_lite.common.serving.heads import CHUNK, HEADER
from nova_lite.common.serving.pace import PacedIO
from nova_lite.common.serving.sockets import ASIDE, STREAM, Broken

LOG = logging.getLogger(__name__)
_LINE = 4096            # bytes of a line between the chunks of a body
_TRAILERS = 100         # lines after the last chunk
_PIECE = 65536
_ONCE = {b"Content-Length", b"Transfer-Encoding", b"Host"}


class Exchange:
    """Requests of one listening socket.

    :param app: WSGI.  :param turns: a threads.Turns, of which each request takes one.
    """

    def __init__(self, listening, app, limits, turns):
        self._request, self._connection, server = _classes()
        self._server = server(listening, app, limits)
        self._limits = limits
        self._turns = turns

    def run(self, connection):
        """Answer the request whose head is among what was read; whether the connection waits for another.

        What belongs to later requests is put back into ``connection.extra.unread``.
        """
        extra = connection.extra
        raw = PacedIO(connection, self._turns.wait, bytes(extra.unread))
        extra.unread.clear()
        reader = io.BufferedReader(raw)
        http = self._connection(self._server, connection.socket, lambda _sock, mode, _size: _Writer(raw)
                                if "w" in mode else reader)
        if isinstance(extra.address, tuple):
            http.remote_addr, http.remote_port = extra.address[:2]
        request = self._request(self._server, http)
        try:
            goes_on = self._answered(request, connection)
            if goes_on:
                raw.blocking = False
                extra.unread += reader.peek(1)
                extra.unread += raw.pending
            return goes_on
        except exceptions.RequestTimeout:
            return self._give_up(request, "408 Request Timeout")
        except OSError as error:
            LOG.debug("A connection ended: %s", error)
            return False
        except Exception:
            LOG.exception("A request was not answered")
            return self._give_up(request, "500 Internal Server Error")

    def _answered(self, request, connection):
        request.parse_request()
        if not request.ready:
            return False
        request.added = {STREAM: connection.stream, ASIDE: functools.partial(self._turns.aside, connection)}
        with self._turns.taken(connection):
            request.respond()
            if not request.close_connection:
                request.drain()
        return not request.close_connection

    @staticmethod
    def _give_up(request, status):
        if not request.sent_headers:
            try:
                request.simple_response(status)
            except OSError as error:
                LOG.debug("A connection ended: %s", error)
        return False


class _Writer:
    """The file that cheroot writes to: everything is sent at once, and waits for its client at its pace."""

    def __init__(self, raw):
        self._raw = raw

    def write(self, data):
        rest = memoryview(data)
        while rest:
            rest = rest[self._raw.write(rest):]
        return len(data)


class _KnownLength(io.RawIOBase):
    """A body of so many bytes."""

    def __init__(self, reader, length):
        super().__init__()
        self._reader = reader
        self._left = length

    def readable(self):
        return True

    def readinto(self, buffer):
        size = self._reader.readinto1(memoryview(buffer)[:self._left]) if self._left else 0
        self._left -= size
        return size


class _Chunked(io.RawIOBase):
    """A body in chunks.

    :raises Broken: that they are not; nobody knows where it ends, so whoever reads on is refused again.
    :raises OSError: it breaks off.
    """

    def __init__(self, reader):
        super().__init__()
        self._reader = reader
        self._left = 0
        self._ended = False
        self._broken = None

    def readable(self):
        return True

    def readinto(self, buffer):
        if self._broken is not None:
            raise self._broken
        try:
            return self._read(buffer)
        except Broken as error:
            self._broken = error
            raise

    def _read(self, buffer):
        if self._ended or (not self._left and not self._next()):
            return 0
        size = self._reader.readinto1(memoryview(buffer)[:self._left])
        if not size:
            raise OSError("the body ended within a chunk")
        self._left -= size
        if not self._left and self._line() != b"\r\n":
            raise Broken("a chunk is longer than it says")
        return size

    def _next(self):
        found = CHUNK.fullmatch(self._line())
        if found is None:
            raise Broken("the size of a chunk is no number")
        self._left = int(found.group(1), 16)
        if not self._left:
            self._end()
        return not self._ended

    def _end(self):
        self._ended = True
        for _ in range(_TRAILERS):
            if self._line() == b"\r\n":
                return
        raise Broken("too many trailers")

    def _line(self):
        line = self._reader.readline(_LINE)
        if not line:
            raise OSError("the body ended between two chunks")
        if not line.endswith(b"\r\n"):
            raise Broken("a line between two chunks is too long")
        return line


def _read_headers(reader, found):
    """Fill ``found`` with {name as "Content-Length": value} up to the empty line.

    A header with an underscore is dropped: X_Auth_Token would be X-Auth-Token in the environ.
    :raises ValueError: it is no list of headers, or says twice what may be said once.
    """
    while (line := reader.readline()) != b"\r\n":
        parts = HEADER.fullmatch(line)
        if parts is None:
            raise ValueError("Illegal header line.")
        name, value = parts.group(1).title(), parts.group(2).strip()
        if b"_" in name:
            continue
        if name in found:
            if name in _ONCE:
                raise ValueError("A header that may be there once is there twice.")
            value = found[name] + (b"; " if name == b"Cookie" else b",") + value
        found[name] = value


def _classes():
    from cheroot import server as cheroot_server
    from cheroot import wsgi

    class Request(cheroot_server.HTTPRequest):
        @staticmethod
        def header_reader(reader, found):
            _read_headers(reader, found)

        def read_request_line(self):
            try:
                return super().read_request_line()
            except ValueError:                  # of urllib: http://[
                self.simple_response("400 Bad Request", "Malformed Request-URI")
                return False

        def read_request_headers(self):
            return super().read_request_headers() and self._framed()

        def _framed(self):
            """Whether it is clear where the body ends: what two servers see differently hides requests."""
            length = self.inheaders.get(b"Content-Length")
            coding = self.inheaders.get(b"Transfer-Encoding")
            if (length is not None and not length.isdigit()) or (length is not None and coding is not None):
                self.simple_response("400 Bad Request", "Bad Content-Length")
            elif coding is not None and (coding.lower() != b"chunked" or self.response_protocol != "HTTP/1.1"):
                self.simple_response("501 Not Implemented", "Unknown transfer coding")
            else:
                return True
            return False

        def respond(self):
            length = int(self.inheaders.get(b"Content-Length", 0))
            raw = _Chunked(self.conn.rfile) if self.chunked_read else _KnownLength(self.conn.rfile, length)
            self.rfile = io.BufferedReader(raw, _PIECE)
            gateway = self.server.gateway(self)
            gateway.env.update(self.added)
            gateway.respond()
            self.ensure_headers_sent()
            if self.chunked_write:
                self.conn.wfile.write(b"0\r\n\r\n")

        def drain(self):
            """Read what the application left of the body, so that the next request is found behind it."""
            try:
                while self.rfile.read(_PIECE):
                    pass
            except Broken:
                self.close_connection = True

    class Server(wsgi.Server):
        def __init__(self, listening, app, limits):
            name = listening.getsockname()
            super().__init__(name if isinstance(name, str) else name[:2], app, server_name="nova_lite")
            self.software = "nova_lite"
            self.max_request_header_size = limits.headers
            self.timeout = int(limits.idle)

        can_add_keepalive_connection = True

        def error_log(self, msg="", level=logging.INFO, traceback=False):
            LOG.log(level, "%s", msg, exc_info=traceback)

    return Request, cheroot_server.HTTPConnection, Server
