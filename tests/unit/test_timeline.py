"""The drawn timeline shows every attempt, host, outcome and cause."""

import pytest

from nova_lite import db
from nova_lite.cmd import trace
from nova_lite.common import exceptions
from nova_lite.common.context import RequestContext
from nova_lite.db import new_servers, operations
from nova_lite.db.base import new_id
from nova_lite.objects.states import OPERATIONS, Vm

OWNER = RequestContext("user", "project", ("member",), route="POST /servers")


@pytest.fixture
def server(database):
    with db.writer() as session:
        return new_servers.insert(session, [{
            "id": new_id(), "project_id": "project", "user_id": "user", "display_name": "web", "hostname": "web",
            "vm_state": Vm.BUILDING, "host": None, "flavor": {}}])[0]


def create(server):
    with db.writer() as session:
        return operations.record(session, OWNER, OPERATIONS["build_server"], server.id, server)


def work(operation_id, place, *steps):
    """One attempt: lease and journal; its Row."""
    with db.writer() as session:
        leased = operations.lease(session, operation_id, place, f"{place}/worker", 15)
        for step in steps:
            operations.journal(session, leased.id, leased.attempt, step, host=place, seconds=15)
    return leased


def hand_over(leased, place, failed=None):
    with db.writer() as session:
        operations.hand_over(session, leased.id, leased.attempt, place, failed=failed)


def retried(server):
    operation_id = create(server)
    hand_over(work(operation_id, "conductor", "schedule"), "h1")
    hand_over(work(operation_id, "h1", "network", "spawn"), "conductor", failed=("The disk is full.", None))
    hand_over(work(operation_id, "conductor", "schedule"), "h2")
    return work(operation_id, "h2", "network", "spawn")


def test_a_retry_on_another_host_is_drawn_with_its_cause(server):
    leased = retried(server)
    with db.writer() as session:
        operations.finish(session, leased)
    drawn = trace.trace(server.id)
    lines = [line.strip("│├└─ ") for line in drawn.splitlines()]
    assert [line for line in lines if line.startswith("attempt")] == [
        "attempt 1 at the conductor", "attempt 2 on host h1", "attempt 3 at the conductor", "attempt 4 on host h2"]
    assert [line.rpartition("  ")[2] for line in lines if line.startswith("step")] == [
        "Success", "Success", "Error: The disk is full.", "Success", "Success", "Success"]
    assert lines[0].startswith(f"create of web ({server.id}): done in ")
    assert f"request {OWNER.request_id}" in lines and "user user of project project" in drawn
    assert lines[-1].startswith("done +")


def test_an_open_operation_is_drawn_with_its_host_and_worker(server):
    retried(server)
    drawn = trace.trace("web").splitlines()
    assert "running at h2, attempt 4, step spawn, worker h2/worker" in drawn[-1]


def test_a_cancelled_operation_is_drawn_with_its_cause(server):
    retried(server)
    later = RequestContext("admin", "project", ("admin",))
    with db.writer() as session:
        operations.begin(session, later, server.id, OPERATIONS["delete_server"])
    first, second = trace.trace(server.id).split("\n\n")
    assert first.splitlines()[-1].endswith(f"Cancelled by delete (request {later.request_id}).")
    assert second.startswith("delete of web") and "no step has started; it waits for conductor" in second


def test_a_request_is_found_by_its_id(server):
    create(server)
    assert trace.trace(OWNER.request_id) == trace.trace(server.id)


def test_an_unknown_name_raises_not_found(database):
    with pytest.raises(exceptions.NotFound, match="none-such"):
        trace.trace("none-such")


def test_a_trace_without_a_database_makes_none(conf, tmp_path):
    with pytest.raises(exceptions.Misconfigured):
        trace.trace("x")
    assert not list(tmp_path.iterdir())
