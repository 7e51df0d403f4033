"""kill -9 at random, for a bounded time, under a mixed load; then everything must be as it was promised.

    python -m tests.faults.real.chaos --minutes 2 --seed 7 [--driver libvirt]

Processes, the broker and the database are killed, frozen, cut off and started again by a seeded plan, which is printed.
Afterwards all are up, every operation must be final within the bound (invariants.BOUND, and what the same work takes
undisturbed), and the invariants hold.
"""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import os
import random
import signal
import sys
import tempfile
import time

from nova_lite.conf import CONF
from tests import backends
from tests.faults import invariants
from tests.faults.real import clusters
from tests.faults.real.load import Load

AUDIT = 4           # seconds between two looks of the auditor in these clusters

OPTIONS = clusters.OPTIONS + f"""
[DEFAULT]
rpc_response_timeout = 10
[database]
statement_timeout = 4
[audit]
interval = {AUDIT}
repair = false
"""
FAKE = "[fake]\ndelay = 0.2\n"

#: (weight, fault); a process is up again after at most _DOWN seconds.
FAULTS = ((10, "kill"), (2, "freeze"), (2, "cut"), (2, "black_hole"), (2, "lose_commits"), (1, "kill_bus"),
          (1, "kill_database"))
_DOWN = 4.0
_FREEZE = 7.0       # longer than a lease
_HOLE = 8.0


@dataclasses.dataclass
class Report:
    """What a run came to; ``str`` is a line of a table."""

    seed: int
    driver: str
    seconds: float
    faults: collections.Counter
    accepted: int = 0
    operations: dict = dataclasses.field(default_factory=dict)
    recovery: float = 0.0
    longest: float = 0.0
    stuck: list = dataclasses.field(default_factory=list)
    lost: list = dataclasses.field(default_factory=list)
    broken: list = dataclasses.field(default_factory=list)
    drift: list = dataclasses.field(default_factory=list)
    wrong: list = dataclasses.field(default_factory=list)
    failed: list = dataclasses.field(default_factory=list)
    slowest: float = 0.0

    @property
    def good(self):
        return not (self.stuck or self.lost or self.broken or self.drift or self.wrong)

    def __str__(self):
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        total = sum(self.faults.values())
        return (f"seed {self.seed}, {self.driver}, {self.seconds:.0f} s: {total} faults ({faults}); "
                f"{self.accepted} requests accepted, operations {self.operations}; recovered in {self.recovery:.1f} s, "
                f"the longest operation took {self.longest:.1f} s; "
                f"{len(self.stuck)} stuck, {len(self.lost)} lost, {len(self.drift)} drift, "
                f"{len(self.broken)} other violations, {len(self.wrong)} wrong answers; "
                f"slowest answer {self.slowest:.1f} s")

    def problems(self):
        return "\n".join(f"{name}: {each}" for name in ("failed", "stuck", "lost", "broken", "drift", "wrong")
                         for each in getattr(self, name))


