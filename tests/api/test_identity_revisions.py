"""Tokens against changes of identity: clocks that are set, other processes and machines, restores, and load."""

import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import cloud
from nova_lite.db import session as database_session
from nova_lite.db.models.identity import IdentityRevision, Revocation
from nova_lite.identity import revocations
from tests import clouds
from tests.identity_service import Service

_HOUR, _DAY = 3600, 86400
#: Prints, for each line of its input (a token), the token's roles, or what it was refused with.
_OTHER_PROCESS = """
import sys
from nova_lite.conf import CONF
CONF(["--config-file", sys.argv[1]], project="nova_lite")
from nova_lite.identity.api import API
identity = API()
for line in sys.stdin:
    try:
        print(",".join(identity.authenticate_token(line.strip()).roles), flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
"""


@pytest.fixture
def service(first_users):
    return Service()


@pytest.fixture
def clock(monkeypatch):
    """Set the time of day: ``clock(seconds)`` from what it really is."""
    real, shift = time.time, [0]
    monkeypatch.setattr(time, "time", lambda: real() + shift[0])

    def put(seconds):
        shift[0] = seconds
    return put


def on_another_machine():
    """The identity of a process that has the same database, and shares no memory with this one."""
    made = Service()
    made.identity._revocations._shared._memory = bytearray(8)
    made.identity._revocations._fetch()
    return made


def status(service, token):
    return service.call("GET", "/auth/projects", token=token).status_int


def revoke(service, token):
    assert service.call("DELETE", "/auth/tokens", token=token, X_Subject_Token=token).status_int == 204


def new_password(service, user, password):
    assert service.admin("PATCH", f"/users/{service.user_id(user)}", {"user": {"password": password}}).status_int == 200


# ---- clocks

