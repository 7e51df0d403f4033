"""Ports that come to work late, or never: guests wait for them, on the fake driver whose network takes its time."""

import pytest

from tests import clouds
from tests.flow.conftest import CONCURRENCY
from tests.flow.test_server_rest import settle

SERVERS, NETWORK = "/compute/v2.1/servers", "/network/v2.0"


@pytest.fixture
def made(layout, tmp_path):
    """``made(options)`` is a cloud that is thrown away in the end."""
    started = []

    def make(options):
        started.append(clouds.Cloud(layout(options=options), tmp_path, CONCURRENCY))
        return started[-1].start()
    yield make
    for each in started:
        each.stop()


def statuses(cloud, server_id):
    return [each["status"] for each in cloud.get(f"{NETWORK}/ports?device_id={server_id}").body["ports"]]


def power(cloud, server_id):
    return cloud.show(server_id)["OS-EXT-STS:power_state"]


def steps(cloud, server_id, action):
    """[(event, result)] of the last action of that name, the first one first."""
    path = f"{SERVERS}/{server_id}/os-instance-actions"
    [request, *_] = [each["request_id"] for each in cloud.get(path).body["instanceActions"] if each["action"] == action]
    events = cloud.get(f"{path}/{request}", user="admin").body["instanceAction"]["events"]
    return [(each["event"], each["result"]) for each in reversed(events)]


def test_guests_run_when_their_ports_work(made):
    cloud = made("[fake]\nport_delay = 1.5\n")
    server_id = cloud.create().body["server"]["id"]
    clouds.until("it waits", lambda: ("compute_vif_plugging", "Success") in steps(cloud, server_id, "create"))
    assert (cloud.show(server_id)["status"], statuses(cloud, server_id)) == ("BUILD", ["DOWN"])
    cloud.wait_for(server_id, "ACTIVE")
    assert (statuses(cloud, server_id), power(cloud, server_id)) == (["ACTIVE"], 1)
    assert [each for each, _ in steps(cloud, server_id, "create")].count("compute_vif_plugging") == 2

    network = cloud.network_id()
    answer = cloud.post(f"{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": {"net_id": network}})
    assert (answer.status, answer.body["interfaceAttachment"]["port_state"]) == (200, "ACTIVE")
    settle(cloud, server_id, "os-stop", "SHUTOFF")
    clouds.until("its devices are gone", lambda: statuses(cloud, server_id) == ["DOWN"] * 2)
    settle(cloud, server_id, "os-start", "ACTIVE")
    assert (statuses(cloud, server_id), power(cloud, server_id)) == (["ACTIVE"] * 2, 1)
    settle(cloud, server_id, "reboot", "ACTIVE", {"type": "HARD"})
    assert (statuses(cloud, server_id), power(cloud, server_id)) == (["ACTIVE"] * 2, 1)
    assert cloud.act(server_id, "shelve").status == 202
    cloud.wait_for(server_id, "SHELVED_OFFLOADED")
    assert statuses(cloud, server_id) == ["DOWN"] * 2
    settle(cloud, server_id, "unshelve", "ACTIVE")
    assert (statuses(cloud, server_id), power(cloud, server_id)) == (["ACTIVE"] * 2, 1)


def test_a_guest_whose_ports_never_work_fails(made):
    cloud = made("[DEFAULT]\nvif_plugging_timeout = 1\n[fake]\nport_delay = 100000\n")
    server_id = cloud.create().body["server"]["id"]
    shown = cloud.wait_for(server_id, "ERROR")
    assert shown["fault"]["message"].startswith("Virtual Interface creation failed: ")
    assert "within 1 seconds" in shown["fault"]["message"] and statuses(cloud, server_id) == []
    assert ("compute_vif_plugging", "Error") in steps(cloud, server_id, "create")
    cloud.delete_server(server_id)


def test_a_guest_whose_ports_do_not_work_runs_where_that_is_not_fatal(made):
    cloud = made("[DEFAULT]\nvif_plugging_timeout = 1\nvif_plugging_is_fatal = false\n[fake]\nport_delay = 100000\n")
    server_id = cloud.create().body["server"]["id"]
    cloud.wait_for(server_id, "ACTIVE")
    assert (statuses(cloud, server_id), power(cloud, server_id)) == (["DOWN"], 1)


def test_no_guest_waits_where_the_timeout_is_0(made):
    cloud = made("[DEFAULT]\nvif_plugging_timeout = 0\n[fake]\nport_delay = 3\n")
    server_id = cloud.create().body["server"]["id"]
    cloud.wait_for(server_id, "ACTIVE")
    assert "compute_vif_plugging" not in dict(steps(cloud, server_id, "create"))
    clouds.until("it works after all", lambda: statuses(cloud, server_id) == ["ACTIVE"])
