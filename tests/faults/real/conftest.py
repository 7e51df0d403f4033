"""Faults of real processes: a broker and a database for all tests, and a cluster of processes over them a module."""

import os
import pathlib
import shutil
import tempfile

import pytest

from nova_lite.conf import CONF
from tests import backends, ports_and_ranges
from tests.faults.real import clusters

#: Of several workers none shall be left alone with a long one at the end, and no two have chaos at once: both load the
#: machine.
ORDER = ("test_chaos_guests", "test_messages", "test_database", "test_wiring", "test_chaos_processes", "test_clocks",
         "test_broker")
_made = []          # the clusters of the module that runs


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    with backends.rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    with backends.postgresql(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory):
    with backends.mariadb(tmp_path_factory.mktemp("mariadb")) as url:
        yield url


@pytest.fixture
def chaos_home():
    """A directory that QEMU's user may pass."""
    path = tempfile.mkdtemp(prefix="chaos-", dir="/var/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def make_cluster(broker, postgresql, tmp_path_factory):
    """``make_cluster(hosts=..., options=..., ...)`` starts one with a database of its own; see clusters.Layout."""
    CONF([], project="nova_lite", default_config_files=[])      # the checker asks it for limits
    _made.clear()

    def make(database=None, concurrency="eventlet", **layout):
        servers = {"bus": backends.virtual_host(broker), "database": backends.own_database(database or postgresql)}
        cluster = clusters.Cluster(clusters.Layout(servers, **layout), tmp_path_factory.mktemp("cluster"), concurrency)
        _made.append(cluster)
        return cluster.start().measure()

    yield make
    for cluster in _made:
        cluster.close()


@pytest.fixture(scope="module")
def cluster(request, make_cluster):
    """Two conductors, a scheduler, two hosts and the API; the module's OPTIONS are theirs."""
    return make_cluster(options=getattr(request.module, "OPTIONS", clusters.OPTIONS))


def pytest_collection_modifyitems(items):
    ports_and_ranges.put_first(items, pathlib.Path(__file__).parent, ORDER)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and "make_cluster" in item.fixturenames:
        report.sections.extend(("cloud", cluster.output()) for cluster in _made)
