"""The migrations make the tables that the models describe, from an empty database and from one with servers in it."""

import hashlib

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import mysql, postgresql, sqlite

from nova_lite.common import exceptions
from nova_lite.db import migrate, migrations, session
from nova_lite.db.migrations import first
from nova_lite.db.models import Base
from tests import schemas, upgrades

#: SHA-256 of the first schema's DDL, as it was when it was frozen.
FROZEN = "bf596299b641dad4b1aedd182735abbdba3ac7b2fafc199b21f117f741039aa4"


def ddl(metadata):
    """The CREATE statements of all tables and indexes, as the three databases get them."""
    return "\n".join(
        str(statement.compile(dialect=dialect)).strip()
        for dialect in (sqlite.dialect(), postgresql.dialect(), mysql.dialect())
        for table in metadata.sorted_tables
        for statement in (sa.schema.CreateTable(table),
                          *map(sa.schema.CreateIndex, sorted(table.indexes, key=lambda each: each.name))))


@pytest.fixture
def empty(tmp_path, conf):
    conf.set_override("connection", f"sqlite:///{tmp_path}/empty.sqlite", "database")
    session.dispose()
    yield session.engine()
    session.dispose()


def test_the_head_is_the_newest_revision():
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_migrations_make_the_tables_of_the_models(empty, tmp_path):
    """A model that changed needs the same change in a new migration."""
    migrate.sync()
    models = session.make_engine(f"sqlite:///{tmp_path}/models.sqlite")
    Base.metadata.create_all(models)
    assert schemas.described(empty) == schemas.described(models)
    models.dispose()


@pytest.mark.slow
def test_an_upgrade_keeps_the_servers_of_the_first_release(empty):
    """On PostgreSQL and MariaDB as well: tests/live/test_upgrade_databases.py."""
    upgrades.check(empty)


def test_a_database_of_an_unknown_revision_is_refused_and_left_alone(empty):
    migrate.sync()
    before = schemas.described(empty)
    with empty.connect().execution_options(writing=True) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        connection.commit()
    for refused in (migrate.sync, migrate.check):
        with pytest.raises(exceptions.Misconfigured, match="at revision 0001"):
            refused()
    assert schemas.described(empty) == before


def test_the_first_schema_is_frozen():
    """Whoever changes a table writes a new revision; databases that the first one made are in use."""
    assert hashlib.sha256(ddl(first.METADATA).encode()).hexdigest() == FROZEN
