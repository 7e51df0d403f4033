"""What a server looks like in each microversion, key by key."""

import datetime
import sys
import types

import pytest

from nova_lite import policies  # noqa: F401
from nova_lite.api.compute.views.servers import ServerView, host_id
from nova_lite.api.wsgi import microversion
from nova_lite.common.context import RequestContext

ID, IMAGE = "5c1d2bad-03a7-4e36-aabe-5c6d0f5348c6", "da0aea1b-3020-4569-a8c6-a56423f31f73"
FLAVOR = {"flavorid": "42", "name": "m1.nano", "vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0,
          "swap_mb": 0, "extra_specs": {"hw:x": "y"}}
BASE = {"accessIPv4", "accessIPv6", "addresses", "created", "flavor", "hostId", "id", "image", "links", "metadata",
        "name", "status", "tenant_id", "user_id", "updated", "OS-DCF:diskConfig", "progress"}
EXTENSIONS = {"OS-EXT-AZ:availability_zone", "config_drive", "key_name", "OS-SRV-USG:launched_at",
              "OS-SRV-USG:terminated_at", "security_groups", "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state",
              "OS-EXT-STS:power_state", "os-extended-volumes:volumes_attached"}
PREFIX = "OS-EXT-SRV-ATTR:"
WHERE = {PREFIX + "host", PREFIX + "instance_name", PREFIX + "hypervisor_hostname"}
WHERE_23 = {PREFIX + name for name in ("hostname", "kernel_id", "launch_index", "ramdisk_id", "reservation_id",
                                       "root_device_name", "user_data")}
ADDED = {"2.9": "locked", "2.19": "description", "2.26": "tags", "2.63": "trusted_image_certificates",
         "2.71": "server_groups", "2.73": "locked_reason", "2.96": "pinned_availability_zone",
         "2.100": "scheduler_hints"}
VERSIONS = ["2.1", "2.3", "2.9", "2.16", "2.19", "2.26", "2.47", "2.63", "2.71", "2.73", "2.75", "2.90", "2.96", "2.98",
            "2.100", "2.104"]


def request(version="2.1", *roles):
    version = microversion.parse(version)
    return types.SimpleNamespace(
        context=RequestContext("alice", "pa", roles or ("member", "reader")), version=version, query={},
        base_url="http://cloud:8774/compute/v2.1", environ={"PATH_INFO": "/compute/v2.1/servers"},
        at_least=lambda text: version >= microversion.parse(text))


def row(**values):
    return types.SimpleNamespace(**{
        "id": ID, "number": 10, "project_id": "pa", "user_id": "alice", "display_name": "web", "description": "d",
        "hostname": "web", "vm_state": "active", "task_state": None, "power_state": 1, "locked_by": None,
        "locked_reason": None, "host": "host-1", "availability_zone": None, "launch_index": 0,
        "reservation_id": "r-1", "image_id": IMAGE, "image_properties": {"os_distro": "tiny", "mine": "x"},
        "flavor": FLAVOR,
        "key_name": "k", "user_data": "aGk=", "config_drive": True, "metadata": {"a": "b"}, "tags": ["t"],
        "scheduler_hints": {"foo": ["bar"]}, "disk_config": "MANUAL", "access_ipv4": "1.2.3.4", "access_ipv6": None,
        "addresses": [{"network": "net1", "mac": "fa:16:3e:e9:15:a4", "addr": "10.50.0.198", "version": 4,
                       "type": "fixed"}],
        "security_groups": ["default"], "fault": None,
        "created_at": datetime.datetime(2026, 11, 23, 8, 48, 32, 99), "launched_at": datetime.datetime(2026, 11, 23, 9),
        "updated_at": datetime.datetime(2026, 11, 23, 8, 48, 35), "terminated_at": None, "deleted_at": None,
        "host_disabled": False, "host_forced_down": False, "host_seen_at": datetime.datetime.now(), **values,
        "hypervisor_hostname": "host-1.example.org", "host_zone": None, "group_id": None})


@pytest.fixture(autouse=True)
def configured(conf):
    conf.set_override("service_down_time", 10 ** 8, "operations")


def shown(version="2.1", *roles, **values):
    found = row(**values)
    return ServerView(request(version, *roles), found).show(found)


def since(version):
    """The keys that microversions up to ``version`` added."""
    return {key for added, key in ADDED.items() if microversion.parse(version) >= microversion.parse(added)}


@pytest.mark.parametrize("version", VERSIONS)
def test_members_see_these_keys_and_no_others(version):
    hostname = {PREFIX + "hostname"} if microversion.parse(version) >= (2, 90) else set()
    assert set(shown(version)) == BASE | EXTENSIONS | since(version) | hostname


@pytest.mark.parametrize("version", VERSIONS)
def test_administrators_see_where_it_runs(version):
    spoken = microversion.parse(version)
    where = WHERE | (WHERE_23 if spoken >= (2, 3) else set()) | ({"host_status"} if spoken >= (2, 16) else set())
    assert set(shown(version, "admin", "member", "reader")) == BASE | EXTENSIONS | since(version) | where


@pytest.mark.parametrize("version", ["2.1", "2.9", "2.71", "2.74"])
def test_an_update_before_2_75_answers_without_attributes_of_extensions(version):
    found = row()
    assert set(ServerView(request(version), found, brief=True).show(found)) == BASE | since(version)


def test_lists_never_show_server_groups():
    found = row()
    assert "server_groups" not in ServerView(request("2.100"), listed=True).show(found)


