"""Whole clouds of real processes for tests: one process on SQLite, or separate ones over a broker and a database.

A cloud is driven from outside, by HTTP and signals, as its users and operators do.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import requests

from tests import ports_and_ranges

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIMEOUT = 120      # seconds; guests boot under emulation, beside those of another worker


def until(what, question, seconds=TIMEOUT):
    """Ask until the answer is true and return it; fail with ``what`` and the last answer after ``seconds``.

    The longer it takes, the seldomer it asks: many who ask all the time would hold up what they wait for.
    """
    end, pause = time.monotonic() + seconds, 0.05
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s; the last answer was {answer!r}")
        time.sleep(pause)
        pause = min(pause * 1.1, 0.2)


@dataclasses.dataclass
class Answer:
    """What a request got back; ``body`` is the parsed JSON, or None."""

    status: int
    headers: dict
    body: object
    text: str


class Cloud:
    """A cloud of processes.  ``kind`` is a Layout below, that knows which processes there are and how they start."""

    def __init__(self, layout, directory, concurrency="eventlet"):
        self.directory = str(directory)
        self.concurrency = concurrency
        self.port = ports_and_ranges.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ranges = ports_and_ranges.ranges()
        self.external_range = ports_and_ranges.external_range()
        self._layout = layout
        self._processes = {}
        self._tokens = {}
        self._http = requests.Session()
        self._http.trust_env = False

    # ---- life

    def restart(self, options):
        """kill -9 all and start anew with other options of the layout."""
        self.kill()
        self._layout.options = options
        self.start()

    def start(self):
        """Start what does not run, and return when the API answers and a host is up."""
        self._layout.prepare(self)
        for name in self._layout.names:
            self.start_process(name)
        self.wait_ready()
        return self

    def wait_ready(self):
        until("the API answers", self._answers)
        until("a compute host is up", self._has_host)

    def start_process(self, name):
        if name in self._processes and self._processes[name].poll() is None:
            return
        log = open(os.path.join(self.directory, f"{name}.out"), "ab")       # noqa: SIM115
        self._processes[name] = subprocess.Popen(
            self._layout.command(self, name), cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True, env={**self.environ(), **self._layout.environ(name)})
        log.close()

    def kill(self, name=None):
        """kill -9 one process (None: all), with the children it has."""
        for each in [name] if name else list(self._processes):
            process = self._processes[each]
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop(self):
        """Stop all politely, and make sure."""
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        for name, process in self._processes.items():
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.kill(name)
                raise
        self._http.close()

    def remove(self):
        """Stop, and take away guests and networks that a failing test left (``nova-lite remove``)."""
        try:
            self.stop()
        finally:
            done = subprocess.run(
                [sys.executable, "-m", "nova_lite.cmd.nova_lite", "remove", "--yes", "--state-dir", self.state_dir,
                 "--config-file", os.path.join(self.directory, "test.conf")],
                cwd=ROOT, capture_output=True, text=True, check=False, env=self.environ())
            assert done.returncode == 0, done.stdout + done.stderr
            assert "as no cloud made it" not in done.stdout, done.stdout      # nothing of its own is left

    def environ(self):
        """Of every process, whatever its layout gives to single ones."""
        return {**os.environ, "PYTHONPATH": ROOT, **self._layout.environment}

    @property
    def pids(self):
        """Of the processes, without their children."""
        return [each.pid for each in self._processes.values()]

    def running(self, name):
        return self._processes[name].poll() is None

    @property
    def names(self):
        return self._layout.names

    def output(self):
        """The end of every process's output and log, for failing tests."""
        texts = []
        for folder in (self.directory, os.path.join(self.directory, "state", "log")):
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
                if name.endswith((".out", ".log")):
                    with open(os.path.join(folder, name), errors="replace") as file:
                        texts.append(f"--- {name}\n{file.read()[-8000:]}")
        return "\n".join(texts)

    @property
    def database(self):
        return self._layout.database(self)

    @property
    def state_dir(self):
        return os.path.join(self.directory, "state")

    # ---- requests

    def request(self, method, path, body=None, *, user="demo", version=None, **more):
        """Ask ``path`` below the cloud's root ("/compute/v2.1/servers") as ``user``; an Answer, whatever the status."""
        headers = {"X-Auth-Token": self.token(user)} if user else {}
        if version:
            headers["OpenStack-API-Version"] = f"compute {version}"
        headers |= more.pop("headers", {})
        answer = self._http.request(method, self.url + path, json=body, headers=headers, timeout=TIMEOUT, **more)
        try:
            parsed = answer.json()
        except ValueError:
            parsed = None
        return Answer(answer.status_code, answer.headers, parsed, answer.text)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body, **more):
        return self.request("POST", path, body, **more)

    def put(self, path, body, **more):
        return self.request("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def token(self, user="demo"):
        if user not in self._tokens:
            answer = self._http.post(f"{self.url}/identity/v3/auth/tokens", timeout=TIMEOUT, json={"auth": {
                "identity": {"methods": ["password"], "password": {"user": {
                    "name": user, "domain": {"id": "default"}, "password": self.passwords()[user]}}},
                "scope": {"project": {"name": user, "domain": {"id": "default"}}}}})
            assert answer.status_code == 201, answer.text
            self._tokens[user] = answer.headers["X-Subject-Token"]
        return self._tokens[user]

    def log_in_again(self):
        """Forget every token, as after its time has passed."""
        self._tokens.clear()

    def passwords(self):
        with open(os.path.join(self.state_dir, "keys", "passwords.json")) as file:
            return json.load(file)

    # ---- servers

    def image_id(self):
        """The first image that the cloud had; tests under load leave others, some without data."""
        query = "status=active&sort_key=created_at&sort_dir=asc&limit=1"
        return self.get(f"/image/v2/images?{query}").body["images"][0]["id"]

    def network_id(self):
        return self.get("/network/v2.0/networks?name=private").body["networks"][0]["id"]

    def create(self, version="2.100", **fields):
        """POST /servers with everything that must be there filled in; the Answer."""
        body = {"name": "test", "flavorRef": "42", "imageRef": self.image_id(),
                "networks": [{"uuid": self.network_id()}]} | fields
        return self.post("/compute/v2.1/servers", {"server": body}, version=version)

    def boot(self, **fields):
        """A server that is ACTIVE, as GET shows it."""
        answer = self.create(**fields)
        assert answer.status == 202, answer.text
        return self.wait_for(answer.body["server"]["id"], "ACTIVE")

    def show(self, server_id, version="2.100", **more):
        return self.get(f"/compute/v2.1/servers/{server_id}", version=version, **more).body["server"]

    def wait_for(self, server_id, status):
        """The server once it has ``status`` and nothing is being done to it."""
        def settled():
            server = self.show(server_id)
            if server["status"] == "ERROR" and status != "ERROR":
                raise AssertionError(f"server went to ERROR: {server.get('fault')}")
            return server if (server["status"], server["OS-EXT-STS:task_state"]) == (status, None) else None
        return until(f"server {server_id} is {status}", settled)

    def act(self, server_id, action, argument=None, **more):
        return self.post(f"/compute/v2.1/servers/{server_id}/action", {action: argument}, **more)

    def delete_server(self, server_id):
        """Delete and wait until it is 404."""
        answer = self.delete(f"/compute/v2.1/servers/{server_id}")
        assert answer.status in (204, 404), answer.text
        self.wait_gone(server_id)

    def wait_gone(self, server_id):
        until(f"server {server_id} is gone",
              lambda: self.get(f"/compute/v2.1/servers/{server_id}").status == 404)

    def _answers(self):
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise AssertionError(f"{name} ended with {process.returncode}:\n{self.output()}")
        try:
            return self._http.get(f"{self.url}/identity/v3", timeout=5).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def _has_host(self):
        services = self.get("/compute/v2.1/os-services?binary=nova-compute", user="admin").body["services"]
        return any(each["state"] == "up" for each in services)


class Single:
    """``nova-lite up``: everything in one process on SQLite and local://.

    :param environment: what all its processes have besides.
    """

    names = ("nova-lite",)

    def __init__(self, driver="fake", options="", environment=None):
        self._driver = driver
        self.options = options
        self.environment = environment or {}

    def prepare(self, cloud):
        with open(os.path.join(cloud.directory, "test.conf"), "w") as file:
            file.write(f"[network]\ndefault_ranges = {','.join(cloud.ranges)}\n"
                       f"external_ranges = {cloud.external_range}\n"
                       f"[DEFAULT]\nconcurrency = {cloud.concurrency}\n{self.options}\n")     # these win

    def command(self, cloud, _name):
        return [sys.executable, "-m", "nova_lite.cmd.nova_lite", "up", "--state-dir", cloud.state_dir,
                "--listen", f"127.0.0.1:{cloud.port}", "--driver", self._driver,
                "--config-file", os.path.join(cloud.directory, "test.conf")]

    def environ(self, _name):
        return {}

    def database(self, cloud):
        """The URL of the cloud's database."""
        return f"sqlite:///{cloud.state_dir}/nova_lite.sqlite"


class Separate:
    """One process a service, over a broker and a database.  :param environment: as for ``Single``."""

    names = ("conductor", "scheduler", "compute", "api", "metadata")

    def __init__(self, database, bus, options="", environment=None):
        self.environment = environment or {}
        self._database = database
        self._bus = bus
        self._metadata = ports_and_ranges.free_port()
        self._is_made = False
        self.options = options

    def prepare(self, cloud):
        with open(self._config(cloud), "w") as file:
            file.write(
                f"[DEFAULT]\nstate_dir = {cloud.state_dir}\nconcurrency = {cloud.concurrency}\n"
                f"transport_url = {self._bus}\n[database]\nconnection = {self._database}\n[compute]\ndriver = fake\n"
                f"[api]\nport = {cloud.port}\n[metadata]\nport = {self._metadata}\n{self.options}")
        if self._is_made:
            return
        for command in (["db", "sync"], ["bootstrap"]):
            done = subprocess.run([sys.executable, "-m", "nova_lite.cmd.manage", "--config-file", self._config(cloud),
                                   *command], cwd=ROOT, capture_output=True, text=True, check=False,
                                  env=cloud.environ())
            assert done.returncode == 0, done.stdout + done.stderr
        self._is_made = True

    def command(self, cloud, name):
        return [sys.executable, "-m", f"nova_lite.cmd.{name}", "--config-file", self._config(cloud)]

    def environ(self, _name):
        return {}

    def database(self, _cloud):
        """The URL of the cloud's database."""
        return self._database

    @staticmethod
    def _config(cloud):
        return os.path.join(cloud.directory, "test.conf")
