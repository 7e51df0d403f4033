"""What is asked of guests themselves, on the fake driver: diagnostics in both forms, an NMI."""


def test_diagnostics_come_in_two_forms_and_only_of_running_guests(cloud):
    server_id = cloud.boot(config_drive=True)["id"]
    path = f"/compute/v2.1/servers/{server_id}/diagnostics"
    old, new = (cloud.get(path, user="admin", version=version).body for version in ("2.47", "2.48"))
    assert old["memory"] == new["memory_details"]["maximum"] * 1024
    assert (new["state"], new["config_drive"], new["num_cpus"]) == ("running", True, 1)
    cloud.act(server_id, "os-stop")
    cloud.wait_for(server_id, "SHUTOFF")
    answer = cloud.get(path, user="admin")
    assert (answer.status, answer.body["conflictingRequest"]["message"]) == (
        409, f"Cannot 'get_diagnostics' instance {server_id} while it is in power state shutdown")


def test_a_crash_dump_leaves_the_server_as_it_is(cloud):
    server_id = cloud.boot()["id"]
    assert cloud.act(server_id, "trigger_crash_dump", version="2.17").status == 202
    assert cloud.show(server_id)["status"] == "ACTIVE"
