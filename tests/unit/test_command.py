"""The command ``nova-lite`` where nothing runs yet or any more: what it leaves alone, and what it says."""

import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from nova_lite.cmd import welcome
from tests import clouds, lanes

COMMAND = [sys.executable, "-m", "nova_lite.cmd.nova_lite"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": clouds.ROOT}


def nova_lite(*arguments, said=""):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([*COMMAND, *map(str, arguments)], cwd=clouds.ROOT, capture_output=True, text=True, input=said,
                          check=False, env=ENVIRONMENT)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def remains(tmp_path):
    """A state directory as a cloud with the fake driver leaves it, with a file of somebody else's in it."""
    for name in ("run/nova-lite.lock", "nova_lite.sqlite", "nova_lite.sqlite-wal", "clouds.yaml", "letters.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for name in ("fake", "keys", "images", "instances", "cache", "network", "log"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_remove_leaves_what_no_cloud_made_and_needs_no_hypervisor_for_guests_that_were_remembered(remains):
    status, said, error = nova_lite("remove", "--yes", "--state-dir", remains)
    assert (status, error) == (0, "")
    assert said.endswith(f"The cloud in {remains} is gone. Left there, as no cloud made it: letters.txt\n")
    assert os.listdir(remains) == ["letters.txt"]


@pytest.mark.parametrize("said", ["", "no\n", "y\n"])
def test_remove_deletes_nothing_unless_it_is_told_yes(remains, said):
    before = sorted(os.listdir(remains))
    status, told, error = nova_lite("remove", "--state-dir", remains, said=said)
    assert (status, error) == (1, "")
    assert told.endswith("Nothing is deleted.\n")
    assert sorted(os.listdir(remains)) == before


def test_remove_takes_the_directory_where_nothing_else_is_in_it(remains):
    (remains / "letters.txt").unlink()
    assert nova_lite("remove", "--state-dir", remains, said="yes\n")[0] == 0
    assert not remains.exists()


def test_address_and_driver_of_a_configuration_file_hold_unless_the_command_line_names_others(tmp_path):
    file, port, other = tmp_path / "own.conf", lanes.free_port(), lanes.free_port()
    file.write_text(f"[api]\nlisten = 127.0.0.1\nport = {port}\n[compute]\ndriver = fake\n")
    place = ("--state-dir", tmp_path / "state", "--config-file", file)
    status, said, _ = nova_lite("doctor", *place)
    assert status == 0 and f"port 127.0.0.1:{port} is free" in said and "libvirt" not in said
    assert f"port 127.0.0.1:{other} is free" in nova_lite("doctor", *place, "--listen", f"127.0.0.1:{other}")[1]


def test_a_start_that_is_interrupted_leaves_nothing_running(tmp_path):
    lock = tmp_path / "run/nova-lite.lock"
    start = subprocess.Popen(
        [*COMMAND, "up", "--detach", "--driver", "fake", "--state-dir", tmp_path, "--listen",
         f"127.0.0.1:{lanes.free_port()}"],
        cwd=clouds.ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))       # tests in the background ignore it
    end = time.monotonic() + 20
    while not lock.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    start.send_signal(signal.SIGINT)
    assert start.communicate(timeout=20) == ("", "nova-lite: interrupted\n")
    assert start.returncode == 130
    with open(lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)        # raises where a process holds it still


def test_the_credentials_name_the_region_of_the_catalog(conf, tmp_path):
    (tmp_path / "keys").mkdir()
    conf.set_override("region", "Moon", "identity")
    welcome.write(tmp_path, "http://127.0.0.1:8774", "")
    clouds_yaml = yaml.safe_load((tmp_path / "clouds.yaml").read_text())["clouds"]
    assert {name: each["region_name"] for name, each in clouds_yaml.items()} == {
        "nova-lite": "Moon", "nova-lite-admin": "Moon"}
