"""Idempotency-Key where the answer is an operation's outcome: a repeat goes on with that operation, whatever died.

Over the embedded network service, and over one behind HTTP that chooses the ids and loses answers.
"""

import functools
import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions, unit_of_work
from nova_lite.compute.actions.snapshot import Snapshot
from nova_lite.conductor.effects.base import Failure, Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.db import idempotency as keys
from nova_lite.db import operations
from nova_lite.db.models.idempotency import IdempotencyKey
from nova_lite.db.models.operations import Operation
from nova_lite.network.api import API as Network
from nova_lite.objects.operation import Outcome
from tests.changing_services import away, resting  # noqa: F401
from tests.compute_service import Cloud, cloud  # noqa: F401
from tests.network_service import service  # noqa: F401
from tests.remote_network_backend import Backend
from tests.remote_network_service import NetworkService
from tests.remote_services import Client, Server, remote  # noqa: F401
from tests.unit.test_operations import OWNER

OK = Outcome.make(power_state=1, error=None, code=500, details=None)


class Died(BaseException):
    """The process: nothing handles it, nothing is cleaned up after it."""


class Host:
    """The compute RPC, and the host that it asks, in one.  :ivar does: callable(operation id) when it is asked."""

    def __init__(self, completion):
        self._completion = completion
        self.does = self.attach

    def attach_interface(self, _context, _host, operation_id):
        unit_of_work.afterwards(lambda: self.does(operation_id))

    def attach(self, operation_id):
        with db.writer() as session:
            self._completion.succeed(session, operations.lease(session, operation_id, "host-1", "w", 15), OK)

    def fail(self, operation_id):
        with db.writer() as session:
            self._completion.fail(session, operations.lease(session, operation_id, "host-1", "w", 15),
                                  Failure(500, "no"))

    def die(self, _operation_id):
        raise Died

    def do_nothing(self, _operation_id):
        """It is asked again later."""


class Asked:
    """A server that gets a NIC, requested under an idempotency key.  :ivar http: a remote_services.Server, or None."""

    def __init__(self, made, http=None):
        self.cloud, self.http = made, http
        self.network_id = made.network.ensure_default_network("pa")
        self.server_id = made.make()
        with db.writer() as session:            # its build is over
            session.execute(sa.delete(Operation))
        self.host = made.compute.interfaces._rpc = Host(Completion(Services(made.network, made.images)))

    def attach(self, key="k"):
        return self.cloud.call("POST", f"/servers/{self.server_id}/os-interface", {
            "interfaceAttachment": {"net_id": self.network_id}}, version="2.90", key=key)

    def ports(self):
        """Ids of the server's NICs at the network service."""
        found = self.cloud.network.describe([self.server_id]).get(self.server_id)
        return [nic.port_id for nic in found.nics] if found else []

    def operations(self):
        with db.reader() as session:
            return session.execute(sa.select(Operation.id, Operation.state).where(
                Operation.name == "attach_interface").order_by(Operation.created_at)).all()

    def restart(self):
        """As the next start does."""
        with db.writer() as session:
            keys.forget_unanswered(session)


@pytest.fixture
def embedded(cloud):  # noqa: F811
    return Asked(cloud)


@pytest.fixture
def distant(cloud):  # noqa: F811
    with Server(NetworkService()) as http:
        yield Asked(Cloud(Network(Backend(Client(http.url, 1.0)))), http)


@pytest.fixture(params=["embedded", "distant"])
def asked(request):
    return request.getfixturevalue(request.param)


def is_again(answer, first):
    return answer.json == first.json and answer.headers.get("Idempotent-Replayed") == "true"


def test_a_repeat_shows_what_was_attached(asked):
    first, again = asked.attach(), asked.attach()
    assert (first.status_int, first.json["interfaceAttachment"]["port_id"]) == (200, asked.ports()[0])
    assert is_again(again, first)
    assert len(asked.ports()) == len(asked.operations()) == 1


def test_another_key_attaches_another(asked):
    assert [asked.attach(key).status_int for key in ("k", "l", None)] == [200] * 3
    assert len(asked.ports()) == 3


def test_a_repeat_waits_for_the_operation_of_a_host_that_was_late(asked, conf):
    conf.set_override("attach_timeout", 0, group="compute")
    asked.host.does = asked.host.do_nothing
    assert [asked.attach().status_int for _ in range(2)] == [500, 500]
    [(operation_id, _)] = asked.operations()
    asked.host.attach(operation_id)
    made = asked.attach()
    assert (made.status_int, made.json["interfaceAttachment"]["port_id"]) == (200, asked.ports()[0])
    assert "Idempotent-Replayed" not in made.headers and is_again(asked.attach(), made)
    assert len(asked.ports()) == len(asked.operations()) == 1


def test_a_repeat_begins_anew_what_a_host_failed_to_do(asked):
    asked.host.does = asked.host.fail
    assert asked.attach().status_int == 500
    for _ in range(2):
        asked.cloud.compute.interfaces._ledger.settle()
    asked.host.does = asked.host.attach
    made = asked.attach()
    assert (made.status_int, [each.state for each in asked.operations()]) == (200, ["failed", "done"])
    assert asked.ports() == [made.json["interfaceAttachment"]["port_id"]]


