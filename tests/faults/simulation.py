"""A deterministic machine room: processes as groups of greenlets, a simulated clock, and a bus that may lose letters.

One native thread; a greenlet runs until it sleeps, waits or ends, so that the same seed gives the same history.  A
process that is killed runs nothing any more: what its code still does while it unwinds has no effect.
"""

import collections
import datetime
import heapq
import itertools
import random
import types

import greenlet
import orjson

from nova_lite.common import concurrency, exception, rpc
from nova_lite.conf import CONF
from nova_lite.db import base

EPOCH = datetime.datetime(2026, 1, 1)


class Killed(BaseException):
    """The process that runs this is dead."""


class Process:
    """One process of the cloud and its incarnations.  :ivar start: callable that builds and starts its services."""

    def __init__(self, name, host, start):
        self.name = name
        self.host = host
        self.start = start
        self.life = None                # the present incarnation


class Life:
    """One incarnation of a process."""

    def __init__(self, process):
        self.process = process
        self.alive = True
        self.frozen = False
        self.held = []                  # greenlets that would run if it were not frozen
        self.running = set()

    def check(self):
        if not self.alive:
            raise Killed


class Simulation:
    """Time, processes and the bus.  :ivar log: what happened, for the reader of a failure."""

    def __init__(self, seed=0):
        self.seed = seed
        self.random = random.Random(seed)
        self.clock = 0.0
        self.processes = {}
        self.bus = Bus(self)
        self.outside = Life(Process("outside", CONF.host, None))
        self.life = self.outside        # whose code runs now
        self.log = []
        self._hub = greenlet.getcurrent()
        self._ready = collections.deque()
        self._timers = []
        self._numbers = itertools.count()

    def note(self, text):
        self.log.append(f"{self.clock:9.3f} {self.life.process.name:10} {text}")

    # ---- greenlets

    def spawn(self, fn, *args, life=None):
        """Run ``fn`` in a greenlet of this process (or of ``life``); returns its Task."""
        task = Task(self, life or self.life, fn, args)
        task.life.running.add(task)
        self._make_ready(task, None)
        return task

    def _make_ready(self, task, value):
        self._ready.append((task, value))

    def wait(self):
        """Leave the greenlet until somebody makes it ready again; returns what that one gave."""
        return self._hub.switch()

    @property
    def task(self):
        return getattr(greenlet.getcurrent(), "task", None)

    def sleep(self, seconds):
        self.life.check()
        task = self.task
        if task is None:
            self.run(seconds)
            return
        self._at(seconds, self._make_ready, task, None)
        self.wait()

    def _at(self, seconds, fn, *args):
        heapq.heappush(self._timers, (self.clock + seconds, next(self._numbers), fn, args))

    def run(self, seconds, until=None):
        """Let everything run for ``seconds``, or until ``until()``; whether that came true.

        In the simulation's own greenlet only.
        """
        end = self.clock + seconds
        while True:
            while self._ready:
                self._resume(*self._ready.popleft())
            if until is not None and until():
                return True
            if not self._timers or self._timers[0][0] > end:
                self.clock = end
                return until is None
            self.clock, _, fn, args = heapq.heappop(self._timers)
            fn(*args)

    def _resume(self, task, value):
        life = task.life
        if not life.alive:
            return
        if life.frozen:
            life.held.append((task, value))
            return
        self._enter(life)
        try:
            task.glet.switch(value)
        finally:
            self._enter(self.outside)

    def _enter(self, life):
        self.life = life
        if CONF.host != life.process.host:
            CONF.set_override("host", life.process.host)

    # ---- processes

    def add(self, name, host, start):
        self.processes[name] = Process(name, host, start)
        self.boot(name)

    def boot(self, name):
        """Start a process (again)."""
        process = self.processes[name]
        process.life = Life(process)
        self.note(f"{name} starts")
        self.spawn(process.start, life=process.life)

    def kill(self, life):
        """kill -9: nothing of this incarnation has an effect any more."""
        self.note(f"{life.process.name} is killed")
        life.alive = False
        self.bus.hang_up(life)
        self._at(0, self._reap, life)

    def _reap(self, life):
        for task in list(life.running):
            if task.glet and not task.glet.dead:
                self.life = life
                task.glet.throw(Killed)
        self.life = self.outside

    def freeze(self, life, seconds):
        """SIGSTOP, and SIGCONT after ``seconds``."""
        self.note(f"{life.process.name} is frozen for {seconds} s")
        life.frozen = True
        self._at(seconds, self._thaw, life)

    def _thaw(self, life):
        self.note(f"{life.process.name} wakes")
        life.frozen = False
        for task, value in life.held:
            self._make_ready(task, value)
        life.held = []

    # ---- nova_lite's own words for all of this

    def take_over(self, monkeypatch):
        """Put simulated time, concurrency and bus under the real services."""
        clock = types.SimpleNamespace(UTC=datetime.UTC, timedelta=datetime.timedelta, datetime=_Clock(self))
        monkeypatch.setattr(base, "datetime", clock)
        for name, fake in (("spawn", self.spawn), ("sleep", self.sleep), ("every", self._every), ("Lock", self._lock),
                           ("Mailbox", lambda: Mailbox(self)), ("native", _native)):
            monkeypatch.setattr(concurrency, name, fake)
        monkeypatch.setattr(rpc, "client", self.bus.client)
        monkeypatch.setattr(rpc, "server", self.bus.server)

    def _every(self, seconds, fn, *, first=None):
        return Periodic(self, seconds, fn, first)

    def _lock(self):
        return Lock(self)


