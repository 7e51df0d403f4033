"""Tasks, pools, periodic work, native calls, mailboxes and circuit breakers, in both modes of concurrency."""

import _thread
import ctypes
import time

import pytest

from nova_lite.common import concurrency, exceptions
from tests import on_eventlet

libc = ctypes.CDLL(None)


def block(seconds):
    """A C call that sleeps without yielding to any hub, as a hung libvirtd does."""
    libc.usleep(int(seconds * 1_000_000))
    return seconds


class Hung:
    """A C call that hangs, yielding to no hub, until ``ended`` is set; ``began`` counts its callers."""

    def __init__(self):
        self.began, self.ended = 0, False

    def __call__(self, *_):
        self.began += 1
        assert block_until(lambda: self.ended)
        return "ended"


@pytest.fixture
def hung():
    """A Hung, which ends with the test."""
    made = Hung()
    yield made
    made.ended = True
    until(lambda: concurrency._native_pool().stuck == 0)


def block_until(condition):
    """C calls that yield to no hub, until another thread makes it true; False when none does within a minute."""
    end = time.monotonic() + 60
    while not (true := condition()) and time.monotonic() < end:
        block(0.01)
    return true


def give_up(hung, run, **rest):
    """Call it until a call hangs when its deadline comes; one that nobody began by then never runs."""
    def hangs():
        before = hung.began
        with pytest.raises(exceptions.DeadlineExceeded) as caught:
            run(hung, deadline=0.2, **rest)
        return caught.value if hung.began > before else None
    return until(hangs)


@pytest.fixture
def ticks():
    """Counts the rounds of a 10 ms periodic task: it stands still when the process is blocked."""
    count = []
    periodic = concurrency.every(0.01, lambda: count.append(1), first=0)
    yield count
    assert periodic.stop()


@pytest.mark.slow
def test_this_module_passes_on_green_threads():
    on_eventlet.again(__file__)


def test_start_refuses_to_change_the_mode():
    other = {"eventlet": "threading", "threading": "eventlet"}[concurrency.mode()]
    concurrency.start(concurrency.mode())
    with pytest.raises(RuntimeError):
        concurrency.start(other)
    with pytest.raises(ValueError):
        concurrency.start("asyncio")


def test_a_task_keeps_its_result_or_its_error():
    task = concurrency.spawn(lambda a, b: a + b, 1, b=2)
    assert task.wait(60) and task.result == 3
    task = concurrency.spawn(int, "x")
    assert task.wait(60) and isinstance(task.error, ValueError)


def test_a_pool_runs_no_more_than_its_size_at_once():
    pool, began, running, most = concurrency.Pool(3), [], [], []

    def work(number):
        began.append(number)
        running.append(number)
        until(lambda: len(began) >= 3)          # the first three meet
        most.append(len(running))
        running.remove(number)
        return number * 2

    assert pool.map(work, range(10)) == [number * 2 for number in range(10)]
    assert max(most) == 3


def test_a_pool_raises_the_first_error_of_a_map_after_all_have_ended():
    ended = []

    def work(number):
        if number == 1:
            raise KeyError(number)
        concurrency.sleep(0.02)
        ended.append(number)

    with pytest.raises(KeyError):
        concurrency.Pool(4).map(work, range(4))
    assert sorted(ended) == [0, 2, 3]


def test_waiting_for_a_pool_is_bounded():
    pool, gate = concurrency.Pool(1), concurrency.Event()
    pool.spawn(gate.wait)
    assert not pool.wait(0.05)
    gate.set()
    assert pool.wait(60)


def test_periodic_work_goes_on_after_an_error_and_stops_on_request():
    rounds = []

    def work():
        rounds.append(1)
        raise ValueError("every round fails")

    periodic = concurrency.every(0.01, work, first=0)
    until(lambda: len(rounds) >= 3)
    assert periodic.stop()
    seen = len(rounds)
    concurrency.sleep(0.05)
    assert len(rounds) == seen


def test_a_native_call_does_not_stop_the_others(ticks):
    assert concurrency.native(block_until, lambda: len(ticks) > 10, deadline=120)


def test_a_native_call_raises_its_own_error():
    with pytest.raises(ValueError, match="invalid literal"):
        concurrency.native(int, "x", deadline=60)


def test_the_deadline_frees_the_caller_of_a_hung_call(ticks, hung):
    raised = give_up(hung, concurrency.native, what="virDomainCreate")
    assert raised.what == "virDomainCreate" and raised.seconds == 0.2
    until(lambda: len(ticks) > 5)
    assert not hung.ended


@pytest.mark.slow
def test_hung_calls_do_not_use_up_the_pool(hung):
    size = concurrency._native_pool()._size
    for _ in range(size):
        give_up(hung, concurrency.native, what="hangs")
    assert concurrency._native_pool().stuck >= size
    assert concurrency.native(int, "7", deadline=60) == 7
    assert not hung.ended


def test_a_call_that_was_still_queued_at_its_deadline_never_runs(hung):
    size, ran = concurrency._native_pool()._size, []
    fillers = [concurrency.spawn(concurrency.native, hung, deadline=60) for _ in range(size)]
    until(lambda: hung.began == size)
    with pytest.raises(exceptions.DeadlineExceeded):
        concurrency.native(ran.append, 1, deadline=0.1)
    hung.ended = True
    assert all(task.wait(60) and task.result == "ended" for task in fillers)
    assert concurrency.native(int, "7", deadline=60) == 7
    assert not ran


