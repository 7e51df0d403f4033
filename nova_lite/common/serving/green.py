"""eventlet.wsgi on green threads: one that accepts for each socket, and one for each connection."""

import contextlib
import errno
import io
import logging
import time

from nova_lite.common import exceptions
from nova_lite.common.serving.connections import Connections
from nova_lite.common.serving.heads import CHUNK, HEADER
from nova_lite.common.serving.pace import PacedIO
from nova_lite.common.serving.sockets import ASIDE, STREAM, guarded, prepared

LOG = logging.getLogger(__name__)
_LINE = 4096            # bytes of a line between the chunks of a body
_LINES = 100            # lines in a row without data


class GreenServer:
    """:param limits: a Limits, for all sockets together."""

    def __init__(self, eventlet, app, sockets, limits):
        self._eventlet = eventlet
        self._limits = limits
        self.sockets = [prepared(each) for each in sockets]
        self._connections = Connections(limits)
        self._running = {}                  # connection -> its green thread
        self._stopping = False
        self._protocol = _protocol_class(eventlet)
        app = guarded(app, eventlet.wsgi.ChunkReadError)
        self._threads = [eventlet.spawn(self._accept, each, self._server(each, app)) for each in self.sockets]

    def _server(self, sock, app):
        limits = self._limits
        return self._eventlet.wsgi.Server(
            sock, sock.getsockname(), app, protocol=self._protocol, keepalive=limits.idle, log_output=False,
            max_http_version="HTTP/1.1", url_length_limit=limits.line, minimum_chunk_size=limits.chunk, debug=False)

    def _accept(self, sock, server):
        count = 0
        while not self._stopping:
            try:
                client, address = sock.accept()
            except OSError as error:
                if self._stopping or sock.fileno() < 0:
                    return
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._connections.close_one_for_another()
                self._eventlet.sleep(0.05)
                continue
            self._admit(client, address, server)
            count += 1
            if count % self._connections.at_once == 0:
                self._eventlet.sleep(0)

    def _admit(self, client, address, server):
        client.settimeout(0)
        connection = self._connections.admit(client, address)
        if connection is not None:
            connection.extra = [address, client, self._eventlet.wsgi.STATE_IDLE, connection]
            self._running[connection] = self._eventlet.spawn(self._serve, connection, server)

    def _serve(self, connection, server):
        try:
            self._protocol(connection.extra, server)
        except self._eventlet.greenlet.GreenletExit:
            pass
        except exceptions.RequestTimeout:
            LOG.debug("A client was too slow")
        except OSError as error:
            LOG.debug("A connection ended: %s", error)
        except BaseException:               # nothing that a client does may go further up
            LOG.exception("A connection failed")
        finally:
            self._connections.forget(connection)
            self._running.pop(connection, None)
            connection.cut()
            connection.socket.close()

    def stop(self, timeout=30.0):
        self._stopping = True
        for thread, sock in zip(self._threads, self.sockets, strict=True):
            thread.kill()
            sock.close()
        for each in self._connections:
            each.extra[2] = self._eventlet.wsgi.STATE_CLOSE
        for each in self._connections.idle():
            each.cut()
        end = time.monotonic() + timeout
        while self._running and time.monotonic() < end:
            self._eventlet.sleep(0.02)
        left = list(self._running.values())
        for each in left:
            each.kill()
        return not left


def _protocol_class(eventlet):
    def wait(connection, write, seconds):
        eventlet.hubs.trampoline(connection.socket.fileno(), read=not write, write=write, timeout=seconds,
                                 timeout_exc=TimeoutError)

    class Protocol(eventlet.wsgi.HttpProtocol):
        """One connection's requests, whose every wait is paced, and whose words go to the log."""

        def setup(self):
            self._paced = self.conn_state[3]
            self.connection = self.request
            raw = PacedIO(self._paced, wait, rest=eventlet.sleep)
            self.rfile = io.BufferedReader(raw)
            self.wfile = io.BufferedWriter(raw, self.wbufsize)

        def _read_request_line(self):
            if self._paced.served:
                self._paced.waits()
            line = self.rfile.readline(self.server.url_length_limit)
            self._paced.began()
            return line

        def parse_request(self):
            self.rfile = head = _Head(self.rfile)
            if not super().parse_request():
                return False
            if head.broken:
                self.send_error(400, "Malformed header")
                self.close_connection = True
                return False
            return self._framed()

        def _framed(self):
            """Whether it is clear where the body ends: what two servers see differently hides requests."""
            coding, lengths = self.headers.get_all("transfer-encoding"), self.headers.get_all("content-length", ())
            if coding is not None and [each.strip().lower() for each in coding] != ["chunked"]:
                self.send_error(501, "Unknown transfer coding")
            elif len(set(lengths)) > 1 or any(not (each.isascii() and each.isdigit()) for each in lengths):
                self.send_error(400, "Bad Content-Length")
            else:
                return True
            self.close_connection = True
            return False

        def get_environ(self):
            self._paced.busy()
            environ = super().get_environ()
            body = environ["wsgi.input"]
            if body.chunked_input:
                body.rfile = _Lines(self.rfile, eventlet.wsgi.ChunkReadError)
            environ[STREAM] = self._paced.stream
            environ[ASIDE] = contextlib.nullcontext
            return environ

        def log_message(self, format, *arguments):
            """What a client sent must not be lines of ours, and its mistakes are no operator's business."""
            LOG.debug("%a", format % arguments)

        def finish(self):
            with contextlib.suppress(OSError):
                super().finish()

    return Protocol


class _Head:
    """The reader of the headers: the parser takes a line that is none for their end, and what follows for a body.

    :ivar broken: whether a line was no header.
    """

    def __init__(self, rfile):
        self._rfile = rfile
        self.broken = False

    def readline(self, size=-1):
        line = self._rfile.readline(size)
        self.broken = self.broken or (line != b"\r\n" and HEADER.fullmatch(line) is None)
        return line


class _Lines:
    """The reader of a chunked body, which checks the lines between the chunks: eventlet takes -1, 0x5, 5_0 for sizes.

    :raises error: one is not what belongs there, or they are too many.
    """

    def __init__(self, rfile, error):
        self._rfile = rfile
        self._error = error
        self._lines = 0
        self._check_line = self._size

    def read(self, size):
        self._lines, self._check_line = 0, self._end
        return self._rfile.read(size)

    def readline(self, size=-1):
        if size >= 0:
            self._lines, self._check_line = 0, self._end
            return self._rfile.readline(size)
        line = self._rfile.readline(_LINE)
        self._lines += 1
        if len(line) >= _LINE or self._lines > _LINES:
            self._refuse("too much between two chunks")
        self._check_line(line)
        return line

    def _refuse(self, why):
        """Nobody knows where such a body ends: whoever reads on is refused again."""
        self._check_line = lambda _line: self._refuse(why)
        raise self._error(why)

    def _size(self, line):
        found = CHUNK.fullmatch(line)
        if found is None:
            self._refuse("the size of a chunk is no number")
        self._check_line = self._size if int(found.group(1), 16) else self._trailer

    def _end(self, line):
        if line != b"\r\n":
            self._refuse("a chunk is longer than it says")
        self._check_line = self._size

    def _trailer(self, line):
        if not line.endswith(b"\r\n"):
            self._refuse("a line after the last chunk is too long")
