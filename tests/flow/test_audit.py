"""The auditor of a whole cloud: a busy one has no drift; drift is found, repaired or listed, counted and reported.

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
from tests import clouds, ports_and_ranges
from tests.flow.conftest import CONCURRENCY

TABLES = Base.metadata.tables
PORT = ports_and_ranges.free_port()
#: What a host's network lacks is for the auditor to find: its agent compares it at the start only.
OPTIONS = (f"[audit]\ninterval = 1\n[metrics]\nlisten = 127.0.0.1:{PORT}\nflush_interval = 1\n"
           "[network]\ncompare_interval = 86400\n")


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
    """What ``nova-lite audit --now --json`` prints; checks that its exit status fits."""
    status, text = audit(cloud, "--now", "--json")
    report = json.loads(text)
    assert status == int(report["open"] > 0), text
    return report


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
    return sql(sa.select(TABLES[table]).where(*where))[0].all()


# ---- nothing wrong

#: What a server goes through while it is looked at: (action, its argument, the status then).
LIFE = (
    ("os-stop", None, "SHUTOFF"), ("os-start", None, "ACTIVE"), ("pause", None, "PAUSED"), ("unpause", None, "ACTIVE"),
    ("suspend", None, "SUSPENDED"), ("resume", None, "ACTIVE"), ("rescue", None, "RESCUE"),
    ("unrescue", None, "ACTIVE"), ("resize", {"flavorRef": "84"}, "VERIFY_RESIZE"), ("confirmResize", None, "ACTIVE"),
    ("resize", {"flavorRef": "42"}, "VERIFY_RESIZE"), ("revertResize", None, "ACTIVE"),
)


def test_auditor_finds_no_drift_in_a_busy_cloud(fragile):
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
                    if ended.is_set():
                        break
                    answer = http.act(server_id, action, argument)
                    assert answer.status in (200, 202, 204), (action, answer.text)
                    http.wait_for(server_id, status)
                else:
                    assert http.act(server_id, "reboot", {"type": "HARD"}).status == 202
                http.delete_server(server_id)
        except Exception as error:
            problems.append(error)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    try:
        looks = [look(fragile) for _ in range(4)]
    finally:
        ended.set()
        for each in threads:
            each.join()
    assert problems == []
    for each in [*looks, look(fragile)]:
        assert (since(before, each, "drift_found"), each["findings"]) == ({}, [])


# ---- the database

def bindings(server_id):
    """An UPDATE of the bindings of a server's ports."""
    return TABLES["port_bindings"].update().where(TABLES["port_bindings"].c.port_id.in_(
        sa.select(TABLES["ports"].c.id).where(TABLES["ports"].c.server_id == server_id)))


def inject(sql, server):
    """{kind: the statements that make it} for one server; each with a server of its own."""
    server_id, port_id = server["id"], new_id()
    at = TABLES["servers"].c.id == server_id
    return {
        "allocation_missing": [TABLES["allocations"].delete().where(TABLES["allocations"].c.server_id == server_id)],
        "allocation_differs": [TABLES["allocations"].update().where(TABLES["allocations"].c.server_id == server_id)
                               .values(memory_mb=7)],
        "port_misplaced": [bindings(server_id).values(host="elsewhere")],
        "addresses_differ": [TABLES["servers"].update().where(at).values(addresses=[])],
        "task_orphaned": [TABLES["servers"].update().where(at).values(task_state="powering-on")],
        # Bound as it must be: a port that the database must bind first is news for the host, which plugs it.
        "port_unplugged": [
            TABLES["ports"].insert().values(
                id=port_id, project_id=server["tenant_id"], mac_address="fa:16:3e:00:00:01", server_id=server_id,
                network_id=rows(sql, "ports", TABLES["ports"].c.server_id == server_id)[0].network_id, nic_index=1,
                made_for_server=True, name="", description="", revision=1, device_id=server_id,
                device_owner="compute:nova", created_at=now(), updated_at=now()),
            TABLES["port_bindings"].insert().values(
                port_id=port_id, host=server["OS-EXT-SRV-ATTR:host"], state="ACTIVE", vif_type="bridge",
                vnic_type="normal", profile={}, vif_details={})],
    }


SAFE = ("allocation_missing", "allocation_differs", "port_misplaced", "addresses_differ", "task_orphaned",
        "port_unplugged")


def test_auditor_repairs_and_counts_safe_kinds_of_drift(fragile, sql):
    servers = {kind: fragile.boot(name=kind)["id"] for kind in SAFE}
    shown = {kind: fragile.show(each, user="admin") for kind, each in servers.items()}
    node = rows(sql, "compute_nodes")[0]
    before, figures = look(fragile), metrics()
    sql(*(each for kind, server in shown.items() for each in inject(sql, server)[kind]),
        TABLES["compute_nodes"].update().values(vcpus_used=99))
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


