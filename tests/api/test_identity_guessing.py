"""Wrong passwords: checked as they come, then slowly; the answer and its time are the same for all of them."""

import threading
import time
import types

import pytest

from nova_lite.identity import attempts, passwords
from tests import clouds
from tests.identity_service import Service

pytestmark = pytest.mark.slow        # they wait for real deadlines

HOME, OFFICE, ELSEWHERE = "192.0.2.1", "192.0.2.2", "198.51.100.7"


class Guessed(Service):
    """``checked``: how many passwords were compared; ``now``: what the clock is ahead."""

    def __init__(self, monkeypatch):
        super().__init__()
        self.checked, self.ahead = 0, 0
        verify = passwords.Verifier.verify

        def counted(*given):
            self.checked += 1
            return verify(*given)
        monkeypatch.setattr(passwords.Verifier, "verify", counted)
        clock = time.time
        monkeypatch.setattr(attempts.time, "time", lambda: clock() + self.ahead)
        monkeypatch.setattr(attempts.concurrency, "sleep", lambda seconds: None)

    def try_(self, password, user="demo", address=HOME):
        return self.call("POST", "/auth/tokens", {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": user, "domain": {"id": "default"}, "password": password}}}}}, X_Forwarded_For=address)


@pytest.fixture
def service(first_users, conf, monkeypatch):
    for name, value, group in (("failed_logins_free", 3, "identity"), ("failed_logins_interval", 60, "identity"),
                               ("trust_proxy_headers", True, "api")):
        conf.set_override(name, value, group)
    yield Guessed(monkeypatch)
    for name, group in (("failed_logins_free", "identity"), ("failed_logins_interval", "identity"),
                        ("trust_proxy_headers", "api"), ("lockout_failure_attempts", "security_compliance"),
                        ("lockout_duration", "security_compliance")):
        conf.clear_override(name, group)


def test_after_some_wrong_passwords_one_per_interval_is_compared(service):
    assert {service.try_("wrong").status_int for _ in range(10)} == {401}
    assert service.checked == 3
    assert service.try_("demo-pw").status_int == 401        # not looked at either
    service.ahead += 61
    assert [service.try_("wrong").status_int, service.try_("wrong").status_int] == [401, 401]
    assert service.checked == 4
    service.ahead += 61
    assert service.try_("demo-pw").status_int == 201
    service.ahead += 3600
    [service.try_("wrong") for _ in range(10)]
    assert service.checked == 8


@pytest.mark.parametrize("user", ["demo", "nobody"])
def test_a_slowed_login_is_answered_like_a_wrong_password_or_an_unknown_user(service, user):
    answers = [service.try_("wrong", user) for _ in range(6)]
    assert service.checked == 3
    shown = {(each.status, each.text, tuple(sorted(name for name, _ in each.headerlist))) for each in answers}
    assert len(shown) == 1


def test_a_slowed_login_takes_the_time_of_a_wrong_password_and_no_hashing_thread(service, monkeypatch):
    slept, took = [], []
    monkeypatch.setattr(attempts.concurrency, "sleep", slept.append)
    verify = passwords.Verifier.verify
    monkeypatch.setattr(passwords.Verifier, "verify", lambda *given: took.append(0.3) or verify(*given))
    monkeypatch.setattr(attempts, "time", types.SimpleNamespace(time=time.time, monotonic=lambda: sum(took)))
    [service.try_("wrong") for _ in range(3)]
    assert not slept
    service.try_("wrong")
    assert 0.2 < slept[0] < 0.35 and service.checked == 3


def test_no_more_logins_are_compared_at_once_than_one_after_the_other(service, monkeypatch):
    gate, verify = threading.Event(), passwords.Verifier.verify
    monkeypatch.setattr(passwords.Verifier, "verify", lambda *given: gate.wait(60) and verify(*given))
    threads = [threading.Thread(target=service.try_, args=("wrong",)) for _ in range(12)]
    [each.start() for each in threads]
    clouds.until("those that are not compared are refused", lambda: sum(each.is_alive() for each in threads) <= 3)
    gate.set()
    [each.join() for each in threads]
    assert service.checked == 3


def test_an_attack_from_elsewhere_does_not_slow_logins_from_a_users_own_address(service):
    assert service.try_("demo-pw", address=OFFICE).status_int == 201
    for number in range(60):
        service.try_("wrong", address=f"203.0.113.{number}")
    checked = service.checked
    assert service.try_("wrong", address=ELSEWHERE).status_int == 401 and service.checked == checked
    assert service.try_("demo-pw", address=OFFICE).status_int == 201


def test_an_attacker_behind_the_same_proxy_does_not_keep_others_out(service):
    assert service.try_("demo-pw").status_int == 201
    for number in range(60):
        service.try_("wrong", user=f"guess{number}")
    checked = service.checked
    assert checked < 40
    service.try_("wrong", user="one-more")
    assert service.checked == checked
    assert service.try_("demo-pw").status_int == 201
    assert service.try_("admin-pw", user="admin", address=OFFICE).status_int == 201


def test_failed_logins_are_counted_by_network_of_the_address(service):
    for number in range(9):
        service.try_("wrong", address=f"2001:db8::{number}")
    assert service.checked == 3


def test_changing_a_password_is_held_to_the_same_count(service):
    body = {"user": {"original_password": "wrong", "password": "new"}}
    path = f"/users/{service.user_id('demo')}/password"
    checked = service.checked
    assert {service.call("POST", path, body, X_Forwarded_For=HOME).status_int for _ in range(5)} == {401}
    service.try_("wrong")
    assert service.checked == checked + 3


def test_slowed_logins_can_be_disabled(service, conf):
    conf.set_override("failed_logins_free", 0, "identity")
    [service.try_("wrong") for _ in range(12)]
    assert service.checked == 12


def lockout(conf, attempts=2, duration=1800):
    conf.set_override("lockout_failure_attempts", attempts, "security_compliance")
    conf.set_override("lockout_duration", duration, "security_compliance")
    conf.set_override("failed_logins_free", 0, "identity")


def test_an_operator_may_ask_for_keystones_lockout(service, conf, monkeypatch):
    lockout(conf)
    service.try_("wrong")
    assert service.try_("demo-pw").status_int == 201        # it begins anew
    service.try_("wrong")
    service.try_("wrong", address=ELSEWHERE)
    checked = service.checked
    assert service.try_("demo-pw", address=OFFICE).status_int == 401 and service.checked == checked
    conf.set_override("lockout_duration", 1, "security_compliance")
    time.sleep(1.1)
    service.try_("wrong")                                   # the first of two
    assert service.try_("demo-pw").status_int == 201


def test_a_lockout_without_an_end_is_lifted_by_a_new_password(service, conf):
    lockout(conf, duration=0)
    [service.try_("wrong") for _ in range(2)]
    assert service.try_("demo-pw").status_int == 401
    service.identity.set_password("demo", "new-pw")
    assert service.try_("new-pw").status_int == 201


def test_users_with_the_option_are_not_locked_out(service, conf):
    lockout(conf)
    service.made("user", name="robot", password="pw", options={"ignore_lockout_failure_attempts": True})
    [service.try_("wrong", user="robot") for _ in range(5)]
    assert service.try_("pw", user="robot").status_int == 201


@pytest.mark.parametrize("back", [30, 3600])
@pytest.mark.parametrize("before", [0, 10])
def test_a_clock_that_was_set_back_neither_locks_users_out_nor_allows_more_guesses(service, before, back):
    assert service.try_("demo-pw").status_int == 201
    service.ahead = 7200
    assert service.try_("demo-pw").status_int == 201
    for _ in range(before):
        service.try_("wrong")
    service.ahead -= back if not before else 7200
    if not before:
        assert service.try_("demo-pw").status_int == 201
    checked = service.checked
    for _ in range(10):
        service.try_("wrong")
    assert service.checked <= checked + 3
