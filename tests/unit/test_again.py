"""What a deadlock undid is done again only while nothing of it is outside."""

import pytest

from nova_lite import db
from nova_lite.common import again, concurrency, exception, rpc
from nova_lite.common.context import RequestContext


class Work:
    """Is undone ``times`` times, after ``first`` was called."""

    def __init__(self, times, first=lambda: None):
        self.calls, self._times, self._first = 0, times, first

    def __call__(self):
        self.calls += 1
        self._first()
        if self.calls <= self._times:
            raise exception.DeadlockVictim(reason="deadlock detected")
        return self.calls


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    made = []
    monkeypatch.setattr(concurrency, "sleep", made.append)
    return made


def test_a_victim_is_done_again_after_a_pause_of_its_own(pauses):
    prepared = []
    assert again.while_undone(Work(2), lambda: prepared.append(True)) == 3
    assert len(prepared) == len(pauses) == 2 and pauses[0] != pauses[1]


def test_it_is_tried_a_few_times_only():
    work = Work(99)
    with pytest.raises(exception.DeadlockVictim):
        again.while_undone(work)
    assert work.calls == again.TRIES


def test_any_other_error_is_the_end():
    work = Work(0, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        again.while_undone(work)
    assert work.calls == 1


def write():
    with db.writer():
        pass


def test_what_has_committed_before_is_not_done_twice(database):
    work = Work(1, write)
    with pytest.raises(exception.DeadlockVictim):
        again.while_undone(work)
    assert work.calls == 1


def test_what_was_only_read_or_undone_may_be_done_twice(database):
    def undone():
        with db.reader():
            pass
        with pytest.raises(ZeroDivisionError), db.writer():
            1 / 0       # noqa: B018
    assert again.while_undone(Work(1, undone)) == 2


def test_what_has_sent_a_message_is_not_done_twice(conf):
    rpc.init("local://")
    work = Work(1, lambda: rpc.client("nobody").cast(RequestContext(), "ring"))
    try:
        with pytest.raises(exception.DeadlockVictim):
            again.while_undone(work)
    finally:
        rpc.cleanup()
    assert work.calls == 1
