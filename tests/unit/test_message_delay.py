"""Late reports are distinguished from those of hosts whose clocks merely differ."""

import itertools
import time

import pytest

from nova_lite.common import exceptions
from nova_lite.conductor.endpoints.desired_state import DesiredState
from nova_lite.conductor.message_delay import _MOST, LATE, MessageDelay
from tests.network_service import Service


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 50_000.0
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    return made


def test_a_message_is_late_only_if_it_took_longer_than_others(clock):
    delay = MessageDelay()
    assert delay.of(["h1", 17.0]) == 0            # its machine was started at another time
    clock.now += 10
    assert delay.of(["h1", 26.5]) == pytest.approx(0.5, abs=0.05)
    clock.now += 3600
    assert delay.of(["h1", 27.0]) > LATE          # it lay for an hour
    assert delay.of(["h1", 3627.0]) < 1           # and that harmed no later one


def test_messages_are_not_late_when_two_clocks_drift_apart(clock):
    delay = MessageDelay()
    for day in range(30):
        clock.now += 86_400
        assert delay.of(["h1", 17 + (day + 1) * 86_400 * 0.9999]) < LATE


def test_delays_are_measured_separately_for_each_run_of_a_host(clock):
    delay = MessageDelay()
    delay.of(["first", 900.0])
    assert delay.of(["second", 1.0]) == 0
    assert delay.of(None) == 0


def test_only_so_many_senders_are_remembered(clock):
    delay = MessageDelay()
    for number in itertools.islice(itertools.count(), _MOST + 10):
        delay.of([str(number), 1.0])
    assert len(delay._least) == _MOST


@pytest.fixture
def reports(database, clock):
    """``reports(works, sent at)`` of the one port of a server on its host, and ``reports.status()`` of that port."""
    networks = Service()
    network, _ = networks.net()
    _, (nic,) = networks.boot([{"uuid": network["id"]}])
    endpoint = DesiredState(networks.facade, MessageDelay())

    def report(works, sent_at):
        return endpoint.ports_seen(None, "host1", {nic.port_id: [2 ** 40, 2 ** 40] if works else None},
                                   sent=["h1", sent_at])
    report.status = lambda: networks.find(f"/ports/{nic.port_id}")["status"]
    report.facade = networks.facade
    report(False, clock.now)
    return report


def test_a_report_of_ports_that_its_sender_gave_up_on_changes_nothing(reports, clock):
    """It may be older than one that came before it: both waited in a conductor that stood still."""
    sent_at = clock.now
    clock.now += LATE + 1
    with pytest.raises(exceptions.MessageTooLate, match="6 s late"):
        reports(True, sent_at)
    assert reports.status() == "DOWN"
    reports(True, clock.now)
    assert reports.status() == "ACTIVE"


def test_a_report_of_ports_during_which_the_conductor_stood_still_changes_nothing(reports, clock, monkeypatch):
    report_ports = reports.facade.desired_state.report_ports

    def stands_still(host, states):
        clock.now += LATE + 1
        return report_ports(host, states)
    monkeypatch.setattr(reports.facade.desired_state, "report_ports", stands_still)
    with pytest.raises(exceptions.MessageTooLate):
        reports(True, clock.now)
    assert reports.status() == "DOWN"
