"""One simulated cloud: real API, conductor, scheduler and two compute hosts, to be asked, broken and looked at."""

import contextlib
import dataclasses
import datetime
import os
import shutil
import types

import orjson
import sqlalchemy as sa
import webob

from nova_lite import db
from nova_lite.cmd import bootstrap, services
from nova_lite.cmd.facades import Facades
from nova_lite.common import failpoints
from nova_lite.conf import CONF
from nova_lite.db import cloud, migrate
from nova_lite.db.base import new_id
from nova_lite.db.models import Base
from nova_lite.image.api import API as Image
from nova_lite.network.api import API as Network
from tests.faults import hosts, invariants
from tests.faults.bus import Bus
from tests.faults.lab import lab
from tests.faults.simulation import EPOCH, Killed, Life, Simulation

HOSTS = ("h1", "h2")
CONTROL = ("conductor", "scheduler", "api")
#: Seconds after which a process that could not start is started again, as an init system does.
_RESTART = 1.0
#: Seconds that a settled cloud is watched on: nothing may happen any more.
_QUIET = 2.0


_RESTLESS = {"cloud", "services", "compute_nodes", "drifts", "audit_looks", "audit_counters", "quota_locks"}
_RESTLESS_COLUMNS = {"identity_login_attempts.forgotten", "identity_login_attempts.succeeded",
                     "identity_login_attempts.expires", "identity_revocations.expires", "operations.args",
                     "idempotency_keys.answer", "console_tokens.digest"}


def _restless(column):
    return isinstance(column.type, sa.DateTime) or str(column) in _RESTLESS_COLUMNS


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A cloud at rest.  :ivar facts: what tests know of it: ids, tokens."""

    database: str
    shelves: dict
    clock: float
    facts: dict
    images: dict                        # {path in the image store: bytes}
    remote: object = None               # of a RemoteWorld: what its network service knows


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens at the ``nth`` hit of ``point``; ``after`` are seconds, whose meaning is the kind's.

    :ivar transaction: the number of the transaction of that hit, counted from ``arm`` on: where freezing begins.
    """

    kind: str
    point: str
    after: float = 0.0
    nth: int = 1
    transaction: int = 0

    def __str__(self):
        seconds = f"-{self.after:g}s" if self.after else ""
        return f"{self.kind}{seconds}@{self.point}{f'#{self.nth}' if self.nth > 1 else ''}"


