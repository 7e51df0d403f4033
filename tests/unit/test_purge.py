"""What is over and old enough is deleted for good, and nothing else."""

import datetime
import subprocess
import sys

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.conductor import purge
from nova_lite.db import migrations, operations, session
from nova_lite.db.base import new_id, now
from nova_lite.db.models.consoles import ConsoleToken
from nova_lite.db.models.operations import Operation, Step
from nova_lite.db.models.operators import ExternalEvent
from nova_lite.db.models.server_migrations import ServerMigration
from nova_lite.db.models.servers import Server
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.objects.states import OPERATIONS
from tests import clouds
from tests.unit.test_operations import OWNER, make_server

OLD = datetime.timedelta(days=100)


def age(model, *conditions, **moments):
    with db.writer() as writer:
        writer.execute(sa.update(model).where(*conditions).values(**{name: now() - OLD for name in moments}))


def count(model):
    with db.reader() as reader:
        return reader.scalar(sa.select(sa.func.count()).select_from(model))


def history(server, name="stop_server"):
    """One operation of a server that has ended, with a step, and a move."""
    with db.writer() as writer:
        operation_id, _ = operations.begin(writer, OWNER, server.id, OPERATIONS[name])
        row = operations.lease(writer, operation_id, "h1", "w", 10)
        operations.journal(writer, operation_id, row.attempt, "step", host="h1", seconds=10)
        operations.finish(writer, row)
        writer.execute(sa.insert(ServerMigration).values(server_id=server.id, project_id="p", user_id="u",
                                                         kind="resize", status="confirmed"))


@pytest.fixture
def servers(database):
    """(one that lives, one that was deleted 100 days ago, one deleted just now), each with history."""
    made = [make_server() for _ in range(3)]
    for each in made:
        history(each)
    with db.writer() as writer:
        writer.execute(sa.update(Server).where(Server.id != made[0].id).values(deleted_at=now()))
    age(Server, Server.id == made[1].id, deleted_at=OLD)
    return made


def test_a_server_deleted_long_ago_goes_with_all_that_is_kept_of_it(servers):
    assert purge.run(90, 365) == {"servers": 1, "operations": 0, "migrations": 0, "expired": 0}
    with db.reader() as reader:
        assert {row.id for row in reader.query(Server)} == {servers[0].id, servers[2].id}
        assert {row.resource_id for row in reader.query(Operation)} == {servers[0].id, servers[2].id}
        assert {row.server_id for row in reader.query(ServerMigration)} == {servers[0].id, servers[2].id}
    assert count(Step) == 2


def test_old_operations_of_a_server_that_lives_go_and_how_it_was_built_stays(servers):
    age(Operation, finished_at=OLD)
    age(ServerMigration, updated_at=OLD, created_at=OLD)
    with db.writer() as writer:
        writer.execute(sa.update(Operation).where(Operation.resource_id == servers[0].id).values(name="build_server"))
    assert purge.run(0, 90) == {"servers": 0, "operations": 2, "migrations": 3, "expired": 0}
    with db.reader() as reader:
        assert [row.name for row in reader.query(Operation)] == ["build_server"]


def test_an_operation_that_is_open_never_goes(servers):
    age(Operation, created_at=OLD, updated_at=OLD)
    with db.writer() as writer:
        writer.execute(sa.update(Operation).values(finished_at=None))
    purge.run(0, 1)
    assert count(Operation) == 3


def change(operation_id, resource_id, state, next_try_at=None):
    with db.writer() as writer:
        writer.execute(sa.insert(ServiceChange).values(
            id=new_id(), operation_id=operation_id, resource_id=resource_id, service="network", verb="v", arguments={},
            state=state, next_try_at=next_try_at, created_at=now() - OLD))


def states():
    with db.reader() as reader:
        return sorted(reader.execute(sa.select(ServiceChange.state)).scalars())


def test_what_a_service_has_of_a_server_that_lives_is_remembered_longer_than_its_operation(servers):
    """The row is by what it is undone when the server is deleted."""
    with db.reader() as reader:
        operation = reader.execute(sa.select(Operation).where(Operation.resource_id == servers[0].id)).scalars().one()
        operation_id = operation.id
    for state, next_try_at in (("done", None), ("undone", None), ("unwanted", now())):
        change(operation_id, servers[0].id, state, next_try_at)
    age(Operation, finished_at=OLD)
    assert purge.run(0, 90)["operations"] == 3
    assert states() == ["done", "unwanted"]


def test_a_settled_change_of_an_operation_that_never_began_goes(servers):
    for state, next_try_at in (("failed", None), ("undone", None), ("wanted", now()), ("done", None)):
        change(new_id(), servers[0].id, state, next_try_at)
    purge.run(0, 0)
    assert states() == ["done", "wanted"]


def test_an_open_migration_stays_however_old_it_is(servers):
    age(ServerMigration, updated_at=OLD, created_at=OLD)
    with db.writer() as writer:
        number = writer.scalar(sa.select(ServerMigration.id).where(ServerMigration.server_id == servers[0].id))
        writer.execute(sa.update(Server).where(Server.id == servers[0].id).values(
            vm_state="resized", migration_id=number))
    assert purge.run(0, 90)["migrations"] == 2


def test_purge_with_ages_of_zero_deletes_nothing(servers):
    age(Operation, finished_at=OLD)
    assert purge.run(0, 0) == {"servers": 0, "operations": 0, "migrations": 0, "expired": 0}


def test_the_periodic_purge_deletes_expired_tokens_and_events(servers, conf):
    with db.writer() as writer:
        writer.execute(sa.insert(ConsoleToken).values(
            digest="d", server_id=servers[0].id, protocol="vnc", created_at=now() - OLD, expires_at=now() - OLD))
        writer.execute(sa.insert(ExternalEvent).values(
            server_id=servers[0].id, name="network-changed", status="completed", received_at=now() - OLD))
    conf.set_override("purge_deleted_days", 90, "database")
    purge.look()
    assert (count(ConsoleToken), count(ExternalEvent), count(Server)) == (0, 0, 2)


def test_many_servers_go_in_transactions_of_a_hundred(database, monkeypatch):
    for _ in range(3):
        make_server()
    age(Server, deleted_at=OLD)
    monkeypatch.setattr("nova_lite.db.purge._FEW", 2)
    commits = []
    sa.event.listen(session.engine(), "commit", commits.append)
    assert purge.run(90, 0)["servers"] == 3
    assert len(commits) >= 3


def manage(place, *arguments):
    return subprocess.run([sys.executable, "-m", "nova_lite.cmd.manage", "--config-file", place, "db", "purge",
                           *arguments], cwd=clouds.ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_counts_and_purges(servers, conf, tmp_path):
    with session.engine().begin() as connection:        # as "db sync" leaves it
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{migrations.HEAD}')")
    (tmp_path / "c.conf").write_text(f"[database]\nconnection = {session.url()}\n")
    counted = manage(tmp_path / "c.conf", "--dry-run", "--deleted-days", "30")
    assert counted.stdout == "1 deleted server(s) and 0 operation(s) would be purged.\n", counted.stderr
    purged = manage(tmp_path / "c.conf", "--deleted-days", "30")
    assert purged.stdout.startswith("Purged: 1 deleted server(s), 0 operation(s)"), purged.stderr
    wrong = manage(tmp_path / "c.conf", "--deleted-days", "never")
    assert wrong.returncode == 2
    assert "a whole number from 1" in wrong.stderr