class Chaos:
    """Breaks a clusters.Cluster by a plan that its seed makes."""

    def __init__(self, cluster, servers, seed, say=print):
        self._cluster = cluster
        self._servers = servers
        self._random = random.Random(seed)
        self._say = say
        self._due = []                  # (when, what to do): ends of faults
        self._away = set()              # processes that are meant to be down or frozen
        self.counts = collections.Counter()
        self._began = time.monotonic()

    def run(self, seconds):
        end = time.monotonic() + seconds
        pause = time.monotonic() + 1
        while (moment := time.monotonic()) < end:
            self._tend()
            if moment > pause:
                self._break()
                pause = time.monotonic() + self._random.uniform(0.5, 2.5)
            time.sleep(0.1)

    def end(self):
        """All faults end, all processes run; when, by the database's clock."""
        for _, act in self._due:
            act()
        self._due.clear()
        self._away.clear()
        for kind in ("bus", "database"):
            for each in self._cluster.layout.of(kind):
                each.heal()
        self._tend()
        return clusters.now()

    def _tend(self):
        """End the faults that are due, and start what died: the init system's part."""
        moment = time.monotonic()
        for each in [each for each in self._due if each[0] <= moment]:
            self._due.remove(each)
            each[1]()
        for name in self._cluster.names:
            if name not in self._away and not self._cluster.running(name):
                self._cluster.start_process(name)

    def _later(self, seconds, act):
        self._due.append((time.monotonic() + seconds, act))

    def _break(self):
        weights, names = zip(*FAULTS, strict=True)
        fault = self._random.choices(names, weights)[0]
        victim = self._random.choice(self._cluster.names)
        seconds = self._random.uniform(0.1, 1.0)
        if victim in self._away:
            return
        getattr(self, f"_{fault}")(victim, seconds)

    def _note(self, fault, what):
        self.counts[fault] += 1
        self._say(f"  {time.monotonic() - self._began:6.1f} {fault} {what}")

    # ---- the faults; ``part`` is 0 to 1 of the longest time

    def _kill(self, victim, part):
        self._note("kill", f"{victim} for {part * _DOWN:.1f} s")
        self._cluster.kill(victim)
        self._away.add(victim)
        self._later(part * _DOWN, lambda: self._away.discard(victim))

    def _freeze(self, victim, part):
        self._note("freeze", f"{victim} for {part * _FREEZE:.1f} s")
        self._cluster.freeze(victim)
        self._away.add(victim)

        def thaw():
            self._cluster.thaw(victim)
            self._away.discard(victim)
        self._later(part * _FREEZE, thaw)

    def _proxy(self, victim):
        return self._random.choice(list(self._cluster.layout.proxies[victim].values()))

    def _cut(self, victim, _part):
        self._note("cut", f"the connections of {victim}")
        self._proxy(victim).cut()

    def _black_hole(self, victim, part):
        self._note("black hole", f"before {victim} for {part * _HOLE:.1f} s")
        proxy = self._proxy(victim)
        proxy.black_hole()
        self._later(part * _HOLE, proxy.heal)

    def _lose_commits(self, _victim, part):
        proxy = self._random.choice(self._cluster.layout.of("database"))
        self._note("commits lost", "five")
        proxy.lose_commits(first=1, every=2, count=5, reached=part > 0.5)

    def _kill_bus(self, _victim, part):
        self._crash("bus", part)

    def _kill_database(self, _victim, part):
        self._crash("database", part)

    def _crash(self, kind, part):
        server = self._servers[kind].server
        self._note(f"kill the {kind}", f"for {part * _DOWN:.1f} s")
        server.crash()
        time.sleep(part * _DOWN)
        server.start()


# ---- a whole run

def run(servers, directory, seed, seconds, *, driver="fake", say=print, daemon=None, image=None):
    """Start a cluster, break it for ``seconds``, and check it: a Report.

    :param servers: {"bus": Url, "database": Url}.  :param daemon, image: libvirtd, and the guest image's path.
    """
    CONF([], project="nova_lite", default_config_files=[])      # the checker asks it for limits
    servers = {"bus": backends.virtual_host(servers["bus"]), "database": backends.own_database(servers["database"])}
    cluster = _cluster(servers, directory, driver, daemon)
    try:
        cluster.start()
        wanted = {"clients": 4}
        if driver != "fake":
            wanted = {"clients": 2, "most": 2, "pause": 0.6, "flavor": _small_flavor(cluster),
                      "image": cluster.register(image)}
        cluster.measure(**{key: wanted[name] for key, name in (
            ("most", "most"), ("flavorRef", "flavor"), ("imageRef", "image")) if name in wanted})
        say(f"what was accepted has {cluster.bound:.1f} s to end, of which this machine needs "
            f"{cluster.bound - invariants.BOUND:.1f} s when all is well")
        return _checked(cluster, servers, seed, seconds, driver, say, wanted)
    finally:
        cluster.close()


def _cluster(servers, directory, driver, daemon):
    if driver == "fake":
        return clusters.Cluster(clusters.Layout(servers, hosts=("host1", "host2", "host3"),
                                                options=OPTIONS + FAKE), directory)
    from tests.faults.real.real_host import RealCluster
    return RealCluster(clusters.Layout(servers, hosts=("host1",), options=OPTIONS, driver=f"libvirt\n[libvirt]\n"
                                 f"connection_uri = {daemon.uri}"), directory, daemon)


def _small_flavor(cluster):
    """64 MiB suffice for a guest that only greets."""
    body = {"flavor": {"name": "tiny", "id": "tiny", "vcpus": 1, "ram": 64, "disk": 1}}
    assert cluster.post("/compute/v2.1/flavors", body, user="admin").status == 200
    return "tiny"


