"""Nobody but the cloud's own users reads what it keeps: logs, images, guests' files, the database, keys."""

import os
import subprocess
import sys

import pytest

from tests import clouds, modes
from tests.flow.conftest import CONCURRENCY, LAYOUT

pytestmark = pytest.mark.skipif(LAYOUT != "single", reason="one process writes the whole state directory")


def test_the_state_directory_is_closed_to_other_accounts(tmp_path):
    before = os.umask(0)            # as a careless init system has it
    cloud = clouds.Cloud(clouds.Single(), tmp_path, CONCURRENCY)
    try:
        os.makedirs(os.path.join(cloud.state_dir, "log"))
        with open(os.path.join(cloud.state_dir, "log", "nova-lite.log"), "w"):
            pass                    # an older one, that everybody could read
        cloud.start()
        server = cloud.boot()
        cloud.act(server["id"], "createImage", {"name": "copy"})
        cloud.stop()
    finally:
        os.umask(before)
        cloud.stop()
    assert modes.readable_by_others(cloud.state_dir, but=["network"]) == []


def test_the_state_directory_of_a_detached_cloud_is_closed_to_other_accounts(tmp_path):
    place = str(tmp_path / "state")
    command = [sys.executable, "-m", "nova_lite.cmd.nova_lite"]
    where = {"cwd": clouds.ROOT, "check": True, "capture_output": True,
             "env": {**os.environ, "PYTHONPATH": clouds.ROOT}}
    with open(tmp_path / "test.conf", "w") as file:
        file.write(f"[network]\ndefault_ranges = {','.join(clouds.ports_and_ranges.ranges())}\n")
    subprocess.run([*command, "up", "--detach", "--driver", "fake", "--state-dir", place, "--config-file",
                    str(tmp_path / "test.conf"), "--listen",
                    f"127.0.0.1:{clouds.ports_and_ranges.free_port()}"], **where)
    try:
        assert modes.readable_by_others(place, but=["network"]) == []
    finally:
        subprocess.run([*command, "down", "--state-dir", place], **where)
