"""A machine cluster of real processes: two conductors, a scheduler, computes and the API, over a broker and a database.

Each process reaches broker and database through proxies of its own, so that each can be cut off alone.  What the
cluster looks like to the invariants checker is said here too.
"""

import contextlib
import datetime
import os
import re
import signal
import subprocess
import sys
import time

import amqp
import sqlalchemy as sa

from tests import clouds
from tests.faults import invariants
from tests.faults.real.proxy import Proxy

#: Short times, so that a test sees in seconds what an operator would in minutes.
OPTIONS = """
[operations]
lease = 5
notify_again = 2
report_interval = 2
service_down_time = 20
"""


class Layout:
    """A clouds.Cloud of one process a service and host.

    :param driver: of the hosts, with what else its options need.  :param environ: {process name: {variable: value}}.
    :param servers: {"bus": Url, "database": Url} of the real servers.
    :param hosts: names of the computes.  :param more: {process name: text of options of it alone}.
    """

    def __init__(self, servers, *, hosts=("host1", "host2"), conductors=2, options=OPTIONS, driver="fake", more=None,
                 environ=None):
        self.hosts = tuple(hosts)
        self.conductors = [f"conductor{number}" for number in range(1, conductors + 1)]
        self.names = (*self.conductors, "scheduler", *self.hosts, "api")
        self.proxies = {name: {} for name in self.names}       # process -> {"bus": Proxy, "database": Proxy}
        self.bus = servers["bus"]
        self._servers = servers
        self._options = options
        self._driver = driver
        self._more = more or {}
        self._stack = contextlib.ExitStack()
        self._environ = environ or {}
        self.environment = {}

    def prepare(self, cloud):
        if self.proxies["api"]:
            return
        for name in self.names:
            kinds = ("bus",) if name in self.hosts else ("bus", "database")
            for kind in kinds:
                self.proxies[name][kind] = self._stack.enter_context(Proxy(port_of(self._servers[kind])))
            with open(config_of(cloud, name), "w") as file:
                file.write(self._text(cloud, name))
        with open(config_of(cloud, "test"), "w") as file:       # for those who administer
            file.write(f"[DEFAULT]\nstate_dir = {cloud.state_dir}\ntransport_url = {self._servers['bus']}\n"
                       f"[database]\nconnection = {self._servers['database']}\n[compute]\ndriver = fake\n"
                       f"[network]\ndefault_ranges = {','.join(cloud.ranges)}\n"
                       f"external_ranges = {cloud.external_range}\n")
        for command in (["db", "sync"], ["bootstrap"]):
            done = subprocess.run([sys.executable, "-m", "nova_lite.cmd.manage", "--config-file",
                                   config_of(cloud, "test"), *command], cwd=clouds.ROOT, capture_output=True, text=True,
                                  check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})
            assert done.returncode == 0, done.stdout + done.stderr

    def _text(self, cloud, name):
        state_dir = host_dir(cloud, name) if name in self.hosts else cloud.state_dir
        os.makedirs(state_dir, exist_ok=True)
        database = "" if name in self.hosts else f"[database]\nconnection = {self._through(name, 'database')}\n"
        return (f"[DEFAULT]\nhost = {name}\nstate_dir = {state_dir}\nconcurrency = {cloud.concurrency}\n"
                f"transport_url = {self._through(name, 'bus')}\n{database}[compute]\ndriver = {self._driver}\n"
                f"[api]\nport = {cloud.port}\nworkers = 1\n{self._options}{self._more.get(name, '')}")

    def _through(self, name, kind):
        url = str(self._servers[kind])
        return url.replace(f":{port_of(url)}/", f":{self.proxies[name][kind].port}/")

    def command(self, cloud, name):
        program = "compute" if name in self.hosts else name.rstrip("0123456789")
        return [sys.executable, "-m", f"nova_lite.cmd.{program}", "--config-file", config_of(cloud, name)]

    def environ(self, name):
        return self._environ.get(name, {})

    def of(self, kind, *names):
        """The proxies of kind "bus" or "database" of these processes (none named: of all)."""
        return [self.proxies[name][kind] for name in names or self.names if kind in self.proxies[name]]

    def close(self):
        self._stack.close()


def config_of(cloud, name):
    return os.path.join(cloud.directory, f"{name}.conf")


def host_dir(cloud, host):
    return os.path.join(cloud.directory, host)


def port_of(url):
    return int(re.search(r":(\d+)/", str(url)).group(1))


