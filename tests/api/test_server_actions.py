"""What may be done to a server, in each state, as the table of operations says and in Nova's words."""

import pytest

from nova_lite import db
from nova_lite.common import context
from nova_lite.db import server_moves, servers
from nova_lite.objects.states import OPERATIONS, Vm
from tests.compute_service import DRAFT, IMAGE, NOWHERE

#: (action, its argument, operation, version); by an administrator, whom no lock stops.
ACTIONS = [
    ("pause", None, "pause_server", "2.1"), ("unpause", None, "unpause_server", "2.1"),
    ("suspend", None, "suspend_server", "2.1"), ("resume", None, "resume_server", "2.1"),
    ("restore", None, "restore_server", "2.1"),
    ("rebuild", {"imageRef": IMAGE}, "rebuild_server", "2.1"),
    ("confirmResize", None, "confirm_resize", "2.1"), ("shelve", None, "shelve_server", "2.1"),
    ("unshelve", None, "unshelve_server", "2.1"),
    ("createImage", {"name": "i"}, "snapshot_server", "2.1"),
    ("createBackup", {"name": "i", "backup_type": "daily", "rotation": "2"}, "backup_server", "2.1"),
    ("rescue", {"rescue_image_ref": IMAGE}, "rescue_server", "2.1"), ("unrescue", None, "unrescue_server", "2.1"),
]
#: Answers other than 202.
ANSWERS = {"rescue": 200, "confirmResize": 204}


def act(cloud, server, action, argument=None, **rest):
    return cloud.call("POST", f"/servers/{server}/action", {action: argument}, **rest)


def task_state(cloud, server):
    return cloud.get(f"/servers/{server}")["server"]["OS-EXT-STS:task_state"]


@pytest.fixture
def server(cloud):
    return cloud.make()


@pytest.mark.parametrize(("action", "argument", "name", "version"), ACTIONS, ids=str)
def test_an_action_begins_only_where_the_table_allows_it(cloud, server, action, argument, name, version):
    for vm_state in sorted(set(Vm) - {Vm.DELETED, Vm.BUILDING}):
        cloud.settle(server, vm_state=vm_state)
        answer = act(cloud, server, action, argument, version=version)
        if vm_state in OPERATIONS[name].allowed:
            assert answer.status_int == ANSWERS.get(action, 202), answer.text
            assert task_state(cloud, server) == OPERATIONS[name].task
        else:
            assert answer.status_int == 409
            assert answer.json["conflictingRequest"]["message"] == (
                f"Cannot '{action}' instance {server} while it is in vm_state {vm_state}")
            assert task_state(cloud, server) is None


@pytest.mark.parametrize(("action", "argument", "name", "version"), ACTIONS, ids=str)
def test_an_action_needs_a_server_that_is_idle_unlocked_and_ones_own(cloud, server, action, argument, name, version):
    cloud.settle(server, vm_state=sorted(OPERATIONS[name].allowed)[0], locked_by="owner")
    if OPERATIONS[name].heeds_lock:
        assert act(cloud, server, action, argument, version=version).json["conflictingRequest"]["message"] == (
            f"Instance {server} is locked")
    else:
        assert act(cloud, server, action, argument, version=version).status_int == 202
        cloud.settle(server)
    assert act(cloud, server, action, argument, version=version, user="bob").status_int == 404
    cloud.settle(server, locked_by=None)
    assert act(cloud, server, action, argument, version=version, user="carl").status_int == 403
    cloud.settle(server, task_state="spawning")
    answer = act(cloud, server, action, argument, version=version)
    if "spawning" in OPERATIONS[name].interrupts:
        assert answer.status_int == 202
    else:
        assert (answer.status_int, answer.json["conflictingRequest"]["message"]) == (
            409, f"Cannot '{action}' instance {server} while it is in task_state spawning")


def history(cloud, server):
    found = cloud.get(f"/servers/{server}/os-instance-actions")["instanceActions"]
    return [(each["action"], each["message"]) for each in found]


# ---- reset state

