"""Dispatcher: work starts once for waiting notifications, and again for one that comes while it runs."""

import contextlib
import threading

from nova_lite.common.dispatcher import Dispatcher
from tests.clouds import until


class Gate:
    """Lets nobody pass until it is opened."""

    def __init__(self):
        self.opened = threading.Event()
        self.inside = 0

    def __enter__(self):
        assert self.opened.wait(60)
        self.inside += 1

    def __exit__(self, *_):
        self.inside -= 1


def notify(dispatcher, gate, work, times=1, key="one"):
    for _ in range(times):
        dispatcher.dispatch(gate, work, None, key)


def test_notifications_that_come_while_the_work_waits_are_merged(conf):
    done, gate = [], Gate()
    dispatcher = Dispatcher(lambda work, *asked: work(*asked))
    notify(dispatcher, gate, lambda _, key: done.append(key), times=50)
    notify(dispatcher, gate, lambda _, key: done.append(key), times=50, key="two")
    gate.opened.set()
    until("both are done", lambda: len(done) >= 2)
    assert sorted(done) == ["one", "two"]


def test_a_notification_that_comes_while_the_work_runs_starts_it_again(conf):
    done, go_on = [], threading.Event()

    def work(_, key):
        done.append(key)
        assert go_on.wait(60)

    dispatcher = Dispatcher(lambda work, *asked: work(*asked))
    notify(dispatcher, contextlib.nullcontext(), work)
    until("the work runs", lambda: done)
    notify(dispatcher, contextlib.nullcontext(), work)
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
    dispatcher = Dispatcher(answer)
    for number in (1, 2):
        notify(dispatcher, gate, fail)
        until("it failed", lambda number=number: len(failures) == number)
    assert gate.inside == 0
