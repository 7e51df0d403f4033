"""What is on disk when a commit returns: SQLite waits for the disk where something was promised."""

import os

import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import unit_of_work

NORMAL, FULL = 1, 2         # what SQLite's PRAGMA synchronous answers


def level(session):
    return session.execute(sa.text("PRAGMA synchronous")).scalar()


def test_a_commit_waits_for_the_disk_unless_nobody_was_promised_anything(database):
    for relaxed, expected in ((False, FULL), (True, NORMAL), (False, FULL), (True, NORMAL)):
        with db.writer(relaxed) as session:
            assert level(session) == expected


def test_a_unit_of_work_waits_for_the_disk_whatever_its_parts_ask(database):
    with unit_of_work.begin(), db.writer(relaxed=True) as session:
        assert level(session) == FULL
    with db.writer(relaxed=True):
        pass
    with unit_of_work.begin(), db.writer() as session:
        assert level(session) == FULL


def test_a_database_is_for_its_owner_alone(database, conf):
    with db.writer() as session:
        session.execute(sa.text("CREATE TABLE t (id INTEGER)"))
        path = database.url.database
        assert {name: os.stat(path + name).st_mode & 0o777 for name in ("", "-wal", "-shm")} == dict.fromkeys(
            ("", "-wal", "-shm"), 0o640)
