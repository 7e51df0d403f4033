"""The worker processes of nova-lite-api: one that dies or hangs is replaced, and none outlives its parent."""

import os
import signal
import subprocess
import sys

import pytest

from tests import clouds
from tests.flow.conftest import CONCURRENCY

_HUNG = 5           # seconds, [api] worker_timeout below
_START = 150        # the victim may be one that starts, which has two minutes


class Api(clouds.Single):
    """nova-lite-api alone, on SQLite."""

    names = ("api",)

    def prepare(self, cloud):
        with open(os.path.join(cloud.directory, "test.conf"), "w") as file:
            file.write(f"[DEFAULT]\nstate_dir = {cloud.state_dir}\nconcurrency = {cloud.concurrency}\n"
                       f"[database]\nsqlite_busy_timeout = 1\n[image]\nstore_dir = {cloud.directory}/images\n"
                       f"[api]\nport = {cloud.port}\nworkers = 2\nworker_timeout = {_HUNG}\n")
        os.makedirs(cloud.state_dir, exist_ok=True)
        config = f"{cloud.directory}/test.conf"
        for command in (["db", "sync"], ["bootstrap"]):
            done = subprocess.run(
                [sys.executable, "-m", "nova_lite.cmd.manage", "--config-file", config, *command],
                cwd=clouds.ROOT, check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr

    def command(self, cloud, name):
        return [sys.executable, "-m", "nova_lite.cmd.api", "--config-file", f"{cloud.directory}/test.conf"]


@pytest.fixture
def cloud(tmp_path):
    made = clouds.Cloud(Api(), tmp_path, CONCURRENCY)
    made._has_host = lambda: True
    try:
        made.start()
        clouds.until("two workers run", lambda: len(workers(made)) == 2)
        yield made
    finally:
        made.kill()


def workers(cloud):
    [parent] = cloud.pids
    with open(f"/proc/{parent}/task/{parent}/children") as file:
        return {int(each) for each in file.read().split()}


def answers(cloud):
    return all(cloud.get("/identity/v3", user=None).status == 200 for _ in range(5))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
def test_a_worker_that_dies_or_hangs_is_replaced(cloud, number):
    before = workers(cloud)
    victim = min(before)
    os.kill(victim, number)
    clouds.until("another takes its place", lambda: victim not in workers(cloud) and len(workers(cloud)) == 2, _START)
    assert workers(cloud) & before == before - {victim}
    assert answers(cloud)


def test_waiting_workers_are_not_considered_hung(cloud):
    before = workers(cloud)
    with pytest.raises(AssertionError):
        clouds.until("a worker was replaced", lambda: workers(cloud) != before, _HUNG * 2)


def test_workers_without_their_parent_stop_and_free_the_port(cloud):
    orphans = workers(cloud)
    [parent] = cloud.pids
    os.kill(parent, signal.SIGKILL)
    cloud._processes["api"].wait()
    clouds.until("its workers are gone", lambda: not any(os.path.exists(f"/proc/{each}") for each in orphans))
    cloud.start()
    assert answers(cloud)
