"""A database that is away, busy or silent raises our exceptions; a mistake of ours is not mistaken for one."""

import sqlite3
import threading
import time

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import clock, exceptions
from nova_lite.db import errors


@pytest.fixture
def other(database, conf):
    """Another process's connection, with a short timeout on our side."""
    conf.set_override("sqlite_busy_timeout", 1, group="database")
    connection = sqlite3.connect(f"{conf.state_dir}/nova_lite.sqlite", isolation_level=None)
    yield connection
    connection.close()


def write():
    with db.writer() as session:
        session.execute(sa.text("DELETE FROM drifts"))


@pytest.mark.slow
def test_a_lock_of_another_process_is_waited_for_and_then_raises_unavailable(other):
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(exceptions.DatabaseUnavailable) as caught:
        write()
    assert 0.5 < time.monotonic() - began < 30
    assert (caught.value.status, caught.value.retry_after) == (503, 5)
    with db.reader() as session:        # readers wait for no writer
        session.execute(sa.text("SELECT count(*) FROM drifts"))
    other.execute("ROLLBACK")
    write()


def test_a_lock_that_is_given_back_in_time_costs_only_time(other):
    other.execute("BEGIN IMMEDIATE")
    writing = threading.Thread(target=write)
    writing.start()
    time.sleep(0.3)
    assert writing.is_alive()
    other.execute("ROLLBACK")
    writing.join(60)
    assert not writing.is_alive()


def test_programming_errors_of_statements_are_not_translated(database):
    with pytest.raises(sa.exc.OperationalError), db.writer() as session:
        session.execute(sa.text("DELETE FROM no_such_table"))


def lost(error=None):
    return sa.exc.OperationalError("COMMIT", None, error or OSError("gone"), connection_invalidated=True)


def test_a_commit_without_an_answer_raises_outcome_unknown():
    with pytest.raises(exceptions.OutcomeUnknown) as caught, errors.committing():
        raise lost()
    assert caught.value.retry_after is None, "a client that repeats by itself might do it twice"
    assert caught.value.status == 503


@pytest.mark.parametrize("error", [lost(), sa.exc.TimeoutError("no connection is free")])
def test_lost_connections_and_a_full_pool_raise_unavailable(error):
    with pytest.raises(exceptions.DatabaseUnavailable), errors.translated():
        raise error


def test_the_databases_clock_is_counted_on(monkeypatch):
    import datetime
    moment = datetime.datetime(2030, 1, 1)
    try:
        clock.read(moment, time.monotonic())
        assert 0 <= (clock.now() - moment).total_seconds() < 5
        monkeypatch.setattr(time, "time", lambda: 0.0)
        assert 0 <= (clock.now() - moment).total_seconds() < 5
        assert clock.ClockSteps().seconds() == 0.0
    finally:
        clock.forget()


def test_a_step_of_the_time_of_day_is_reported_once(monkeypatch):
    steps = clock.ClockSteps()
    assert steps.seconds() == 0.0
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    assert steps.seconds() == pytest.approx(3600, abs=1)
    assert steps.seconds() == 0.0
    monkeypatch.setattr(time, "time", real)
    assert steps.seconds() == pytest.approx(-3600, abs=1)


def test_errors_do_not_show_the_parameters_of_a_statement(database):
    with pytest.raises(sa.exc.OperationalError) as caught, db.writer() as session:
        session.execute(sa.text("DELETE FROM no_such_table WHERE user_data = :given"), {"given": "hunter2"})
    assert "no_such_table" in str(caught.value) and "hunter2" not in str(caught.value)
