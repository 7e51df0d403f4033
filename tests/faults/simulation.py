"""A deterministic machine: processes as groups of greenlets on one native thread, and a clock that is only set.

A greenlet runs until it sleeps, waits or ends, so a seed gives one history.  A process that is killed has no
effect any more: what its code still does while it unwinds is refused (``Life.check``).
"""

import collections
import datetime
import heapq
import itertools
import random
import threading
import time
import types

import greenlet

from nova_lite.conf import CONF

EPOCH = datetime.datetime(2026, 1, 1)


class Killed(BaseException):
    """The process that runs this is dead."""


class Life:
    """One incarnation of a process.  :ivar folder: its state directory.  :ivar service: what it runs, once it does."""

    def __init__(self, name, host, folder):
        self.name, self.host, self.folder = name, host, folder
        self.alive, self.frozen = True, False
        self.service = None
        self.starting = None            # the Task that starts it
        self.held = []                  # what would run if it were not frozen
        self.tasks = {}                 # its Tasks, in order

    def check(self):
        if not self.alive:
            raise Killed


class Simulation:
    """Time and processes.  :ivar log: what happened, for the reader of a failure.  :ivar life: whose code runs now."""

    def __init__(self, seed, clock=0.0):
        self.seed = seed
        self.random = random.Random(seed)
        self.clock = clock
        self.log = []
        self.outside = Life("outside", "outside", None)
        self.life = self.outside
        self.lives = []
        self.hub = greenlet.getcurrent()
        self._ready = collections.deque()
        self._timers = []
        self._numbers = itertools.count()

    def note(self, text):
        self.log.append(f"{self.clock:9.3f} {self.life.name:10} {text}")

    def now(self):
        return EPOCH + datetime.timedelta(seconds=self.clock)

    # ---- greenlets

    def spawn(self, fn, *args, life=None, letter=None, **kwargs):
        """Run ``fn`` in a greenlet of this process (or of ``life``); returns its Task.  It inherits the letter that
        its maker answers."""
        maker = self.task
        task = Task(self, life or self.life, (fn, args, kwargs), letter or (maker and maker.letter))
        task.life.tasks[task] = True
        self.ready(task)
        return task

    def ready(self, task, value=None):
        self._ready.append((task, value))

    @property
    def task(self):
        return getattr(greenlet.getcurrent(), "task", None)

    def wait(self):
        """Leave this greenlet until somebody makes it ready again; returns what that one gave."""
        value = self.hub.switch()
        self.life.check()
        return value

    def sleep(self, seconds):
        if self.task is None:
            self.run(seconds)
            return
        self.life.check()
        self.at(seconds, self.ready, self.task)
        self.wait()

    def at(self, seconds, fn, *args):
        """Call ``fn`` in the hub so many seconds from now."""
        heapq.heappush(self._timers, (self.clock + max(seconds, 0), next(self._numbers), fn, args))

    def run(self, seconds, until=None):
        """Let everything run for ``seconds`` or until ``until()``, asked at each tick; whether it came true."""
        end = self.clock + seconds
        while True:
            while self._ready:
                self._resume(*self._ready.popleft())
            if until is not None and until():
                return True
            if not self._timers or self._timers[0][0] > end:
                self.clock = end
                return False
            self.clock, _, fn, args = heapq.heappop(self._timers)
            fn(*args)

    def _resume(self, task, value):
        life = task.life
        if task.glet.dead or not life.alive:
            return
        if life.frozen:
            life.held.append((task, value))
            return
        self.enter(life)
        try:
            task.glet.switch(value)
        finally:
            self.enter(self.outside)

    def enter(self, life):
        """From now on the code of ``life`` runs: CONF says its host and its directory."""
        self.life = life
        CONF.__dict__["host"] = life.host
        if life.folder is not None:
            CONF.__dict__["state_dir"] = life.folder

    # ---- lives

    def begin(self, life, start):
        """A process starts: ``start(life)`` runs in it."""
        self.lives.append(life)
        self.note(f"{life.name} starts")
        life.starting = self.spawn(start, life, life=life)

    def kill(self, life):
        """kill -9.  Whoever runs in it must raise Killed at once; the others are unwound by the hub."""
        self.note(f"{life.name} dies")
        life.alive = False
        self.lives.remove(life)
        self.at(0, self._unwind, life)

    def _unwind(self, life):
        for task in list(life.tasks):
            if task.glet:                       # started and not ended
                self.enter(life)
                try:
                    task.glet.throw(Killed)
                finally:
                    self.enter(self.outside)
        life.tasks.clear()

    def freeze(self, life, seconds):
        """SIGSTOP, and SIGCONT after so many seconds."""
        self.note(f"{life.name} is frozen for {seconds} s")
        life.frozen = True
        self.at(seconds, self._thaw, life)

    def _thaw(self, life):
        if life.alive:
            self.note(f"{life.name} wakes")
        life.frozen = False
        for task, value in life.held:
            self.ready(task, value)
        life.held = []

    def end(self):
        """Everything stops; nothing that is still under way has an effect."""
        for life in [*self.lives, self.outside]:
            life.alive = False
            self._unwind(life)
        self.enter(self.outside)

    # ---- what nova_lite.common.concurrency offers, and time

    def every(self, seconds, fn, *, first=None):
        return Periodic(self, seconds, fn, first)

    def lock(self):
        return Semaphore(self)

    def mailbox(self):
        return Mailbox(self)

    @staticmethod
    def native(fn, /, *args, deadline, what=None):
        return fn(*args)

    def clock_module(self):
        """Stands for the module ``time``."""
        return types.SimpleNamespace(**vars(time) | {
            "monotonic": lambda: 1000 + self.clock, "sleep": self.sleep,
            "time": lambda: (self.now() - datetime.datetime(1970, 1, 1)).total_seconds()})

    def threading_module(self):
        """Stands for the module ``threading``: who waits for a place in a semaphore lets others run."""
        def semaphore(places=1):
            return Semaphore(self, places)
        return types.SimpleNamespace(**vars(threading) | {"BoundedSemaphore": semaphore, "Semaphore": semaphore})

    def datetime_module(self):
        """Stands for the module ``datetime`` in ``db.base``."""
        simulated = types.SimpleNamespace(now=lambda zone=None: self.now().replace(tzinfo=zone))
        return types.SimpleNamespace(UTC=datetime.UTC, timedelta=datetime.timedelta, datetime=simulated)


