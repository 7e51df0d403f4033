"""The watch over transactions sees what it should: two commits, and a commit before a refusal."""

import contextlib
import types

import pytest

from nova_lite import db
from nova_lite.api.wsgi.routing import Route, Table
from nova_lite.api.wsgi.service import Service
from nova_lite.common import exceptions, rpc, unit_of_work
from nova_lite.common.context import RequestContext
from tests import transactions


class Controller:
    """What it answers is a status alone."""

    def once(self, req=None):
        with db.writer():
            pass
        return 204

    def twice(self, req):
        self.once()
        return self.once()

    def refuse(self, req):
        self.once()
        raise exceptions.Conflict("no")

    def signs_of_life(self, req):
        with db.writer(relaxed=True):
            pass
        return self.once()

    def commit_and_ask(self, req):
        self.once()
        with contextlib.suppress(exceptions.NoAnswer):
            rpc.client("nobody", "1.0").to(timeout=0.01).call(RequestContext(route="POST /things"), "answer")
        return 204


@pytest.fixture
def broken(database, monkeypatch):
    found = []
    rpc.init("local://")
    transactions._count_commits(monkeypatch)
    transactions._watch_calls(monkeypatch, found)
    transactions._watch_controllers(monkeypatch, found)
    yield found
    rpc.cleanup()


def call(target):
    table = Table((Route("POST", "/things", f"things:{target}"),), (), {"things": Controller()})
    (plan,) = table.paths["/things"]["POST"]
    req = types.SimpleNamespace(environ={"REQUEST_METHOD": "POST"}, context=RequestContext(), parse_anew=lambda: None)
    return Service._controlled(req, plan, {}).status


@pytest.mark.parametrize("target", ["once", "signs_of_life"])
def test_a_request_with_one_transaction_is_not_reported(broken, target):
    assert call(target) == 204
    assert not broken


def test_two_transactions_of_a_request_are_reported_with_their_route(broken):
    call("twice")
    assert len(broken) == 1
    assert "POST /things answered 204 and committed 2 times" in broken[0]


def test_a_refused_request_that_committed_is_reported(broken):
    with pytest.raises(exceptions.Conflict):
        call("refuse")
    assert "answered 409 and committed 1 times" in broken[0]


def test_a_call_after_the_commit_is_reported(broken):
    call("commit_and_ask")
    assert broken == ["POST /things commits, and then waits for the answer to answer"]


def test_a_unit_of_work_counts_as_one_transaction(broken):
    with unit_of_work.begin():
        call("twice")
    assert not broken


def test_every_exception_from_the_rule_has_a_reason_and_a_route():
    from nova_lite.api.compute import routes as compute
    from nova_lite.api.identity import routes as identity
    from nova_lite.api.image import routes as image
    from nova_lite.api.network import routes as network
    declared = {str(each) for package in (compute, identity, image, network)
                for each in (*package.ROUTES, *getattr(package, "ACTIONS", ()))}
    assert set(transactions.LISTED) <= declared
    assert all(count and reason for count, reason in transactions.LISTED.values())
