"""The flows of servers in a cloud whose images are a remote image service's, over HTTP and with ids of its own.

They are those of the embedded service, imported: the cloud that they are given is another one.
"""

import pytest

from tests import clouds, remote_image_backend
from tests.flow.conftest import CONCURRENCY
from tests.flow.test_kill import SLOW, VICTIMS, kill_and_start
from tests.flow.test_server_anew import (  # noqa: F401
    test_a_rebuild_from_another_image_asks_the_scheduler_and_one_from_its_own_does_not,
    test_a_rebuilt_server_runs_again_and_a_stopped_one_stays_off,
    test_a_server_is_rescued_and_comes_back,
    test_an_image_that_the_host_cannot_run_leaves_guest_and_image_as_they_were,
)
from tests.flow.test_server_rest import settle
from tests.flow.test_shelve import (  # noqa: F401
    test_a_shelved_server_leaves_its_host_and_comes_back,
    test_unshelving_a_server_whose_image_is_gone_ends_in_error_with_a_fault,
)
from tests.flow.test_snapshots import (  # noqa: F401
    copy,
    test_a_snapshot_becomes_an_image_that_servers_boot_from,
    test_a_snapshot_whose_image_is_gone_fails_and_the_server_is_as_it_was,
    test_only_the_newest_backups_stay,
)
from tests.remote_image_service import ImageService
from tests.remote_services import Server


@pytest.fixture(scope="module")
def service():
    with Server(ImageService()) as made:
        yield made


