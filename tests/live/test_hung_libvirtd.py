"""A libvirtd that hangs, dies or is away, as the driver meets it: bounded waits, bounded threads, nothing leaked."""

import os
import time

import libvirt
import pytest

from nova_lite.common import concurrency, exceptions
from nova_lite.compute.tasks.spec import root_disk
from nova_lite.objects.states import Power
from nova_lite.virt import driver as contract
from nova_lite.virt.libvirt import connection, domains
from tests import hypervisor, on_eventlet
from tests.driver_contract import eventually
from tests.hypervisor import hung, libvirtd, state_dir, tiny_image  # noqa: F401

CALLS = 50


@pytest.fixture
def raw(libvirtd):  # noqa: F811
    """Opens a connection of libvirt's own; after the test there is no domain."""
    opened = []

    def new():
        opened.append(libvirt.open(libvirtd.uri))
        return opened[-1]
    yield new
    last = new()
    for domain in last.listAllDomains():
        domains.forget(last, domain.UUIDString())
    for each in opened:
        each.close()


@pytest.fixture
def conf(libvirtd, state_dir):  # noqa: F811
    return hypervisor.configuration(state_dir, connection_uri=libvirtd.uri, virt_type="qemu", call_timeout=1,
                                    start_timeout=30, acpi_interval=1)


@pytest.fixture
def hurry(conf):
    """From now on a start has two seconds; a true one may want more on a busy machine."""
    return lambda: conf.set_override("start_timeout", 2, "libvirt")


@pytest.fixture
def driver(conf, raw):
    made = contract.load("libvirt", conf)
    made.host.check()
    yield made
    made.close()


@pytest.fixture
def spec(tiny_image):  # noqa: F811
    return hypervisor.spec(root_disk(tiny_image, "raw", 0))


def answers(driver):
    try:
        driver.host.check()
    except exceptions.HypervisorUnavailable:
        return False
    return True


def native_threads():
    return len(os.listdir("/proc/self/task"))


def open_files():
    return len(os.listdir("/proc/self/fd"))


def timed(call, *args):
    """(seconds, the error or None)"""
    began, error = time.monotonic(), None
    try:
        call(*args)
    except exceptions.NovaLiteError as raised:
        error = raised
    return time.monotonic() - began, error


@pytest.mark.both_modes
def test_many_calls_to_a_hung_libvirtd_end_in_time_and_leave_threads_to_others(driver, libvirtd, spec):  # noqa: F811
    before = native_threads()
    driver._connection._timeout = 5
    with hung(libvirtd):
        tasks = [concurrency.spawn(timed, driver.power.state, spec.id) for _ in range(CALLS)]
        seconds, _ = timed(lambda: concurrency.native(int, "7", deadline=30))
        assert seconds < 4, "a hung libvirtd held up work that has nothing to do with it"
        assert all(task.wait(60) for task in tasks)
        assert all(isinstance(task.result[1], exceptions.HypervisorUnavailable) for task in tasks)
        assert max(task.result[0] for task in tasks) < 20
        callers = CALLS if concurrency.mode() == "threading" else 0
        grown = native_threads() - before
        assert grown <= connection._THREADS + connection._MOST_STUCK + callers, grown
    assert eventually(lambda: answers(driver), 15)
    assert driver.power.state(spec.id) is Power.NOSTATE


@pytest.mark.both_modes
def test_a_libvirtd_that_hangs_from_the_start_uses_one_thread_until_it_answers(driver, libvirtd):  # noqa: F811
    driver._connection.hung_up()
    driver.close()                              # the next call has to connect anew
    with hung(libvirtd):
        assert not answers(driver)
        before = native_threads()
        for _ in range(10):
            driver._connection._breaker.reset()
            assert not answers(driver)
        assert native_threads() <= before + 1
    assert eventually(lambda: answers(driver), 15)


