"""SIGTERM: nothing new starts, what runs ends or is given up, and the process is gone within its time."""

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


def test_a_running_operation_ends_before_its_process_stops(make):
    cloud = make("[fake]\ndelay = 4\n")
    server_id = cloud.create().body["server"]["id"]
    under_way(cloud, server_id)
    status, took = terminate(cloud, COMPUTE, 120)
    assert status == 0 and 0.5 < took < 60
    cloud.start()
    assert cloud.show(server_id)["status"] == "ACTIVE"
    assert {result for _, result, _ in steps(cloud, server_id)} == {"Success"}


def test_an_operation_that_outlasts_the_stop_is_given_up_and_taken_again_at_once(make):
    leased = "[operations]\nstop_timeout = 3\nlease = 600\nnotify_again = 600\n"
    cloud = make(f"{leased}[fake]\ndelay = 60\n")
    server_id = cloud.create().body["server"]["id"]
    under_way(cloud, server_id)
    status, took = terminate(cloud, COMPUTE, 120)
    assert status == 0 and took < 40
    if LAYOUT == "single":
        [operation] = rows(cloud, "SELECT state, lease_until, worker FROM operations")
        assert operation == ("queued", None, None)
    cloud._layout.options = f"{leased}[fake]\ndelay = 0.5\n"
    cloud.start()
    clouds.until("it goes on", lambda: len(steps(cloud, server_id)) > 3)
    reported = steps(cloud, server_id)
    assert any(result == "Error" and "was stopped" in details for _, result, details in reported), reported
    cloud.wait_for(server_id, "ACTIVE")


def rows(cloud, statement):
    engine = sa.create_engine(f"sqlite:///{cloud.state_dir}/nova_lite.sqlite")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_a_running_request_is_answered_and_no_new_one_is_taken(make):
    cloud = make("[operations]\nstop_timeout = 120\n")
    image = cloud.post("/image/v2/images", {"name": "i", "disk_format": "raw", "container_format": "bare"}).body
    go_on, answers = threading.Event(), []

    def data():
        yield b"x" * 512
        go_on.wait(90)
        yield b"y" * 512

    def upload():
        answers.append(requests.put(
            f"{cloud.url}/image/v2/images/{image['id']}/file", data=data(), timeout=120,
            headers={"X-Auth-Token": cloud.token(), "Content-Type": "application/octet-stream"}).status_code)
    sending = threading.Thread(target=upload)
    sending.start()
    clouds.until("it is uploaded", lambda: cloud.get(f"/image/v2/images/{image['id']}").body["status"] == "saving")
    cloud._processes[API].send_signal(signal.SIGTERM)
    clouds.until("no new request is taken", lambda: refused(cloud))
    go_on.set()
    sending.join(120)
    assert answers == [204]
    assert cloud._processes[API].wait(120) == 0


def refused(cloud):
    try:
        requests.get(f"{cloud.url}/healthcheck", timeout=30)
    except requests.RequestException:
        return True
    return False


def test_a_service_that_stopped_is_down_at_once(make):
    cloud = make("")
    terminate(cloud, COMPUTE, 120)
    if LAYOUT == "single":
        seen = rows(cloud, "SELECT (julianday('now') - julianday(last_seen_at)) * 86400 FROM services")
        assert len(seen) == 3 and all(seconds > 60 for seconds, in seen), seen
    else:
        [service] = cloud.get("/compute/v2.1/os-services?binary=nova-compute", user="admin").body["services"]
        assert service["state"] == "down"


@pytest.fixture
def init_system(tmp_path, monkeypatch):
    """The init system's socket: started processes report their state to it."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(120)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield made


def test_processes_report_ready_watchdog_and_stopping_to_the_init_system(make, init_system, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    cloud = make("")
    reported = [init_system.recv(100).decode() for _ in range(6)]
    while reported.count("READY=1") < len(cloud.names):
        reported.append(init_system.recv(100).decode())
    assert set(reported) == {"READY=1", "WATCHDOG=1"}
    assert terminate(cloud, API, 120)[0] == 0
    while reported[-1] != "STOPPING=1":
        reported.append(init_system.recv(100).decode())


def test_a_call_that_hangs_in_a_library_does_not_delay_the_end_of_the_process():
    """A C call that holds the interpreter's lock stops every Python thread; the kernel's alarm is not one."""
    code = ("import ctypes, signal; from nova_lite.cmd import base; print(base.bound_the_end(0.5), flush=True); "
            "ctypes.PyDLL(None).sleep(300)")
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=clouds.ROOT, capture_output=True, text=True, timeout=250,
                          check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    assert (done.returncode, json.loads(done.stdout)) == (-signal.SIGALRM, 0.425)
    assert time.monotonic() - began < 200


_CONSUMERS_HANG = """
import os, sys
from nova_lite.cmd import base, run_service
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.cmd import liveness

class Bus:
    def ping(self, timeout):
        if not os.path.exists(sys.argv[1]):
            raise exceptions.NoAnswer(method="ping", address="compute.h1")

class Service:
    database, servers = False, [Bus()]
    def start(self):
        print("started", os.getpid(), flush=True)
    def stop(self, seconds):
        open(sys.argv[1], "w").close()
        print("stopped", flush=True)
        return True

base.configure(["--config-file", sys.argv[2]], "test")
liveness.GRACE = 0
run_service.serve(Service)
"""


def test_a_process_that_receives_no_messages_stops_gracefully_and_restarts(tmp_path, init_system):
    for name, text in (("service.py", _CONSUMERS_HANG), ("service.conf", "[operations]\nreport_interval = 1\n")):
        (tmp_path / name).write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "service.py"), str(tmp_path / "answers"), str(tmp_path / "service.conf")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    try:
        reported = [process.stdout.readline().split() for _ in range(3)]
        assert reported == [["started", str(process.pid)], ["stopped"], ["started", str(process.pid)]]
        assert [init_system.recv(100) for _ in range(2)] == [b"READY=1"] * 2      # once a start, when it obeys signals
        process.terminate()
        assert process.wait(120) == 0 and process.stdout.read().split() == ["stopped"]
    finally:
        process.kill()
        process.wait()
