"""The lab: one database file and one engine a test process, and simulated time, bus and hosts below real code."""

import atexit
import contextlib
import functools
import logging
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import types
import uuid

import bcrypt
import pytest
from oslo_messaging import opts as messaging_opts

from nova_lite.api.wsgi import routing
from nova_lite.cmd import services
from nova_lite.common import concurrency, policy, rpc
from nova_lite.conf import CONF
from nova_lite.db import base, session
from nova_lite.identity import passwords
from nova_lite.image import receive, upload
from nova_lite.network.embedded import addressing
from nova_lite.virt.fake import driver
from tests.faults import hosts

_OPTIONS = {
    None: {"concurrency": "threading", "vif_plugging_timeout": 300, "vif_plugging_is_fatal": True},
    "compute": {"driver": "fake", "shelved_offload_time": -1},     # leaving its host is an operation of its own
    "fake": {"delay": 0.2, "port_delay": 0.0},
    # The auditor would mend what the engine must not break.
    "audit": {"interval": 10 ** 7},
    "identity": {"password_hash_rounds": 4, "token_ttl": 10 ** 6},
    "operations": {"sync_power_interval": 20},
    "image": {"sweep_interval": 8},
}


class Lab:
    """:ivar folder: on a memory disk where there is one.  :ivar world: the World that is simulated now."""

    def __init__(self):
        memory = "/dev/shm"
        self.folder = tempfile.mkdtemp(prefix="nova-lite-faults-", dir=memory if os.access(memory, os.W_OK) else None)
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.path = os.path.join(self.folder, "nova_lite.sqlite")
        self.state = os.path.join(self.folder, "state")
        for name in ("keys", "images"):
            os.makedirs(os.path.join(self.state, name), exist_ok=True)
        self.world = None
        self.engine = None
        self._questions = None          # a connection for the test's own

    def use(self, snapshot):
        """The database becomes what the file ``snapshot`` holds; None: empty."""
        if self._questions is not None:
            self._questions.close()
            self._questions = None
        if self.engine is not None:
            self.engine.dispose()
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path + end)
        if snapshot:
            shutil.copyfile(snapshot, self.path)
        else:
            sqlite3.connect(self.path).close()

    def keep(self, name):
        """Keep the database as it is under a name; the file's path."""
        self.engine.dispose()
        kept = os.path.join(self.folder, f"{name}.sqlite")
        with contextlib.closing(sqlite3.connect(self.path)) as source, \
                contextlib.closing(sqlite3.connect(kept)) as target:
            source.backup(target)
        return kept

    @contextlib.contextmanager
    def under(self, world):
        """Put ``world`` under nova_lite for a while."""
        patch = pytest.MonkeyPatch()
        self.world = world
        try:
            self._configure(patch)
            self._patch(patch, world.simulation, world.bus)
            if self.engine is None:
                self.engine = session.make_engine(session.url())
            patch.setattr(session, "_engine", self.engine)
            with _log(world.simulation):
                yield
        finally:
            patch.undo()
            self._forget_configuration()
            self.world = None

    def _configure(self, patch):
        patch.setattr(messaging_opts, "list_opts", _messaging_opts)
        CONF([], project="nova_lite", default_config_files=[])
        for group, values in _OPTIONS.items():
            for name, value in values.items():
                CONF.set_override(name, value, group=group)
        CONF.set_override("connection", f"sqlite:///{self.path}", group="database")
        CONF.set_override("state_dir", self.state)
        CONF.set_override("store_dir", os.path.join(self.state, "images"), group="image")
        rpc.register_opts()
        self.world.configure(patch)

    @staticmethod
    def _forget_configuration():
        for name in ("host", "state_dir"):
            CONF.__dict__.pop(name, None)
        CONF.reset()
        for group, values in _OPTIONS.items():
            for name in values:
                CONF.clear_override(name, group=group)
        for name, group in (("connection", "database"), ("state_dir", None), ("store_dir", "image"),
                            *(("backend", each) for each in ("network", "image"))):
            CONF.clear_override(name, group=group)

    def _patch(self, patch, simulation, bus):
        policy.enforcer()
        for name, fake in (("spawn", simulation.spawn), ("sleep", simulation.sleep), ("every", simulation.every),
                           ("Lock", simulation.lock), ("Mailbox", simulation.mailbox), ("native", simulation.native)):
            patch.setattr(concurrency, name, fake)
        patch.setattr(passwords, "_native", lambda fn, *args: fn(*args))
        clock, threads = simulation.clock_module(), simulation.threading_module()
        for module in _users_of(time, len(sys.modules)):
            patch.setattr(module, "time", clock)
        for module in _users_of(threading, len(sys.modules)):
            patch.setattr(module, "threading", threads)
        patch.setattr(base, "datetime", simulation.datetime_module())
        patch.setattr(concurrency, "serve", lambda *_: types.SimpleNamespace(stop=lambda _seconds: True))
        patch.setattr(rpc, "client", bus.client)
        patch.setattr(rpc, "server", bus.server)
        patch.setattr(routing.Table, "_mapper", lambda table, head: _mapper(head, tuple(table._templates)))
        self._patch_chance(patch, simulation)
        self._patch_edges(patch, simulation)

    @staticmethod
    def _patch_chance(patch, simulation):
        chance = random.Random(simulation.random.random())
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=chance.getrandbits(128), version=4))
        patch.setattr(addressing, "_random", chance)
        letters = "abcdefghijklmnopqrstuv"
        patch.setattr(bcrypt, "gensalt", lambda rounds: f"$2b$04${''.join(chance.choices(letters, k=21))}O".encode())

    def _patch_edges(self, patch, simulation):
        """What a dead process may not touch any more."""
        opened, made = session._writer, session.engine

        @functools.wraps(opened)
        def writer(*args, **kwargs):
            self.world.opening()
            return opened(*args, **kwargs)

        def engine():
            simulation.life.check()
            return made()
        patch.setattr(session, "_writer", writer)
        patch.setattr(session, "engine", engine)
        for module in (receive, driver):
            patch.setattr(module, "os", _Os(simulation))
        patch.setattr(upload, "_send", self.world.upload)
        patch.setattr(upload, "_is_active", self.world.is_active)
        patch.setattr(services, "host_network", lambda _driver, _app=None: hosts.Network(
            self.world.shelves[simulation.life.host], simulation.life))
        patch.setattr(services, "_image_cache", lambda _driver: hosts.Images(
            self.world.shelves[simulation.life.host], simulation.life))

    def connect(self):
        """A plain connection for the test's own questions."""
        if self._questions is None:
            self._questions = sqlite3.connect(self.path)
        return self._questions


