"""The watchdog is notified while a process lives, and only then; consumers that hang are detected."""

import socket
import subprocess
import sys

import pytest

from nova_lite.cmd import liveness, notify
from nova_lite.common import concurrency, exceptions


class Bus:
    """An rpc.Server whose ping ends as its ``error`` says."""

    error = None

    def ping(self, _timeout):
        if self.error is not None:
            raise self.error


@pytest.fixture
def init_system(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def received(init_system):
    try:
        return init_system.recv(100).decode()
    except BlockingIOError:
        return None


def test_a_process_with_pings_and_a_database_that_answers_is_alive(database, init_system):
    watch = liveness.Liveness([Bus(), Bus()], database=True)
    watch.look()
    assert received(init_system) == "WATCHDOG=1" and not watch.consumers_hang


def test_three_lost_pings_stop_signs_of_life_and_mark_its_consumers_as_hung(init_system, monkeypatch):
    monkeypatch.setattr(liveness, "GRACE", 0)
    bus = Bus()
    bus.error = exceptions.NoAnswer(method="ping", address="compute.h1")
    watch = liveness.Liveness([Bus(), bus], database=False)
    for expected in (False, False, True):
        watch.look()
        assert watch.consumers_hang is expected and received(init_system) is None


def test_lost_pings_right_after_an_outage_do_not_mark_its_consumers_as_hung(init_system):
    bus = Bus()
    bus.error = exceptions.NoAnswer(method="ping", address="compute.h1")
    watch = liveness.Liveness([bus], database=False)
    for _ in range(liveness.HUNG_AFTER + 1):
        watch.look()
    assert not watch.consumers_hang and received(init_system) is None


def test_a_ping_that_arrives_again_resets_the_count_of_lost_ones(init_system):
    bus = Bus()
    watch = liveness.Liveness([bus], database=False)
    for _ in range(2):
        bus.error = exceptions.NoAnswer(method="ping", address="compute.h1")
        watch.look()
        watch.look()
        bus.error = None
        watch.look()
        assert received(init_system) == "WATCHDOG=1" and not watch.consumers_hang


def test_a_broker_that_is_away_is_no_fault_of_the_process(init_system):
    bus = Bus()
    bus.error = exceptions.BusUnavailable(reason="connection refused")
    watch = liveness.Liveness([bus], database=False)
    for _ in range(5):
        watch.look()
        assert received(init_system) == "WATCHDOG=1"
    assert not watch.consumers_hang


def test_a_database_that_is_away_is_no_fault_of_the_process(conf, init_system, monkeypatch):
    conf.set_override("connection", "postgresql+psycopg://nobody@127.0.0.1:1/none", group="database")
    from nova_lite.db import session
    session.dispose()
    liveness.Liveness([], database=True).look()
    session.dispose()
    assert received(init_system) == "WATCHDOG=1"


def test_a_database_that_neither_answers_nor_fails_stops_the_signs_of_life(init_system, monkeypatch):
    monkeypatch.setattr(liveness, "ANSWER", 0.1)
    monkeypatch.setattr(liveness, "_ask", lambda: concurrency.sleep(0.5))
    liveness.Liveness([], database=True).look()
    assert received(init_system) is None


def test_notify_without_a_listener_does_nothing(monkeypatch, tmp_path):
    for address in ("", str(tmp_path / "none"), "@none-such", "nonsense"):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify.send(notify.READY)


@pytest.mark.parametrize(("usec", "pid", "seconds"), [("30000000", None, 30), ("30000000", "1", None), ("", None, None),
                                                      ("x", None, None), ("0", None, None)])
def test_the_watchdog_interval_is_read_from_the_environment(monkeypatch, usec, pid, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if pid is not None:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    assert notify.watchdog_seconds() == seconds


_TWO_NOTIFY = """
import os, sys
from nova_lite.cmd import notify
from nova_lite.common import concurrency
concurrency.start("eventlet")
reader, writer = os.pipe()
os.set_blocking(writer, False)
notify.through(writer)
for state in (notify.TURNING, notify.READY):
    concurrency.spawn(notify.send, state)
concurrency.sleep(0.05)
sys.stdout.write(os.read(reader, 100).decode())
"""


@pytest.mark.slow
def test_two_green_threads_of_a_worker_may_notify_at_once():
    done = subprocess.run([sys.executable, "-c", _TWO_NOTIFY], capture_output=True, text=True, check=True, timeout=300)
    assert sorted(done.stdout.split()) == ["READY=1", "TURNING=1"], done.stderr
