"""Hosts as of old, events from outside, passwords that guests leave, what has no service here, and what is retired."""

import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.api.compute.legacy import retired
from nova_lite.compute.rpcapi import ComputeAPI
from nova_lite.compute.tasks.guest import Guest
from nova_lite.db import external_events
from nova_lite.db.models.operators import ExternalEvent
from nova_lite.db.models.servers import Server

NOBODYS = "00000000-0000-4000-8000-000000000000"


# ---- hosts

def test_hosts_are_listed_by_service(cloud):
    assert cloud.get("/os-hosts", user="admin") == {"hosts": [
        {"host_name": "host-1", "service": "compute", "zone": "nova"},
        {"host_name": "host-1", "service": "conductor", "zone": "internal"}]}
    assert len(cloud.get("/os-hosts?zone=nova", user="admin")["hosts"]) == 1
    assert cloud.get("/os-hosts?zone=", user="admin") == cloud.get("/os-hosts", user="admin")
    assert cloud.refused("GET", "/os-hosts")[0] == 403
    assert cloud.refused("GET", "/os-hosts", user="admin", version="2.43")[0] == 404


def test_a_host_shows_its_resources_by_project(cloud):
    cloud.make(), cloud.make(), cloud.make(user="bob")
    lines = [each["resource"] for each in cloud.get("/os-hosts/host-1", user="admin")["host"]]
    assert [(each["project"], each["cpu"], each["memory_mb"], each["disk_gb"]) for each in lines] == [
        ("(total)", 8, 8192, 100), ("(used_now)", 1, 576, 1), ("(used_max)", 3, 192, 3), ("pa", 2, 128, 2),
        ("pb", 1, 64, 1)]
    assert cloud.refused("GET", "/os-hosts/nope", user="admin") == (404, "Host 'nope' is not mapped to any cell")


def test_a_host_is_enabled_and_disabled_the_old_way(cloud):
    def put(**body):
        return cloud.call("PUT", "/os-hosts/host-1", body, user="admin")

    assert put(status="Disable").json == {"host": "host-1", "status": "disabled"}
    assert cloud.get("/os-services?binary=nova-compute", user="admin")["services"][0]["status"] == "disabled"
    assert [each["service"] for each in cloud.get("/os-hosts", user="admin")["hosts"]] == ["conductor"]
    assert put(status="enable").json == {"host": "host-1", "status": "enabled"}
    assert put(maintenance_mode="enable").status_int == 501
    assert [put(**body).status_int for body in ({}, {"status": "bad"}, {"x": 1}, {"status": True})] == [400] * 4
    assert cloud.refused("PUT", "/os-hosts/nope", {"status": "enable"}, user="admin")[0] == 404
    for verb in ("reboot", "shutdown", "startup"):
        assert cloud.refused("GET", f"/os-hosts/host-1/{verb}", user="admin") == (
            501, "The requested functionality is not supported.")
        assert cloud.refused("GET", f"/os-hosts/nope/{verb}", user="admin")[0] == 404


# ---- events

def send(cloud, *events, version="2.93", user="admin"):
    return cloud.call("POST", "/os-server-external-events", {"events": list(events)}, user=user, version=version)


def test_events_are_recorded_and_answered_each_with_its_code(cloud):
    server, homeless = cloud.make(), cloud.make(host=None)
    answer = send(cloud, {"name": "network-vif-plugged", "server_uuid": server, "tag": "port"},
                  {"name": "network-changed", "server_uuid": NOBODYS}, {"name": "power-update", "server_uuid": server},
                  {"name": "network-changed", "server_uuid": homeless, "status": "completed"},
                  {"name": "power-update", "server_uuid": homeless},
                  {"name": "volume-reimaged", "server_uuid": server, "status": "failed"})
    assert answer.status_int == 207
    assert [(each["code"], each["status"]) for each in answer.json["events"]] == [
        (200, "completed"), (404, "failed"), (400, "failed"), (422, "failed"), (400, "failed"), (200, "completed")]
    with db.reader() as session:
        assert external_events.latest(session, server, "network-vif-plugged", "port").status == "completed"
        assert external_events.latest(session, server, "volume-reimaged").status == "failed"
        assert session.execute(sa.select(sa.func.count()).select_from(ExternalEvent)).scalar() == 2
    whole = send(cloud, {"name": "power-update", "server_uuid": server, "tag": "POWER_ON"})
    assert (whole.status_int, whole.json) == (200, {"events": [
        {"name": "power-update", "server_uuid": server, "tag": "POWER_ON", "status": "completed", "code": 200}]})


