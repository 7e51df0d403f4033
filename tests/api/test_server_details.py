"""What hangs on a server: metadata, tags, addresses, interfaces, security groups, and what was done to it."""

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.db.base import now
from nova_lite.db.models.operations import Operation, Step
from nova_lite.db.models.servers import Quota
from tests.compute_service import NOWHERE


@pytest.fixture
def server(cloud):
    return cloud.make(name="web", metadata={"a": "1"}, tags=["red"])


# ---- metadata

def test_metadata_is_merged_replaced_and_removed(cloud, server):
    path = f"/servers/{server}/metadata"
    assert cloud.get(path) == {"metadata": {"a": "1"}}
    assert cloud.call("POST", path, {"metadata": {"b": "2"}}).json == {"metadata": {"a": "1", "b": "2"}}
    assert cloud.call("PUT", f"{path}/a", {"meta": {"a": "3"}}).json == {"meta": {"a": "3"}}
    assert cloud.get(f"{path}/a") == {"meta": {"a": "3"}}
    assert cloud.call("PUT", path, {"metadata": {"c": "4"}}).json == {"metadata": {"c": "4"}}
    assert cloud.call("DELETE", f"{path}/c").status_int == 204
    assert cloud.refused("DELETE", f"{path}/c") == (404, "Metadata item was not found")
    assert cloud.refused("GET", f"{path}/c") == (404, "Metadata item was not found")
    assert cloud.get(f"/servers/{server}")["server"]["metadata"] == {}


def test_metadata_has_a_quota_that_merging_counts_too(cloud, server):
    with db.writer() as session:
        session.execute(sa.insert(Quota).values(project_id="pa", resource="metadata_items", limit=2))
    path = f"/servers/{server}/metadata"
    assert cloud.call("POST", path, {"metadata": {"b": "2"}}).status_int == 200
    assert cloud.refused("POST", path, {"metadata": {"c": "3"}}) == (
        403, "Maximum number of metadata items exceeds 2")
    assert cloud.create(metadata={"a": "1", "b": "2", "c": "3"}).status_int == 403


@pytest.mark.parametrize(("values", "words"), [
    ({"vm_state": "error"}, "vm_state error"), ({"task_state": "powering-off"}, "task_state powering-off")])
def test_metadata_changes_only_on_servers_at_rest(cloud, server, values, words):
    cloud.settle(server, **values)
    for method, path, body, said in (("POST", "", {"metadata": {"b": "2"}}, "update metadata"),
                                     ("DELETE", "/a", None, "delete metadata")):
        assert cloud.refused(method, f"/servers/{server}/metadata{path}", body) == (
            409, f"Cannot '{said}' instance {server} while it is in {words}")


# ---- tags

def test_tags_are_a_sorted_set(cloud, server):
    path = f"/servers/{server}/tags"
    added = cloud.call("PUT", f"{path}/blue", version="2.26")
    assert added.status_int == 201
    assert added.headers["Location"] == f"http://localhost:80/compute/v2.1{path}/blue"
    assert cloud.call("PUT", f"{path}/blue", version="2.26").status_int == 204
    assert cloud.get(path, version="2.26") == cloud.get(f"{path}?x=1", version="2.104") == {"tags": ["blue", "red"]}
    assert cloud.call("GET", f"{path}/blue", version="2.26").status_int == 204
    assert cloud.call("DELETE", f"{path}/blue", version="2.26").status_int == 204
    assert cloud.refused("GET", f"{path}/blue", version="2.26")[0] == 404
    assert cloud.refused("DELETE", f"{path}/blue", version="2.26")[0] == 404
    assert cloud.call("PUT", path, {"tags": ["z", "a", "z"]}, version="2.26").json == {"tags": ["a", "z"]}
    assert cloud.call("DELETE", path, version="2.26").status_int == 204
    assert cloud.get(path, version="2.26") == {"tags": []}
    assert cloud.call("GET", path, version="2.25").status_int == 404


@pytest.mark.parametrize(("asked", "header"), [("%0D%0AX-Forged:%20yes", "%0D%0AX-Forged%3A%20yes"),
                                               ("%E6%BC%A2", "%E6%BC%A2"), ("red-1", "red-1")])
def test_a_tag_says_nothing_but_itself_in_a_header(cloud, server, asked, header):
    path = f"/servers/{server}/tags/"
    answer = cloud.call("PUT", path + asked, version="2.26")
    assert (answer.status_int, answer.headers["Location"].partition(path)[2]) == (201, header)
    assert "X-Forged" not in answer.headers


def test_a_server_has_at_most_fifty_tags(cloud, server):
    path = f"/servers/{server}/tags"
    assert cloud.call("PUT", path, {"tags": [str(n) for n in range(50)]}, version="2.26").status_int == 200
    assert cloud.refused("PUT", f"{path}/more", version="2.26") == (
        400, "The number of tags exceeded the per-server limit 50")


def test_tags_of_servers_that_are_not_up_stay(cloud, server):
    cloud.settle(server, vm_state="error")
    for method, path, body in (("PUT", "", {"tags": []}), ("PUT", "/x", None), ("DELETE", "", None),
                               ("DELETE", "/red", None)):
        assert cloud.refused(method, f"/servers/{server}/tags{path}", body, version="2.26")[0] == 409


# ---- network

