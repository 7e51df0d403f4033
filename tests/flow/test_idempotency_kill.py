"""Idempotency-Key over real processes: kill -9 at any moment, and the repeat makes no second server."""

import contextlib
import threading
import time

import pytest
import requests

from tests import clouds
from tests.flow.conftest import CONCURRENCY, LAYOUT

API = "nova-lite" if LAYOUT == "single" else "api"


@pytest.fixture(scope="module")
def killed(layout, tmp_path_factory):
    made = clouds.Cloud(layout(options="[idempotency]\nclaim = 3\n"), tmp_path_factory.mktemp("killed"), CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def fragile(killed):
    """A cloud to be killed, without servers."""
    killed.start()
    yield killed
    for server_id in servers(killed):
        killed.delete_server(server_id)


def create(cloud, key):
    """The Answer of a keyed create that is sent until it gets one other than 409."""
    body = {"server": {"name": "one", "flavorRef": "42", "imageRef": cloud.image_id(), "networks": "none"}}

    def ask():
        answer = cloud.post("/compute/v2.1/servers", body, version="2.100", headers={"Idempotency-Key": key})
        return answer if answer.status != 409 else None
    return clouds.until(f"{key} is answered", ask)


def servers(cloud):
    return [each["id"] for each in cloud.get("/compute/v2.1/servers").body["servers"]]


def test_a_repeat_after_the_death_of_the_process_makes_nothing_new(fragile):
    first = create(fragile, "before")
    fragile.kill(API)
    fragile.start()
    again = create(fragile, "before")
    assert (again.status, again.body) == (202, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert servers(fragile) == [first.body["server"]["id"]]


@pytest.mark.parametrize("moment", [0.002, 0.006, 0.012])
def test_a_repeat_after_a_kill_amid_the_request_makes_one_server(fragile, moment):
    image, key = fragile.image_id(), f"at {moment}"
    asking = requests.Request(
        "POST", f"{fragile.url}/compute/v2.1/servers", headers={
            "X-Auth-Token": fragile.token(), "OpenStack-API-Version": "compute 2.100", "Idempotency-Key": key},
        json={"server": {"name": "one", "flavorRef": "42", "imageRef": image, "networks": "none"}}).prepare()
    sent = threading.Thread(target=lambda: _send(asking))
    sent.start()
    time.sleep(moment)
    fragile.kill(API)
    sent.join(120)
    fragile.start()
    server_id = create(fragile, key).body["server"]["id"]
    assert servers(fragile) == [server_id]
    fragile.wait_for(server_id, "ACTIVE")


def _send(prepared):
    with contextlib.suppress(requests.RequestException):
        requests.Session().send(prepared, timeout=60)
