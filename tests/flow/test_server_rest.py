"""Servers that stand still, on the fake driver: every floor takes part, only the guest is remembered."""

from tests import clouds


def settle(cloud, server_id, action, status, argument=None, **rest):
    """Do it and wait until it is done; the server."""
    answer = cloud.act(server_id, action, argument, **rest)
    assert answer.status in (200, 202), answer.text
    return cloud.wait_for(server_id, status)


def test_a_server_pauses_and_goes_on(cloud):
    server_id = cloud.boot()["id"]
    assert settle(cloud, server_id, "pause", "PAUSED")["OS-EXT-STS:power_state"] == 3
    assert cloud.act(server_id, "os-stop").status == 409
    assert settle(cloud, server_id, "unpause", "ACTIVE")["OS-EXT-STS:power_state"] == 1


def test_a_server_suspends_and_goes_on(cloud):
    server_id = cloud.boot()["id"]
    assert settle(cloud, server_id, "suspend", "SUSPENDED")["OS-EXT-STS:power_state"] == 4
    assert settle(cloud, server_id, "resume", "ACTIVE")["OS-EXT-STS:power_state"] == 1


def test_a_paused_or_suspended_server_runs_again_after_a_hard_reboot(cloud):
    server_id = cloud.boot()["id"]
    for action, status in (("pause", "PAUSED"), ("suspend", "SUSPENDED")):
        settle(cloud, server_id, action, status)
        assert cloud.act(server_id, "reboot", {"type": "SOFT"}).status == 409
        settle(cloud, server_id, "reboot", "ACTIVE", {"type": "HARD"})


def test_a_server_whose_state_was_reset_can_be_worked_with(cloud):
    server_id = cloud.boot()["id"]
    assert cloud.act(server_id, "os-resetState", {"state": "error"}, user="admin").status == 202
    assert cloud.show(server_id)["status"] == "ERROR"
    assert cloud.act(server_id, "os-stop").status == 202
    clouds.until("it is off", lambda: cloud.show(server_id)["status"] == "SHUTOFF")


def test_a_paused_or_suspended_server_can_be_deleted(cloud):
    for action, status in (("pause", "PAUSED"), ("suspend", "SUSPENDED")):
        server_id = cloud.boot()["id"]
        settle(cloud, server_id, action, status)
        cloud.delete_server(server_id)