@pytest.mark.parametrize("vm_state", ["active", "error"])
def test_reset_state_sets_the_state_and_unlocks_stuck_servers(cloud, server, vm_state):
    cloud.settle(server, vm_state="paused", locked_by="owner")
    act(cloud, server, "pause", user="admin")
    cloud.settle(server, vm_state="active")
    assert act(cloud, server, "pause", user="admin").status_int == 202
    assert act(cloud, server, "os-resetState", {"state": vm_state}, user="admin").status_int == 202
    shown = cloud.get(f"/servers/{server}")["server"]
    assert (shown["OS-EXT-STS:vm_state"], shown["OS-EXT-STS:task_state"]) == (vm_state, None)
    assert history(cloud, server)[:2] == [("resetState", None), ("pause", "Error")]


def test_only_administrators_reset_a_state_and_only_to_active_or_error(cloud, server):
    assert act(cloud, server, "os-resetState", {"state": "active"}).status_int == 403
    for wrong in ({"state": "paused"}, {}, None, "active", {"state": "active", "more": 1}):
        assert act(cloud, server, "os-resetState", wrong, user="admin").status_int == 400
    assert cloud.refused("POST", "/servers/none/action", {"os-resetState": {"state": "active"}}, user="admin")[0] == 404


# ---- rebuild and rescue

def rebuild(cloud, server, *, version="2.100", **asked):
    return act(cloud, server, "rebuild", {"imageRef": IMAGE, **asked}, version=version)


def test_a_rebuild_changes_the_attributes_it_names_and_no_others(cloud, server):
    before = cloud.get(f"/servers/{server}", version="2.100")["server"]
    made = rebuild(cloud, server, name="new", metadata={"a": "b"}, description="d", user_data="eA==",
                   hostname="other", accessIPv4="192.0.2.7", accessIPv6="2001:db8:0::7", adminPass="secret")
    assert made.status_int == 202
    assert made.headers["Location"].endswith(f"/servers/{server}")
    shown = made.json["server"]
    assert (shown["status"], shown["adminPass"], shown["user_data"]) == ("REBUILD", "secret", "eA==")
    assert "OS-EXT-SRV-ATTR:user_data" not in shown
    expected = {"name": "new", "metadata": {"a": "b"}, "description": "d", "accessIPv4": "192.0.2.7",
                "accessIPv6": "2001:db8::7", "OS-EXT-SRV-ATTR:hostname": "other", "key_name": None}
    assert {name: shown[name] for name in expected} == expected
    changing = {*expected, "status", "adminPass", "user_data", "OS-EXT-STS:task_state", "updated"}
    assert {key: value for key, value in shown.items() if key not in changing} == {
        key: value for key, value in before.items() if key not in changing}


@pytest.mark.parametrize(("version", "there", "absent"), [
    ("2.8", set(), {"locked", "description", "key_name", "user_data", "OS-EXT-STS:task_state"}),
    ("2.53", {"locked", "description", "tags"}, {"key_name", "user_data", "OS-EXT-STS:task_state"}),
    ("2.56", {"key_name"}, {"user_data", "server_groups", "config_drive"}),
    ("2.74", {"user_data", "server_groups", "locked_reason"}, {"OS-EXT-STS:task_state", "config_drive"}),
    ("2.75", {"OS-EXT-STS:task_state", "config_drive", "OS-SRV-USG:launched_at"}, {"scheduler_hints"})])
def test_a_rebuild_answers_as_its_version_does(cloud, server, version, there, absent):
    shown = rebuild(cloud, server, version=version).json["server"]
    assert there <= set(shown)
    assert not absent & set(shown)


def test_a_rebuild_takes_another_key_or_none(cloud, server):
    cloud.call("POST", "/os-keypairs", {"keypair": {"name": "k"}})
    assert rebuild(cloud, server, key_name="k").json["server"]["key_name"] == "k"
    cloud.settle(server)
    assert rebuild(cloud, server, key_name=None).json["server"]["key_name"] is None
    cloud.settle(server)
    assert cloud.refused("POST", f"/servers/{server}/action", {"rebuild": {"imageRef": IMAGE, "key_name": "x"}},
                         version="2.54") == (400, "Invalid key_name provided.")


