"""The time of day is stepped by an hour, on one machine or all: nothing is late, nobody is dead, nothing is done twice.

A small preloaded library (timeofday.c) gives each process the time of day that a file of its own says; its monotonic
clock is true, as on a machine whose clock is set.
"""

import os
import sqlite3
import struct
import subprocess
import time

import pytest

from tests import clouds
from tests.faults.real import clusters
from tests.faults.real.load import Load

OPTIONS = clusters.OPTIONS + "[DEFAULT]\nrpc_response_timeout = 10\n[fake]\ndelay = 2\n"
HOUR = 3600


class Clocks:
    """A file a process that says how far its time of day is off."""

    def __init__(self, directory):
        self._directory = str(directory)
        self._library = os.path.join(self._directory, "timeofday.so")
        source = os.path.join(os.path.dirname(__file__), "timeofday.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", self._library, source], check=True)

    def environ(self, name):
        self.set(0, name)
        return {"LD_PRELOAD": self._library, "TIMEOFDAY_FILE": self._path(name)}

    def set(self, seconds, *names):
        for name in names:
            with open(self._path(name), "r+b" if os.path.exists(self._path(name)) else "wb") as file:
                file.write(struct.pack("=q", seconds))

    def _path(self, name):
        return os.path.join(self._directory, f"{name}.clock")


NAMES = ("conductor1", "conductor2", "scheduler", "host1", "host2", "api")


@pytest.fixture(scope="module")
def clocks(tmp_path_factory):
    return Clocks(tmp_path_factory.mktemp("clocks"))


@pytest.fixture(scope="module")
def cluster(make_cluster, clocks):
    return make_cluster(options=OPTIONS, environ={name: clocks.environ(name) for name in NAMES})


@pytest.fixture(autouse=True)
def right_again(request):
    yield
    if "cluster" in request.fixturenames:
        request.getfixturevalue("clocks").set(0, *NAMES)
        request.getfixturevalue("cluster").log_in_again()
        request.getfixturevalue("cluster").clear()


def test_processes_see_the_time_of_their_clock_files(cluster, clocks):
    """Or the tests below would prove nothing."""
    def hour():
        return cluster.get("/compute/v2.1/os-services").headers["Date"][17:19]
    before = hour()
    clocks.set(HOUR, "api")
    assert hour() != before


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
@pytest.mark.parametrize("who", [("conductor1",), NAMES], ids=["one conductor", "all"])
def test_a_clock_step_disturbs_no_running_operation(cluster, clocks, who, seconds):
    stopping = cluster.boot(name="stopping")["id"]
    creating = cluster.create(name="creating").body["server"]["id"]
    assert cluster.act(stopping, "os-stop").status == 202
    clouds.until("the steps run", lambda: len(cluster.query(
        "SELECT 1 FROM operation_steps WHERE outcome IS NULL AND name IN ('stop', 'spawn')")) == 2)
    clocks.set(seconds, *who)
    cluster.log_in_again()
    with Load(cluster, seed=21, clients=2) as load:
        time.sleep(8)
        services = cluster.get("/compute/v2.1/os-services", user="admin").body["services"]
        assert {each["state"] for each in services} == {"up"}
    whole = clusters.now()
    cluster.wait_final()
    assert cluster.show(stopping)["status"] == "SHUTOFF"
    assert cluster.show(creating)["status"] == "ACTIVE"
    for server_id, name in ((stopping, "stop_server"), (creating, "build_server")):
        row, = cluster.query("SELECT state, attempt FROM operations WHERE resource_id = :id AND name = :name",
                          id=server_id, name=name)
        assert (row.state, row.attempt) == ("done", 1 if name == "stop_server" else 2), "taken from its worker"
    assert not load.wrong, "\n".join(load.wrong)
    cluster.check(whole=whole)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_worker_that_dies_around_a_clock_step_is_replaced_in_time(cluster, clocks, seconds):
    """A lease of an hour ago, or of an hour to come, holds nobody up."""
    server = cluster.boot()
    host = cluster.host_of(server["id"])
    assert cluster.act(server["id"], "os-stop").status == 202
    clouds.until("the step runs", lambda: cluster.query(
        "SELECT 1 FROM operation_steps WHERE outcome IS NULL AND name = 'stop'"))
    cluster.kill(host)
    clocks.set(seconds, *NAMES)
    cluster.log_in_again()
    cluster.start_process(host)
    clouds.until("it is stopped", lambda: cluster.show(server["id"])["status"] == "SHUTOFF", cluster.bound)
    cluster.wait_final()
    cluster.check(whole=clusters.now())


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_cloud_in_one_process_follows_its_machine(tmp_path, seconds):
    clocks = Clocks(tmp_path)

    class Layout(clouds.Single):
        def environ(self, name):
            return clocks.environ(name)

    cloud = clouds.Cloud(Layout("fake", "[fake]\ndelay = 3\n[operations]\nlease = 5\nnotify_again = 2\n"
                                        "report_interval = 2\n"), tmp_path)
    try:
        cloud.start()
        server = cloud.boot()
        assert cloud.act(server["id"], "os-stop").status == 202
        time.sleep(1)
        clocks.set(seconds, "nova-lite")
        cloud.log_in_again()
        cloud.wait_for(server["id"], "SHUTOFF")
        services = cloud.get("/compute/v2.1/os-services", user="admin").body["services"]
        assert {each["state"] for each in services} == {"up"}
        with sqlite3.connect(f"{cloud.state_dir}/nova_lite.sqlite") as database:
            row = database.execute("SELECT state, attempt FROM operations WHERE name = 'stop_server'").fetchone()
        assert row == ("done", 1)
        assert cloud.boot(name="after")["status"] == "ACTIVE"
    finally:
        cloud.stop()
