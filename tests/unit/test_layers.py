"""Who may import whom: the table of layers, held against every import, also inside functions."""

import ast
import functools
import os

import pytest

import nova_lite
from tests.layers import ALLOWED, FLOORS, LEAVES

ROOT = os.path.dirname(nova_lite.__file__)

EVENTLET = {"nova_lite.common.concurrency", "nova_lite.cmd"}


def modules():
    for folder, _, names in os.walk(ROOT):
        for name in names:
            if name.endswith(".py") and "migrations" not in folder:
                path = os.path.join(folder, name)
                dotted = os.path.relpath(path, os.path.dirname(ROOT))[:-3].replace(os.sep, ".")
                yield dotted.removesuffix(".__init__"), path


MODULES = dict(modules())


@functools.cache
def imports(path):
    """The dotted names that a file imports, wherever it does."""
    return tuple(_imports(path))


def _imports(path):
    with open(path) as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def floor(module):
    return FLOORS[max((name for name in FLOORS if module == name or module.startswith(name + ".")), key=len)]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_only_go_down(module):
    mine = floor(module)
    wrong = [each for each in set(imports(MODULES[module])) if each in MODULES
             and floor(each) not in ALLOWED[mine] | LEAVES | {mine}]
    assert not wrong, f"{module} is on floor {mine!r}, which may not import {sorted(wrong)}"


def test_imports_make_no_cycle():
    graph = {name: {each for each in imports(path) if each in MODULES and each != name}
             for name, path in MODULES.items()}
    done, under_way = set(), []

    def visit(name):
        if name in under_way:
            raise AssertionError("a cycle: " + " -> ".join([*under_way[under_way.index(name):], name]))
        if name in done:
            return
        under_way.append(name)
        for each in sorted(graph[name]):
            visit(each)
        under_way.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


def test_eventlet_is_imported_in_one_place():
    places = {name for name, path in MODULES.items()
              if any(each.split(".")[0] == "eventlet" for each in imports(path))}
    assert places <= {name for name in MODULES if any(name == ok or name.startswith(ok + ".") for ok in EVENTLET)}


def test_only_the_database_floor_writes_sql():
    wrong = [name for name, path in MODULES.items() if floor(name) not in ("db", "cmd")
             and any(each.split(".")[0] in ("sqlalchemy", "alembic") for each in imports(path))]
    assert not wrong


@pytest.mark.parametrize("folder", ["nova_lite", "tests", "bench"])
def test_no_file_is_too_long(folder):
    top = os.path.dirname(ROOT)
    long = {}
    for where, _, names in os.walk(os.path.join(top, folder)):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(where, name)
                with open(path) as file:
                    lines = sum(1 for _ in file)
                if lines > 800:
                    long[os.path.relpath(path, top)] = lines
    assert not long