@pytest.mark.parametrize(("asked", "version", "status", "said"), [
    ({"imageRef": NOWHERE}, "2.1", 400, "Cannot find image for rebuild"),
    ({"imageRef": DRAFT}, "2.1", 400, f"Image {DRAFT} is not active."),
    ({"imageRef": "x"}, "2.1", 400, "Invalid input for field/attribute imageRef. Value: x. 'x' is not a 'uuid'"),
    ({}, "2.1", 400, None),
    ({"imageRef": IMAGE, "key_name": "k"}, "2.53", 400, None),
    ({"imageRef": IMAGE, "user_data": "eA=="}, "2.56", 400, None),
    ({"imageRef": IMAGE, "hostname": "h"}, "2.89", 400, None),
    ({"imageRef": IMAGE, "hostname": "a.b"}, "2.93", 400, None),
    ({"imageRef": IMAGE, "personality": []}, "2.57", 400, None),
    ({"imageRef": IMAGE, "trusted_image_certificates": ["c"]}, "2.63", 400, "Certificate validation is not supported: "
     "image signatures are not verified here."),
    ({"imageRef": IMAGE, "metadata": {str(number): "x" for number in range(200)}}, "2.1", 403,
     "Maximum number of metadata items exceeds 128")])
def test_an_invalid_rebuild_is_refused_and_changes_nothing(cloud, server, asked, version, status, said):
    refused = cloud.refused("POST", f"/servers/{server}/action", {"rebuild": asked}, version=version)
    assert refused[0] == status
    assert said is None or refused[1] == said
    assert task_state(cloud, server) is None
    assert cloud.get(f"/servers/{server}")["server"]["metadata"] == {}


def test_a_rescue_answers_with_its_password(cloud, server):
    assert act(cloud, server, "rescue", {"adminPass": "mine"}).json == {"adminPass": "mine"}
    cloud.settle(server)
    assert len(act(cloud, server, "rescue").json["adminPass"]) == 12
    cloud.settle(server)
    assert cloud.refused("POST", f"/servers/{server}/action", {"rescue": {"rescue_image_ref": NOWHERE}}) == (
        400, f"Requested rescue image '{NOWHERE}' is not supported")
    assert act(cloud, server, "rescue", {"rescue_image_ref": IMAGE}).status_int == 200
    cloud.settle(server, vm_state="rescued")
    assert cloud.get(f"/servers/{server}")["server"]["status"] == "RESCUE"


# ---- snapshots and backups

@pytest.mark.parametrize("body", [
    {"createImage": {"name": "i", "metadata": {"k": "v"}}},
    {"createBackup": {"name": "i", "backup_type": "daily", "rotation": 1, "metadata": {"k": "v"}}}])
def test_a_copy_is_an_image_that_knows_where_it_is_from(cloud, server, body):
    answer = cloud.call("POST", f"/servers/{server}/action", body)
    [image] = cloud.images.made.values()
    service = "image" if "createImage" in body else "compute/v2.1"
    assert (answer.status_int, answer.headers["Location"]) == (202, f"http://localhost:80/{service}/images/{image.id}")
    assert (image.name, image.project_id, image.visibility, image.min_disk) == ("i", "pa", "private", 1)
    expected = {"instance_uuid": server, "base_image_ref": IMAGE, "k": "v", "os_distro": "tiny", "user_id": "alice"}
    assert {name: image.properties[name] for name in expected} == expected
    kind = {"image_type": "snapshot"} if "createImage" in body else {"image_type": "backup", "backup_type": "daily"}
    assert {name: image.properties[name] for name in kind} == kind


@pytest.mark.parametrize(("action", "more"), [
    ("createImage", {}), ("createBackup", {"backup_type": "d", "rotation": 1})])
def test_the_metadata_quota_limits_image_metadata_until_2_38(cloud, server, conf, action, more):
    conf.set_override("metadata_items", 1, "quota")
    body = {action: {"name": "i", "metadata": {"a": "1", "b": "2"}, **more}}
    assert cloud.refused("POST", f"/servers/{server}/action", body, version="2.38") == (
        403, "Image metadata limit exceeded")
    assert cloud.images.made == {}
    assert cloud.call("POST", f"/servers/{server}/action", body, version="2.39").status_int == 202


def test_create_image_answers_with_the_image_id_since_2_45(cloud, server):
    answer = act(cloud, server, "createImage", {"name": "i"}, version="2.45")
    assert (answer.status_int, "Location" in answer.headers) == (202, False)
    assert list(cloud.images.made) == [answer.json["image_id"]]


