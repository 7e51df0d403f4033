"""The HTTP servers below the REST floor: eventlet.wsgi on green threads, cheroot on native ones."""

import contextlib
import dataclasses
import logging
import os
import socket as sockets_module
import time

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one client may take.  Times in seconds, sizes in bytes."""

    connections: int = 1000         # open at once on each socket
    threads: int = 32               # requests at once in threading mode
    idle: float = 75.0              # a kept-alive connection waits for its next request
    head: float = 20.0              # from the first byte of a request to the end of its headers
    io: float = 60.0                # one read of a body or one write of an answer
    line: int = 16384               # the request line
    headers: int = 65536            # all headers together
    chunk: int = 4096               # smaller pieces of a streamed answer are sent together


def _logged(app):
    """Tell the log what the application itself did not catch, and that a chunked body ends by itself."""
    def guarded(environ, start_response):
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            environ["wsgi.input_terminated"] = True
        try:
            return app(environ, start_response)
        except Exception:
            LOG.exception("%s %s was not answered", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
            raise
    return guarded


def _prepared(each, backlog=1024):
    if each.family != sockets_module.AF_UNIX:
        each.setsockopt(sockets_module.IPPROTO_TCP, sockets_module.TCP_NODELAY, 1)      # accepted ones inherit it
    each.listen(backlog)
    if isinstance(each, sockets_module.socket):
        return each
    # Bound before the standard library was patched (by a parent process): its accept would stop every green thread.
    return sockets_module.socket(each.family, each.type, each.proto, fileno=each.detach())


class GreenServer:
    """eventlet.wsgi, one accepting green thread a socket and one green thread a connection."""

    def __init__(self, eventlet, app, sockets, limits):
        self._eventlet = eventlet
        self.sockets = [_prepared(each) for each in sockets]
        self._pools = [eventlet.GreenPool(limits.connections) for _ in self.sockets]
        self._threads = [eventlet.spawn(self._serve, each, _logged(app), pool, limits)
                         for each, pool in zip(self.sockets, self._pools, strict=True)]

    def _serve(self, sock, app, pool, limits):
        protocol = _green_protocol(self._eventlet, limits.head)
        with contextlib.suppress(self._eventlet.greenlet.GreenletExit):
            self._eventlet.wsgi.server(sock, app, custom_pool=pool, protocol=protocol, keepalive=limits.idle,
                                       socket_timeout=limits.io, url_length_limit=limits.line,
                                       minimum_chunk_size=limits.chunk, log_output=False, debug=False)

    def stop(self, timeout=30.0):
        for thread, sock in zip(self._threads, self.sockets, strict=True):
            thread.kill()
            sock.close()
        end = time.monotonic() + timeout
        while any(not thread.dead for thread in self._threads) and time.monotonic() < end:
            self._eventlet.sleep(0.02)
        left = [each for pool in self._pools for each in list(pool.coroutines_running)]
        for each in left:
            each.kill()
        return not left


def _green_protocol(eventlet, head):
    class Protocol(eventlet.wsgi.HttpProtocol):
        """Bounds the whole head of a request, not only each read of it: a client that drips bytes is cut off."""

        def _read_request_line(self):
            with eventlet.Timeout(self.server.keepalive, False):
                return super()._read_request_line()
            return ""

        def parse_request(self):
            with eventlet.Timeout(head, False):
                return super().parse_request()
            self.close_connection = True
            return False

    return Protocol


class ThreadServer:
    """cheroot, one accepting thread a socket and a pool of threads for requests."""

    def __init__(self, app, sockets, limits, spawn, every):
        os.environ.pop("LISTEN_PID", None)      # cheroot would take descriptor 3 instead of the sockets it is given
        self.sockets = [_prepared(each) for each in sockets]
        self._spawn = spawn
        made = _cheroot_class()
        self._servers = [made(each, _logged(app), limits) for each in self.sockets]
        for server in self._servers:
            server.prepare()
            spawn(server.serve)
        self._reaper = every(1.0, self._reap)

    def _reap(self):
        for server in self._servers:
            server.cut_heads(older=server.limits.head)

    def stop(self, timeout=30.0):
        self._reaper.stop(0)
        for server in self._servers:
            server.shutdown_timeout = timeout
            server.cut_heads(older=0.1)         # a request that has not arrived is not a running one
        stopping = [self._spawn(server.stop) for server in self._servers]
        end = time.monotonic() + timeout + 0.5      # a worker that ignores its cut socket must not hold us
        return all(task.wait(max(0.0, end - time.monotonic())) for task in stopping)


def _cheroot_class():
    from cheroot import server as cheroot_server
    from cheroot import wsgi

    class Request(cheroot_server.HTTPRequest):
        def parse_request(self):
            self.server.heads[self.conn] = time.monotonic()
            try:
                super().parse_request()
            finally:
                self.server.heads.pop(self.conn, None)

    class Connection(cheroot_server.HTTPConnection):
        RequestHandlerClass = Request

    class Cheroot(wsgi.Server):
        ConnectionClass = Connection

        def __init__(self, sock, app, limits):
            name = sock.getsockname()
            super().__init__(name if isinstance(name, str) else name[:2], app, numthreads=limits.threads,
                             max=limits.threads, timeout=limits.io, request_queue_size=1024, server_name="nova_lite")
            self.given = sock
            self.limits = limits
            self.heads = {}         # connection -> when its worker began to read the head of a request
            self.max_request_header_size = limits.headers
            self.keep_alive_conn_limit = limits.connections

        def bind(self, *_family):
            self.socket = self.given
            return self.given

        def bind_unix_socket(self, _path):
            self.socket = self.given
            return self.given

        def cut_heads(self, older):
            """Cut clients that drip the head of a request for more than ``older`` seconds."""
            for connection, began in list(self.heads.items()):
                if time.monotonic() - began > older:
                    with contextlib.suppress(OSError):
                        connection.socket.shutdown(sockets_module.SHUT_RDWR)

        def error_log(self, msg="", level=logging.INFO, traceback=False):
            LOG.log(level, "%s", msg, exc_info=traceback)

    return Cheroot
