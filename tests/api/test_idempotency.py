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
from nova_lite.common import concurrency, exceptions, unit_of_work
from nova_lite.common.context import RequestContext
from nova_lite.conductor import purge
from nova_lite.conf import CONF
from nova_lite.db import idempotency as keys
from nova_lite.db import session as db_session
from nova_lite.db.base import now
from nova_lite.db.models.idempotency import IdempotencyKey
from nova_lite.db.models.operations import Operation
from nova_lite.idempotency import api as memory
from nova_lite.image.api import API as Image
from tests.compute_service import IMAGE, USERS, Tokens

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
    (resource,) = answer.json.values()
    return resource


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


def test_ten_requests_with_one_key_make_one_server_and_one_operation(client):
    for _ in range(10):
        assert client.post(SERVERS, SERVER, "k").status_int == 202
    assert client.cloud.names() == ["one"]
    assert count(Operation) == 1


def test_a_repeated_action_gets_the_first_answer(client):
    server_id = client.cloud.make()
    path = f"{SERVERS}/{server_id}/action"
    first, again = (client.post(path, {"os-stop": None}, "k") for _ in range(2))
    assert (first.status_int, again.status_int) == (202, 202)
    assert client.post(path, {"os-stop": None}, "another").status_int == 409


def test_a_request_without_a_key_is_not_recorded(client):
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


def test_a_repeat_may_differ_in_the_white_space_of_its_json(client):
    first = client.post(SERVERS, SERVER, "k")
    assert client.post(SERVERS, json.dumps(SERVER, indent=3).encode(), "k").json == first.json


def test_a_repeat_with_another_microversion_is_422(client):
    client.post(SERVERS, SERVER, "k", version="2.94")
    assert client.post(SERVERS, SERVER, "k", version="2.93").status_int == 422


@pytest.mark.parametrize("other", ["bob", "amy"])
def test_keys_of_different_projects_and_users_are_separate(client, other):
    first = client.post(SERVERS, SERVER, "k")
    theirs = client.post(SERVERS, SERVER, "k", user=other)
    assert theirs.status_int == 202 and theirs.json["server"]["id"] != first.json["server"]["id"]


def test_keys_differ_by_case(client):
    assert client.post(SERVERS, SERVER, "k").json != client.post(SERVERS, SERVER, "K").json


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "a\tb", "\xe9"])
def test_an_invalid_key_is_400(client, key):
    answer = client.post(SERVERS, SERVER, key)
    assert (answer.status_int, fault(answer)["code"]) == (400, 400)
    assert client.cloud.names() == []


def test_a_key_of_the_maximum_length_is_accepted(client):
    assert client.post(SERVERS, SERVER, "k" * 255).status_int == 202
    assert client.post(SERVERS, SERVER, "k" * 255).headers["Idempotent-Replayed"] == "true"


