"""The image service in this process, over its real database and store, and images crafted to break it."""

import json
import struct
import types

import pytest
from webob import Request

from nova_lite import policies  # noqa: F401
from nova_lite.api.wsgi import app
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext
from nova_lite.conf import CONF
from nova_lite.db import session
from nova_lite.image.api import API
from tests import fresh_database

PATCH = "application/openstack-images-v2.1-json-patch"
BINARY = "application/octet-stream"
USERS = {"alice": ("pa", ("member", "reader")), "bob": ("pb", ("member", "reader")), "carl": ("pa", ("reader",)),
         "admin": ("padmin", ("admin", "member", "reader")), "host": (None, ("service",))}


def context(user):
    project, roles = USERS[user]
    return RequestContext(user, project, roles)


class Tokens:
    """The identity facade: a token is a user's name."""

    def authenticate_token(self, token, request_id=None):
        if token not in USERS:
            raise exceptions.Unauthorized
        return context(token)

    confirm = authenticate_token


class Service:
    def __init__(self):
        self.facade = API()
        self.app = app.build(types.SimpleNamespace(identity=Tokens(), image=self.facade), services=("image",))

    def call(self, method, path, body=None, user="alice", **headers):
        """A webob Response; a dict or list as ``body`` is sent as JSON, bytes as they are."""
        req = Request.blank("/image/v2" + path, method=method)
        req.headers.update({"X-Auth-Token": user} if user else {})
        if isinstance(body, bytes):
            req.body, req.content_type = body, BINARY
        elif body is not None:
            req.body, req.content_type = json.dumps(body).encode(), PATCH if method == "PATCH" else "application/json"
        req.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return req.get_response(self.app)

    def create(self, user="alice", **body):
        """A queued image's body; qcow2 unless said otherwise."""
        answer = self.call("POST", "/images", {"name": "i", "disk_format": "qcow2", "container_format": "bare"} | body,
                           user)
        assert answer.status_int == 201, answer.text
        return answer.json

    def active(self, data=None, user="alice", **body):
        """An image with data, as GET shows it."""
        image = self.create(user, **body)
        answer = self.call("PUT", f"/images/{image['id']}/file", qcow2() if data is None else data, user)
        assert answer.status_int == 204, answer.text
        return self.show(image["id"], user)

    def show(self, image_id, user="alice"):
        return self.call("GET", f"/images/{image_id}", user=user).json

    def names(self, query="", user="alice"):
        return [each["name"] for each in self.call("GET", f"/images{query}", user=user).json["images"]]


@pytest.fixture
def service(tmp_path):
    CONF([], project="nova_lite", default_config_files=[], default_config_dirs=[])
    CONF.set_override("state_dir", str(tmp_path))
    CONF.set_override("reserved_mb", 0, "image")
    fresh_database.place()
    yield Service()
    session.dispose()
    CONF.clear_override("state_dir")
    CONF.clear_override("reserved_mb", "image")


# ---- crafted images

def qcow2(size=1 << 20, *, version=3, backing=0, features=0, padding=4096):
    """An empty disk of that size: header, refcount table, refcount block and L1 table, with nothing in the first two.

    :param padding: the length of the file, where that is more than these need.
    """
    bits = 9 if size <= 2 << 20 else 16
    cluster = 1 << bits
    entries = -(-size // (cluster // 8 * cluster))
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", version, backing, 20 if backing else 0, bits, size, 0, entries,
                         3 * cluster, cluster, 1, 0, 0)
    header += struct.pack(">QQQII", features, 0, 0, 4, 104)
    return header.ljust(max(padding, 3 * cluster + entries * 8), b"\0")


BACKED = qcow2(backing=512)[:512] + b"/etc/passwd".ljust(3584, b"\0")
DATA_FILE = qcow2(features=1 << 2)
UNKNOWN_FEATURE = qcow2(features=1 << 40)
VMDK_EXTENT = (b"# Disk DescriptorFile\nversion=1\nCID=aaaaaaaa\nparentCID=ffffffff\n"
               b'createType="monolithicFlat"\n\nRW 20480 FLAT "/etc/passwd" 0\n').ljust(1024, b"\n")
QED = b"QED\0".ljust(4096, b"\0")
