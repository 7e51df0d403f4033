"""A network and an image service of somebody else's: in memory, behind HTTP, with ids of its own and with bad days."""

import contextlib
import itertools
import json
import os
import socketserver
import threading
import time
import types
import urllib.error
import urllib.parse
import urllib.request
import uuid
from wsgiref import simple_server

import pytest

from nova_lite.common import exceptions, unit_of_work
from nova_lite.network import exceptions as network_exceptions
from nova_lite.objects.interface import Interface, ServerNetwork
from nova_lite.objects.server import Address, Nic


class Refused(Exception):
    """:ivar status: of the answer."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Service:
    """What the service knows, and answers to one request; it has no process of its own.

    Resources are of kinds, each a dict with an "id" that the service chose.
    """

    def __init__(self):
        self.things = {}
        self._numbers = itertools.count(2)

    def answer(self, method, path, values):
        """What a request is answered with.

        :param path: with the query.  :param values: of the body.
        :raises Refused: nothing was done.
        """
        path, _, query = path.partition("?")
        _, kind, *rest = path.split("/")
        return getattr(self, f"_{method.lower()}")(kind, *rest, query=query, **values)

    def _get(self, kind, query):
        wanted = urllib.parse.parse_qsl(query)
        return [each for each in self.things.values()
                if each["kind"] == kind and all(each.get(name) == value for name, value in wanted)]

    def _post(self, kind, query, **values):
        made = {"kind": kind, "id": str(uuid.uuid4()), "ip": f"10.9.0.{next(self._numbers)}", **values}
        self.things[made["id"]] = made
        return made

    def _put(self, kind, thing_id, query, **values):
        self.things[thing_id].update(values)
        return self.things[thing_id]

    def _delete(self, kind, thing_id, query):
        return self.things.pop(thing_id, None)


class Server:
    """A Service behind HTTP.

    :ivar lose: how many of the next changes are made, but never answered.
    :ivar refuse: how many of the next are refused.  :ivar break_down: how many of the next are answered by 500 instead.
    :ivar made_before_refused: how many of the next are made before one is refused; None: none is for that.
    :ivar delay: seconds that each waits before it is made.
    :ivar away: whether nobody answers at all.
    """

    def __init__(self, service=None):
        self.service = service or Service()
        self.lose, self.refuse, self.break_down, self.delay = 0, 0, 0, 0.0
        self.made_before_refused = None
        self.away = False
        self.requests = []
        self._lock = threading.Lock()
        self._http = simple_server.make_server("127.0.0.1", 0, self._answer, server_class=_Threads,
                                               handler_class=_Quiet)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def things(self):
        return self.service.things

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, environ, start):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if self.away:
            raise ConnectionAbortedError
        self.requests.append((method, path.split("/")[1]))
        if method != "GET":
            time.sleep(self.delay)
            if self.made_before_refused is not None:
                self.refuse, self.made_before_refused = (
                    (self.refuse, self.made_before_refused - 1) if self.made_before_refused else (1, None))
            for name, status in (("refuse", "409 Conflict"), ("break_down", "500 Internal Server Error")):
                if self._counts(name):
                    start(status, [])
                    return [b'"refused"']
        try:
            with self._lock:
                found = self.service.answer(method, f"{path}?{environ.get('QUERY_STRING', '')}",
                                            _values(environ, body))
        except Refused as error:
            start(f"{error.status} Refused", [])
            return [json.dumps(str(error)).encode()]
        if method != "GET" and self._counts("lose"):
            raise ConnectionAbortedError
        if isinstance(found, bytes):
            start("200 OK", [("Content-Type", _BYTES)])
            return [found]
        start("204 No Content" if found is None else "200 OK", [])
        return [] if found is None else [json.dumps(found).encode()]

    def _counts(self, name):
        """Whether it happens once more."""
        with self._lock:
            left = getattr(self, name)
            setattr(self, name, max(left - 1, 0))
            return left > 0


_BYTES = "application/octet-stream"


def _values(environ, body):
    """What a service is asked with; {"data": bytes} where these are no JSON."""
    if environ.get("CONTENT_TYPE") == _BYTES:
        return {"data": body}
    return json.loads(body) if body else {}


class _Threads(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


class _Quiet(simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionAbortedError):
            super().handle()


class Client:
    """Requests to a Server, which never wait within a transaction."""

    def __init__(self, url, timeout):
        self._url, self._timeout = url, timeout

    def ask(self, method, path, **values):
        """:raises PeerAway: no answer, in time or at all, or one that does not say what was done.
        :raises NotFound, Conflict: it is refused.
        """
        unit_of_work.check_outside(f"{method} {path}")
        return self._ask(method, path, values)

    def send(self, path, data):
        """PUT bytes.  Raises as ``ask``."""
        self.ask("PUT", path, data=data)

    def fetch(self, path):
        """GET bytes.  Raises as ``ask``."""
        return self.ask("GET", path)

    def _ask(self, method, path, values):
        request = urllib.request.Request(self._url + path, method=method)
        if isinstance(values.get("data"), bytes):
            request.data = values["data"]
            request.add_header("Content-Type", _BYTES)
        elif values:
            request.data = json.dumps(values).encode()
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                return _said(answer)
        except urllib.error.HTTPError as error:
            raise refusal(error.code, error.read().decode()) from error
        except (OSError, ValueError) as error:
            raise exceptions.PeerAway(str(error)) from error


def _said(answer):
    """JSON, bytes or None."""
    if answer.status == 204:
        return None
    return answer.read() if answer.headers["Content-Type"] == _BYTES else json.load(answer)


_REFUSALS = {403: exceptions.Forbidden, 404: exceptions.NotFound}


def refusal(status, text):
    """The exception of an answer."""
    if status >= 500:
        return exceptions.PeerAway(text)
    return _REFUSALS.get(status, exceptions.Conflict)(text)


def installed(directory, service, backend):
    """The environment of processes where a package is installed that brings a backend, "remote", of a service.

    :param directory: an empty one, for the package.  :param backend: "module:class".
    """
    package = os.path.join(directory, f"nova_lite_test_{service}-1.dist-info")
    os.makedirs(package)
    for name, text in (("METADATA", f"Metadata-Version: 2.1\nName: nova_lite_test_{service}\nVersion: 1\n"),
                       ("entry_points.txt", f"[nova_lite.{service}_backends]\nremote = {backend}\n")):
        with open(os.path.join(package, name), "w") as file:
            file.write(text)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return {"PYTHONPATH": os.pathsep.join((root, str(directory)))}


class _Verb:
    kind = ""

    def __init__(self, client):
        self._client = client

    def _adopted_or_made(self, marker, index, **values):
        found = [each for each in self._client.ask("GET", f"/{self.kind}?marker={marker}") if each["index"] == index]
        return found[0] if found else self._client.ask("POST", f"/{self.kind}", marker=marker, index=index, **values)

    def undo(self, marker, arguments):
        for each in self._client.ask("GET", f"/{self.kind}?marker={marker}"):
            self._client.ask("DELETE", f"/{self.kind}/{each['id']}")


class AllocatePorts(_Verb):
    kind = "ports"

    def do(self, marker, arguments):
        ports = [self._adopted_or_made(marker, index, server_id=arguments["server_id"]) for index in range(2)]
        return {"ports": [each["id"] for each in ports], "server_network": _network(ports).to_dict()}


class ReleasePorts(_Verb):
    def undo(self, marker, arguments):
        for each in self._client.ask("GET", f"/ports?server_id={arguments['server_id']}"):
            self._client.ask("DELETE", f"/ports/{each['id']}")


class PlacePorts(_Verb):
    """The server has no host but the one that it is given."""

    def do(self, marker, arguments):
        return {"server_network": _network(self._bound(arguments["server_id"], arguments["host"])).to_dict()}

    def undo(self, marker, arguments):
        self._bound(arguments["server_id"], "")

    def _bound(self, server_id, host):
        return [self._client.ask("PUT", f"/ports/{each['id']}", host=host)
                for each in self._client.ask("GET", f"/ports?server_id={server_id}")]


class AttachPort(_Verb):
    """The server's NIC number 7."""

    kind = "ports"

    def do(self, marker, arguments):
        port = self._adopted_or_made(marker, 7, server_id=arguments["server_id"])
        return {"port": port["id"], "server_network": self._network_of(arguments["server_id"]).to_dict()}

    def _network_of(self, server_id):
        ports = self._client.ask("GET", f"/ports?server_id={server_id}")
        more = {each["port_id"]: [] for each in self._client.ask("GET", f"/addresses?server_id={server_id}")}
        for each in self._client.ask("GET", f"/addresses?server_id={server_id}"):
            more[each["port_id"]].append(each["ip"])
        return _network(sorted(ports, key=lambda each: each["index"]), more)


