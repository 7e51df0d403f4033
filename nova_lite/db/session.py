"""Engines and sessions: SQLite with WAL and BEGIN IMMEDIATE, PostgreSQL by psycopg 3, MariaDB by PyMySQL."""

import contextlib
import os
import stat
import threading

import orjson
import sqlalchemy as sa
from sqlalchemy import event, orm

from nova_lite.common import clock, failpoints, retry, unit_of_work, write_check
from nova_lite.conf import CONF
from nova_lite.db import errors

_engine = None
_engine_lock = threading.Lock()
#: One writer a process on SQLite: a green thread that waits inside another's transaction would block the whole loop.
_sqlite_writer = threading.RLock()
_PREPARED = 300         # statements a connection to PostgreSQL keeps prepared, more than a service has


def url():
    """The configured database URL; unset, a file in the state directory."""
    return CONF.database.connection or "sqlite:///" + os.path.join(CONF.state_dir, "nova_lite.sqlite")


def engine():
    """This process's engine, made at first use."""
    global _engine
    if _engine is None:
        with _engine_lock:
            if _engine is None:
                _engine = make_engine(url())
                errors.read_clock(_engine)
    return _engine


def dispose():
    """Close every connection; the next use makes a new engine (after a fork, between tests)."""
    global _engine
    if _engine is not None:
        _engine.dispose()
        _engine = None
        clock.forget()


def make_engine(address):
    """An engine for ``address`` with nova_lite's pragmas, time limits and JSON codec."""
    parsed = sa.make_url(address)
    # What a statement was given stands in no error, and so in no log: it may be a secret.
    options = {"json_serializer": lambda value: orjson.dumps(value).decode(), "json_deserializer": orjson.loads,
               "hide_parameters": True}
    if parsed.get_backend_name() == "sqlite":
        made = sa.create_engine(parsed, connect_args={"check_same_thread": False}, **options)
        _tune_sqlite(made)
        return made
    timeout = CONF.database.statement_timeout
    if parsed.get_backend_name() == "postgresql":
        # What a process that hangs in the middle of a transaction has locked is free after the same time.
        limits = f"-c statement_timeout={timeout * 1000} -c idle_in_transaction_session_timeout={timeout * 1000}"
        connect = {"options": f"{limits} -c timezone=UTC", "connect_timeout": 10,
                   "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
                   "tcp_user_timeout": timeout * 1000}
    else:
        connect = {"connect_timeout": 10, "read_timeout": timeout, "write_timeout": timeout, "charset": "utf8mb4",
                   "init_command": "SET SESSION sql_mode='STRICT_ALL_TABLES', time_zone='+00:00', "
                                   f"max_statement_time={timeout}, idle_transaction_timeout={timeout}"}
        options["isolation_level"] = "READ COMMITTED"
    made = sa.create_engine(parsed, pool_size=CONF.database.pool_size, max_overflow=CONF.database.max_overflow,
                            pool_use_lifo=True, connect_args=connect, **options)
    errors.ping_when_idle(made)
    if parsed.get_backend_name() == "postgresql":
        errors.bound_postgresql(made, timeout + 2)        # later than the server's own limit
        _prepare_statements(made)
    return made


def _tune_sqlite(made):
    @event.listens_for(made, "connect")
    def connect(raw, _record):
        _keep_private(raw)
        raw.isolation_level = None          # the driver must not begin by itself: "begin" below does
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def begin(connection):
        options = connection.get_execution_options()
        if options.get("writing"):
            _sync(connection, "NORMAL" if options.get("relaxed") else "FULL")
            errors.begin_immediate(connection, CONF.database.sqlite_busy_timeout)
        else:
            errors.begin_reading(connection)


def _prepare_statements(made):
    """Let psycopg keep what this service asks again and again prepared in the server, which then plans it once."""
    @event.listens_for(made, "connect")
    def connect(raw, _record):
        raw.prepared_max = _PREPARED


