"""The compute API in this process, over its real database and network service: no host, so servers stay where tests put
them.  A token is a user's name."""

import json
import types

import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite import db, policies  # noqa: F401
from nova_lite.api.wsgi import app
from nova_lite.common import exceptions, rpc
from nova_lite.common.context import RequestContext
from nova_lite.compute.actions.image_proxy import ImageProxy
from nova_lite.compute.api import API as Compute
from nova_lite.db import quota_usage
from nova_lite.db.base import now
from nova_lite.db.models.servers import ComputeNode, Flavor, Server, Service
from nova_lite.image.api import API as ImageService
from nova_lite.image.api import Embedded
from nova_lite.network.api import API as Network
from nova_lite.objects.server import Image

IMAGE = "da0aea1b-3020-4569-a8c6-a56423f31f73"
DRAFT = "22222222-2222-4222-8222-222222222222"
NOWHERE = "19d8282c-47af-48d6-9a41-9d437a3b562a"
USERS = {"alice": ("pa", ("member", "reader")), "amy": ("pa", ("member", "reader")), "carl": ("pa", ("reader",)),
         "bob": ("pb", ("member", "reader")), "admin": ("padmin", ("admin", "member", "reader")),
         "dora": (None, ("manager", "member", "reader")), "system": (None, ("admin", "member", "reader"))}
#: What those have roles on who have none on a project.
SCOPES = {"dora": {"domain_id": "default"}, "system": {"system_scope": "all"}}


class Tokens:
    """The identity facade: it knows the projects of its users."""

    def __init__(self):
        self.projects = self

    def find(self, project_id):
        return next((project for project, _ in USERS.values() if project == project_id), None)

    def authenticate_token(self, token, request_id=None):
        if token not in USERS:
            raise exceptions.Unauthorized
        project, roles = USERS[token]
        return RequestContext(token, project, roles, request_id=request_id, **SCOPES.get(token, {}))


class Images(Embedded):
    """The image facade: one image of 1 MiB, one without data, and those that are made of servers."""

    def __init__(self):
        super().__init__()
        self.properties = {"os_distro": "tiny"}

    @property
    def made(self):
        """{id: row}"""
        return {row.id: row for row in self.list(RequestContext(roles=("admin",)))}

    def for_server(self, context, image_id):
        if image_id == DRAFT:
            raise exceptions.ImageNotActive(image_id=image_id)
        if image_id != IMAGE:
            raise exceptions.ImageNotFound(image_id=image_id)
        return Image.make(id=IMAGE, name="tiny", disk_format="qcow2", size=1 << 20, virtual_size=1 << 20,
                          checksum=None, hash_algo=None, min_disk=0, min_ram=0, properties=self.properties,
                          path=None, url=None, token=None)


class Cloud:
    """``call`` sends a request; ``make`` creates a server and ``settle`` puts it into a state.

    :param network: the facade; None: over the embedded service.
    """

    def __init__(self, network=None):
        self.network = network or Network()
        self.images = Images()
        self.compute = Compute(self.images, self.network)
        #: The real image service, for what only stands before it.
        self.image_service = ImageService()
        self.compute.image_proxy = ImageProxy(self.image_service)
        self.app = app.build(types.SimpleNamespace(identity=Tokens(), network=self.network, compute=self.compute),
                             services=("compute",))
        self.flavor = "42"

    def call(self, method, path, body=None, *, user="alice", version=None, key=None):
        """A webob Response; ``body`` is sent as JSON.  :param key: an idempotency key."""
        req = Request.blank("/compute/v2.1" + path, method=method)
        if key:
            req.headers["Idempotency-Key"] = key
        if user:
            req.headers["X-Auth-Token"] = user
        if version:
            req.headers["OpenStack-API-Version"] = f"compute {version}"
        if body is not None:
            req.body, req.content_type = json.dumps(body).encode(), "application/json"
        return req.get_response(self.app)

    def get(self, path, **rest):
        answer = self.call("GET", path, **rest)
        assert answer.status_int == 200, answer.text
        return answer.json

    def refused(self, method, path, body=None, **rest):
        """``(status, message)`` of a fault in Nova's shape."""
        answer = self.call(method, path, body, **rest)
        assert answer.status_int >= 400, answer.text
        (fault,) = answer.json.values()
        assert fault["code"] == answer.status_int
        return fault["code"], fault["message"]

    def create(self, *, user="alice", version=None, hints=None, **server):
        """The Response to a create of a server that is fine but for what is given; None leaves a key out."""
        server = {"name": "one", "flavorRef": self.flavor, "imageRef": IMAGE, "networks": "none", **server}
        if server["networks"] == "none" and version is None:
            version = "2.37"
        body = {"server": {name: value for name, value in server.items() if value is not None}}
        if hints is not None:
            body["os:scheduler_hints"] = hints
        return self.call("POST", "/servers", body, user=user, version=version)

    def make(self, *, vm_state="active", host="host-1", user="alice", **server):
        """The id of a server in a state of rest."""
        answer = self.create(user=user, version="2.94", **server)
        assert answer.status_int == 202, answer.text
        self.settle(answer.json["server"]["id"], vm_state=vm_state, host=host)
        return answer.json["server"]["id"]

    def settle(self, server_id, **values):
        """Write columns of a server, as its host or the conductor would."""
        with db.writer() as session:
            session.execute(sa.update(Server).where(Server.id == server_id).values(
                **{"task_state": None, "power_state": 1, "launched_at": now(), **values}))
            quota_usage.count(session, server_id)

    def names(self, query="", **rest):
        return [each["name"] for each in self.get(f"/servers{query}", **rest)["servers"]]


@pytest.fixture
def cloud(database, conf):
    rpc.init("local://")
    with db.writer() as session:
        session.execute(sa.insert(Flavor).values(flavorid="42", name="m1.nano", vcpus=1, memory_mb=64, root_gb=1))
        session.execute(sa.insert(Service).values(host="host-1", binary="nova-compute", topic="compute",
                                                  last_seen_at=now()))
        session.execute(sa.insert(Service).values(host="host-1", binary="nova-conductor", topic="conductor",
                                                  last_seen_at=now()))
        session.execute(sa.insert(ComputeNode).values(
            host="host-1", hypervisor_hostname="host-1.example.org", hypervisor_type="fake", hypervisor_version=1000,
            host_ip="127.0.0.1", vcpus=8, memory_mb=8192, disk_gb=100, free_disk_gb=90, vcpus_used=1,
            memory_mb_used=576, disk_gb_used=1, cpu_info={"arch": "x86_64"}, uptime="up 1 day"))
    yield Cloud()
    rpc.cleanup()
