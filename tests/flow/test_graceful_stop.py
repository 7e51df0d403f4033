"""SIGTERM: nothing new is begun, what runs ends or is given up, and the process is gone within its time."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests
import sqlalchemy as sa

from tests import clouds
from tests.flow.conftest import CONCURRENCY, LAYOUT

COMPUTE = "nova-lite" if LAYOUT == "single" else "compute"
API = "nova-lite" if LAYOUT == "single" else "api"


@pytest.fixture
def make(layout, tmp_path):
    """Start a cloud with options of its own."""
    made = []

    def start(options):
        made.append(clouds.Cloud(layout(options=options), tmp_path, CONCURRENCY))
        return made[-1].start()
    yield start
    for each in made:
        each.stop()


def terminate(cloud, name, seconds):
    """SIGTERM one process; its exit status, within ``seconds``, and how long it took."""
    process, began = cloud._processes[name], time.monotonic()
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds), time.monotonic() - began


def steps(cloud, server_id, action="create"):
    """[(event, result, details)] of an action, oldest first."""
    path = f"/compute/v2.1/servers/{server_id}/os-instance-actions"
    actions = cloud.get(path, version="2.84", user="admin").body["instanceActions"]
    wanted = next(each for each in actions if each["action"] == action)
    events = cloud.get(f"{path}/{wanted['request_id']}", version="2.84", user="admin").body["instanceAction"]["events"]
    return [(each["event"], each["result"], each["details"]) for each in reversed(events)]


def under_way(cloud, server_id):
    clouds.until("the step is under way", lambda: cloud.show(server_id)["OS-EXT-STS:task_state"] == "spawning")


def test_what_runs_ends_before_the_process_does(make):
    cloud = make("[fake]\ndelay = 2\n")
    server_id = cloud.create().body["server"]["id"]
    under_way(cloud, server_id)
    status, took = terminate(cloud, COMPUTE, 20)
    assert status == 0 and 0.5 < took < 10
    cloud.start()
    assert cloud.show(server_id)["status"] == "ACTIVE"
    assert {result for _, result, _ in steps(cloud, server_id)} == {"Success"}


def test_what_does_not_end_in_time_is_given_up_and_goes_on_at_once(make):
    cloud = make("[fake]\ndelay = 8\n[operations]\nstop_timeout = 3\nlease = 600\nring_again = 600\n")
    server_id = cloud.create().body["server"]["id"]
    under_way(cloud, server_id)
    status, took = terminate(cloud, COMPUTE, 20)
    assert status == 0 and took < 4.5
    if LAYOUT == "single":
        [operation] = rows(cloud, "SELECT state, lease_until, worker FROM operations")
        assert operation == ("queued", None, None)
    cloud.start()
    clouds.until("it goes on", lambda: len(steps(cloud, server_id)) > 3, 8)
    told = steps(cloud, server_id)
    assert any(result == "Error" and "was stopped" in details for _, result, details in told), told
    cloud.wait_for(server_id, "ACTIVE")


def rows(cloud, statement):
    engine = sa.create_engine(f"sqlite:///{cloud.state_dir}/nova_lite.sqlite")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_a_running_request_is_answered_and_no_new_one_is_taken(make):
    cloud = make("[operations]\nstop_timeout = 20\n")
    image = cloud.post("/image/v2/images", {"name": "i", "disk_format": "raw", "container_format": "bare"}).body
    go_on, answers = threading.Event(), []

    def data():
        yield b"x" * 512
        go_on.wait(15)
        yield b"y" * 512

    def upload():
        answers.append(requests.put(
            f"{cloud.url}/image/v2/images/{image['id']}/file", data=data(), timeout=30,
            headers={"X-Auth-Token": cloud.token(), "Content-Type": "application/octet-stream"}).status_code)
    sending = threading.Thread(target=upload)
    sending.start()
    clouds.until("it is uploaded", lambda: cloud.get(f"/image/v2/images/{image['id']}").body["status"] == "saving")
    cloud._processes[API].send_signal(signal.SIGTERM)
    clouds.until("no new request is taken", lambda: refused(cloud), 10)
    go_on.set()
    sending.join(20)
    assert answers == [204]
    assert cloud._processes[API].wait(15) == 0


def refused(cloud):
    try:
        requests.get(f"{cloud.url}/healthcheck", timeout=2)
    except requests.RequestException:
        return True
    return False


def test_a_service_that_stopped_is_down_at_once(make):
    cloud = make("")
    terminate(cloud, COMPUTE, 20)
    if LAYOUT == "single":
        seen = rows(cloud, "SELECT (julianday('now') - julianday(last_seen_at)) * 86400 FROM services")
        assert len(seen) == 3 and all(seconds > 60 for seconds, in seen), seen
    else:
        [service] = cloud.get("/compute/v2.1/os-services?binary=nova-compute", user="admin").body["services"]
        assert service["state"] == "down"


@pytest.fixture
def ear(tmp_path, monkeypatch):
    """The init system's socket: processes that are begun tell it what they are at."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield made


def test_the_init_system_hears_that_it_is_ready_lives_and_stops(make, ear, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    cloud = make("")
    told = [ear.recv(100).decode() for _ in range(6)]
    while told.count("READY=1") < len(cloud.names):
        told.append(ear.recv(100).decode())
    assert set(told) == {"READY=1", "WATCHDOG=1"}
    assert terminate(cloud, API, 20)[0] == 0
    while told[-1] != "STOPPING=1":
        told.append(ear.recv(100).decode())


def test_what_hangs_in_a_library_does_not_keep_the_process():
    """A C call that holds the interpreter's lock stops every Python thread; the kernel's alarm is not one."""
    code = ("import ctypes, signal; from nova_lite.cmd import base; print(base.bound_the_end(0.5), flush=True); "
            "ctypes.PyDLL(None).sleep(30)")
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=clouds.ROOT, capture_output=True, text=True, timeout=20,
                          check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    assert (done.returncode, json.loads(done.stdout)) == (-signal.SIGALRM, 0.425)
    assert time.monotonic() - began < 8


_DEAF = """
import os, sys
from nova_lite.cmd import base, single
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.cmd import liveness

class Bus:
    def ping(self, timeout):
        if not os.path.exists(sys.argv[1]):
            raise exception.NoAnswer(method="ping", address="compute.h1")

class Service:
    database, servers = False, [Bus()]
    def start(self):
        print("started", os.getpid(), flush=True)
    def stop(self, seconds):
        open(sys.argv[1], "w").close()
        print("stopped", flush=True)
        return True

base.configure(["--config-file", sys.argv[2]], "test")
liveness.PATIENCE = 0
single.serve(Service)
"""


def test_a_deaf_process_stops_gracefully_and_starts_itself_anew(tmp_path, ear):
    for name, text in (("deaf.py", _DEAF), ("deaf.conf", "[operations]\nreport_interval = 1\n")):
        (tmp_path / name).write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "deaf.py"), str(tmp_path / "healed"), str(tmp_path / "deaf.conf")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    try:
        told = [process.stdout.readline().split() for _ in range(3)]
        assert told == [["started", str(process.pid)], ["stopped"], ["started", str(process.pid)]]
        assert [ear.recv(100) for _ in range(2)] == [b"READY=1"] * 2        # in each life, once it obeys signals
        process.terminate()
        assert process.wait(10) == 0 and process.stdout.read().split() == ["stopped"]
    finally:
        process.kill()
        process.wait()
