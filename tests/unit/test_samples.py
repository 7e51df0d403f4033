"""What is generated or quoted from the code agrees with it: sample files, and the snippets of README.rst."""

import os
import re

import pytest

from nova_lite.cmd import sample

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(ROOT, *path)) as file:
        return file.read()


@pytest.mark.parametrize(("kind", "write", "name"), [
    ("sample", sample.text, "nova_lite.conf.sample"), ("policy", sample.policy_text, "policy.yaml.sample")])
def test_the_sample_file_equals_the_output_of_the_command(kind, write, name):
    assert read("etc", "nova_lite", name) == write(), (
        f"run: python -m nova_lite.cmd.manage config {kind} --output etc/nova_lite/{name}")


def test_every_rule_of_the_policy_sample_is_explained():
    blocks = read("etc", "nova_lite", "policy.yaml.sample").split("\n\n")
    bare = [block for block in blocks if ":" in block.split('"')[1] and not block.startswith("# ")]
    assert not bare


def snippets():
    """(file, code) of each snippet in README.rst that names its file in its first line."""
    for block in re.findall(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)", read("README.rst")):
        first, _, code = block.partition("\n")
        name = first.strip().removeprefix("# ").split()[0]
        yield pytest.param(name, code, id=name)


@pytest.mark.parametrize(("name", "code"), snippets())
def test_the_snippets_of_the_readme_are_in_the_code(name, code):
    """Line after line, however deep they stand there."""
    quoted, there = ("\n".join(line.strip() for line in text.strip().splitlines()) for text in (code, read(name)))
    assert quoted in there, f"not in {name}"


def test_the_files_that_the_readme_names_exist():
    named = set(re.findall(r"``((?:nova_lite|tools|etc|doc|bench|tests)/[\w./]+)``", read("README.rst")))
    assert named
    assert not [name for name in named if not os.path.exists(os.path.join(ROOT, name))]


def traced(*path):
    """(function as "Class.method", file) of each line of a drawn trace that names a function."""
    return re.findall(r"─ \w+ +(\w+\.\w+) +(nova_lite/[\w/]+\.py):\d+\n", read(*path))


@pytest.mark.parametrize("path", [("README.rst",), ("doc", "operations.rst")], ids="/".join)
def test_the_functions_of_a_drawn_trace_exist(path):
    """Their lines may have moved since."""
    assert traced(*path)
    for name, file in traced(*path):
        owner, _, method = name.partition(".")
        body = re.search(rf"^class {owner}\b.*?(?=^class |\Z)", read(file), re.MULTILINE | re.DOTALL)
        assert body and f"    def {method}(" in body[0], f"{file} has no {name}: draw the trace in {path[-1]} anew"
