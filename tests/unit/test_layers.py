"""Who may import whom: the table of the house's floors, held against every import, also inside functions."""

import ast
import os

import pytest

import nova_lite

ROOT = os.path.dirname(nova_lite.__file__)

#: Modules below these names belong to the floor; the longest name wins.
FLOORS = {
    "nova_lite.cmd": "cmd", "nova_lite.console": "console",
    "nova_lite.api": "api",
    "nova_lite.policies": "policies",
    "nova_lite.compute.api": "doors", "nova_lite.compute.actions": "doors",
    "nova_lite.idempotency": "doors",
    "nova_lite.identity": "doors", "nova_lite.image": "doors", "nova_lite.network": "doors",
    "nova_lite.compute.manager": "hosts", "nova_lite.compute.tasks": "hosts",
    "nova_lite.image.cache": "hosts", "nova_lite.image.cache_survey": "hosts", "nova_lite.image.upload": "hosts",
    "nova_lite.image.line": "hosts",
    "nova_lite.image.inspect": "shared", "nova_lite.image.store": "shared",
    "nova_lite.image.receive": "shared",
    "nova_lite.network.manager": "hosts", "nova_lite.network.host": "hosts",
    "nova_lite.conductor": "conductor", "nova_lite.scheduler": "scheduler",
    "nova_lite.virt": "virt", "nova_lite.db": "db",
    "nova_lite.compute.rpcapi": "rpcapi", "nova_lite.conductor.rpcapi": "rpcapi",
    "nova_lite.scheduler.rpcapi": "rpcapi",
    "nova_lite.conf": "conf", "nova_lite.common": "common", "nova_lite.objects": "objects", "nova_lite": "package",
}
LEAVES = {"conf", "common", "objects", "package"}
#: floor -> the floors it may import besides itself and LEAVES
ALLOWED = {
    "console": {"doors"},
    "cmd": {"api", "console", "policies", "doors", "hosts", "conductor", "scheduler", "virt", "db", "rpcapi", "shared"},
    "api": {"doors", "policies"},
    "doors": {"db", "rpcapi", "shared", "policies"},
    "conductor": {"db", "rpcapi", "doors"},
    "scheduler": {"db"},
    "hosts": {"rpcapi", "virt", "shared"},
    "shared": set(), "virt": set(), "db": set(), "rpcapi": set(), "policies": set(), "conf": set(), "common": set(),
    "objects": set(), "package": set(),
}
EVENTLET = {"nova_lite.common.concurrency", "nova_lite.cmd"}


def modules():
    for folder, _, names in os.walk(ROOT):
        for name in names:
            if name.endswith(".py") and "migrations" not in folder:
                path = os.path.join(folder, name)
                dotted = os.path.relpath(path, os.path.dirname(ROOT))[:-3].replace(os.sep, ".")
                yield dotted.removesuffix(".__init__"), path


MODULES = dict(modules())


def imports(path):
    """Dotted names that a file imports, wherever it does."""
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
            if name.endswith(".py") and "versions" not in where:
                path = os.path.join(where, name)
                with open(path) as file:
                    lines = sum(1 for _ in file)
                if lines > 800:
                    long[os.path.relpath(path, top)] = lines
    assert not long