@pytest.fixture(scope="module")
def remote_cloud(layout, service, tmp_path_factory):
    """A cloud to be killed, whose image service is ``service``."""
    environment = remote_image_backend.environment(tmp_path_factory.mktemp("package"), service.url)
    made = clouds.Cloud(layout(options=SLOW + remote_image_backend.OPTIONS, environment=environment),
                        tmp_path_factory.mktemp("remote"), CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def cloud(remote_cloud, service):
    remote_cloud.start()
    yield remote_cloud
    service.lose = service.refuse = service.break_down = service.delay = 0
    service.away = False
    for server in remote_cloud.get("/compute/v2.1/servers").body["servers"]:
        remote_cloud.delete_server(server["id"])
    clouds.until("no copy waits for its data", lambda: not copies(service, status="queued"))


def copies(service, **wanted):
    """The images that were made of servers, with these attributes."""
    return [each for each in service.service.images if "instance_uuid" in each["properties"]
            and all(each[name] == value for name, value in wanted.items())]


def until_gone(service, name):
    clouds.until(f"no image {name} is left", lambda: not copies(service, name=name))


def test_the_service_chooses_ids_and_has_the_bytes(cloud, service):
    image_id = copy(cloud, cloud.boot()["id"], "createImage", {"name": "chosen"})
    [made] = copies(service, name="chosen")
    assert (made["id"], made["status"]) == (image_id, "active") and image_id != made["marker"]
    assert made["size"] == len(service.service.data[image_id]) > 0
    assert cloud.get(f"/image/v2/images/{image_id}/file").text
    assert cloud.delete(f"/image/v2/images/{image_id}").status == 204
    assert image_id not in service.things


def test_a_shelved_server_is_deleted_with_its_copy(cloud, service):
    server_id = cloud.boot(name="gone")["id"]
    assert cloud.act(server_id, "shelve").status == 202
    cloud.wait_for(server_id, "SHELVED_OFFLOADED")
    assert copies(service, name="gone-shelved")
    cloud.delete_server(server_id)
    until_gone(service, "gone-shelved")


# ---- answers that are lost

def test_an_image_whose_answer_was_lost_is_deleted_in_time_and_the_server_is_as_it_was(cloud, service):
    server_id = cloud.boot()["id"]
    service.lose = 1
    answer = cloud.act(server_id, "createImage", {"name": "lost"}, version="2.45")
    assert answer.status == 503, answer.text
    assert cloud.show(server_id)["OS-EXT-STS:task_state"] is None
    assert copies(service, name="lost")
    until_gone(service, "lost")
    copy(cloud, server_id, "createImage", {"name": "found"})
    assert len(copies(service, name="found", status="active")) == 1


def test_an_upload_whose_answer_was_lost_is_found_to_have_ended(cloud, service):
    server_id = cloud.boot()["id"]
    image_id = cloud.act(server_id, "createImage", {"name": "sent"}, version="2.45").body["image_id"]
    service.lose = 1
    clouds.until("it is filled", lambda: copies(service, name="sent", status="active"))
    cloud.wait_for(server_id, "ACTIVE")
    assert [each["id"] for each in copies(service, name="sent")] == [image_id]


def test_a_deletion_whose_answer_was_lost_is_tried_again(cloud, service):
    server_id = cloud.boot(name="shelf")["id"]
    settle(cloud, server_id, "shelve", "SHELVED_OFFLOADED")
    service.lose = 1
    settle(cloud, server_id, "unshelve", "ACTIVE")
    until_gone(service, "shelf-shelved")
    clouds.until("nothing is owed", lambda: not owed(cloud))


def owed(cloud):
    text = cloud.get("/metrics", user=None).text
    return [line for line in text.splitlines() if line.startswith("service_changes_open") and not line.endswith(" 0")]


def test_an_image_that_the_service_refuses_fails_the_request_and_leaves_nothing(cloud, service):
    server_id = cloud.boot()["id"]
    clouds.until("nothing is owed, which would be refused instead", lambda: not owed(cloud))
    service.refuse = 1
    assert cloud.act(server_id, "createImage", {"name": "no"}, version="2.45").status == 409
    assert cloud.show(server_id)["OS-EXT-STS:task_state"] is None
    assert not copies(service, name="no")


# ---- a service that is not there

def test_what_needs_an_image_waits_for_a_service_that_is_away_or_says_so(cloud, service):
    server_id = cloud.boot()["id"]
    resting = cloud.boot()["id"]
    settle(cloud, resting, "shelve", "SHELVED_OFFLOADED")
    service.away = True
    assert cloud.get("/image/v2/images").status == 503
    assert cloud.act(server_id, "createImage", {"name": "away"}).status == 503
    assert cloud.act(server_id, "rescue", {"rescue_image_ref": server_id}).status == 503
    assert cloud.act(server_id, "reboot", {"type": "HARD"}).status == 202
    assert cloud.act(resting, "unshelve").status == 202
    assert cloud.delete(f"/compute/v2.1/servers/{server_id}").status == 204
    clouds.until("the other waits", lambda: cloud.show(resting)["OS-EXT-STS:task_state"])
    service.away = False
    cloud.wait_for(resting, "ACTIVE")
    cloud.wait_gone(server_id)


def test_a_cloud_starts_while_the_service_is_away(cloud, service):
    server_id = cloud.boot()["id"]
    service.away = True
    cloud.kill()
    cloud.start()
    assert cloud.show(server_id)["status"] == "ACTIVE"
    service.away = False
    copy(cloud, server_id, "createImage", {"name": "again"})


# ---- a pending image that its user deletes, and processes that die

def test_a_pending_image_that_is_deleted_ends_the_copy_and_the_server_is_as_it_was(cloud, service):
    server_id = cloud.boot()["id"]
    image_id = cloud.act(server_id, "createImage", {"name": "pending"}, version="2.45").body["image_id"]
    assert cloud.delete(f"/image/v2/images/{image_id}").status == 204
    shown = cloud.wait_for(server_id, "ACTIVE")
    assert shown["OS-EXT-STS:task_state"] is None and not copies(service, name="pending")
    clouds.until("nothing is owed", lambda: not owed(cloud))


def test_a_deletion_overtakes_a_copy_and_takes_its_image(cloud, service):
    server_id = cloud.boot()["id"]
    assert cloud.act(server_id, "createImage", {"name": "overtaken"}).status == 202
    cloud.delete_server(server_id)
    until_gone(service, "overtaken")


@pytest.mark.parametrize("victim", VICTIMS)
def test_copies_end_though_their_processes_are_killed(cloud, service, victim):
    copied, shelved, backed = (cloud.boot(name=name)["id"] for name in ("copied", "shelved", "backed"))
    assert cloud.act(copied, "createImage", {"name": "kept"}).status == 202
    assert cloud.act(shelved, "shelve").status == 202
    assert cloud.act(backed, "createBackup", {"name": "b", "backup_type": "daily", "rotation": 1}).status == 202
    kill_and_start(cloud, victim)
    for server_id, status in ((copied, "ACTIVE"), (shelved, "SHELVED_OFFLOADED"), (backed, "ACTIVE")):
        cloud.wait_for(server_id, status)
    clouds.until("no copy waits for its data", lambda: not copies(service, status="queued"))
    assert {each["name"] for each in copies(service)} >= {"kept", "shelved-shelved", "b"}
    settle(cloud, shelved, "unshelve", "ACTIVE")
    until_gone(service, "shelved-shelved")