def test_an_administrators_copy_is_shared_with_the_owner(cloud, server):
    act(cloud, server, "createImage", {"name": "i"}, user="admin")
    [image] = cloud.images.made.values()
    assert (image.visibility, image.properties["instance_owner"]) == ("shared", "pa")


@pytest.mark.parametrize("action", ["createImage", "shelve"])
def test_a_copy_that_a_delete_overtakes_leaves_no_image(cloud, server, action):
    assert act(cloud, server, action, {"name": "i"} if action == "createImage" else None).status_int == 202
    assert len(cloud.images.made) == 1
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    assert cloud.images.made == {}


def test_a_copy_that_a_reset_overtakes_leaves_no_image(cloud, server):
    assert act(cloud, server, "createImage", {"name": "i"}).status_int == 202
    assert act(cloud, server, "os-resetState", {"state": "active"}, user="admin").status_int == 202
    assert cloud.images.made == {}


def test_a_refused_copy_leaves_no_image(cloud, server):
    cloud.settle(server, task_state="powering-off")
    assert act(cloud, server, "createImage", {"name": "i"}).status_int == 409
    assert cloud.images.made == {}


@pytest.mark.parametrize("wrong", [
    {"createImage": {}}, {"createImage": {"name": ""}}, {"createImage": {"name": "i", "metadata": {"k": 1}}},
    {"createBackup": {"name": "b", "backup_type": "d"}}, {"createBackup": {"name": "b", "backup_type": "d",
                                                                           "rotation": -1}}])
def test_an_invalid_create_image_is_refused(cloud, server, wrong):
    assert cloud.refused("POST", f"/servers/{server}/action", wrong)[0] == 400


# ---- resize

@pytest.fixture
def large(cloud):
    flavor = {"name": "m1.large", "vcpus": 2, "ram": 128, "disk": 2, "id": "43"}
    assert cloud.call("POST", "/flavors", {"flavor": flavor}, user="admin").status_int == 200
    return "43"


@pytest.mark.parametrize(("flavor", "said"), [
    ("42", "When resizing, instances must change flavor!"), ("none", "Flavor none could not be found."),
    ("44", "Server disk was unable to be resized because: Resize to zero disk flavor is not allowed.")])
def test_an_invalid_resize_is_refused(cloud, server, flavor, said):
    cloud.call("POST", "/flavors", {"flavor": {"name": "empty", "vcpus": 1, "ram": 64, "disk": 0, "id": "44"}},
               user="admin")
    assert cloud.refused("POST", f"/servers/{server}/action", {"resize": {"flavorRef": flavor}}) == (400, said)
    assert task_state(cloud, server) is None


def test_a_resize_needs_quota_for_the_resources_it_adds(cloud, server, large):
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"instances": 1, "cores": 1}}, user="admin")
    assert cloud.refused("POST", f"/servers/{server}/action", {"resize": {"flavorRef": large}}) == (
        403, "Quota exceeded for cores: Requested 1, but already used 1 of 1 cores")
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"cores": 2}}, user="admin")
    assert act(cloud, server, "resize", {"flavorRef": large}).status_int == 202
    assert cloud.get(f"/servers/{server}")["server"]["status"] == "RESIZE"


def test_a_running_resize_counts_its_new_flavor_against_the_quota(cloud, server, large):
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"cores": 2}}, user="admin")
    assert act(cloud, server, "resize", {"flavorRef": large}).status_int == 202
    assert cloud.get("/limits")["limits"]["absolute"]["totalCoresUsed"] == 1       # what it has
    answer = cloud.create(name="two")
    assert (answer.status_int, answer.json["forbidden"]["message"]) == (
        403, "Quota exceeded for cores: Requested 1, but already used 2 of 2 cores")


def test_a_revert_to_a_larger_flavor_needs_free_quota(cloud, server, large):
    resized(cloud, server, "43", "42")
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"cores": 1}}, user="admin")
    assert cloud.refused("POST", f"/servers/{server}/action", {"revertResize": None}) == (
        403, "Quota exceeded for cores: Requested 1, but already used 1 of 1 cores")
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"cores": 2}}, user="admin")
    assert act(cloud, server, "revertResize").status_int == 202
    assert cloud.create(name="two").status_int == 403