class _Clock:
    """Stands for the class datetime.datetime in ``db.base``."""

    def __init__(self, simulation):
        self._simulation = simulation

    def now(self, zone=None):
        return (EPOCH + datetime.timedelta(seconds=self._simulation.clock)).replace(tzinfo=zone)


class Task:
    """What concurrency.spawn returns."""

    def __init__(self, simulation, life, fn, args):
        self.life = life
        self.result = self.error = None
        self.done = False
        self._call = (simulation, fn, args)
        self._waiting = []
        self.glet = greenlet.greenlet(self._run, simulation._hub)
        self.glet.task = self

    def _run(self, _value):
        simulation, fn, args = self._call
        try:
            self.result = fn(*args)
        except (Killed, greenlet.GreenletExit):
            pass
        except Exception as error:
            self.error = error
            simulation.note(f"{getattr(fn, '__qualname__', fn)} failed: {error!r}")
        self.done = True
        self.life.running.discard(self)
        for task in self._waiting:
            simulation._make_ready(task, None)

    def wait(self, timeout=None):
        simulation = self._call[0]
        if not self.done:
            self._waiting.append(simulation.task)
            simulation.wait()
        return True


class Periodic:
    def __init__(self, simulation, seconds, fn, first):
        self._stopped = False
        self._simulation = simulation
        first = simulation.random.uniform(0.1, 1) * seconds if first is None else first
        simulation.spawn(self._run, seconds, fn, first)

    def _run(self, seconds, fn, pause):
        simulation = self._simulation
        while True:
            simulation.sleep(pause)
            if self._stopped:
                return
            try:
                fn()
            except Exception as error:
                simulation.note(f"{getattr(fn, '__qualname__', fn)} failed: {error!r}")
            pause = seconds * simulation.random.uniform(0.9, 1.1)

    def stop(self, timeout=None):
        self._stopped = True
        return True


class Lock:
    def __init__(self, simulation):
        self._simulation = simulation
        self._held = False
        self._waiting = collections.deque()

    def acquire(self):
        while self._held:
            self._simulation.life.check()
            self._waiting.append(self._simulation.task)
            self._simulation.wait()
        self._held = True
        return True

    def release(self):
        self._held = False
        if self._waiting:
            self._simulation._make_ready(self._waiting.popleft(), None)

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_error):
        self.release()


class Mailbox:
    def __init__(self, simulation):
        self._simulation = simulation
        self._items = collections.deque()
        self._waiting = None

    def put(self, item):
        self._items.append(item)
        if self._waiting is not None:
            self._simulation._make_ready(self._waiting, None)
            self._waiting = None

    def get(self, timeout=None):
        while not self._items:
            self._waiting = self._simulation.task
            self._simulation.wait()
        return self._items.popleft()


def _native(fn, *args, deadline, what=None):
    return fn(*args)


# ---- the bus

