"""How long 1,000 operations take to end that a kill -9 of every process interrupted, at all their steps.

The cloud runs with the driver fake.  Failpoints hold operations where they are (before and after the effect of each
step, queued at the gate of builds, or waiting for a step's place), then every process is killed, and started anew
without failpoints.  The clock runs from the start of the processes until no operation is open.
"""

import collections
import contextlib
import json
import os
import pathlib
import socket
import tempfile
import time

import sqlalchemy as sa

from bench import client, measure, processes
from bench.cloud import OPTIONS, Cloud, Tenant

_SERVERS = "/compute/v2.1/servers"
#: How many operations of each kind, and where those that a host took up are held.  Builds are few at a time.
_KINDS = {"build_server": 400, "stop_server": 300, "delete_server": 300}
_HELD = {
    "build_server": ("network.before_effect", "network.after_effect", "spawn.before_effect", "spawn.after_effect"),
    "stop_server": ("stop.before_effect", "stop.after_effect"),
    "delete_server": ("destroy.before_effect", "destroy.after_effect", "unplug.before_effect", "unplug.after_effect"),
}
_FAILPOINTS = "[failpoints]\nenabled = true\n"


def run(report, separate=False, quick=False):
    """Measure on ``nova-lite up``, or on separate processes over RabbitMQ and PostgreSQL.

    :param report: called with (figure's name, its values as a dict).
    """
    kinds = {name: count // 10 if quick else count for name, count in _KINDS.items()}
    with tempfile.TemporaryDirectory(prefix="nova-lite-bench-") as home, (_separate if separate else _single)(home) \
            as cloud:
        Run(cloud, kinds, report, "recovery_separate" if separate else "recovery").run()


class Run:
    def __init__(self, cloud, kinds, report, figure):
        self._cloud = cloud
        self._kinds = kinds
        self._report = report
        self._figure = figure

    def run(self):
        self._cloud.configure(_FAILPOINTS)
        self._cloud.start()
        tenant = Tenant(self._cloud)
        tenant.fill(self._kinds["stop_server"] + self._kinds["delete_server"])
        ids = [each["id"] for each in tenant.api.servers()]
        self._arm()
        self._interrupt(tenant, ids)
        where = self._where()
        self._cloud.kill()
        self._cloud.configure("")
        self._measure(where)
        self._check(ids)

    def _arm(self):
        """Divide each kind evenly among the points at which it is held; builds pass a gate, so a few suffice."""
        orders = []
        for name, points in _HELD.items():
            share = 3 if name == "build_server" else -(-self._kinds[name] // len(points))
            orders += [f"{name}.{point}={share}*delay:3600" for point in points]
        sockets = [os.path.join(self._cloud.state_dir, "run", each)
                   for each in os.listdir(os.path.join(self._cloud.state_dir, "run")) if each.startswith("failpoints-")]
        for path in sockets:
            with contextlib.suppress(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as line:
                line.connect(path)
                line.sendall(";".join(orders).encode() + b"\n")
                answer = json.loads(line.makefile().readline())
                if "error" in answer:
                    raise RuntimeError(answer["error"])

    def _interrupt(self, tenant, ids):
        stopping, deleting = ids[:self._kinds["stop_server"]], ids[self._kinds["stop_server"]:]
        measure.parallel(stopping, lambda each: tenant.api.raw("POST", f"{_SERVERS}/{each}/action", {"os-stop": None}))
        measure.parallel(deleting, tenant.delete)
        for number in range(self._kinds["build_server"] // 10):
            tenant.create(f"new{number}", 10)
        before = None
        while before != (before := self._where()):      # until nothing moves any more
            time.sleep(2)

    def _where(self):
        """{"stop_server.stop": number of open operations there}; what has no step yet is queued."""
        with self._cloud.database() as connection:
            rows = connection.execute(sa.text("SELECT name, step, place FROM operations WHERE finished_at IS NULL"))
            return collections.Counter(f"{name}.{step or 'queued'}" for name, step, _ in rows)

    def _measure(self, where):
        missing = sum(self._kinds.values()) - sum(where.values())
        began = time.perf_counter()
        self._cloud.launch()
        with self._cloud.database() as connection:
            query = sa.text("SELECT count(*) FROM operations WHERE finished_at IS NULL")
            measure.until("all operations end", lambda: _fresh(connection, query) == 0, 300, 0.1)
        spent, cpu = time.perf_counter() - began, self._cloud.cpu_ms()
        total = sum(where.values())
        steps = ", ".join(f"{name} {count}" for name, count in sorted(where.items()))
        self._report(self._figure, {"value": round(spent, 2), "n": total, "cpu_ms": round(cpu / total, 2),
                                    "note": f"held: {steps}" + (f"; {missing} ended before" if missing else "")})

    def _check(self, ids):
        """Every server is what was asked of it.  :raises RuntimeError: one is not."""
        self._cloud.wait_ready()
        api = self._cloud.api()
        found = collections.Counter(each["status"] for each in api.get(f"{_SERVERS}/detail?limit=1000")["servers"])
        wanted = {"ACTIVE": self._kinds["build_server"], "SHUTOFF": self._kinds["stop_server"]}
        if found != wanted:
            raise RuntimeError(f"after recovery there are {dict(found)} servers instead of {wanted}")


def _fresh(connection, query):
    connection.rollback()           # a new view
    return connection.execute(query).scalar()


@contextlib.contextmanager
def _connected(url):
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


# ---- the clouds

class _Single(Cloud):
    def database(self):
        return _connected(f"sqlite:///{self.state_dir}/nova_lite.sqlite")

    def cpu_ms(self):
        return processes.cpu_ms(self.pid)


@contextlib.contextmanager
def _single(home):
    cloud = _Single(home)
    try:
        yield cloud
    finally:
        cloud.stop()


@contextlib.contextmanager
def _separate(home):
    from tests import backends
    place = pathlib.Path(home)
    for name in ("database", "broker", "cloud"):
        (place / name).mkdir()
    with backends.postgresql(place / "database") as database, backends.rabbitmq(place / "broker") as bus:
        cloud = _Separate(place / "cloud", database, bus)
        try:
            yield cloud
        finally:
            cloud.stop()


class _Separate:
    """The tests' cloud of separate processes, in the words of this benchmark."""

    def __init__(self, place, database, bus):
        from tests import clouds
        self._url = database
        self._layout = clouds.Separate(database, bus)
        self._cloud = clouds.Cloud(self._layout, place)
        self.url, self.state_dir = self._cloud.url, self._cloud.state_dir

    def configure(self, options):
        self._layout.options = "\n" + OPTIONS + options
        self._layout.prepare(self._cloud)

    def launch(self):
        for name in self._layout.names:
            self._cloud.start_process(name)

    def wait_ready(self):
        self._cloud.wait_ready()

    def start(self):
        self.launch()
        self.wait_ready()

    def kill(self):
        self._cloud.kill()

    def stop(self):
        self._cloud.stop()

    def database(self):
        return _connected(self._url)

    def cpu_ms(self):
        return sum(processes.cpu_ms(pid) for pid in self._cloud.pids)

    def api(self, user="demo"):
        return client.Api(self.url, user, self._cloud.passwords()[user], user)
