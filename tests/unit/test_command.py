"""The command ``nova-lite`` where nothing runs yet or any more: what it leaves alone, and what it says."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import yaml

from nova_lite.cmd import bootstrap, clouds_yaml
from tests import clouds, ports_and_ranges

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
    for name in ("fake", "groups", "keys", "images", "instances", "cache", "network", "log"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.slow
def test_remove_keeps_foreign_files_and_needs_no_hypervisor_for_recorded_guests(remains):
    status, said, error = nova_lite("remove", "--yes", "--state-dir", remains)
    assert (status, error) == (0, "")
    assert said == f"The cloud in {remains} is gone. Left there, as no cloud made it: letters.txt\n"
    assert os.listdir(remains) == ["letters.txt"]


@pytest.mark.slow
@pytest.mark.parametrize("said", ["", "no\n", "y\n"])
def test_remove_deletes_nothing_unless_it_is_confirmed(remains, said):
    before = sorted(os.listdir(remains))
    status, output, error = nova_lite("remove", "--state-dir", remains, said=said)
    assert (status, error) == (1, "")
    assert output.endswith("Nothing is deleted.\n")
    assert sorted(os.listdir(remains)) == before


@pytest.mark.slow
def test_remove_takes_the_directory_where_nothing_else_is_in_it(remains):
    (remains / "letters.txt").unlink()
    assert nova_lite("remove", "--state-dir", remains, said="yes\n")[0] == 0
    assert not remains.exists()


@pytest.mark.slow
@pytest.mark.parametrize(("command", "says", "status"), [
    (["down"], "No cloud is running in", 0), (["remove", "--yes"], "There is no cloud in", 0),
    (["trace", "hello"], "There is no database", 1), (["network", "show", "front"], "There is no database", 2)])
def test_who_asks_of_no_cloud_is_shown_that_of_the_client(monkeypatch, remains, tmp_path_factory, command, says,
                                                          status):
    place = tmp_path_factory.mktemp("another")
    monkeypatch.setitem(ENVIRONMENT, "OS_CLIENT_CONFIG_FILE", str(remains / "clouds.yaml"))
    found, *said = nova_lite(*command, "--state-dir", place)
    assert found == status and says in "".join(said)
    assert f"OS_CLIENT_CONFIG_FILE is of the cloud in {remains}: --state-dir {remains}\n" in "".join(said)
    monkeypatch.setitem(ENVIRONMENT, "OS_CLIENT_CONFIG_FILE", str(place / "clouds.yaml"))
    assert "OS_CLIENT_CONFIG_FILE" not in "".join(nova_lite(*command, "--state-dir", place)[1:])


@pytest.mark.slow
def test_address_and_driver_of_a_configuration_file_hold_unless_the_command_line_names_others(tmp_path):
    file, port, other = tmp_path / "own.conf", ports_and_ranges.free_port(), ports_and_ranges.free_port()
    file.write_text(f"[api]\nlisten = 127.0.0.1\nport = {port}\n[compute]\ndriver = fake\n")
    place = ("--state-dir", tmp_path / "state", "--config-file", file)
    status, said, _ = nova_lite("doctor", *place)
    assert status == 0 and f"port 127.0.0.1:{port} is free" in said and "libvirt" not in said
    assert f"port 127.0.0.1:{other} is free" in nova_lite("doctor", *place, "--listen", f"127.0.0.1:{other}")[1]


@pytest.mark.slow
def test_a_start_that_is_interrupted_leaves_nothing_running(tmp_path):
    lock = tmp_path / "run/nova-lite.lock"
    start = subprocess.Popen(
        [*COMMAND, "up", "--detach", "--driver", "fake", "--state-dir", tmp_path, "--listen",
         f"127.0.0.1:{ports_and_ranges.free_port()}"],
        cwd=clouds.ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))       # tests in the background ignore it
    end = time.monotonic() + 120
    while not lock.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    start.send_signal(signal.SIGINT)
    assert start.communicate(timeout=120) == ("", "nova-lite: interrupted\n")
    assert start.returncode == 130
    with open(lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)        # raises where a process holds it still


def test_the_credentials_name_the_region_of_the_catalog(conf, tmp_path):
    (tmp_path / "keys").mkdir()
    bootstrap.passwords(tmp_path)
    conf.set_override("region", "Moon", "identity")
    clouds_yaml.write(tmp_path, "http://127.0.0.1:8774", "")
    clouds = yaml.safe_load((tmp_path / "clouds.yaml").read_text())["clouds"]
    assert {name: each["region_name"] for name, each in clouds.items()} == {
        "nova-lite": "Moon", "nova-lite-admin": "Moon", "nova-lite-system": "Moon"}


@pytest.mark.parametrize("word", ["no", "on", "null", "~", "1e3", "0x1f", "3d", "12:30:45", "- a", "# b", "a: b", "{x",
                                  "*a", "yes", "!t", "'", "2026-11-29", ".inf", "|"])
def test_a_word_of_yaml_in_the_credentials_is_text(conf, tmp_path, word):
    conf.set_override("region", word, "identity")
    (tmp_path / "keys").mkdir()
    bootstrap.passwords(tmp_path)
    clouds_yaml.write(str(tmp_path), "http://127.0.0.1:1", "log")
    made = yaml.safe_load((tmp_path / "clouds.yaml").read_text())["clouds"]["nova-lite"]
    assert made["region_name"] == word and made["auth"]["auth_url"] == "http://127.0.0.1:1/identity/v3"


def test_the_credentials_of_the_system_name_no_project(conf, tmp_path):
    (tmp_path / "keys").mkdir()
    bootstrap.passwords(tmp_path)
    clouds_yaml.write(str(tmp_path), "http://127.0.0.1:1", "log")
    clouds = yaml.safe_load((tmp_path / "clouds.yaml").read_text())["clouds"]
    assert clouds["nova-lite-system"]["auth"] == {
        name: value for name, value in clouds["nova-lite-admin"]["auth"].items()
        if not name.startswith("project_")} | {"system_scope": "all"}


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="a file system of its own needs root")
def test_remove_leaves_a_directory_that_is_a_file_system_of_its_own(tmp_path):
    place = tmp_path / "state"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=True)
    try:
        for name in ("run", "fake", "instances", "network"):
            (place / name).mkdir()
        (place / "run/nova-lite.lock").touch()
        status, said, error = nova_lite("remove", "--yes", "--state-dir", place)
        assert (status, error, os.listdir(place)) == (0, "", [])
        assert said.endswith(f"Everything of the cloud in {place} is gone. The empty directory stays: "
                             "Device or resource busy.\n")
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.slow
def test_a_new_cloud_without_space_for_its_first_image_names_the_option(tmp_path):
    (tmp_path / "nova_lite.conf").write_text("[image]\nreserved_mb = 2147483647\n")
    status, _, error = nova_lite("up", "--driver", "fake", "--state-dir", tmp_path, "--listen",
                                 f"127.0.0.1:{ports_and_ranges.free_port()}")
    assert status == 1
    assert f"no space for a first image in {tmp_path}/images: [image] reserved_mb = 2147483647 MiB" in error


@pytest.mark.slow
@pytest.mark.parametrize(("address", "remedy"), [
    ("203.0.113.4:18000", "Choose an address that this machine has"), ("127.0.0.1:99999", "a port up to 65535")])
def test_an_address_that_cannot_be_bound_is_refused_with_a_remedy(tmp_path, address, remedy):
    status, _, error = nova_lite("up", "--driver", "fake", "--state-dir", tmp_path, "--listen", address)
    assert status == 1 and remedy in error and "Stop what uses" not in error


@pytest.mark.slow
def test_a_port_in_use_is_refused_with_a_remedy(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, _, error = nova_lite("up", "--driver", "fake", "--state-dir", tmp_path, "--listen",
                                     f"127.0.0.1:{taken.getsockname()[1]}")
    assert status == 1 and "Stop what uses that port" in error
