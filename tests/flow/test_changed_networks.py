"""What is changed of networks is in force on hosts soon, whatever became of messages, in a whole cloud of processes."""

import contextlib

import pytest
import sqlalchemy as sa

from nova_lite.db.models.desired_state import Applied, Scope
from tests import clouds

SUBNETS = "/network/v2.0/subnets"
#: Seconds between two reports of a host, which would bring what no message brought.
REPORTS = 60
_APPLIED, _SCOPES = Applied.__table__, Scope.__table__


@pytest.fixture
def own(layout, tmp_path):
    """A cloud that the test may kill, with one server."""
    options = f"[operations]\nreport_interval = {REPORTS}\nservice_down_time = {4 * REPORTS}\n"
    made = clouds.Cloud(layout(options=options), tmp_path)
    try:
        made.start().boot()
        yield made
    finally:
        made.stop()


def in_force(cloud):
    """Whether every scope that a host follows is in force in its newest revision; how many they are."""
    engine = sa.create_engine(cloud.database)
    with contextlib.closing(engine.connect()) as connection:
        rows = connection.execute(sa.select(_APPLIED.c.revision, _APPLIED.c.error, _SCOPES.c.revision).join(
            _SCOPES, _SCOPES.c.scope == _APPLIED.c.scope)).all()
    engine.dispose()
    return len(rows) if all(has == wanted and not error for has, error, wanted in rows) else 0


def update(cloud, **values):
    subnet, = cloud.get(f"{SUBNETS}?name=private-subnet").body["subnets"]
    assert cloud.put(f"{SUBNETS}/{subnet['id']}", {"subnet": values}).status == 200


def test_a_changed_network_is_in_force_soon_and_again_after_a_kill(own):
    clouds.until("the port, its group, its network and the router there are followed", lambda: in_force(own) == 4)
    update(own, dns_nameservers=["9.9.9.9"])
    clouds.until("it is in force", lambda: in_force(own) == 4, REPORTS / 2)
    own.kill()
    own.start()
    clouds.until("all is in force", lambda: in_force(own) == 4)
    update(own, dns_nameservers=[])
    clouds.until("it is in force", lambda: in_force(own) == 4, REPORTS / 2)
    server, = own.get("/compute/v2.1/servers").body["servers"]
    own.delete_server(server["id"])
    clouds.until("its network is followed no more", lambda: in_force(own) == 1)
