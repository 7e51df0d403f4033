"""How long a database is waited for, and which exception callers get when it is away, busy or silent.

Whatever the reason, a caller gets one of two answers within a bounded time: DatabaseUnavailable - nothing was changed,
ask again - or, where a COMMIT was sent and never answered, OutcomeUnknown - look before you do it again.
"""

import contextlib
import logging
import re
import sqlite3
import time

import sqlalchemy as sa
from sqlalchemy import event

from nova_lite.common import clock, concurrency, exceptions

LOG = logging.getLogger(__name__)

#: Of the errors that the drivers of SQLite and MariaDB call operational, those that the next try may not meet.
_SQLITE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR,
           sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL}
_MARIADB = {1040, 1041, 1053, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1927, 1969, 2002, 2003, 2006, 2013, 2055}
#: What a driver's error says, as ``_code`` reads it: SQLite's code, MariaDB's number or PostgreSQL's SQLSTATE.
_KINDS = {exceptions.DatabaseFull: {"sqlite": {sqlite3.SQLITE_FULL}, "mysql": {1021, 1114}, "postgresql": {"53100"}},
          exceptions.DatabaseReadOnly: {"sqlite": {sqlite3.SQLITE_READONLY}, "mysql": {1290, 1792, 1836},
                                       "postgresql": {"25006"}},
          exceptions.TooLargeNumber: {"mysql": {1264, 1690}, "postgresql": {"22003"}},
          exceptions.TooLongText: {"mysql": {1406}, "postgresql": {"22001"}}}
#: MariaDB's and SQLite's words for a full disk where the code only says that a file cannot be written.
_NO_SPACE = re.compile(r"Errcode: 28\b|No space left on device|database or disk is full")
#: A deadlock's victim, in MariaDB's words and in PostgreSQL's: deadlock_detected, serialization_failure.
_DEADLOCK = {1213, "40P01", "40001"}
_FRESH = 1.0        # seconds since its last use in which a connection is taken to be there
_GLANCE = 0.01      # seconds between the first tries for SQLite's write lock; then longer and longer


@contextlib.contextmanager
def translated():
    """Say DatabaseUnavailable where the database is away, busy, or gave up on this transaction.

    :raises DatabaseFull, DatabaseReadOnly: it can be read, and not written.
    :raises TooLargeNumber, TooLongText: what was to be kept does not go into its column.
    """
    try:
        yield
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        cause, kind = _refusal(error)
        if kind is not None:
            reason = _first_line(cause)
            LOG.warning("%s (%s: %s)", kind.template, reason, _line(getattr(cause, "statement", "")))
            raise kind(reason=reason) from error
        victim = _undone_by_deadlock(error)
        if victim is None and not is_transient(error):
            raise
        error = victim or error
        reason = _first_line(error)
        LOG.warning("The database is away or busy: %s (%s)", _whole(error), _line(getattr(error, "statement", "")))
        kind = exceptions.DatabaseUnavailable if victim is None else exceptions.DeadlockVictim
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
        raise exceptions.OutcomeUnknown(reason=reason) from error


def _refusal(error):
    """``error`` or one that led to it, and the exception for what it says; (None, None).

    SQLite that is full undoes the whole transaction: the next error is that a savepoint is missing.
    """
    while error is not None:
        kind = _kind(error)
        if kind is not None:
            return error, kind
        error = error.__context__
    return None, None


def _kind(error):
    """The exception for what the database's error says by its code; None: something else."""
    original = getattr(error, "orig", None)
    if original is None:
        return None
    backend, code = _code(original)
    for kind, codes in _KINDS.items():
        if code in codes.get(backend, ()):
            return kind
    return exceptions.DatabaseFull if code is not None and _NO_SPACE.search(str(original)) else None


def _code(original):
    """("sqlite", "mysql" or "postgresql", the code of a driver's error)"""
    if isinstance(original, sqlite3.Error):
        return "sqlite", getattr(original, "sqlite_errorcode", 0) & 0xff
    if type(original).__module__.startswith("pymysql"):
        return "mysql", next(iter(original.args), None)
    return "postgresql", getattr(original, "sqlstate", None)


def is_transient(error):
    """Whether ``error`` is about the database's state and not of a mistake in what it was asked."""
    if isinstance(error, sa.exc.TimeoutError) or error.connection_invalidated:
        return True
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return False
    backend, code = _code(error.orig)
    if backend == "sqlite":
        return code in _SQLITE
    if backend == "mysql":
        return code is None or code in _MARIADB or code == 0
    return True         # PostgreSQL's class of operational errors: connections, resources, deadlocks, cancelled


def _undone_by_deadlock(error):
    """The error that says so, ``error`` or one that led to it; None.

    MariaDB undoes the whole transaction, its savepoints too: the next error is that one to go back to is missing.
    """
    while error is not None:
        original = getattr(error, "orig", None)
        code = original is not None and (getattr(original, "sqlstate", None) or next(iter(original.args), None))
        if code in _DEADLOCK:
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
            if not is_transient(error) or time.monotonic() + pause > end:
                raise
        concurrency.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def begin_reading(connection):
    """Begin a transaction that reads; readers wait for nobody but another connection's first or last moment."""
    _busy_timeout(connection, 1000)
    raw(connection, "BEGIN")


def _busy_timeout(connection, milliseconds):
    if connection.info.get("busy_timeout") != milliseconds:
        raw(connection, f"PRAGMA busy_timeout={milliseconds}")
        connection.info["busy_timeout"] = milliseconds


def raw(connection, statement):
    """Run on SQLite what touches no file and cannot fail, past SQLAlchemy: each transaction begins so."""
    connection.connection.dbapi_connection.execute(statement)


# ---- servers: a connection of the pool may be one to a server that has restarted since

def ping_when_idle(engine):
    """Ask the server with each connection that was not used for a second, whether it is still there.

    One that broke within that second fails with its first statement, and the pool drops all others that are older.
    """
    def used(_raw, record):
        record.info["used"] = time.monotonic()

    event.listen(engine, "connect", used)
    event.listen(engine, "checkin", used)

    @event.listens_for(engine, "checkout")
    def ping(raw, record, _fairy):
        if time.monotonic() - record.info["used"] > _FRESH:
            try:
                engine.dialect.do_ping(raw)
            except engine.dialect.loaded_dbapi.Error:
                raise sa.exc.InvalidatePoolError from None


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
