"""Doorbells: work begins once for each bell that waits, and again for one that rings while it runs."""

import contextlib
import threading

from nova_lite.common.doorbells import Doorbells
from tests.clouds import until


class Gate:
    """Lets nobody pass until it is opened."""

    def __init__(self):
        self.opened = threading.Event()
        self.inside = 0

    def __enter__(self):
        assert self.opened.wait(10)
        self.inside += 1

    def __exit__(self, *_):
        self.inside -= 1


def ring(bells, gate, work, times=1, key="one"):
    for _ in range(times):
        bells.ring(gate, work, None, key)


def test_bells_that_ring_while_the_work_waits_are_no_news(conf):
    done, gate = [], Gate()
    bells = Doorbells(lambda work, *asked: work(*asked))
    ring(bells, gate, lambda _, key: done.append(key), times=50)
    ring(bells, gate, lambda _, key: done.append(key), times=50, key="two")
    gate.opened.set()
    until("both are done", lambda: len(done) >= 2)
    assert sorted(done) == ["one", "two"]


def test_a_bell_that_rings_while_the_work_runs_is_heard(conf):
    done, go_on = [], threading.Event()

    def work(_, key):
        done.append(key)
        assert go_on.wait(10)

    bells = Doorbells(lambda work, *asked: work(*asked))
    ring(bells, contextlib.nullcontext(), work)
    until("the work runs", lambda: done)
    ring(bells, contextlib.nullcontext(), work)
    until("it runs again", lambda: len(done) == 2)
    go_on.set()


def test_work_that_fails_gives_its_turn_back(conf):
    failures, gate = [], Gate()

    def answer(work, *asked):
        try:
            work(*asked)
        except ValueError as error:
            failures.append(error)

    def fail(*_):
        raise ValueError("no")

    gate.opened.set()
    bells = Doorbells(answer)
    for number in (1, 2):
        ring(bells, gate, fail)
        until("it failed", lambda number=number: len(failures) == number)
    assert gate.inside == 0
