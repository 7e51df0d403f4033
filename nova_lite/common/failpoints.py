"""Failpoints: named places where a test makes this process crash, fail or wait.  Off, one costs a look at a global.

Nearly all names are derived, so that what is new has its points without anybody writing them:

- a transaction that changes an operation: ``<operation>.<transition>.before_commit`` and ``.after_commit``, where the
  transition is accept, lease.<place>, journal.<step>, hand_over.<place>, finish or fail (place: conductor or host);
- any other transaction: ``tx.<module>.<function>.before_commit`` and ``.after_commit``;
- a step on a host: ``<operation>.<step>.before_effect`` (journalled, nothing done) and ``.after_effect`` (done, and
  nothing of it recorded); its undo: ``<operation>.<step>.before_undo`` and ``.after_undo``.

They are armed by "name=action;name=action" in the environment variable NOVA_LITE_FAILPOINTS, or by writing the same as
one line to the socket ``run/failpoints-<process id>.sock`` of the state directory, which answers with one line of JSON:
{"armed": {name: action}, "hits": {name: count}}.  Actions, each for the next hit only unless "N*" stands before it:
``crash`` (SIGKILL), ``stop`` (SIGSTOP), ``raise``, ``delay:SECONDS``, ``off``.
"""

import collections
import contextlib
import logging
import os
import signal
import socket
import sys

import orjson

from nova_lite.common import concurrency, retry

LOG = logging.getLogger(__name__)

#: The one thing that code asks before it names a point: whether anybody listens.
watching = False
_handler = None


class Injected(Exception):
    """What ``raise`` raises: an error that no code expects."""


def watch(handler):
    """Call ``handler(name)`` at each point from now on; None: at none."""
    global watching, _handler
    _handler = handler
    watching = handler is not None


def hit(name):
    """This is the point ``name``; ask ``watching`` before making up its name."""
    if _handler is not None:
        _handler(name)


# ---- transactions

def mark(session, name):
    """The transaction of ``session`` makes the change ``name``: its points are called after that."""
    session.info.setdefault("failpoints", []).append(name)


def passing(session, moment):
    """Hit the points of a transaction; ``moment`` is before_commit or after_commit."""
    names = session.info.get("failpoints")
    if names is None:
        names = session.info["failpoints"] = [_caller()]
    for name in names:
        hit(f"{name}.{moment}")


def _caller():
    """tx.<module>.<function> of whoever wrote ``with db.writer()``."""
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module not in _BELOW:
            return f"tx.{module.removeprefix('nova_lite.')}.{frame.f_code.co_name.strip('_<>')}"
        frame = frame.f_back
    return "tx"


_BELOW = {__name__, "nova_lite.db.session", "nova_lite.common.unit_of_work", "contextlib"}


# ---- undo

_PAUSES = 0.5, 2        # seconds before undo that failed is tried again


class Undo(contextlib.ExitStack):
    """An ExitStack whose callbacks are tried again when they fail, and pass a failpoint before and after.

    :ivar name: callable giving "operation.step".
    """

    name = None

    def callback(self, fn, /, *args, **kwargs):
        name = "undo" if self.name is None else self.name()
        return super().callback(self._surely, name, fn, args, kwargs)

    @classmethod
    def _surely(cls, name, fn, args, kwargs):
        return retry.after_errors(
            lambda: cls._passed(name, fn, args, kwargs), Exception, _PAUSES,
            lambda _error: LOG.warning("Undoing %s failed and is tried again", name, exc_info=True))

    @staticmethod
    def _passed(name, fn, args, kwargs):
        if watching:
            hit(f"{name}.before_undo")
        fn(*args, **kwargs)
        if watching:
            hit(f"{name}.after_undo")


# ---- armed by environment and socket

class Armed:
    """What real processes do at their points."""

    def __init__(self):
        self.actions = {}               # name -> [action, argument, how often]
        self.hits = collections.Counter()

    def arm(self, text):
        """:param text: "name=action;..."  :raises ValueError: with what is wrong with it."""
        for each in filter(None, (part.strip() for part in text.split(";"))):
            name, _, action = each.partition("=")
            times, _, action = action.rpartition("*")
            word, _, argument = action.partition(":")
            if word not in ("crash", "stop", "raise", "delay", "off"):
                raise ValueError(f"no such action: {each!r}")
            self.actions.pop(name, None)
            if word != "off":
                self.actions[name] = [word, float(argument) if word == "delay" else argument, int(times or 1)]

    def __call__(self, name):
        self.hits[name] += 1
        armed = self.actions.get(name)
        if armed is None:
            return
        armed[2] -= 1
        if armed[2] <= 0:
            del self.actions[name]
        LOG.warning("Failpoint %s: %s", name, armed[0])
        self._act(name, *armed[:2])

    @staticmethod
    def _act(name, action, argument):
        if action == "raise":
            raise Injected(argument or name)
        if action == "delay":
            concurrency.sleep(argument)
        else:
            os.kill(os.getpid(), signal.SIGKILL if action == "crash" else signal.SIGSTOP)

    def counts(self):
        return orjson.dumps({"armed": {name: each[0] for name, each in self.actions.items()}, "hits": self.hits})


def start(conf):
    """Obey the environment and the socket, where the configuration says that this is a test; else do nothing."""
    if not conf.failpoints.enabled:
        return
    armed = Armed()
    armed.arm(os.environ.get("NOVA_LITE_FAILPOINTS", ""))
    watch(armed)
    LOG.warning("Failpoints are enabled: this service crashes and fails on demand")
    folder = os.path.join(conf.state_dir, "run")
    os.makedirs(folder, exist_ok=True)
    concurrency.spawn(_listen, os.path.join(folder, f"failpoints-{os.getpid()}.sock"), armed)


def _listen(path, armed):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen()
        while True:
            with listener.accept()[0] as caller, contextlib.suppress(OSError):
                caller.settimeout(5)
                caller.sendall(_obey(armed, caller.makefile().readline()) + b"\n")


def _obey(armed, line):
    try:
        armed.arm(line.strip())
    except ValueError as error:
        return orjson.dumps({"error": str(error)})
    return armed.counts()
