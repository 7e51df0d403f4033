"""Moves to other hosts where there is none: refused as Nova does, and recorded in the server's history."""

import pytest

from nova_lite import db
from nova_lite.common import policy
from nova_lite.db import services

COLD = "No valid host was found. No valid host found for cold migrate"
NONE = "No valid host was found. There are not enough hosts available."
LIVE = {"host": None, "block_migration": "auto"}


@pytest.fixture
def server(cloud):
    return cloud.make()


def act(cloud, server, action, argument=None, version="2.1", user="admin"):
    return cloud.call("POST", f"/servers/{server}/action", {action: argument}, user=user, version=version)


def refused(*args, **rest):
    answer = act(*args, **rest)
    return answer.status_int, next(iter(answer.json.values()))["message"]


def history(cloud, server):
    """(action, message, event, result) of what was tried last, and (kind, status) of all migrations."""
    path = f"/servers/{server}/os-instance-actions"
    last = cloud.get(path, user="admin")["instanceActions"][0]
    shown = cloud.get(f"{path}/{last['request_id']}", user="admin", version="2.84")["instanceAction"]
    migrations = cloud.get(f"/os-migrations?instance_uuid={server}", user="admin", version="2.59")["migrations"]
    [event] = shown["events"]
    assert event["details"] in (COLD, NONE)
    return (shown["action"], shown["message"], event["event"], event["result"]), [
        (each["migration_type"], each["status"]) for each in migrations]


@pytest.mark.parametrize(("argument", "version"), [(None, "2.1"), (None, "2.56"), ({"host": None}, "2.56")])
def test_a_migration_is_accepted_and_finds_no_host(cloud, server, argument, version):
    assert act(cloud, server, "migrate", argument, version).status_int == 202
    assert history(cloud, server) == (("migrate", "Error", "conductor_migrate_server", "Error"), [
        ("migration", "error")])
    assert cloud.get(f"/servers/{server}")["server"]["status"] == "ACTIVE"


def test_a_live_migration_without_a_host_is_400_until_2_33_and_fails_later_since_2_34(cloud, server):
    assert refused(cloud, server, "os-migrateLive", LIVE, "2.33") == (400, NONE)
    assert act(cloud, server, "os-migrateLive", LIVE, "2.34").status_int == 202
    assert history(cloud, server) == (("live-migration", "Error", "conductor_live_migrate_instance", "Error"), [
        ("live-migration", "error")])


@pytest.mark.parametrize(("action", "argument", "version", "answer"), [
    ("migrate", {"host": "nope"}, "2.56", (400, "Compute host nope could not be found.")),
    ("migrate", {"host": "host-1"}, "2.56", (400, "Cannot migrate to the host where the server exists.")),
    ("os-migrateLive", {**LIVE, "host": "nope"}, "2.25", (400, "Compute host nope could not be found.")),
    ("os-migrateLive", {**LIVE, "force": True}, "2.30", (400, "Can't force to a non-provided destination")),
    ("evacuate", {"host": "nope"}, "2.29", (404, "Compute host nope not found.")),
    ("evacuate", {"host": "host-1"}, "2.29", (400, "The target host can't be the same one.")),
    ("evacuate", {"force": "yes"}, "2.29", (400, "Can't force to a non-provided destination")),
    ("evacuate", {"onSharedStorage": "True", "adminPass": "x"}, "2.13",
     (400, "admin password can't be changed on existing disk")),
    ("evacuate", {}, "2.14", (400, "Compute service of host-1 is still in use.")),
])
def test_an_impossible_move_is_refused_and_not_recorded(cloud, server, action, argument, version, answer):
    assert refused(cloud, server, action, argument, version) == answer
    assert cloud.get("/os-migrations", user="admin")["migrations"] == []
    assert cloud.get(f"/servers/{server}")["server"]["status"] == "ACTIVE"


@pytest.mark.parametrize(("action", "argument", "version", "state", "old"), [
    ("migrate", None, "2.1", "paused", "migrate"), ("os-migrateLive", LIVE, "2.34", "stopped", "os-migrateLive"),
    ("evacuate", {}, "2.14", "paused", "evacuate")])
def test_a_server_moves_only_where_its_state_allows(cloud, server, action, argument, version, state, old):
    cloud.settle(server, vm_state=state)
    assert refused(cloud, server, action, argument, version) == (
        409, f"Cannot '{old}' instance {server} while it is in vm_state {state}")


def test_a_server_of_a_dead_host_finds_no_other_and_is_in_error(cloud, server):
    with db.writer() as session:
        services.stopped(session, "host-1", "nova-compute")
    answer = act(cloud, server, "evacuate", {"onSharedStorage": False, "adminPass": "secret"})
    assert answer.status_int == 200 and answer.json == {"adminPass": "secret"}
    assert history(cloud, server)[1] == [("evacuation", "error")]
    shown = cloud.get(f"/servers/{server}")["server"]
    assert (shown["status"], shown["fault"]["message"]) == ("ERROR", NONE)


@pytest.mark.parametrize(("action", "argument", "rule"), [
    ("migrate", {"host": "nope"}, "migrate"), ("os-migrateLive", {**LIVE, "host": "nope"}, "migrate_live")])
def test_a_move_to_a_named_host_is_checked_by_the_host_rule_alone(cloud, server, monkeypatch, action, argument, rule):
    asked = []
    monkeypatch.setattr(policy, "allowed", lambda context, name, target=None: asked.append(name) or True)
    assert act(cloud, server, action, argument, "2.68").status_int == 400
    assert asked == [f"os_compute_api:os-migrate-server:{rule}:host"]


def test_members_may_not_move_servers(cloud, server):
    for action, argument in (("migrate", None), ("os-migrateLive", LIVE), ("evacuate", {})):
        assert act(cloud, server, action, argument, "2.34", user="alice").status_int == 403


@pytest.mark.parametrize(("action", "argument", "version", "node", "dest"), [
    ("migrate", None, "2.1", "host-1.example.org", None),
    ("os-migrateLive", {**LIVE, "host": "host-1"}, "2.34", None, "host-1")])
def test_a_move_that_failed_shows_flavors_ends_and_when(cloud, server, action, argument, version, node, dest):
    assert act(cloud, server, action, argument, version).status_int == 202
    [move] = cloud.get("/os-migrations", user="admin")["migrations"]
    assert (move["old_instance_type_id"], move["new_instance_type_id"]) == (1, 1)
    assert (move["source_compute"], move["source_node"], move["dest_compute"]) == ("host-1", node, dest)
    assert move["status"] == "error" and move["updated_at"] >= move["created_at"]


def test_an_evacuation_that_failed_shows_no_flavors(cloud, server):
    with db.writer() as session:
        services.stopped(session, "host-1", "nova-compute")
    assert act(cloud, server, "evacuate", {}, "2.14").status_int == 200
    [move] = cloud.get("/os-migrations", user="admin")["migrations"]
    assert (move["old_instance_type_id"], move["new_instance_type_id"]) == (None, None)
    assert (move["source_node"], move["status"]) == ("host-1.example.org", "error") and move["updated_at"]
