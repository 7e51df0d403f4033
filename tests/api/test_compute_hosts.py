"""Services, hypervisors, zones, limits, quotas and extensions."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.db.models.desired_state import Applied
from nova_lite.db.models.servers import ComputeNode, Service
from nova_lite.objects.desired_state import of_host


def change(model, **values):
    with db.writer() as session:
        session.execute(sa.update(model).values(**values))


def service(cloud, binary="nova-compute", version="2.53"):
    services = cloud.get(f"/os-services?binary={binary}", user="admin", version=version)["services"]
    return services[0]


def put(cloud, id, body, version="2.53"):
    return cloud.call("PUT", f"/os-services/{id}", body, user="admin", version=version)


# ---- services

def test_services_are_up_or_down_by_their_last_report(cloud):
    assert (service(cloud)["state"], service(cloud)["zone"]) == ("up", "nova")
    assert service(cloud, "nova-conductor")["zone"] == "internal"
    change(Service, last_seen_at=datetime.datetime(2026, 1, 1))
    assert service(cloud)["state"] == "down"
    assert service(cloud)["updated_at"] == "2026-01-01T00:00:00.000000"
    change(Service, last_seen_at=None)
    assert service(cloud)["updated_at"] is None


def test_services_are_named_by_number_then_by_uuid(cloud):
    assert isinstance(service(cloud, version="2.52")["id"], int)
    assert len(service(cloud)["id"]) == 36
    assert "forced_down" not in service(cloud, version="2.10")
    assert cloud.get("/os-services?host=elsewhere", user="admin") == {"services": []}


def test_a_service_is_disabled_with_a_reason_and_enabled(cloud):
    id = service(cloud)["id"]
    shown = put(cloud, id, {"status": "disabled", "disabled_reason": "maintenance"}).json["service"]
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "maintenance")
    assert cloud.get("/os-availability-zone")["availabilityZoneInfo"] == [
        {"zoneName": "nova", "zoneState": {"available": False}, "hosts": None}]
    shown = put(cloud, id, {"status": "enabled"}).json["service"]
    assert (shown["status"], shown["disabled_reason"]) == ("enabled", None)
    shown = put(cloud, id, {"forced_down": "true"}).json["service"]
    assert (shown["forced_down"], shown["state"]) == (True, "down")


def test_before_2_53_services_are_changed_by_host_and_binary(cloud):
    body = {"host": "host-1", "binary": "nova-compute"}
    assert put(cloud, "disable", body, "2.1").json == {"service": {**body, "status": "disabled"}}
    assert put(cloud, "disable-log-reason", {**body, "disabled_reason": "x"}, "2.1").json == {
        "service": {**body, "status": "disabled", "disabled_reason": "x"}}
    assert service(cloud)["disabled_reason"] == "x"
    assert put(cloud, "enable", body, "2.1").json == {"service": {**body, "status": "enabled"}}
    assert put(cloud, "force-down", {**body, "forced_down": True}, "2.11").json == {
        "service": {**body, "forced_down": True}}


def test_only_compute_services_can_be_disabled(cloud):
    id = service(cloud, "nova-conductor")["id"]
    assert cloud.refused("PUT", f"/os-services/{id}", {"status": "disabled"}, user="admin", version="2.53") == (
        400, "Updating a nova-conductor service is not supported. Only nova-compute services can be updated.")


def test_a_service_is_forgotten_with_its_node_unless_servers_are_there(cloud):
    server, id = cloud.make(), service(cloud)["id"]
    for host in ("host-1", "host-2"):
        cloud.network.desired_state.report(host, {of_host(host): (1, None)})
    assert cloud.refused("DELETE", f"/os-services/{id}", user="admin", version="2.53")[0] == 409
    cloud.settle(server, deleted_at=datetime.datetime(2026, 1, 1))
    assert cloud.call("DELETE", f"/os-services/{id}", user="admin", version="2.53").status_int == 204
    assert cloud.get("/os-hypervisors", user="admin") == {"hypervisors": []}
    with db.reader() as session:
        assert session.scalars(sa.select(Applied.consumer)).all() == ["host-2"]


@pytest.mark.parametrize("path", ["/os-services", "/os-hypervisors", "/os-hypervisors/detail", "/os-hypervisors/1",
                                  "/os-hypervisors/statistics", "/os-availability-zone/detail"])
def test_members_may_not_see_services_and_hypervisors(cloud, path):
    assert cloud.refused("GET", path)[0] == 403


# ---- hypervisors

def test_a_hypervisor_is_shown_in_the_form_of_each_version(cloud):
    server = cloud.make()
    old = cloud.get("/os-hypervisors/1", user="admin")["hypervisor"]
    assert (old["running_vms"], old["free_ram_mb"], old["cpu_info"]) == (1, 8192 - 576, '{"arch":"x86_64"}')
    assert cloud.get("/os-hypervisors/1", user="admin", version="2.28")["hypervisor"]["cpu_info"] == {"arch": "x86_64"}
    id = cloud.get("/os-hypervisors", user="admin", version="2.53")["hypervisors"][0]["id"]
    new = cloud.get(f"/os-hypervisors/{id}?with_servers=1", user="admin", version="2.88")["hypervisor"]
    assert new["servers"] == [{"name": "instance-00000001", "uuid": server}]
    assert new["uptime"] == "up 1 day"
    assert not {"vcpus", "cpu_info", "running_vms"} & set(new)
    assert cloud.get("/os-hypervisors/host/servers", user="admin")["hypervisors"][0]["servers"] == new["servers"]


def test_hypervisors_are_found_by_a_part_of_their_name(cloud):
    found = cloud.get("/os-hypervisors?hypervisor_hostname_pattern=HOST-1", user="admin", version="2.53")
    assert found["hypervisors"][0]["hypervisor_hostname"] == "host-1.example.org"
    assert cloud.refused("GET", "/os-hypervisors/nope/search", user="admin") == (
        404, "No hypervisor matching 'nope' could be found.")


def test_hypervisors_are_listed_in_pages(cloud):
    page = cloud.get("/os-hypervisors?limit=1", user="admin", version="2.53")
    following = page["hypervisors_links"][0]["href"].removeprefix("http://localhost:80/compute/v2.1")
    assert cloud.get(following, user="admin", version="2.53") == {"hypervisors": []}


def test_uptime_of_a_hypervisor_that_does_not_report_it_is_501(cloud):
    change(ComputeNode, uptime=None)
    assert cloud.refused("GET", "/os-hypervisors/1/uptime", user="admin")[0] == 501


# ---- limits and quotas

def test_limits_show_the_quota_and_usage_of_the_project(cloud):
    cloud.make()
    absolute = cloud.get("/limits")["limits"]["absolute"]
    assert (absolute["maxTotalInstances"], absolute["totalInstancesUsed"]) == (10, 1)
    assert (absolute["maxTotalRAMSize"], absolute["totalRAMUsed"], absolute["totalCoresUsed"]) == (51200, 64, 1)
    assert set(absolute) - set(cloud.get("/limits", version="2.36")["limits"]["absolute"]) == {
        "maxTotalFloatingIps", "maxSecurityGroups", "maxSecurityGroupRules", "totalFloatingIpsUsed",
        "totalSecurityGroupsUsed"}
    assert "maxImageMeta" not in cloud.get("/limits", version="2.39")["limits"]["absolute"]
    assert (absolute["maxPersonality"], absolute["maxPersonalitySize"]) == (5, 10240)
    assert "maxPersonality" not in cloud.get("/limits", version="2.57")["limits"]["absolute"]
    assert cloud.refused("GET", "/limits?tenant_id=pb")[0] == 403
    other = cloud.get("/limits?tenant_id=pa", user="admin")["limits"]["absolute"]
    assert other["totalInstancesUsed"] == 1


def test_quotas_are_set_used_and_forgotten(cloud):
    path = "/os-quota-sets/pa"
    changed = cloud.call("PUT", path, {"quota_set": {"instances": "1", "cores": -1}}, user="admin").json["quota_set"]
    assert (changed["instances"], changed["cores"], "id" in changed) == (1, -1, False)
    assert cloud.get(path)["quota_set"]["instances"] == 1
    assert cloud.create().status_int == 202
    assert cloud.create().status_int == 403
    detail = cloud.get(f"{path}/detail")["quota_set"]["instances"]
    assert detail == {"limit": 1, "in_use": 1, "reserved": 0}
    assert cloud.refused("PUT", path, {"quota_set": {"instances": 0}}, user="admin") == (
        400, "Quota limit 0 for instances must be greater than or equal to already used and reserved 1.")
    body = {"quota_set": {"instances": 0, "force": "True"}}
    assert cloud.call("PUT", path, body, user="admin").json["quota_set"]["instances"] == 0
    assert cloud.call("DELETE", path, user="admin").status_int == 202
    assert cloud.get(path)["quota_set"] == cloud.get(f"{path}/defaults")["quota_set"]


def test_quotas_of_other_projects_are_for_administrators(cloud):
    assert cloud.refused("GET", "/os-quota-sets/pb")[0] == 403
    assert cloud.refused("PUT", "/os-quota-sets/pa", {"quota_set": {"cores": 1}})[0] == 403
    assert cloud.get("/os-quota-sets/pb", user="admin")["quota_set"]["id"] == "pb"
    for path in ("/os-quota-sets/nope", "/os-quota-sets/nope/detail", "/os-quota-sets/nope/defaults"):
        assert cloud.refused("GET", path, user="admin") == (400, "Project ID nope is not a valid project.")


def test_quotas_omit_resources_whose_apis_have_ended(cloud):
    keys = {version: set(cloud.get("/os-quota-sets/pa", version=version)["quota_set"])
            for version in ("2.1", "2.36", "2.57")}
    assert keys["2.1"] - keys["2.36"] == {"fixed_ips", "floating_ips", "security_groups", "security_group_rules"}
    assert keys["2.36"] - keys["2.57"] == {"injected_files", "injected_file_content_bytes",
                                           "injected_file_path_bytes"}


# ---- extensions

def test_extensions_are_listed_and_shown(cloud):
    listed = cloud.get("/extensions")["extensions"]
    assert {"os-keypairs", "os-hosts", "os-consoles"} <= {each["alias"] for each in listed}
    assert cloud.get("/extensions/os-keypairs")["extension"] in listed
    assert cloud.call("GET", "/extensions/os-nothing").status_int == 404
