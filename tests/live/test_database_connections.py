"""Connections to a database server: what is asked often is prepared, and one that broke harms no second caller."""

import time

import pytest
import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import errors, session
from nova_lite.db.models.identity import Domain
from tests.live import databases

ALL_BUT_THIS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() " \
               "AND datname = current_database()"


@pytest.fixture(params=["postgresql", "mariadb"])
def engine(request, new_database):
    with databases.connected(CONF, new_database(request.param)) as made:
        yield made


def asked():
    with session.reader() as s:
        return s.execute(sa.text("SELECT count(*) FROM servers WHERE id = :id"), {"id": "x"}).scalar()


def test_what_readers_and_writers_ask_again_and_again_stays_prepared(new_database):
    with databases.connected(CONF, new_database("postgresql")):
        for _ in range(7):
            assert asked() == 0
            with session.writer() as s:
                s.execute(sa.text("UPDATE servers SET updated_at = now() WHERE id = :id"), {"id": "x"})
        with session.reader() as s:
            prepared = s.execute(sa.text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert sorted(each.split()[0] for each in prepared if "servers" in each) == ["SELECT", "UPDATE"]


def test_what_a_reader_changes_by_mistake_is_not_kept(engine):
    with session.reader() as s:
        s.execute(sa.text("SELECT 1"))
        s.add(Domain(id="d1", name="d1", name_key="d1"))
    with session.reader() as s:
        assert s.get(Domain, "d1") is None


def test_postgresql_lets_readers_write_nothing_and_lock_only_what_they_are_to(new_database):
    with databases.connected(CONF, new_database("postgresql")):
        for statement in ("DELETE FROM servers", "SELECT id FROM servers FOR UPDATE"):
            with pytest.raises(exceptions.DatabaseReadOnly), session.reader() as s:
                s.execute(sa.text(statement))
            with pytest.raises(exceptions.DatabaseReadOnly), session.snapshot() as s:
                s.execute(sa.text(statement))
        with session.reader(locks=True) as s:
            assert s.execute(sa.text("SELECT id FROM servers FOR UPDATE")).all() == []


def test_connections_that_the_server_ended_fail_one_caller_at_most_and_none_after_a_pause(engine, monkeypatch):
    assert asked() == 0
    _end_all_others(engine)
    monkeypatch.setattr(errors, "_FRESH", 3600.0)           # none is asked whether it is there
    with pytest.raises(exceptions.DatabaseUnavailable):
        asked()
    assert asked() == 0
    _end_all_others(engine)
    monkeypatch.setattr(errors, "_FRESH", 0.0)
    assert asked() == 0


def _end_all_others(engine):
    other = sa.create_engine(engine.url, poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(ALL_BUT_THIS))
        else:
            own = connection.execute(sa.text("SELECT connection_id()")).scalar()
            for number, in connection.execute(sa.text(
                    "SELECT id FROM information_schema.processlist WHERE db = database()")).all():
                if number != own:
                    connection.exec_driver_sql(f"KILL {number}")
    time.sleep(0.2)