class DetachPort(_Verb):
    def undo(self, marker, arguments):
        self._client.ask("DELETE", f"/ports/{arguments['port']}")


class AddAddress(AttachPort):
    """Of the server's first port, whatever its network is; a thing of its own at the service."""

    kind = "addresses"

    def do(self, marker, arguments):
        ports = self._client.ask("GET", f"/ports?server_id={arguments['server_id']}")
        if not ports:
            raise network_exceptions.NetworkNotOfServer(server_id=arguments["server_id"])
        made = self._adopted_or_made(marker, 0, server_id=arguments["server_id"], port_id=ports[0]["id"])
        return {"port": made["port_id"], "address": made["ip"],
                "server_network": self._network_of(arguments["server_id"]).to_dict()}


class RemoveAddress(_Verb):
    def undo(self, marker, arguments):
        for each in self._client.ask("GET", f"/addresses?ip={arguments['address']}"):
            self._client.ask("DELETE", f"/addresses/{each['id']}")


class ReserveImage(_Verb):
    kind = "images"

    def do(self, marker, arguments):
        return {"image_id": self._adopted_or_made(marker, 0, **arguments["values"])["id"]}


class DiscardImage(_Verb):
    def undo(self, marker, arguments):
        self._client.ask("DELETE", f"/images/{arguments['image_id']}")


