"""What tests of every kind share: a configuration of their own, and a database when they ask for one."""

import gc
import os

import pytest

from nova_lite.conf import CONF


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: starts processes, or takes a second; tools/test.sh runs it with the "
                                       "flow tests instead of in the everyday loop")
    config.addinivalue_line("markers", "both_modes: waits or is called back, so that every run tries it on native and "
                                       "on green threads; what is not marked may be tried on both in a full run only")


def pytest_collection():
    """Thousands of collected tests stay until the end; the garbage collector need not walk them again and again."""
    gc.disable()


def pytest_collection_finish():
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture
def conf(tmp_path):
    """CONF with a state directory of this test; what a test overrides is forgotten after it."""
    CONF([], project="nova_lite", default_config_files=[])
    CONF.set_override("state_dir", str(tmp_path))
    CONF.set_override("plane", "fake", "network")       # which does all of the network API
    yield CONF
    CONF.reset()
    CONF.clear_override("state_dir")
    CONF.clear_override("plane", "network")


@pytest.fixture
def database(conf):
    """An empty SQLite database with every table."""
    from nova_lite.db import session
    from tests import fresh_database
    yield fresh_database.place()
    session.dispose()


@pytest.fixture(autouse=True)
def umask():
    """Reading the configuration as a service does narrows it for the whole process; the next test has its own again."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
