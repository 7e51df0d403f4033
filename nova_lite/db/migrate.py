"""Bring the database to this release's schema, or say why it cannot be."""

import contextlib
import os

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db import migrations, session


def version():
    """The database's revision; None for an empty one.  :raises Misconfigured: there is no such database."""
    with _explained(sa.exc.SQLAlchemyError, ImportError), session.engine().connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def check():
    """:raises Misconfigured: the database has not this release's schema."""
    present = version()
    if present != migrations.HEAD:
        raise exceptions.Misconfigured(
            problem=f"The database {where()} is {f'at revision {present}' if present else 'empty'}; this release's is "
                    f"{migrations.HEAD}.", remedy="Run: nova-lite-manage db sync.")


def sync():
    """Upgrade to the newest revision; one that is there already costs one query.

    :raises Misconfigured: the database is from a version that this release does not know, or cannot be used.
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
            raise exceptions.Misconfigured(
                problem=f"The database {where()} is at revision {present}, which this release does not know: "
                        "a newer release made it, or a development version from before the first release.",
                remedy="Install the version that made it or a later one, or use another state directory.") from error
    with (_explained(sa.exc.OperationalError),
          session.engine().connect().execution_options(writing=True) as connection):
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


@contextlib.contextmanager
def _explained(*errors):
    """Say in one line what is wrong with the database that is configured."""
    try:
        yield
    except errors as error:
        reason = (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]
        raise exceptions.Misconfigured(
            problem=f"The database {where()} cannot be used: {reason}.",
            remedy="Mend that, or name another: [database] connection, or [DEFAULT] state_dir for a file.") from error


def where():
    """The configured database as an operator knows it, without its password."""
    try:
        return sa.make_url(session.url()).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "that [database] connection names"       # not shown: there may be a password anywhere in it


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
