"""Reports that come late are told from those of hosts whose clocks merely differ."""

import itertools
import time

import pytest

from nova_lite.conductor.lateness import _MOST, LATE, Lateness


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 50_000.0
    told = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: told.now)
    return told


def test_only_what_takes_longer_than_others_is_late(clock):
    lateness = Lateness()
    assert lateness.of(["h1", 17.0]) == 0            # its machine was started at another time
    clock.now += 10
    assert lateness.of(["h1", 26.5]) == pytest.approx(0.5, abs=0.05)
    clock.now += 3600
    assert lateness.of(["h1", 27.0]) > LATE          # it lay for an hour
    assert lateness.of(["h1", 3627.0]) < 1           # and that harmed no later one


def test_clocks_that_drift_apart_make_nobody_late(clock):
    lateness = Lateness()
    for day in range(30):
        clock.now += 86_400
        assert lateness.of(["h1", 17 + (day + 1) * 86_400 * 0.9999]) < LATE


def test_each_life_of_a_host_is_judged_by_itself(clock):
    lateness = Lateness()
    lateness.of(["first", 900.0])
    assert lateness.of(["second", 1.0]) == 0
    assert lateness.of(None) == 0


def test_memory_is_bounded(clock):
    lateness = Lateness()
    for number in itertools.islice(itertools.count(), _MOST + 10):
        lateness.of([str(number), 1.0])
    assert len(lateness._least) == _MOST