@pytest.mark.parametrize("first, then", [(-_HOUR // 2, 0), (_HOUR // 2, 0), (0, -_HOUR // 2), (0, _HOUR // 2)])
def test_a_password_change_voids_older_tokens_and_no_newer_ones_whatever_the_clock_says(service, clock, first, then):
    service.admin("GET", "/users")
    clock(first)
    old = service.token("demo")
    new_password(service, "demo", "second")
    clock(then)
    new = service.token("demo", password="second")
    for seconds in (first, then, 0):
        clock(seconds)
        assert (status(service, old), status(service, new)) == (401, 200)


@pytest.mark.parametrize("restart", [False, True])
def test_a_revoked_token_stays_void_when_the_clock_went_far_ahead_and_came_back(service, clock, restart):
    revoked, kept = service.token("demo"), service.token("demo")
    revoke(service, revoked)
    clock(30 * _DAY)
    service.token()
    service.identity.users.create({"name": "somebody", "domain_id": "default"})    # deletes revocations of long ago
    assert status(service, kept) == 401
    clock(0)
    if restart:
        service.identity._revocations = revocations.Revocations()
    assert status(service, revoked) == 401
    assert status(service, service.token("demo")) == 200
    with db.reader() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Revocation)) == 0


def test_a_clock_that_goes_ahead_for_hours_and_back_ends_no_token(service, clock):
    kept, revoked = service.token("demo"), service.token("demo")
    revoke(service, revoked)
    clock(2 * _DAY)
    service.identity.users.create({"name": "somebody", "domain_id": "default"})
    clock(0)
    assert (status(service, kept), status(service, revoked)) == (200, 401)


def test_roles_change_in_tokens_of_a_later_time_of_day(service, clock):
    service.admin("GET", "/users")
    clock(_HOUR // 2)
    token = service.token("demo")
    clock(-_DAY)
    service.identity.grants.add(("user", service.user_id("demo")), ("project", service.project_id("demo")),
                            service.role_id("service"))
    assert "service" in service.identity.authenticate_token(token).roles


# ---- other processes and machines

@pytest.fixture
def ask(service, tmp_path):
    """A function that has another process of this machine check a token."""
    file = tmp_path / "nova_lite.conf"
    file.write_text(f"[DEFAULT]\nstate_dir = {CONF.state_dir}\n[database]\nconnection = {database_session.url()}\n")
    other = subprocess.Popen([sys.executable, "-c", _OTHER_PROCESS, str(file)], text=True, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)

    def answer(token):
        other.stdin.write(token + "\n")
        other.stdin.flush()
        return other.stdout.readline().strip()
    yield answer
    other.stdin.close()
    assert other.wait(20) == 0


@pytest.mark.slow
def test_a_change_counts_in_another_process_with_its_next_request(service, ask):
    token, id = service.token("demo"), service.user_id("demo")
    assert ask(token) == "member,reader"
    for _ in range(5):
        assert service.grant(id, "service").status_int == 204
        assert sorted(ask(token).split(",")) == ["member", "reader", "service"]
        assert service.grant(id, "service", method="DELETE").status_int == 204
        assert ask(token) == "member,reader"
    revoke(service, token)
    assert ask(token) == "Unauthorized"
    assert ask(service.token("demo")) == "member,reader"


def test_a_token_made_after_a_change_is_good_on_another_machine_at_once(service):
    other = on_another_machine()
    service.made("user", name="eve", password="pw", default_project_id=service.project_id("demo"))
    service.grant(service.user_id("eve"))
    assert status(other, service.token("eve", password="pw", scope=None)) == 200


@pytest.mark.slow
@pytest.mark.parametrize("what", ["revoked", "disabled", "a role lost"])
def test_a_write_on_another_machine_is_refused_at_once(service, what):
    admin = service.made("user", name="second", password="pw")["id"]
    for role in ("admin", "reader"):
        service.grant(admin, role, "admin")
    token = service.token("second", password="pw", scope={"project": {"name": "admin", "domain": {"id": "default"}}})
    other = on_another_machine()

    def write(name):
        return other.call("POST", "/roles", {"role": {"name": name}}, token).status_int
    assert write("one") == 201
    other.call("GET", "/roles", token=token)            # it has fetched its own change
    service.grant(admin, "service", "admin")
    assert write("two") == 201                          # a role more is no harm
    assert status(other, token) == 200
    if what == "revoked":
        revoke(service, token)
    elif what == "disabled":
        service.admin("PATCH", f"/users/{admin}", {"user": {"enabled": False}})
    else:
        service.grant(admin, "admin", "admin", "DELETE")
    assert write("three") == 401
    assert service.admin("GET", "/roles?name=three").json["roles"] == []
    time.sleep(1.05)
    assert other.call("GET", "/roles", token=token).status_int == (403 if what == "a role lost" else 401)


def test_the_check_of_a_write_is_one_statement(service):
    service.made("user", name="u")
    service.admin("GET", "/users")
    context = service.identity.authenticate_token(service.tokens["admin"])
    seen = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        seen.append(statement)
    sa.event.listen(database_session.engine(), "before_cursor_execute", note)
    try:
        with db.reader() as session:
            context.write_check(session)
    finally:
        sa.event.remove(database_session.engine(), "before_cursor_execute", note)
    assert len(seen) == 1 and "identity_revocations" not in seen[0]


def test_a_context_travels_without_its_check(service):
    context = service.identity.authenticate_token(service.token())
    assert context.write_check is not None and "write_check" not in context.to_dict()
    assert type(context).from_dict(context.to_dict()).write_check is None


def test_a_process_that_cannot_fetch_for_half_a_minute_answers_503_and_says_why(service, monkeypatch):
    token, now = service.token("demo"), [time.monotonic()]
    assert status(service, token) == 200

    def away(*given):
        raise exceptions.DatabaseUnavailable(reason="away")
    monkeypatch.setattr(revocations.queries, "since", away)
    monkeypatch.setattr(revocations.time, "monotonic", lambda: now[0])
    now[0] += 29
    assert status(service, token) == 200
    now[0] += 2
    answer = service.call("GET", "/auth/projects", token=token)
    assert answer.status_int == 503
    assert "Whether this token was revoked is not known" in answer.json["error"]["message"]


# ---- a database set back

def test_a_database_that_was_set_back_ends_the_tokens_that_it_does_not_know(service):
    token = service.token("demo")
    with db.reader() as session:
        before = session.scalar(sa.select(IdentityRevision.number))
    service.grant(service.user_id("demo"), "service")
    later = service.token("demo")
    assert (status(service, token), status(service, later)) == (200, 200)
    with db.writer() as session:
        session.execute(sa.update(IdentityRevision).values(number=before))
        session.execute(sa.delete(Revocation).where(Revocation.revision > before))
    service.identity._revocations._fetched = None       # a second later
    assert (status(service, token), status(service, later)) == (200, 401)
    revoke(service, token)
    assert status(service, token) == 401


def test_a_cloud_that_is_restored_from_a_backup_voids_all_tokens_of_before(service):
    old = service.token("demo")
    assert status(service, old) == 200
    with db.writer() as session:
        cloud.create(session, "c")
        cloud.restored(session, 5)
    service.identity._revocations._fetched = None       # a second later
    assert status(service, old) == 401
    new = service.token("demo")
    assert status(service, new) == 200
    revoke(service, new)
    assert status(service, new) == 401


# ---- load

@pytest.mark.slow
def test_no_request_that_begins_after_a_revocation_succeeds_and_none_before_it_fails(service):
    rounds, threads = 6, 4
    tokens = [service.token("demo") for _ in range(rounds)]
    revoked_at, answers, failed = {}, [], []
    current, end = [tokens[0]], threading.Event()

    def work():
        while not end.is_set():
            token, started = current[0], time.monotonic()
            try:
                found = status(service, token)
            except Exception as error:
                failed.append(error)
                return
            answers.append((token, started, time.monotonic(), found))
    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for each in workers:
        each.start()
    started_at = {}
    for place, token in enumerate(tokens):
        current[0] = token
        clouds.until("it is asked", lambda token=token: failed or token in {each[0] for each in answers})
        service.grant(service.user_id("demo"), "service", method="PUT" if place % 2 == 0 else "DELETE")
        started_at[token] = time.monotonic()
        revoke(service, token)
        revoked_at[token] = time.monotonic()
        clouds.until("it is asked again", lambda token=token: failed or any(
            each[0] == token and each[1] > revoked_at[token] for each in answers))
    end.set()
    for each in workers:
        each.join(30)
    assert not failed
    early = [found for token, _, ended, found in answers if ended < started_at[token]]
    late = [found for token, started, _, found in answers if started > revoked_at[token]]
    assert set(early) == {200} and set(late) == {401}, (len(early), len(late))