def test_too_many_hung_calls_refuse_new_ones(monkeypatch, hung):
    until(lambda: concurrency._native_pool().stuck == 0)        # calls that an earlier test gave up on
    monkeypatch.setattr("nova_lite.common.native.MAX_STUCK", 1)
    give_up(hung, concurrency.native, what="hangs")
    with pytest.raises(exceptions.Unavailable):
        concurrency.native(int, "7", deadline=60)
    hung.ended = True
    until(lambda: concurrency._native_pool().stuck == 0)
    assert concurrency.native(int, "7", deadline=60) == 7


@pytest.mark.slow
def test_a_peer_with_threads_of_its_own_takes_none_from_others_and_never_too_many(hung):
    own = concurrency.Natives(size=2, most_stuck=3)
    most = []

    def hang(_number):
        with pytest.raises((exceptions.DeadlineExceeded, exceptions.Unavailable)):
            own.run(hung, deadline=0.1, what="hangs")
        most.append(own._pool.stuck + own._pool.live)
    calls = concurrency.spawn(concurrency.Pool(20).map, hang, range(20))
    assert concurrency.native(int, "7", deadline=60) == 7
    assert calls.wait(60)
    assert calls.error is None
    assert max(most) <= 2 + 3
    assert not hung.ended
    hung.ended = True
    until(lambda: own._pool.stuck == 0)
    assert own.run(int, "7", deadline=60, what="asks again") == 7


def test_a_call_learns_that_nobody_waits_for_it_any_more(hung):
    seen = []

    def work(wait=lambda: None):
        seen.append(concurrency.given_up())
        wait()
        seen.append(concurrency.given_up())
    concurrency.native(work, deadline=60)
    give_up(hung, lambda wait, **rest: concurrency.native(work, wait, **rest))
    hung.ended = True
    until(lambda: len(seen) == 4)
    assert seen == [False, False, False, True]
    assert not concurrency.given_up()


def test_a_native_call_inside_a_native_call_runs_in_the_same_thread():
    assert concurrency.native(lambda: concurrency.native(int, "7", deadline=60), deadline=60) == 7
    own = concurrency.Natives(size=1, most_stuck=1)
    assert own.run(lambda: concurrency.native(int, "7", deadline=60), deadline=60, what="nests") == 7


def test_many_concurrent_native_calls_all_return():
    answers = concurrency.Pool(40).map(lambda number: concurrency.native(lambda: number, deadline=20), range(400))
    assert answers == list(range(400))


def native_thread(fn):
    """Start ``fn`` in a thread that no hub knows."""
    if concurrency.mode() == "eventlet":
        import eventlet.patcher
        eventlet.patcher.original("threading").Thread(target=fn).start()
    else:
        _thread.start_new_thread(fn, ())


def test_a_mailbox_carries_items_out_of_a_native_thread_in_their_order(ticks):
    box = concurrency.Mailbox()

    def send():
        block_until(lambda: len(ticks) > 5)
        for number in range(500):
            box.put(number)

    native_thread(send)
    assert [box.get(timeout=60) for _ in range(500)] == list(range(500))
    assert len(ticks) > 5


def test_an_empty_mailbox_says_so_in_time():
    began = time.monotonic()
    with pytest.raises(concurrency.Empty):
        concurrency.Mailbox().get(timeout=0.1)
    assert 0.05 < time.monotonic() - began < 30


def test_items_of_two_mailboxes_are_kept_apart():
    one, two = concurrency.Mailbox(), concurrency.Mailbox()
    native_thread(lambda: (one.put(1), two.put(2)))
    assert two.get(timeout=60) == 2 and one.get(timeout=60) == 1


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def failing(breaker, error):
    with pytest.raises(type(error)), breaker:
        raise error


def test_a_breaker_opens_after_failures_in_a_row_and_closes_after_a_good_trial():
    clock = Clock()
    breaker = concurrency.CircuitBreaker("libvirtd", failures=2, cool_down=10, clock=clock)
    failing(breaker, OSError())
    assert breaker.call(int, "1") == 1          # a success in between starts the count again
    failing(breaker, OSError())
    assert not breaker.is_open
    failing(breaker, OSError())
    assert breaker.is_open
    with pytest.raises(exceptions.CircuitOpen) as caught:
        breaker.call(int, "1")
    assert caught.value.name == "libvirtd" and caught.value.seconds == 10
    clock.now += 11
    assert breaker.call(int, "1") == 1
    assert not breaker.is_open


def test_a_failed_trial_opens_the_breaker_again():
    clock = Clock()
    breaker = concurrency.CircuitBreaker("libvirtd", failures=1, cool_down=10, clock=clock)
    failing(breaker, OSError())
    clock.now += 11
    failing(breaker, OSError())
    with pytest.raises(exceptions.CircuitOpen):
        breaker.call(int, "1")


def test_only_one_caller_makes_the_trial():
    clock = Clock()
    breaker = concurrency.CircuitBreaker("libvirtd", failures=1, cool_down=10, clock=clock)
    failing(breaker, OSError())
    clock.now += 11
    with breaker:
        with pytest.raises(exceptions.CircuitOpen):
            breaker.call(int, "1")
    assert breaker.call(int, "1") == 1


def test_errors_that_do_not_count_prove_that_the_peer_answers():
    breaker = concurrency.CircuitBreaker("libvirtd", failures=2, counts=(OSError,))
    failing(breaker, OSError())
    failing(breaker, KeyError())
    failing(breaker, OSError())
    assert not breaker.is_open


def until(condition, timeout=60):
    """Wait for a true answer, and return it."""
    end = time.monotonic() + timeout
    while not (answer := condition()):
        assert time.monotonic() < end, "it never came true"
        concurrency.sleep(0.02)
    return answer
