"""A statement that takes long in the database stops nobody but its own thread, green or native."""

import subprocess
import sys

import pytest

from tests import on_eventlet

CODE = """
import sys
from nova_lite.common import concurrency
concurrency.start(sys.argv[1])
import sqlalchemy as sa
from nova_lite.db import session

ticks = []
ticking = concurrency.every(0.01, lambda: ticks.append(1), first=0)
engine = session.make_engine(sys.argv[2])
with engine.connect() as connection:
    connection.execute(sa.text("SELECT 1"))
    ticks.clear()
    connection.execute(sa.text(sys.argv[3]))
    assert len(ticks) > 20, f"{len(ticks)} ticks in two seconds"

def sleep(_number):
    with engine.connect() as connection:
        connection.execute(sa.text(sys.argv[3]))

import time
began = time.monotonic()
concurrency.Pool(8).map(sleep, range(8))
assert time.monotonic() - began < 12, "they waited for each other"
"""


@pytest.mark.parametrize("mode", ["eventlet", "threading"])
@pytest.mark.parametrize(("kind", "sleep"), [("postgresql", "SELECT pg_sleep(2)"), ("mariadb", "SELECT sleep(2)")])
def test_a_slow_statement_does_not_stop_the_others(new_database, mode, kind, sleep):
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", CODE, mode, new_database(kind), sleep],
                         cwd=on_eventlet.ROOT, timeout=60, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
