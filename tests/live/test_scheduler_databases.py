"""The claim under races on SQLite, PostgreSQL and MariaDB: however many schedulers place servers at once, no host is
given away twice, no group's policy is broken, and no server that fits is refused.
"""

import threading

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db.models.servers import ComputeNode
from tests.live import databases
from tests.live.databases import at_once
from tests.scheduler_service import Placing

_AT_ONCE = 8


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def empty(conf, url):
    """Call it for an empty cloud."""
    def make():
        databases.empty()
        return Placing()
    with databases.connected(conf, url):
        yield make


def placed(placing, servers):
    """{server: host}; who was refused is missing, and nothing else went wrong."""
    results = []
    for start in range(0, len(servers), _AT_ONCE):
        results += at_once([lambda server=each: placing.place(server) for each in servers[start:start + _AT_ONCE]])
    strange = [each for each in results if isinstance(each, Exception) and not isinstance(each, exceptions.NoValidHost)]
    assert strange == []
    return {server: host for server, host in zip(servers, results, strict=True) if isinstance(host, str)}


def free(node):
    return (node.vcpus * node.cpu_allocation_ratio - node.vcpus_used,
            (node.memory_mb - node.reserved_memory_mb) * node.ram_allocation_ratio - node.memory_mb_used,
            node.disk_gb * node.disk_allocation_ratio - node.disk_gb_used)


def fits(wanted, available):
    return all(each <= most for each, most in zip(wanted, available, strict=True))


HOSTS = st.lists(st.fixed_dictionaries({
    "vcpus": st.integers(1, 4), "memory_mb": st.integers(512, 3000), "disk_gb": st.integers(1, 30),
    "cpu_allocation_ratio": st.sampled_from([1.0, 1.5, 2.0]),
    "ram_allocation_ratio": st.sampled_from([0.9, 1.0, 1.3])}), min_size=1, max_size=4)
SERVERS = st.lists(st.tuples(st.integers(1, 3), st.integers(64, 1500), st.integers(0, 12)), min_size=2, max_size=16)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hosts=HOSTS, servers=SERVERS)
def test_concurrent_placements_overcommit_no_host_and_refuse_no_server_that_fits(empty, hosts, servers):
    placing = empty()
    for number, values in enumerate(hosts):
        placing.host(f"host-{number}", **values)
    asked = {placing.server(vcpus=vcpus, memory_mb=memory, disk_gb=disk): (vcpus, memory, disk)
             for vcpus, memory, disk in servers}
    got = placed(placing, list(asked))
    books = placing.books()
    for node, held in books.values():
        assert held == {"vcpus": node.vcpus_used, "memory_mb": node.memory_mb_used, "disk_gb": node.disk_gb_used}
        assert min(free(node)) >= 0, "oversubscribed"
    for server, wanted in asked.items():
        if server not in got:       # claims only grew meanwhile, so it does not fit now either
            assert not any(fits(wanted, free(node)) and fits(wanted, (node.vcpus, node.memory_mb, node.disk_gb))
                           for node, _ in books.values()), f"{wanted} was refused, and fits"


def test_one_of_many_concurrent_placements_gets_the_last_free_processor(empty):
    placing = empty()
    placing.host("one", vcpus=1)
    assert len(placed(placing, [placing.server() for _ in range(_AT_ONCE)])) == 1


def test_schedulers_that_both_lost_a_host_do_not_wait_for_each_other(empty):
    placing = empty()
    servers = []
    for name in "ab":       # one prefers a, then b; the other one b, then a
        group = placing.group("soft-affinity")
        placing.host(name)
        assert placing.put(group_id=group, args={"host": name}) == name
        servers.append(placing.server(group_id=group))
    placing.host("c", vcpus=2, memory_mb=1024, disk_gb=10)
    race = threading.Barrier(3)

    def take_the_last_place():
        with db.writer() as session:
            session.execute(sa.update(ComputeNode).where(ComputeNode.host != "c").values(vcpus_used=4))
            race.wait()
            databases.until_waiting(2)

    def place(server):
        race.wait()
        return placing.place(server)

    calls = [take_the_last_place, *(lambda server=each: place(server) for each in servers)]
    assert at_once(calls) == [None, "c", "c"]


@pytest.mark.parametrize(("most", "expected"), [(None, 3), (2, 6)])
def test_servers_of_a_group_stay_apart_however_many_come_at_once(empty, most, expected):
    placing = empty()
    for name in "abc":
        placing.host(name)
    group = placing.group("anti-affinity", most)
    got = placed(placing, [placing.server(group_id=group) for _ in range(_AT_ONCE)])
    assert sorted(got.values()) == sorted("abc" * (expected // 3))


def test_servers_of_a_group_stay_together_however_many_come_at_once(empty):
    placing = empty()
    for name in "abc":
        placing.host(name)
    group = placing.group("affinity")
    got = placed(placing, [placing.server(group_id=group) for _ in range(_AT_ONCE)])
    assert len(got) == 4 and len(set(got.values())) == 1         # as many as the host that the first one took holds


def test_servers_of_a_soft_group_spread_while_they_can(empty):
    placing = empty()
    for name in "abc":
        placing.host(name)
    group = placing.group("soft-anti-affinity")
    got = placed(placing, [placing.server(group_id=group) for _ in range(6)])
    assert sorted(got.values()) == ["a", "a", "b", "b", "c", "c"]


def test_concurrent_placements_of_one_server_claim_it_once(empty):
    placing = empty()
    for name in "abc":
        placing.host(name)
    server = placing.server()
    results = at_once([lambda: placing.place(server) for _ in range(_AT_ONCE)])
    assert len(set(results)) == 1 and isinstance(results[0], str)
    assert sorted(node.vcpus_used for node, _ in placing.books().values()) == [0, 0, 1]


def test_the_ratio_of_an_aggregate_holds_for_the_claim_too(empty, conf):
    placing = empty()
    placing.host("one", cpu_allocation_ratio=1.0)
    placing.aggregate({"cpu_allocation_ratio": "1.5", "ram_allocation_ratio": "9"}, "one")
    conf.set_override("enabled_filters", ["ComputeFilter", "AggregateCoreFilter"], "scheduler")
    assert len(placed(placing, [placing.server() for _ in range(_AT_ONCE)])) == 6
    placing = empty()
    placing.host("one", cpu_allocation_ratio=2.0)
    placing.aggregate({"cpu_allocation_ratio": "0.5"}, "one")
    assert len(placed(placing, [placing.server() for _ in range(_AT_ONCE)])) == 2
