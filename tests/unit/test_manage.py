"""``nova-lite-manage`` where it cannot do what was asked: one line that says why, and no traceback."""

import os
import subprocess
import sys

import pytest

from nova_lite.db import migrations
from tests import clouds

pytestmark = pytest.mark.slow


def manage(*arguments):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([sys.executable, "-m", "nova_lite.cmd.manage", *map(str, arguments)], cwd=clouds.ROOT,
                          capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": clouds.ROOT})
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def configured(tmp_path):
    """Makes a configuration file; its path."""
    def write(text):
        path = tmp_path / "nova_lite.conf"
        path.write_text(text)
        return path
    return write


def test_a_database_in_a_state_directory_that_is_missing_is_made_with_it(configured, tmp_path):
    place = configured(f"[DEFAULT]\nstate_dir = {tmp_path}/new/state\n")
    status, said, error = manage("--config-file", place, "db", "sync")
    assert (status, said) == (0, f"The schema is at revision {migrations.HEAD}.\n"), error
    assert (tmp_path / "new/state/nova_lite.sqlite").exists()


NOWHERE = "sqlite:////dev/null/nothing.sqlite"
CANNOT_MAKE = ("nova-lite: Cannot make the state directory /dev/null/state: Not a directory. "
               "Run as a user who may write there, or choose another by --state-dir DIR.\n")
CANNOT_USE = ("nova-lite: The database {} cannot be used: {}. Mend that, or name another: [database] connection, or "
              "[DEFAULT] state_dir for a file.\n")


@pytest.mark.parametrize(("options", "command", "said"), [
    ("[DEFAULT]\nstate_dir = /dev/null/state\n", "db sync", CANNOT_MAKE),
    ("[DEFAULT]\nstate_dir = /dev/null/state\n", "db version",
     CANNOT_USE.format("sqlite:////dev/null/state/nova_lite.sqlite", "unable to open database file")),
    (f"[database]\nconnection = {NOWHERE}\n", "db sync", CANNOT_USE.format(NOWHERE, "unable to open database file")),
])
def test_a_problem_with_the_database_is_reported_in_one_line(configured, options, command, said):
    assert manage("--config-file", configured(options), *command.split()) == (1, "", said)


def test_a_file_that_is_no_database_is_named_and_left_as_it_is(configured, tmp_path):
    file = tmp_path / "passwords"
    file.write_text("root:x:0:0::/root:/bin/sh\n" * 100)
    file.chmod(0o644)
    place = configured(f"[database]\nconnection = sqlite:///{file}\n")
    assert manage("--config-file", place, "db", "sync") == (
        1, "", CANNOT_USE.format(f"sqlite:///{file}", "file is not a database"))
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("root:x:0:0::/root:/bin/sh\n" * 100, 0o644)


def test_a_bootstrap_of_an_empty_database_asks_for_db_sync(configured, tmp_path):
    status, _, error = manage("--config-file", configured(f"[DEFAULT]\nstate_dir = {tmp_path}\n"), "bootstrap")
    assert status == 1
    assert error == (f"nova-lite: The database sqlite:///{tmp_path}/nova_lite.sqlite is empty; this release's is "
                     f"{migrations.HEAD}. Run: nova-lite-manage db sync.\n")


@pytest.mark.parametrize(("arguments", "said"), [
    (("--config-file", "/nowhere.conf", "db", "sync"),
     "There is no configuration file /nowhere.conf. Give --config-file one that exists."),
    (("config", "sample", "--output", "/nowhere/x"),
     "Cannot write /nowhere/x: No such file or directory. Give --output a file that you may write."),
])
def test_files_that_cannot_be_are_named(arguments, said):
    assert manage(*arguments) == (1, "", f"nova-lite: {said}\n")
