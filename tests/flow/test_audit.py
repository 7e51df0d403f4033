"""The auditor of a whole cloud: a busy one is true, what is made untrue is found, mended or listed, counted and told.

Drift is injected by SQL into the cloud's database and into what its fake hypervisor remembers.
"""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest
import requests
import sqlalchemy as sa

from nova_lite.db.base import new_id, now
from nova_lite.db.models import Base
from nova_lite.objects.drift import KINDS
from tests import clouds, lanes
from tests.flow.conftest import CONCURRENCY

T = Base.metadata.tables
PORT = lanes.free_port()
OPTIONS = f"[audit]\ninterval = 1\n[metrics]\nlisten = 127.0.0.1:{PORT}\nflush_interval = 1\n"


@pytest.fixture(scope="module")
def audited(layout, tmp_path_factory):
    made = clouds.Cloud(layout(options=OPTIONS), tmp_path_factory.mktemp("audited"), CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def fragile(audited):
    """A cloud whose database a test may damage; servers and drift that it leaves are removed."""
    yield audited
    for server in audited.get("/compute/v2.1/servers").body["servers"]:
        audited.delete_server(server["id"])


def config_of(cloud):
    return os.path.join(cloud.directory, "test.conf")


def audit(cloud, *arguments):
    """(exit status, what it said)"""
    done = subprocess.run(
        [sys.executable, "-m", "nova_lite.cmd.nova_lite", "audit", "--state-dir", cloud.state_dir, "--config-file",
         config_of(cloud), *arguments],
        cwd=clouds.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    return done.returncode, done.stdout + done.stderr


def look(cloud):
    """What ``nova-lite audit --now --json`` tells, and its exit status fits."""
    status, text = audit(cloud, "--now", "--json")
    told = json.loads(text)
    assert status == int(told["open"] > 0), text
    return told


def since(before, after, name):
    """{kind: how many more}"""
    return {kind: amount - before[name].get(kind, 0) for kind, amount in after[name].items()
            if amount != before[name].get(kind, 0)}


def metrics():
    """{"name{labels}": value}"""
    answer = requests.get(f"http://127.0.0.1:{PORT}/metrics", timeout=30, proxies={"http": None})
    assert answer.status_code == 200, answer.text
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:{.*})?) (\S+)$", answer.text, re.MULTILINE)}


@pytest.fixture
def sql(audited):
    """Runs statements in the cloud's database, each list in one transaction."""
    options = configparser.ConfigParser(strict=False)
    options.read(config_of(audited))
    url = options.get("database", "connection", fallback=f"sqlite:///{audited.state_dir}/nova_lite.sqlite")
    engine = sa.create_engine(url)

    def run(*statements):
        with engine.begin() as connection:
            return [connection.execute(each) for each in statements]
    yield run
    engine.dispose()


def rows(sql, table, *where):
    return sql(sa.select(T[table]).where(*where))[0].all()


# ---- nothing wrong

#: What a server goes through while it is looked at: (action, its argument, the status then).
LIFE = (
    ("os-stop", None, "SHUTOFF"), ("os-start", None, "ACTIVE"), ("pause", None, "PAUSED"), ("unpause", None, "ACTIVE"),
    ("suspend", None, "SUSPENDED"), ("resume", None, "ACTIVE"), ("rescue", None, "RESCUE"),
    ("unrescue", None, "ACTIVE"), ("resize", {"flavorRef": "84"}, "VERIFY_RESIZE"), ("confirmResize", None, "ACTIVE"),
    ("resize", {"flavorRef": "42"}, "VERIFY_RESIZE"), ("revertResize", None, "ACTIVE"),
)


def test_a_busy_cloud_is_true(fragile):
    """Looks come every second, and at once, while servers come, go and change; nothing is found."""
    before = look(fragile)
    ended, problems = threading.Event(), []

    def work(number):
        http = clouds.Cloud(None, fragile.directory, CONCURRENCY)
        http.port, http.url = fragile.port, fragile.url
        try:
            while not ended.is_set():
                server_id = http.boot(name=f"busy{number}")["id"]
                for action, argument, status in LIFE:
                    answer = http.act(server_id, action, argument)
                    assert answer.status in (200, 202, 204), (action, answer.text)
                    http.wait_for(server_id, status)
                assert http.act(server_id, "reboot", {"type": "HARD"}).status == 202
                http.delete_server(server_id)
        except Exception as error:
            problems.append(error)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    looks = [look(fragile) for _ in range(4)]
    ended.set()
    for each in threads:
        each.join(120)
    assert problems == []
    for each in [*looks, look(fragile)]:
        assert (since(before, each, "drift_found"), each["findings"]) == ({}, [])


# ---- the database

