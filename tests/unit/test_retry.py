"""What a deadlock undid is done again only while nothing of it is outside."""

import itertools

import pytest

from nova_lite import db
from nova_lite.common import concurrency, exceptions, retry, rpc
from nova_lite.common.context import RequestContext


class Work:
    """Is undone ``times`` times, after ``first`` was called."""

    def __init__(self, times, first=lambda: None):
        self.calls, self._times, self._first = 0, times, first

    def __call__(self):
        self.calls += 1
        self._first()
        if self.calls <= self._times:
            raise exceptions.DeadlockVictim(reason="deadlock detected")
        return self.calls


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    made = []
    monkeypatch.setattr(concurrency, "sleep", made.append)
    return made


def test_a_deadlock_victim_is_retried_after_a_random_pause(pauses):
    prepared = []
    assert retry.while_undone(Work(2), lambda: prepared.append(True)) == 3
    assert len(prepared) == len(pauses) == 2 and pauses[0] != pauses[1]


def test_a_deadlock_victim_is_tried_a_few_times_only():
    work = Work(99)
    with pytest.raises(exceptions.DeadlockVictim):
        retry.while_undone(work)
    assert work.calls == retry.TRIES


def test_an_error_other_than_a_deadlock_is_not_retried():
    work = Work(0, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        retry.while_undone(work)
    assert work.calls == 1


def write():
    with db.writer():
        pass


def test_work_that_has_committed_is_not_tried_again(database):
    work = Work(1, write)
    with pytest.raises(exceptions.DeadlockVictim):
        retry.while_undone(work)
    assert work.calls == 1


def test_work_that_only_read_or_rolled_back_is_tried_again(database):
    def undone():
        with db.reader():
            pass
        with pytest.raises(ZeroDivisionError), db.writer():
            1 / 0       # noqa: B018
    assert retry.while_undone(Work(1, undone)) == 2


def test_work_that_has_sent_a_message_is_not_tried_again(conf):
    rpc.init("local://")
    work = Work(1, lambda: rpc.client("nobody", "1.0").cast(RequestContext(), "note"))
    try:
        with pytest.raises(exceptions.DeadlockVictim):
            retry.while_undone(work)
    finally:
        rpc.cleanup()
    assert work.calls == 1


# ---- after errors

class Failing:
    """Raises each of ``errors``, one a call, and then answers with the number of calls."""

    def __init__(self, *errors):
        self.calls, self._errors = 0, list(errors)

    def __call__(self):
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return self.calls


def test_work_that_fails_is_tried_again_after_each_pause(pauses):
    seen = []
    work = Failing(OSError("a"), ValueError("b"))
    assert retry.after_errors(work, (OSError, ValueError), (1, 2, 3), lambda error: seen.append(str(error))) == 3
    assert (pauses, seen) == ([1, 2], ["a", "b"])


def test_the_error_of_the_last_try_is_raised(pauses):
    seen = []
    with pytest.raises(OSError, match="c"):
        retry.after_errors(Failing(*map(OSError, "abcd")), OSError, (1, 2), seen.append)
    assert pauses == [1, 2] and [str(each) for each in seen] == ["a", "b"]


def test_an_error_of_another_kind_ends_the_tries(pauses):
    work = Failing(OSError(), KeyError())
    with pytest.raises(KeyError):
        retry.after_errors(work, OSError, (1, 2, 3))
    assert work.calls == 2


def test_an_error_handler_that_raises_ends_the_tries(pauses):
    def give_up(error):
        raise RuntimeError from error

    with pytest.raises(RuntimeError):
        retry.after_errors(Failing(OSError()), OSError, (1, 2, 3), give_up)
    assert pauses == []


def test_growing_pauses_grow_to_the_longest():
    assert list(itertools.islice(retry.growing(1, 5), 5)) == [1, 2, 4, 5, 5]


def test_no_pause_within_a_time_ends_after_it(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(retry.time, "monotonic", lambda: now[0])
    taken = []
    for pause in retry.within(5, itertools.repeat(2)):
        taken.append(pause)
        now[0] += pause
    assert taken == [2, 2]
