"""A host reports of its ports what the conductor may not know."""

import pytest

from nova_lite.common import exceptions
from nova_lite.network.planes.contract import PortState
from nova_lite.network.port_reports import PortReports


class Plane:
    def __init__(self):
        self.works = True

    def ports(self, _only=None):
        return {"p": PortState("s", "n", (1, 1), self.works)}


class Conductor:
    """:ivar known: what was reported to it; an answer may be ``lost`` after that."""

    def __init__(self):
        self.known, self.lost, self.asked = {}, False, 0

    def ports_seen(self, _context, _host, ports):
        self.asked += 1
        self.known |= ports
        if self.lost:
            raise exceptions.NoAnswer(method="ports_seen", address="conductor")
        return []


@pytest.fixture
def said():
    plane, conductor = Plane(), Conductor()
    return plane, conductor, PortReports("h1", plane, conductor)


def test_what_is_no_news_is_not_reported_again(said):
    _, conductor, reports = said
    reports.report()
    reports.report()
    assert (conductor.known, conductor.asked) == ({"p": [1, 1]}, 1)


def test_a_state_that_went_back_after_a_lost_answer_is_reported(said):
    """The report may have arrived though its answer did not, so the state before it is news again."""
    plane, conductor, reports = said
    conductor.lost = True
    with pytest.raises(exceptions.NoAnswer):
        reports.report()
    assert reports.is_late and conductor.known == {"p": [1, 1]}
    conductor.lost, plane.works = False, False
    reports.report()
    assert not reports.is_late and conductor.known == {"p": None}
    reports.report()
    assert conductor.asked == 2


def test_a_lost_answer_to_a_step_that_needs_ports_makes_its_ports_news(said):
    plane, conductor, reports = said

    def ask(states):
        conductor.known |= states
        raise exceptions.NoAnswer(method="await_ports", address="conductor")
    with pytest.raises(exceptions.NoAnswer):
        reports.asked_of(["p"], ask)
    plane.works = False
    reports.report()
    assert conductor.known == {"p": None}