@functools.cache
def _users_of(module, _how_many):
    """Modules of nova_lite that know ``module`` by its name; asked anew when there are more modules."""
    name = module.__name__
    return [each for where, each in list(sys.modules.items())
            if where.startswith("nova_lite.") and getattr(each, name, None) is module]


#: The library copies every option of its own each time.
_messaging_opts = functools.cache(messaging_opts.list_opts)
_build_mapper = routing.Table._mapper


@functools.cache
def _mapper(head, templates):
    """Built once a test process, not once a boot: it is a pure function of the templates."""
    return _build_mapper(types.SimpleNamespace(_templates=templates), head)


class _Os:
    """The module ``os`` for who writes files: nothing of a dead process changes one."""

    def __init__(self, simulation):
        self._simulation = simulation

    def __getattr__(self, name):
        if name in ("unlink", "rename", "fchmod"):
            self._simulation.life.check()
        return getattr(os, name)


class _Notes(logging.Handler):
    def __init__(self, simulation):
        super().__init__()
        self._simulation = simulation

    def emit(self, record):
        text = f"{record.levelname} {record.getMessage()}"
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self._simulation.note(text)


@contextlib.contextmanager
def _log(simulation):
    """nova_lite's log goes to the simulation's, and nowhere else."""
    logger = logging.getLogger("nova_lite")
    before = logger.level, logger.propagate
    handler = _Notes(simulation)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


@functools.cache
def lab():
    """The one of this process."""
    return Lab()
