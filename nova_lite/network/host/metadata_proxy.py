"""The ear for guests' metadata requests: a socket a network, heard only through that network's bridge.

Who asks is told by the bridge and the source address, which the anti-spoofing rules hold true, and never by headers.
"""

import http.client
import logging
import socket
import urllib.parse

from nova_lite.common import concurrency, metadata_caller
from nova_lite.common.metadata_caller import ADDRESS, NETWORK_ID
from nova_lite.network.host.errors import HostNetworkError

LOG = logging.getLogger(__name__)

_LIMITS = concurrency.Limits(connections=64, threads=4, idle=10, head=10, io=20)
_ANSWER = 1 << 20       # bytes of an answer that are passed on
_QUESTION = 4096        # bytes of a guest's own words (its password) that are passed on
_PASSED = ("Content-Type", "Cache-Control")


class Listeners:
    """:param app: the WSGI application that answers; it finds NETWORK_ID and ADDRESS in the environ."""

    def __init__(self, app):
        self._app = app
        self._open = {}         # network id -> (socket, server)

    @property
    def ports(self):
        """{network id: TCP port}"""
        return {network_id: sock.getsockname()[1] for network_id, (sock, _) in self._open.items()}

    def ensure(self, segment):
        """Listen for the guests of a segment; its bridge must be there.  :raises HostNetworkError: not possible."""
        if segment.network_id in self._open:
            return
        try:
            sock = _bound(segment.bridge)
        except OSError as error:
            raise HostNetworkError(reason=f"listening for metadata on {segment.bridge}: {error.strerror}") from error
        self._open[segment.network_id] = sock, concurrency.serve(identified(self._app, segment.network_id), [sock],
                                                                 _LIMITS)

    def stop(self, network_id, timeout=1.0):
        sock, server = self._open.pop(network_id, (None, None))
        if server is not None:
            server.stop(timeout)
            sock.close()

    def close(self):
        for network_id in list(self._open):
            self.stop(network_id)


def _bound(bridge):
    """A socket on any port that only takes what comes through ``bridge``; firewall.py sends port 80 there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bridge.encode() + b"\0")
        sock.bind(("0.0.0.0", 0))
    except OSError:
        sock.close()
        raise
    return sock


def identified(app, network_id):
    """``app``, told who asks; whatever else a guest's headers claim about that is dropped."""
    def answer(environ, start_response):
        for name in [each for each in environ if each.startswith(("HTTP_X_", "HTTP_FORWARDED"))]:
            del environ[name]
        environ[NETWORK_ID] = network_id
        environ[ADDRESS] = environ["REMOTE_ADDR"]
        return app(environ, start_response)
    return answer


class Forwarder:
    """The WSGI application of a host whose metadata service is another process: asks it, with a signature.

    :param url: "http://host:8775".
    """

    def __init__(self, url, secret, timeout):
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connect = lambda: kind(parts.hostname, parts.port, timeout=timeout)
        self._prefix = parts.path.rstrip("/")
        self._secret = secret

    def __call__(self, environ, start_response):
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD", "POST"):
            return _plain(start_response, "405 Method Not Allowed")
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > _QUESTION:
            return _plain(start_response, "400 Bad Request")
        body = environ["wsgi.input"].read(int(length)) if int(length) else None
        signed = metadata_caller.headers(self._secret, environ[NETWORK_ID], environ[ADDRESS])
        connection = self._connect()
        try:
            connection.request(method, self._prefix + _path(environ), body, signed)
            answer = connection.getresponse()
            body = answer.read(_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            LOG.warning("The metadata service did not answer for %s: %s", environ[ADDRESS], error)
            return _plain(start_response, "503 Service Unavailable")
        finally:
            connection.close()
        headers = [(name, answer.headers[name]) for name in _PASSED if name in answer.headers]
        start_response(f"{answer.status} {answer.reason}", [*headers, ("Content-Length", str(len(body)))])
        return [body]


def _path(environ):
    path = urllib.parse.quote(environ.get("PATH_INFO", "/").encode("latin-1"))
    return path if path.startswith("/") else f"/{path}"


def _plain(start_response, status):
    body = f"{status}\n".encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
