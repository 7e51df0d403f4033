"""How long a database is waited for, and how one that is away, busy or silent is told to callers.

Whatever the reason, a caller gets one of two answers within a bounded time: DatabaseUnavailable - nothing was changed,
ask again - or, where a COMMIT was sent and never answered, OutcomeUnknown - look before you do it again.
"""

import contextlib
import logging
import sqlite3
import time

import sqlalchemy as sa
from sqlalchemy import event

from nova_lite.common import clock, concurrency, exception

LOG = logging.getLogger(__name__)

#: Of the errors that the drivers of SQLite and MariaDB call operational, those that the next try may not meet.
_SQLITE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
           sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL}
_MARIADB = {1021, 1040, 1041, 1053, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1290, 1836, 1927, 1969, 2002, 2003, 2006,
            2013, 2055}
#: A deadlock's victim, in MariaDB's words and in PostgreSQL's: deadlock_detected, serialization_failure.
_DEADLOCK = {1213, "40P01", "40001"}
_GLANCE = 0.01      # seconds between the first tries for SQLite's write lock; then longer and longer


@contextlib.contextmanager
def told():
    """Say DatabaseUnavailable where the database is away, full, busy, or gave up on this transaction."""
    try:
        yield
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        victim = _undone_by_deadlock(error)
        if victim is None and not passing(error):
            raise
        error = victim or error
        reason = _first_line(error)
        LOG.warning("The database is away or busy: %s (%s)", _whole(error), _line(getattr(error, "statement", "")))
        kind = exception.DatabaseUnavailable if victim is None else exception.DeadlockVictim
        raise kind(reason=reason) from error


@contextlib.contextmanager
def committing():
    """Around a COMMIT: one that is sent and not answered may have been done.  :raises OutcomeUnknown:"""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not error.connection_invalidated:
            raise
        reason = _first_line(error)
        LOG.warning("The database did not say whether it committed: %s", reason)
        raise exception.OutcomeUnknown(reason=reason) from error


def passing(error):
    """Whether ``error`` tells of the database's state and not of a mistake in what it was asked."""
    if isinstance(error, sa.exc.TimeoutError) or error.connection_invalidated:
        return True
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return False
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & 0xff in _SQLITE
    if type(original).__module__.startswith("pymysql"):
        return not original.args or original.args[0] in _MARIADB or original.args[0] == 0
    return True         # PostgreSQL's class of operational errors: connections, resources, deadlocks, cancelled


def _undone_by_deadlock(error):
    """The error that told so, ``error`` or one that led to it; None.

    MariaDB undoes the whole transaction, its savepoints too: the next error is that one to go back to is missing.
    """
    while error is not None:
        original = getattr(error, "orig", None)
        told = original is not None and (getattr(original, "sqlstate", None) or next(iter(original.args), None))
        if told in _DEADLOCK:
            return error
        error = error.__context__
    return None


def _first_line(error):
    return (str(getattr(error, "orig", None) or error).splitlines() or [""])[0]


def _whole(error):
    """All that the database said, such as who waited for whom."""
    return _line(str(getattr(error, "orig", None) or error))


def _line(text):
    return " ".join((text or "nothing was asked").split())[:1000]


# ---- SQLite: another process may hold the write lock, and waiting in C would stop every green thread

def begin_immediate(connection, seconds):
    """Take SQLite's write lock, letting others run while another process has it for at most ``seconds``."""
    end, pause = time.monotonic() + seconds, _GLANCE
    _busy_timeout(connection, 0)
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except sa.exc.OperationalError as error:
            if not passing(error) or time.monotonic() + pause > end:
                raise
        concurrency.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def begin_reading(connection):
    """Begin a transaction that reads; readers wait for nobody but another connection's first or last moment."""
    _busy_timeout(connection, 1000)
    bare(connection, "BEGIN")


def _busy_timeout(connection, milliseconds):
    if connection.info.get("busy_timeout") != milliseconds:
        bare(connection, f"PRAGMA busy_timeout={milliseconds}")
        connection.info["busy_timeout"] = milliseconds


def bare(connection, statement):
    """Tell SQLite what touches no file and cannot fail, past SQLAlchemy: each transaction begins so."""
    connection.connection.dbapi_connection.execute(statement)


# ---- PostgreSQL: the server's own time limit helps only while the server, and the way to it, work

def bound_postgresql(engine, seconds):
    """Let no statement wait longer than ``seconds`` for a server that took it and says nothing."""
    kind = _bounded_connection(seconds)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect, _record, arguments, options):
        return kind.connect(*arguments, **options)


def _bounded_connection(seconds):
    import psycopg

    class Bounded(psycopg.Connection):
        def wait(self, gen, *arguments, **options):
            return super().wait(self._ending(gen, time.monotonic() + seconds), *arguments, **options)

        def _ending(self, gen, end):
            """``gen``, ended at ``end``: it is asked again at least every tenth of a second."""
            ready = None
            while True:
                try:
                    wanted = gen.send(ready)
                except StopIteration as done:
                    return done.value
                ready = yield wanted
                if not ready and time.monotonic() > end:
                    self.pgconn.finish()        # nothing more can come of it; the pool sees that it is closed
                    raise psycopg.OperationalError(f"no answer within {seconds} s")

    return Bounded


# ---- the database's clock

#: Dialect -> what its server's clock says, UTC without a zone.  SQLite has no server.
CLOCKS = {"postgresql": "SELECT clock_timestamp() AT TIME ZONE 'UTC'", "mysql": "SELECT UTC_TIMESTAMP(6)",
          "mariadb": "SELECT UTC_TIMESTAMP(6)"}


def read_clock(engine):
    """Read the server's clock with each new connection of ``engine``."""
    question = CLOCKS.get(engine.dialect.name)
    if question is None:
        return

    @event.listens_for(engine, "connect")
    def connect(raw, _record):
        asked_at = time.monotonic()
        with contextlib.closing(raw.cursor()) as cursor:
            cursor.execute(question)
            clock.read(cursor.fetchone()[0], asked_at)
        raw.rollback()
