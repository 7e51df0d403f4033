"""Servers that were accepted are built, whenever in between everything stops and however long it is away."""

import signal
import time

import pytest
import sqlalchemy as sa

from tests import clouds
from tests.flow.conftest import CONCURRENCY, LAYOUT

COUNT = 150


@pytest.fixture
def cloud(tmp_path):
    made = clouds.Cloud(clouds.Single(options="[operations]\nservice_down_time = 6\nreport_interval = 2\n"
                                              "[fake]\ndelay = 0.3\n[quota]\ninstances = -1\ncores = -1\nram = -1\n"),
                        tmp_path, CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


def statuses(cloud):
    return {each["status"] for each in cloud.get("/compute/v2.1/servers/detail").body["servers"]}


@pytest.mark.skipif(LAYOUT != "single", reason="all stop at once where there is one process")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_builds_that_wait_for_a_host_go_on_after_the_process_was_stopped(cloud, number):
    answer = cloud.create(version="2.36", min_count=COUNT, max_count=COUNT)
    assert answer.status == 202, answer.text
    [process] = cloud._processes.values()
    process.send_signal(number)
    process.wait(60)
    engine = sa.create_engine(f"sqlite:///{cloud.state_dir}/nova_lite.sqlite")
    with engine.connect() as connection:
        waiting = connection.exec_driver_sql("SELECT count(*) FROM operations WHERE finished_at IS NULL").scalar()
        failed = connection.exec_driver_sql("SELECT count(*) FROM servers WHERE vm_state = 'error'").scalar()
    engine.dispose()
    assert waiting, "all had ended before it stopped: this shows nothing"
    assert not failed
    time.sleep(8)               # every sign of life is older than service_down_time
    cloud.start()
    clouds.until("no server is in BUILD", lambda: "BUILD" not in statuses(cloud))
    assert statuses(cloud) == {"ACTIVE"}
