"""An empty SQLite database with every table where the configuration says: made once a process, then copied.

What many tests begin with is put into it once a process, too, and then copied.
"""

import contextlib
import functools
import os
import pathlib
import shutil
import sqlite3
import tempfile

import sqlalchemy as sa
from sqlalchemy import event

from nova_lite.conf import CONF
from nova_lite.db import session
from nova_lite.db.models import Base

_copies = {}        # name -> (what fill() returned, a copy of the state directory)


def place():
    """The engine of a new database; that of the test before is forgotten."""
    session.dispose()
    where = _where()
    pathlib.Path(where.database).write_bytes(_made())
    common = _engine()
    common.url = where
    session._engine = common.execution_options()        # with listeners of its own
    return session.engine()


def filled(name, fill):
    """What ``fill()`` returned, when it filled the empty database and state directory of the first test that asked.

    Each further test that asks for the same ``name`` gets a copy of both, as they were then.  On another database than
    SQLite each test's own is filled.
    """
    if _where().drivername != "sqlite":
        return fill()
    if name not in _copies:
        made, folder = fill(), tempfile.TemporaryDirectory()
        session.engine().dispose()      # with the last connection goes the WAL: all is in the file
        shutil.copytree(CONF.state_dir, folder.name, dirs_exist_ok=True)
        _copies[name] = made, folder
    else:
        session.engine().dispose()
        shutil.copytree(_copies[name][1].name, CONF.state_dir, dirs_exist_ok=True)
    return _copies[name][0]


def _where():
    return sa.make_url(session.url())


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
    """The bytes of the file, in small pages: most tables stay empty, and each has one."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made")
        with contextlib.closing(sqlite3.connect(path)) as raw:
            raw.executescript("PRAGMA page_size = 1024; VACUUM")
        engine = session.make_engine(f"sqlite:///{path}")
        Base.metadata.create_all(engine)
        engine.dispose()                # with the last connection goes the WAL: all is in the file
        return pathlib.Path(path).read_bytes()