def test_a_server_in_the_first_version():
    assert shown("2.1", "admin", "member", "reader") == {
        "accessIPv4": "1.2.3.4", "accessIPv6": "",
        "addresses": {"net1": [{"version": 4, "addr": "10.50.0.198", "OS-EXT-IPS:type": "fixed",
                                "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:e9:15:a4"}]},
        "created": "2026-11-23T08:48:32Z",
        "flavor": {"id": "42", "links": [{"rel": "bookmark", "href": "http://cloud:8774/compute/flavors/42"}]},
        "hostId": host_id("pa", "host-1"), "id": ID,
        "image": {"id": IMAGE, "links": [{"rel": "bookmark", "href": f"http://cloud:8774/compute/images/{IMAGE}"}]},
        "links": [{"rel": "self", "href": f"http://cloud:8774/compute/v2.1/servers/{ID}"},
                  {"rel": "bookmark", "href": f"http://cloud:8774/compute/servers/{ID}"}],
        "metadata": {"a": "b"}, "name": "web", "status": "ACTIVE", "tenant_id": "pa", "user_id": "alice",
        "updated": "2026-11-23T08:48:35Z", "OS-DCF:diskConfig": "MANUAL", "progress": 0,
        "OS-EXT-AZ:availability_zone": "nova", "config_drive": "True", "key_name": "k",
        "OS-SRV-USG:launched_at": "2026-11-23T09:00:00.000000", "OS-SRV-USG:terminated_at": None,
        "security_groups": [{"name": "default"}], "OS-EXT-SRV-ATTR:host": "host-1",
        "OS-EXT-SRV-ATTR:instance_name": "instance-0000000a",
        "OS-EXT-SRV-ATTR:hypervisor_hostname": "host-1.example.org", "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": "active", "OS-EXT-STS:power_state": 1, "os-extended-volumes:volumes_attached": []}


def test_the_flavor_is_embedded_since_2_47_and_image_properties_since_2_98():
    assert shown("2.47")["flavor"] == {"vcpus": 1, "ram": 64, "disk": 1, "ephemeral": 0, "swap": 0,
                                       "original_name": "m1.nano", "extra_specs": {"hw:x": "y"}}
    assert "properties" not in shown("2.97")["image"]
    assert shown("2.98")["image"]["properties"] == {"os_distro": "tiny"}        # and not what Nova knows nothing of


@pytest.mark.parametrize(("values", "status", "keys"), [
    ({"vm_state": "building", "host": None}, "BUILD", {"progress"}),
    ({"task_state": "rebooting_hard"}, "HARD_REBOOT", set()), ({"vm_state": "stopped"}, "SHUTOFF", set()),
    ({"vm_state": "error", "fault": {"code": 500, "message": "No valid host", "created": "now"}}, "ERROR", {"fault"}),
    ({"vm_state": "error"}, "ERROR", set()), ({"deleted_at": datetime.datetime(2026, 1, 1)}, "DELETED", set())])
def test_status_decides_on_progress_and_fault(values, status, keys):
    server = shown(**values)
    assert server["status"] == status
    assert set(server) & {"progress", "fault"} == keys


def test_details_of_our_errors_are_for_administrators():
    fault = {"code": 500, "message": "m", "details": "trace", "created": "2026-01-01T00:00:00Z"}
    assert "details" not in shown(vm_state="error", fault=fault)["fault"]
    assert shown("2.1", "admin", vm_state="error", fault=fault)["fault"]["details"] == "trace"
    assert shown(vm_state="error", fault={**fault, "code": 400})["fault"]["details"] == "trace"


def test_a_server_without_image_host_or_addresses():
    server = shown(image_id=None, host=None, addresses=[], security_groups=[], vm_state="building")
    assert (server["image"], server["hostId"], server["addresses"]) == ("", "", {})
    assert "security_groups" not in server
    assert server["OS-EXT-AZ:availability_zone"] == ""
    assert shown(host=None, availability_zone="nova")["OS-EXT-AZ:availability_zone"] == "nova"


def test_addresses_stay_hidden_while_a_server_is_built():
    assert shown(vm_state="building")["addresses"] == {}


@pytest.mark.parametrize(("values", "state"), [
    ({}, "UP"), ({"host_disabled": True}, "MAINTENANCE"), ({"host_forced_down": True}, "DOWN"),
    ({"host_seen_at": datetime.datetime(2020, 1, 1)}, "UNKNOWN"), ({"host_seen_at": None}, "UNKNOWN"),
    ({"host": None}, ""), ({"host_disabled": None}, "")])
def test_host_status_follows_the_state_of_the_servers_host(values, state):
    assert shown("2.16", "admin", **values)["host_status"] == state


def test_links_carry_the_project_where_the_request_does():
    req = request()
    req.environ["PATH_INFO"] = "/compute/v2.1/pa/servers"
    assert ServerView(req, row()).basic(row())["links"][0]["href"] == f"http://cloud:8774/compute/v2.1/pa/servers/{ID}"


def test_a_server_of_a_list_takes_few_calls_however_long_the_list_is():
    """What the calls take is the machine's matter: ``list_1000`` of ``bench/promises.py`` has the promise."""
    calls = {length: _calls([row() for _ in range(length)]) for length in (1, 10, 1000)}
    for length, seen in calls.items():
        assert seen <= 40 * length, f"{seen} calls show {length} servers: {calls}"
    assert calls[1000] <= 100 * calls[10], f"a server of a longer list takes more: {calls}"


def _calls(rows):
    """How many functions, Python's and C's, are called while a page of ``rows`` is shown."""
    view = ServerView(request("2.100", "admin", "member", "reader"), listed=True)
    seen = 0

    def count(_frame, event, _function):
        nonlocal seen
        seen += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        for each in rows:
            view.show(each)
    finally:
        sys.setprofile(None)
    return seen