def inject(sql, server):
    """{kind: the statement that makes it} for one server; each with a server of its own."""
    server_id = server["id"]
    at = T["servers"].c.id == server_id
    return {
        "allocation_missing": T["allocations"].delete().where(T["allocations"].c.server_id == server_id),
        "allocation_differs": T["allocations"].update().where(T["allocations"].c.server_id == server_id)
        .values(memory_mb=7),
        "port_misplaced": T["ports"].update().where(T["ports"].c.server_id == server_id).values(host="elsewhere"),
        "addresses_differ": T["servers"].update().where(at).values(addresses=[]),
        "task_orphaned": T["servers"].update().where(at).values(task_state="powering-on"),
        "port_unplugged": T["ports"].insert().values(
            id=new_id(), project_id=server["tenant_id"], network_id=rows(
                sql, "ports", T["ports"].c.server_id == server_id)[0].network_id, mac_address="fa:16:3e:00:00:01",
            server_id=server_id, nic_index=1, host=server["OS-EXT-SRV-ATTR:host"], made_for_server=True, name="",
            description="", revision=1, device_id=server_id, device_owner="compute:nova", created_at=now(),
            updated_at=now()),
    }


SAFE = ("allocation_missing", "allocation_differs", "port_misplaced", "addresses_differ", "task_orphaned",
        "port_unplugged")


def test_what_is_safe_is_mended_and_counted(fragile, sql):
    servers = {kind: fragile.boot(name=kind)["id"] for kind in SAFE}
    shown = {kind: fragile.show(each, user="admin") for kind, each in servers.items()}
    node = rows(sql, "compute_nodes")[0]
    before, figures = look(fragile), metrics()
    sql(*(inject(sql, server)[kind] for kind, server in shown.items()),
        T["compute_nodes"].update().values(vcpus_used=99))
    after, now_figures = look(fragile), metrics()
    expected = {*SAFE, "counters_differ"}
    assert expected <= set(since(before, after, "drift_found")), after
    assert since(before, after, "drift_found") == since(before, after, "drift_repaired")
    assert after["findings"] == []
    for kind in expected:
        for name in ("found", "repaired"):
            key = f'nova_lite_drift_{name}_total{{kind="{kind}"}}'
            assert now_figures[key] - figures[key] == since(before, after, f"drift_{name}")[kind]
    assert rows(sql, "compute_nodes")[0].vcpus_used == node.vcpus_used
    for kind, server in shown.items():
        if kind != "port_unplugged":
            assert fragile.show(server["id"], user="admin") | {"updated": ""} == server | {"updated": ""}


def test_what_belongs_to_nobody_is_freed(fragile, sql):
    server = fragile.show(fragile.boot()["id"], user="admin")
    before, nobody = look(fragile), new_id()
    values = {"project_id": "p", "name": "", "description": "", "revision": 1, "created_at": now(), "updated_at": now()}
    sql(T["allocations"].insert().values(server_id=nobody, host=server["OS-EXT-SRV-ATTR:host"], vcpus=1, memory_mb=1,
                                         disk_gb=1),
        T["ports"].insert().values(
            id=new_id(), mac_address="fa:16:3e:00:00:02", server_id=nobody, nic_index=0, made_for_server=True,
            network_id=rows(sql, "networks")[0].id, device_id="", device_owner="", **values),
        T["operations"].insert().values(
            id=new_id(), name="stop", server_id=nobody, state="queued", place="nowhere", attempt=0, deadline=now(),
            args={}, previous={}, project_id="p", user_id="u", request_id="r", created_at=now(), rung_at=now()))
    after = look(fragile)
    orphans = {"allocation_orphaned", "port_orphaned", "operation_orphaned"}
    assert orphans - {"operation_orphaned"} <= set(since(before, after, "drift_repaired"))
    assert after["findings"] == []
    for table in ("allocations", "ports"):
        assert rows(sql, table, T[table].c.server_id == nobody) == []
    [operation] = rows(sql, "operations", T["operations"].c.server_id == nobody)
    assert operation.finished_at is not None


def test_a_port_that_is_gone_is_unplugged(fragile, sql):
    server_id = fragile.boot()["id"]
    before = look(fragile)
    [port] = rows(sql, "ports", T["ports"].c.server_id == server_id)
    sql(T["ports"].delete().where(T["ports"].c.id == port.id))
    after = look(fragile)
    assert {"port_stray", "addresses_differ"} <= set(since(before, after, "drift_repaired"))
    assert fragile.show(server_id)["addresses"] == {}


