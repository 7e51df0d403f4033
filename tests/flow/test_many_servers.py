"""A host with 20,000 servers starts: what it and the conductor send each other comes in parts of bounded size."""

import pytest
import sqlalchemy as sa

from bench import many
from tests import clouds
from tests.flow.conftest import CONCURRENCY, LAYOUT

#: Copies of one server.  Separate processes pass each of them through a real broker, so there are fewer.
COUNT = 20_000 if LAYOUT == "single" else 2_000
LARGE = "[fake]\nvcpus = 100000\nmemory_mb = 100000000\n"


@pytest.fixture(scope="module")
def large(layout, tmp_path_factory):
    """A cloud whose host found that many servers when it started."""
    made = clouds.Cloud(layout(options=LARGE), tmp_path_factory.mktemp("large"), CONCURRENCY)
    try:
        model = made.start().boot()["id"]
        made.stop()
        many.copy_server(made.database, made.state_dir, COUNT)
        made.start()
        yield made, model
    finally:
        made.stop()


def states(cloud):
    """{vm_state: how many servers}"""
    engine = sa.create_engine(cloud.database)
    with engine.connect() as connection:
        found = dict(connection.execute(sa.text("SELECT vm_state, count(*) FROM servers GROUP BY vm_state")).all())
    engine.dispose()
    return found


def test_servers_of_a_large_host_keep_their_states_over_a_restart(large):
    cloud, model = large
    assert states(cloud) == {"active": COUNT + 1}
    assert cloud.show(model)["status"] == "ACTIVE"
    assert len(cloud.get("/compute/v2.1/servers").body["servers"]) == 1000


def test_a_large_host_takes_work_after_its_start(large):
    cloud, model = large
    assert cloud.act(model, "os-stop").status == 202
    assert cloud.wait_for(model, "SHUTOFF")
    hypervisor, = cloud.get("/compute/v2.1/os-hypervisors/detail", user="admin").body["hypervisors"]
    assert (hypervisor["state"], hypervisor["running_vms"]) == ("up", COUNT + 1)
