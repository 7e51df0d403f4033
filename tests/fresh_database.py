"""An empty SQLite database with every table where the configuration says: made once a process, then copied."""

import functools
import os
import pathlib
import tempfile

import sqlalchemy as sa
from sqlalchemy import event

from nova_lite.db import session
from nova_lite.db.models import Base


def place():
    """The engine of a new database; that of the test before is forgotten."""
    session.dispose()
    where = sa.make_url(session.url())
    pathlib.Path(where.database).write_bytes(_made())
    common = _engine()
    common.url = where
    session._engine = common.execution_options()        # with listeners of its own
    return session.engine()


@functools.cache
def _engine():
    """What opens them all, so that each statement is compiled once a process and not once a test."""
    made = session.make_engine("sqlite:////nowhere")

    @event.listens_for(made, "do_connect")
    def connect(_dialect, _record, arguments, _options):
        arguments[0] = made.url.database
    return made


@functools.cache
def _made():
    """The bytes of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made")
        engine = session.make_engine(f"sqlite:///{path}")
        Base.metadata.create_all(engine)
        engine.dispose()                # with the last connection goes the WAL: all is in the file
        return pathlib.Path(path).read_bytes()
