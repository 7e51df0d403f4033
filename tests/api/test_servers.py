"""One server: showing, updating, deleting, locking, power and console."""

import types

import pytest

from nova_lite import db
from nova_lite.common import exceptions, policy
from nova_lite.common.context import RequestContext
from nova_lite.db import desired_state, servers
from nova_lite.network.agent import Agent
from nova_lite.network.planes.fake import FakePlane
from nova_lite.network.rpcapi import NetworkAgentAPI
from tests.compute_service import IMAGE, NOWHERE


@pytest.fixture
def server(cloud):
    return cloud.make(name="web")


def act(cloud, server, name, argument=None, **rest):
    return cloud.call("POST", f"/servers/{server}/action", {name: argument}, **rest)


def test_servers_of_other_projects_are_404(cloud, server):
    for method, path, body in (("GET", "", None), ("PUT", "", {"server": {"name": "x"}}), ("DELETE", "", None),
                               ("GET", "/metadata", None), ("GET", "/ips", None), ("GET", "/os-interface", None),
                               ("GET", "/os-instance-actions", None), ("GET", "/os-security-groups", None),
                               ("POST", "/action", {"os-stop": None}), ("POST", "/action", {"lock": None}),
                               ("POST", "/metadata", {"metadata": {}})):
        status, message = cloud.refused(method, f"/servers/{server}{path}", body, user="bob")
        assert (status, message) == (404, f"Instance {server} could not be found."), path
    assert cloud.get(f"/servers/{server}", user="admin")["server"]["id"] == server


@pytest.fixture
def roles_alone(conf):
    """Rules look at roles only, and let tokens of every scope in."""
    policy.enforcer()                           # registers the option
    conf.set_override("enforce_scope", False, "oslo_policy")
    policy.enforcer.cache_clear()
    yield
    conf.clear_override("enforce_scope", "oslo_policy")
    policy.enforcer.cache_clear()


def test_a_user_without_a_project_sees_and_creates_nothing(cloud, server, roles_alone):
    """Dora's roles are on a domain, which no rule of a project's may take for one."""
    for path in ("/servers", "/servers/detail", "/os-server-groups", "/os-security-groups", "/os-networks",
                 "/os-quota-sets/None", "/os-simple-tenant-usage/None", "/os-migrations?project_id=None"):
        assert cloud.call("GET", path, user="dora").status_int == 403, path
    assert cloud.call("GET", f"/servers/{server}", user="dora").status_int == 404
    assert cloud.create(user="dora").status_int == 403
    assert cloud.call("POST", "/os-server-groups", {"server_group": {"name": "g", "policies": ["affinity"]}},
                      user="dora").status_int == 403


def test_a_system_administrator_sees_all_projects_without_scope_checks_and_owns_nothing(cloud, server, roles_alone):
    assert cloud.get("/servers?all_tenants=1", user="system")["servers"][0]["id"] == server
    assert cloud.create(user="system").status_int == 403
    for path, body in (("/os-server-groups", {"server_group": {"name": "g", "policies": ["affinity"]}}),
                       ("/os-security-groups", {"security_group": {"name": "g", "description": ""}})):
        assert cloud.call("POST", path, body, user="system").status_int == 403
    assert act(cloud, server, "createImage", {"name": "i"}, user="system").status_int == 202
    [image] = cloud.images.made.values()
    assert (image.project_id, image.visibility) == ("pa", "private")


def test_readers_may_show_servers_and_not_change_them(cloud, server):
    cloud.get(f"/servers/{server}", user="carl")
    for method, path, body in (("PUT", "", {"server": {"name": "x"}}), ("DELETE", "", None),
                               ("POST", "/action", {"os-stop": None}), ("POST", "/action", {"os-getConsoleOutput": {}}),
                               ("POST", "/metadata", {"metadata": {}})):
        status, message = cloud.refused(method, f"/servers/{server}{path}", body, user="carl")
        assert status == 403
        assert message.startswith("Policy doesn't allow os_compute_api:")


