"""Clouds to measure: ``nova-lite up`` in a process of its own, on a temporary state directory."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

from bench import client, measure

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLAVOR = "42"       # m1.nano
OPTIONS = """[DEFAULT]
use_journal = false
[operations]
report_interval = 10
[fake]
vcpus = 4096
memory_mb = 4194304
"""


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cloud:
    """:ivar pid: of the one process.  :ivar ready_s: seconds from exec to ready of its last start.
    :ivar runner: a module, and its arguments, that runs the cloud's own.

    :param options: more lines for its configuration file.
    """

    runner = ()

    def __init__(self, directory, driver="fake", options=""):
        self.state_dir = os.path.join(directory, "state")
        self.url = f"http://127.0.0.1:{free_port()}"
        self._config = os.path.join(directory, "bench.conf")
        self._output = os.path.join(directory, "output")
        self._driver = driver
        self._process = None
        self.ready_s = None
        self._began = None
        self.configure(options)

    def configure(self, options):
        """Write its configuration file, for the next start."""
        with open(self._config, "w") as file:
            file.write(OPTIONS + options)

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Start it and wait for the line that says it is ready."""
        self.launch()
        return self.wait_ready()

    def launch(self):
        """Start it."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPATH"] = ROOT
        self._began = time.perf_counter()
        with open(self._output, "ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self.runner, "nova_lite.cmd.nova_lite", "up", "--state-dir", self.state_dir,
                 "--listen", self.url.removeprefix("http://"), "--driver", self._driver, "--config-file", self._config],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)

    def wait_ready(self):
        for line in self._process.stdout:
            if "is ready at" in line:
                self.ready_s = time.perf_counter() - self._began
                return self
        raise RuntimeError(f"the cloud did not start:\n{self.output()}")

    def output(self):
        with open(self._output, errors="replace") as file:
            return file.read()[-4000:]

    def stop(self):
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None

    def kill(self):
        """kill -9"""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._process = None

    def api(self, user="demo"):
        with open(os.path.join(self.state_dir, "keys", "passwords.json")) as file:
            return client.Api(self.url, user, json.load(file)[user], user)


class Tenant:
    """Creates and deletes servers in project demo, whose quotas it lifts.

    :param limits: {resource: limit} of its quotas; None lifts them, and then nothing is counted.
    """

    def __init__(self, cloud, limits=None):
        self.api = cloud.api()
        self.image = self.api.get("/image/v2/images")["images"][0]["id"]
        cloud.api("admin").raw("PUT", f"/network/v2.0/quotas/{self.api.project_id}", {"quota": {"port": -1}})
        self.network = self.api.get("/network/v2.0/networks?name=private")["networks"][0]["id"]
        cloud.api("admin").raw("PUT", f"/compute/v2.1/os-quota-sets/{self.api.project_id}",
                               {"quota_set": limits or {"instances": -1, "cores": -1, "ram": -1}})

    def create(self, name, count=None):
        """POST /servers; the new server's id (of several: the first's)."""
        server = {"name": name, "flavorRef": FLAVOR, "imageRef": self.image, "networks": [{"uuid": self.network}]}
        if count:
            server |= {"min_count": count, "max_count": count}
        return json.loads(self.api.raw("POST", "/compute/v2.1/servers", {"server": server}))["server"]["id"]

    def wait_built(self, seconds=300.0, pause=0.5):
        """Return when no server is in BUILD.  :raises RuntimeError: one ended in ERROR."""
        measure.until("servers are built", lambda: not self.api.servers("status=BUILD&limit=1"), seconds, pause)
        broken = self.api.servers("status=ERROR&limit=1")
        if broken:
            server = self.api.get(f"/compute/v2.1/servers/{broken[0]['id']}")["server"]
            raise RuntimeError(f"a server ended in ERROR: {server.get('fault')}")

    def fill(self, total):
        """Create servers until there are ``total``."""
        missing = total - len(self.api.servers())
        while missing > 0:
            self.create("fill", min(missing, 100))
            missing -= 100
            self.wait_built()

    def delete(self, server_id):
        self.api.raw("DELETE", f"/compute/v2.1/servers/{server_id}")

    def delete_all(self, seconds=300.0):
        """Delete every server, eight at a time, and wait until none is left."""
        ids = [each["id"] for each in self.api.servers()]
        spent = measure.parallel(ids, self.delete)
        measure.until("servers are gone", lambda: not self.api.servers("limit=1"), seconds)
        return spent