def test_a_users_own_quota_holds_for_resizes_and_restores(cloud, server, large, soft):
    cloud.call("PUT", "/os-quota-sets/pa?user_id=alice", {"quota_set": {"cores": 1}}, user="admin")
    assert cloud.refused("POST", f"/servers/{server}/action", {"resize": {"flavorRef": large}})[0] == 403
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    cloud.settle(server, vm_state="soft-delete")
    assert cloud.create(name="two").status_int == 202
    assert cloud.refused("POST", f"/servers/{server}/action", {"restore": None})[0] == 403


def resized(cloud, server, before, now):
    """As its host leaves it; flavors by their ids."""
    old, new = (cloud.get(f"/flavors/{each}", version="2.47")["flavor"] for each in (before, now))
    old, new = ({"flavorid": each["id"], "name": each["name"], "vcpus": each["vcpus"], "memory_mb": each["ram"],
                 "root_gb": each["disk"], "ephemeral_gb": 0, "swap_mb": 0, "extra_specs": {}, "is_public": True,
                 "rxtx_factor": 1.0} for each in (old, new))
    with db.writer() as session:
        server_moves.begin(session, context.admin(), servers.get(session, server), kind="resize", status="finished",
                           old_flavor=old, new_flavor=new, old_vm_state="active", operation_id="x")
    cloud.settle(server, vm_state="resized", flavor=new)


def test_a_resize_that_no_host_accepts_is_refused(cloud, server, large, conf):
    conf.set_override("allow_resize_to_same_host", False, "compute")
    status, said = cloud.refused("POST", f"/servers/{server}/action", {"resize": {"flavorRef": large}})
    assert (status, said[:29]) == (409, "No valid host was found. Serv")


# ---- the guest itself

def test_a_password_is_changed_where_the_image_has_the_agent(cloud, server):
    body = {"changePassword": {"adminPass": "x"}}
    assert cloud.refused("POST", f"/servers/{server}/action", body) == (409, "QEMU guest agent is not enabled")
    cloud.settle(server, image_properties={"hw_qemu_guest_agent": "yes"})
    assert act(cloud, server, "changePassword", {"adminPass": "x"}).status_int == 202
    assert cloud.get(f"/servers/{server}")["server"]["status"] == "PASSWORD"


def test_a_crash_dump_needs_2_17_and_a_guest(cloud, server):
    assert act(cloud, server, "trigger_crash_dump", version="2.16").status_int == 404
    assert act(cloud, server, "trigger_crash_dump", version="2.17").status_int == 202
    assert act(cloud, server, "trigger_crash_dump", "now", version="2.17").status_int == 400
    assert history(cloud, server)[0] == ("trigger_crash_dump", None)
    cloud.settle(server, vm_state="stopped")
    assert cloud.refused("POST", f"/servers/{server}/action", {"trigger_crash_dump": None}, version="2.17") == (
        409, f"Cannot 'trigger_crash_dump' instance {server} while it is in vm_state stopped")


def test_topology_is_served_since_2_78(cloud, server):
    assert cloud.refused("GET", f"/servers/{server}/topology", version="2.77")[0] == 404
    assert cloud.get(f"/servers/{server}/topology", version="2.78") == {"nodes": [], "pagesize_kb": None}


def test_diagnostics_are_for_administrators_and_need_a_host(cloud, server):
    assert cloud.refused("GET", f"/servers/{server}/diagnostics")[0] == 403
    cloud.settle(server, host=None)
    assert cloud.refused("GET", f"/servers/{server}/diagnostics", user="admin") == (
        409, f"Instance {server} is not ready")


# ---- shelving

def test_unshelve_accepts_a_zone_or_host(cloud, server):
    cloud.settle(server, vm_state="shelved_offloaded", host=None)
    for asked, status in (({"availability_zone": "mars"}, 400), ({"availability_zone": 7}, 400), ({"host": "h"}, 403),
                          ({"more": 1}, 400)):
        assert act(cloud, server, "unshelve", asked, version="2.91").status_int == status
    assert cloud.refused("POST", f"/servers/{server}/action", {"unshelve": {"host": "h"}}, version="2.91",
                         user="admin") == (400, "Compute host h could not be found.")
    assert act(cloud, server, "unshelve", {"availability_zone": None}, version="2.90").status_int == 400
    assert act(cloud, server, "unshelve", {}, version="2.77").status_int == 400
    assert act(cloud, server, "unshelve", {"host": "host-1"}, version="2.91", user="admin").status_int == 202
    assert task_state(cloud, server) == "unshelving"


