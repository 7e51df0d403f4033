"""Idempotency-Key: a POST that is sent again does nothing twice, whatever died in between, and is answered again."""

import datetime
import json
import threading
import types

import pytest
import sqlalchemy as sa
from webob import Request

from nova_lite import db
from nova_lite.api.wsgi import app
from nova_lite.common import concurrency, exception, unit_of_work
from nova_lite.conductor import manager as conductor
from nova_lite.db import idempotency as keys
from nova_lite.db import session as db_session
from nova_lite.db.base import now
from nova_lite.db.models.idempotency import IdempotencyKey
from nova_lite.db.models.operations import Operation
from nova_lite.image.api import API as Image
from tests.compute_service import IMAGE, Tokens

SERVERS, KEYPAIRS, NETWORKS, IMAGES = (
    "/compute/v2.1/servers", "/compute/v2.1/os-keypairs", "/network/v2.0/networks", "/image/v2/images")
SERVER = {"server": {"name": "one", "flavorRef": "42", "imageRef": IMAGE, "networks": "none"}}
NETWORK = {"network": {"name": "net"}}


class Client:
    def __init__(self, cloud):
        self.cloud = cloud
        self.app = app.build(types.SimpleNamespace(identity=Tokens(), compute=cloud.compute, network=cloud.network,
                                                   image=Image()), services=("compute", "network", "image"))

    def post(self, path, body, key, *, user="alice", version="2.94"):
        req = Request.blank(path, method="POST", headers={
            "X-Auth-Token": user, "OpenStack-API-Version": f"compute {version}", "Content-Type": "application/json"})
        req.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if key is not None:
            req.headers["Idempotency-Key"] = key
        return req.get_response(self.app)


@pytest.fixture
def client(cloud):
    return Client(cloud)


def count(model):
    with db.reader() as session:
        return session.execute(sa.select(sa.func.count()).select_from(model)).scalar()


def age(**values):
    """Write columns of every key."""
    with db.writer() as session:
        session.execute(sa.update(IdempotencyKey).values(**values))


def fault(answer):
    (told,) = answer.json.values()
    return told


CASES = {
    "server": (SERVERS, SERVER),
    "network": (NETWORKS, NETWORK),
    "image": (IMAGES, {"name": "i", "disk_format": "qcow2", "container_format": "bare"}),
    "keypair": (KEYPAIRS, {"keypair": {"name": "k", "type": "ssh", "public_key":
                           "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0nGNhcDKWyA0mVyhHmMQy0dPCXqm0BGAW6HrVMRbNT k"}}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_repeat_gets_the_first_answer_and_makes_nothing(client, case):
    path, body = CASES[case]
    first, again = client.post(path, body, "a key"), client.post(path, body, "a key")
    assert first.status_int in (201, 202), first.text
    assert (again.status_int, again.body, again.content_type) == (first.status_int, first.body, first.content_type)
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers["x-openstack-request-id"] == first.headers["x-openstack-request-id"]
    assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"


def test_one_server_and_one_operation_come_of_ten_requests(client):
    for _ in range(10):
        assert client.post(SERVERS, SERVER, "k").status_int == 202
    assert client.cloud.names() == ["one"]
    assert count(Operation) == 1


def test_actions_are_repeated_too(client):
    server_id = client.cloud.make()
    path = f"{SERVERS}/{server_id}/action"
    first, again = (client.post(path, {"os-stop": None}, "k") for _ in range(2))
    assert (first.status_int, again.status_int) == (202, 202)
    assert client.post(path, {"os-stop": None}, "another").status_int == 409


def test_without_a_key_nothing_is_remembered(client):
    assert client.post(SERVERS, SERVER, None).status_int == 202
    assert client.post(SERVERS, SERVER, None).status_int == 202
    assert (len(client.cloud.names()), count(IdempotencyKey)) == (2, 0)


@pytest.mark.parametrize(("path", "body"), [(SERVERS, {"server": SERVER["server"] | {"name": "two"}}),
                                            (KEYPAIRS, CASES["keypair"][1])])
def test_the_same_key_with_another_request_is_422(client, path, body):
    client.post(SERVERS, SERVER, "k")
    answer = client.post(path, body, "k")
    assert (answer.status_int, fault(answer)["code"]) == (422, 422)
    assert client.cloud.names() == ["one"]


def test_422_has_the_form_of_each_service(client):
    client.post(SERVERS, SERVER, "k")
    assert client.post(NETWORKS, NETWORK, "k").json["NeutronError"]["type"] == "IdempotencyKeyReused"
    image = client.post(*CASES["image"], "k")
    assert image.status_int == 422 and image.content_type in ("text/html", "text/plain")


def test_the_spacing_of_json_is_not_what_is_asked(client):
    first = client.post(SERVERS, SERVER, "k")
    assert client.post(SERVERS, json.dumps(SERVER, indent=3).encode(), "k").json == first.json


def test_another_microversion_asks_for_something_else(client):
    client.post(SERVERS, SERVER, "k", version="2.94")
    assert client.post(SERVERS, SERVER, "k", version="2.93").status_int == 422


@pytest.mark.parametrize("other", ["bob", "amy"])
def test_keys_of_other_projects_and_users_are_their_own(client, other):
    first = client.post(SERVERS, SERVER, "k")
    theirs = client.post(SERVERS, SERVER, "k", user=other)
    assert theirs.status_int == 202 and theirs.json["server"]["id"] != first.json["server"]["id"]


def test_keys_differ_by_case(client):
    assert client.post(SERVERS, SERVER, "k").json != client.post(SERVERS, SERVER, "K").json


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "a\tb", "\xe9"])
def test_a_key_that_cannot_be_is_400(client, key):
    answer = client.post(SERVERS, SERVER, key)
    assert (answer.status_int, fault(answer)["code"]) == (400, 400)
    assert client.cloud.names() == []