def _checked(cluster, servers, seed, seconds, driver, say, wanted):
    chaos = Chaos(cluster, servers, seed, say)
    say(f"chaos with seed {seed} for {seconds:.0f} s")
    with Load(cluster, seed, **wanted) as load:
        chaos.run(seconds)
        whole = chaos.end()
        time.sleep(1)
    report = Report(seed, driver, seconds, chaos.counts, accepted=load.accepted, wrong=load.wrong, slowest=load.slowest)
    _wait(cluster, chaos, report, whole)
    cluster.promises = load.promises
    _settle(cluster, chaos, report)
    found = invariants.check(cluster.view(whole=whole))
    report.lost = [str(each) for each in found if each.invariant == "promises"]
    report.broken = [str(each) for each in found if each.invariant != "promises"]
    report.longest = max((each.seconds for each in cluster.query(
        "SELECT extract(epoch FROM finished_at - created_at) AS seconds FROM operations "
        "WHERE finished_at IS NOT NULL")), default=0)
    report.operations = {row.state: row.count for row in cluster.query(
        "SELECT state, count(*) AS count FROM operations GROUP BY state")}
    report.failed = [f"{row.name} of server {row.resource_id}: {row.error}" for row in cluster.query(
        "SELECT name, resource_id, error FROM operations WHERE state = 'failed'")]
    say(str(report))
    if report.failed or not report.good:
        say(report.problems())
    return report


def _wait(cluster, chaos, report, whole):
    """Until all operations are final, tending the processes; what is still open then is stuck."""
    end = time.monotonic() + cluster.bound + 15
    while (waiting := cluster.open_operations()) and time.monotonic() < end:
        chaos._tend()
        time.sleep(0.2)
    report.stuck = [str(each) for each in waiting]
    last, = cluster.query("SELECT max(finished_at) AS at FROM operations")
    if last.at is not None:
        report.recovery = max(0.0, (last.at - whole).total_seconds())


def _settle(cluster, chaos, report):
    """What the auditor says once every part was looked at twice since the end."""
    since = clusters.now()
    parts = {"(database)", *cluster.layout.hosts}

    def unseen():
        chaos._tend()
        return parts - {row.part for row in cluster.query(
            "SELECT part FROM audit_looks WHERE looked_at > :at",
            at=since + datetime.timedelta(seconds=AUDIT * 1.5))}
    with contextlib.suppress(AssertionError):
        clusters.clouds.until("the auditor looked", lambda: not unseen(), cluster.bound + 10)
    if left := unseen():
        looks = {row.part: row for row in cluster.query("SELECT * FROM audit_looks")}
        report.drift += [f"the auditor did not look at {part} since {since}: {looks.get(part)}" for part in left]
        report.drift.append(cluster.output())
    report.drift += [f"{row.part} {row.kind} {row.subject}: {row.detail}" for row in cluster.query(
        "SELECT part, kind, subject, detail FROM drifts WHERE state = 'open' AND last_seen_at > :at", at=since)]


def check(servers, directory, seconds, **more):
    """Run it with the seed and for the time that the environment says; without, the usual seed and ``seconds``."""
    minutes = os.environ.get("NOVA_LITE_CHAOS_MINUTES")
    seed = int(os.environ.get("NOVA_LITE_CHAOS_SEED", "20261"))
    report = run(servers, directory, seed, float(minutes) * 60 if minutes else seconds, **more)
    assert report.good, f"{report}\n{report.problems()}"
    assert report.faults.total() >= report.seconds / 10, "hardly anything was broken"
    assert report.accepted > report.seconds / 4, "hardly anything was asked for"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--driver", choices=["fake", "libvirt"], default="fake")
    parser.add_argument("--keep", help="where logs are kept; unset, they are removed")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        if arguments.keep:
            os.makedirs(arguments.keep)     # a new one: an earlier run's hosts would remember their guests
        directory = arguments.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", dir="/var/tmp"))
        os.chmod(directory, 0o755)
        servers = {"bus": stack.enter_context(backends.rabbitmq(directory)),
                   "database": stack.enter_context(backends.postgresql(directory))}
        more = {}
        if arguments.driver == "libvirt":
            from tests.faults.real import real_host
            more = stack.enter_context(real_host.prepared())
        report = run(servers, directory, arguments.seed, arguments.minutes * 60, driver=arguments.driver, **more)
    sys.exit(0 if report.good else 1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # so that everything is cleaned up
    main()
