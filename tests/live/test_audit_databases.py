"""The auditor on PostgreSQL and MariaDB: what tests/unit/test_audit.py says of SQLite holds there, also under races."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.conductor.auditor import Auditor
from nova_lite.db import drifts, new_servers
from nova_lite.db.base import new_id
from nova_lite.db.models.audit import Look
from nova_lite.db.models.servers import Allocation, ComputeNode
from nova_lite.objects.drift import Finding
from tests.live import databases
from tests.live.databases import at_once
from tests.unit.test_audit import *  # noqa: F403 - the same tests, on the database below
from tests.unit.test_audit import counters, look, make_server, remove, rows


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def database(conf, url):
    with databases.connected(conf, url) as engine:
        yield engine


def succeeded(calls):
    results = at_once(calls)
    assert [each for each in results if isinstance(each, Exception)] == []
    return results


@pytest.mark.parametrize("column", ["flavor", "addresses", "security_groups"])
def test_a_row_whose_json_is_damaged_is_named_and_hides_no_other(network, server, column):
    """Instead of that of SQLite: these databases themselves take nothing into such a column but JSON."""
    with pytest.raises(sa.exc.DBAPIError, match="(?i)json|constraint"), db.writer() as session:
        session.execute(sa.text(f"UPDATE servers SET {column} = '{{' WHERE id = :id"), {"id": server.id})
    assert look(network) == {}


def test_conductors_that_record_the_same_new_drift_at_once_lose_no_count(network, server):
    """Hosts report through several conductors; nobody is refused, no count is lost."""
    def seen(host):
        with db.writer() as session:
            drifts.record(session, host, [Finding.of("guest_unknown", new_id()), Finding.of("tap_unknown", "t")])
            drifts.looked(session, host, 0.1)
    succeeded([lambda host=f"h{number}": seen(host) for number in range(6)])
    succeeded([lambda: seen("one")] * 4)
    assert counters() == {("drift_found", "guest_unknown"): 10, ("drift_found", "tap_unknown"): 7}


def test_one_of_many_conductors_gets_the_audit_turn_and_one_the_request(network, server):
    def turn():
        with db.writer() as session:
            return drifts.take_turn(session, drifts.DATABASE, 60)

    def asked():
        with db.writer() as session:
            return drifts.take_asked(session)
    assert sorted(map(str, succeeded([turn] * 6))) == ["", *["None"] * 5]
    with db.writer() as session:
        drifts.ask(session, [drifts.DATABASE])
    assert sum(map(len, succeeded([asked] * 6))) == 1
    assert rows(Look)[0].asked_at is not None


def test_conductors_that_repair_the_same_drift_at_once_repair_it_once(network, server):
    remove(Allocation, Allocation.server_id == server.id)
    found = succeeded([lambda: Auditor(network).examine_all()] * 4)
    assert sum(each.repaired for some in found for each in some if each.kind == "allocation_missing") == 1
    assert look(network) == {}


def test_servers_that_come_and_go_look_true_at_every_moment(network, server):
    from nova_lite.db import allocations, operations, server_objects, services
    from tests.unit.test_audit import ASKED, FLAVOR, HOST, OPERATIONS, OWNER, change

    def live():
        """Build and delete as the flows do, each step one transaction."""
        for _ in range(8):
            row = {"id": new_id(), "project_id": "project", "user_id": "user", "display_name": "s", "hostname": "s",
                   "vm_state": "building", "task_state": "scheduling", "flavor": FLAVOR,
                   "requested_networks": [{"auto": True}]}
            with db.writer() as session:
                made = new_servers.insert(session, [row])[0]
                placed = server_objects.row(session, made.id)
                operations.record(session, OWNER, OPERATIONS["build_server"], made.id, placed)
            with db.writer() as session:
                allocations.claim(session, made.id, HOST, ASKED)
            with db.writer() as session:
                network.allocate(server_objects.row(session, made.id))
            with db.writer() as session:
                operations.cancel_open(session, made.id, "over")
                allocations.free(session, made.id)
                network.release(made.id)
                services.gone(session, made.id)

    def watch():
        return [found for _ in range(10) for found in Auditor(network, repair=False).examine_all()]
    change(ComputeNode, sa.true(), vcpus=1000)
    assert succeeded([live, live, watch])[2] == []
    assert make_server(network).id and look(network) == {}