class Bus:
    """Letters to topics and hosts, through JSON as on a wire.

    :ivar post: callable(letter) -> list of delays in seconds, one for each copy to deliver; [] loses it.
    :ivar reply: callable(letter) -> whether the answer of a call arrives.
    """

    def __init__(self, simulation):
        self.simulation = simulation
        self.post = lambda letter: [self.delay()]
        self.reply = lambda letter: True
        self._ears = []
        self._turn = itertools.count()

    def delay(self):
        return self.simulation.random.uniform(0.0005, 0.01)

    def server(self, topic, host, endpoints):
        return Server(self, topic, host, endpoints)

    def client(self, topic, version="1.0"):
        return Client(self, topic, None, None)

    def listen(self, server):
        self._ears.append(server)

    def hang_up(self, life):
        self._ears = [each for each in self._ears if each.life is not life]

    def forget(self, server):
        self._ears = [each for each in self._ears if each is not server]

    def ears(self, topic, host):
        return [each for each in self._ears if each.topic == topic and host in (None, each.host)]

    def send(self, letter):
        for pause in self.post(letter):
            self.simulation._at(pause, self._arrive, letter)

    def _arrive(self, letter):
        ears = self.ears(letter.topic, letter.host)
        if ears:
            ear = ears[next(self._turn) % len(ears)]
            self.simulation.spawn(ear.answer, letter, life=ear.life)


class Letter:
    def __init__(self, topic, host, method, payload, asker=None):
        self.topic, self.host, self.method, self.payload, self.asker = topic, host, method, payload, asker

    def __str__(self):
        return f"{self.topic}.{self.method}"


class Client:
    """What ``rpc.client`` returns."""

    def __init__(self, bus, topic, host, timeout):
        self._bus, self._topic, self._host, self._timeout = bus, topic, host, timeout
        self._serializer = rpc._Serializer()

    def to(self, host=None, *, fanout=None, timeout=None):
        return Client(self._bus, self._topic, host or self._host, timeout or self._timeout)

    def cast(self, context, method, /, **arguments):
        self._bus.simulation.life.check()
        self._bus.send(self._letter(context, method, arguments))
        return True

    def _letter(self, context, method, arguments, asker=None):
        payload = {name: self._serializer.serialize_entity(context, each) for name, each in arguments.items()}
        text = orjson.dumps([self._serializer.serialize_context(context), payload])
        return Letter(self._topic, self._host, method, text, asker)

    def call(self, context, method, /, **arguments):
        simulation = self._bus.simulation
        simulation.life.check()
        asker = _Asker(simulation)
        self._bus.send(self._letter(context, method, arguments, asker))
        simulation._at(self._timeout or CONF.rpc_response_timeout, asker.give, None)
        answer = asker.wait()
        simulation.life.check()
        if answer is None:
            raise exception.NoAnswer(method=method, address=self._topic)
        answer = self._serializer.deserialize_entity(context, orjson.loads(answer))
        if isinstance(answer, dict) and rpc._ERROR in answer:
            raise rpc._unpack(answer[rpc._ERROR])
        return answer


class _Asker:
    """One who waits for an answer; the first one counts."""

    def __init__(self, simulation):
        self._simulation = simulation
        self._task = simulation.task
        self._given = False

    def give(self, answer):
        if not self._given:
            self._given = True
            self._simulation._make_ready(self._task, answer)

    def wait(self):
        return self._simulation.wait()


class Server:
    """What ``rpc.server`` returns."""

    def __init__(self, bus, topic, host, endpoints):
        self.topic, self.host = topic, host
        self.life = bus.simulation.life
        self._bus = bus
        self._endpoints = endpoints
        self._serializer = rpc._Serializer()

    def start(self):
        self._bus.listen(self)
        return self

    def stop(self, timeout=None):
        self._bus.forget(self)
        return True

    def ping(self, timeout=None):
        return 0.0

    def answer(self, letter):
        values, payload = orjson.loads(letter.payload)
        context = self._serializer.deserialize_context(values)
        arguments = {name: self._serializer.deserialize_entity(context, each) for name, each in payload.items()}
        try:
            method = next(getattr(each, letter.method) for each in self._endpoints if hasattr(each, letter.method))
            result = self._serializer.serialize_entity(context, method(context, **arguments))
        except exception.NovaLiteError as error:
            result = rpc._pack(error)
        except Exception as error:
            self._bus.simulation.note(f"{letter} failed: {error!r}")
            result = rpc._pack(exception.RemoteFailure(method=letter.method, kind=type(error).__name__,
                                                       text=str(error)))
        if letter.asker is not None and self._bus.reply(letter):
            self._bus.simulation._at(self._bus.delay(), letter.asker.give, orjson.dumps(result))
