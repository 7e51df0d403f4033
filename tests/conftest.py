"""What tests of every kind share: a configuration of their own, and a database when they ask for one."""

import pytest

from nova_lite.conf import CONF


@pytest.fixture
def conf(tmp_path):
    """CONF with a state directory of this test; what a test overrides is forgotten after it."""
    CONF([], project="nova_lite", default_config_files=[])
    CONF.set_override("state_dir", str(tmp_path))
    yield CONF
    CONF.reset()
    CONF.clear_override("state_dir")


@pytest.fixture
def database(conf):
    """An empty SQLite database with every table."""
    from nova_lite.db import session
    from tests import fresh_database
    yield fresh_database.place()
    session.dispose()
