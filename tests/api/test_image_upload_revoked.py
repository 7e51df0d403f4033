"""An upload takes long: what is taken from its sender while the data comes counts where the image becomes active."""

import time
import types

import pytest
from webob import Request

from nova_lite.api.wsgi import app
from nova_lite.identity import tokens
from nova_lite.image.api import API as Images
from tests.identity_service import Service

DATA = b"\0" * 512


class Body:
    """The data of an upload; ``meanwhile`` is done before its last byte."""

    def __init__(self, meanwhile):
        self._parts = [lambda: DATA[:256], lambda: meanwhile() and b"" or DATA[256:], lambda: b""]

    def read(self, size=-1):
        return self._parts.pop(0)() if self._parts else b""


@pytest.fixture
def service(database, conf):
    conf.set_override("password_hash_rounds", 4, "identity")
    conf.set_override("reserved_mb", 0, "image")
    made = Service()
    made.images = app.build(types.SimpleNamespace(identity=made.identity, image=Images()), services=("image",))
    yield made
    conf.clear_override("password_hash_rounds", "identity")
    conf.clear_override("reserved_mb", "image")


def send(service, token, method, path, body=None, **more):
    req = Request.blank("/image/v2" + path, method=method, **more)
    req.headers["X-Auth-Token"] = token
    if isinstance(body, dict):
        req.json = body
    elif body is not None:
        req.environ["wsgi.input"], req.content_type = body, "application/octet-stream"
        req.content_length = len(DATA)
    return req.get_response(service.images)


def uploaded(service, meanwhile):
    """(status of an upload by demo, status of its image afterwards)."""
    token = service.token("demo")
    wanted = {"name": "i", "disk_format": "raw", "container_format": "bare"}
    id = send(service, token, "POST", "/images", wanted).json["id"]
    answer = send(service, token, "PUT", f"/images/{id}/file", Body(lambda: meanwhile(token)))
    return answer.status_int, send(service, service.token(), "GET", f"/images/{id}").json["status"]


def taken(service):
    return {
        "revoked": lambda token: service.call("DELETE", "/auth/tokens", token=token, X_Subject_Token=token),
        "disabled": lambda token: service.admin("PATCH", f"/users/{service.user_id('demo')}",
                                                {"user": {"enabled": False}}),
        "new password": lambda token: service.identity.set_password("demo", "new"),
        "no role": lambda token: service.grant(service.user_id("demo"), method="DELETE")}


@pytest.mark.parametrize("what", ["revoked", "disabled", "new password", "no role"])
def test_an_upload_whose_token_is_taken_away_leaves_the_image_waiting(service, what):
    assert uploaded(service, lambda token: taken(service)[what](token) and None) == (401, "queued")


def test_an_upload_whose_sender_may_only_read_by_now_leaves_the_image_waiting(service):
    def demoted(token):
        service.grant(service.user_id("demo"), "reader")
        service.grant(service.user_id("demo"), "member", method="DELETE")
    assert uploaded(service, demoted) == (403, "queued")


def test_an_upload_may_outlive_its_token(service, monkeypatch):
    later = time.time() + 7200

    def expired(token):
        monkeypatch.setattr(tokens.time, "time", lambda: later)
        with pytest.raises(tokens.TokenNotFound):
            service.identity.open_token(token)
    assert uploaded(service, expired) == (204, "active")