def test_a_change_of_the_power_is_looked_up_by_the_host(cloud, monkeypatch):
    asked = []
    monkeypatch.setattr(ComputeAPI, "sync_power", lambda _self, _context, host, server_id: asked.append(
        (host, server_id)))
    one, two = cloud.make(), cloud.make()
    send(cloud, {"name": "power-update", "server_uuid": one, "tag": "POWER_OFF"},
         {"name": "power-update", "server_uuid": one, "tag": "POWER_ON"}, {"name": "power-update", "server_uuid": two})
    assert asked == [("host-1", one)]


def test_a_host_reports_the_power_of_a_guest_only_when_no_operation_runs():
    reported, busy = [], types.SimpleNamespace(busy=lambda: {"busy"})
    guest = Guest(busy, None, reported.append)
    guest.sync_power(None, "busy")
    guest.sync_power(None, "idle")
    assert reported == ["idle"]


def test_a_change_of_the_network_is_looked_up_at_once(cloud):
    server = cloud.make()
    with db.writer() as session:
        session.execute(sa.update(Server).values(addresses=[{"network": "gone", "addr": "10.0.0.9", "version": 4,
                                                             "type": "fixed", "mac": "fa:16:3e:00:00:01"}]))
    assert send(cloud, {"name": "network-changed", "server_uuid": server}).status_int == 200
    assert cloud.get(f"/servers/{server}")["server"]["addresses"] == {}


def test_inject_network_info_refreshes_a_servers_network_information(cloud):
    server = cloud.make()
    cloud.settle(server, security_groups=["gone"])
    path, body = f"/servers/{server}/action", {"injectNetworkInfo": None}
    assert cloud.refused("POST", path, body)[0] == 403
    assert cloud.call("POST", path, body, user="admin").status_int == 202
    assert "security_groups" not in cloud.get(f"/servers/{server}")["server"]


@pytest.mark.parametrize(("name", "since", "before"), [
    ("volume-extended", "2.51", "2.50"), ("power-update", "2.76", "2.75"),
    ("accelerator-request-bound", "2.82", "2.81"), ("volume-reimaged", "2.93", "2.92")])
def test_events_come_with_their_versions(cloud, name, since, before):
    server = cloud.make()
    event = {"name": name, "server_uuid": server, "tag": NOBODYS}
    assert send(cloud, event, version=since).status_int == 200
    assert send(cloud, event, version=before).status_int == 400


@pytest.mark.parametrize("event", [{}, {"name": "bad"}, {"status": "foo"}, {"x": 1}, {"server_uuid": "zz"},
                                   {"tag": None}, {"tag": "x" * 256}])
def test_bad_events_change_nothing(cloud, event):
    server = cloud.make()
    whole = {"name": "network-changed", "server_uuid": server}
    assert send(cloud, whole, {**whole, **event} if event else {}).status_int == 400
    assert send(cloud).status_int == 400
    assert send(cloud, whole, user="alice").status_int == 403
    with db.reader() as session:
        assert external_events.latest(session, server, "network-changed") is None


# ---- passwords

def test_the_password_a_guest_left_is_read_and_forgotten(cloud):
    server = cloud.make()
    path = f"/servers/{server}/os-server-password"
    assert cloud.get(path) == {"password": ""}
    assert cloud.compute.guests.leave_password(server, "c2VhbGVk")
    assert not cloud.compute.guests.leave_password(server, "YW5vdGhlcg==")
    assert cloud.get(path) == {"password": "c2VhbGVk"} and cloud.compute.guests.password(server) == "c2VhbGVk"
    assert cloud.refused("GET", path, user="bob")[0] == cloud.refused("DELETE", path, user="bob")[0] == 404
    assert cloud.refused("DELETE", path, user="carl")[0] == 403
    assert cloud.call("DELETE", path).status_int == 204
    assert cloud.get(path) == {"password": ""}
    assert cloud.compute.guests.leave_password(server, "YW5vdGhlcg==")
    assert not cloud.compute.guests.leave_password(NOBODYS, "c2VhbGVk")


# ---- what has no service here

