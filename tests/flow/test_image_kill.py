"""An upload that breaks off, because its process or its client died: the image takes data again, nothing is left."""

import os
import signal
import socket
import time

import pytest

from tests import clouds
from tests.flow.conftest import CONCURRENCY, LAYOUT
from tests.image_service import BINARY, qcow2

API = "nova-lite" if LAYOUT == "single" else "api"
LIMIT = 30          # seconds after which an image must be usable again, without anybody's help


@pytest.fixture(scope="module")
def fragile(layout, tmp_path_factory):
    """A cloud to be killed, and alive again after each test."""
    made = clouds.Cloud(layout(), tmp_path_factory.mktemp("fragile"), CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


def draft(cloud):
    answer = cloud.post("/image/v2/images", {"name": "i", "disk_format": "qcow2", "container_format": "bare"})
    assert answer.status == 201, answer.text
    return answer.body["id"]


def begin_upload(cloud, image_id, framing):
    """A socket on which half an upload was sent, and the image is being saved."""
    line = socket.create_connection(("127.0.0.1", cloud.port))
    head = {"length": "Content-Length: 99999999", "chunks": "Transfer-Encoding: chunked"}[framing]
    data = qcow2()
    body = data if framing == "length" else b"%x\r\n%s\r\n" % (len(data), data)
    line.sendall(f"PUT /image/v2/images/{image_id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {cloud.token()}\r\n"
                 f"Content-Type: {BINARY}\r\n{head}\r\n\r\n".encode() + body)
    clouds.until("the image is being saved", lambda: status(cloud, image_id) == "saving")
    return line


def status(cloud, image_id):
    return cloud.get(f"/image/v2/images/{image_id}").body["status"]


def incoming(cloud):
    return os.listdir(os.path.join(cloud.state_dir, "images", "incoming"))


def is_usable(cloud, image_id):
    clouds.until("the image waits for data", lambda: status(cloud, image_id) == "queued", LIMIT)
    clouds.until("nothing is left of the upload", lambda: not incoming(cloud), LIMIT)
    answer = cloud.request("PUT", f"/image/v2/images/{image_id}/file", data=qcow2(),
                           headers={"Content-Type": BINARY})
    assert answer.status == 204, answer.text
    assert status(cloud, image_id) == "active"


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_an_upload_can_be_sent_again_after_its_process_was_killed(fragile, framing):
    image_id = draft(fragile)
    with begin_upload(fragile, image_id, framing):
        assert incoming(fragile)
        fragile.kill(API)
    fragile.start()
    is_usable(fragile, image_id)


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_client_that_goes_away_in_the_middle_leaves_the_image_as_it_was(fragile, framing):
    image_id = draft(fragile)
    begin_upload(fragile, image_id, framing).close()
    is_usable(fragile, image_id)


@pytest.mark.skipif(LAYOUT == "single", reason="one process has no other that lives on")
def test_an_upload_that_a_killed_worker_left_is_recovered_by_another(fragile):
    """The parent of the workers is stopped, so that no start of a new one can help."""
    image_id = draft(fragile)
    parent = fragile._processes["api"].pid
    with begin_upload(fragile, image_id, "length"):
        os.kill(parent, signal.SIGSTOP)
        try:
            os.kill(_uploading(parent), signal.SIGKILL)
            time.sleep(0.2)
            is_usable(fragile, image_id)
        finally:
            os.kill(parent, signal.SIGCONT)


def _uploading(parent):
    """The pid of the worker that has a half-made image open."""
    with open(f"/proc/{parent}/task/{parent}/children") as file:
        for pid in file.read().split():
            folder = f"/proc/{pid}/fd"
            if any("/incoming/" in os.path.realpath(os.path.join(folder, each)) for each in os.listdir(folder)):
                return int(pid)
    raise AssertionError("no worker has it open")
