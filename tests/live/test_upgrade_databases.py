"""A database that the first release made, with servers in it, is upgraded on PostgreSQL and MariaDB."""

import pytest

from nova_lite.db import session
from tests import upgrades


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_an_upgrade_keeps_the_servers_of_the_first_release(kind, new_database, conf):
    conf.set_override("connection", str(new_database(kind)), "database")
    session.dispose()
    try:
        upgrades.check(session.engine())
    finally:
        session.dispose()
        conf.clear_override("connection", "database")
