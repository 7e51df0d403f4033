"""doc/adding-an-operation.rst is true: its changes fit the code, and its commands say at each step what it says."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import textwrap

import pytest

ROOT = pathlib.Path(__file__).parents[2]
_BLOCK = re.compile(r"\.\. code-block:: (diff|console)\n(?:   :caption: (\S+)\n)?\n((?:   .*\n|\n)+)")
_PROGRAMS = {"pytest": ["-m", "pytest", "-q", "-p", "no:cacheprovider"], "python": []}


def blocks():
    """(kind, file or None, text) of each block of the page that changes something or runs something, in order."""
    page = (ROOT / "doc" / "adding-an-operation.rst").read_text()
    return [(kind, file, textwrap.dedent(text).strip("\n")) for kind, file, text in _BLOCK.findall(page)]


def change(path, block):
    """Write a block's lines with + to a file, where its other lines stand."""
    lines = block.split("\n")
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines)
    text = path.read_text()
    assert text.count(before) == 1, f"{path.name} has these lines {text.count(before)} times, not once:\n{before}"
    path.write_text(text.replace(before, after))


def run(command, folder):
    program, *arguments = shlex.split(command)
    return subprocess.run([sys.executable, *_PROGRAMS[program], *arguments], cwd=folder, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(folder)}, check=False)


@pytest.fixture
def copy(tmp_path):
    """The code and all that its tests read, without its history."""
    shutil.copytree(ROOT, tmp_path / "code", ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info"))
    return tmp_path / "code"


@pytest.mark.slow
def test_the_page_leads_to_a_working_operation(copy):
    for kind, file, text in blocks():
        if kind == "diff":
            change(copy / file, text)
            continue
        commands = [line[2:] for line in text.split("\n") if line.startswith("$ ")]
        expected = [line.split() for line in text.split("\n") if not line.startswith("$ ")]
        for command in commands:
            done = run(command, copy)
            printed = [line.split() for line in done.stdout.split("\n")]
            assert bool(done.returncode) == bool(expected), f"{command}\n{done.stdout}{done.stderr}"
            assert all(line in printed for line in expected), f"{command}\n{done.stdout}"


def test_the_page_changes_and_runs_something():
    kinds = [kind for kind, _, _ in blocks()]
    assert kinds.count("diff") > 10 and kinds.count("console") > 5
