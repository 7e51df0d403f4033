"""Flow tests drive a whole cloud with the fake driver by HTTP, laid out as NOVA_LITE_TEST_LAYOUT says.

``single`` (the default) is one process on SQLite; ``postgresql`` and ``mariadb`` are separate processes over RabbitMQ
and that database.  NOVA_LITE_TEST_CONCURRENCY is eventlet (the default) or threading.
"""

import contextlib
import os
import pathlib
import uuid

import pytest
import sqlalchemy as sa

from tests import backends, clouds, lanes

#: Of several workers none shall be left alone with one of these at the end.
LONGEST = ("test_audit", "test_graceful_stop", "test_kill", "test_idempotency_kill", "test_image_kill", "test_explain",
           "test_server_life")
LAYOUT = os.environ.get("NOVA_LITE_TEST_LAYOUT", "single")
CONCURRENCY = os.environ.get("NOVA_LITE_TEST_CONCURRENCY", "eventlet")


@pytest.fixture(scope="session")
def layout(tmp_path_factory):
    """Makes layouts of the kind under test; a database and a broker are started once."""
    with contextlib.ExitStack() as stack:
        if LAYOUT == "single":
            yield clouds.Single
            return
        database = {"postgresql": backends.postgresql, "mariadb": backends.mariadb}[LAYOUT]
        urls = (stack.enter_context(database(tmp_path_factory.mktemp("database"))),
                stack.enter_context(backends.rabbitmq(tmp_path_factory.mktemp("broker"))))
        yield lambda options="": clouds.Separate(_own_database(urls[0]), backends.virtual_host(urls[1]), options)


def _own_database(url):
    """The URL of a new database on that server."""
    name = f"cloud_{uuid.uuid4().hex[:8]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def shared_cloud(layout, tmp_path_factory):
    """One cloud for all tests that leave it as they found it."""
    made = clouds.Cloud(layout(), tmp_path_factory.mktemp("cloud"), CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def cloud(shared_cloud):
    """The shared cloud; servers that a test leaves are deleted, and what it printed is shown when it fails."""
    yield shared_cloud
    for server in shared_cloud.get("/compute/v2.1/servers").body["servers"]:
        shared_cloud.delete_server(server["id"])


def pytest_collection_modifyitems(items):
    lanes.put_first(items, pathlib.Path(__file__).parent, LONGEST)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    cloud = item.funcargs.get("cloud") or item.funcargs.get("fragile")
    if report.failed and cloud is not None:
        report.sections.append(("cloud", cloud.output()))
