"""What is no request, at every socket that a service listens on: it is alive and answers, whoever watches it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from tests import clouds, ports_and_ranges, raw_inputs
from tests.flow.conftest import CONCURRENCY, LAYOUT

pytestmark = pytest.mark.skipif(LAYOUT != "single", reason="it starts processes of its own")
_COMMANDS = {"api": 0, "metadata": 1, "novncproxy": 2, "serialproxy": 3, "conductor": 4}


def environment():
    made = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return made | {"PYTHONPATH": clouds.ROOT}


class Place:
    """A state directory, a configuration with ports of its own, and what runs there."""

    def __init__(self, directory):
        self.state_dir = os.path.join(directory, "state")
        self.config = os.path.join(directory, "test.conf")
        self.ports = [ports_and_ranges.free_port() for _ in range(5)]
        api, metadata, screens, serials, figures = self.ports
        with open(self.config, "w") as file:
            file.write(
                f"[DEFAULT]\nconcurrency = {CONCURRENCY}\nstate_dir = {self.state_dir}\n"
                f"[api]\nport = {api}\nworkers = 1\n"
                f"[metadata]\nport = {metadata}\nshared_secret = s\n[vnc]\nnovncproxy_port = {screens}\n"
                f"[serial_console]\nserialproxy_port = {serials}\n[metrics]\nlisten = 127.0.0.1:{figures}\n")

    def command(self, name, *arguments):
        """The words of a console script."""
        return [sys.executable, "-m", f"nova_lite.cmd.{name}", *arguments]

    def log(self):
        with open(os.path.join(self.state_dir, "log", "nova-lite.log")) as file:
            return file.read()


@pytest.fixture
def place(tmp_path):
    return Place(str(tmp_path))


@pytest.fixture
def detached(place):
    """The id of the process that ``nova-lite up --detach`` left behind."""
    subprocess.run(place.command("nova_lite", "up", "--detach", "--driver", "fake", "--state-dir", place.state_dir,
                                 "--listen", f"127.0.0.1:{place.ports[0]}", "--config-file", place.config),
                   env=environment(), check=True, capture_output=True, timeout=clouds.TIMEOUT)
    with open(os.path.join(place.state_dir, "run", "nova-lite.lock")) as file:
        pid = int(file.read())
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            clouds.until("it stops", lambda: not os.path.exists(f"/proc/{pid}"))


def status(port, path="/"):
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=30).status_code


def test_a_detached_cloud_survives_malformed_requests(place, detached):
    api, _, screens, serials, figures = place.ports
    for port in (api, screens, serials, figures):
        raw_inputs.throw(("127.0.0.1", port))
    assert [status(api), status(figures, "/metrics"), status(serials)] == [200, 200, 404]
    assert status(screens, "/core/none.js") == 404
    assert os.path.exists(f"/proc/{detached}")
    assert "Traceback" not in place.log()


def test_a_detached_cloud_writes_to_its_log_and_nowhere_else(place, detached):
    targets = [os.readlink(f"/proc/{detached}/fd/{number}") for number in (0, 1, 2)]
    log = os.path.join(place.state_dir, "log", "nova-lite.log")
    assert targets == [os.devnull, log, log]


def test_a_detached_cloud_does_not_end_with_its_terminal(place, detached):
    os.kill(detached, signal.SIGHUP)
    time.sleep(0.5)
    assert status(place.ports[0]) == 200


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "broken"])
def test_services_without_a_standard_error_survive_malformed_requests(place, closed):
    for command in (["db", "sync"], ["bootstrap"]):
        subprocess.run(place.command("manage", "--config-file", place.config, *command), env=environment(), check=True,
                       capture_output=True, timeout=clouds.TIMEOUT)
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(_started(place, name, closed)) for name in _COMMANDS}
        for name, number in _COMMANDS.items():
            address = ("127.0.0.1", place.ports[number])
            clouds.until(f"{name} listens", lambda address=address: _listens(address))
            raw_inputs.throw(address)
        assert [status(port) for port in place.ports] == [200, 404, 404, 404, 404]
        assert [name for name, process in running.items() if process.poll() is not None] == []


@contextlib.contextmanager
def _started(place, name, closed):
    """A service whose standard error is closed, or a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    words = place.command(name, "--config-file", place.config)
    words = ["/bin/sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *words] if closed else words
    process = subprocess.Popen(words, env=environment(), stdin=subprocess.DEVNULL, stdout=writing, stderr=writing,
                               start_new_session=True)
    os.close(reading)
    os.close(writing)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(clouds.TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def _listens(address):
    with contextlib.suppress(OSError), socket.create_connection(address, 5):
        return True
    return False