def test_an_update_changes_the_attributes_it_names(cloud, server):
    body = {"server": {"name": "new", "description": "d", "hostname": "n.example.org", "accessIPv4": "192.0.2.1",
                       "accessIPv6": "2001:0DB8:0:0:0:0:0.0.0.1", "OS-DCF:diskConfig": "AUTO"}}
    shown = cloud.call("PUT", f"/servers/{server}", body, version="2.94").json["server"]
    assert shown == cloud.get(f"/servers/{server}", version="2.94")["server"]
    assert (shown["name"], shown["description"], shown["OS-EXT-SRV-ATTR:hostname"]) == ("new", "d", "n.example.org")
    assert (shown["accessIPv4"], shown["accessIPv6"], shown["OS-DCF:diskConfig"]) == (
        "192.0.2.1", "2001:db8::1", "AUTO")
    gone = cloud.call("PUT", f"/servers/{server}", {"server": {"description": None}}, version="2.94").json["server"]
    assert gone["description"] is None
    assert gone["name"] == "new"


@pytest.fixture
def named(cloud):
    """A server with a port on a host that follows its desired state; a function says how the host names its guest."""
    context = RequestContext("alice", "pa", ("member", "reader"))
    network_id = cloud.network.networks.create(context, {"project_id": "pa", "name": "net"})["id"]
    cloud.network.subnets.create(context, {"project_id": "pa", "network_id": network_id, "ip_version": 4,
                                           "cidr": "10.1.0.0/24"})
    server_id = cloud.make(networks=[{"uuid": network_id}], hostname="before")
    with db.reader() as session:
        row = servers.get(session, server_id)
    cloud.network.allocate(row)
    wire = types.SimpleNamespace(
        desired_state=lambda _context, *asked: cloud.network.desired_state.changes(*asked),
        applied=lambda _context, *said: cloud.network.desired_state.report(*said),
        ports_seen=lambda _context, *said: cloud.network.desired_state.report_ports(*said)[0])
    plugged = FakePlane(None)
    agent = Agent("host-1", plugged, wire, lambda ports: {each.port_id for each in ports})
    agent.compare()

    def name():
        with db.reader() as session:
            agent._sync(set(desired_state.stale(session, "host-1")))
        return [each.hostname for each in plugged.remembered.values()]
    assert name() == ["before"]
    return server_id, name


@pytest.mark.parametrize("way", ["update", "rebuild"])
def test_hosts_know_a_server_by_its_new_hostname(cloud, named, way, monkeypatch):
    notified = []
    monkeypatch.setattr(NetworkAgentAPI, "desired_state_changed", lambda _api, _context, *what: notified.append(what))
    server_id, name = named
    for hostname in ("after", "after"):
        if way == "update":
            answer = cloud.call("PUT", f"/servers/{server_id}", {"server": {"hostname": hostname}}, version="2.90")
        else:
            cloud.settle(server_id)
            answer = cloud.call("POST", f"/servers/{server_id}/action",
                                {"rebuild": {"imageRef": IMAGE, "hostname": hostname}}, version="2.90")
        assert answer.status_int in (200, 202), answer.text
        assert name() == ["after"]
    assert notified == [("host-1", ["host:host-1"])], "once, when the name became another"


def test_a_change_of_something_else_is_no_news_for_hosts(cloud, named, monkeypatch):
    monkeypatch.setattr(NetworkAgentAPI, "desired_state_changed", lambda *_: pytest.fail("a host is notified"))
    server_id, name = named
    cloud.call("PUT", f"/servers/{server_id}", {"server": {"name": "new", "description": "d"}}, version="2.90")
    with db.reader() as session:
        assert desired_state.stale(session, "host-1") == []
    assert name() == ["before"]


def test_pinning_follows_the_zone_it_is_in(cloud, server):
    def pin(zone):
        return cloud.call("PUT", f"/servers/{server}", {"server": {"pinned_availability_zone": zone}}, version="2.104")

    assert pin("mars").status_int == 409
    assert pin("nova").json["server"]["pinned_availability_zone"] == "nova"
    assert pin("nova").status_int == 200
    assert pin("mars").json["conflictingRequest"]["message"].startswith("Cannot change pinned")
    assert pin(None).json["server"]["pinned_availability_zone"] is None


def test_a_delete_is_accepted_once_and_again(cloud, server):
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    assert cloud.get(f"/servers/{server}")["server"]["OS-EXT-STS:task_state"] == "deleting"
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204