def test_a_repeat_of_a_refused_request_gets_the_same_refusal(client):
    body = {"server": SERVER["server"] | {"flavorRef": "none-such"}}
    first, again = client.post(SERVERS, body, "k"), client.post(SERVERS, body, "k")
    assert (first.status_int, again.status_int, again.body) == (400, 400, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_repeat_while_the_first_is_answered_is_409(client, monkeypatch):
    started, go_on, answers = threading.Event(), threading.Event(), []
    validate = client.cloud.network.validate

    def slowly(*args):
        started.set()
        go_on.wait(60)
        return validate(*args)
    monkeypatch.setattr(client.cloud.network, "validate", slowly)
    first = threading.Thread(target=lambda: answers.append(client.post(SERVERS, SERVER, "k")))
    first.start()
    assert started.wait(60)
    busy = client.post(SERVERS, SERVER, "k")
    go_on.set()
    first.join(60)
    assert (busy.status_int, busy.headers["Retry-After"]) == (409, "1")
    assert answers[0].status_int == 202
    assert client.post(SERVERS, SERVER, "k").json == answers[0].json


def test_an_unexpected_error_leaves_no_rows_and_frees_the_key(client, monkeypatch):
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


def test_the_claim_of_a_dead_process_expires(client):
    with db.writer() as session:
        claimed = keys.claim(session, {"id": "x", "fingerprint": "f", "project_id": None, "request_id": "first",
                                       "claimed_until": now(), "expires_at": now() + datetime.timedelta(1)})
        taken = keys.claim(session, {"id": "x", "fingerprint": "f", "project_id": None, "request_id": "second",
                                     "claimed_until": now() + datetime.timedelta(1),
                                     "expires_at": now() + datetime.timedelta(1)})
        assert claimed == taken == (None, None)
        assert not keys.answer(session, "x", "first", "late")
        assert keys.answer(session, "x", "second", "sealed")


def test_a_request_whose_claim_was_taken_over_is_undone(client, monkeypatch):
    insert = client.cloud.compute.build._rpc.build_servers
    monkeypatch.setattr(client.cloud.compute.build._rpc, "build_servers", lambda *args: (
        unit_of_work.current().session.execute(sa.update(IdempotencyKey).values(request_id="a repeat")), insert(*args)))
    answer = client.post(SERVERS, SERVER, "k")
    assert (answer.status_int, client.cloud.names()) == (409, [])


def test_an_idempotency_key_expires_after_a_day(client):
    client.post(SERVERS, SERVER, "k")
    age(expires_at=now())
    assert "Idempotent-Replayed" not in client.post(SERVERS, SERVER, "k").headers
    assert len(client.cloud.names()) == 2


def test_expired_keys_are_purged_and_others_stay(client):
    client.post(SERVERS, SERVER, "old")
    age(expires_at=now())
    client.post(SERVERS, SERVER, "new")
    purge.look()
    assert count(IdempotencyKey) == 1


def test_answers_are_sealed_and_opened_again(client):
    first = client.post(SERVERS, SERVER, "k")
    password = first.json["server"]["adminPass"]
    with db_session.engine().connect() as connection:
        [stored] = connection.execute(sa.select(IdempotencyKey.answer)).scalars()
    assert password not in stored and "adminPass" not in stored     # a shorter word may be there by chance
    assert client.post(SERVERS, SERVER, "k").json["server"]["adminPass"] == password


def test_operations_are_notified_after_the_commit(client, monkeypatch):
    seen = []
    inner = client.cloud.compute.build._rpc._client
    monkeypatch.setattr(inner._guard, "cast", lambda _use: seen.append((unit_of_work.current(), count(Operation))))
    client.post(SERVERS, SERVER, "k")
    assert seen == [(None, 1)]


def test_a_block_that_raises_is_undone_alone_in_its_unit_of_work(database):
    def write(name):
        with db.writer() as session:
            session.execute(sa.insert(IdempotencyKey), {
                "id": name, "fingerprint": "f", "request_id": "r", "claimed_until": now(), "expires_at": now()})
            if name == "bad":
                raise exceptions.Conflict
    with unit_of_work.begin():
        write("good")
        with pytest.raises(exceptions.Conflict):
            write("bad")
        with db.reader() as session:
            assert count_in(session, IdempotencyKey) == 1
    assert count(IdempotencyKey) == 1


@pytest.mark.parametrize(("flavor", "status"), [("42", 202), ("none-such", 400)])
@pytest.mark.parametrize("write", ["claim", "answer"])
def test_a_deadlock_over_an_idempotency_key_is_retried(client, monkeypatch, flavor, status, write):
    victims, done = [1, 2], getattr(keys, write)

    def unlucky(*args):
        if victims:
            victims.pop()
            raise exceptions.DeadlockVictim(reason="deadlock detected")
        return done(*args)
    monkeypatch.setattr(keys, write, unlucky)
    monkeypatch.setattr(concurrency, "sleep", lambda _seconds: None)
    body = {"server": SERVER["server"] | {"flavorRef": flavor}}
    first, again = client.post(SERVERS, body, "k"), client.post(SERVERS, body, "k")
    assert (first.status_int, again.status_int, again.body) == (status, status, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(client.cloud.names()) == (status == 202)


# ---- who may have an answer again

ADMINS_FLAVOR = ("/compute/v2.1/flavors", {"flavor": {"name": "f", "ram": 1, "vcpus": 1, "disk": 1}})


def test_a_repeat_asks_the_policy_again(client, monkeypatch):
    assert client.post(*ADMINS_FLAVOR, "k", user="admin").status_int == 200
    monkeypatch.setitem(USERS, "admin", (USERS["admin"][0], ("member", "reader")))      # lost a role since
    refused = client.post(*ADMINS_FLAVOR, "k", user="admin")
    assert (refused.status_int, "Idempotent-Replayed" in refused.headers) == (403, False)
    monkeypatch.undo()
    assert client.post(*ADMINS_FLAVOR, "k", user="admin").headers["Idempotent-Replayed"] == "true"


def test_a_request_refused_for_lack_of_a_role_is_tried_again_with_the_role(client, monkeypatch):
    assert client.post(*ADMINS_FLAVOR, "k").status_int == 403
    assert count(IdempotencyKey) == 0
    monkeypatch.setitem(USERS, "alice", (USERS["alice"][0], ("admin",)))
    assert client.post(*ADMINS_FLAVOR, "k").status_int == 200


@pytest.mark.parametrize("scope", ["domain_id", "system_scope"])
def test_keys_of_different_scopes_of_one_user_are_separate(scope):
    made = {memory.Claim(RequestContext("u", **{scope: value}), "k").id for value in (None, "a", "b")}
    assert len(made) == 3


# ---- how much is kept

def test_a_stored_refusal_is_small(client):
    body = {"server": SERVER["server"] | {"name": "x" * 70000}}
    first, again = client.post(SERVERS, body, "k"), client.post(SERVERS, body, "k")
    assert (first.status_int, again.headers["Idempotent-Replayed"]) == (400, "true")
    with db_session.engine().connect() as connection:
        [stored] = connection.execute(sa.select(IdempotencyKey.answer)).scalars()
    assert len(stored) < 4096


def test_a_refusal_with_a_long_body_is_not_stored(client, monkeypatch):
    monkeypatch.setattr(memory, "LONGEST_REFUSAL", 10)
    assert client.post(SERVERS, {"server": {}}, "k").status_int == 400
    assert count(IdempotencyKey) == 0


def test_a_project_has_a_limited_number_of_idempotency_keys(client):
    CONF.set_override("max_keys", 2, "idempotency")
    try:
        for key in "ab":
            assert client.post(SERVERS, SERVER, key).status_int == 202
        refused = client.post(SERVERS, SERVER, "c")
        assert (refused.status_int, refused.headers["Retry-After"]) == (429, "60")
        assert "2 Idempotency-Keys" in fault(refused)["message"]
        assert client.post(SERVERS, SERVER, "a").headers["Idempotent-Replayed"] == "true"
        assert client.post(SERVERS, SERVER, "c", user="bob").status_int == 202
        age(expires_at=now())
        assert client.post(SERVERS, SERVER, "c").status_int == 202
    finally:
        CONF.clear_override("max_keys", "idempotency")
