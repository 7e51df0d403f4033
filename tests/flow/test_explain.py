"""Where servers go and why: forced and requested hosts, hints, and what tenants and administrators see of it."""

import json
import os
import subprocess
import sys

import pytest

from tests import clouds


def explain(cloud, *wanted):
    return subprocess.run(
        [sys.executable, "-m", "nova_lite.cmd.nova_lite", "explain", "--state-dir", cloud.state_dir, "--config-file",
         os.path.join(cloud.directory, "test.conf"), *wanted],
        cwd=clouds.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})


@pytest.fixture
def host(cloud):
    """(name of the only host, name of its hypervisor)"""
    [node] = cloud.get("/compute/v2.1/os-hypervisors/detail", user="admin").body["hypervisors"]
    return node["service"]["host"], node["hypervisor_hostname"]


def post(cloud, hints=None, **fields):
    """As an administrator, who may name hosts, or with hints as anybody; the Answer."""
    if hints is None:
        body, user = {"networks": "none", **fields}, "admin"
    else:
        body, user = {"networks": [{"uuid": cloud.network_id()}], **fields}, "demo"
    body = {"server": {"name": "test", "flavorRef": "42", "imageRef": cloud.image_id(), **body}}
    if hints is not None:
        body["os:scheduler_hints"] = hints
    return cloud.post("/compute/v2.1/servers", body, version="2.74", user=user)


def settled(cloud, answer, status):
    """The server once it has a status, as administrators see it; it is deleted then."""
    assert answer.status == 202, answer.body
    path = f"/compute/v2.1/servers/{answer.body['server']['id']}"

    def look():
        server = cloud.get(path, user="admin", version="2.74").body["server"]
        return server if server["status"] in ("ACTIVE", "ERROR") and not server["OS-EXT-STS:task_state"] else None
    server = clouds.until(f"{path} settles", look)
    cloud.delete(path, user="admin")
    clouds.until(f"{path} is gone", lambda: cloud.get(path, user="admin").status == 404)
    assert server["status"] == status, server
    return server


def event(cloud, answer, **rest):
    path = (f"/compute/v2.1/servers/{answer.body['server']['id']}/os-instance-actions/"
            f"{answer.headers['x-openstack-request-id']}")
    events = cloud.get(path, version="2.84", **rest).body["instanceAction"]["events"]
    return next(each for each in events if each["event"] == "conductor_schedule")


def test_an_administrator_reads_the_table_of_hosts_in_the_action_and_a_tenant_does_not(cloud, host):
    answer = cloud.create()
    cloud.wait_for(answer.body["server"]["id"], "ACTIVE")
    lines = event(cloud, answer, user="admin")["details"].splitlines()
    assert lines[1] == "1 host: 1 fits."
    assert [line.split() for line in lines[2:]] == [["HOST", "WEIGHT", "WHY"], [host[0], "0.00", "chosen"]]
    assert "details" not in event(cloud, answer)


def test_the_command_prints_every_decision(cloud, host):
    server = cloud.boot(name="placed")
    done = explain(cloud, "placed")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:4] == ["create", "of", "placed", f"({server['id']}),"]
    assert ["chosen", host[0]] in lines and [host[0], "0.00", "chosen"] in lines
    [explained] = json.loads(explain(cloud, "--json", server["id"]).stdout)
    assert explained["decision"]["chosen"] == host[0] and explained["decision"]["weighed"] == [[host[0], 0, {}]]


def test_explain_of_an_unknown_server_exits_with_a_message(cloud):
    done = explain(cloud, "nothing")
    assert (done.returncode, done.stdout) == (1, "") and "nothing" in done.stderr


@pytest.mark.parametrize("place", ["nova:{0}", "nowhere:{0}", ":{0}", "nova:{0}:{1}", "nova::{1}"])
def test_a_forced_host_is_used_whatever_zone_is_given(cloud, host, place):
    server = settled(cloud, post(cloud, availability_zone=place.format(*host)), "ACTIVE")
    assert server["OS-EXT-SRV-ATTR:host"] == host[0]


@pytest.mark.parametrize("place", ["nova:nohost", "nova:{0}:nonode", "nova::nonode"])
def test_an_unknown_forced_host_leaves_the_server_in_error(cloud, host, place):
    fault = settled(cloud, post(cloud, availability_zone=place.format(*host)), "ERROR")["fault"]
    assert fault["code"] == 500 and fault["message"].startswith("No valid host was found. There is no compute host ")


def test_only_administrators_name_hosts(cloud, host):
    assert cloud.create(availability_zone=f"nova:{host[0]}").status == 403
    assert cloud.create(host=host[0], networks="none", version="2.74").status == 403


def test_a_forced_host_skips_the_filters_and_a_requested_one_does_not(cloud, host):
    cloud.post("/compute/v2.1/flavors", user="admin", body={"flavor": {
        "id": "odd", "name": "odd", "ram": 64, "vcpus": 1, "disk": 0}})
    cloud.post("/compute/v2.1/flavors/odd/os-extra_specs", user="admin", body={
        "extra_specs": {"capabilities:hypervisor_type": "s== nothing"}})
    settled(cloud, post(cloud, flavorRef="odd", availability_zone=f"nova:{host[0]}"), "ACTIVE")
    refused = settled(cloud, post(cloud, flavorRef="odd", host=host[0], hypervisor_hostname=host[1]), "ERROR")
    assert refused["fault"]["message"] == (
        "No valid host was found. 1 host: 1 does not have what the flavor asks for.")
    cloud.delete("/compute/v2.1/flavors/odd", user="admin")


@pytest.mark.parametrize(("asked", "named"), [
    ({"host": "nohost"}, "nohost"), ({"hypervisor_hostname": "nonode"}, "nonode"),
    ({"host": "{0}", "hypervisor_hostname": "nonode"}, "{0}")])
def test_a_requested_host_must_be_there(cloud, host, asked, named):
    asked = {name: value.format(*host) for name, value in asked.items()}
    answer = post(cloud, **asked)
    assert (answer.status, answer.body["badRequest"]["message"]) == (
        400, f"Compute host {named.format(*host)} could not be found.")


def test_hints_put_servers_beside_others_or_nowhere(cloud):
    first = cloud.boot()["id"]

    def ends(state, **hints):
        return settled(cloud, post(cloud, hints), state)
    ends("ACTIVE", same_host=[first])
    ends("ACTIVE", different_host="00000000-0000-4000-8000-000000000000")
    assert "used by servers it should avoid" in ends("ERROR", different_host=first)["fault"]["message"]
    assert "without the servers it should be beside" in ends(
        "ERROR", same_host="00000000-0000-4000-8000-000000000000")["fault"]["message"]


def test_a_group_keeps_its_servers_apart(cloud):
    made = cloud.post("/compute/v2.1/os-server-groups", version="2.64", body={"server_group": {
        "name": "apart", "policy": "anti-affinity", "rules": {"max_server_per_host": 2}}})
    assert made.status == 200, made.body
    group = made.body["server_group"]["id"]
    for _ in range(2):
        cloud.wait_for(post(cloud, {"group": group}).body["server"]["id"], "ACTIVE")
    answer = post(cloud, {"group": group})
    fault = settled(cloud, answer, "ERROR")["fault"]["message"]
    assert fault == "No valid host was found. 1 host: 1 used by its group already."
    assert "ServerGroupAntiAffinityFilter: used by its group already (2 of its group, at most 2)" in event(
        cloud, answer, user="admin")["details"]
    assert cloud.delete(f"/compute/v2.1/os-server-groups/{group}", version="2.64").status == 204
