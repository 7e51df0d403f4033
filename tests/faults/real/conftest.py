"""Faults of real processes: a broker and a database for all tests, and a room of processes over them for a module."""

import pytest

from nova_lite.conf import CONF
from tests import backends
from tests.faults.real import rooms

_made = []          # the rooms of the module that runs


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


@pytest.fixture(scope="module")
def make_room(broker, postgresql, tmp_path_factory):
    """``make_room(hosts=..., options=..., ...)`` starts a room with a database of its own; see rooms.Layout."""
    CONF([], project="nova_lite", default_config_files=[])      # the checker asks it for limits
    _made.clear()

    def make(database=None, concurrency="eventlet", **layout):
        servers = {"bus": backends.virtual_host(broker), "database": rooms.own_database(database or postgresql)}
        room = rooms.Room(rooms.Layout(servers, **layout), tmp_path_factory.mktemp("room"), concurrency)
        _made.append(room)
        return room.start()

    yield make
    for room in _made:
        room.close()


@pytest.fixture(scope="module")
def room(request, make_room):
    """Two conductors, a scheduler, two hosts and the API; the module's OPTIONS are theirs."""
    return make_room(options=getattr(request.module, "OPTIONS", rooms.OPTIONS))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and "make_room" in item.fixturenames:
        report.sections.extend(("cloud", room.output()) for room in _made)