class Task:
    """What concurrency.spawn returns."""

    def __init__(self, simulation, life, call, letter=None):
        self.life = life
        self.letter = letter
        self.result = self.error = None
        self.done = False
        self._simulation = simulation
        self._call = call
        self._waiting = []
        self.glet = greenlet.greenlet(self._run, simulation.hub)
        self.glet.task = self

    def _run(self, _value):
        fn, args, kwargs = self._call
        simulation = self._simulation
        try:
            self.life.check()
            self.result = fn(*args, **kwargs)
        except Killed:
            pass
        except Exception as error:
            self.error = error
            simulation.note(f"{getattr(fn, '__qualname__', fn)} failed: {error!r}")
        self.done = True
        self.life.tasks.pop(self, None)
        for task in self._waiting:
            simulation.ready(task)

    def wait(self, timeout=None):
        simulation = self._simulation
        if not self.done:
            self._waiting.append(simulation.task)
            if timeout is not None:
                simulation.at(timeout, self._give_up, simulation.task)
            simulation.wait()
        return self.done

    def _give_up(self, task):
        if task in self._waiting:
            self._waiting.remove(task)
            self._simulation.ready(task)


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
                simulation.note(f"periodic {getattr(fn, '__qualname__', fn)} failed: {error!r}")
            pause = seconds * simulation.random.uniform(0.9, 1.1)

    def stop(self, timeout=None):
        self._stopped = True
        return True


class Semaphore:
    """With one place it is a lock."""

    def __init__(self, simulation, places=1):
        self._simulation = simulation
        self._free = places
        self._waiting = collections.deque()

    def acquire(self, blocking=True):
        while not self._free:
            if not blocking:
                return False
            self._waiting.append(self._simulation.task)
            self._simulation.wait()
        self._free -= 1
        return True

    def release(self):
        self._free += 1
        if self._waiting:
            self._simulation.ready(self._waiting.popleft())

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
            self._simulation.ready(self._waiting)
            self._waiting = None

    def get(self, timeout=None):
        while not self._items:
            self._waiting = self._simulation.task
            self._simulation.wait()
        return self._items.popleft()