def test_assisted_snapshots_name_volumes_that_no_server_has(cloud):
    path = "/os-assisted-volume-snapshots"
    info = {"type": "qcow2", "new_file": "x", "snapshot_id": "s"}
    words = f"No volume Block Device Mapping with id {NOBODYS}."
    assert cloud.refused("POST", path, {"snapshot": {"volume_id": NOBODYS, "create_info": info}}, user="admin") == (
        400, words)
    assert cloud.refused("POST", path, {"snapshot": {"volume_id": NOBODYS, "create_info": info}})[0] == 403
    for wrong in ({"volume_id": NOBODYS}, {"volume_id": NOBODYS, "create_info": {**info, "type": "raw"}}):
        assert cloud.refused("POST", path, {"snapshot": wrong}, user="admin")[0] == 400
    for query, message in (("", "'delete_info'"), ("?delete_info=%7B%7D", "'volume_id'"),
                           ("?delete_info=x", "Expecting value: line 1 column 1 (char 0)"),
                           (f"?delete_info=%7B%22volume_id%22:%22{NOBODYS}%22%7D", words)):
        assert cloud.refused("DELETE", f"{path}/{NOBODYS}{query}", user="admin") == (400, message)


def test_volume_attachments_are_empty_and_cannot_be_made(cloud):
    server = cloud.make()
    path = f"/servers/{server}/os-volume_attachments"
    assert cloud.get(path) == {"volumeAttachments": []}
    assert cloud.refused("GET", path, user="bob")[0] == 404
    assert cloud.refused("GET", f"{path}/x") == (404, f"Instance {server} is not attached to volume x")
    body = {"volumeAttachment": {"volumeId": NOBODYS}}
    missing = (404, f"Volume {NOBODYS} could not be found.")
    assert cloud.refused("POST", path, body) == cloud.refused("DELETE", f"{path}/{NOBODYS}") == missing
    assert cloud.refused("PUT", f"{path}/{NOBODYS}", body, version="2.85") == missing
    assert cloud.refused("PUT", f"{path}/{NOBODYS}", body)[0] == 403
    assert cloud.refused("PUT", f"{path}/{NOBODYS}", body, user="admin") == missing
    assert cloud.refused("POST", path, body, user="carl")[0] == 403
    for wrong in ({}, {"volumeId": "x"}, {"volumeId": NOBODYS, "tag": "t"}):
        assert cloud.refused("POST", path, {"volumeAttachment": wrong})[0] == 400


def test_shares_are_empty_and_cannot_be_attached(cloud):
    server = cloud.make()
    path = f"/servers/{server}/shares"
    assert cloud.get(path, version="2.97") == {"shares": []}
    assert cloud.refused("GET", path, version="2.96")[0] == 404
    missing = (404, f"Share {NOBODYS} could not be found.")
    assert cloud.refused("GET", f"{path}/{NOBODYS}", version="2.97") == missing
    body = {"share": {"share_id": NOBODYS}}
    assert cloud.refused("POST", path, body, version="2.97") == (
        409, f"Cannot 'create share' instance {server} while it is in vm_state active")
    assert cloud.refused("DELETE", f"{path}/{NOBODYS}", version="2.97")[0] == 409
    cloud.settle(server, vm_state="stopped")
    assert cloud.refused("POST", path, body, version="2.97") == missing
    assert cloud.refused("DELETE", f"{path}/{NOBODYS}", version="2.97") == missing


# ---- what is retired

@pytest.mark.parametrize("entry", retired.ROUTES, ids=str)
def test_a_retired_route_is_410_for_every_user_and_version(cloud, entry):
    path = entry.path.format(id="1", domain_id="x", server_id=NOBODYS)
    for version in ("2.1", "2.104"):
        answer = cloud.call(entry.method, path, {} if entry.method in ("POST", "PUT") else None, version=version)
        assert (answer.status_int, answer.json) == (410, {"computeFault": {
            "code": 410, "message": "This resource is no longer available. No forwarding address is given."}})
    assert cloud.call(entry.method, path, user=None).status_int == 401


@pytest.mark.parametrize("entry", retired.ACTIONS, ids=str)
def test_retired_actions_are_gone(cloud, entry):
    assert cloud.call("POST", f"/{entry.on}/1/action", {entry.name: None}).status_int == 410
    assert cloud.call("POST", f"/{entry.on}/1/action", {}).status_int == 400
