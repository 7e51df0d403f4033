"""The database goes away, comes back, keeps silent, or is lost between a COMMIT and its answer."""

import threading
import time
import uuid

import pytest

from tests import clouds
from tests.faults import invariants
from tests.faults.real import clusters
from tests.faults.real.load import Load

OPTIONS = clusters.OPTIONS + "[database]\nstatement_timeout = 4\n[fake]\ndelay = 0.2\n"


def assert_all_is_well(cluster, load, whole):
    began = time.monotonic()
    cluster.wait_final()
    print(f"all was final {time.monotonic() - began:.1f} s after the load")
    cluster.promises += load.promises
    cluster.check(whole=whole)
    assert not load.wrong, "\n".join(load.wrong)
    print(f"{load.accepted} requests accepted, slowest answer {load.slowest:.1f} s; {dict(load.answers)}")


@pytest.fixture(autouse=True)
def empty(request):
    yield
    if "cluster" in request.fixturenames:
        request.getfixturevalue("cluster").clear()


def test_a_restart_of_the_database_under_load_loses_nothing(cluster, postgresql):
    with Load(cluster, seed=1) as load:
        for _ in range(2):
            time.sleep(5)
            postgresql.server.stop()
            time.sleep(3)
            postgresql.server.start()
        whole = clusters.now()
        time.sleep(5)
        load.until_accepted(10)
    assert_all_is_well(cluster, load, whole)


def test_a_silent_database_costs_bounded_time(cluster):
    """Its machine hangs, or the way to it swallows everything: connections stay, and nothing is answered."""
    proxies = cluster.layout.of("database")
    with Load(cluster, seed=2) as load:
        time.sleep(3)
        for each in proxies:
            each.black_hole()
        time.sleep(8)
        answer = cluster.request("GET", "/compute/v2.1/servers")
        assert answer.status == 503, answer.text
        for each in proxies:
            each.heal()
        whole = clusters.now()
        time.sleep(5)
        load.until_accepted(10)
    assert load.slowest < 30
    assert_all_is_well(cluster, load, whole)


@pytest.mark.parametrize("reached", [True, False], ids=["committed", "rolled back"])
def test_a_request_whose_commit_was_not_answered_is_complete_or_absent(cluster, reached):
    database, = cluster.layout.of("database", "api")
    key, name = {"Idempotency-Key": str(uuid.uuid4())}, f"once-{reached}"
    body = {"server": {"name": name, "flavorRef": "42", "imageRef": cluster.image_id(),
                       "networks": [{"uuid": cluster.network_id()}]}}
    before = database.lost
    database.lose_commits(first=2, reached=reached)         # the first commit claims the key
    lost = cluster.post("/compute/v2.1/servers", body, headers=key)
    assert database.lost == before + 1
    assert lost.status == 503, lost.text
    assert "Idempotency-Key" in lost.body["serviceUnavailable"]["message"]
    assert "Retry-After" not in lost.headers, "a client that repeats by itself might do it twice"
    again = clouds.until("the key is answered", lambda: (
        found := cluster.post("/compute/v2.1/servers", body, headers=key)).status == 202 and found, 60)
    server_id = again.body["server"]["id"]
    cluster.wait_for(server_id, "ACTIVE")
    names = [each["name"] for each in cluster.get("/compute/v2.1/servers").body["servers"]]
    assert names.count(name) == 1

    database.lose_commits(reached=reached)
    stop = cluster.act(server_id, "os-stop")
    assert (stop.status, database.lost) == (503, before + 2), stop.text
    cluster.wait_final()
    assert cluster.show(server_id)["status"] == ("SHUTOFF" if reached else "ACTIVE")
    cluster.promises += [invariants.accepted("build_server", server_id, again.headers["x-openstack-request-id"])]
    cluster.check(whole=clusters.now())


def test_lost_answers_to_commits_everywhere_change_nothing(cluster):
    """Every few commits of every process lose their answer, every other one of them after it was done."""
    with Load(cluster, seed=3) as load:
        time.sleep(2)
        deadline = time.monotonic() + 15
        proxies = cluster.layout.of("database")
        while time.monotonic() < deadline or sum(each.lost for each in proxies) <= 20:
            assert time.monotonic() < deadline + clouds.TIMEOUT, "hardly any commit lost its answer"
            for number, proxy in enumerate(proxies):
                proxy.lose_commits(first=1 + number % 3, every=4, count=3, reached=(int(deadline) + number) % 2 == 0)
            deadline -= 0.01        # the other kind next time
            time.sleep(1.5)
        for proxy in proxies:
            proxy.heal()
        whole = clusters.now()
        time.sleep(3)
        load.until_accepted(10)
    print(f"{sum(each.lost for each in proxies)} of {sum(each.commits for each in proxies)} commits lost their answer")
    assert_all_is_well(cluster, load, whole)


def test_a_conductor_without_its_database_delays_no_other_process(cluster):
    """conductor1's way to the database is a black hole: conductor2 goes on with all there is to do."""
    database, = cluster.layout.of("database", "conductor1")
    with Load(cluster, seed=4) as load:
        time.sleep(3)
        database.black_hole()
        time.sleep(10)
        database.heal()
        whole = clusters.now()
        time.sleep(3)
        load.until_accepted(10)
    assert_all_is_well(cluster, load, whole)


def test_lost_commits_and_a_crash_of_mariadb_under_load_lose_nothing(make_cluster, mariadb):
    """Answers to commits are lost, then it crashes and comes back."""
    cluster = make_cluster(database=mariadb, options=OPTIONS)
    with Load(cluster, seed=5) as load:
        time.sleep(2)
        proxies = cluster.layout.of("database")
        for number, proxy in enumerate(proxies):
            proxy.lose_commits(first=1 + number, every=3, count=6, reached=number % 2 == 0)
        time.sleep(8)
        clouds.until("commits lost their answers", lambda: sum(each.lost for each in proxies) > 5)
        mariadb.server.crash()
        time.sleep(2)
        mariadb.server.start()
        whole = clusters.now()
        time.sleep(6)
        load.until_accepted(10)
    assert_all_is_well(cluster, load, whole)


def test_a_locked_sqlite_is_reported_clearly_and_delays_no_reader(tmp_path):
    import sqlite3
    layout = clouds.Single("fake", "[database]\nsqlite_busy_timeout = 5\n[operations]\nlease = 5\nnotify_again = 2\n")
    cloud = clouds.Cloud(layout, tmp_path)
    try:
        cloud.start()
        server = cloud.boot()
        other = sqlite3.connect(f"{cloud.state_dir}/nova_lite.sqlite", isolation_level=None, timeout=5,
                                check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        try:
            answers = []
            asking = [threading.Thread(target=lambda: answers.append(cloud.create())),
                      threading.Thread(target=lambda: answers.append(cloud.act(server["id"], "os-stop")))]
            for each in asking:
                each.start()
            slowest = 0
            while any(each.is_alive() for each in asking):
                began = time.monotonic()
                assert cloud.get("/compute/v2.1/servers").status == 200
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < 4, "readers waited for a writer"
            assert [each.status for each in answers] == [503, 503], [each.text for each in answers]
            assert all(int(each.headers["Retry-After"]) > 0 for each in answers)
            time.sleep(6)       # longer than a lease
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert cloud.show(server["id"])["OS-EXT-STS:task_state"] is None
        assert len(cloud.get("/compute/v2.1/servers").body["servers"]) == 1
        assert cloud.act(server["id"], "os-stop").status == 202
        cloud.wait_for(server["id"], "SHUTOFF")
        assert cloud.boot()["status"] == "ACTIVE"
    finally:
        cloud.stop()
