"""The metadata service as a WSGI application: it knows who asks, and answers with that server's documents only.

Who asks comes from the environ (the same process's proxy put it there) or from headers signed with the shared secret:
this cloud's own of network and address, or those of Neutron's metadata agent.
"""

import threading
import time

from nova_lite.api.metadata import password
from nova_lite.common import ec2_metadata, instance_metadata, metadata_caller
from nova_lite.conf import CONF

_TEXT, _JSON = "text/plain; charset=UTF-8", "application/json"
_CACHED = 1000          # servers whose documents are kept at once


def build(facades):
    """The application.

    :param facades: ``.compute.guests.for_metadata(network_id, ip)`` and ``.for_metadata_id(server_id, project_id)``
        give objects.Server or None; ``.password(server_id)`` and ``.leave_password(server_id, text)`` are the guest's
        own.
    """
    return App(facades.compute.guests)


class App:
    """GET and HEAD, and POST of the guest's password; 404 for whoever is unknown or unproven, so that nothing can be
    learned from the difference."""

    def __init__(self, guests):
        self._guests = guests
        self._cache = Cache()

    def __call__(self, environ, start_response):
        parts = [each for each in environ.get("PATH_INFO", "").split("/") if each]
        methods = ("GET", "HEAD", "POST") if password.is_at(parts) else ("GET", "HEAD")
        if environ["REQUEST_METHOD"] not in methods:
            return _send(environ, start_response, "405 Method Not Allowed", b"", _TEXT)
        known = self._known(environ)
        if known and password.is_at(parts):
            return _send(environ, start_response, *password.answer(environ, self._guests, known.server_id))
        found = known and known.find(parts)
        if not found:
            return _send(environ, start_response, "404 Not Found", b"404 Not Found\n", _TEXT)
        return _send(environ, start_response, "200 OK", *found)

    def _known(self, environ):
        """The Known of who asks; None where no guest can be identified."""
        if metadata_caller.NETWORK_ID in environ:
            return self._at(environ[metadata_caller.NETWORK_ID], environ[metadata_caller.ADDRESS])
        secret = CONF.metadata.shared_secret
        if not secret:
            return None
        if _header(environ, metadata_caller.SIGNATURE_HEADER):
            return self._signed(environ, secret)
        return self._of_neutron(environ, secret)

    def _signed(self, environ, secret):
        network_id = _header(environ, metadata_caller.NETWORK_HEADER)
        address = _header(environ, metadata_caller.ADDRESS_HEADER)
        signature = _header(environ, metadata_caller.SIGNATURE_HEADER)
        if not metadata_caller.proves(secret, metadata_caller.spoken(network_id, address), signature):
            return None
        return self._at(network_id, address)

    def _of_neutron(self, environ, secret):
        server_id = _header(environ, "X-Instance-ID")
        project_id = _header(environ, "X-Tenant-ID")
        if not metadata_caller.proves(secret, server_id, _header(environ, "X-Instance-ID-Signature")):
            return None
        return self._cache.get(("id", server_id, project_id),
                               lambda: self._guests.for_metadata_id(server_id, project_id))

    def _at(self, network_id, address):
        return self._cache.get((network_id, address), lambda: self._guests.for_metadata(network_id, address))


class Known:
    """One server's documents, and how paths lead to them."""

    def __init__(self, server):
        self._server = server
        self._documents = instance_metadata.documents(server)
        self._ec2 = {}

    @property
    def server_id(self):
        return self._server.id

    def find(self, parts):
        """(bytes, content type) at a path; None where nothing is."""
        if not parts:
            return _lines((*ec2_metadata.VERSIONS, instance_metadata.LATEST))
        return self._openstack(parts[1:]) if parts[0] == "openstack" else self._amazon(*parts)

    def _openstack(self, parts):
        if not parts:
            return _lines((*instance_metadata.VERSIONS, instance_metadata.LATEST))
        if parts == [instance_metadata.CONTENT]:
            return None                 # as Nova: what is there, meta_data.json says
        if len(parts) == 1:
            top = f"openstack/{parts[0]}/"
            return _lines(_with_password(parts[0], [
                path.removeprefix(top) for path in self._documents if path.startswith(top)]))
        content = self._documents.get(f"openstack/{'/'.join(parts)}")
        if content is None:
            return None
        return content, _JSON if parts[-1].endswith(".json") else "application/octet-stream"

    def _amazon(self, version, *parts):
        version = ec2_metadata.VERSIONS[-1] if version == instance_metadata.LATEST else version
        if version not in ec2_metadata.VERSIONS:
            return None
        if parts == ("user-data",):
            content = instance_metadata.user_data(self._server)
            return None if content is None else (content, _TEXT)
        if version not in self._ec2:
            self._ec2[version] = {"meta-data": ec2_metadata.tree(self._server, version)}
        found = self._ec2[version]
        if not parts and self._server.user_data:
            found = found | {"user-data": ""}
        found = ec2_metadata.find(found, parts)
        return None if found is None else (ec2_metadata.render(found).encode(), _TEXT)


class Cache:
    """Known servers for a moment: a booting guest asks a dozen times in a row.

    The moment is shorter than an address takes to go from one server to the next.
    """

    def __init__(self):
        self._kept = {}
        self._lock = threading.Lock()

    def get(self, key, load):
        now = time.monotonic()
        until, known = self._kept.get(key, (0, None))
        if now < until:
            return known
        server = load()
        known = Known(server) if server is not None else None
        with self._lock:
            if len(self._kept) >= _CACHED:
                self._kept = {key: each for key, each in self._kept.items() if each[0] > now}
            if known is not None and len(self._kept) < _CACHED:
                self._kept[key] = now + CONF.metadata.cache_seconds, known
        return known


def _with_password(version, names):
    """Where Nova lists it: after what is as old or older."""
    if not names or not password.in_version(version):
        return names
    old = [name for name in names if name in ("meta_data.json", "user_data")]
    return [*old, password.NAME, *names[len(old):]]


def _lines(words):
    return ("\n".join(words).encode(), _TEXT) if words else None


def _header(environ, name):
    return environ.get("HTTP_" + name.upper().replace("-", "_"), "")


def _send(environ, start_response, status, body, kind):
    start_response(status, [*([("Content-Type", kind)] if body else ()), ("Content-Length", str(len(body)))])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
