"""A step of a job is a call that is journalled by name with the function that really runs."""

import types

import pytest

from nova_lite.common import exceptions, failpoints, source_places
from nova_lite.compute.tasks.running import Job


class Conductor:
    """:ivar journalled: [(step, ran, task_state, missed)]"""

    def __init__(self):
        self.journalled = []
        self.away = False

    def journal(self, _context, _lease, step, ran, task, missed):
        if self.away:
            raise exceptions.NoAnswer(method="journal", address="conductor")
        self.journalled.append((step, ran, task, list(missed)))


@pytest.fixture
def conductor():
    return Conductor()


@pytest.fixture
def job(conductor):
    lease = types.SimpleNamespace(name="stop_server", operation_id="o", server=None, image=None, args={})
    return Job(None, lease, conductor)


def double(number):
    return number * 2


def fail():
    raise ValueError


DOUBLE = source_places.place(double)


def test_a_step_is_journalled_with_its_function_and_returns_its_result(job, conductor):
    assert job.do("network", double, 4, task="networking") == 8
    assert conductor.journalled == [("network", DOUBLE, "networking", [])]
    assert DOUBLE.startswith("double tests/unit/test_job.py:")


def test_steps_that_were_not_journalled_are_sent_with_the_next(job, conductor):
    conductor.away = True
    assert job.do("network", double, 1) == 2
    conductor.away = False
    job.do("spawn", double, 1)
    job.do("tidy", double, 1)
    assert [each[3] for each in conductor.journalled] == [[["network", DOUBLE]], []]


def test_a_step_that_fails_is_undone(job):
    undone = []
    with pytest.raises(ValueError), job.undo:
        job.do("network", fail, undo=(undone.append, "network"))
    assert undone == ["network"]


def test_a_job_that_lost_its_lease_calls_nothing(job, conductor):
    job.lost = True
    with pytest.raises(exceptions.Cancelled):
        job.do("network", fail)
    assert conductor.journalled == []


def test_the_failpoints_of_a_step_and_its_undo_are_named_after_it(job):
    points = []
    failpoints.watch(points.append)
    try:
        with pytest.raises(ValueError), job.undo:
            job.do("network", double, 1, undo=(double, 1))
            job.do("spawn", fail, undo=(double, 2))
    finally:
        failpoints.watch(None)
    assert points == [f"stop_server.{each}" for each in (
        "begin.after_effect", "network.before_effect", "network.after_effect", "spawn.before_effect",
        "spawn.before_undo", "spawn.after_undo", "network.before_undo", "network.after_undo")]
