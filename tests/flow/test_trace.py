"""``nova-lite trace`` beside a running cloud: from the REST call to the driver."""

import os
import subprocess
import sys

from tests import clouds


def trace(cloud, wanted):
    return subprocess.run(
        [sys.executable, "-m", "nova_lite.cmd.nova_lite", "trace", "--state-dir", cloud.state_dir, "--config-file",
         os.path.join(cloud.directory, "test.conf"), wanted],
        cwd=clouds.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})


def test_a_request_is_drawn_from_the_rest_call_to_the_driver(cloud):
    answer = cloud.create(name="traced")
    cloud.wait_for(answer.body["server"]["id"], "ACTIVE")
    done = trace(cloud, answer.headers["x-openstack-request-id"])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"create of traced ({answer.body['server']['id']}): done in ")
    at = [next(number for number, line in enumerate(lines) if wanted in line) for wanted in (
        "by user demo", "POST /servers", "Servers.create ", "Build.create ", "ConductorAPI.build_servers",
        "SchedulerAPI.select_destinations", ", of 1 host: 1 fits", "ComputeAPI.build_server ", "compute/tasks/build.py",
        "network ", "FakePlane.plug", "spawn ", "virt/fake/driver.py", "done +")]
    assert at == sorted(at)


def test_trace_draws_all_operations_of_a_deleted_server_in_order(cloud):
    server_id = cloud.boot(name="gone")["id"]
    cloud.act(server_id, "os-stop")
    cloud.wait_for(server_id, "SHUTOFF")
    cloud.delete_server(server_id)
    titles = [line.split()[0] for line in trace(cloud, server_id).stdout.splitlines() if f"({server_id})" in line]
    assert titles == ["create", "stop", "delete"]


def test_the_events_of_the_api_are_the_steps_of_the_trace(cloud):
    answer = cloud.create()
    server_id = answer.body["server"]["id"]
    cloud.wait_for(server_id, "ACTIVE")
    path = f"/compute/v2.1/servers/{server_id}/os-instance-actions/{answer.headers['x-openstack-request-id']}"
    events = cloud.get(path, version="2.84", user="admin").body["instanceAction"]["events"]
    assert [each["event"] for each in reversed(events)] == [
        "conductor_schedule", "compute_network", "compute_spawn", "compute_vif_plugging"]
    assert all(each["host"] and each["hostId"] and each["finish_time"] for each in events)
    assert [each["details"] is None for each in events] == [True, True, True, False]      # the scheduler's says why


def test_trace_of_an_unknown_request_exits_with_a_message(cloud):
    done = trace(cloud, "req-none")
    assert (done.returncode, done.stdout) == (1, "") and "req-none" in done.stderr