def test_the_longest_key_is_a_key(client):
    assert client.post(SERVERS, SERVER, "k" * 255).status_int == 202
    assert client.post(SERVERS, SERVER, "k" * 255).headers["Idempotent-Replayed"] == "true"


def test_a_refusal_is_an_answer_too(client):
    body = {"server": SERVER["server"] | {"flavorRef": "none-such"}}
    first, again = client.post(SERVERS, body, "k"), client.post(SERVERS, body, "k")
    assert (first.status_int, again.status_int, again.body) == (400, 400, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_repeat_while_the_first_is_answered_is_409(client, monkeypatch):
    begun, go_on, answers = threading.Event(), threading.Event(), []
    validate = client.cloud.network.validate

    def slowly(*args):
        begun.set()
        go_on.wait(10)
        return validate(*args)
    monkeypatch.setattr(client.cloud.network, "validate", slowly)
    first = threading.Thread(target=lambda: answers.append(client.post(SERVERS, SERVER, "k")))
    first.start()
    assert begun.wait(10)
    busy = client.post(SERVERS, SERVER, "k")
    go_on.set()
    first.join(10)
    assert (busy.status_int, busy.headers["Retry-After"]) == (409, "1")
    assert answers[0].status_int == 202
    assert client.post(SERVERS, SERVER, "k").json == answers[0].json


def test_after_an_unexpected_error_nothing_is_left_and_the_key_is_free(client, monkeypatch):
    from nova_lite.api.compute.views.servers import ServerView
    with monkeypatch.context() as patched:
        patched.setattr(ServerView, "created", lambda *_: 1 / 0)        # the server's transaction is behind it
        assert client.post(SERVERS, SERVER, "k").status_int == 500
    assert (count(Operation), count(IdempotencyKey), client.cloud.names()) == (0, 0, [])
    assert client.post(SERVERS, SERVER, "k").status_int == 202


class Died(BaseException):
    """The process: nothing handles it, nothing is cleaned up after it."""


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_a_process_that_dies_around_the_commit_leaves_all_or_nothing(client, monkeypatch, moment):
    commit = sa.orm.Session.commit

    def dying(session):
        if not count_in(session, Operation):        # the claim's own transaction
            return commit(session)
        if moment == "after the commit":
            commit(session)
        raise Died
    with monkeypatch.context() as patched:
        patched.setattr(sa.orm.Session, "commit", dying)
        with pytest.raises(Died):
            client.post(SERVERS, SERVER, "k")
    if moment == "before the commit":
        assert client.post(SERVERS, SERVER, "k").status_int == 409
        with db.writer() as session:
            keys.forget_unanswered(session)         # as the next start does
    again = client.post(SERVERS, SERVER, "k")
    assert again.status_int == 202
    assert (count(Operation), client.cloud.names()) == (1, ["one"])
    assert ("Idempotent-Replayed" in again.headers) is (moment == "after the commit")


def count_in(session, model):
    return session.execute(sa.select(sa.func.count()).select_from(model)).scalar()


def test_where_nobody_can_tell_that_it_died_the_claim_runs_out(client):
    with db.writer() as session:
        claimed = keys.claim(session, {"id": "x", "fingerprint": "f", "project_id": None, "request_id": "first",
                                       "claimed_until": now(), "expires_at": now() + datetime.timedelta(1)})
        taken = keys.claim(session, {"id": "x", "fingerprint": "f", "project_id": None, "request_id": "second",
                                     "claimed_until": now() + datetime.timedelta(1),
                                     "expires_at": now() + datetime.timedelta(1)})
        assert claimed is None and taken is None
        assert not keys.answer(session, "x", "first", "late")
        assert keys.answer(session, "x", "second", "sealed")


def test_a_first_that_was_overtaken_is_undone(client, monkeypatch):
    insert = client.cloud.compute.build._rpc.build_servers
    monkeypatch.setattr(client.cloud.compute.build._rpc, "build_servers", lambda *args: (
        unit_of_work.current().session.execute(sa.update(IdempotencyKey).values(request_id="a repeat")), insert(*args)))
    answer = client.post(SERVERS, SERVER, "k")
    assert (answer.status_int, client.cloud.names()) == (409, [])


def test_a_key_is_forgotten_after_its_day(client):
    client.post(SERVERS, SERVER, "k")
    age(expires_at=now())
    assert "Idempotent-Replayed" not in client.post(SERVERS, SERVER, "k").headers
    assert len(client.cloud.names()) == 2


def test_expired_keys_are_purged_and_others_stay(client):
    client.post(SERVERS, SERVER, "old")
    age(expires_at=now())
    client.post(SERVERS, SERVER, "new")
    conductor._purge_keys()
    assert count(IdempotencyKey) == 1


def test_answers_are_sealed_and_opened_again(client):
    first = client.post(SERVERS, SERVER, "k")
    password = first.json["server"]["adminPass"]
    with db_session.engine().connect() as connection:
        [stored] = connection.execute(sa.select(IdempotencyKey.answer)).scalars()
    assert password not in stored and "adminPass" not in stored     # a shorter word may be there by chance
    assert client.post(SERVERS, SERVER, "k").json["server"]["adminPass"] == password


def test_bells_ring_after_the_commit(client, monkeypatch):
    seen = []
    inner = client.cloud.compute.build._rpc._client
    monkeypatch.setattr(inner._guard, "cast", lambda _use: seen.append((unit_of_work.current(), count(Operation))))
    client.post(SERVERS, SERVER, "k")
    assert seen == [(None, 1)]


def test_what_a_block_of_a_unit_did_is_undone_alone_when_it_raises(database):
    def write(name):
        with db.writer() as session:
            session.execute(sa.insert(IdempotencyKey), {
                "id": name, "fingerprint": "f", "request_id": "r", "claimed_until": now(), "expires_at": now()})
            if name == "bad":
                raise exception.Conflict
    with unit_of_work.begin():
        write("good")
        with pytest.raises(exception.Conflict):
            write("bad")
        with db.reader() as session:
            assert count_in(session, IdempotencyKey) == 1
    assert count(IdempotencyKey) == 1


@pytest.mark.parametrize(("flavor", "status"), [("42", 202), ("none-such", 400)])
@pytest.mark.parametrize("write", ["claim", "answer"])
def test_a_deadlock_over_the_key_itself_is_not_seen(client, monkeypatch, flavor, status, write):
    victims, done = [1, 2], getattr(keys, write)

    def unlucky(*args):
        if victims:
            victims.pop()
            raise exception.DeadlockVictim(reason="deadlock detected")
        return done(*args)
    monkeypatch.setattr(keys, write, unlucky)
    monkeypatch.setattr(concurrency, "sleep", lambda _seconds: None)
    body = {"server": SERVER["server"] | {"flavorRef": flavor}}
    first, again = client.post(SERVERS, body, "k"), client.post(SERVERS, body, "k")
    assert (first.status_int, again.status_int, again.body) == (status, status, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(client.cloud.names()) == (status == 202)
