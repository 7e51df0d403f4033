"""Guests' metadata requests: one socket for each network, opened in its namespace and served by this process.

The guest is identified by the socket and the source address, which the anti-spoofing rules guarantee, never by headers.
"""

import http.client
import logging
import socket
import urllib.parse

from nova_lite.common import concurrency, exceptions, integers, metadata_caller
from nova_lite.common.metadata_caller import ADDRESS, NETWORK_ID
from nova_lite.network.planes.linux import netns
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.parts import METADATA
from nova_lite.network.planes.linux.ranges6 import METADATA6

LOG = logging.getLogger(__name__)

#: Limits of each network's socket, so that one guest cannot exhaust the connections of others.
_LIMITS = concurrency.Limits(connections=64, per_address=16, threads=4, idle=10, head=10, body=10, grace=10)
_ANSWER = 1 << 20       # most bytes of an answer
_QUESTION = 4096        # most bytes of a guest's request body (its password)
_PASSED = ("Content-Type", "Cache-Control")


class Listeners:
    """:param app: the WSGI application that answers; it finds NETWORK_ID and ADDRESS in the environ.
    :param native: runs a callable in a native thread, as ``concurrency.native`` does.
    :param own: callable(network id) -> {link-local address: an address of the port that has it}.
    """

    def __init__(self, app, native, own):
        self._app, self._own = app, own
        self._native = native
        self._open = {}         # (network id, device or None, IP version) -> (socket, server, identity of the place)

    def ensure(self, network_id, seat, version=4):
        """Listen for the guests of a network at its gateway.

        :param seat: dhcp.Seat, which is there.  :param version: of IP; of 6 the seat must have the address.
        :raises HostNetworkError: not possible.
        """
        key = network_id, seat.bound, version
        identity = seat.identity if version == 4 else f"{seat.identity}:{seat.scope}"
        if key in self._open:
            if self._open[key][2] == identity:
                return
            self._stop(key, 1.0)                # in a namespace, or at a device, that nobody reaches any more
        try:
            sock = self._native(_bound, seat.namespace, seat.bound, (METADATA, 80)) if version == 4 else self._native(
                _bound, seat.namespace, seat.device, (METADATA6, 80, 0, seat.scope))
        except OSError as error:
            raise HostNetworkError(reason=f"listening for metadata in {seat.namespace}: {error.strerror}") from error
        server = concurrency.serve(identified(self._app, network_id, self._own), [sock], _LIMITS)
        self._open[key] = sock, server, identity

    def stop(self, network_id, but=(), timeout=1.0):
        """Close the sockets of a network, which would keep their namespaces alive.

        :param but: [(dhcp.Seat, IP version)] whose sockets stay.
        """
        stay = {(seat.bound, version) for seat, version in but}
        for key in [each for each in self._open if each[0] == network_id and each[1:] not in stay]:
            self._stop(key, timeout)

    def _stop(self, key, timeout):
        sock, server, _ = self._open.pop(key)
        server.stop(timeout)
        sock.close()

    def close(self):
        for key in list(self._open):
            self._stop(key, 1.0)


def _bound(namespace, device, address):
    """A socket of the namespace, which stays there wherever it is served.

    :param device: by which alone it is reached; None: by any.  :param address: as of ``bind``.
    """
    with netns.inside(namespace):
        sock = socket.socket(socket.AF_INET if len(address) == 2 else socket.AF_INET6, socket.SOCK_STREAM)
        if device is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def identified(app, network_id, own=lambda network_id: {}):
    """``app``, with the guest that asks in its environ; whatever else a guest's headers claim about that is dropped.

    :param own: as of Listeners.
    """
    def answer(environ, start_response):
        for name in [each for each in environ if each.startswith(("HTTP_X_", "HTTP_FORWARDED"))]:
            del environ[name]
        environ[NETWORK_ID] = network_id
        address = environ["REMOTE_ADDR"].partition("%")[0]
        environ[ADDRESS] = own(network_id).get(address, address) if address.startswith("fe80:") else address
        return app(environ, start_response)
    return answer


class Forwarder:
    """The WSGI application of a host whose metadata service is another process: forwards requests, signed.

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
        length = integers.short(environ.get("CONTENT_LENGTH") or "0")
        if length is None or length > _QUESTION:
            return _plain(start_response, "400 Bad Request")
        body = environ["wsgi.input"].read(length) if length else None
        if body is not None and len(body) < length:
            return _plain(start_response, "400 Bad Request")
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


def forwarder(options):
    """The Forwarder of the [metadata] options; None where they name no service.  :raises Misconfigured:"""
    if not options.url:
        return None
    if not options.shared_secret:
        raise exceptions.Misconfigured(problem="[metadata] url is set without a secret.",
                                      remedy="Set [metadata] shared_secret to the same text on all hosts.")
    return Forwarder(options.url, options.shared_secret, options.timeout)


def _path(environ):
    path = urllib.parse.quote(environ.get("PATH_INFO", "/").encode("latin-1"))
    return path if path.startswith("/") else f"/{path}"


def _plain(start_response, status):
    body = f"{status}\n".encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
