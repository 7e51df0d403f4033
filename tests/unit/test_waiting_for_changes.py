"""Operations that wait for a change of another service: neither due nor overdue until it is made, or will not be."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor.effects.base import Failure
from nova_lite.conf import CONF
from nova_lite.db import operations, server_objects, service_changes, session
from nova_lite.db.base import now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.objects.states import OPERATIONS
from tests.changing_services import away, embedded, flow, world  # noqa: F401
from tests.network_service import service  # noqa: F401
from tests.remote_services import remote  # noqa: F401
from tests.unit.test_operations import OWNER

pytestmark = pytest.mark.parametrize("world", ["away"], indirect=True)
LONG = datetime.timedelta(days=1)


def operation(flow):  # noqa: F811
    with db.reader() as session:
        return operations.get(session, flow.operation_id)


def open_ids(look):
    """Ids of operations as ``look(session)`` finds them."""
    with db.reader() as session:
        return [getattr(each, "id", each) for each in look(session)]


def due():
    return open_ids(lambda session: operations.due(session, notified_before=-60))


def write(**values):
    with db.writer() as session:
        session.execute(sa.update(Operation).values(**values))


def wait(flow, remote):  # noqa: F811
    """The build waits for its ports: the network service made one, and its answer was lost."""
    remote.lose = 1
    flow.build(OWNER, flow.operation_id)
    return operation(flow)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_build_whose_network_service_lost_an_answer_goes_on_when_its_ports_are_made(flow, remote, lost):  # noqa: F811
    remote.lose = lost
    flow.build(OWNER, flow.operation_id)
    for _ in range(lost):
        waiting = operation(flow)
        assert (waiting.place, waiting.state, waiting.waits_for) == ("conductor", "queued", flow.rows()[0].id)
        assert flow.notified == [] and due() == []
        flow.settle()
    assert (flow.state, flow.count("allocate_ports"), due()) == ("done", 2, [flow.operation_id])
    asked = len(remote.requests)
    flow.build(OWNER, flow.operation_id)
    assert (flow.notified, len(flow.nics())) == ([("h1", "build_server")], 2)
    assert len(remote.requests) == asked        # the result is on record


def test_what_waits_is_not_overdue_and_its_deadline_moves_by_the_time_it_waited(flow, remote):  # noqa: F811
    before = wait(flow, remote)
    write(deadline=now() - LONG, waits_since=now() - 2 * LONG)
    assert open_ids(operations.overdue) == []
    flow.settle()
    after = operation(flow)
    assert (after.waits_for, after.waits_since, after.last_notified_at) == (None, None, None)
    assert abs((after.deadline - now() - LONG).total_seconds()) < 60 and before.waits_for is not None
    assert open_ids(operations.overdue) == []


def test_a_message_that_comes_late_begins_nothing_that_waits(flow, remote):  # noqa: F811
    wait(flow, remote)
    asked = len(remote.requests)
    with pytest.raises(exceptions.Fenced):
        flow.build(OWNER, flow.operation_id)
    assert len(remote.requests) == asked and operation(flow).waits_for is not None


def test_a_build_whose_change_is_refused_while_it_waits_fails_with_that(flow, remote):  # noqa: F811
    wait(flow, remote)
    remote.refuse = 1
    flow.settle()
    assert (flow.state, due()) == ("unwanted", [flow.operation_id])
    flow.build(OWNER, flow.operation_id)
    with db.reader() as session:
        server = server_objects.row(session, flow.server_id)
    assert (server.vm_state, server.fault["code"], server.host, flow.notified) == ("error", 409, None, [])
    assert "refused" in server.fault["message"] and operation(flow).state == "failed"
    for _ in range(2):
        flow.settle()
    assert (flow.state, flow.count("allocate_ports")) == ("failed", 0)


def test_a_build_whose_change_is_not_made_in_time_fails_with_a_fault_and_takes_it_back(flow, remote):  # noqa: F811
    wait(flow, remote)
    remote.lose = 1
    flow.settle()
    assert flow.state == "wanted"
    write(waits_since=now() - datetime.timedelta(seconds=CONF.operations.change_timeout + 60))
    flow.settle()
    assert (flow.state, due()) == ("unwanted", [flow.operation_id])
    flow.build(OWNER, flow.operation_id)
    with db.reader() as session:
        server = server_objects.row(session, flow.server_id)
    assert (server.vm_state, server.fault["code"], server.host) == ("error", 504, None)
    assert f"The network service did not make what the operation needs (allocate_ports) within " \
        f"{CONF.operations.change_timeout} seconds" in server.fault["message"]
    flow.settle()
    flow.settle()
    assert (flow.state, flow.count("allocate_ports")) == ("undone", 0)


def test_a_change_that_is_under_way_at_its_service_is_asked_for_until_it_is_made(flow):  # noqa: F811
    verb = flow.services["network"].verbs["allocate_ports"]
    make, verb.do = verb.do, lambda *_args: None
    flow.build(OWNER, flow.operation_id)
    flow.settle()
    assert flow.state == "wanted" and operation(flow).waits_for is not None and due() == []
    verb.do = make
    flow.settle()
    assert flow.state == "done"
    flow.build(OWNER, flow.operation_id)
    assert flow.notified == [("h1", "build_server")]


def test_a_service_that_breaks_holds_up_no_other_change(flow, remote):  # noqa: F811
    wait(flow, remote)
    for name in ("none", "network"):
        with db.writer() as session:
            session.execute(sa.insert(ServiceChange).values(
                id=name, operation_id=flow.operation_id, resource_id="another", service=name, verb="?",
                state="unwanted", next_try_at=now() - LONG))
    flow.settle()
    assert [each.state for each in sorted(flow.rows(), key=lambda row: len(row.id))] == [
        "unwanted", "unwanted", "done"]


def test_an_operation_that_waits_for_what_is_gone_goes_on(flow, remote):  # noqa: F811
    wait(flow, remote)
    with db.writer() as session:
        session.execute(sa.delete(ServiceChange))
    flow.ledger.let_go()
    assert due() == [flow.operation_id]


def test_settling_reads_one_statement_where_nothing_is_due(flow):  # noqa: F811
    asked = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)
    sa.event.listen(session.engine(), "before_cursor_execute", note)
    try:
        flow.ledger.settle()
    finally:
        sa.event.remove(session.engine(), "before_cursor_execute", note)
    [statement] = asked
    assert "FROM service_changes" in statement and "operations" not in statement


def test_a_change_that_was_made_while_the_operation_begins_to_wait_is_not_waited_for(flow, remote):  # noqa: F811
    """Between the answer that was lost and the record that it waits somebody else gets the answer."""
    plain = flow.completion.ledger.wait

    def wait_late(leased, pending):
        with db.writer() as session:
            assert service_changes.done(session, pending.change_id, {"ports": []})
        plain(leased, pending)
    flow.ledger.wait = wait_late
    flow.completion.ledger = flow.ledger
    remote.lose = 1
    flow.build(OWNER, flow.operation_id)
    assert (operation(flow).waits_for, due()) == (None, [flow.operation_id])


def test_a_deletion_takes_over_a_build_that_waits_and_leaves_nothing(flow, remote):  # noqa: F811
    wait(flow, remote)
    with db.writer() as session:
        deletion, place = operations.begin(session, OWNER, flow.server_id, OPERATIONS["delete_server"])
    ended = operation(flow)
    assert (ended.state, ended.waits_for, place) == ("cancelled", None, "h1")
    flow.settle()
    assert flow.state == "wanted"               # the deletion answers for it
    with db.writer() as session:
        flow.completion.succeed(session, operations.lease(session, deletion, "h1", "w", 15))
    flow.settle()
    flow.settle()
    assert (flow.state, flow.count("allocate_ports"), flow.nics()) == ("undone", 0, [])


def test_an_operation_that_fails_while_it_waits_gives_back_what_it_began(flow, remote):  # noqa: F811
    wait(flow, remote)
    with db.writer() as session:
        flow.completion.fail(session, operations.get(session, flow.operation_id), Failure(500, "no"))
    flow.settle()
    flow.settle()
    assert (flow.state, flow.count("allocate_ports"), operation(flow).waits_for) == ("undone", 0, None)
    with db.reader() as session:
        assert session.scalar(sa.select(Server.vm_state)) == "error"
