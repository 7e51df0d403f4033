"""A cloud whose database, keys or state directory was lost or set back: nothing is deleted, and words say why."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest

from tests import clouds
from tests.flow.conftest import CONCURRENCY, LAYOUT
from tests.flow.test_audit import audit
from tests.image_service import BINARY, qcow2

pytestmark = pytest.mark.skipif(LAYOUT != "single", reason="the database is a file here")
OPTIONS = "[audit]\ninterval = 1\n[image]\nsweep_interval = 1\n"


@pytest.fixture
def cloud(tmp_path):
    made = clouds.Cloud(clouds.Single(options=OPTIONS), tmp_path, CONCURRENCY)
    try:
        yield made.start()
    finally:
        made.stop()


def upload(cloud, data=None):
    """The id of a new image with data."""
    answer = cloud.post("/image/v2/images", {"name": "mine", "disk_format": "qcow2", "container_format": "bare"})
    image_id = answer.body["id"]
    answer = cloud.request("PUT", f"/image/v2/images/{image_id}/file", data=data or qcow2(),
                           headers={"Content-Type": BINARY})
    assert answer.status == 204, answer.text
    return image_id


def refused(cloud):
    """What ``nova-lite up`` says instead of starting."""
    done = subprocess.run(cloud._layout.command(cloud, "nova-lite"), cwd=clouds.ROOT, capture_output=True, text=True,
                          check=False, timeout=60, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def manage(cloud, *arguments):
    config = os.path.join(cloud.directory, "manage.conf")
    with open(config, "w") as file:
        file.write(f"[DEFAULT]\nstate_dir = {cloud.state_dir}\n")
    done = subprocess.run([sys.executable, "-m", "nova_lite.cmd.manage", "--config-file", config, *arguments],
                          cwd=clouds.ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": clouds.ROOT})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def drifts(cloud):
    """{(kind, subject)} of what is open."""
    _, text = audit(cloud, "--json")
    return {(each["kind"], each["subject"][:36]) for each in json.loads(text)["findings"]}


def path(cloud, *names):
    return os.path.join(cloud.state_dir, *names)


def database_files(cloud):
    return [name for name in os.listdir(cloud.state_dir) if name.startswith("nova_lite.sqlite")]


def lose_database(cloud):
    for name in database_files(cloud):
        os.remove(path(cloud, name))


def in_quarantine(cloud):
    """{image id: bytes}"""
    folder = path(cloud, "images", "quarantine")
    found = {}
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with open(os.path.join(folder, name), "rb") as file:
            found[name[:36]] = file.read()
    return found


def test_a_cloud_without_its_database_does_not_start_and_keeps_its_files(cloud):
    image_id, server = upload(cloud), cloud.boot()
    cloud.stop()
    lose_database(cloud)
    words = refused(cloud)
    assert "has images, fake, keys of a cloud, but the database sqlite:///" in words and "is empty" in words
    assert "nova-lite-manage cloud adopt" in words
    assert database_files(cloud) == []
    with open(path(cloud, "images", image_id), "rb") as file:
        assert file.read() == qcow2()
    assert os.listdir(path(cloud, "fake")) == [server["id"]]


def test_an_adopted_empty_database_sets_images_aside_and_leaves_guests_alone(cloud):
    image_id, server = upload(cloud), cloud.boot()
    with open(path(cloud, "keys", "cloud.json")) as file:
        first = json.load(file)["cloud_id"]
    cloud.stop()
    lose_database(cloud)
    assert f"This is cloud {first}." in manage(cloud, "cloud", "adopt")
    cloud.log_in_again()
    cloud.start()
    clouds.until("the image is set aside", lambda: image_id in in_quarantine(cloud))
    assert in_quarantine(cloud)[image_id] == qcow2()
    wanted = {("image_file_unknown", image_id), ("guest_unknown", server["id"])}
    clouds.until("the auditor names both", lambda: wanted <= drifts(cloud))
    assert server["id"] in os.listdir(path(cloud, "fake"))
    assert "0 file(s) removed" in manage(cloud, "image", "purge-quarantine")
    assert image_id in in_quarantine(cloud)
    manage(cloud, "image", "purge-quarantine", "--older-than", "0")
    assert in_quarantine(cloud) == {}
    clouds.until("the auditor names it no more", lambda: ("image_file_unknown", image_id) not in drifts(cloud))


def back_up(cloud):
    source, target = sqlite3.connect(path(cloud, "nova_lite.sqlite")), sqlite3.connect(path(cloud, "backup"))
    with source, target:
        source.backup(target)
    source.close()
    target.close()


def restore(cloud):
    lose_database(cloud)
    shutil.copy(path(cloud, "backup"), path(cloud, "nova_lite.sqlite"))


def test_an_older_database_deletes_neither_images_nor_guests_and_goes_on_with_nothing(cloud):
    known = cloud.boot()
    cut = cloud.post("/image/v2/images", {"name": "cut", "disk_format": "qcow2", "container_format": "bare"}).body["id"]
    back_up(cloud)
    with sqlite3.connect(path(cloud, "backup")) as older:       # as if the backup was made while both were under way
        older.execute("UPDATE images SET status = 'saving' WHERE id = ?", (cut,))
        older.execute("UPDATE operations SET state = 'queued', finished_at = NULL, deadline = '2999-01-01 00:00:00', "
                      "place = 'conductor' WHERE resource_id = ? AND name = 'build_server'", (known["id"],))
        older.execute("UPDATE servers SET vm_state = 'building', task_state = 'scheduling', host = NULL WHERE id = ?",
                      (known["id"],))
        older.commit()
        older.execute("PRAGMA journal_mode = DELETE")           # all of it is in the one file
    older.close()
    answer = cloud.request("PUT", f"/image/v2/images/{cut}/file", data=qcow2(1 << 21), headers={"Content-Type": BINARY})
    assert answer.status == 204
    later_image, later = upload(cloud), cloud.boot()
    mark = _mark(cloud)
    clouds.until("the mark has grown", lambda: _mark(cloud) > mark)
    cloud.stop()
    restore(cloud)
    cloud.log_in_again()
    cloud.start()
    clouds.until("both images are set aside", lambda: {cut, later_image} <= set(in_quarantine(cloud)))
    assert in_quarantine(cloud)[cut] == qcow2(1 << 21)
    assert cloud.get(f"/image/v2/images/{cut}").body["status"] == "queued"
    wanted = {("image_file_unknown", cut), ("image_file_unknown", later_image), ("guest_unknown", later["id"]),
              ("guest_unknown", known["id"])}
    clouds.until("the auditor names all", lambda: wanted <= drifts(cloud))
    time.sleep(3)
    assert set(os.listdir(path(cloud, "fake"))) == {known["id"], later["id"]}
    server = cloud.show(known["id"])
    assert (server["status"], server["OS-EXT-STS:task_state"]) == ("ERROR", None)
    assert "restored from a backup" in server["fault"]["message"]
    cloud.delete_server(known["id"])                            # its owner may still say that it shall go
    clouds.until("its guest is gone", lambda: os.listdir(path(cloud, "fake")) == [later["id"]])


def _mark(cloud):
    with open(path(cloud, "keys", "cloud.json")) as file:
        return json.load(file)["mark"]


def test_a_cloud_without_its_keys_does_not_start_and_makes_no_password(cloud):
    cloud.stop()
    with open(path(cloud, "clouds.yaml")) as file:
        credentials = file.read()
    shutil.move(path(cloud, "keys"), path(cloud, "kept"))
    words = refused(cloud)
    assert "whose keys are not in" in words and "nova-lite-manage cloud adopt" in words
    assert os.listdir(path(cloud, "keys")) == []
    manage(cloud, "cloud", "adopt")                             # they are lost for good
    start_with_kept_passwords(cloud)
    with open(path(cloud, "clouds.yaml")) as file:
        assert file.read() == credentials                       # the passwords in it are the true ones still
    assert not os.path.exists(path(cloud, "keys", "passwords.json"))


def start_with_kept_passwords(cloud):
    cloud.log_in_again()
    cloud.passwords = lambda: json.load(open(path(cloud, "kept", "passwords.json")))    # noqa: SIM115
    cloud.start()


def test_the_database_of_another_cloud_is_refused(cloud, tmp_path_factory):
    cloud.stop()
    other = clouds.Cloud(clouds.Single(options=OPTIONS), tmp_path_factory.mktemp("other"), CONCURRENCY)
    try:
        other.start()
    finally:
        other.stop()
    lose_database(cloud)
    for name in database_files(other):
        shutil.copy(path(other, name), path(cloud, name))
    words = refused(cloud)
    assert "is of cloud" in words and "and the state directory" in words


def test_a_first_start_that_was_killed_is_not_taken_for_a_lost_database(cloud):
    """Between the file of a new cloud and its row in the database nothing else was made yet."""
    cloud.stop()
    shutil.rmtree(cloud.state_dir)
    os.makedirs(path(cloud, "keys"))
    with open(path(cloud, "keys", "cloud.json"), "w") as file:
        json.dump({"cloud_id": "11111111-1111-4111-8111-111111111111", "mark": 0}, file)
    cloud.log_in_again()
    cloud.start()
    assert "11111111-1111-4111-8111-111111111111" in manage(cloud, "cloud", "id")
