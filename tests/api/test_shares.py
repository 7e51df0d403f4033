"""How many requests of one project are worked on at once, in one process."""

import threading

import pytest
from webob import Request

from nova_lite.api.wsgi import service, shares
from nova_lite.conf import CONF
from tests import clouds

_LATER = 20         # seconds; whatever must happen at all happens within them
_SHARE = 2


class SlowBody:
    """A request's body, which comes when it may."""

    def __init__(self):
        self.asked = threading.Event()
        self.may_come = threading.Event()

    def read(self, size=-1):
        self.asked.set()
        assert self.may_come.wait(_LATER)
        return b"{}"


class Crowd:
    """Requests that are being worked on, each in a thread of its own."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.answers = []
        self._threads = []

    def send(self, user="alice"):
        """Begin a request; its body."""
        body = SlowBody()
        req = Request.blank("/compute/v2.1/os-keypairs", method="POST", environ={"wsgi.input": body}, headers={
            "X-Auth-Token": user, "Content-Type": "application/json", "Content-Length": "2"})
        thread = threading.Thread(target=lambda: self.answers.append(req.get_response(self.cloud.app)))
        thread.start()
        self._threads.append((thread, body))
        return body

    def end(self):
        for _, body in self._threads:
            body.may_come.set()
        for thread, _ in self._threads:
            thread.join(_LATER)


@pytest.fixture
def crowd(cloud):
    made = Crowd(cloud)
    CONF.set_override("max_requests_per_project", _SHARE, "http")
    yield made
    made.end()
    CONF.clear_override("max_requests_per_project", "http")


def test_a_request_beyond_the_share_of_its_project_waits_for_one_to_end(crowd):
    first, second = crowd.send(), crowd.send("amy")         # of the same project
    assert first.asked.wait(_LATER) and second.asked.wait(_LATER)
    third = crowd.send()
    assert not third.asked.wait(0.3)
    first.may_come.set()
    assert third.asked.wait(_LATER)


def test_requests_of_other_projects_do_not_wait(crowd):
    for _ in range(_SHARE + 1):
        crowd.send()
    assert crowd.send("bob").asked.wait(_LATER)


def test_a_request_that_waited_too_long_is_429(crowd, cloud, monkeypatch):
    monkeypatch.setattr(shares, "_TIMEOUT", 0.2)
    assert all(crowd.send().asked.wait(_LATER) for _ in range(_SHARE))
    answer = cloud.call("GET", "/os-keypairs")
    assert (answer.status_int, answer.headers["Retry-After"]) == (429, "1")
    assert "[http] max_requests_per_project" in answer.json["overLimit"]["message"]


def test_a_request_is_429_when_too_many_wait_already(crowd, cloud):
    assert all(crowd.send().asked.wait(_LATER) for _ in range(_SHARE))
    waiting = [crowd.send() for _ in range(_SHARE * 4)]
    clouds.until("all of them wait", lambda: len(service._REQUESTS._waiting.get("pa", ())) == len(waiting), _LATER)
    assert cloud.call("GET", "/os-keypairs").status_int == 429


def test_no_counters_are_kept_of_projects_without_requests(crowd):
    for _ in range(_SHARE * 3):
        crowd.send()
    crowd.end()
    assert [each.status_int for each in crowd.answers] == [400] * _SHARE * 3
    assert (service._REQUESTS._running, service._REQUESTS._waiting) == ({}, {})


def test_a_share_of_zero_is_unlimited(crowd):
    CONF.set_override("max_requests_per_project", 0, "http")
    assert all(crowd.send().asked.wait(_LATER) for _ in range(_SHARE * 5))