def amqp_connection(url):
    """A bare connection to a broker's virtual host, for what our own client would never do."""
    return amqp.Connection(f"127.0.0.1:{port_of(url)}", userid="guest", password="guest",
                           virtual_host=str(url).rpartition("/")[2])


#: How many servers at once the baseline of a cluster is measured with: those that a Load has most of the time.
BASELINE = 4


class Cluster(clouds.Cloud):
    """A Cloud of a Layout, with what fault tests do to it and ask of it.

    :ivar bound: seconds within which all that was accepted must have ended, when all is well again.
    """

    def __init__(self, layout, directory, concurrency="eventlet"):
        super().__init__(layout, directory, concurrency)
        self.layout = layout
        self.engine = sa.create_engine(layout._servers["database"])
        self.promises = []
        self.bound = invariants.BOUND

    def measure(self, most=BASELINE, **more):
        """Add to the promised bound what the same work takes on this machine while nothing is broken.

        :param most: how many servers at once.  :param more: of each; see ``create``.
        """
        began = time.monotonic()
        asked = [self.create(name=f"baseline-{number}", **more) for number in range(most)]
        for each in asked:
            self.wait_for(each.body["server"]["id"], "ACTIVE")
        self.bound = invariants.BOUND + time.monotonic() - began
        self.clear()
        return self

    def _has_host(self):
        services = self.get("/compute/v2.1/os-services?binary=nova-compute", user="admin").body["services"]
        return {each["host"] for each in services if each["state"] == "up"} >= set(self.layout.hosts)

    def signal(self, name, number):
        os.killpg(self._processes[name].pid, number)

    def pid(self, name):
        return self._processes[name].pid

    def freeze(self, name):
        self.signal(name, signal.SIGSTOP)

    def thaw(self, name):
        self.signal(name, signal.SIGCONT)

    def close(self):
        """Stop everything, whatever state it is in."""
        try:
            for each in self._processes:
                with contextlib.suppress(ProcessLookupError):
                    self.thaw(each)
            for each in self.layout.of("bus") + self.layout.of("database"):
                each.heal()
            self.stop()
        finally:
            self.kill_all()
            self.layout.close()
            self.engine.dispose()

    def kill_all(self):
        for name, process in self._processes.items():
            if process.poll() is None:
                self.kill(name)

    def query(self, text, **values):
        with self.engine.connect() as connection:
            return connection.execute(sa.text(text), values).all()

    def write(self, text, **values):
        with self.engine.begin() as connection:
            connection.execute(sa.text(text), values)

    def host_of(self, server_id):
        return self.query("SELECT host FROM servers WHERE id = :id", id=server_id)[0].host

    def clear(self):
        """Delete every server, all at once, for the next test."""
        servers = [each["id"] for each in self.get("/compute/v2.1/servers").body["servers"]]
        for each in servers:
            answer = self.delete(f"/compute/v2.1/servers/{each}")
            assert answer.status in (204, 404), answer.text
        for each in servers:
            self.wait_gone(each)

    def open_operations(self):
        return self.query("SELECT id, name, state, place, step, worker FROM operations WHERE finished_at IS NULL")

    def wait_final(self):
        """Wait longer than the bound, for ``check`` says which operations exceed it."""
        clouds.until("every operation is final", lambda: not self.open_operations(), self.bound + 15)

    # ---- what the checker sees

    def view(self, **more):
        hosts = {name: self._host(name) for name in self.layout.hosts}
        return invariants.View(**{"engine": self.engine, "hosts": hosts, "promises": self.promises, "logs": self.logs(),
                                  "bound": self.bound} | more)

    def _host(self, name):
        """The guests that a fake driver remembers.  Its network has no effects, so what is due is what is there."""
        from nova_lite.virt.fake.guests import Guests
        powers = Guests(host_dir(self, name), lambda *_: None).powers()
        due = self.query("SELECT ports.id, ports.server_id FROM ports JOIN port_bindings ON port_id = ports.id "
                         "WHERE host = :host AND state = 'ACTIVE' AND ports.server_id IS NOT NULL", host=name)
        return invariants.Host(guests=powers, ports={row.id: row.server_id for row in due})

    def logs(self):
        texts = {}
        for name in os.listdir(self.directory):
            if name.endswith(".out"):
                with open(os.path.join(self.directory, name), errors="replace") as file:
                    texts[name] = file.read()
        return texts

    def check(self, **more):
        """Fail with every broken invariant."""
        found = invariants.check(self.view(**more))
        assert not found, "\n".join(map(str, found))


def now():
    """This moment as the tables keep it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
