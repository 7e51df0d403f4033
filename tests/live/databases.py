"""Databases that tests of races run on, SQLite and servers of the tests' own, and the races."""

import contextlib
import threading
import time

import sqlalchemy as sa

from nova_lite.db import session
from nova_lite.db.models import Base
from nova_lite.db.models.default_security_group_rules import DefaultSecurityGroupRule, fill
from tests import backends


class Databases:
    """Makes empty databases; a server of each kind is started when the first one on it is asked for."""

    def __init__(self, new_directory, stack):
        self._new_directory = new_directory
        self._stack = stack
        self._servers = {}

    def new(self, kind):
        """The URL of an empty database; ``kind`` is sqlite, postgresql or mariadb."""
        if kind == "sqlite":
            return f"sqlite:///{self._new_directory('sqlite')}/test.sqlite"
        if kind not in self._servers:
            server = getattr(backends, kind)(self._new_directory(kind))
            self._servers[kind] = self._stack.enter_context(server)
        return backends.own_database(self._servers[kind])


@contextlib.contextmanager
def connected(conf, url):
    """This process uses that database, with every table as a new database has it, while the block lasts."""
    conf.set_override("connection", str(url), "database")
    session.dispose()
    Base.metadata.create_all(session.engine())
    empty()
    try:
        yield session.engine()
    finally:
        session.dispose()
        conf.clear_override("connection", "database")


def empty():
    """Delete every row but what a new database has."""
    with session.engine().begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        fill(DefaultSecurityGroupRule.__table__, connection)


#: How many transactions wait for a row.  SQLite has none: a writer waits before it begins.
_WAITING = {"postgresql": "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
            "mysql": "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"}


def until_waiting(number):
    """Return when ``number`` transactions wait for a row that another one holds; on SQLite at once."""
    question = _WAITING.get(session.engine().dialect.name)
    end = time.monotonic() + 30
    while question:
        with session.engine().connect() as connection:
            if connection.execute(sa.text(question)).scalar_one() >= number:
                return
        assert time.monotonic() < end, "nobody waits for a row"
        time.sleep(0.2)         # MariaDB looks anew only if nobody asked for 0.1 s


def at_once(calls):
    """Results, or the errors that were raised, of all calls started together."""
    gate, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        gate.wait(30)
        try:
            results[index] = call()
        except Exception as error:
            results[index] = error
    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return results