def test_a_process_that_dies_before_the_outcome_leaves_an_operation_that_its_repeat_waits_for(asked):
    asked.host.does = asked.host.die
    with pytest.raises(Died):
        asked.attach()
    assert asked.attach().status_int == 409             # somebody may be answering it
    asked.restart()
    [(operation_id, _)] = asked.operations()
    asked.host.attach(operation_id)
    assert asked.attach().status_int == 200
    assert len(asked.ports()) == len(asked.operations()) == 1


def test_a_process_that_dies_before_the_commit_leaves_no_operation(asked, monkeypatch):
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(keys, "promise", _dying(keys.promise, 1 if asked.http is None else 2))
        asked.attach()
    assert asked.operations() == []
    asked.restart()
    assert asked.attach().status_int == 200
    assert len(asked.ports()) == len(asked.operations()) == 1


def _dying(work, count):
    """``work``, but that the process dies when it is called for the ``count``-th time."""
    calls = []

    @functools.wraps(work)
    def dying(*args):
        calls.append(args)
        if len(calls) == count:
            raise Died
        return work(*args)
    return dying


def test_what_a_service_made_for_a_process_that_died_is_adopted(distant):
    verb = distant.cloud.network.verbs["attach_port"]
    do = verb.do

    def make_and_die(*args):
        do(*args)
        raise Died
    verb.do = make_and_die
    with pytest.raises(Died):
        distant.attach()
    verb.do = do
    assert len(distant.ports()) == 1 and distant.operations() == []
    distant.restart()
    made = distant.attach()
    assert (made.status_int, [made.json["interfaceAttachment"]["port_id"]]) == (200, distant.ports())
    assert len(distant.http.service.of_kind("ports")) == len(distant.operations()) == 1


def test_what_a_service_made_and_did_not_say_is_adopted_by_the_repeat(distant):
    distant.http.lose = 1
    assert distant.attach().status_int == 503
    made = distant.attach()
    assert (made.status_int, [made.json["interfaceAttachment"]["port_id"]]) == (200, distant.ports())
    assert len(distant.http.service.of_kind("ports")) == len(distant.operations()) == 1


def test_a_refusal_of_the_service_is_an_answer(distant):
    distant.http.refuse = 1
    first = distant.attach()
    asked_for = len(distant.http.requests)
    assert (first.status_int, is_again(distant.attach(), first)) == (409, True)
    assert len(distant.http.requests) == asked_for and distant.operations() == []


def test_what_was_given_back_meanwhile_is_made_anew(distant):
    """The request came again so late that what the first one had made was undone."""
    distant.http.lose = 1
    assert distant.attach().status_int == 503
    ledger = distant.cloud.compute.interfaces._ledger
    with db.writer() as session:
        ledger.give_back(session, distant.server_id)
    ledger.settle()
    with db.writer() as session:
        session.execute(sa.text("UPDATE service_changes SET next_try_at = '2020-01-01 00:00:00.000000' "
                                "WHERE next_try_at IS NOT NULL"))
    ledger.settle()
    assert distant.ports() == []
    assert distant.attach().status_int == 200
    assert len(distant.ports()) == 1


def test_nothing_is_given_back_while_its_request_may_go_on(distant):
    """A process that stands still keeps its key for as long as a dead one."""
    distant.http.lose = 1
    assert distant.attach().status_int == 503
    claimed = {"claimed_until": "2100-01-01 00:00:00.000000"}, {"claimed_until": "2020-01-01 00:00:00.000000"}
    for values, state in zip(claimed, ("wanted", "unwanted"), strict=True):
        with db.writer() as session:
            session.execute(sa.text("UPDATE idempotency_keys SET claimed_until = :claimed_until"), values)
            session.execute(sa.text("UPDATE service_changes SET next_try_at = '2020-01-01 00:00:00.000000'"))
        distant.cloud.compute.interfaces._ledger.settle()
        with db.reader() as session:
            assert session.scalars(sa.text("SELECT state FROM service_changes")).all() == [state]


def test_an_interface_that_was_detached_meanwhile_is_not_found(asked):
    asked.host.does = asked.host.die
    with pytest.raises(Died):
        asked.attach()
    [(operation_id, _)] = asked.operations()
    asked.host.attach(operation_id)
    with db.writer() as session:
        session.execute(sa.text("DELETE FROM service_changes"))
    asked.restart()
    assert asked.attach().status_int == 404


def test_a_key_is_not_free_for_something_else_while_its_operation_runs(asked, conf):
    conf.set_override("attach_timeout", 0, group="compute")
    asked.host.does = asked.host.do_nothing
    assert asked.attach().status_int == 500
    other = asked.cloud.call("POST", f"/servers/{asked.server_id}/os-interface", {"interfaceAttachment": {}},
                             version="2.90", key="k")
    assert other.status_int == 422
    with db.reader() as session:
        assert session.scalars(sa.select(IdempotencyKey.operation_id)).all() == [asked.operations()[0].id]


def test_a_copys_image_that_a_service_made_and_did_not_say_is_adopted(away, remote):  # noqa: F811
    server, known = resting(away), []
    rpc = types.SimpleNamespace(snapshot_server=lambda *_: None)
    remote.lose = 1
    with pytest.raises(exceptions.ChangePending), unit_of_work.begin(None, known.append):
        Snapshot(away.services["image"], rpc).image(OWNER, server, "copy", {})
    with unit_of_work.begin(known[0], known.append):
        image_id = Snapshot(away.services["image"], rpc).image(OWNER, server, "copy", {})
    assert [each["id"] for each in remote.things.values()] == [image_id] and len(known) == 1
    with db.reader() as session:
        assert operations.get(session, known[0]).name == "snapshot_server"