@pytest.fixture
def hang_in(libvirtd, monkeypatch, hurry):  # noqa: F811
    """Freeze libvirtd at the first call of a function of guest.py; the frozen one is let go by what this returns."""
    frozen = []

    def hang(name):
        original = getattr(domains, name)

        def hanging(*args):
            if not frozen:
                frozen.append(hung(libvirtd))
                frozen[0].__enter__()
            return original(*args)
        monkeypatch.setattr(domains, name, hanging)
        hurry()
        return thaw

    def thaw():
        while frozen:
            monkeypatch.undo()
            frozen.pop().__exit__(None, None, None)
    yield hang
    thaw()


def test_a_start_that_timed_out_before_it_began_never_begins(driver, hang_in, spec):
    events = []
    driver.host.watch(lambda *change: events.append(change))
    thaw = hang_in("_define")
    seconds, error = timed(driver.build.spawn, spec)
    assert isinstance(error, exceptions.HypervisorUnavailable)
    assert seconds < 10
    thaw()
    assert eventually(lambda: answers(driver) and driver._connection._natives._pool.stuck == 0, 15)
    assert driver.host.guests() in ({}, {spec.id: Power.SHUTDOWN})
    assert (spec.id, Power.RUNNING) not in events


@pytest.mark.both_modes
def test_a_guest_that_starts_after_its_start_timed_out_is_reported_as_running(driver, hang_in, spec):
    events = []
    driver.host.watch(lambda *change: events.append(change[1]))
    driver.build.spawn(spec)
    driver.power.stop(spec.id, 0)
    assert eventually(lambda: events == [Power.RUNNING, Power.SHUTDOWN]), events
    thaw = hang_in("_start")
    seconds, error = timed(driver.power.start, spec)
    assert isinstance(error, exceptions.HypervisorUnavailable)
    assert seconds < 10
    thaw()
    assert eventually(lambda: events[2:] == [Power.RUNNING], 15), events


@pytest.mark.both_modes
def test_work_waits_for_a_libvirtd_that_is_being_restarted(driver, libvirtd, spec):  # noqa: F811
    driver._connection._timeout = 20
    driver.build.spawn(spec)
    hypervisor.kill(libvirtd)
    driver.power.stop(spec.id, 0)
    assert driver.power.state(spec.id) is Power.SHUTDOWN
    hypervisor.kill(libvirtd)
    driver.power.start(spec)
    assert driver.power.state(spec.id) is Power.RUNNING


def test_calls_wait_for_a_restarting_libvirtd_only_until_their_timeout(driver, libvirtd, spec, hurry):  # noqa: F811
    driver.build.spawn(spec)
    hurry()
    libvirtd.stop()
    try:
        seconds, error = timed(driver.power.stop, spec.id, 0)
        assert isinstance(error, exceptions.HypervisorUnavailable)
        assert seconds < 10
        assert timed(driver.host.guests)[0] < 1
    finally:
        libvirtd.start()
    assert eventually(lambda: answers(driver), 15)
    assert driver.power.state(spec.id) is Power.RUNNING


def test_connections_that_broke_leave_nothing_open(driver, libvirtd):  # noqa: F811
    driver.host.watch(lambda *_: None)

    def again():
        hypervisor.kill(libvirtd)
        assert eventually(lambda: answers(driver), 15)
    again()
    before = open_files()
    for _ in range(3):
        again()
    assert eventually(lambda: open_files() <= before), (before, open_files())


def test_a_guest_undefined_by_hand_is_not_called_gone_while_it_runs(driver, raw, spec):
    events = []
    driver.host.watch(lambda *change: events.append(change[1]))
    driver.build.spawn(spec)
    assert eventually(lambda: events == [Power.RUNNING]), events
    domain = raw().lookupByUUIDString(spec.id)
    domain.undefine()
    assert eventually(lambda: not domain.isPersistent())
    driver.power.stop(spec.id, 10)              # which takes the last of it away
    assert driver.power.state(spec.id) is Power.NOSTATE
    driver.power.start(spec)
    assert eventually(lambda: events[-1] is Power.RUNNING and len(events) > 1), events
    assert Power.NOSTATE not in events[:1]
    domain = raw().lookupByUUIDString(spec.id)
    domain.destroy()
    assert eventually(lambda: events[-1] is Power.SHUTDOWN), events


def test_this_module_passes_on_green_threads():
    if concurrency.mode() == "threading":
        on_eventlet.again(__file__, timeout=300, marked=True)