def test_auditor_frees_allocations_ports_and_operations_of_deleted_servers(fragile, sql):
    server = fragile.show(fragile.boot()["id"], user="admin")
    before, nobody = look(fragile), new_id()
    values = {"project_id": "p", "name": "", "description": "", "revision": 1, "created_at": now(), "updated_at": now()}
    sql(TABLES["allocations"].insert().values(server_id=nobody, host=server["OS-EXT-SRV-ATTR:host"], vcpus=1,
                                              memory_mb=1, disk_gb=1, purpose="home"),
        TABLES["ports"].insert().values(
            id=new_id(), mac_address="fa:16:3e:00:00:02", server_id=nobody, nic_index=0, made_for_server=True,
            network_id=rows(sql, "networks")[0].id, device_id="", device_owner="", **values),
        TABLES["operations"].insert().values(
            id=new_id(), name="stop_server", resource_type="server", resource_id=nobody, state="queued",
            place="nowhere", attempt=0, deadline=now(), args={}, previous={}, project_id="p", user_id="u",
            request_id="r", created_at=now(), last_notified_at=now()))
    after = look(fragile)
    orphans = {"allocation_orphaned", "port_orphaned", "operation_orphaned"}
    assert orphans - {"operation_orphaned"} <= set(since(before, after, "drift_repaired"))
    assert after["findings"] == []
    for table in ("allocations", "ports"):
        assert rows(sql, table, TABLES[table].c.server_id == nobody) == []
    [operation] = rows(sql, "operations", TABLES["operations"].c.resource_id == nobody)
    assert operation.finished_at is not None


def test_a_port_that_is_gone_is_unplugged(fragile, sql):
    server_id = fragile.boot()["id"]
    before = look(fragile)
    [port] = rows(sql, "ports", TABLES["ports"].c.server_id == server_id)
    sql(TABLES["ports"].delete().where(TABLES["ports"].c.id == port.id))
    after = look(fragile)
    assert {"port_stray", "addresses_differ"} <= set(since(before, after, "drift_repaired"))
    assert fragile.show(server_id)["addresses"] == {}


def test_auditor_lists_unsafe_kinds_of_drift_with_their_remedies(fragile, sql):
    server = fragile.show(fragile.boot()["id"], user="admin")
    at = TABLES["servers"].c.id == server["id"]
    sql(TABLES["servers"].update().where(at).values(host="ghost"),
        bindings(server["id"]).values(host="ghost"),
        TABLES["quotas"].insert().values(project_id=server["tenant_id"], resource="cores", limit=0))
    report = look(fragile)
    assert {"host_unknown", "quota_exceeded", "guest_elsewhere"} == {each["kind"] for each in report["findings"]}
    assert all(each["remedy"] == KINDS[each["kind"]].remedy for each in report["findings"])
    assert metrics()['nova_lite_drift_open{kind="host_unknown"}'] == 1
    status, text = audit(fragile)
    assert status == 1
    assert f"host_unknown: {KINDS['host_unknown'].means}\n  {server['id']}, since 20" in text
    assert f"  -> {KINDS['host_unknown'].remedy}\n" in text
    host = server["OS-EXT-SRV-ATTR:host"]
    sql(TABLES["servers"].update().where(at).values(host=host), TABLES["quotas"].delete(),
        bindings(server["id"]).values(host=host))
    assert look(fragile)["findings"] == []
    assert fragile.show(server["id"])["status"] == "ACTIVE"


# ---- the host

def test_auditor_finds_guests_that_vanish_or_appear_while_the_cloud_is_down(fragile, sql):
    """A vanished guest shows as off to its owner; one that the database does not know is listed and left alone."""
    vanishing, staying = fragile.boot()["id"], fragile.boot()["id"]
    before, unknown = look(fragile), new_id()
    folder = os.path.join(fragile.state_dir, "fake")
    fragile.kill()
    os.unlink(os.path.join(folder, vanishing))
    with open(os.path.join(folder, staying)) as file:
        guest = json.load(file)
    with open(os.path.join(folder, unknown), "w") as file:
        json.dump(guest | {"id": unknown}, file)
    fragile.start()
    fragile.wait_for(vanishing, "SHUTOFF")
    report = look(fragile)
    assert since(before, report, "drift_found").keys() <= {"guest_missing", "guest_unknown"}
    [finding] = report["findings"]
    assert (finding["kind"], finding["subject"]) == ("guest_unknown", unknown)
    assert os.path.exists(os.path.join(folder, unknown))
    assert fragile.show(staying)["status"] == "ACTIVE"
    fragile.kill()
    os.unlink(os.path.join(folder, unknown))
    fragile.start()
    assert look(fragile)["findings"] == []


# ---- reports

def test_audit_lists_when_each_part_was_last_checked(fragile):
    report = look(fragile)
    assert {each["part"] for each in report["parts"]} >= {"database"}
    assert any(each["host"] for each in report["parts"])
    for each in report["parts"]:
        assert each["looked_at"] and each["answered"] and not each["down"] and each["seconds"] < 10
    status, text = audit(fragile)
    assert status == 0
    assert re.search(r"^part +last look +took +open\ndatabase +\d+ s ago +\d+\.\d{3} s +-$", text, re.MULTILINE), text


def test_metrics_count_requests_servers_services_and_audits(fragile):
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


def test_audit_without_a_database_exits_with_a_message(tmp_path):
    empty = clouds.Cloud(clouds.Single(), tmp_path)
    empty.kind = clouds.Single().prepare(empty)
    status, text = audit(empty)
    assert (status, "There is no database" in text) == (2, True)


def test_audit_now_is_refused_while_the_cloud_is_stopped(layout, tmp_path):
    options = OPTIONS.replace(str(PORT), str(ports_and_ranges.free_port()))
    made = clouds.Cloud(layout(options=options), tmp_path, CONCURRENCY)
    try:
        made.start()
    finally:
        made.stop()
    assert audit(made)[0] == 0
    status, text = audit(made, "--now")
    assert (status, "No conductor runs" in text) == (2, True)
    shutil.rmtree(made.state_dir)