def _keep_private(raw):
    """Let only its owner and group read a database, and what SQLite wrote beside it; what it will write follows."""
    raw.execute("PRAGMA schema_version")                # raises for what is no database, and not ours to change
    (_, _, path), = raw.execute("PRAGMA database_list")
    for each in (path, f"{path}-wal", f"{path}-shm") if path else ():
        with contextlib.suppress(FileNotFoundError, PermissionError):       # somebody else's, who let us in
            mode = os.stat(each).st_mode
            if mode & 0o007:
                os.chmod(each, stat.S_IMODE(mode) & 0o760)


def _sync(connection, level):
    """FULL: a commit is on disk when it returns, and with it all before it.  NORMAL: with the next that is FULL."""
    if connection.info.get("synchronous", "FULL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level


def reader(locks=False):
    """A session to read with: one consistent view, of which nothing is kept at the end.

    Within an open transaction, or a unit of work that has written, that is its session, which sees what was written.

    :param locks: whether it locks rows until its end.
    """
    session = unit_of_work.transaction()
    if session is not None:
        return contextlib.nullcontext(session)
    unit = unit_of_work.current()
    return _open(_reading(engine(), locks)) if unit is None or unit.session is None else unit.joined()


def before_commit(session, act):
    """Call ``act(session)`` as the last thing that ``session``, a writer's, writes before it commits."""
    session.info.setdefault("before_commit", []).append(act)


def afterwards(session, act):
    """Call ``act()`` when all that ``session``, a writer's, writes is committed; never, if it is not."""
    session.info.setdefault("afterwards", []).append(act)


def writer(relaxed=False):
    """A session whose transaction commits when the block ends, and rolls back when it raises.

    Within a unit of work, or another writer's block, the block is a part of that transaction.

    :param relaxed: a power cut may undo it (SQLite need not wait for the disk): for what nobody was promised and what
        is written again, like signs of life and the steps of a journal.
    :raises RuntimeError: what may not be lost would be a part of a transaction that may.
    """
    session = unit_of_work.transaction()
    if session is not None and "relaxed" in session.info:
        if session.info["relaxed"] and not relaxed:
            raise RuntimeError("a transaction that a power cut may undo was to keep what it may not")
        return contextlib.nullcontext(session)
    unit = unit_of_work.current()
    return _open(_writer(relaxed)) if unit is None else unit.joined(_writer)


def snapshot():
    """A session to read with whose statements all see one moment, on every database; ``reader``'s do on SQLite only."""
    made = engine()
    if made.dialect.name != "sqlite":
        made = made.execution_options(isolation_level="REPEATABLE READ")
    return _open(_reading(made))


@contextlib.contextmanager
def _reading(made, locks=False):
    with (errors.translated(), made.connect() as connection, _to_read(connection, locks),
          orm.Session(bind=connection, autoflush=False) as session):
        yield session


def _to_read(connection, locks):
    """The transaction of a reader, which PostgreSQL itself lets change nothing, unless it is to lock rows.

    It commits there, for psycopg forgets all that is prepared when it rolls back; the session only rolls back.
    """
    if connection.dialect.name != "postgresql":
        return contextlib.nullcontext()
    if not locks:
        connection.execution_options(postgresql_readonly=True)
    return connection.begin()


@contextlib.contextmanager
def _open(transaction):
    """A block within ``transaction``, which those that are opened in it join."""
    with transaction as session, unit_of_work.within(session):
        yield session


@contextlib.contextmanager
def _writer(relaxed=False):
    made = engine()
    lock = _sqlite_writer if made.dialect.name == "sqlite" else contextlib.nullcontext()
    with errors.translated(), lock, made.connect().execution_options(writing=True, relaxed=relaxed) as connection:
        with orm.Session(bind=connection, expire_on_commit=False, info={"relaxed": relaxed}) as session:
            if not relaxed:
                write_check.run(session)
            yield session
            session.flush()
            for act in session.info.get("before_commit", ()):
                act(session)
            if failpoints.watching:
                failpoints.passing(session, "before_commit")
            with errors.committing():
                session.commit()
            retry.outside()
    if failpoints.watching:
        failpoints.passing(session, "after_commit")
    for act in session.info.get("afterwards", ()):
        act()
