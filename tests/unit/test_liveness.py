"""The watchdog is told while a process lives, and only then; one that is deaf knows it."""

import socket
import subprocess
import sys

import pytest

from nova_lite.cmd import liveness, notify
from nova_lite.common import concurrency, exception


class Bus:
    """An rpc.Server whose ping ends as told."""

    error = None

    def ping(self, _timeout):
        if self.error is not None:
            raise self.error


@pytest.fixture
def ear(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def heard(ear):
    try:
        return ear.recv(100).decode()
    except BlockingIOError:
        return None


def test_a_process_that_hears_itself_and_whose_database_answers_lives(database, ear):
    watch = liveness.Liveness([Bus(), Bus()], database=True)
    watch.look()
    assert heard(ear) == "WATCHDOG=1" and not watch.deaf


def test_one_that_does_not_hear_itself_is_not_told_to_live_and_soon_is_deaf(ear, monkeypatch):
    monkeypatch.setattr(liveness, "PATIENCE", 0)
    bus = Bus()
    bus.error = exception.NoAnswer(method="ping", address="compute.h1")
    watch = liveness.Liveness([Bus(), bus], database=False)
    for expected in (False, False, True):
        watch.look()
        assert watch.deaf is expected and heard(ear) is None


def test_while_consumers_come_back_after_an_outage_nobody_is_deaf(ear):
    bus = Bus()
    bus.error = exception.NoAnswer(method="ping", address="compute.h1")
    watch = liveness.Liveness([bus], database=False)
    for _ in range(liveness.DEAF + 1):
        watch.look()
    assert not watch.deaf and heard(ear) is None


def test_one_that_hears_itself_again_is_not_deaf(ear):
    bus = Bus()
    watch = liveness.Liveness([bus], database=False)
    for _ in range(2):
        bus.error = exception.NoAnswer(method="ping", address="compute.h1")
        watch.look()
        watch.look()
        bus.error = None
        watch.look()
        assert heard(ear) == "WATCHDOG=1" and not watch.deaf


def test_a_broker_that_is_away_is_no_fault_of_the_process(ear):
    bus = Bus()
    bus.error = exception.BusUnavailable(reason="connection refused")
    watch = liveness.Liveness([bus], database=False)
    for _ in range(5):
        watch.look()
        assert heard(ear) == "WATCHDOG=1"
    assert not watch.deaf


def test_a_database_that_is_away_is_no_fault_of_the_process(conf, ear, monkeypatch):
    conf.set_override("connection", "postgresql+psycopg://nobody@127.0.0.1:1/none", group="database")
    from nova_lite.db import session
    session.dispose()
    liveness.Liveness([], database=True).look()
    session.dispose()
    assert heard(ear) == "WATCHDOG=1"


def test_a_database_that_neither_answers_nor_fails_is(ear, monkeypatch):
    monkeypatch.setattr(liveness, "ANSWER", 0.1)
    monkeypatch.setattr(liveness, "_ask", lambda: concurrency.sleep(0.5))
    liveness.Liveness([], database=True).look()
    assert heard(ear) is None


def test_nobody_listening_is_no_trouble(monkeypatch, tmp_path):
    for address in ("", str(tmp_path / "none"), "@none-such", "nonsense"):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify.tell(notify.READY)


@pytest.mark.parametrize(("usec", "pid", "seconds"), [("30000000", None, 30), ("30000000", "1", None), ("", None, None),
                                                      ("x", None, None), ("0", None, None)])
def test_the_watchdog_says_how_often_it_wants_to_hear(monkeypatch, usec, pid, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if pid is not None:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    assert notify.watchdog_seconds() == seconds


_TWO_TELL = """
import os, sys
from nova_lite.cmd import notify
from nova_lite.common import concurrency
concurrency.start("eventlet")
ear, mouth = os.pipe()
os.set_blocking(mouth, False)
notify.through(mouth)
for state in (notify.TURNING, notify.READY):
    concurrency.spawn(notify.tell, state)
concurrency.sleep(0.05)
sys.stdout.write(os.read(ear, 100).decode())
"""


def test_two_green_threads_of_a_worker_may_tell_at_once():
    told = subprocess.run([sys.executable, "-c", _TWO_TELL], capture_output=True, text=True, check=True, timeout=60)
    assert sorted(told.stdout.split()) == ["READY=1", "TURNING=1"], told.stderr