class RotateBackups(_Verb):
    """This service has no other images than a server's backups of one type, oldest first."""

    def undo(self, marker, arguments):
        images = self._client.ask("GET", "/images")
        for each in images[:len(images) - arguments["rotation"]]:
            self._client.ask("DELETE", f"/images/{each['id']}")


def _network(ports, more=None):
    """:param more: {port id: its addresses besides the first}."""
    return ServerNetwork(tuple(Interface(each["index"], Nic.make(
        port_id=each["id"], network_id="n", network_name="remote", mac=f"fa:16:3e:09:00:{each['index']:02x}", mtu=1500,
        vif_type="bridge", vnic_type="normal", tag=None, addresses=[Address.make(
            ip=ip, cidr="10.9.0.0/24", gateway="10.9.0.1", version=4, dns=[], dhcp=True, subnet_id="s",
            host_access=False) for ip in (each["ip"], *(more or {}).get(each["id"], ()))]), True)
        for each in ports), ("default",))


def services(server, timeout=0.5):
    """{name: facade} as ``ledger.Ledger`` takes them."""
    client = Client(server.url, timeout)
    return {"network": types.SimpleNamespace(embedded=False, timeout=timeout,
                                             verbs={"allocate_ports": AllocatePorts(client),
                                                    "release_ports": ReleasePorts(client),
                                                    "place_ports": PlacePorts(client),
                                                    "attach_port": AttachPort(client),
                                                    "detach_port": DetachPort(client),
                                                    "add_address": AddAddress(client),
                                                    "remove_address": RemoveAddress(client)}),
            "image": types.SimpleNamespace(embedded=False, timeout=timeout,
                                           verbs={"reserve_image": ReserveImage(client),
                                                  "discard_image": DiscardImage(client),
                                                  "rotate_backups": RotateBackups(client)})}


@pytest.fixture
def remote():
    with Server() as made:
        yield made
