"""Bring the database to this release's schema, or say why it cannot be."""

import os

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.db import migrations, session


def version():
    """The database's revision; None for an empty one."""
    with session.engine().connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def sync():
    """Upgrade to the newest revision; one that is there already costs one query.

    :raises Misconfigured: the database is from a newer release.
    """
    present = version()
    if present == migrations.HEAD:
        return
    from alembic import command  # slow to load, and seldom needed
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    config = _config()
    if present is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(present)
        except CommandError as error:
            raise exception.Misconfigured(
                problem=f"The database {_where()} is at revision {present}, which this release does not know: "
                        "a newer release made it.",
                remedy="Install that release or a later one, or use another state directory.") from error
    with session.engine().connect().execution_options(writing=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _where():
    return session.engine().url.render_as_string(hide_password=True)


def _config():
    from alembic.config import Config
    config = Config()
    config.set_main_option("script_location", os.path.dirname(migrations.__file__))
    config.set_main_option("path_separator", "os")
    return config


def new_revision(message, revision):
    """For developers: write the migration from the models' difference to the configured database."""
    from alembic import command
    config = _config()
    with session.engine().connect() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=revision)
