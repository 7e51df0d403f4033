"""Faults of real processes: a broker and a database for all tests, and rooms of processes over them."""

import pytest

from tests import backends
from tests.faults.real import rooms


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    with backends.rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    with backends.postgresql(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture
def make_room(broker, postgresql, tmp_path, conf):
    """``make_room(hosts=..., options=..., ...)`` starts a room with a database of its own; see rooms.Layout."""
    made = []

    def make(database=None, **layout):
        servers = {"bus": broker, "database": rooms.own_database(database or postgresql)}
        room = rooms.Room(rooms.Layout(servers, **layout), tmp_path)
        made.append(room)
        return room.start()

    make.made = made
    yield make
    for room in made:
        room.close()


@pytest.fixture
def room(make_room):
    """Two conductors, a scheduler, two hosts and the API; guests take a moment to change."""
    return make_room(options=rooms.OPTIONS + "[fake]\ndelay = 0.3\n")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    made = getattr(item.funcargs.get("make_room"), "made", ())
    if report.failed:
        report.sections.extend(("cloud", room.output()) for room in made)