def test_what_a_person_must_judge_is_listed_with_what_to_do(fragile, sql):
    server = fragile.show(fragile.boot()["id"], user="admin")
    at = T["servers"].c.id == server["id"]
    sql(T["servers"].update().where(at).values(host="ghost"),
        T["ports"].update().where(T["ports"].c.server_id == server["id"]).values(host="ghost"),
        T["quotas"].insert().values(project_id=server["tenant_id"], resource="cores", limit=0))
    told = look(fragile)
    assert {"host_unknown", "quota_exceeded", "guest_elsewhere"} == {each["kind"] for each in told["findings"]}
    assert all(each["remedy"] == KINDS[each["kind"]].remedy for each in told["findings"])
    assert metrics()['nova_lite_drift_open{kind="host_unknown"}'] == 1
    status, text = audit(fragile)
    assert status == 1
    assert f"host_unknown: {KINDS['host_unknown'].means}\n  {server['id']}, since 20" in text
    assert f"  -> {KINDS['host_unknown'].remedy}\n" in text
    host = server["OS-EXT-SRV-ATTR:host"]
    sql(T["servers"].update().where(at).values(host=host), T["quotas"].delete(),
        T["ports"].update().where(T["ports"].c.server_id == server["id"]).values(host=host))
    assert look(fragile)["findings"] == []
    assert fragile.show(server["id"])["status"] == "ACTIVE"


# ---- the host

def test_guests_that_vanish_or_appear_while_nobody_watches(fragile, sql):
    """A vanished guest is told to its owner; one that the database does not know is listed and left alone."""
    vanishing, staying = fragile.boot()["id"], fragile.boot()["id"]
    before, stranger = look(fragile), new_id()
    folder = os.path.join(fragile.state_dir, "fake")
    fragile.kill()
    os.unlink(os.path.join(folder, vanishing))
    with open(os.path.join(folder, staying)) as file:
        guest = json.load(file)
    with open(os.path.join(folder, stranger), "w") as file:
        json.dump(guest | {"id": stranger}, file)
    fragile.start()
    fragile.wait_for(vanishing, "SHUTOFF")
    told = look(fragile)
    assert since(before, told, "drift_found").keys() <= {"guest_missing", "guest_unknown"}
    [finding] = told["findings"]
    assert (finding["kind"], finding["subject"]) == ("guest_unknown", stranger)
    assert os.path.exists(os.path.join(folder, stranger))
    assert fragile.show(staying)["status"] == "ACTIVE"
    fragile.kill()
    os.unlink(os.path.join(folder, stranger))
    fragile.start()
    assert look(fragile)["findings"] == []


# ---- what is told

def test_every_part_tells_when_it_looked(fragile):
    told = look(fragile)
    assert {each["part"] for each in told["parts"]} >= {"database"}
    assert any(each["host"] for each in told["parts"])
    for each in told["parts"]:
        assert each["looked_at"] and each["answered"] and not each["down"] and each["seconds"] < 10
    status, text = audit(fragile)
    assert status == 0
    assert re.search(r"^part +last look +took +open\ndatabase +\d+ s ago +\d+\.\d{3} s +-$", text, re.MULTILINE), text


def test_metrics_tell_of_the_cloud(fragile):
    server_id = fragile.boot()["id"]
    assert fragile.get(f"/compute/v2.1/servers/{server_id}").status == 200
    name = 'nova_lite_requests_total{method="GET",service="compute",status="200"}'
    before = clouds.until("requests are counted", lambda: metrics().get(name))
    for _ in range(5):
        fragile.get("/compute/v2.1/servers")
    clouds.until("more requests are counted", lambda: metrics()[name] >= before + 5)
    figures = metrics()
    assert figures['nova_lite_servers{vm_state="active"}'] == 1
    assert figures['nova_lite_audit_last_look_timestamp_seconds{part="database"}'] > 1e9
    assert sum(value for key, value in figures.items() if key.startswith("nova_lite_service_up{")) >= 3
    assert any(key.startswith("nova_lite_host_used{") for key in figures)
    assert requests.get(f"http://127.0.0.1:{PORT}/", timeout=30, proxies={"http": None}).status_code == 404
    assert fragile.get("/metrics", user=None).status == 404


def test_without_a_cloud_it_says_so(tmp_path):
    empty = clouds.Cloud(clouds.Single(), tmp_path)
    empty.kind = clouds.Single().prepare(empty)
    status, text = audit(empty)
    assert (status, "There is no database" in text) == (2, True)


def test_nobody_can_look_while_the_cloud_is_stopped(layout, tmp_path):
    made = clouds.Cloud(layout(options=OPTIONS.replace(str(PORT), str(lanes.free_port()))), tmp_path, CONCURRENCY)
    try:
        made.start()
    finally:
        made.stop()
    assert audit(made)[0] == 0
    status, text = audit(made, "--now")
    assert (status, "No conductor runs" in text) == (2, True)
    shutil.rmtree(made.state_dir)