def test_addresses_interfaces_and_groups_are_those_of_its_ports(cloud):
    network = cloud.network.ensure_default_network("pa")
    server = cloud.make(networks=[{"uuid": network, "tag": "lan"}])
    with db.writer() as session:
        from nova_lite.db import server_objects
        row = server_objects.row(session, server)
        cloud.network.desired_state.report_ports(row.host, {
            nic.port_id: list(nic.revisions) for nic in cloud.network.allocate(row)})
    shown = cloud.get(f"/servers/{server}")["server"]
    (name, (address,)), = shown["addresses"].items()
    assert cloud.get(f"/servers/{server}/ips") == {"addresses": {name: [{"version": 4, "addr": address["addr"]}]}}
    assert cloud.get(f"/servers/{server}/ips/{name}") == {name: [{"version": 4, "addr": address["addr"]}]}
    assert cloud.refused("GET", f"/servers/{server}/ips/nope") == (
        404, "Instance is not a member of specified network")
    (interface,) = cloud.get(f"/servers/{server}/os-interface", version="2.70")["interfaceAttachments"]
    assert interface["net_id"] == network
    assert interface["mac_addr"] == address["OS-EXT-IPS-MAC:mac_addr"]
    assert interface["fixed_ips"][0]["ip_address"] == address["addr"]
    assert (interface["tag"], interface["port_state"]) == ("lan", "ACTIVE")
    port = interface["port_id"]
    one = cloud.get(f"/servers/{server}/os-interface/{port}", version="2.69")["interfaceAttachment"]
    assert "tag" not in one
    assert cloud.refused("GET", f"/servers/{server}/os-interface/{NOWHERE}") == (
        404, f"Port id {NOWHERE} could not be found.")
    (group,) = cloud.get(f"/servers/{server}/os-security-groups")["security_groups"]
    assert (group["name"], group["tenant_id"]) == ("default", "pa")
    assert {rule["group"]["name"] for rule in group["rules"]} == {"default"}
    assert shown["security_groups"] == [{"name": "default"}]


# ---- history

@pytest.fixture
def history(cloud, server):
    """The request ids of a server's create, stop and failed reboot, with steps of the last."""
    stop = cloud.call("POST", f"/servers/{server}/action", {"os-stop": None})
    with db.writer() as session:
        session.execute(sa.update(Operation).values(state="done", finished_at=now()))
    cloud.settle(server, vm_state="active")
    reboot = cloud.call("POST", f"/servers/{server}/action", {"reboot": {"type": "HARD"}})
    request_id = reboot.headers["x-openstack-request-id"]
    with db.writer() as session:
        operation = session.execute(sa.select(Operation).where(Operation.request_id == request_id)).scalar_one()
        operation.message = "Error"
        for name, outcome, detail in (("prepare", "Success", None), ("reset", "Error", "libvirt went away")):
            session.add(Step(operation_id=operation.id, name=name, host="host-1", attempt=1, finished_at=now(),
                             outcome=outcome, detail=detail))
    return {"stop": stop.headers["x-openstack-request-id"], "reboot": request_id}


def test_actions_are_listed_newest_first_under_novas_names(cloud, server, history):
    path = f"/servers/{server}/os-instance-actions"
    actions = cloud.get(path)["instanceActions"]
    assert [each["action"] for each in actions] == ["reboot", "stop", "create"]
    assert set(actions[0]) == {"action", "instance_uuid", "request_id", "user_id", "project_id", "start_time",
                               "message"}
    assert (actions[0]["message"], actions[1]["message"]) == ("Error", None)
    assert set(cloud.get(path, version="2.58")["instanceActions"][0]) == {*actions[0], "updated_at"}


def test_actions_have_pages_and_spans(cloud, server, history):
    path = f"/servers/{server}/os-instance-actions"
    first = cloud.get(f"{path}?limit=1", version="2.58")
    assert [each["action"] for each in first["instanceActions"]] == ["reboot"]
    following = first["links"][0]["href"].removeprefix("http://localhost:80/compute/v2.1")
    assert [each["action"] for each in cloud.get(following, version="2.58")["instanceActions"]] == ["stop"]
    assert cloud.get(f"{path}?changes-since=2030-01-01T00:00:00Z", version="2.58")["instanceActions"] == []
    assert len(cloud.get(f"{path}?changes-before=2130-01-01T00:00:00Z", version="2.66")["instanceActions"]) == 3
    assert cloud.refused("GET", f"{path}?marker=req-x", version="2.58")[0] == 400


def test_events_show_hosts_and_tracebacks_to_administrators_only(cloud, server, history):
    path = f"/servers/{server}/os-instance-actions/{history['reboot']}"
    assert "events" not in cloud.get(path, version="2.50")["instanceAction"]
    member = cloud.get(path, version="2.84")["instanceAction"]["events"]
    assert [each["event"] for each in member] == ["compute_reset", "compute_prepare"]
    assert [each["result"] for each in member] == ["Error", "Success"]
    assert set(member[0]) == {"event", "start_time", "finish_time", "result", "hostId"}
    admin = cloud.get(path, user="admin", version="2.84")["instanceAction"]["events"]
    assert (admin[0]["host"], admin[0]["details"], admin[0]["traceback"]) == (
        "host-1", "libvirt went away", "libvirt went away")
    assert set(cloud.get(path, user="admin")["instanceAction"]["events"][0]) == {
        "event", "start_time", "finish_time", "result", "traceback"}
    assert cloud.refused("GET", f"/servers/{server}/os-instance-actions/req-x") == (404, "Action req-x not found")


def test_the_history_of_a_deleted_server_can_be_read_from_221(cloud, server, history):
    cloud.settle(server, deleted_at=now(), vm_state="deleted")
    path = f"/servers/{server}/os-instance-actions"
    assert cloud.refused("GET", path, version="2.20")[0] == 404
    assert len(cloud.get(path, version="2.21")["instanceActions"]) == 3
    assert cloud.refused("GET", path, version="2.21", user="bob")[0] == 404