class World:
    """:ivar facts: a namespace of ids.  :ivar hits: {point: how often}.  :ivar trace: [(point, transaction, process)].
    """

    def __init__(self, seed, snapshot=None):
        self.simulation = Simulation(seed, snapshot.clock if snapshot else 0.0)
        self.bus = Bus(self.simulation)
        copies = {name: shelf.copy() for name, shelf in snapshot.shelves.items()} if snapshot else {}
        self.shelves = {name: copies.get(name) or hosts.Shelf() for name in HOSTS}
        self.facts = types.SimpleNamespace(**snapshot.facts) if snapshot else types.SimpleNamespace()
        self.promises, self.secrets, self.touched = [], {}, set()
        self.breaks_at = None           # a point that raises once: how a scenario fails
        self.answers = []               # (what was asked, status, body)
        self.hits, self.trace, self.fired = {}, [], []
        self.answered_at = 0            # how long the trace was then
        self.lives = {}
        self._snapshot = snapshot
        self._faults, self._freezes = {}, {}
        self._opened = 0
        self._away = 0                  # processes that will be started again
        self._stopping = []             # lives that were asked to stop
        self._whole = self._trouble = self.simulation.clock

    # ---- life

    def configure(self, patch):
        """What this world's configuration says besides."""

    @contextlib.contextmanager
    def running(self):
        """The cloud runs inside, all at rest at first."""
        with lab().under(self):
            lab().use(self._snapshot and self._snapshot.database)
            for name in HOSTS:
                shutil.rmtree(_host_folder(name), ignore_errors=True)
            _lay_images(self._snapshot.images if self._snapshot is not None else {})
            try:
                if self._snapshot is None:
                    self._bootstrap()
                for name in (*CONTROL, *HOSTS):
                    self.boot(name)
                self.simulation.run(60, until=self.all_here)
                assert self.all_here(), self.story()
                self.simulation.run(0.5)
                yield self
            finally:
                failpoints.watch(None)
                self.simulation.end()

    def _bootstrap(self):
        migrate.sync()
        facades = Facades()
        with db.writer() as session:
            cloud.create(session, new_id())
        bootstrap.run(facades)
        facts = self.facts
        for name in ("admin", "demo"):
            [user] = facades.identity.users.list({"name": name})
            [project] = facades.identity.projects.list({"name": name})
            roles = ("admin", "member", "reader") if name == "admin" else ("member", "reader")
            token = facades.identity.issue(user.id, name, project_id=project.id, roles=roles, ttl=10 ** 6)
            vars(facts).update({name: token, f"{name}_user": user.id, f"{name}_project": project.id})
        facts.nova = facades.identity.issue("nova", project_id=facts.admin_project, roles=("service",), ttl=10 ** 6)

    def boot(self, name):
        """Start one process."""
        is_host = name in HOSTS
        folder = _host_folder(name) if is_host else lab().state
        life = self.lives[name] = Life(name, name if is_host else "control", folder)
        self.simulation.begin(life, self._start)

    def _start(self, life):
        try:
            getattr(self, f"_start_{'host' if life.name in HOSTS else life.name}")(life)
        except Exception as error:
            self.simulation.note(f"{life.name} does not start: {error!r}")
            self.kill(life, _RESTART)
            raise Killed from error

    def _start_host(self, life):
        life.service = services.Compute(hosts.Driver(self.shelves[life.host], life, CONF))
        life.service.start()

    def _start_conductor(self, life):
        life.service = services.Conductor(Facades())
        life.service.start()

    def _start_scheduler(self, life):
        life.service = services.Scheduler()
        life.service.start()

    def _start_api(self, life):
        from nova_lite.api.wsgi import app
        facades = Facades()
        facades.image.recover()
        life.app = app.build(facades)
        life.service = services.Web(life.app, [], facades.image)
        life.service.start()

    def all_here(self):
        """Whether every process runs."""
        return not self._away and all(life.alive and not life.frozen and life.starting.done
                                      and life not in self._stopping for life in self.lives.values())

    def kill(self, life, after):
        """kill -9, and a start after so many seconds."""
        self._away += 1
        self.simulation.kill(life)
        self.simulation.at(after, self._again, life.name)

    def _again(self, name):
        self._away -= 1
        self.boot(name)

    # ---- asking

    def ask(self, method, path, body=None, **more):
        """The webob Response; None when the API died over it.  ``more`` as ``begin_to_ask``."""
        task = self.begin_to_ask(method, path, body, **more)
        self.simulation.run(120, until=lambda: task is None or task.done or not task.life.alive)
        return task and task.result

    def begin_to_ask(self, method, path, body=None, *, user="demo", headers=None, operation=None):
        """Send a request and go on; its Task, or None when nobody listens.

        :param body: JSON, or bytes.  :param operation: name of the operation that a 2xx promises; "-": the caller
            says what it promises.
        """
        life = self.lives["api"]
        if not life.alive or not life.starting.done:
            self.simulation.note(f"{method} {path}: nobody listens")
            return None
        request = webob.Request.blank(path, method=method, headers={
            "X-Auth-Token": getattr(self.facts, user), "OpenStack-API-Version": "compute 2.90", **(headers or {})})
        if isinstance(body, bytes):
            request.body, request.content_type = body, (headers or {}).get("Content-Type", "application/octet-stream")
        elif body is not None:
            request.body = orjson.dumps(body)
            request.content_type = (headers or {}).get("Content-Type", "application/json")
        return self.simulation.spawn(self._serve, life, request, operation, life=life)

    def _serve(self, life, request, operation):
        response = request.get_response(life.app)
        text = response.body
        life.check()
        said = f"{request.method} {request.path}"
        self.simulation.note(f"{said}: {response.status} {text[:300]!r}")
        self.answers.append((said, response.status_int, text))
        self.answered_at = len(self.trace)
        if response.status_int < 300:
            self._promised(request, response, operation)
        return response

    def upload(self, image, path, _cancelled):
        """What a host sends to the image service; the status of the answer.  :raises OSError: there is none."""
        with open(path, "rb") as file:
            return self._answered(self.begin_to_ask("PUT", f"/image/v2/images/{image.id}/file", file.read(),
                                                    headers={"X-Auth-Token": image.token})).status_int

    def is_active(self, image):
        """What a host asks about an image."""
        answer = self._answered(self.begin_to_ask("GET", f"/image/v2/images/{image.id}",
                                                  headers={"X-Auth-Token": image.token}))
        return answer.status_int == 200 and answer.json["status"] == "active"

    def _answered(self, task):
        while task is not None and not task.done and task.life.alive:
            self.simulation.sleep(0.05)
        if task is None or task.result is None:
            raise ConnectionResetError("the API is away")
        return task.result

    def _promised(self, request, response, operation):
        parts = request.path.split("/")
        request_id = response.headers.get("x-compute-request-id")
        if request.path.startswith("/compute/v2.1/servers"):
            if request.method == "POST" and parts[-1] == "servers":
                server_id = response.json["server"]["id"]
                self.facts.server = server_id
                self.promises.append(invariants.accepted("build_server", server_id, request_id))
                if "adminPass" in response.json["server"]:
                    self.secrets[f"the password of {server_id}"] = response.json["server"]["adminPass"]
            elif request.method == "DELETE" and len(parts) == 5 and operation is None:
                self.promises.append(invariants.deleted(parts[4]))
            elif operation not in (None, "-"):
                self.promises.append(invariants.accepted(operation, parts[4], request_id))

    def query(self, statement, *values):
        """Rows of the database, by SQL."""
        return lab().connect().execute(statement, values).fetchall()

    # ---- faults

    def arm(self, *faults):
        """From now on points are counted, and these faults happen."""
        self.hits, self.trace, self._opened = {}, [], 0
        self._faults, self._freezes = {}, {}
        for fault in faults:
            if fault.kind == "freeze" and fault.point.endswith(".before_commit"):
                self._freezes[fault.transaction] = fault
            else:
                self._faults[fault.point, fault.nth] = fault
        failpoints.watch(self._at_point)

    def opening(self):
        """A transaction begins: one that is to be frozen before its commit is frozen here, for what it holds no
        other database than this one would hold up."""
        life = self.simulation.life
        life.check()
        if life is self.simulation.outside or not failpoints.watching:
            return
        self._opened += 1
        fault = self._freezes.pop(self._opened, None)
        if fault is not None:
            self._do_freeze(fault)

    def _at_point(self, name):
        life = self.simulation.life
        life.check()
        if life is self.simulation.outside:
            return
        self.hits[name] = count = self.hits.get(name, 0) + 1
        self.trace.append((name, self._opened, life.name))
        fault = self._faults.pop((name, count), None)
        if fault is not None:
            self.simulation.note(f"*** {fault}")
            self.fired.append(fault)
            getattr(self, f"_do_{fault.kind}")(fault)
        if name == self.breaks_at:
            self.breaks_at = None
            raise failpoints.Injected(name)

    def _do_crash(self, fault):
        self.kill(self.simulation.life, fault.after)
        raise Killed

    def _do_power(self, fault):
        """Everything dies at once; what starts again holds the state directory's lock, as one process of all does."""
        for name in (*CONTROL, *HOSTS):
            if self.lives[name].alive:
                self.kill(self.lives[name], fault.after)
        self.simulation.at(fault.after - 0.001, services.forget_dead_workers)
        raise Killed

    def _do_raise(self, fault):
        raise failpoints.Injected(fault.point)

    def _do_dberror(self, fault):
        raise sa.exc.OperationalError("COMMIT", {}, Exception("the connection is lost"))

    def _do_double(self, fault):
        letter = self.simulation.task.letter
        if letter is not None:
            for pause in (0.001, fault.after):
                self.simulation.at(pause, self.bus.arrive, letter)

    def _do_again(self, fault):
        """The lease is lost while the step goes on, and another attempt begins."""
        self.trouble_until(self.simulation.clock + fault.after)
        self.simulation.at(0, self._steal)
        self._do_double(fault)
        if not fault.point.endswith(".before_commit"):
            self.simulation.sleep(fault.after)

    def _steal(self):
        with lab().connect() as connection:
            connection.execute("UPDATE operations SET lease_until = '2000-01-01 00:00:00.000000', "
                               "last_notified_at = NULL WHERE lease_until IS NOT NULL")

    def _do_freeze(self, fault):
        if fault not in self.fired:
            self.fired.append(fault)
            self.simulation.note(f"*** {fault}")
        self.simulation.freeze(self.simulation.life, fault.after)
        self.simulation.sleep(0)

    def _do_stop(self, fault):
        """SIGTERM: the service stops gracefully, and is started again when it has."""
        life = self.simulation.life
        self._stopping.append(life)
        self.simulation.spawn(self._stop, life, fault.after, life=life)

    def _stop(self, life, after):
        life.check()
        if life.service is not None:
            life.service.stop(CONF.operations.stop_timeout * 0.85)
        self.kill(life, after)
        raise Killed

    def _do_delete(self, fault):
        """A user deletes the server at this very moment."""
        self.begin_to_ask("DELETE", f"/compute/v2.1/servers/{self.facts.server}")
        if not fault.point.endswith(".before_commit"):
            self.simulation.sleep(fault.after)

    # ---- looking

    def settle(self, bound=invariants.BOUND):
        """Wait until every process is back and every operation has ended; then every notification is sent once more."""
        simulation = self.simulation
        simulation.run(max(self._trouble - simulation.clock, 0))      # time never goes back
        self.bus.calm()
        self._whole, end = simulation.clock, simulation.clock + 600
        while simulation.clock < end:
            simulation.run(1.0)
            if not self.all_here():
                self._whole = simulation.clock + 1.0
            elif not self.open_operations() or simulation.clock > self._whole + bound + 10:
                break
        assert self.all_here(), f"the processes did not come back\n{self.story()}"
        simulation.run(_QUIET)
        late = {(each.topic, each.host, each.payload): each for each in self.bus.casts}
        for letter in late.values():            # an hour late, every one of them
            self.bus.arrive(letter)
        simulation.run(_QUIET)

    def trouble_until(self, moment):
        """All is not well before the clock says so."""
        self._trouble = max(self._trouble, moment)

    def open_operations(self):
        return self.query("SELECT count(*) FROM operations WHERE finished_at IS NULL")[0][0]

    def view(self):
        """What the checker looks at."""
        return invariants.View(
            lab().engine, {name: shelf.seen(_host_folder(name)) for name, shelf in self.shelves.items()},
            promises=self.promises,
            logs={"the logs": "\n".join(self.simulation.log)} if self.secrets else {}, secrets=self.secrets,
            whole=EPOCH + datetime.timedelta(seconds=self._whole),
            images={name: len(data) for name, data in _image_files().items()},
            audit=lambda: invariants.audit(Network(), Image()), touched=self.touched,
            late_ports=CONF.fake.port_delay > invariants.BOUND)

    def dump(self):
        """{table: rows} of what requests change, without what time alone changes."""
        found = {}
        with lab().engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                if table.name not in _RESTLESS:
                    columns = [each for each in table.c if not _restless(each)]
                    found[table.name] = sorted(map(repr, connection.execute(sa.select(*columns)).all()))
        return {name: rows for name, rows in found.items() if rows}

    def wrong(self):
        """[text] of what does not hold; what periodic comparisons mend in time is not wrong."""
        return self.mended(self.violations)

    def mended(self, find):
        """What ``find()`` still finds when periodic comparisons have had their time; they may need none."""
        end = self._whole + invariants.BOUND
        while (found := find()) and self.simulation.clock < end:
            self.simulation.run(5)
        return found

    def violations(self):
        return [str(each) for each in invariants.check(self.view())]

    def keep(self, name):
        """A Snapshot of the cloud as it is."""
        return Snapshot(lab().keep(name), {key: shelf.copy() for key, shelf in self.shelves.items()},
                        self.simulation.clock + 1, dict(vars(self.facts)), _image_files())

    def story(self, lines=400):
        return "\n".join(self.simulation.log[-lines:])


def _host_folder(name):
    return os.path.join(lab().folder, name)


def _image_root():
    return os.path.join(lab().state, "images")


def _image_files():
    """{path below the image store: bytes}"""
    found = {}
    for folder, _, names in os.walk(_image_root()):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, _image_root())] = file.read()
    return found


def _lay_images(wanted):
    present = _image_files()
    for name in present:
        if present[name] != wanted.get(name):
            os.unlink(os.path.join(_image_root(), name))
    for name, data in wanted.items():
        if present.get(name) != data:
            with open(os.path.join(_image_root(), name), "wb") as file:
                file.write(data)