def test_unshelve_to_a_zone_needs_an_offloaded_server(cloud, server):
    cloud.settle(server, vm_state="shelved")
    status, said = cloud.refused("POST", f"/servers/{server}/action", {"unshelve": {"availability_zone": "nova"}},
                                 version="2.77")
    assert (status, said[-52:]) == (409, "supported. The server status must be SHELVED_OFFLOADED."[-52:])


def test_only_administrators_offload_shelved_servers(cloud, server):
    cloud.settle(server, vm_state="shelved")
    assert act(cloud, server, "shelveOffload").status_int == 403
    assert act(cloud, server, "shelveOffload", user="admin").status_int == 202


# ---- soft delete

@pytest.fixture
def soft(conf):
    conf.set_override("reclaim_instance_interval", 100, "compute")


def test_a_soft_delete_hides_a_server_from_lists_and_quota(cloud, server, soft):
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    assert task_state(cloud, server) == "soft-deleting"
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    cloud.settle(server, vm_state="soft-delete")
    assert cloud.get(f"/servers/{server}")["server"]["status"] == "SOFT_DELETED"
    assert cloud.names() == []
    assert cloud.names("?deleted=true", user="admin") == []             # another project's
    assert cloud.names("?deleted=true&all_tenants=1", user="admin") == ["one"]
    assert cloud.get("/limits")["limits"]["absolute"]["totalInstancesUsed"] == 0
    assert history(cloud, server)[0] == ("delete", None)


def test_a_running_restore_counts_against_the_quota(cloud, server, soft):
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"instances": 1}}, user="admin")
    cloud.settle(server, vm_state="soft-delete")
    assert act(cloud, server, "restore").status_int == 202
    assert cloud.create(name="two").status_int == 403


def test_a_server_that_leaves_its_host_is_deleted_for_good(cloud, server, soft):
    cloud.settle(server, vm_state="shelved")
    assert act(cloud, server, "shelveOffload", user="admin").status_int == 202
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    assert task_state(cloud, server) == "deleting"


def test_a_restore_needs_free_quota(cloud, server, soft):
    cloud.settle(server, vm_state="soft-delete")
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"instances": 0}}, user="admin")
    status, said = cloud.refused("POST", f"/servers/{server}/action", {"restore": None})
    assert (status, said[:24]) == (403, "Quota exceeded for insta")
    cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {"instances": 1}}, user="admin")
    assert act(cloud, server, "restore").status_int == 202
    assert task_state(cloud, server) == "restoring"


def test_a_server_that_never_ran_is_deleted_at_once(cloud, soft):
    server = cloud.create(version="2.37").json["server"]["id"]
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    assert task_state(cloud, server) == "deleting"


@pytest.mark.parametrize("vm_state", ["active", "soft-delete", "error"])
def test_a_forced_delete_waits_for_nothing(cloud, server, soft, vm_state):
    cloud.settle(server, vm_state=vm_state, task_state="powering-off")
    assert act(cloud, server, "forceDelete").status_int == 202
    assert task_state(cloud, server) == "deleting"
    assert act(cloud, server, "forceDelete").status_int == 202


@pytest.mark.parametrize(("vm_state", "status"), [
    ("paused", "PAUSED"), ("suspended", "SUSPENDED"), ("rescued", "RESCUE"), ("resized", "VERIFY_RESIZE"),
    ("shelved", "SHELVED"), ("shelved_offloaded", "SHELVED_OFFLOADED")])
def test_each_server_state_has_its_status_and_is_found_by_it(cloud, server, vm_state, status):
    cloud.settle(server, vm_state=vm_state)
    assert cloud.get(f"/servers/{server}")["server"]["status"] == status
    assert cloud.names(f"?status={status}") == ["one"]
    assert cloud.names("?status=ACTIVE") == []
