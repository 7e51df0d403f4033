"""Flow tests drive a whole cloud with the fake driver by HTTP, laid out as NOVA_LITE_TEST_LAYOUT says.

``single`` (the default) is one process on SQLite; ``postgresql`` and ``mariadb`` are separate processes over RabbitMQ
and that database.  NOVA_LITE_TEST_CONCURRENCY is eventlet (the default) or threading.

One process on green threads runs every file.  In the other variants a run with a seed (tests/sampled.py) has the files
for which the variant makes a difference (``DIFFERENT``), and of the rest another part every day.
"""

import contextlib
import os
import pathlib

import pytest

from tests import backends, clouds, ports_and_ranges, sampled

#: Of several workers none shall be left alone with one of these at the end.
LONGEST = ("test_audit", "test_graceful_stop", "test_kill", "test_idempotency_kill", "test_image_kill", "test_explain",
           "test_server_life")
LAYOUT = os.environ.get("NOVA_LITE_TEST_LAYOUT", "single")
CONCURRENCY = os.environ.get("NOVA_LITE_TEST_CONCURRENCY", "eventlet")

#: {what a variant has of its own: files that run in it every time}
DIFFERENT = {
    # Whatever waits, streams, stops in good order or is done by many at once: there a thread is not like another.
    "threading": {
        "test_api_workers", "test_graceful_stop", "test_interfaces", "test_raw_inputs", "test_server_life",
        "test_snapshots", "test_wire_numbers"},
    # Whatever services say to each other, one at least of every operation, and what outlives the death of one of them.
    "separate": {
        "test_changed_networks", "test_graceful_stop", "test_image_kill", "test_interfaces", "test_kill",
        "test_resize", "test_server_anew", "test_server_life", "test_server_rest", "test_shelve", "test_snapshots"},
}
#: Of the files that are in none of these, one in so many runs on a day.
PARTS = 4


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
        yield lambda options="", environment=None: clouds.Separate(
            backends.own_database(urls[0]), backends.virtual_host(urls[1]), options, environment)


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


def pytest_ignore_collect(collection_path):
    """True for a file that this run leaves out; pytest does not ask of files that its arguments name."""
    variants = [*(["threading"] if CONCURRENCY == "threading" else ()), *(["separate"] if LAYOUT != "single" else ())]
    name = collection_path.stem
    if variants and name.startswith("test_") and not any(name in DIFFERENT[each] for each in variants):
        return None if sampled.takes(f"{LAYOUT} {CONCURRENCY} {name}", PARTS) else True
    return None


def pytest_collection_modifyitems(items):
    ports_and_ranges.put_first(items, pathlib.Path(__file__).parent, LONGEST)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    cloud = item.funcargs.get("cloud") or item.funcargs.get("fragile")
    if report.failed and cloud is not None:
        report.sections.append(("cloud", cloud.output()))
