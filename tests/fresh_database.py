"""An empty SQLite database with every table where the configuration says: made once a process, then copied."""

import functools
import os
import pathlib
import tempfile

import sqlalchemy as sa

from nova_lite.db import session
from nova_lite.db.models import Base


def place():
    """The engine of a new database; that of the test before is forgotten."""
    session.dispose()
    pathlib.Path(sa.make_url(session.url()).database).write_bytes(_made())
    return session.engine()


@functools.cache
def _made():
    """The bytes of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made")
        engine = session.make_engine(f"sqlite:///{path}")
        Base.metadata.create_all(engine)
        engine.dispose()                # with the last connection goes the WAL: all is in the file
        return pathlib.Path(path).read_bytes()
