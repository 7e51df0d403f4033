"""What a server holds of its hosts while it moves, in each kind of migration, and what the hosts count as given."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import context
from nova_lite.db import allocations, new_servers, server_migrations, server_moves, server_objects
from nova_lite.db.base import new_id
from nova_lite.db.models.servers import Allocation, ComputeNode, Server
from nova_lite.objects.allocation import Purpose
from nova_lite.objects.migration import Kind, Status

OLD = {"flavorid": "1", "name": "old", "vcpus": 2, "memory_mb": 512, "root_gb": 4, "ephemeral_gb": 0, "swap_mb": 0,
       "extra_specs": {}}
NEW = {**OLD, "flavorid": "2", "name": "new", "vcpus": 3, "memory_mb": 256}
OLD_SIZE, NEW_SIZE = (2, 512, 4), (3, 256, 4)
BOTH = {"old_flavor": OLD, "new_flavor": NEW}


@pytest.fixture
def server(database):
    """The id of a server of flavor OLD on host a; there is a host b as well."""
    with db.writer() as session:
        for host in "ab":
            session.add(ComputeNode(host=host, hypervisor_hostname=host, hypervisor_type="fake", hypervisor_version=1,
                                    host_ip="192.0.2.1", vcpus=8, memory_mb=8192, disk_gb=100,
                                    cpu_allocation_ratio=1.0))
        session.flush()
        [made] = new_servers.insert(session, [{
            "id": new_id(), "project_id": "p", "user_id": "u", "display_name": "s", "hostname": "s",
            "vm_state": "active", "flavor": OLD}])
        assert allocations.claim(session, made.id, "a", dict(zip(("vcpus", "memory_mb", "disk_gb"), OLD_SIZE,
                                                                 strict=True)))
    return made.id


def held():
    """{(host, purpose): amounts}, which the hosts' counters agree with."""
    with db.reader() as session:
        found = {(row.host, row.purpose): (row.vcpus, row.memory_mb, row.disk_gb)
                 for row in session.execute(sa.select(Allocation.__table__))}
        for node in session.execute(sa.select(ComputeNode.__table__)):
            sums = [sum(each) for each in zip(*(value for key, value in found.items() if key[0] == node.host),
                                              strict=True)] or [0, 0, 0]
            assert [node.vcpus_used, node.memory_mb_used, node.disk_gb_used] == sums
    return found


def row(session, server):
    return server_objects.row(session, server)


def started(server, kind, source, destination, **values):
    with db.writer() as session:
        server_moves.begin(session, context.admin(), row(session, server), kind=kind, status=Status.PRE_MIGRATING,
                           source_host=source, dest_host=destination, **values)
        return server_moves.try_start(session, row(session, server))


def arrived(server, host, flavor):
    with db.writer() as session:
        server_moves.arrive(session, row(session, server))
        session.execute(sa.update(Server).where(Server.id == server).values(host=host, flavor=flavor))


def closed(server, host, flavor):
    with db.writer() as session:
        server_moves.close(session, server, host, flavor)


def test_a_cold_migration_holds_both_ends_until_it_is_confirmed_or_reverted(server):
    assert started(server, Kind.COLD, "a", "b", **BOTH)
    assert held() == {("a", "home"): OLD_SIZE, ("b", "move"): NEW_SIZE}
    arrived(server, "b", NEW)
    assert held() == {("b", "home"): NEW_SIZE, ("a", "move"): OLD_SIZE}
    closed(server, "b", NEW)
    assert held() == {("b", "home"): NEW_SIZE}
    assert started(server, Kind.COLD, "b", "a", old_flavor=NEW, new_flavor=OLD)
    arrived(server, "a", OLD)
    closed(server, "b", NEW)
    assert held() == {("b", "home"): NEW_SIZE}


def test_a_resize_on_its_host_holds_of_each_the_larger_amount(server):
    assert started(server, Kind.RESIZE, "a", "a", **BOTH)
    assert held() == {("a", "home"): OLD_SIZE, ("a", "move"): (1, 0, 0)}
    arrived(server, "a", NEW)
    assert held() == {("a", "home"): NEW_SIZE, ("a", "move"): (0, 256, 0)}
    closed(server, "a", OLD)
    assert held() == {("a", "home"): OLD_SIZE}


@pytest.mark.parametrize("kind", [Kind.LIVE, Kind.EVACUATION])
def test_a_migration_without_a_flavor_holds_the_servers_own_at_both_ends(server, kind):
    assert started(server, kind, "a", "b")
    assert held() == {("a", "home"): OLD_SIZE, ("b", "move"): OLD_SIZE}
    closed(server, "b", OLD)
    assert held() == {("b", "home"): OLD_SIZE}


def test_a_host_with_too_little_left_takes_no_server_that_moves(server):
    assert not started(server, Kind.COLD, "a", "b", old_flavor=OLD, new_flavor={**NEW, "vcpus": 9})
    assert held() == {("a", "home"): OLD_SIZE}
    with db.reader() as session:
        migration = server_migrations.of_server(session, row(session, server))
        assert migration.status == Status.PRE_MIGRATING


def test_starting_again_takes_nothing_more(server):
    assert started(server, Kind.COLD, "a", "b", **BOTH)
    before = held()
    with db.writer() as session:
        assert server_moves.try_start(session, row(session, server))
    assert held() == before


def test_the_status_of_a_migration_determines_the_allocations_of_its_server(server):
    def holding():
        with db.reader() as session:
            found = row(session, server)
            wanted = server_moves.holding(found, server_migrations.of_server(session, found))
        return {key: tuple(value.values()) for key, value in wanted.items()}

    assert started(server, Kind.COLD, "a", "b", **BOTH)
    assert holding() == held()
    arrived(server, "b", NEW)
    assert holding() == held()
    closed(server, "b", NEW)
    assert holding() == held()


def test_a_migration_keeps_the_leftover_allocation_of_an_evacuation(server):
    with db.writer() as session:
        session.execute(sa.insert(Allocation).values(server_id=server, host="b", purpose=Purpose.LEFTOVER, vcpus=1,
                                                     memory_mb=1, disk_gb=1))
        session.execute(sa.update(ComputeNode).where(ComputeNode.host == "b").values(
            vcpus_used=1, memory_mb_used=1, disk_gb_used=1))
    assert started(server, Kind.COLD, "a", "b", **BOTH)
    closed(server, "b", NEW)
    assert held() == {("b", "home"): NEW_SIZE, ("b", "leftover"): (1, 1, 1)}
    with db.writer() as session:
        assert allocations.hosts_of(session, [server]) == {server: {"b": {Purpose.HOME, Purpose.LEFTOVER}}}
        allocations.free(session, server)
    assert held() == {}