@pytest.mark.parametrize(("action", "argument", "state", "task"), [
    ("os-stop", None, "active", "powering-off"), ("os-start", None, "stopped", "powering-on"),
    ("reboot", {"type": "Soft"}, "active", "rebooting"), ("reboot", {"type": "HARD"}, "stopped", "rebooting_hard")])
def test_power_actions_are_accepted_in_their_states(cloud, server, action, argument, state, task):
    cloud.settle(server, vm_state=state)
    assert act(cloud, server, action, argument).status_int == 202
    assert cloud.get(f"/servers/{server}")["server"]["OS-EXT-STS:task_state"] == task


@pytest.mark.parametrize(("action", "argument", "state", "said"), [
    ("os-stop", None, "stopped", "stop"), ("os-start", None, "active", "start"),
    ("reboot", {"type": "SOFT"}, "stopped", "reboot")])
def test_power_actions_are_refused_in_other_states(cloud, server, action, argument, state, said):
    cloud.settle(server, vm_state=state)
    assert cloud.refused("POST", f"/servers/{server}/action", {action: argument}) == (
        409, f"Cannot '{said}' instance {server} while it is in vm_state {state}")


def test_a_lock_keeps_members_out_and_shows_its_reason(cloud, server):
    act(cloud, server, "lock", {"locked_reason": "mine"}, version="2.73")
    shown = cloud.get(f"/servers/{server}", version="2.73")["server"]
    assert (shown["locked"], shown["locked_reason"]) == (True, "mine")
    assert cloud.refused("POST", f"/servers/{server}/action", {"os-stop": None}) == (
        409, f"Instance {server} is locked")
    assert cloud.refused("DELETE", f"/servers/{server}")[0] == 409
    assert act(cloud, server, "unlock").status_int == 202
    assert act(cloud, server, "os-stop").status_int == 202


def test_a_server_locked_by_an_administrator_is_unlocked_by_administrators_only(cloud, server):
    act(cloud, server, "lock", user="admin")
    assert cloud.refused("POST", f"/servers/{server}/action", {"unlock": None}) == (
        403, "Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.")
    assert act(cloud, server, "os-stop", user="admin").status_int == 202
    assert act(cloud, server, "unlock", user="admin").status_int == 202
    assert cloud.get(f"/servers/{server}", version="2.9")["server"]["locked"] is False


def test_console_output_comes_without_control_characters(cloud, server, monkeypatch):
    asked = []

    def log(context, server, length=None):
        asked.append(length)
        return "login: \x07\x1b[0m\tok\n"

    monkeypatch.setattr(cloud.compute.console, "log", log)
    for argument in ({}, {"length": None}, {"length": -1}, {"length": "-1"}, {"length": "5"}, {"length": 0}):
        answer = act(cloud, server, "os-getConsoleOutput", argument)
        assert answer.json == {"output": "login: [0m\tok\n"}
    assert asked == [None, None, None, None, 5, 0]


def test_the_console_of_a_server_without_a_host_conflicts(cloud):
    server = cloud.create().json["server"]["id"]
    assert cloud.refused("POST", f"/servers/{server}/action", {"os-getConsoleOutput": {}}) == (
        409, f"Instance {server} is not ready")


def test_unknown_ids_and_actions(cloud, server):
    assert cloud.refused("GET", f"/servers/{NOWHERE}")[0] == 404
    assert cloud.refused("GET", "/servers/web")[0] == 404
    assert act(cloud, server, "fly").status_int == 400
    assert cloud.call("POST", f"/servers/{NOWHERE}/action", {"os-stop": None}).status_int == 404


def test_a_server_that_goes_while_it_is_renamed_is_404(cloud, server, monkeypatch):
    loaded = cloud.compute.servers.get(_admin(), server)
    monkeypatch.setattr(cloud.compute.servers, "get", lambda context, server_id: loaded)
    cloud.settle(server, deleted_at=loaded.created_at)
    assert cloud.refused("PUT", f"/servers/{server}", {"server": {"name": "x"}})[0] == 404
    with pytest.raises(exceptions.ServerNotFound):
        cloud.compute.locks.lock(_admin(), loaded)


def _admin():
    from nova_lite.common.context import admin
    return admin()
